"""Batches that fill: messages sent into the telemetry queue at set rates, and how many an invocation took.

The law of `ven_twin.operations.bill.batches` is held against it, with the time that invocations took here.
The emulator has five pollers, too.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from contracts.store.dead_letters import DeadLetterSource, read_queues
from contracts.store.stack import StackOutput
from harness.functions.loads.messages import house_row
from harness.prices.compared import Filling

if TYPE_CHECKING:
    from harness.prices.counting import MeteredSystem

RATES = (5, 40, 80)
"""Messages a second."""
LIFE_S = 12.0
QUEUE = "TelemetryInlet"


def fillings(system: MeteredSystem) -> tuple[Filling, ...]:
    """Batches at each of `RATES`, one after the other."""
    return tuple(_filling(system, rate) for rate in RATES)


def _filling(system: MeteredSystem, per_s: float) -> Filling:
    url = read_queues(system.cloud.output(StackOutput.INLETS))[DeadLetterSource.TELEMETRY]
    client, body = system.cloud.client("sqs"), house_row(system.vens[0])
    before, begun_s = system.counts(), time.monotonic()
    sent = 0
    while (passed_s := time.monotonic() - begun_s) < LIFE_S:
        if sent < passed_s * per_s:
            client.send_message(QueueUrl=url, MessageBody=body)
            sent += 1
        else:
            time.sleep(0.002)
    after = system.counts()
    received, batches, took_ms, starts = (
        after.get(name, 0.0) - before.get(name, 0.0)
        for name in (
            f"sqs.messages.{QUEUE}",
            f"sqs.receive.{QUEUE}",
            "ms.store_telemetry",
            "start.store_telemetry",
        )
    )
    return Filling(
        per_s=round(received / LIFE_S, 1),
        run_s=round(took_ms / starts / 1000, 4),
        size=round(received / batches, 2),
    )
