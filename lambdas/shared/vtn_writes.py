"""Changes of objects as the writes of one transaction: the object, its copy, its name, the version. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from contracts.openadr.objects import OadrObject
from contracts.store.keys import Key
from contracts.store.vtn_keys import SHARED_TYPES, subscription_version_key, version_key
from lambdas.shared.subscribers import read_subscriber
from lambdas.shared.tables import Condition
from lambdas.shared.transactions import IS_NEW, IS_THERE, Write
from lambdas.shared.vtn_rows import (
    StoredObject,
    client_copy_key,
    item_of,
    main_key,
    name_of,
    references_of,
    type_of,
)

REMEMBERED_CHANGES = 32
"""Versions of a collection whose changes its version's item has, for functions that have read one of them."""
FEW = 8
"""More objects than this in one change are read with all others."""
EVERYTHING = "*"
OBJECT, VERSION, NAME = "object", "version", "name"
"""Labels of writes; a reference's is its field."""


class ObjectChange(NamedTuple):
    """An object *before* and *after*: None before it is made, and after it is deleted."""

    before: StoredObject[OadrObject] | None
    after: StoredObject[OadrObject] | None

    @property
    def either(self) -> StoredObject[OadrObject]:
        """It as it is after the change; one that is deleted as it was."""
        record = self.after or self.before
        assert record is not None  # noqa: S101 - a change has a side
        return record


class CollectionVersion(msgspec.Struct, frozen=True, kw_only=True):
    """The number of changes of a collection, and the ids that the last of them were of."""

    version: int = 0
    changes: tuple[str, ...] = ()

    def after(self, ids: Sequence[str]) -> CollectionVersion:
        """The next one, after a change of *ids*."""
        text = " ".join(ids) if len(ids) <= FEW else EVERYTHING
        return CollectionVersion(
            version=self.version + 1, changes=(*self.changes, text)[-REMEMBERED_CHANGES:]
        )

    def changed_since(self, version: int) -> frozenset[str] | None:
        """The ids that have changed since *version*; None where all must be read."""
        count = self.version - version
        if not 0 <= count <= len(self.changes):
            return None
        texts = self.changes[len(self.changes) - count :]
        ids = frozenset(word for text in texts for word in text.split())
        return None if EVERYTHING in ids or len(ids) > FEW else ids


def writes_of(changes: Sequence[ObjectChange], versions: dict[Key, CollectionVersion]) -> list[Write]:
    """The writes of *changes* in one transaction; *versions* are those that they count in."""
    writes = [write for change in changes for write in _writes(change)]
    written = {write.key for write in writes}
    for change in changes:
        if change.after is not None:
            writes += [check for check in _checks(change) if check.key not in written]
            written.update(write.key for write in writes)
    for key, version in versions.items():
        ids = [change.either.value.id for change in changes if version_key_of(change) == key]
        item = msgspec.to_builtins(version.after(ids))
        unchanged = IS_NEW if version.version == 0 else Condition.unchanged("version", version.version)
        writes.append(Write(key, item, unchanged, label=VERSION))
    return writes


def version_keys_of(changes: Sequence[ObjectChange]) -> set[Key]:
    """Keys of the versions that *changes* count in."""
    return {key for change in changes if (key := version_key_of(change)) is not None}


def version_key_of(change: ObjectChange) -> Key | None:
    """Key of the version that *change* counts in; None for one that no function remembers objects of.

    A subscription that is renewed counts in none: thousands are each hour.
    """
    value = change.either.value
    object_type = type_of(value)
    if object_type in SHARED_TYPES:
        return version_key(object_type)
    if object_type != "SUBSCRIPTION" or _is_renewed(*change):
        return None
    return subscription_version_key(value.id)


def _is_renewed(before: StoredObject[OadrObject] | None, after: StoredObject[OadrObject] | None) -> bool:
    if before is None or after is None:
        return False
    return read_subscriber(before.body) == read_subscriber(after.body)


def _writes(change: ObjectChange) -> Iterator[Write]:
    before, after = change
    unchanged = IS_NEW if before is None else Condition.unchanged("tag", before.tag)
    if after is not None:
        yield Write(main_key(after.value), item_of(after), unchanged, label=OBJECT)
    elif before is not None:
        yield Write(main_key(before.value), None, unchanged, label=OBJECT)
    old_copy = None if before is None else client_copy_key(before.value)
    new_copy = None if after is None else client_copy_key(after.value)
    if after is not None and new_copy is not None:
        yield Write(new_copy, item_of(after), label=OBJECT)
    if old_copy is not None and old_copy != new_copy:
        yield Write(old_copy, label=OBJECT)
    old_name = None if before is None else name_of(before.value)
    new_name = None if after is None else name_of(after.value)
    if old_name == new_name:
        return
    if after is not None and new_name is not None:
        yield Write(new_name, {"of": after.value.id}, IS_NEW, label=NAME)
    if old_name is not None:
        yield Write(old_name, label=NAME)


def _checks(change: ObjectChange) -> Iterator[Write]:
    if change.after is None:
        return
    for field, key, client_id in references_of(change.after.value):
        condition = IS_THERE if client_id is None else Condition.unchanged("client", client_id)
        yield Write(key, None, condition, checks=True, label=field)
