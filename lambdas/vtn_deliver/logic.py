"""Deliveries and the callbacks that they go to. Pure.

    callback    answers 2xx        fails                    fails at the last attempt
    sound       delivered          again, after a pause     dead letter, and the callback is broken
    broken      delivered, sound   dropped                  dropped
                                   and so is all that comes within `REST_S` of the last attempt

A broken callback gets one attempt a minute at the most, so that it costs little and slows nobody. The next
one that comes through mends it, and so does a PUT of its subscription, which checks it by echo.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from contracts.openadr.objects import OadrSubscription, ObjectOperation, ObjectOperations, ObjectType
from contracts.store.vtn_changes import CallbackDelivery

REST_S = 60.0
"""Between two attempts at a broken callback."""
PAUSE_FACTOR = 2
PAUSE_MAX_S = 6 * 3600
"""A message can be out of sight for twelve hours. Source: SQS, visibility timeout."""


class DeliveryOutcome(StrEnum):
    """The end of an attempt at a delivery."""

    DELIVERED = "delivered"
    RETRIED = "retried"
    ABANDONED = "abandoned"
    DROPPED = "dropped"
    """The callback is broken."""
    WITHDRAWN = "withdrawn"
    """Nobody wants it any more: the subscription or its client is gone, or another."""

    @property
    def is_failure(self) -> bool:
        """True where the queue keeps the message: to be tried again, or as a dead letter."""
        return self in {DeliveryOutcome.RETRIED, DeliveryOutcome.ABANDONED}


class NotifiedOf(msgspec.Struct, frozen=True, rename="camel"):
    """As much of a notification as says who asks for it."""

    object_type: ObjectType
    operation: ObjectOperation


@dataclass(frozen=True, slots=True)
class StoredCallbacks:
    """A subscription as it is now. *broken_ts* has, by place, the last attempt at each broken callback."""

    subscription: OadrSubscription
    broken_ts: dict[str, float]

    def callback(self, delivery: CallbackDelivery) -> ObjectOperations | None:
        """The callback that *delivery* goes to; None when it asks for it no more."""
        operations = self.subscription.object_operations
        if self.subscription.client_id != delivery.client_id or delivery.place >= len(operations):
            return None
        callback, of = operations[delivery.place], _notified_of.decode(delivery.body)
        wants = of.operation in callback.operations and of.object_type in callback.objects
        return callback if wants else None

    def broken_since(self, delivery: CallbackDelivery) -> float | None:
        """The last attempt at the delivery's callback, if that is broken, UTC s."""
        return self.broken_ts.get(broken_attribute(delivery.place))


_notified_of = msgspec.json.Decoder(NotifiedOf)


def broken_attribute(place: int) -> str:
    """The attribute of a subscription's item that marks the callback at *place* as broken."""
    return f"broken{place}"


def rests(broken_ts: float | None, now: float) -> bool:
    """True of a broken callback that is not to be tried yet."""
    return broken_ts is not None and now - broken_ts < REST_S


def pause_s(receives: int, first_s: int) -> int:
    """The pause after a message has been received so often."""
    pause = first_s
    for _ in range(1, receives):
        pause = min(pause * PAUSE_FACTOR, PAUSE_MAX_S)
    return pause
