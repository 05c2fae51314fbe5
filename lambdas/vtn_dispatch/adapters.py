"""The VTN's programs and events, the stage's VENs and groups, DR events, and the function that dispatches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from contracts.api.requests import EventDispatched, Refused
from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import OadrEvent, OadrProgram
from contracts.store.keys import EVENTS, VENS
from contracts.store.vtn_keys import VTN
from contracts.wire import codec
from contracts.wire.codec import JsonDict, JsonObject
from contracts.wire.ids import EventId
from lambdas.shared import clients
from lambdas.shared.event_book import EventBook
from lambdas.shared.function_calls import call_function
from lambdas.shared.group_book import GroupBook
from lambdas.shared.oadr_event_book import OadrEventBook
from lambdas.shared.program_book import ProgramBook
from lambdas.shared.rows import EventRow
from lambdas.shared.tables import Table
from lambdas.shared.vtn_bodies import VtnBodies
from lambdas.vtn_dispatch.settings import VtnDispatchSettings

_events = msgspec.json.Decoder(OadrEvent)
_programs = msgspec.json.Decoder(OadrProgram)


@dataclass(frozen=True, slots=True)
class VtnDispatchAdapters:
    """All that is read, and what is asked to dispatch. Errors of AWS pass through."""

    objects: VtnBodies
    vens: Table
    events: EventBook
    groups: GroupBook
    programs: ProgramBook
    rows: OadrEventBook
    dispatch_function: str
    retention_days: int

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

    def pause(self, most_s: float) -> None:
        """Wait for *most_s* seconds at most, jittered."""
        self.vens.pause(most_s)

    def ours(self, names: frozenset[str]) -> frozenset[str]:
        """Those of *names* that are VENs of this stage, or groups."""
        if not names:
            return frozenset()
        vens = {item["venId"] for item in self.vens.get_many(sorted(names), ("venId",))}
        return names & (vens | self.groups.rows().keys())

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
        vens=clients.table(needs.vens_table, VENS),
        events=events,
        groups=GroupBook(events.table),
        programs=ProgramBook(events.table),
        rows=OadrEventBook(events.table),
        dispatch_function=needs.dispatch_function,
        retention_days=needs.retention_days,
    )
