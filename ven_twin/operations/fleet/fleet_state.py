"""What an operator sees of the fleet at one moment: one pure function of what the cloud side has said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import msgspec

from contracts.api.fleet import FRESH_S, Fleet, FleetEvent, FleetVen, VenStatus
from contracts.api.resources import EventSummary
from contracts.wire.events import DrEvent, Interval, Phase, Signal
from ven_twin.webkit.formatting import PHASES, request, share

SILENT_S = 6.0
"""A cloud that has not answered for so long is said not to. A healthy one takes well under a second."""
RUNNING = frozenset({Phase.ACTIVE})
COMING = frozenset({Phase.NEAR, Phase.FAR})
Stage = Literal["running", "coming", "over"]
PROGRESS: Mapping[Stage, str] = {"running": "ends in", "coming": "starts in"}
"""The words before an event's countdown."""


class ListedStatus(StrEnum):
    """The state of a VEN for an operator, in the order in which a list is sorted by it.

    As `contracts.api.fleet.VenStatus`, with those apart that are online and have sent no fresh telemetry.
    """

    SHEDDING = "shedding"
    OPTED_OUT = "optedOut"
    DISABLED = "disabled"
    READY = "ready"
    SILENT = "silent"
    OFFLINE = "offline"
    NEVER_SEEN = "neverSeen"


@dataclass(frozen=True, slots=True)
class FleetAnswers:
    """What the cloud side has said last, and how asking it goes. Times are UTC s.

    Attributes:
        fleet: as it was at *heard_ts*; None before the first answer.
        events: the newest starts first.
        more_events: whether there are others, that start earlier.
        heard_ts: when it has answered last.
        asking_ts: since when an answer is waited for; None between two questions.
        error: why it could not be asked the last time.
    """

    fleet: Fleet | None = None
    events: tuple[EventSummary, ...] = ()
    more_events: bool = False
    heard_ts: float | None = None
    asking_ts: float | None = None
    error: str | None = None


