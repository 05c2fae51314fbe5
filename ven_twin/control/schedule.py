"""The event state machine: the DR events of a VEN, and the one that is in force.

    far ──NEAR_S before──▶ near ──start──▶ active ──end──▶ completed
      └──────────────┬───────┴───────────────┤
                     ├── revision without intervals, restore ──▶ cancelled
                     └── opt-out, disabled ────────────────────▶ optedOut

| offered event | verdict | schedule |
|---|---|---|
| by shadow, with other terms than came by command | accepted | scheduled, whatever its revision |
| by shadow, and before by OpenADR | accepted | scheduled, whatever its revision |
| older revision | stale | unchanged |
| same revision | repeated | unchanged, but that it goes by shadow if it came so once |
| same revision, over before it came | expired | unchanged |
| new, over before it came | expired | scheduled as over |
| new, `OPEN_MAX` are open | full | unchanged |
| new, or newer revision | accepted | scheduled |

An event is told apart by its id and revision alone, so that the same event by shadow and by command,
twice, late or out of order has one outcome. Only, the shadow is the truth: what it desires under an id that
a command had used with other terms takes the command's place, and so that of a VTN's event. Phases follow
from the clock and are not stored; stored is only which phase was last announced, and that an event was ended
before its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from contracts.wire.events import NEAR_S, DrEvent, Interval, Phase
from contracts.wire.ids import EventId, VenId

ENDED_MAX = 16
"""How many events that are over are remembered, so that a repeat of one does not start it again."""
OPEN_MAX = 64
"""How many events that are not over are held at a time; what a VEN remembers is bounded."""


class EventOrigin(StrEnum):
    """By which way an event came; one that came by shadow also goes by shadow."""

    SHADOW = "shadow"
    COMMAND = "command"
    OPENADR = "openadr"
    """By a VTN of OpenADR, which the VEN asks."""


class ScheduleVerdict(StrEnum):
    """The outcome of an event that was offered to the schedule."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"
    STALE = "stale"
    EXPIRED = "expired"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class ScheduledEvent:
    """One event as this VEN holds it.

    Attributes:
        event: the newest revision.
        source: by which way that revision came; by shadow, when it came both ways.
        offset_s: this VEN's share of the randomised start.
        ended: how it ended before its time, or None.
        announced: the phase that was last said to the cloud, or None.
        expired: whether it was over before it came; it is held only so that nothing older is taken up.
    """

    event: DrEvent
    source: EventOrigin
    offset_s: float
    ended: Phase | None = None
    announced: Phase | None = None
    expired: bool = False

    def phase(self, now_ts: float) -> Phase:
        """The phase at *now_ts*."""
        return self.ended or self.event.phase(now_ts, offset_s=self.offset_s)

    def interval(self, now_ts: float) -> Interval | None:
        """The interval in force at *now_ts*, None outside the event or when it was ended."""
        return None if self.ended else self.event.interval_at(now_ts, offset_s=self.offset_s)

    @property
    def start_ts(self) -> float:
        """Start at this VEN, UTC s."""
        return self.event.start_ts + self.offset_s

    @property
    def end_ts(self) -> float:
        """End at this VEN, UTC s."""
        return self.event.end_ts + self.offset_s


@dataclass(frozen=True, slots=True)
class EventTransition:
    """An event that is in another phase than was last announced."""

    scheduled: ScheduledEvent
    phase: Phase


