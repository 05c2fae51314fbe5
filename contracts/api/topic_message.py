"""A notification as it is published to the stage's topic. Pure."""

from __future__ import annotations

from typing import Any, TypedDict

from contracts.wire import codec
from contracts.wire.notifications import SUBJECT_MAX_CHARACTERS, Notification
from contracts.wire.plain_text import plain_line

NO_TOPIC = "off"
"""In place of a topic's ARN, where a stage notifies nobody."""
MACHINES = ("http", "https", "sqs", "lambda")
"""Protocols that get the notification as JSON; all others get its sentence. Source: Amazon SNS, Publish."""
KIND, PROGRAM, EVENT = "kind", "programId", "eventId"
"""The attributes that subscribers filter by."""


class TopicMessage(TypedDict):
    """The arguments of a publish, beside the topic."""

    Subject: str
    Message: str
    MessageStructure: str
    MessageAttributes: dict[str, Any]


def topic_message(notification: Notification, program: str | None = None) -> TopicMessage:
    """The message of *notification*: a sentence for people, JSON for machines, attributes for filters.

    *program* stands for its program in the attribute.
    """
    body = codec.encode(notification).decode()
    values = {
        KIND: notification.kind.value,
        PROGRAM: program or notification.program,
        EVENT: notification.event_id,
    }
    text = plain_line(notification.text)
    subject = text if len(text) <= SUBJECT_MAX_CHARACTERS else f"{text[: SUBJECT_MAX_CHARACTERS - 1]}…"
    return {
        "Subject": subject,
        "Message": codec.encode({"default": text, **dict.fromkeys(MACHINES, body)}).decode(),
        "MessageStructure": "json",
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in values.items() if value
        },
    }