class CloudState(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Whether the cloud side answers; if not, why. *heardTs* is when it did last, UTC s."""

    reached: bool
    heard_ts: float | None
    why: str | None = None


class EventLine(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """An event as it stands at the board's time; powers are kW.

    *askedKw* is what the operator asks for now (before the start and after the end: at most), *calledKw*
    what VENs are called for at most: more, by what they are known not to deliver. *vens* shed for it now,
    and deliver *deliveredKw* together, the *share* of what is asked. *request* is what it asks for, in words;
    *progress* the words before the time that is left until *untilTs*, or those of how it ended.
    """

    event_id: str
    etag: str
    phase: Phase
    stage: Stage
    progress: str
    until_ts: int | None
    request: str
    revision: int
    start_ts: int
    end_ts: int
    intervals: tuple[Interval, ...]
    targets: tuple[str, ...]
    priority: int
    randomize_start_s: int
    programme: str
    allocation: str
    requested_kw: float = msgspec.field(name="askedKw")
    dispatched_kw: float = msgspec.field(name="calledKw")
    shortfall_kw: float
    vens: int
    delivered_kw: float | None
    share: float | None


class FleetState(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The fleet at *ts* (UTC s), and its events: those that run, those that come, those that are over.

    *askedKw* is what all running events ask for together. *silent* VENs were there and are not heard of:
    offline, or without fresh telemetry; None when not all VENs are listed.
    """

    ts: float
    place: str
    cloud: CloudState
    fleet: Fleet | None
    events: tuple[EventLine, ...]
    more_events: bool
    requested_kw: float = msgspec.field(name="askedKw")
    delivered_kw: float
    silent: int | None
    never_seen: int | None


def board(seen: FleetAnswers, place: str, now_ts: float) -> FleetState:
    """What is shown at *now_ts* of what was *seen* at *place*."""
    fleet = seen.fleet
    live = {event.event_id: event for event in fleet.events} if fleet else {}
    lines = ordered(_line(event, live.get(event.event_id), now_ts) for event in seen.events)
    running = {line.event_id: line.requested_kw for line in lines if line.phase in RUNNING}
    unlisted = {event_id: event.requested_kw for event_id, event in live.items() if event_id not in running}
    whole = fleet is not None and not fleet.left_off
    return FleetState(
        ts=round(now_ts, 3),
        place=place,
        cloud=cloud(seen, now_ts),
        fleet=fleet,
        events=lines,
        more_events=seen.more_events,
        requested_kw=round(sum((running | unlisted).values()), 3),
        delivered_kw=fleet.delivered_kw if fleet else 0.0,
        silent=sum(map(is_silent, fleet.vens)) if fleet and whole else None,
        never_seen=_count(fleet.vens, VenStatus.NEVER_SEEN) if fleet and whole else None,
    )


def cloud(seen: FleetAnswers, now_ts: float) -> CloudState:
    """Whether the cloud side answers at *now_ts*."""
    if seen.error is not None:
        return CloudState(reached=False, heard_ts=seen.heard_ts, why=seen.error)
    waited_s = 0.0 if seen.asking_ts is None else now_ts - seen.asking_ts
    if waited_s > SILENT_S:
        return CloudState(reached=False, heard_ts=seen.heard_ts, why=f"no answer for {waited_s:.0f} s")
    return CloudState(reached=seen.heard_ts is not None, heard_ts=seen.heard_ts)


def is_silent(ven: FleetVen) -> bool:
    """Whether a VEN was there and is not heard of."""
    if ven.standing is VenStatus.NEVER_SEEN:
        return False
    return ven.standing is VenStatus.OFFLINE or ven.row_age_s is None or ven.row_age_s > FRESH_S


def status_of(ven: FleetVen) -> ListedStatus:
    """The state of a VEN for an operator."""
    counted_on = ven.standing in {VenStatus.READY, VenStatus.SHEDDING}
    return ListedStatus.SILENT if counted_on and is_silent(ven) else ListedStatus(ven.standing)


def ordered(lines: Iterable[EventLine]) -> tuple[EventLine, ...]:
    """Those that run, by their ends; those that come, by their starts; the rest, newest first."""

    def place(line: EventLine) -> tuple[int, float, str]:
        if line.phase in RUNNING:
            return 0, line.end_ts, line.event_id
        return (1, line.start_ts, line.event_id) if line.phase in COMING else (2, -line.end_ts, line.event_id)

    return tuple(sorted(lines, key=place))


def _line(event: EventSummary, live: FleetEvent | None, now_ts: float) -> EventLine:
    cancelled = event.cancelled_ts is not None
    standing = DrEvent(
        event_id=event.event_id,
        start_ts=event.start_ts,
        intervals=() if cancelled else event.intervals,
    )
    phase = standing.phase(now_ts)
    stage: Stage = "running" if phase in RUNNING else "coming" if phase in COMING else "over"
    requested_kw = _requested_kw(event, live, now_ts) if phase in RUNNING else event.requested_kw
    delivered_kw = live.delivered_kw if live else 0.0 if phase in RUNNING else None
    return EventLine(
        event_id=event.event_id,
        etag=event.etag,
        phase=phase,
        stage=stage,
        progress=PROGRESS.get(stage, PHASES[phase]),
        until_ts={"running": event.end_ts, "coming": event.start_ts}.get(stage),
        request=request(event.intervals, of_each=True),
        revision=event.revision,
        start_ts=event.start_ts,
        end_ts=event.end_ts,
        intervals=event.intervals,
        targets=event.targets,
        priority=event.priority,
        randomize_start_s=event.randomize_start_s,
        programme=event.programme,
        allocation=event.allocation,
        requested_kw=requested_kw,
        dispatched_kw=event.dispatched_kw,
        shortfall_kw=event.shortfall_kw,
        vens=live.vens if live else 0,
        delivered_kw=delivered_kw,
        share=share(delivered_kw, requested_kw),
    )


def _requested_kw(event: EventSummary, live: FleetEvent | None, now_ts: float) -> float:
    """What a running event asks for now; of a limit or a level that is what it comes to in the VENs."""
    end_ts = event.start_ts
    for interval in event.intervals:
        end_ts += interval.duration_s
        if now_ts < end_ts:
            if interval.signal is Signal.SHED_KW:
                return interval.value
            break
    return live.requested_kw if live else event.requested_kw


def _count(vens: Sequence[FleetVen], standing: VenStatus) -> int:
    return sum(ven.standing is standing for ven in vens)
