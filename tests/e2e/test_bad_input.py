"""Bad input at every door: a clear answer that names the field, and nothing else changes."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from contracts.store.dead_letters import read_queues
from contracts.store.stack import StackOutput
from tests.e2e.conftest import until

if TYPE_CHECKING:
    from tests.e2e.conftest import System


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["event", "create", "--shed-kw", "-1", "--duration", "10s"], "--shed-kw"),
        (["event", "create", "--shed-kw", "nan", "--duration", "10s"], "--shed-kw"),
        (["event", "create", "--shed-kw", "1e9", "--duration", "10s"], "--shed-kw"),
        (["event", "create", "--duration", "10s"], "--shed-kw"),
        (["event", "create", "--shed-kw", "1", "--duration", "soon"], "--duration"),
        (["event", "create", "--shed-kw", "1", "--duration", "10s", "--start", "noon"], "--start"),
        (["event", "create", "--shed-kw", "1", "--duration", "10s", "--target", "nobody"], "--target"),
        (
            ["event", "create", "--shed-kw", "1", "--duration", "10s", "--start", "2001-01-01T00:00Z"],
            "--start",
        ),
        (["event", "cancel", "nothing"], "EVENT"),
        (["event", "show", "nothing"], "nothing"),
        (["event", "report", "nothing"], "EVENT"),
        (["cmd", "nobody", "--op", "ping"], "VEN"),
        (["cmd", "a/b", "--op", "ping"], "VEN"),
        (["cmd", "ven-1", "--op", "explode"], "--op"),
        (["cmd", "ven-1", "--op", "ping", "--data", "{"], "--data"),
        (
            ["cmd", "ven-1", "--op", "shedPanel", "--data", '{"durationS": 5}'],
            "requestedReductionKw",
        ),
        (["run", "ven-1", "--house-speed", "0"], "house-speed"),
        (["run", "ven-1", "--house", "nowhere"], "--house"),
        (["run", "nobody"], "nobody"),
        (["certs", "fetch", "nobody"], "nobody"),
        (["event", "list", "--stage", "moon"], "--stage"),
    ],
)
def test_a_mistake_at_the_command_line_is_one_line_that_names_it(
    system: System, arguments: list[str], named: str
) -> None:
    """No traceback, an exit code, and the field in the message."""
    done = system.cli(*arguments)
    assert done.returncode != 0
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_ven_that_does_not_answer_is_said_to(system: System) -> None:
    """A command whose ack does not come ends non-zero and says how to start the VEN."""
    done = system.cli("cmd", "ven-2", "--op", "ping", "--timeout", "1")
    assert done.returncode == 1
    assert "no ack from ven-2" in done.stderr


def _command(op: str, correlation_id: str, **data: object) -> bytes:
    return json.dumps({"op": op, "correlationId": correlation_id, "data": data}).encode()


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (b"{not json", "payload"),
        (b"[]", "payload"),
        (_command("explode", "x1"), "op"),
        (_command("shedLoad", "x2", reduceKw=1), "data.durationS"),
        (_command("setLoad", "x3", loadId="moon1", enabled=True), "data.loadId"),
        (_command("set", "x4", report_interval_seconds=-5), "data.report_interval_seconds"),
        (b"{" + b" " * 100_000 + b"}", "op"),
    ],
)
def test_a_bad_command_on_the_topic_is_acked_with_its_field(
    system: System, payload: bytes, field: str
) -> None:
    """What the VEN cannot do it refuses by an ack that names the field, and its settings stay."""
    before = system.reported("ven-1")["report_interval_seconds"]
    since = time.time()
    system.cloud.client("iot-data").publish(topic="ven/cmd/ven-1", qos=1, payload=payload)
    ack = until(lambda: _refusal_since(system, since), "the ack")
    assert ack["ok"] is False
    assert ack["field"] == field
    assert system.reported("ven-1")["report_interval_seconds"] == before


def test_each_desired_value_is_judged_alone(system: System) -> None:
    """A bad value is refused under shadow_errors, a good one beside it is applied."""
    system.desire(
        "ven-1", {"report_interval_seconds": 0, "loads": {"lights1": {"priority": 7}}, "nonsense": 1}
    )
    errors = until(lambda: system.reported("ven-1").get("shadow_errors"), "the refusal")
    assert {"report_interval_seconds", "nonsense"} <= errors.keys()
    until(lambda: system.reported("ven-1").get("loads", {}).get("lights1") == {"priority": 7}, "the good one")
    assert system.reported("ven-1")["report_interval_seconds"] == 1
    system.desire("ven-1", {"report_interval_seconds": None, "loads": None, "nonsense": None})
    until(lambda: "shadow_errors" not in system.reported("ven-1"), "the all-clear")


@pytest.fixture
def _tried_again_soon(system: System) -> Iterator[None]:
    """The inlet of telemetry tries a message again after two seconds, as often as before.

    Seen twice, a message that can be read writes the same row twice: the twin beside the test loses nothing.
    """
    url = read_queues(system.cloud.output(StackOutput.INLETS))["telemetry"]
    sqs, name = system.cloud.client("sqs"), "VisibilityTimeout"
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: "2"})
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


@pytest.fixture
def _no_letters_left(system: System) -> Iterator[None]:
    """The dead letters of a test are gone when it ends: other tests look into the queue too."""
    yield
    urls = read_queues(system.cloud.output(StackOutput.DEAD_LETTERS))
    system.cloud.client("sqs").purge_queue(QueueUrl=urls["telemetry"])


@pytest.mark.usefixtures("_no_letters_left", "_tried_again_soon")
def test_bad_telemetry_is_a_dead_letter_with_its_bytes(system: System) -> None:
    """What cannot be read is kept, bytes untouched, with what is wrong; redriven, it comes back."""
    payloads = [b"\xff\x00 not json", b'{"timestamp": "yesterday"}', b'{"usedPowerKw": NaN}']
    for payload in payloads:
        system.cloud.client("iot-data").publish(topic="ven/telemetry/ven-1", qos=1, payload=payload)
    wanted = {base64.b64encode(payload).decode() for payload in payloads}

    def letters() -> dict[str, dict[str, Any]]:
        listed = system.json("dlq", "list", "--queue", "telemetry")
        return {letter["raw"]: letter for letter in listed if letter["raw"] in wanted}

    until(lambda: letters().keys() == wanted, "the dead letters")
    first = letters()[base64.b64encode(payloads[1]).decode()]
    assert (first["about"], first["text"]) == ("ven/telemetry/ven-1", '{"timestamp": "yesterday"}')
    assert "timestamp" in first["why"]
    answer = system.json("dlq", "redrive", "--queue", "telemetry", "--id", first["id"])
    assert answer == {"redriven": [first["id"]], "kept": {}}
    assert len(letters()) == len(payloads) - 1
    until(lambda: letters().keys() == wanted, "the letter that failed again")


def _refusal_since(system: System, since_ts: float) -> dict[str, Any] | None:
    """The refusal by ven-1 that was recorded after a time."""
    rows = system.cloud.items(StackOutput.COMMANDS_TABLE)
    found = (row["ack"] for row in rows if row.get("ackReceivedTs", 0) > since_ts and not row["ack"]["ok"])
    return next(found, None)
