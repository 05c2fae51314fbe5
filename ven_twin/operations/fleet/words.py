"""Times, events and VENs in words, the same on the terminal and on the page."""

from __future__ import annotations

from datetime import datetime

from contracts.api.fleet import FleetVen, VenStatus
from contracts.wire.events import Phase
from ven_twin.operations.fleet.fleet_state import EventLine, ListedStatus, is_silent
from ven_twin.webkit.formatting import left, opt_out_reason, span

NO_VENS = "There are no VENs. Deploy some: ven-twin cloud deploy --vens ven-1,ven-2"
STATUSES = {
    ListedStatus.SHEDDING: "sheds",
    ListedStatus.OPTED_OUT: "opted out",
    ListedStatus.DISABLED: "disabled",
    ListedStatus.READY: "ready",
    ListedStatus.SILENT: "silent",
    ListedStatus.OFFLINE: "offline",
    ListedStatus.NEVER_SEEN: "never seen",
}


def clock(ts: float) -> str:
    """UTC seconds as a time of day here."""
    return datetime.fromtimestamp(ts).astimezone().strftime("%H:%M:%S")


def moment(ts: float, now_ts: float) -> str:
    """A time of day here, with its day where that is not the day of *now_ts*."""
    at, now = (datetime.fromtimestamp(each).astimezone() for each in (ts, now_ts))
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at.day} {at:%b %H:%M}"


def when(event: EventLine, now_ts: float) -> str:
    """How long an event still is, when it starts, or that it is over."""
    if event.until_ts is not None:
        return f"{event.progress} {left(event.until_ts - now_ts)}"
    return event.progress if event.phase is Phase.CANCELLED else f"ended {clock(event.end_ts)}"


def why(ven: FleetVen) -> str:
    """Why a VEN cannot be counted on: its reason to opt out, or how long it is silent; else nothing."""
    if ven.opt_out is not None:
        forever = "" if ven.opt_out.until_ts else ", until it opts in"
        return f"{opt_out_reason(ven.opt_out.reason)}{forever}"
    if ven.standing is not VenStatus.NEVER_SEEN and is_silent(ven):
        return "no telemetry yet" if ven.row_age_s is None else f"silent for {span(ven.row_age_s)}"
    return ""


def why_until(ven: FleetVen, now_ts: float) -> str:
    """The same, with the end of an opt-out."""
    until_ts = ven.opt_out.until_ts if ven.opt_out else None
    return f"{why(ven)}, until {moment(until_ts, now_ts)}" if until_ts else why(ven)
