"""The events of a VTN as this VEN has read them, and what it acts on of each. Pure.

    polled                                 booked
    ──────────────────────────────────     ──────────────────────────────────────────────────
    new                                    with the time when it was read, as revision 0
    as before                              unchanged; a window that is used up is renewed
    other terms, or there again            as the next revision
    not listed, and the VTN has it not     gone: cancelled
    not listed, and the VTN has it         as it is there: it is over, or about to be
    absent for a day                       forgotten

The revision is this VEN's count: a VTN has none. A VTN lists events that are not over, by its own clock and
without this VEN's random offset, so that one which is missing is asked for by its id before it is cancelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf

import msgspec

from contracts.openadr.dr_events import ActionableEvent, NotActedOn, actionable, event_id_of
from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import OadrEvent, OadrProgram
from contracts.openadr.price_curves import EventCurve, PriceCurve, event_curves, price_curve
from contracts.openadr.report_values import IntervalReading
from contracts.wire.events import DrEvent, Phase
from contracts.wire.ids import EventId, VenId
from contracts.wire.units import S_PER_DAY

FORGET_S = float(S_PER_DAY)
LOOK_AGAIN_S = 3600.0
"""A window without a signal is followed by another, which may have one."""
BOOKED_MAX = 256
"""So many events are remembered at the most; then those that have been absent longest go."""


class BookedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it was last read.

    Attributes:
        event: the event.
        program: its program, or None where that cannot be read.
        read_ts: when it was first read, UTC s: its now.
        revision: how often its terms have changed.
        dr_event: what is acted on of it, or None.
        curves: the prices that it has.
        renew_ts: when the next window of it is due, UTC s; None where what there is of it is all.
        why_not: the reason that it is not acted on.
        absent_ts: since when the VTN lists it no more, UTC s.
        gone: whether the VTN has it no more.
        readings: what was measured, by the start of the interval, UTC s.
        filed: the names of the reports that were filed, or that wait to be.
        filed_until: the end of what each of them covers, UTC s.
        participations: how often the VEN has said that it takes part or does not; odd when it last did not.
    """

    event: OadrEvent
    program: OadrProgram | None = None
    read_ts: float
    revision: int = 0
    dr_event: DrEvent | None = None
    curves: tuple[EventCurve, ...] = ()
    renew_ts: float | None = None
    why_not: NotActedOn | None = None
    absent_ts: float | None = None
    gone: bool = False
    readings: dict[int, IntervalReading] = {}
    filed: tuple[str, ...] = ()
    filed_until: dict[str, float] = {}
    participations: int = 0

    @property
    def event_id(self) -> EventId:
        """Our id of it."""
        return event_id_of(self.event.id)

    def offset_s(self, ven_id: VenId) -> float:
        """The VEN's share of its random start, s."""
        return 0.0 if self.dr_event is None else self.dr_event.start_offset_s(ven_id)

    def is_open(self, ven_id: VenId, now_ts: float) -> bool:
        """True while there is something left of it to act on, or a price."""
        is_priced = not self.gone and any(curve.end_ts > now_ts for curve in self.curves)
        return is_priced or self.acts(ven_id, now_ts)

    def acts(self, ven_id: VenId, now_ts: float) -> bool:
        """True while its DR event is not over."""
        if self.gone or self.dr_event is None:
            return False
        return self.dr_event.phase(now_ts, offset_s=self.offset_s(ven_id)) is not Phase.COMPLETED


