"""The number of messages that an invocation has. Pure.

A queue's messages come at λ a second. `POLLERS` pollers take up to `BATCH_SIZE` each time and run the
function, which takes t(B) = t₀ + t₁·B. While one runs, a share of what comes waits for it:

    B = λ·(w + t(B)) / P   ⟹   B = λ·(w + t₀) / (P − λ·t₁),   from 1 to `BATCH_SIZE`

with w the batching window, some seconds for telemetry. So with few VENs each message is an invocation;
batches begin to fill where all pollers are busy, and are full from where P pollers cannot do more.

Source: AWS Lambda, using Lambda with SQS (five pollers at first; more while messages wait). Interpretation:
pollers are added only where batches are full already, so that they stay full; what a VEN sends at one
instant is taken apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from ven_twin.operations.bill.measured import BatchTime

POLLERS, BATCH_SIZE = 5, 10


@dataclass(frozen=True, slots=True)
class Batches:
    """The invocations that a queue's messages make.

    Attributes:
        messages: of the month.
        size: messages an invocation, on average.
        gb_s: GB-seconds of the month.
        sandboxes: that are busy at once, one at least.
    """

    messages: float
    size: float
    gb_s: float
    sandboxes: int

    @property
    def invocations(self) -> float:
        """Invocations of the month."""
        return self.messages / self.size


def batches(
    messages: float, seconds: float, time: BatchTime, *, window_s: float = 0.0, pollers: int = POLLERS
) -> Batches:
    """The batches of so many *messages* in *seconds*, for a function of *time*."""
    per_s = messages / seconds
    free = pollers - per_s * time.message_s
    size = per_s * (window_s + time.fixed_s) / free if free > 0 else BATCH_SIZE
    size = min(float(BATCH_SIZE), max(1.0, size))
    run_s = time.fixed_s + size * time.message_s
    busy = per_s / size * run_s
    return Batches(messages, size, messages / size * run_s * time.memory_mb / 1024, max(1, ceil(busy)))
