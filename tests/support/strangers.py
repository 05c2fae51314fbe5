"""VENs that others wrote, in a local cloud: identities, commands, and what the cloud has of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from contracts.store import keys
from contracts.store.dead_letters import read_queues
from contracts.store.stack import StackOutput
from tests.support.older_ven import KINDS, OlderVen

if TYPE_CHECKING:
    from tests.e2e.conftest import System

EVENT_S = 60
NOT_DONE = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]


def older_vens(system: System, *, speed: float) -> list[OlderVen]:
    """One VEN of each kind, not connected yet."""
    return [
        OlderVen(ven_id, kind, system.home / ven_id, system.runtime.mqtt_port, speed=speed)
        for ven_id, kind in KINDS.items()
    ]


def command_all(system: System, ven: OlderVen, event_id: str) -> None:
    """Send a VEN a ping, a shed of a load, and an event of a minute."""
    shed = {"event_id": event_id, "requestedReductionKw": 2, "durationS": EVENT_S}
    for op, data in (("ping", {}), ("shedLoad", {"reduceKw": 5, "durationS": EVENT_S}), ("event", shed)):
        request = {"venId": ven.ven_id, "op": op, "data": data}
        assert system.cloud.invoke(StackOutput.ISSUE_COMMAND, request)["ok"] is True


def queued(system: System, output: StackOutput) -> int:
    """The messages in all queues of an output of the stack, those in work with them."""
    sqs = system.cloud.client("sqs")
    counts = [
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=NOT_DONE)["Attributes"]
        for url in read_queues(system.cloud.output(output)).values()
    ]
    return sum(int(count[name]) for count in counts for name in NOT_DONE)


def missing(system: System, ven: OlderVen, event_ids: Sequence[str]) -> list[str]:
    """The rows, acks and answers to events of a VEN that the cloud does not have. Empty in the end."""
    rows = [row["timestamp"] for row in system.rows(ven.ven_id)]
    lacks = [f"{ven.ven_id}: row of {timestamp}" for timestamp in sorted(set(ven.sent) - set(rows))]
    if len(rows) != len(ven.sent):
        lacks.append(f"{ven.ven_id}: {len(rows)} rows stored of {len(ven.sent)} sent")
    circuits = system.cloud.item(StackOutput.TELEMETRY_TABLE, _circuits_key(ven.ven_id)) or {}
    if circuits.get("timestamp") != ven.loads_ts:
        lacks.append(f"{ven.ven_id}: its loads of {ven.loads_ts}")
    if not system.ven(ven.ven_id).get("reportedTs"):
        lacks.append(f"{ven.ven_id}: its shadow")
    lacks += [f"{ven.ven_id}: ack of {name}" for name in ven.acked if not _ack(system, ven.ven_id, name)]
    answers = [_ack(system, ven.ven_id, name) or {} for name in ven.acked]
    answered = {answer.get("event_id") for answer in answers if answer.get("circuits_curtailed")}
    lacks += [f"{ven.ven_id}: its answer to {event_id}" for event_id in event_ids if event_id not in answered]
    return lacks


def _circuits_key(ven_id: str) -> dict[str, str]:
    return {keys.TELEMETRY.partition: ven_id, str(keys.TELEMETRY.sort): keys.CIRCUITS_ROW}


def _ack(system: System, ven_id: str, correlation_id: str) -> Mapping[str, Any] | None:
    """The ack that stands beside a command."""
    key = {keys.COMMANDS.partition: ven_id, str(keys.COMMANDS.sort): correlation_id}
    row = system.cloud.item(StackOutput.COMMANDS_TABLE, key) or {}
    return row.get("ack") if row.get("issuedTs") else None
