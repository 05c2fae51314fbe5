"""Runs a district into a folder: the trace of its aggregate, the page and the totals."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape
from pathlib import Path
from typing import Protocol

from contracts.wire.units import S_PER_DAY
from ven_twin.house.circuit import Circuit
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.simulation import figures
from ven_twin.simulation.bins import Bins, width_s
from ven_twin.simulation.folder import DIGITS
from ven_twin.simulation.many_houses.district import DistrictLedger, DistrictMinute
from ven_twin.simulation.plot import PAGE
from ven_twin.simulation.report import energy_table, subtitle, tiles_html
from ven_twin.simulation.trace import Row, house_zone, trace_writer


class Houses(Protocol):
    """Many houses through days of one weather: of one profile (`District`), or homes (`Neighbourhood`)."""

    @property
    def count(self) -> int:
        """The number of houses."""

    @property
    def start_s(self) -> float:
        """The start of the days, UTC s."""

    @property
    def days(self) -> int:
        """The number of days."""

    @property
    def environment(self) -> HouseEnvironment:
        """The first house's world; its weather and seed."""

    @property
    def circuits(self) -> Sequence[Circuit]:
        """The circuits that any house has."""

    def minutes(self) -> Iterator[DistrictMinute]:
        """Live through the days."""


@dataclass(frozen=True, slots=True)
class WrittenDistrict:
    """A district's files and totals."""

    trace: Path
    report: Path
    ledger: DistrictLedger


def simulate_district(
    title: str,
    district: Houses,
    folder: Path,
    *,
    parquet: bool = False,
    tick: Callable[[int], None] = lambda _: None,
) -> WrittenDistrict:
    """Run *district*, writing into *folder* as it goes; *tick* gets the number of steps made.

    Raises:
        ParquetMissingError: *parquet* without pyarrow.
        OSError: the folder cannot be written to.
    """
    zone = house_zone(district.environment.weather.utc_offset_h)
    duration_s = district.days * S_PER_DAY
    bins = Bins(district.start_s, district.start_s + duration_s, width_s(duration_s))
    ledger = DistrictLedger(district.count)
    target, writer = trace_writer(folder, parquet=parquet)
    folder.mkdir(parents=True, exist_ok=True)
    with writer as trace:
        for step, minute in enumerate(district.minutes(), start=1):
            trace.write(_row(minute, zone))
            bins.add(minute.at_s, minute.quantities())
            ledger.add(minute)
            if step % 60 == 0:
                tick(step)
    report = folder / "report.html"
    report.write_text(_page(title, district, bins, ledger, zone), encoding="utf-8")
    return WrittenDistrict(target, report, ledger)


def district_summary(written: WrittenDistrict, district: Houses) -> dict[str, object]:
    """A district's totals for programs, in the spelling of the wire."""
    ledger = written.ledger
    low, middle, high = (round(energy, DIGITS) for energy in ledger.spread_kwh)
    return {
        "trace": str(written.trace),
        "report": str(written.report),
        "days": district.days,
        "houses": district.count,
        "usedKwh": round(ledger.used_kwh, DIGITS),
        "houseKwh": {"p10": low, "p50": middle, "p90": high},
        "peakKw": round(ledger.peak_kw, DIGITS),
        "peakTs": int(ledger.peak_ts),
        "coincidence": round(ledger.coincidence, DIGITS),
        "circuitsKwh": {circuit: round(energy, DIGITS) for circuit, energy in ledger.circuits_kwh.items()},
    }


def _row(minute: DistrictMinute, zone: timezone) -> Row:
    low_kw, middle_kw, high_kw = minute.spread_kw
    row: Row = {
        "time": datetime.fromtimestamp(minute.at_s, zone).isoformat(),
        "used_kw": minute.total_kw,
        "house_p10_kw": low_kw,
        "house_p50_kw": middle_kw,
        "house_p90_kw": high_kw,
        "outdoor_c": minute.outdoor_c,
    }
    return row | {f"{circuit}_kw": kw for circuit, kw in minute.circuits_kw.items()}


def _page(title: str, district: Houses, bins: Bins, ledger: DistrictLedger, zone: timezone) -> str:
    days, count, environment = district.days, district.count, district.environment
    offset_h = environment.weather.utc_offset_h
    peak = datetime.fromtimestamp(ledger.peak_ts, zone)
    low, _, high = (energy / days for energy in ledger.spread_kwh)
    tiles = [
        ("Used", f"{ledger.used_kwh / days:,.0f}", "kWh a day, net, all houses"),
        ("Peak", f"{ledger.peak_kw:,.1f}", f"kW, {peak:%a} {peak.day} {peak:%b}, {peak:%H:%M}"),
        ("Peak a house", f"{ledger.peak_kw / count:.2f}", "kW at the district's peak"),
        ("Coincidence", f"{ledger.coincidence:.0%}", "of the houses' own peaks together"),
        ("Spread", f"{low:.1f} – {high:.1f}", "kWh a day, eight houses of ten"),
    ]
    power = figures.power(district.circuits, bins, (), offset_h)
    sections = [
        tiles_html(tiles),
        "<h2>All houses</h2>",
        power.html(f"Sum of {count:,} houses; means over {bins.width_text}."),
        "<h2>The houses among themselves</h2>",
        figures.spread(bins, offset_h).html("Eight houses of ten are within the band."),
        figures.outdoors(bins, (), offset_h).html(),
        "<h2>Energy by circuit, all houses</h2>",
        energy_table(district.circuits, ledger.circuits_kwh, days),
    ]
    seeds = f"seeds {environment.seed} to {environment.seed + count - 1}"
    first = datetime.fromtimestamp(district.start_s, zone).date()
    return PAGE.format(
        title=escape(title),
        subtitle=subtitle(days, first, environment.weather.place, seeds),
        body="\n".join(sections),
    )
