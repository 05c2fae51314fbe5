"""A VTN over the functions' own tables, beside the stage's VENs; orders are carried out on a test's word."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from contracts.openadr.ids import ObjectId
from contracts.openadr.times import date_time_text
from contracts.store.oadr_events import OadrEventRow
from contracts.store.vtn_keys import VTN
from contracts.wire import codec
from lambdas.dispatch_event.handler import handler as dispatch
from lambdas.shared import clients
from lambdas.shared.event_book import EventBook
from lambdas.shared.oadr_event_book import OadrEventBook
from lambdas.shared.rows import EventRow
from lambdas.shared.vtn_changes import order_of
from lambdas.vtn_dispatch.handler import handler
from tests.support.api_world import Functions
from tests.support.vtn import Vtn, VtnClient
from ven_twin.testing.function_account import ENVIRONMENT
from ven_twin.testing.function_world import NOW, Context, World, batch, failed

START = NOW + 3600
HOUR = {"start": date_time_text(START), "duration": "PT1H"}
SHED, LEVEL = "DISPATCH_SETPOINT_RELATIVE", "SIMPLE"


def terms(kind: str = SHED, *values: float, **more: Any) -> dict[str, Any]:
    """An event of one hour, with one interval for each value."""
    intervals = [
        {"id": number, "payloads": [{"type": kind, "values": [value]}]}
        for number, value in enumerate(values or (-2.0,))
    ]
    return {"intervalPeriod": HOUR, "intervals": intervals, **more}


@dataclass
class Joined:
    """A VTN over the functions' own tables, with its orders carried out when a test says so."""

    world: World
    vtn: Vtn
    functions: Functions
    utility: VtnClient = field(init=False)

    def __post_init__(self) -> None:
        self.utility = self.vtn.bl("utility")

    def program(self, name: str = "peak", **attributes: Any) -> str:
        """The id of a program."""
        listed = [{"type": f"VEN_TWIN_{key}", "values": [value]} for key, value in attributes.items()]
        return str(self.utility.made("/programs", programName=name, attributes=listed)["id"])

    def event(self, program_id: str | None = None, **body: Any) -> ObjectId:
        """The id of an event that the business logic makes."""
        made = self.utility.made("/events", programID=program_id or self.program(), **(body or terms()))
        return ObjectId(made["id"])

    def change(self, object_id: ObjectId, **body: Any) -> None:
        """Replace an event, in the program that it has."""
        before = self.utility.get(f"/events/{object_id}").json
        answer = self.utility.put(f"/events/{object_id}", programID=before["programID"], **body)
        assert answer.status == 200, answer.text

    def carry_out(self) -> dict[str, Any]:
        """Carry out the orders of all that the VTN was told since."""
        orders = [codec.encode(order).decode() for order in map(order_of, self.vtn.told.changes) if order]
        self.vtn.told.changes.clear()
        orders += waiting("ORDERS_QUEUE")
        answer: dict[str, Any] = handler(batch(*orders), Context())
        return answer

    def done(self) -> None:
        """The same, and none failed; and the orders that follow."""
        assert failed(self.carry_out()) == []
        assert failed(self.carry_out()) == []

    def vtn_dispatch(self, order: dict[str, Any]) -> None:
        """Carry out *order*, whatever the VTN was told."""
        assert failed(handler(batch(json.dumps(order)), Context())) == []

    def sweep(self) -> dict[str, Any]:
        """Sweep."""
        answer: dict[str, Any] = handler({"sweep": "events"}, Context())
        return answer

    def row(self, object_id: ObjectId) -> OadrEventRow:
        """The row of an event at the stage."""
        row = OadrEventBook(self.world.events).find(object_id)
        assert row is not None
        return row

    def dr_event(self, object_id: ObjectId) -> EventRow:
        """The DR event of an event."""
        event_id = self.row(object_id).event_id
        assert event_id is not None
        header = EventBook(self.world.events).find(event_id)
        assert header is not None
        return header

    def in_shadow(self, ven_id: str, object_id: str) -> Any:
        """The event as the shadow of a VEN has it, or None."""
        return self.world.desired(ven_id).get(object_id)

    def asked(self) -> list[str]:
        """The actions that `dispatch_event` was asked for since."""
        actions = [request.get("action", "program") for _, request in self.functions.asked]
        self.functions.asked.clear()
        return actions


def waiting(queue: str) -> list[str]:
    """The bodies in the queue that a setting names, which are taken out of it."""
    bodies = []
    sqs, url = clients.sqs(), ENVIRONMENT[queue]
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def joined_world(world: World, monkeypatch: pytest.MonkeyPatch) -> Joined:
    """Two VENs of the stage, and a VTN without events."""
    for ven_id in ("house-1", "house-2"):
        world.add_ven(ven_id)
    monkeypatch.setenv("DISPATCH_FUNCTION", "dispatch")
    functions = Functions({"dispatch": dispatch})
    monkeypatch.setattr(clients, "functions", lambda: functions)

    def tick() -> None:
        world.now += 1e-3

    return Joined(world, Vtn(clients.table("vtn", VTN), tick=tick), functions)
