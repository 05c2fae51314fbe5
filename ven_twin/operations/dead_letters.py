"""The stack's dead letters: looked at in place, and sent on to where they failed."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from contracts.errors import FieldError, WireError
from contracts.store.dead_letters import DeadLetter, plan_redrive, read_letter, read_queues
from contracts.store.stack import StackOutput
from ven_twin.operations.aggregator.cloud import Cloud
from ven_twin.operations.aggregator.cloud_errors import explained

COUNTED = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
"""Attributes of a queue that count its letters: those in sight, and those that somebody looks at."""
PEEK_S = 30
"""For how long a letter that is looked at is hidden from others; it is shown again right after."""
BATCH = 10
"""Source: SQS, ReceiveMessage."""


class SqsMessage(TypedDict):
    """A message as SQS hands it out."""

    MessageId: str
    ReceiptHandle: str
    Body: str
    Attributes: Mapping[str, str]
    MessageAttributes: NotRequired[Mapping[str, Mapping[str, str]]]


class SqsAnswer(TypedDict):
    """The answer of a call to SQS: messages of a receipt, attributes of a queue."""

    Messages: NotRequired[list[SqsMessage]]
    Attributes: NotRequired[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class QueuedDeadLetter:
    """One letter where it lies.

    Attributes:
        queue: the dead letters' name.
        message_id: SQS's id of it.
        sent_ts: when it came into the queue that failed to handle it, UTC s.
        body: as it lies there.
        attributes: its message attributes.
        letter: what it is about.
    """

    queue: str
    message_id: str
    sent_ts: float
    body: str
    attributes: Mapping[str, str]
    letter: DeadLetter


class DeadLetters:
    """Every queue of dead letters of a stack. Methods raise CloudError as `Cloud` does."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._urls = read_queues(cloud.output(StackOutput.DEAD_LETTERS))
        self._inlets = read_queues(cloud.output(StackOutput.INLETS))

    def names(self, only: str | None = None) -> tuple[str, ...]:
        """The queues' names, or *only* that one. Raises FieldError when there is none of that name."""
        if only is not None and only not in self._urls:
            raise FieldError("--queue", f"{only!r} is none of {', '.join(sorted(self._urls))}")
        return (only,) if only else tuple(self._urls)

    def count(self) -> dict[str, int]:
        """Count the letters of each queue, by one call each. Source: SQS counts them to within a minute."""
        return {queue: self._count(queue) for queue in self._urls}

    def look(self, queue: str) -> list[QueuedDeadLetter]:
        """Every letter of *queue*, oldest first; all of them stay."""
        letters = list(self._receive(queue))
        for _, handle in letters:
            self._show(queue, handle)
        return sorted((letter for letter, _ in letters), key=lambda letter: letter.sent_ts)

    def redrive(self, queue: str, ids: Collection[str] = ()) -> tuple[list[QueuedDeadLetter], dict[str, str]]:
        """Send the letters of *queue* (or only *ids*) to where they failed, then delete them here.

        Whoever gets them takes a repeat for what it is, so being cut short in between does no harm.

        Returns:
            The letters that went, and why others could not, by message id.
        """
        gone, left = [], {}
        for letter, handle in list(self._receive(queue)):  # all hidden first, so that none comes twice
            if ids and letter.message_id not in ids:
                self._show(queue, handle)
                continue
            try:
                self._send(letter)
            except (WireError, KeyError, ValueError) as error:
                left[letter.message_id] = str(error)
                self._show(queue, handle)
            else:
                self._sqs("delete_message", queue, ReceiptHandle=handle)
                gone.append(letter)
        return gone, left

    def _send(self, dead: QueuedDeadLetter) -> None:
        redrive = plan_redrive(dead.queue, dead.body, dead.attributes, int(dead.sent_ts * 1000))
        with explained():
            if redrive.function is not None:
                self._cloud.client("lambda").invoke(
                    FunctionName=redrive.function, InvocationType="Event", Payload=redrive.body.encode()
                )
            elif redrive.inlet is not None:
                url = self._inlets[redrive.inlet]
                self._cloud.client("sqs").send_message(QueueUrl=url, MessageBody=redrive.body)

    def _receive(self, queue: str) -> Iterator[tuple[QueuedDeadLetter, str]]:
        """Every letter once, each hidden until it is shown again or deleted."""
        begun, seen = time.monotonic(), set[str]()
        while time.monotonic() - begun < PEEK_S:
            answer = self._sqs(
                "receive_message",
                queue,
                MaxNumberOfMessages=BATCH,
                VisibilityTimeout=PEEK_S,
                WaitTimeSeconds=1,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["SentTimestamp"],
            )
            messages = [one for one in answer.get("Messages", []) if one["MessageId"] not in seen]
            if not messages:
                return
            for message in messages:
                seen.add(message["MessageId"])
                yield _dead_letter(queue, message), message["ReceiptHandle"]

    def _count(self, queue: str) -> int:
        answer = self._sqs("get_queue_attributes", queue, AttributeNames=list(COUNTED))
        return sum(int(answer.get("Attributes", {}).get(name, 0)) for name in COUNTED)

    def _show(self, queue: str, handle: str) -> None:
        self._sqs("change_message_visibility", queue, ReceiptHandle=handle, VisibilityTimeout=0)

    def _sqs(self, operation: str, queue: str, **arguments: object) -> SqsAnswer:
        with explained():
            call = getattr(self._cloud.client("sqs"), operation)
            answer: SqsAnswer = call(QueueUrl=self._urls[queue], **arguments)
            return answer


def _dead_letter(queue: str, message: SqsMessage) -> QueuedDeadLetter:
    attributes = message.get("MessageAttributes", {})
    return QueuedDeadLetter(
        queue=queue,
        message_id=message["MessageId"],
        sent_ts=int(message["Attributes"]["SentTimestamp"]) / 1000,
        body=message["Body"],
        attributes={name: value.get("StringValue", "") for name, value in attributes.items()},
        letter=read_letter(queue, message["Body"]),
    )
