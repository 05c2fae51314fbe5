"""The VTN's objects, the stage's VENs, telemetry and DR events, and the function that dispatches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from contracts.api.requests import EventDispatched, Refused
from contracts.openadr.ids import ObjectId
from contracts.openadr.oadr_vens import oadr_ven_id, ven_target
from contracts.openadr.objects import OadrEvent, OadrProgram, OadrResource, OadrVen
from contracts.store.keys import EVENTS, TELEMETRY, VENS
from contracts.store.oadr_events import OadrEventRow
from contracts.store.vtn_keys import VTN
from contracts.wire import codec
from contracts.wire.codec import JsonDict, JsonObject
from contracts.wire.ids import EventId, VenId
from lambdas.shared import clients
from lambdas.shared.event_book import EventBook
from lambdas.shared.function_calls import call_function
from lambdas.shared.group_book import GroupBook
from lambdas.shared.oadr_event_book import OadrEventBook
from lambdas.shared.program_book import ProgramBook
from lambdas.shared.rows import EventRow
from lambdas.shared.tables import Table
from lambdas.shared.vtn_bodies import VtnBodies
from lambdas.shared.vtn_book import VtnBook
from lambdas.shared.vtn_changes import QueueOfChanges
from lambdas.vtn_dispatch.settings import VtnDispatchSettings

_events = msgspec.json.Decoder(OadrEvent)
_programs = msgspec.json.Decoder(OadrProgram)
_vens = msgspec.json.Decoder(OadrVen)
_resources = msgspec.json.Decoder(OadrResource)


@dataclass(frozen=True, slots=True)
class VtnDispatchAdapters:
    """All that is read and written, and what is asked to dispatch. Errors of AWS pass through."""

    objects: VtnBodies
    vtn: VtnBook
    changes: QueueOfChanges
    vens: Table
    telemetry: Table
    events: EventBook
    groups: GroupBook
    programs: ProgramBook
    rows: OadrEventBook
    dispatch_function: str
    retention_days: int
    settle_delay_s: int

    def event(self, object_id: ObjectId) -> OadrEvent | None:
        """The VTN's event as it is now, or None."""
        body = self.objects.find("EVENT", object_id)
        return None if body is None else _events.decode(body)

    def program(self, object_id: ObjectId) -> OadrProgram | None:
        """The VTN's program as it is now, or None."""
        body = self.objects.find("PROGRAM", object_id)
        return None if body is None else _programs.decode(body)

    def all_events(self) -> Iterator[OadrEvent]:
        """All events of the VTN, in the order of their creation."""
        return (_events.decode(body) for body in self.objects.all("EVENT"))

    def all_programs(self) -> dict[ObjectId, OadrProgram]:
        """All programs of the VTN by their ids."""
        return {program.id: program for program in map(_programs.decode, self.objects.all("PROGRAM"))}

    def shares(self) -> Iterator[tuple[OadrEvent, EventId]]:
        """The events that are one VEN's share of a DR event, each with that."""
        return ((_events.decode(body), event_id) for body, event_id in self.objects.shares())

    def all_vens(self) -> Iterator[OadrVen]:
        """All VENs of the VTN, in the order of their creation."""
        return map(_vens.decode, self.objects.all("VEN"))

    def origin(self, event_id: EventId) -> OadrEventRow | None:
        """The row of the event of the VTN that a DR event is, or None. See `nth_event_id`."""
        for name in (event_id, event_id.rpartition("-")[0]):
            row = self.rows.find(ObjectId(name)) if name else None
            if row is not None and row.event_id == event_id:
                return row
        return None

    def pause(self, most_s: float) -> None:
        """Wait for *most_s* seconds at most, jittered."""
        self.vens.pause(most_s)

    def ours(self, names: frozenset[str]) -> frozenset[str]:
        """Those of *names* that are VENs of this stage, or groups."""
        if not names:
            return frozenset()
        vens = {item["venId"] for item in self.vens.get_many(sorted(names), ("venId",))}
        return names & (vens | self.groups.rows().keys())

    def granted(self, targets: frozenset[str]) -> frozenset[VenId]:
        """The VENs of OpenADR in the fleet that are granted one of *targets*."""
        if not targets:
            return frozenset()
        resources = list(map(_resources.decode, self.objects.all("RESOURCE")))
        by_resource = {one.ven_id for one in resources if not targets.isdisjoint(one.targets or ())}
        vens = {
            oadr_ven_id(ven.id)
            for ven in self.all_vens()
            if ven.id in by_resource or not targets.isdisjoint({ven_target(ven.id), *(ven.targets or ())})
        }
        return frozenset(item["venId"] for item in self.vens.get_many(sorted(vens), ("venId",)))

    def dr_event(self, event_id: EventId) -> EventRow | None:
        """The header of a DR event, or None."""
        return self.events.find(event_id)

    def dispatch(self, request: JsonObject) -> EventDispatched | Refused:
        """The answer of `dispatch_event`. Raises FunctionFailedError."""
        answer: JsonDict = call_function(self.dispatch_function, request)
        if answer.get("ok") is False:
            return codec.convert(Refused, answer)
        return codec.convert(EventDispatched, answer)

    def define(self, request: JsonObject) -> None:
        """Have `dispatch_event` set a program; nothing where it is refused. Raises FunctionFailedError."""
        call_function(self.dispatch_function, request)


def open_adapters(needs: VtnDispatchSettings) -> VtnDispatchAdapters:
    """The adapters of this sandbox."""
    events = EventBook(clients.table(needs.events_table, EVENTS))
    return VtnDispatchAdapters(
        objects=VtnBodies(clients.table(needs.vtn_table, VTN)),
        vtn=VtnBook(clients.table(needs.vtn_table, VTN)),
        changes=QueueOfChanges(needs.changes_queue),
        vens=clients.table(needs.vens_table, VENS),
        telemetry=clients.table(needs.telemetry_table, TELEMETRY),
        events=events,
        groups=GroupBook(events.table),
        programs=ProgramBook(events.table),
        rows=OadrEventBook(events.table),
        dispatch_function=needs.dispatch_function,
        retention_days=needs.retention_days,
        settle_delay_s=needs.settle_delay_s,
    )
