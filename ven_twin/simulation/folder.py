"""Runs a scenario into a folder: the trace, the page and the totals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from ven_twin.house.profile import Profile
from ven_twin.house.tariff import EnergyPrices, Tariff
from ven_twin.simulation.event_tally import EventTally
from ven_twin.simulation.ledger import Ledger
from ven_twin.simulation.report import Report
from ven_twin.simulation.scenario import Scenario, run
from ven_twin.simulation.trace import house_zone, minute_row, trace_writer

DIGITS = 6


@dataclass(frozen=True, slots=True)
class Written:
    """A run's files and totals."""

    trace: Path
    report: Path
    ledger: Ledger


def simulate(
    profile: Profile,
    scenario: Scenario,
    seed: int,
    folder: Path,
    *,
    parquet: bool = False,
    tick: Callable[[int], None] = lambda _: None,
) -> Written:
    """Run *scenario*, writing into *folder* as it goes. *tick* gets the number of steps made.

    Raises:
        ParquetMissingError: *parquet* without pyarrow.
        OSError: the folder cannot be written to.
    """
    zone = house_zone(scenario.environment.weather.utc_offset_h)
    page = Report(profile, scenario, seed, zone)
    ledger = Ledger(scenario.events, scenario.days_end_s, _prices(profile.tariff, zone))
    target, writer = trace_writer(folder, parquet=parquet)
    folder.mkdir(parents=True, exist_ok=True)
    with writer as trace:
        for step, minute in enumerate(run(scenario), start=1):
            trace.write(minute_row(minute, zone))
            page.add(minute)
            ledger.count(minute)
            if step % 60 == 0:
                tick(step)
    report = folder / "report.html"
    report.write_text(page.html(ledger), encoding="utf-8")
    return Written(target, report, ledger)


def _prices(tariff: Tariff | None, zone: timezone) -> Callable[[float], EnergyPrices] | None:
    """The prices of a kWh at a time of the house, UTC s; None without a tariff."""
    if tariff is None:
        return None
    return lambda at_s: tariff.prices_at(datetime.fromtimestamp(at_s, zone))


def summary(written: Written, scenario: Scenario, tariff: Tariff | None = None) -> dict[str, object]:
    """A run's totals for programs, in the spelling of the wire; money only with a *tariff*."""
    ledger = written.ledger
    return {
        "trace": str(written.trace),
        "report": str(written.report),
        "days": scenario.days,
        "livedOnS": scenario.lives_on_s,
        "usedKwh": round(ledger.used_kwh, DIGITS),
        "baselineKwh": round(ledger.baseline_kwh, DIGITS),
        "peakKw": round(ledger.peak_kw, DIGITS),
        "circuitsKwh": _rounded(ledger.circuits_kwh),
        "events": [_event_summary(tally, tariff) for tally in ledger.tallies],
    }


def _event_summary(tally: EventTally, tariff: Tariff | None) -> dict[str, object]:
    """An event's totals; *cutBy* is the event that ended a count before its time."""
    interval, cut_by = tally.event.intervals[0], tally.next_event
    cost = {"cost": round(tally.cost, DIGITS), "currency": tariff.currency} if tariff else {}
    cut = {"cutBy": cut_by.event_id} if cut_by is not None and not tally.payback_is_whole else {}
    return {
        "eventId": tally.event.event_id,
        "startTs": tally.event.start_ts,
        "endTs": tally.event.end_ts,
        "signal": interval.signal,
        "value": interval.value,
        "askedKw": round(tally.requested_kw, DIGITS),
        "deliveredKw": round(tally.delivered_kw, DIGITS),
        "deliveredKwh": round(tally.delivered_kwh, DIGITS),
        "shortKwh": round(tally.short_kwh, DIGITS),
        "reboundKwh": round(tally.rebound_4h_kwh, DIGITS),
        "reboundPeakKw": round(tally.rebound_4h_peak_kw, DIGITS),
        "reboundUntilTs": round(tally.rebound_until_s),
        "payback24hKwh": round(tally.payback_24h_kwh, DIGITS),
        "paybackUntilTs": round(tally.payback_until_s),
        **cut,
        "boughtKwh": round(tally.bought_kwh, DIGITS),
        **cost,
        "circuitsKwh": _rounded(tally.circuits_kwh),
        "circuitsAfterKwh": _rounded(tally.circuits_after_kwh),
        "comfortMinutesLost": {_camel(name): round(minutes) for name, minutes in tally.lost_min.items()},
    }


def _rounded(energies_kwh: Mapping[str, float]) -> dict[str, float]:
    return {circuit: round(energy_kwh, DIGITS) for circuit, energy_kwh in energies_kwh.items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))
