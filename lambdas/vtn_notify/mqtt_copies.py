"""Copies of a change for the topics of MQTT: one whole for the business logic, one cut for each VEN. Pure.

    <root>/events/create                    every event, whole
    <root>/programs/<id>/events/create      those of a program, whole
    <root>/vens/<id>/events/create          those that the VEN may see, each in the VEN's own copy
    <root>/vens/<id>/resources/update       of the VEN alone, whole

The broker lets a VEN to the topics of its own VENs alone. Source: names of topics are the VTN's to choose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from contracts.openadr.ids import ObjectId
from contracts.openadr.notifiers import topics_below
from contracts.openadr.oadr_vens import ven_target
from contracts.openadr.objects import (
    OadrEvent,
    OadrObject,
    OadrProgram,
    OadrResource,
    OadrSubscription,
    OadrVen,
)
from contracts.store.vtn_changes import VtnChange
from lambdas.shared.object_privacy import without_tokens
from lambdas.vtn_notify.logic import notification, object_type

PAYLOAD_MAX_BYTES = 128 * 1024
"""Source: AWS IoT Core quotas. What is larger is told by webhooks alone."""


class MqttCopy(NamedTuple):
    """A payload for a topic."""

    topic: str
    payload: bytes


class VenSight(NamedTuple):
    """A VEN with the targets that it, or one of its resources, is granted."""

    ven_id: ObjectId
    granted: frozenset[str]


def sights_of(vens: Iterable[OadrVen], resources: Iterable[OadrResource]) -> list[VenSight]:
    """The sight of each of *vens*."""
    granted = {ven.id: {ven_target(ven.id), *(ven.targets or ())} for ven in vens}
    for resource in resources:
        granted.get(resource.ven_id, set()).update(resource.targets or ())
    return [VenSight(ven_id, frozenset(targets)) for ven_id, targets in granted.items()]


def is_seen_by_vens(change: VtnChange) -> bool:
    """True of a change of which VENs have copies of their own."""
    return isinstance(change.object, OadrProgram | OadrEvent) and not change.is_total


def copies_of(change: VtnChange, sights: Sequence[VenSight], root: str) -> Iterator[MqttCopy]:
    """The copies of *change*; *sights* are of all VENs where `is_seen_by_vens`."""
    changed = change.object
    if isinstance(changed, OadrSubscription):
        changed = without_tokens(changed)
    whole = notification(change, changed)
    for names, is_one in _places(changed):
        yield from _copy(change, whole, names, is_one=is_one, root=root)
    if isinstance(changed, OadrProgram | OadrEvent) and is_seen_by_vens(change):
        collection = f"{object_type(changed).lower()}s"
        for sight in sights:
            cut = _cut(changed, sight.granted)
            if cut is not None:
                payload = whole if cut is changed else notification(change, cut)
                names = ("vens", sight.ven_id, collection)
                yield from _copy(change, payload, names, is_one=False, root=root)


def _copy(
    change: VtnChange, payload: bytes, names: tuple[str, ...], *, is_one: bool, root: str
) -> Iterator[MqttCopy]:
    """The copy for the topic below *names*; none where there is no such topic, or where it is too large."""
    topics = topics_below(*names, of_one=is_one, root=root).topics
    topic = {"CREATE": topics.create, "UPDATE": topics.update, "DELETE": topics.delete}.get(change.operation)
    if topic is not None and len(payload) <= PAYLOAD_MAX_BYTES:
        yield MqttCopy(topic, payload)


def _places(changed: OadrObject) -> Iterator[tuple[tuple[str, ...], bool]]:
    """The names of the topics of a whole object, and if they are of it alone."""
    collection = f"{object_type(changed).lower()}s"
    yield (collection,), False
    match changed:
        case OadrProgram() | OadrVen():
            yield (collection, changed.id), True
        case OadrEvent():
            yield ("programs", changed.program_id, collection), False
        case OadrResource():
            yield ("vens", changed.ven_id, collection), False
        case _:
            return


def _cut(changed: OadrProgram | OadrEvent, granted: frozenset[str]) -> OadrProgram | OadrEvent | None:
    """A copy with the targets that are *granted*; None where there are others alone."""
    if not changed.targets:
        return changed
    seen = tuple(target for target in changed.targets if target in granted)
    return msgspec.structs.replace(changed, targets=seen) if seen else None
