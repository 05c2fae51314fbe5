"""Events and VENs in words, the same on the terminal and on the operator's page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from contracts.api.fleet import FleetForecast, FleetVen, Holds, VenStatus
from contracts.wire.events import Phase
from contracts.wire.units import S_PER_MIN
from ven_twin.operations.fleet.fleet_state import ListedEvent, ListedStatus, is_silent
from ven_twin.webkit.formatting import clock, counted, day_time, kw, left, opt_out_reason, span

NO_VENS = "There are no VENs. Deploy some: ven-twin cloud deploy --vens ven-1,ven-2"
STATUSES = {
    ListedStatus.SHEDDING: "in event",
    ListedStatus.OPTED_OUT: "opted out",
    ListedStatus.DISABLED: "disabled",
    ListedStatus.READY: "ready",
    ListedStatus.SILENT: "silent",
    ListedStatus.OFFLINE: "offline",
    ListedStatus.NEVER_SEEN: "never seen",
}


def countdown(event: ListedEvent, now_ts: float) -> str:
    """The time that is left until an event starts or ends, or how it ended."""
    if event.until_ts is not None:
        return f"{event.progress} {left(event.until_ts - now_ts)}"
    return event.progress if event.phase is Phase.CANCELLED else f"ended {clock(event.end_ts)}"


def dead_letters(letters: Mapping[str, int] | None) -> str:
    """The dead letters by queue, and the command that lists them; empty where there are none."""
    if letters is None:
        return "Dead letters: not known here"
    queues = [f"{queue} {count}" for queue, count in letters.items() if count]
    total = counted(sum(letters.values()), "dead letter")
    return f"{total} ({', '.join(queues)}): see ven-twin dlq list" if queues else ""


def offers(holds: Iterable[Holds]) -> str:
    """The fleet's flexibility, kW, by its duration."""
    return ", ".join(f"{kw(hold.kw)} for {span(hold.minutes * S_PER_MIN)}" for hold in holds)


def forecast(points: Iterable[FleetForecast], now_ts: float) -> str:
    """The kW that can probably be shed in the hours to come, sure to likely; empty without a forecast."""
    return ", ".join(
        f"{day_time(point.ts, now_ts)} {_between(kw(point.sure_kw), kw(point.likely_kw))}" for point in points
    )


def _between(least: str, most: str) -> str:
    return least if least == most else f"{least} to {most}"


def why(ven: FleetVen) -> str:
    """The reason that a VEN cannot be counted on: its opt-out, or its silence; and that its clock is off."""
    return ", ".join(text for text in (_absence(ven), clock_off(ven.clock_skew_s)) if text)


def clock_off(skew_s: float | None) -> str:
    """A clock that is off, in words; else empty. *skew_s* is the cloud's time less the VEN's."""
    return f"clock {span(abs(skew_s))} {'slow' if skew_s > 0 else 'fast'}" if skew_s else ""


def _absence(ven: FleetVen) -> str:
    if ven.quarantined_ts is not None:
        return "quarantined"
    if ven.opt_out is not None:
        forever = "" if ven.opt_out.until_ts else ", until it opts in"
        return f"{opt_out_reason(ven.opt_out.reason)}{forever}"
    if ven.status is not VenStatus.NEVER_SEEN and is_silent(ven):
        return "no telemetry yet" if ven.row_age_s is None else f"silent for {span(ven.row_age_s)}"
    return ""


def why_until(ven: FleetVen, now_ts: float) -> str:
    """The same, with the end of an opt-out."""
    until_ts = ven.opt_out.until_ts if ven.opt_out else None
    return f"{why(ven)}, until {day_time(until_ts, now_ts)}" if until_ts else why(ven)
