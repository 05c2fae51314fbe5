"""Faults of the cloud's ingestion: the functions' real code, an account in the process (moto).

moto keeps tables and has no queue that starts functions. So `TestInlet` stands for what AWS does between
rule and function: at-least-once delivery in batches, partial failures, and after as many receives as the
stack's queues allow a dead letter with the raw body. That it is wired so in the stack is shown by
``tests/infrastructure`` and ``tests/e2e``.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import random
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

from moto import mock_aws
from moto.moto_api._internal.models import moto_api_backend

from contracts.store.dead_letters import RECEIVES
from contracts.wire import codec
from contracts.wire.ids import VenId
from contracts.wire.telemetry import Telemetry
from contracts.wire.topics import Topics
from harness.faults.oracle import MessageId, ProducerJournal, judge
from harness.faults.outcome import FaultOutcome
from lambdas.shared import clients, clock
from lambdas.shared.invocation import logger
from lambdas.store_telemetry.handler import handler
from ven_twin.testing.function_account import ENVIRONMENT
from ven_twin.testing.function_world import NOW, Context, World

BATCH = 10
BOOT = "b1"
VEN = VenId("ven-1")


class Killed(BaseException):
    """The function's process ends here: nothing after this line runs, and there is no answer."""


@dataclass
class TestInlet:
    """A queue before a function, with a dead-letter queue behind it. Source: SQS event source mappings."""

    rng: random.Random
    duplicates: float = 0.0
    waiting: deque[tuple[str, str]] = field(default_factory=deque)
    receives: Counter[str] = field(default_factory=Counter)
    dead: list[str] = field(default_factory=list)
    invocations: int = 0
    kills: int = 0
    deliveries: int = 0

    def send(self, message_id: str, body: str) -> None:
        """A message from the topic rule; sometimes SQS delivers it twice."""
        for _ in range(2 if self.rng.random() < self.duplicates else 1):
            self.waiting.append((message_id, body))

    def drain(self) -> None:
        """Start the function until nothing waits."""
        while self.waiting:
            batch = [self.waiting.popleft() for _ in range(min(BATCH, len(self.waiting)))]
            records = [
                {"messageId": f"{message_id}/{n}", "body": body, "eventSource": "aws:sqs", "attributes": {}}
                for n, (message_id, body) in enumerate(batch)
            ]
            self.deliveries += len(batch)
            self.invocations += 1
            try:
                answer = handler({"Records": records}, Context())
                failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
            except Killed:
                self.kills += 1
                failed = {record["messageId"] for record in records}
            except Exception:  # noqa: BLE001 - a function that raises has done nothing, for all SQS knows
                failed = {record["messageId"] for record in records}
            for record, (message_id, body) in zip(records, batch, strict=True):
                if record["messageId"] in failed:
                    self._again(message_id, body)

    def _again(self, message_id: str, body: str) -> None:
        self.receives[message_id] += 1
        if self.receives[message_id] >= RECEIVES:
            self.dead.append(body)
        else:
            self.waiting.insert(self.rng.randrange(len(self.waiting) + 1), (message_id, body))


@dataclass
class TestTables:
    """DynamoDB, with a fault in its calls: throttled in part or whole, or the caller's end."""

    rng: random.Random
    partly: float = 0.0
    wholly: float = 0.0
    deadly: float = 0.0
    calm: bool = False

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Have the functions meet this."""
        dynamodb = clients.dynamodb()
        real_batch, real_update = dynamodb.batch_write_item, dynamodb.update_item

        def batch_write(**call: Any) -> Any:
            self._strike("BatchWriteItem")
            ((table, requests),) = call["RequestItems"].items()
            left = [one for one in requests if not self.calm and self.rng.random() < self.partly]
            done = [one for one in requests if one not in left]
            if done:
                real_batch(RequestItems={table: done})
            self._die()
            return {"UnprocessedItems": {table: left} if left else {}}

        def update(**call: Any) -> Any:
            self._strike("UpdateItem")
            answer = real_update(**call)
            self._die()
            return answer

        with (
            patch.object(dynamodb, "batch_write_item", batch_write),
            patch.object(dynamodb, "update_item", update),
        ):
            yield

    def _strike(self, operation: str) -> None:
        self._die()
        if not self.calm and self.rng.random() < self.wholly:
            code = "ProvisionedThroughputExceededException"
            error = clients.dynamodb().exceptions.ProvisionedThroughputExceededException
            raise error({"Error": {"Code": code}}, operation)

    def _die(self) -> None:
        if not self.calm and self.rng.random() < self.deadly:
            raise Killed


def row(seq: int) -> bytes:
    """A telemetry payload."""
    return codec.encode(
        Telemetry(
            ven_id=VEN,
            timestamp=int(NOW) + seq,
            boot_id=BOOT,
            seq=seq,
            used_power_kw=2.0,
            shed_power_kw=0.0,
            baseline_power_kw=2.0,
        )
    )


POISON = (
    b"",
    b"{broken",
    b"\xff\x00\xfe",
    b"[]",
    b'{"seq": 1}',
    b"x" * (128 * 1024),
    b'{"venId":"another"}',
    b'{"venId":"ven-1","seq":1e400}',
)
"""Malformed and oversize payloads; each has to be a dead letter with the very bytes."""


@dataclass(frozen=True, slots=True)
class CloudFault:
    """One fault of the cloud's."""

    name: str
    duplicates: float = 0.0
    partly: float = 0.0
    wholly: float = 0.0
    deadly: float = 0.0
    poison: bool = False


