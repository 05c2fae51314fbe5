"""Messages into a queue of SQS, in as few calls as possible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lambdas.shared import clients, parallel

BATCH_MAX = 10
BATCH_MAX_BYTES = 1_000_000
"""Source: SQS quotas, 10 messages and 1 MiB a batch."""


@dataclass(frozen=True, slots=True)
class MessageQueue:
    """The queue at *url*."""

    url: str

    def send(self, bodies: Sequence[str]) -> None:
        """Send each body as one message, in their order. Errors of AWS pass through."""
        for batch in _batches(bodies):
            self._send_batch(batch)

    def send_at_once(self, bodies: Sequence[str]) -> None:
        """The same, several calls at a time, in no order. What can be sent is sent before an error passes."""
        parallel.over(list(_batches(bodies)), self._send_batch)

    def _send_batch(self, batch: Sequence[str]) -> None:
        entries = [{"Id": str(place), "MessageBody": body} for place, body in enumerate(batch)]
        answer = clients.sqs().send_message_batch(QueueUrl=self.url, Entries=entries)  # type: ignore[arg-type]
        for failed in answer.get("Failed", ()):
            clients.sqs().send_message(QueueUrl=self.url, MessageBody=batch[int(failed["Id"])])


def _batches(bodies: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for body in bodies:
        length = len(body.encode())
        if batch and (len(batch) == BATCH_MAX or size + length > BATCH_MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += length
    if batch:
        yield batch