class BookOfEvents(msgspec.Struct, frozen=True, kw_only=True):
    """The events by their ids at the VTN; *link* is the VTN and the client whose events they are."""

    link: str = ""
    events: dict[ObjectId, BookedEvent] = {}

    def dr_events(self, ven_id: VenId, now_ts: float) -> tuple[DrEvent, ...]:
        """All that is to be acted on, or is being."""
        return tuple(
            booked.dr_event
            for booked in self.events.values()
            if booked.dr_event is not None and booked.acts(ven_id, now_ts)
        )

    def price_curve(self, now_ts: float) -> PriceCurve | None:
        """The prices that are followed at *now_ts*; None without any ahead."""
        curves = [curve for booked in self.events.values() if not booked.gone for curve in booked.curves]
        return price_curve(curves, now_ts) if curves else None

    def missing(self, listed: Iterable[OadrEvent], ven_id: VenId, now_ts: float) -> tuple[ObjectId, ...]:
        """Ids of the events that are acted on and not among those *listed*: to be asked for one by one."""
        present = {event.id for event in listed}
        return tuple(
            object_id
            for object_id, booked in self.events.items()
            if object_id not in present and booked.is_open(ven_id, now_ts)
        )

    def polled(
        self,
        listed: Iterable[OadrEvent],
        programs: Mapping[ObjectId, OadrProgram],
        gone: frozenset[ObjectId],
        ven_id: VenId,
        now_ts: float,
    ) -> BookOfEvents:
        """The book after the VTN was asked: these events are there, and those *gone* are not."""
        events: dict[ObjectId, BookedEvent] = {}
        for event in listed:
            program = programs.get(event.program_id)
            events[event.id] = _booked(self.events.get(event.id), event, program, ven_id, now_ts)
        for object_id, booked in self.events.items():
            if object_id in events:
                continue
            absent_ts = now_ts if booked.absent_ts is None else booked.absent_ts
            if now_ts - absent_ts < FORGET_S or booked.is_open(ven_id, now_ts):
                is_gone = booked.gone or object_id in gone
                events[object_id] = msgspec.structs.replace(booked, absent_ts=absent_ts, gone=is_gone)
        return self.with_events(_bounded(events))

    def renewed(self, ven_id: VenId, now_ts: float) -> BookOfEvents:
        """The book with the next window of each event whose window is used up."""
        due = {
            object_id: booked
            for object_id, booked in self.events.items()
            if booked.renew_ts is not None and booked.renew_ts <= now_ts and not booked.gone
        }
        if not due:
            return self
        renewed = {
            object_id: _booked(booked, booked.event, booked.program, ven_id, now_ts)
            for object_id, booked in due.items()
        }
        return self.with_events({**self.events, **renewed})

    def with_events(self, events: dict[ObjectId, BookedEvent]) -> BookOfEvents:
        """The book with these events; itself where they are those that it has."""
        return self if events == self.events else msgspec.structs.replace(self, events=events)


def _bounded(events: dict[ObjectId, BookedEvent]) -> dict[ObjectId, BookedEvent]:
    if len(events) <= BOOKED_MAX:
        return events
    newest = sorted(events.items(), key=lambda item: -(item[1].absent_ts or inf))
    return dict(newest[:BOOKED_MAX])


def _booked(
    before: BookedEvent | None,
    event: OadrEvent,
    program: OadrProgram | None,
    ven_id: VenId,
    now_ts: float,
) -> BookedEvent:
    """*event* as it is booked now; *before* itself where nothing of it has changed."""
    if before is None:
        before = BookedEvent(event=event, read_ts=now_ts, revision=-1)
    elif _stays(before, event, program, now_ts):
        return before
    read = msgspec.structs.replace(before, event=event, program=program, absent_ts=None)
    result = actionable(
        event,
        program,
        event_id=event_id_of(event.id),
        ven_id=ven_id,
        read_ts=before.read_ts,
        now_ts=now_ts,
        revision=max(0, before.revision),
    )
    curves = event_curves(event, program, read_ts=before.read_ts, now_ts=now_ts)
    return _outcome(read, result, curves, now_ts)


def _outcome(
    read: BookedEvent,
    result: ActionableEvent | NotActedOn,
    curves: tuple[EventCurve, ...] | NotActedOn,
    now_ts: float,
) -> BookedEvent:
    """*read* with what is acted on of it: its DR event, its prices, or the reason that it is neither."""
    why_not = curves if isinstance(curves, NotActedOn) else None
    priced = () if isinstance(curves, NotActedOn) else curves
    renewals = [curve.renew_ts for curve in priced if curve.renew_ts is not None]
    revision, dr_event = max(0, read.revision), None
    if isinstance(result, ActionableEvent):
        is_same = result.event == read.dr_event and not read.gone
        revision, why_not = read.revision if is_same else read.revision + 1, None
        dr_event = msgspec.structs.replace(result.event, revision=revision)
        if result.renew_ts < inf:
            renewals.append(result.renew_ts)
    elif result is not NotActedOn.NO_SIGNAL:
        why_not = result
    elif not priced and why_not is None:
        why_not = result
        renewals.append(now_ts + LOOK_AGAIN_S)
    return msgspec.structs.replace(
        read,
        revision=revision,
        dr_event=dr_event,
        curves=priced,
        renew_ts=min(renewals, default=None),
        why_not=why_not,
        gone=False,
    )


def _stays(before: BookedEvent, event: OadrEvent, program: OadrProgram | None, now_ts: float) -> bool:
    """True of an event that is as it was, with a window that is not used up."""
    if before.gone or before.absent_ts is not None or (before.event, before.program) != (event, program):
        return False
    return before.renew_ts is None or now_ts < before.renew_ts
