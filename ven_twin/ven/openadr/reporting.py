"""Measures for the reports of a VEN's events, and the reports that are due at a tick. Pure.

    tick ──▶ measured: what the house drew since the tick before, shared out over the intervals that it lay in
         ──▶ due: the reports whose last interval is over, and the word that the VEN takes no part, at once

A report is due once: its name is booked with it. A VEN that was off in between files what it has then.
Interpretation: an event that is extended, or put off, after its report was filed asks for another one, which
covers what it asks for now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import OadrReportRequest
from contracts.openadr.report_plan import ReportJob, report_jobs, report_spans
from contracts.openadr.report_values import (
    REPORTED,
    IntervalReading,
    participation_report,
    reading_key,
    report,
)
from contracts.openadr.timeline import PlacedInterval
from contracts.openadr.values import ReportDescriptor
from contracts.wire.events import Phase
from contracts.wire.ids import EventId, VenId
from contracts.wire.shadow import OptOut
from ven_twin.control.event_history import Meter
from ven_twin.control.schedule import Schedule
from ven_twin.ven.openadr.book import BookedEvent, BookOfEvents

FILED_MAX = 2000
"""So many names of reports of one event are remembered."""
PLANS_MAX = 256
PARTICIPATION = "participation-"
"""Before the number, in the name of a report that the VEN takes no part, or does so again."""


class HouseInstant(NamedTuple):
    """The VEN at a tick, as far as reports tell of it.

    Attributes:
        now_ts: its time, UTC s.
        lived: the meter that is never set back.
        acting: the event that is acted on, or None.
        battery_soc: the battery's charge, or None without one.
        offer_kw: the power that the house promises to shed.
        schedule: the events that the VEN has.
        opt_out: the opt-out in force, or None.
    """

    now_ts: float
    lived: Meter
    acting: EventId | None
    battery_soc: float | None
    offer_kw: float
    schedule: Schedule
    opt_out: OptOut | None


class DueReport(NamedTuple):
    """A report to file; its name is of its event's alone. *job* is what it was planned as, if it was."""

    event_id: ObjectId
    name: str
    request: OadrReportRequest
    job: ReportJob | None = None


class VtnReporter:
    """The reports of one VEN; it remembers the plans that it has made, and nothing else.

    *circuits* are the resources that it reports by; without any it has one meter.
    """

    def __init__(self, ven_id: VenId, circuits: Sequence[str] = ()) -> None:
        self._ven_id, self._circuits = ven_id, circuits
        self._plans: dict[ObjectId, tuple[BookedEvent, tuple[ReportJob, ...]]] = {}
        self._ven_targets: frozenset[str] = frozenset()
        self._targets: dict[str, frozenset[str]] = {}

    def targeted(self, ven_targets: Iterable[str], targets: Mapping[str, Iterable[str]]) -> None:
        """Know the targets that the VTN has given the VEN, and its resources by name."""
        self._ven_targets = frozenset(ven_targets)
        self._targets = {name: frozenset(of_resource) for name, of_resource in targets.items()}

    def measured(self, book: BookOfEvents, before: HouseInstant, now: HouseInstant) -> BookOfEvents:
        """The book with what the house drew between two ticks, where reports need it."""
        if now.lived.seconds <= before.lived.seconds:
            return book
        events = dict(book.events)
        for object_id, booked in book.events.items():
            readings = self._readings(booked, before, now)
            if readings is not booked.readings:
                events[object_id] = msgspec.structs.replace(booked, readings=readings)
        return book if events == book.events else msgspec.structs.replace(book, events=events)

    def due(self, book: BookOfEvents, now: HouseInstant) -> tuple[BookOfEvents, list[DueReport]]:
        """The reports that are due, and the book in which they are booked."""
        events, reports = dict(book.events), list[DueReport]()
        for object_id, booked in book.events.items():
            if booked.gone:
                continue
            made = [*self._of_event(booked, now), *self._of_participation(booked, now)]
            if made:
                filed = (*booked.filed, *(one.name for one in made))[-FILED_MAX:]
                words = sum(one.name.startswith(PARTICIPATION) for one in made)
                until = {one.job.name: one.job.due_ts for one in made if one.job is not None}
                events[object_id] = msgspec.structs.replace(
                    booked,
                    filed=filed,
                    filed_until=booked.filed_until | until,
                    participations=booked.participations + words,
                )
                reports += made
        return (msgspec.structs.replace(book, events=events), reports) if reports else (book, reports)

    def _jobs(self, booked: BookedEvent) -> tuple[ReportJob, ...]:
        """The reports that an event asks for, of what this VEN reports, not over before it was read."""
        if not booked.event.report_descriptors or booked.gone:
            return ()
        planned = self._plans.get(booked.event.id)
        if planned is not None and (planned[0].event is booked.event or planned[0].event == booked.event):
            return planned[1]
        jobs = tuple(
            job
            for job in report_jobs(booked.event, booked.read_ts, booked.offset_s(self._ven_id))
            if job.descriptor.payload_type in REPORTED and job.due_ts > booked.read_ts
        )
        if len(self._plans) > PLANS_MAX:
            self._plans.clear()
        self._plans[booked.event.id] = booked, jobs
        return jobs

    def _readings(
        self, booked: BookedEvent, before: HouseInstant, now: HouseInstant
    ) -> dict[int, IntervalReading]:
        spans = {
            reading_key(span): span
            for job in self._jobs(booked)
            if job.due_ts > before.now_ts
            for span in job.spans
            if span.start_ts < now.now_ts and span.end_ts > before.now_ts
        }
        if not spans:
            return booked.readings
        readings = dict(booked.readings)
        for key, span in spans.items():
            readings[key] = _counted(readings.get(key, IntervalReading()), span, booked.event_id, before, now)
        return readings

    def _of_event(self, booked: BookedEvent, now: HouseInstant) -> list[DueReport]:
        scheduled = now.schedule.events.get(booked.event_id)
        opted_out = scheduled is not None and scheduled.ended is Phase.OPTED_OUT
        loads_up = booked.dr_event is not None and booked.dr_event.loads_up
        return [
            DueReport(
                booked.event.id,
                name,
                report(
                    job._replace(name=name),
                    booked.readings,
                    event_id=booked.event.id,
                    ven_name=self._ven_id,
                    circuits=self._circuits_of(job.descriptor),
                    opted_out=opted_out,
                    loads_up=loads_up,
                ),
                job,
            )
            for job in self._jobs(booked)
            if job.due_ts <= now.now_ts and (name := _unfiled_name(job, booked)) is not None
            if self._is_for_us(job.descriptor)
        ]

    def _is_for_us(self, descriptor: ReportDescriptor) -> bool:
        """True of a report that this VEN or one of its resources is asked for.

        Interpretation: a descriptor without targets asks everybody who sees the event.
        """
        wanted = set(descriptor.targets or ())
        return not wanted or bool(wanted & self._ven_targets) or any(self._meant(descriptor))

    def _meant(self, descriptor: ReportDescriptor) -> list[str]:
        """The resources that a descriptor's targets name."""
        wanted = set(descriptor.targets or ())
        return [name for name, targets in self._targets.items() if wanted & {name, *targets}]

    def _circuits_of(self, descriptor: ReportDescriptor) -> Sequence[str]:
        """The circuits to report: those that are named, or all."""
        if not descriptor.targets or set(descriptor.targets) & self._ven_targets:
            return self._circuits
        meant = self._meant(descriptor)
        return [circuit for circuit in self._circuits if circuit in meant]

    def _of_participation(self, booked: BookedEvent, now: HouseInstant) -> list[DueReport]:
        """The word that the VEN leaves an event that is not over, or that it is in it again."""
        if not booked.acts(self._ven_id, now.now_ts):
            return []
        opted_out, was_out = _leaves(booked, now), booked.participations % 2 == 1
        if opted_out == was_out:
            return []
        spans = report_spans(booked.event, booked.read_ts, booked.offset_s(self._ven_id))
        left = [span for span in spans if span.end_ts > now.now_ts]
        name = f"{PARTICIPATION}{booked.participations}"
        request = participation_report(
            name, left, event_id=booked.event.id, ven_name=self._ven_id, opted_out=opted_out
        )
        return [DueReport(booked.event.id, name, request)]


