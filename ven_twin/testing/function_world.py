"""The functions' world in the process: an account, a fleet, messages as the rules pass them on."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from contracts.api.reports import Baseline
from contracts.api.requests import Assignment
from contracts.store.definitions import GroupRow, ProgramRow
from contracts.store.keys import (
    ALLOWED_VENS,
    COMMANDS,
    EVENTS,
    TELEMETRY,
    VENS,
    Key,
)
from contracts.store.plans import Plan
from contracts.wire.events import Interval, Signal
from contracts.wire.ids import EventId, GroupName, ProgramId, VenId
from lambdas.shared import clients, clock, senders
from lambdas.shared.batch_writes import write_all
from lambdas.shared.called_vens import called_vens
from lambdas.shared.certificate_journal import CertificateJournal
from lambdas.shared.event_book import EventBook
from lambdas.shared.group_book import GroupBook
from lambdas.shared.program_book import ProgramBook
from lambdas.shared.rows import EventRow
from lambdas.shared.ven_identity import Certificates
from lambdas.store_telemetry.adapters import noted_sites
from lambdas.vtn_notify.warm_subscribers import warm_subscribers
from ven_twin.testing.account_resources import make_resources

NOW = 1_800_000_000.0
DELETE_CONNECTION = "before-call.iot-data-plane.DeleteConnection"


@dataclass(frozen=True)
class Context:
    """Lambda's context, as far as a function reads it."""

    aws_request_id: str = "8d7a1f3e-0000-4000-8000-000000000001"
    function_name: str = "function"
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:function"
    log_stream_name: str = "2027/01/15/[$LATEST]stream"

    def get_remaining_time_in_millis(self) -> int:
        """Always plenty."""
        return 30_000


