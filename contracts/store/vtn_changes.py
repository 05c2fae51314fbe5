"""Changes of the VTN's objects on their way to whoever has subscribed to them.

    vtn ──VtnChange──▶ queue ──▶ vtn_notify ──CallbackDelivery──▶ queue ──▶ vtn_deliver ──▶ callback

A delivery has no address and no token in it: both are read from the subscription when it is delivered, so
that one that was changed or deleted meanwhile counts as it is then.
"""

from __future__ import annotations

import msgspec

from contracts.openadr.ids import ClientId, ObjectId
from contracts.openadr.objects import OadrObject, ObjectOperation


class VtnChange(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    """A change that has been written.

    Attributes:
        operation: what was done.
        object: as it is after it; one that was deleted as it was.
        program_id: the program of the object: its own id, its program's, or a report's event's; or None.
        is_total: true of an event whose values are the fleet's total, which no VEN is told of.
    """

    operation: ObjectOperation
    object: OadrObject
    program_id: ObjectId | None = None
    is_total: bool = False


class CallbackDelivery(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A notification to one callback.

    Attributes:
        client_id: whose subscription it is.
        subscription_id: the subscription.
        place: the callback's place among the subscription's.
        body: the notification, as it is posted. It stands as JSON in JSON, not as text.
    """

    client_id: ClientId
    subscription_id: ObjectId
    place: int
    body: msgspec.Raw