def _unfiled_name(job: ReportJob, booked: BookedEvent) -> str | None:
    """The name of the report of *job*; None where one that covers as much was filed."""
    if job.name not in booked.filed:
        return job.name
    if job.due_ts <= booked.filed_until.get(job.name, job.due_ts):
        return None
    return f"{job.name}-{job.due_ts:.0f}"


def _leaves(booked: BookedEvent, now: HouseInstant) -> bool:
    """True of an event that the VEN has left, or will not be in because it has opted out until after it."""
    scheduled = now.schedule.events.get(booked.event_id)
    if scheduled is None:
        return False
    if scheduled.ended is not None:
        return scheduled.ended is Phase.OPTED_OUT
    out = now.opt_out
    return out is not None and (out.until_ts is None or out.until_ts > scheduled.start_ts)


def _counted(
    reading: IntervalReading, span: PlacedInterval, event_id: EventId, before: HouseInstant, now: HouseInstant
) -> IntervalReading:
    """*reading* with the share of a tick that lies in *span*."""
    tick_s = now.now_ts - before.now_ts
    inside_s = min(now.now_ts, span.end_ts) - max(before.now_ts, span.start_ts)
    share = inside_s / tick_s if tick_s > 0 else 0.0
    seconds = (now.lived.seconds - before.lived.seconds) * share
    circuits_kwh = _difference(now.lived.circuits_kwh, before.lived.circuits_kwh)
    return IntervalReading(
        seconds=reading.seconds + seconds,
        acting_s=reading.acting_s + (seconds if event_id in {before.acting, now.acting} else 0.0),
        used_kwh=reading.used_kwh + (now.lived.used_kwh - before.lived.used_kwh) * share,
        baseline_kwh=reading.baseline_kwh + (now.lived.baseline_kwh - before.lived.baseline_kwh) * share,
        circuits_kwh={
            circuit: reading.circuits_kwh.get(circuit, 0.0) + energy_kwh * share
            for circuit, energy_kwh in circuits_kwh.items()
        },
        battery_soc=now.battery_soc,
        offer_kw=now.offer_kw,
    )


def _difference(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {circuit: energy_kwh - before.get(circuit, 0.0) for circuit, energy_kwh in after.items()}