OVER = frozenset({Phase.COMPLETED, Phase.CANCELLED, Phase.OPTED_OUT})
_STAGES = ({Phase.FAR}, {Phase.NEAR}, {Phase.ACTIVE}, OVER)
_ORDER = {phase: order for order, phases in enumerate(_STAGES) for phase in phases}
"""In which order an event goes through its phases."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every event that a VEN holds, by id."""

    events: Mapping[EventId, ScheduledEvent] = field(default_factory=dict)

    def offer(
        self, event: DrEvent, source: EventOrigin, ven_id: VenId, now_ts: float
    ) -> tuple[Schedule, ScheduleVerdict]:
        """Take up *event*, when it is news.

        A revision that is held already, or an older one, changes nothing; only, what has come by shadow
        also goes by shadow, whichever way it came first. An event that was over before it came is refused,
        each time that it comes; it is held all the same, as a cancellation is, so that a late older revision
        changes nothing. A newer revision takes the place of an older one, and counts as the same event: what
        was announced of it stays announced, unless it has to begin anew, and what was over cannot be
        cancelled any more. Beyond `OPEN_MAX` that are not over, none is taken up.
        """
        scheduled = self.events.get(event.event_id)
        in_its_place = scheduled is not None and _in_its_place(scheduled, event, source)
        if scheduled is not None and not in_its_place and event.revision < scheduled.event.revision:
            return self, ScheduleVerdict.STALE
        if scheduled is not None and not in_its_place and event.revision == scheduled.event.revision:
            if scheduled.expired:
                return self, ScheduleVerdict.EXPIRED
            by_shadow = source is EventOrigin.SHADOW and scheduled.source is not source
            return self._with(
                replace(scheduled, source=source)
            ) if by_shadow else self, ScheduleVerdict.REPEATED
        accepted = ScheduledEvent(event, source, event.start_offset_s(ven_id))
        phase = accepted.phase(now_ts)
        if phase is Phase.COMPLETED and (scheduled is None or scheduled.expired):
            gone = replace(accepted, ended=phase, announced=phase, expired=True)
            return self._with(gone), ScheduleVerdict.EXPIRED
        if scheduled is None and len(self.open_ids(now_ts)) >= OPEN_MAX:
            return self, ScheduleVerdict.FULL
        if scheduled is None and phase is Phase.CANCELLED:
            accepted = replace(accepted, announced=phase)
        elif scheduled is not None:
            before = scheduled.phase(now_ts)
            over = before if phase is Phase.CANCELLED and before in OVER else None
            anew = scheduled.announced is not None and _ORDER[phase] < _ORDER[scheduled.announced]
            accepted = replace(accepted, announced=None if anew else scheduled.announced, ended=over)
        return self._with(accepted), ScheduleVerdict.ACCEPTED

    def remember(self, event: DrEvent, ven_id: VenId, phase: Phase) -> Schedule:
        """Hold *event* as one that an earlier run of this VEN dealt with, and that ended as *phase*."""
        offset_s = event.start_offset_s(ven_id)
        return self._with(ScheduledEvent(event, EventOrigin.SHADOW, offset_s, ended=phase, announced=phase))

    def end(self, event_ids: Iterable[EventId], phase: Phase, now_ts: float) -> Schedule:
        """End these events as *phase*; those that are over, or not held, stay as they are."""
        events = dict(self.events)
        for event_id in event_ids:
            scheduled = events.get(event_id)
            if scheduled is not None and scheduled.phase(now_ts) not in OVER:
                events[event_id] = replace(scheduled, ended=phase)
        return Schedule(events)

    def acts_on(self, event: DrEvent) -> bool:
        """Tell whether the terms of *event* are those that are scheduled under its id."""
        scheduled = self.events.get(event.event_id)
        return scheduled is not None and _terms(scheduled.event) == _terms(event)

    def open_ids(self, now_ts: float) -> tuple[EventId, ...]:
        """Ids of the events that are not over."""
        return tuple(
            event_id for event_id, scheduled in self.events.items() if scheduled.phase(now_ts) not in OVER
        )

    def from_shadow_ids(self) -> frozenset[EventId]:
        """Ids of the events whose newest revision came by shadow."""
        return self.ids_from(EventOrigin.SHADOW)

    def ids_from(self, source: EventOrigin) -> frozenset[EventId]:
        """Ids of the events whose newest revision came by *source*."""
        return frozenset(
            event_id for event_id, scheduled in self.events.items() if scheduled.source is source
        )

    def in_force(self, now_ts: float) -> ScheduledEvent | None:
        """The one event that is acted on: of those active the lowest priority number, then the newer start.

        Others that are active wait; nothing is curtailed twice.
        """
        active = [scheduled for scheduled in self.events.values() if scheduled.phase(now_ts) is Phase.ACTIVE]
        return min(active, key=_rank, default=None)

    def announce(self, now_ts: float) -> tuple[Schedule, tuple[EventTransition, ...]]:
        """Announce the events that have come to a later phase, in the order of their starts.

        A clock that is set back leads to no phase a second time, and what was over stays over.
        """
        if not self.events:
            return self, ()
        events, transitions = dict(self.events), []
        for event_id, scheduled in sorted(self.events.items(), key=lambda item: item[1].start_ts):
            phase = scheduled.phase(now_ts)
            if scheduled.announced is None or _ORDER[phase] > _ORDER[scheduled.announced]:
                over = phase if phase is Phase.COMPLETED else scheduled.ended
                events[event_id] = replace(scheduled, announced=phase, ended=over)
                transitions.append(EventTransition(events[event_id], phase))
        trimmed = _trimmed(events, now_ts)
        if not transitions and len(trimmed) == len(self.events):
            return self, ()
        return Schedule(trimmed), tuple(transitions)

    def announced_over(self, event_id: EventId) -> bool:
        """True once the end of *event_id* was announced, or it is not scheduled any more."""
        scheduled = self.events.get(event_id)
        return scheduled is None or scheduled.announced in OVER

    def next_change_ts(self, now_ts: float) -> float | None:
        """The next change of a phase or an interval, UTC s, or None."""
        return min(
            (
                ts
                for scheduled in self.events.values()
                if scheduled.ended is None
                for ts in _edges(scheduled)
                if ts > now_ts
            ),
            default=None,
        )

    def _with(self, scheduled: ScheduledEvent) -> Schedule:
        return Schedule({**self.events, scheduled.event.event_id: scheduled})


def _in_its_place(scheduled: ScheduledEvent, event: DrEvent, source: EventOrigin) -> bool:
    """Tell an event by shadow that takes the place of a VTN's, or of one by command with other terms."""
    if source is not EventOrigin.SHADOW or scheduled.source is source:
        return False
    return scheduled.source is EventOrigin.OPENADR or _terms(event) != _terms(scheduled.event)


def _terms(event: DrEvent) -> tuple[object, ...]:
    """The request of an event, which the VEN acts on."""
    return event.start_ts, event.intervals


def _rank(scheduled: ScheduledEvent) -> tuple[int, float, str]:
    return scheduled.event.priority, -scheduled.start_ts, scheduled.event.event_id


def _edges(scheduled: ScheduledEvent) -> Iterable[float]:
    edge_ts = scheduled.start_ts
    yield edge_ts - NEAR_S
    yield edge_ts
    for interval in scheduled.event.intervals:
        edge_ts += interval.duration_s
        yield edge_ts


def _trimmed(events: Mapping[EventId, ScheduledEvent], now_ts: float) -> Mapping[EventId, ScheduledEvent]:
    """Without the oldest of the announced events that are over, beyond the number that is kept."""
    over = [
        scheduled
        for scheduled in events.values()
        if scheduled.announced in OVER and scheduled.phase(now_ts) in OVER
    ]
    over.sort(key=lambda scheduled: scheduled.end_ts)
    forgotten = {scheduled.event.event_id for scheduled in over[: max(0, len(over) - ENDED_MAX)]}
    return {event_id: scheduled for event_id, scheduled in events.items() if event_id not in forgotten}
