"""Subscriptions as far as they say what their clients are told of. Pure.

Addresses and tokens of callbacks are read when they are called. A client renews its subscription by a PUT
that changes nothing of what stands here.
"""

from __future__ import annotations

import msgspec

from contracts.openadr.ids import ClientId, ObjectId, spelling
from contracts.openadr.objects import ObjectOperation, ObjectType
from contracts.openadr.values import Targets


class SubscribedChanges(msgspec.Struct, frozen=True, rename=spelling):
    """The changes that one callback is for."""

    objects: tuple[ObjectType, ...]
    operations: tuple[ObjectOperation, ...]


class Subscriber(msgspec.Struct, frozen=True, rename=spelling, kw_only=True):
    """A subscription; the places of *object_operations* are those of its callbacks."""

    id: ObjectId
    client_id: ClientId
    program_id: ObjectId | None = None
    targets: Targets | None = None
    object_operations: tuple[SubscribedChanges, ...] = ()


read_subscriber = msgspec.json.Decoder(Subscriber).decode
"""Reads the JSON of a subscription."""