class World:
    """The account, and shorthand for what happens in it."""

    def __init__(self) -> None:
        senders.stage_vens.cache_clear()  # the sandbox is cold, the account another
        called_vens.cache_clear()
        senders.floods.cache_clear()
        noted_sites.cache_clear()
        warm_subscribers.cache_clear()
        self.now = NOW
        self.slept: list[float] = []
        self.connected: set[str] = set()
        events = clients.iot_data().meta.events
        events.unregister(DELETE_CONNECTION, unique_id="broker")
        events.register_first(DELETE_CONNECTION, self._delete_connection, unique_id="broker")  # type: ignore[arg-type]
        make_resources()
        self.telemetry = clients.table("telemetry", TELEMETRY)
        self.vens = clients.table("vens", VENS)
        self.events = clients.table("events", EVENTS)
        self.commands = clients.table("commands", COMMANDS)
        self.allowed = clients.table("allowed", ALLOWED_VENS)
        self.certificates = Certificates(clients.iot(), CertificateJournal(self.allowed))

    def _delete_connection(self, params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        """End a client's connection, which moto has none of. Source: AWS IoT API, DeleteConnection."""
        client_id = params["url_path"].rpartition("/")[2]
        if client_id in self.connected:
            self.connected.remove(client_id)
            return SimpleNamespace(status_code=200), {}
        error = {"Code": "ResourceNotFoundException", "Message": "The client is not connected."}
        return SimpleNamespace(status_code=404), {"Error": error, "ResponseMetadata": {}}

    def add_ven(self, ven_id: str, groups: Sequence[str] = (), **attributes: Any) -> None:
        """A VEN that is online and offers 5 kW, unless *attributes* say otherwise, in these *groups*."""
        clients.iot().create_thing(thingName=ven_id)
        present = {"provisionedTs": NOW, "online": True, "enabled": True, "shedAvailabilityKw": 5.0}
        self.vens.put_new({"venId": ven_id, **present, **attributes})
        for group in groups:
            members = GroupBook(self.events).members_of({group}).get(GroupName(group), ())
            self.set_group(group, *members, ven_id)

    def add_telemetry(self, items: Iterable[Mapping[str, Any]]) -> None:
        """Items of the telemetry table, by the batch: one at a time takes ten times as long."""
        left = write_all(self.telemetry, {index: dict(item) for index, item in enumerate(items)})
        assert not left  # noqa: S101 - a promise to the test

    def set_group(self, group: str, *ven_ids: str, from_stack: bool = False) -> None:
        """A group of these VENs, as an operator or the stack has made it."""
        book, name = GroupBook(self.events), GroupName(group)
        row = GroupRow(group=name, version=secrets.token_hex(8), changed_ts=self.now, from_stack=from_stack)
        book.put(row, [VenId(ven_id) for ven_id in ven_ids], instead_of=book.find(name))

    def set_program(
        self, program: str, baseline: Baseline, holidays: str | None = None, *, from_stack: bool = False
    ) -> None:
        """A program with these rules, as an operator or the stack has made it."""
        book = ProgramBook(self.events)
        row = ProgramRow(
            program=ProgramId(program),
            baseline=baseline,
            holidays=holidays,
            version=secrets.token_hex(8),
            changed_ts=self.now,
            from_stack=from_stack,
        )
        book.put(row, instead_of=book.find(row.program))

    def drop_program(self, program: str) -> None:
        """The program is deleted."""
        book = ProgramBook(self.events)
        if (row := book.find(ProgramId(program))) is not None:
            book.drop(row, secrets.token_hex(8), now=self.now)

    def call(self, event_id: str, *ven_ids: str, plan_id: str = "0-a", previous: str | None = None) -> None:
        """An event of an hour from now, by a plan that calls these VENs for 1 kW each."""
        interval = Interval(duration_s=3600, signal=Signal.SHED_KW, value=1.0)
        plan = Plan(
            plan_id=plan_id,
            revision=0,
            from_ts=NOW,
            start_ts=int(NOW),
            intervals=(interval,),
            assignments=tuple(Assignment(ven_id=VenId(ven_id), values=(1.0,)) for ven_id in ven_ids),
            previous=previous,
        )
        header = EventRow(
            event_id=EventId(event_id),
            requested="",
            revision=0,
            start_ts=int(NOW),
            intervals=(interval,),
            plan_id=plan_id,
            created_ts=NOW,
            expires_ts=int(NOW) + 86_400,
        )
        book = EventBook(self.events)
        book.write_plan(header, plan)
        if not self.events.put_new(msgspec.to_builtins(header)):
            book.commit(header, instead_of=header)

    def invoke(self, function: str, event: Any) -> Any:
        """The answer of a *function*, by the name of its folder in `lambdas`."""
        return import_module(f"lambdas.{function}.handler").handler(event, Context())

    def ven(self, ven_id: str) -> dict[str, Any]:
        """The VEN's row."""
        return self.vens.get(Key(ven_id)) or {}

    def event_item(self, event_id: str, sort_key: str = "EVENT") -> dict[str, Any]:
        """A part of an event."""
        return self.events.get(Key(event_id, sort_key)) or {}

    def desired(self, ven_id: str) -> dict[str, Any]:
        """``desired.drEvents`` of a VEN's shadow."""
        iot_data = clients.iot_data()
        try:
            shadow = iot_data.get_thing_shadow(thingName=ven_id)
        except iot_data.exceptions.ResourceNotFoundException:
            return {}
        state = json.loads(shadow["payload"].read())["state"]
        events: dict[str, Any] = state.get("desired", {}).get("drEvents", {})
        return events

    def schedule(self, name: str) -> SimpleNamespace:
        """A schedule of the group: its time and what it says."""
        schedule = clients.scheduler().get_schedule(GroupName="schedules", Name=name)
        target = schedule["Target"]
        return SimpleNamespace(
            at=schedule["ScheduleExpression"],
            after=schedule["ActionAfterCompletion"],
            target=target,
            request=json.loads(target["Input"]),
        )


@contextmanager
def stopped_clock(world: World) -> Iterator[None]:
    """The functions' clock shows the *world*'s time and notes their sleep there, while the block lasts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "utc_now", lambda: world.now)
        patch.setattr(clock, "sleep", world.slept.append)
        yield


def body(topic: str, payload: Any, *, received_ms: int = int(NOW * 1000)) -> str:
    """An SQS body as the topic rules write it; *payload* is bytes, or becomes JSON."""
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return json.dumps(
        {
            "payload": base64.b64encode(raw).decode(),
            "topic": topic,
            "receivedMs": received_ms,
            "clientId": "x",
        }
    )


def batch(*bodies: str) -> dict[str, Any]:
    """An SQS event with messages m0, m1 and so on."""
    return {
        "Records": [
            {"messageId": f"m{index}", "body": text, "eventSource": "aws:sqs", "attributes": {}}
            for index, text in enumerate(bodies)
        ]
    }


def failed(answer: dict[str, Any]) -> list[str]:
    """The messages that a function says failed."""
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def telemetry(ven_id: str = "house-1", seq: int = 1, **fields: Any) -> dict[str, Any]:
    """A telemetry payload."""
    return {
        "venId": ven_id,
        "timestamp": int(NOW) + 30 * seq,
        "bootId": "b1",
        "seq": seq,
        "usedPowerKw": 2.125,
        "shedPowerKw": 0.1,
        "baselinePowerKw": 2.225,
        **fields,
    }


LOAD = {
    "id": "ev1",
    "name": "EV",
    "type": "ev",
    "capacityKw": 7.2,
    "currentPowerKw": 3.5,
    "shedCapabilityKw": 3.5,
    "enabled": True,
    "priority": 40,
}
