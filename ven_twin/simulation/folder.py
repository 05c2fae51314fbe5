"""Runs a scenario into a folder: the trace, the page and the totals."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ven_twin.house.profile import Profile
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
    page, ledger = Report(profile, scenario, seed, zone), Ledger(scenario.events, scenario.days_end_s)
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


def summary(written: Written, scenario: Scenario) -> dict[str, object]:
    """A run's totals for programs, in the spelling of the wire."""
    ledger = written.ledger
    events = [
        {
            "eventId": tally.event.event_id,
            "startTs": tally.event.start_ts,
            "endTs": tally.event.end_ts,
            "signal": tally.event.intervals[0].signal,
            "value": tally.event.intervals[0].value,
            "askedKw": round(tally.requested_kw, DIGITS),
            "deliveredKw": round(tally.delivered_kw, DIGITS),
            "deliveredKwh": round(tally.delivered_kwh, DIGITS),
            "shortKwh": round(tally.short_kwh, DIGITS),
            "reboundKwh": round(tally.rebound_4h_kwh, DIGITS),
            "reboundPeakKw": round(tally.rebound_4h_peak_kw, DIGITS),
            "payback24hKwh": round(tally.payback_24h_kwh, DIGITS),
        }
        for tally in ledger.tallies
    ]
    return {
        "trace": str(written.trace),
        "report": str(written.report),
        "days": scenario.days,
        "livedOnS": scenario.lives_on_s,
        "usedKwh": round(ledger.used_kwh, DIGITS),
        "baselineKwh": round(ledger.baseline_kwh, DIGITS),
        "peakKw": round(ledger.peak_kw, DIGITS),
        "circuitsKwh": {circuit: round(energy, DIGITS) for circuit, energy in ledger.circuits_kwh.items()},
        "events": events,
    }
