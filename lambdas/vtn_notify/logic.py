"""The clients that are told of a change, and the copy of it for each. Pure.

    change ─▶ operation and type asked for? ─▶ its program? ─▶ its targets? ─▶ may the client see it?
                                                                                   │ yes
                                                             its own cut copy ◀────┘

A client is told what it could read: a VEN its own objects, and programs and events by its granted targets,
cut to them; the business logic everything. Nobody is told a bearer token, which is its callback's alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from contracts.openadr.objects import (
    OadrEvent,
    OadrNotification,
    OadrObject,
    OadrProgram,
    OadrReport,
    OadrResource,
    OadrSubscription,
    OadrVen,
    ObjectType,
)
from contracts.openadr.scopes import Scope
from contracts.openadr.values import Targets
from contracts.store.vtn_changes import CallbackDelivery, VtnChange
from contracts.wire import codec
from lambdas.shared.object_privacy import VtnCaller, without_tokens
from lambdas.shared.subscribers import SubscribedChanges, Subscriber

_TYPES: dict[type[OadrObject], ObjectType] = {
    OadrProgram: "PROGRAM",
    OadrEvent: "EVENT",
    OadrReport: "REPORT",
    OadrSubscription: "SUBSCRIPTION",
    OadrVen: "VEN",
    OadrResource: "RESOURCE",
}


def object_type(changed: OadrObject) -> ObjectType:
    """The type of an object, as a notification names it."""
    return _TYPES[type(changed)]


def concerns(subscription: Subscriber, change: VtnChange) -> bool:
    """True of a subscription that asks for the change, if its client may see it.

    Interpretation: one that names a program is told of that program, its events and their reports alone; one
    that names targets is told of objects with one of them.
    """
    if not any(_asks(record, change) for record in subscription.object_operations):
        return False
    if subscription.program_id is not None and subscription.program_id != change.program_id:
        return False
    return _is_targeted(subscription, change.object)


def needs_grants(change: VtnChange) -> bool:
    """True of a change whose sight depends on what a VEN is granted."""
    return isinstance(change.object, OadrProgram | OadrEvent) and bool(change.object.targets)


def copy_for(caller: VtnCaller, change: VtnChange) -> OadrObject | None:
    """The changed object as *caller* may see it, or None."""
    changed, scopes = change.object, caller.client.scopes
    if isinstance(changed, OadrSubscription):
        changed = without_tokens(changed)
    if caller.is_bl:
        return changed if Scope.READ_ALL in scopes else None
    if not isinstance(changed, OadrProgram | OadrEvent):
        owns = changed.client_id == caller.client.client_id
        return changed if owns and Scope.READ_VEN_OBJECTS in scopes else None
    if change.is_total or Scope.READ_TARGETS not in scopes or not caller.sees(changed.targets):
        return None
    return msgspec.structs.replace(changed, targets=caller.cut(changed.targets))


def deliveries(subscription: Subscriber, change: VtnChange, copy: OadrObject) -> Iterator[CallbackDelivery]:
    """One delivery for each callback of *subscription* that asks for *change*, of the client's own *copy*.

    None where the client may not see the targets that the subscription names.
    """
    if not _is_targeted(subscription, copy):
        return
    body = msgspec.Raw(notification(change, copy))
    for place, record in enumerate(subscription.object_operations):
        if _asks(record, change):
            yield CallbackDelivery(
                client_id=subscription.client_id, subscription_id=subscription.id, place=place, body=body
            )


def notification(change: VtnChange, copy: OadrObject) -> bytes:
    """The notification of *change* with a client's own *copy* of the object, as JSON."""
    return codec.encode(
        OadrNotification(
            object_type=object_type(copy),
            operation=change.operation,
            object=copy,
            targets=targets_of(copy) or None,
        )
    )


def targets_of(changed: OadrObject) -> Targets | None:
    """The targets of an object; reports have none, a subscription's are a filter and no target of it."""
    return None if isinstance(changed, OadrReport | OadrSubscription) else changed.targets


def _is_targeted(subscription: Subscriber, changed: OadrObject) -> bool:
    """True where *subscription* names no targets, or one of the object's."""
    targets = subscription.targets
    return not targets or not set(targets).isdisjoint(targets_of(changed) or ())


def _asks(operations: SubscribedChanges, change: VtnChange) -> bool:
    return change.operation in operations.operations and object_type(change.object) in operations.objects
