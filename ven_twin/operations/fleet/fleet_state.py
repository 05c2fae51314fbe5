"""The fleet at one instant for an operator: one pure function of the cloud side's latest answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import msgspec

from contracts.api.fleet import FRESH_S, Fleet, FleetEvent, FleetVen, VenStatus
from contracts.api.oadr_events import OadrEventStatus
from contracts.api.resources import EventSummary
from contracts.wire.events import DrEvent, Interval, Phase, Signal, loads_up
from contracts.wire.ids import EventId
from ven_twin.operations.reports.texts import result
from ven_twin.webkit.formatting import PHASES, request, share

SILENT_S = 6.0
"""Without an answer for so long the cloud counts as not reached. A healthy one takes well under a second."""
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
    """The latest answers of the cloud side, and the state of polling it. Times are UTC s.

    Attributes:
        fleet: at *heard_ts*; None before the first answer.
        events: the newest starts first.
        more_events: whether there are others, that start earlier.
        heard_ts: the time of its last answer.
        asking_ts: the start of the request that waits for its answer; None between two requests.
        error: the failure of the last request.
        dead_letters: by queue, as of *counted_ts*; None where the caller cannot know.
        counted_ts: None before they were counted.
        unacted: of the VTN's latest events those that no VEN acts on, read when letters are counted.
    """

    fleet: Fleet | None = None
    events: tuple[EventSummary, ...] = ()
    more_events: bool = False
    heard_ts: float | None = None
    asking_ts: float | None = None
    error: str | None = None
    dead_letters: Mapping[str, int] | None = None
    counted_ts: float | None = None
    unacted: tuple[OadrEventStatus, ...] = ()


class CloudStatus(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Connection to the cloud side; *why* there is none. *heardTs* is its last answer, UTC s."""

    reached: bool
    heard_ts: float | None
    why: str | None = None


