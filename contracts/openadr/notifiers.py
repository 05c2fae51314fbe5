"""The notifiers of a VTN, and names of MQTT topics.

    oadr/programs/create              a program that is new
    oadr/programs/<id>/update         that program has changed
    oadr/programs/<id>/events/+       whatever happens to its events
    oadr/vens/<id>/events/create      an event that this VEN may see, in its own copy

Source: the official document. Names of topics are the VTN's to choose.
"""

from __future__ import annotations

from typing import Literal

import msgspec

TOPIC_ROOT = "oadr"


class MqttAuthentication(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Authentication at the broker: none, or a client's token as the password of *username*."""

    method: Literal["ANONYMOUS", "OAUTH2_BEARER_TOKEN"]
    username: str | None = None


class MqttBinding(msgspec.Struct, frozen=True, kw_only=True):
    """The broker, and how to connect to it."""

    uris: tuple[str, ...] = msgspec.field(name="URIS")
    serialization: Literal["JSON"] = "JSON"
    authentication: MqttAuthentication


class Notifiers(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ways to be told of changes; `MQTT` only where there is a broker."""

    webhook: bool = msgspec.field(name="WEBHOOK")
    mqtt: MqttBinding | None = msgspec.field(name="MQTT", default=None)


class OperationTopics(msgspec.Struct, frozen=True, kw_only=True, rename="upper", omit_defaults=True):
    """A topic for each operation, and the filter of all. One object has no topic of its creation."""

    create: str | None = None
    update: str
    delete: str
    all: str


class NotifierTopics(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a topics operation."""

    topics: OperationTopics


def topic_root(stage: str) -> str:
    """The first levels of a stage's topics: the stages of an account have one broker."""
    return f"{TOPIC_ROOT}/{stage}"


def topics_below(*names: str, of_one: bool, root: str = TOPIC_ROOT) -> NotifierTopics:
    """The topics below *names*; *of_one* object, or of a collection."""
    path = "/".join((root, *names))
    return NotifierTopics(
        topics=OperationTopics(
            create=None if of_one else f"{path}/create",
            update=f"{path}/update",
            delete=f"{path}/delete",
            all=f"{path}/+",
        )
    )