CLOUD_SCENARIOS: tuple[CloudFault, ...] = (
    CloudFault("cloud: duplicates from SQS", duplicates=0.3),
    CloudFault("cloud: DynamoDB leaves items unprocessed", partly=0.3),
    CloudFault("cloud: DynamoDB throttles whole calls", wholly=0.3),
    CloudFault("cloud: function killed halfway", deadly=0.05),
    CloudFault("cloud: malformed and oversize payloads", poison=True),
    CloudFault("cloud: everything at once", 0.2, 0.2, 0.1, 0.02, poison=True),
)


def run_cloud(fault: CloudFault, seed: int, messages: int) -> FaultOutcome:
    """Put *messages* through the function under *fault*, and judge what is in the table and among the dead.

    What is dead after three tries is redriven once the fault is over, as an operator does; poison stays dead.
    """
    began_s, rng = time.monotonic(), random.Random(f"{fault.name}{seed}")
    poisons = [rng.choice(POISON) for _ in range(messages // 20)] if fault.poison else []
    inlet = TestInlet(rng, fault.duplicates)
    tables = TestTables(rng, fault.partly, fault.wholly, fault.deadly)
    with account() as world:
        sent = [(f"m{seq}", envelope(row(seq))) for seq in range(messages)]
        sent += [(f"p{n}", envelope(raw)) for n, raw in enumerate(poisons)]
        rng.shuffle(sent)
        for message_id, body in sent:
            inlet.send(message_id, body)
        with tables.in_place():
            inlet.drain()
            tables.calm = True
            dead, inlet.dead = inlet.dead, []
            for number, body in enumerate(dead):
                inlet.waiting.append((f"redriven-{number}", body))
            inlet.drain()
        stored = [(BOOT, int(item["seq"])) for item in world.telemetry.query(VEN, ("0", "9"), ["seq"])]
    everything: frozenset[MessageId] = frozenset((BOOT, seq) for seq in range(messages))
    verdict = judge(ProducerJournal(everything, everything), stored, [], 0)
    remain = {base64.b64decode(json.loads(body)["payload"]) for body in inlet.dead}
    problem = None if remain == set(poisons) else "the dead letters are not the poison, byte for byte"
    if verdict.duplicates:
        problem = "a row is in the table twice"
    verdict = replace(verdict, dead_lettered=len(poisons), accepted=messages + len(poisons))
    verdict = replace(verdict, duplicates=inlet.deliveries - messages - len(poisons))
    note = f"moto; {inlet.invocations} starts, {inlet.kills} killed, {len(dead)} redriven"
    return FaultOutcome(fault.name, seed, verdict, 0, time.monotonic() - began_s, problem, note)


@contextmanager
def account() -> Iterator[World]:
    """An account with the functions' tables, and their settings in the environment."""
    quiet = {"POWERTOOLS_METRICS_DISABLED": "true", "POWERTOOLS_METRICS_NAMESPACE": "VenTwin"}
    with (
        patch.dict(os.environ, ENVIRONMENT | quiet),
        mock_aws(),
        patch.object(clock, "pause", lambda _: None),
    ):
        level = logger.log_level
        logger.setLevel(logging.CRITICAL)
        for client in (clients.dynamodb, clients.iot, clients.scheduler):
            client.cache_clear()
        moto_api_backend.reset()  # a test session may have an account of its own
        try:
            world = World()
            world.add_ven(VEN)
            yield world
        finally:
            logger.setLevel(level)  # the functions' tests share it
            for client in (clients.dynamodb, clients.iot, clients.scheduler):
                client.cache_clear()


def envelope(payload: bytes) -> str:
    """A body as the topic rule writes it."""
    topic = Topics(VEN).telemetry
    message = {
        "payload": base64.b64encode(payload).decode(),
        "topic": topic,
        "receivedMs": int(NOW * 1000),
        "clientId": VEN,
    }
    return json.dumps(message)


__all__ = ["CLOUD_SCENARIOS", "run_cloud"]