class ListedEvent(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """An event at the state's time; powers are kW.

    *askedKw* is requested now (before the start and after the end: at most), *calledKw* dispatched at most:
    more than requested, by the VENs' expected shortfall. *vens* shed for it now and deliver *deliveredKw*
    together, the *share* of the requested power. *request* has the request in words, *progress* the words
    before the time that is left until *untilTs*, or of how the event ended. *result* is what one that is
    over delivered, in words; empty before it is settled.
    """

    event_id: EventId
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
    program: str
    allocation: str
    requested_kw: float = msgspec.field(name="askedKw")
    dispatched_kw: float = msgspec.field(name="calledKw")
    shortfall_kw: float
    vens: int
    delivered_kw: float | None
    share: float | None
    result: str


class FleetFigures(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The figures of the fleet at *ts* (UTC s), and its events: those that run, that come, that are over.

    *askedKw* is requested by all running events together. *silent* VENs were seen before and are
    offline or without fresh telemetry; None when not all VENs are listed.
    """

    ts: float
    place: str
    cloud: CloudStatus
    events: tuple[ListedEvent, ...]
    more_events: bool
    requested_kw: float = msgspec.field(name="askedKw")
    delivered_kw: float
    silent: int | None
    never_seen: int | None


class FleetState(FleetFigures, rename="camel", frozen=True, kw_only=True):
    """The fleet at an instant, with its VENs as the cloud side has them.

    *deadLetters* are counted by queue; None where the caller cannot know. *unacted* are events of the
    stage's VTN that no VEN acts on.
    """

    fleet: Fleet | None
    dead_letters: Mapping[str, int] | None
    unacted: tuple[OadrEventStatus, ...] = ()


def fleet_state(answers: FleetAnswers, place: str, now_ts: float) -> FleetState:
    """The state at *now_ts* by the answers of the cloud side at *place*."""
    fleet = answers.fleet
    live = {event.event_id: event for event in fleet.events} if fleet else {}
    rows = listed_events(answers.events, fleet, now_ts)
    running = {row.event_id: row.requested_kw for row in rows if row.phase in RUNNING}
    unlisted = {event_id: event.requested_kw for event_id, event in live.items() if event_id not in running}
    whole = fleet is not None and not fleet.left_off
    return FleetState(
        ts=round(now_ts, 3),
        place=place,
        cloud=cloud_status(answers, now_ts),
        fleet=fleet,
        dead_letters=answers.dead_letters,
        unacted=answers.unacted,
        events=rows,
        more_events=answers.more_events,
        requested_kw=round(sum((running | unlisted).values()), 3),
        delivered_kw=fleet.delivered_kw if fleet else 0.0,
        silent=sum(map(is_silent, fleet.vens)) if fleet and whole else None,
        never_seen=_count(fleet.vens, VenStatus.NEVER_SEEN) if fleet and whole else None,
    )


def listed_events(
    events: Iterable[EventSummary], fleet: Fleet | None, now_ts: float
) -> tuple[ListedEvent, ...]:
    """The *events* at *now_ts*, as the *fleet* takes part in them, in the order of `ordered`."""
    live = {event.event_id: event for event in fleet.events} if fleet else {}
    return ordered(_event_row(event, live.get(event.event_id), now_ts) for event in events)


def cloud_status(answers: FleetAnswers, now_ts: float) -> CloudStatus:
    """The status of the connection at *now_ts*."""
    if answers.error is not None:
        return CloudStatus(reached=False, heard_ts=answers.heard_ts, why=answers.error)
    waited_s = 0.0 if answers.asking_ts is None else now_ts - answers.asking_ts
    if waited_s > SILENT_S:
        return CloudStatus(reached=False, heard_ts=answers.heard_ts, why=f"no answer for {waited_s:.0f} s")
    return CloudStatus(reached=answers.heard_ts is not None, heard_ts=answers.heard_ts)


def is_silent(ven: FleetVen) -> bool:
    """True of a VEN that was seen before and is offline or without fresh telemetry."""
    if ven.status is VenStatus.NEVER_SEEN:
        return False
    return ven.status is VenStatus.OFFLINE or ven.row_age_s is None or ven.row_age_s > FRESH_S


def status_of(ven: FleetVen) -> ListedStatus:
    """The state of a VEN for an operator."""
    counted_on = ven.status in {VenStatus.READY, VenStatus.SHEDDING}
    return ListedStatus.SILENT if counted_on and is_silent(ven) else ListedStatus(ven.status)


def ordered(rows: Iterable[ListedEvent]) -> tuple[ListedEvent, ...]:
    """The events that run, by end; those that come, by start; those that are over, newest first."""

    def place(row: ListedEvent) -> tuple[int, float, str]:
        if row.phase in RUNNING:
            return 0, row.end_ts, row.event_id
        return (1, row.start_ts, row.event_id) if row.phase in COMING else (2, -row.end_ts, row.event_id)

    return tuple(sorted(rows, key=place))


def _event_row(event: EventSummary, live: FleetEvent | None, now_ts: float) -> ListedEvent:
    cancelled = event.cancelled_ts is not None
    dr_event = DrEvent(
        event_id=event.event_id,
        start_ts=event.start_ts,
        intervals=() if cancelled else event.intervals,
    )
    phase = dr_event.phase(now_ts)
    stage: Stage = "running" if phase in RUNNING else "coming" if phase in COMING else "over"
    requested_kw = _requested_kw(event, live, now_ts) if phase in RUNNING else event.requested_kw
    delivered_kw = live.delivered_kw if live else 0.0 if phase in RUNNING else None
    return ListedEvent(
        event_id=event.event_id,
        etag=event.etag,
        phase=phase,
        stage=stage,
        progress=PROGRESS.get(stage) or _ending(event, phase),
        until_ts={"running": event.end_ts, "coming": event.start_ts}.get(stage),
        request=request(event.intervals, of_fleet=True),
        revision=event.revision,
        start_ts=event.start_ts,
        end_ts=event.end_ts,
        intervals=event.intervals,
        targets=event.targets,
        priority=event.priority,
        randomize_start_s=event.randomize_start_s,
        program=event.program,
        allocation=event.allocation,
        requested_kw=requested_kw,
        dispatched_kw=event.dispatched_kw,
        shortfall_kw=event.shortfall_kw,
        vens=live.vens if live else 0,
        delivered_kw=delivered_kw,
        share=share(delivered_kw, requested_kw),
        result=result(event.result, loads_up=loads_up(event.intervals)) if event.result else "",
    )


def _ending(event: EventSummary, phase: Phase) -> str:
    if event.cancelled_ts is not None and event.cancelled_ts <= event.start_ts:
        return f"{PHASES[phase]} before its start"
    return PHASES[phase]


def _requested_kw(event: EventSummary, live: FleetEvent | None, now_ts: float) -> float:
    """The power that a running event requests now; of a limit or a level, the sum over its VENs.

    Below 0 it requests so much more.
    """
    end_ts = event.start_ts
    for interval in event.intervals:
        end_ts += interval.duration_s
        if now_ts < end_ts:
            if interval.signal is Signal.SHED_KW:
                return interval.value
            if interval.signal is Signal.LOAD_UP_KW:
                return -interval.value
            break
    return live.requested_kw if live else event.requested_kw


def _count(vens: Sequence[FleetVen], status: VenStatus) -> int:
    return sum(ven.status is status for ven in vens)
