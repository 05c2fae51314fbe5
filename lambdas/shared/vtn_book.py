"""The objects of the VTN in its table, as the operations read and change them. Errors of AWS pass through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from contracts.openadr.ids import ClientId, ObjectId
from contracts.openadr.objects import OadrObject, OadrProgram, OadrResource, OadrVen, ObjectType
from contracts.store.keys import Key, sort_keys_below
from contracts.store.vtn_keys import (
    GRANTS,
    client_partition,
    owned_key,
    shared_key,
    shared_partition,
    type_range,
    version_key,
)
from lambdas.shared.object_privacy import GrantRow
from lambdas.shared.tables import Table
from lambdas.shared.transactions import Refusal, transact
from lambdas.shared.vtn_problems import busy, name_in_use, unreferenced
from lambdas.shared.vtn_rows import BodyRow, StoredObject, read_row
from lambdas.shared.vtn_writes import (
    NAME,
    OBJECT,
    VERSION,
    CollectionVersion,
    ObjectChange,
    version_keys_of,
    writes_of,
)

T = TypeVar("T")
ATTEMPTS = 6
"""Of a change of what others change too; each reads anew what it is of."""
WRITES = 36
"""Of a change that others' changes of the same collection, or of an item of it, were ahead of."""
PAUSE_S, PAUSE_MAX_S = 0.03, 0.4
"""The longest pause before a second try, and before any. Each is twice as long as the last: soon all who
write have the same, and none is ahead for having come late. Together they are half of the function's time."""


@dataclass(frozen=True, slots=True)
class VtnBook:
    """Programs, events, and what clients own."""

    table: Table

    def grants(self, client_id: ClientId) -> list[GrantRow]:
        """A client's own item, its VENs and their resources: one consistent query, however many reports."""
        pages = self.table.query_rows(GrantRow, client_partition(client_id), GRANTS)
        return [row for page in pages for row in page]

    def version(self, object_type: ObjectType) -> CollectionVersion:
        """The version of all programs, or events, now."""
        return self._version(version_key(object_type))

    def _version(self, key: Key) -> CollectionVersion:
        item = self.table.get(key)
        return CollectionVersion() if item is None else msgspec.convert(item, CollectionVersion)

    def find(
        self, object_type: ObjectType, object_id: ObjectId, *, of_client: ClientId | None = None
    ) -> StoredObject[OadrObject] | None:
        """The object as it is now, or None; with *of_client* only if that owns it."""
        key = (
            shared_key(object_type, object_id)
            if of_client is None
            else owned_key(of_client, object_type, object_id)
        )
        return self._read(object_type, key)

    def objects(self, object_type: ObjectType) -> Iterator[StoredObject[OadrObject]]:
        """All objects of a type, in the order of their creation."""
        yield from self._rows(object_type, shared_partition(object_type), type_range(object_type))

    def items(self, object_type: ObjectType) -> Iterator[BodyRow]:
        """The same, each as its item."""
        pages = self.table.query_rows(BodyRow, shared_partition(object_type), type_range(object_type))
        return (row for page in pages for row in page)

    def owned(self, client_id: ClientId, object_type: ObjectType) -> Iterator[StoredObject[OadrObject]]:
        """A client's reports, or subscriptions, in the order of their creation."""
        yield from self._rows(object_type, client_partition(client_id), type_range(object_type))

    def resources(self, client_id: ClientId) -> Iterator[StoredObject[OadrObject]]:
        """The resources of a client's VENs."""
        prefix = owned_key(client_id, "RESOURCE", ObjectId("")).sort or ""
        yield from self._rows("RESOURCE", client_partition(client_id), sort_keys_below(prefix))

    def write(self, changes: Sequence[ObjectChange]) -> bool:
        """Write *changes* together; returns False when what they are of has changed: read it, try again.

        Where others wrote to the collection alone, its version is all that is read again.

        Raises:
            VtnProblemError: another object has the name, or what an object refers to is not there; or others
                wrote at every try.
        """
        for number in range(WRITES):
            self._pause(number)
            versions = {key: self._version(key) for key in version_keys_of(changes)}
            refused = transact(self.table, writes_of(changes, versions)).refused
            if refused.get(OBJECT) is Refusal.CONDITION:
                return False
            if VERSION in refused or Refusal.CONFLICT in refused.values():
                continue
            if NAME in refused:
                raise name_in_use(_name_field(changes))
            for field in refused:
                raise unreferenced(field)
            return True
        raise busy()

    def until_written(self, attempt: Callable[[], T | None]) -> T:
        """The result of *attempt*, which is made again when it returns None: others were writing.

        Raises:
            VtnProblemError: they did so at every attempt.
        """
        for number in range(ATTEMPTS):
            self._pause(number)
            result = attempt()
            if result is not None:
                return result
        raise busy()

    def _pause(self, tries: int) -> None:
        """Wait after so many *tries*, jittered."""
        if tries:
            self.table.pause(min(PAUSE_S * 2 ** (tries - 1), PAUSE_MAX_S))

    def _read(self, object_type: ObjectType, key: Key) -> StoredObject[OadrObject] | None:
        item = self.table.get(key)
        if item is None:
            return None
        return read_row(object_type, msgspec.convert(item, BodyRow))

    def _rows(
        self, object_type: ObjectType, partition: str, between: tuple[str, str]
    ) -> Iterator[StoredObject[OadrObject]]:
        for page in self.table.query_rows(BodyRow, partition, between):
            for row in page:
                yield read_row(object_type, row)


def _name_field(changes: Sequence[ObjectChange]) -> str:
    for change in changes:
        match change.either.value:
            case OadrProgram():
                return "programName"
            case OadrVen():
                return "venName"
            case OadrResource():
                return "resourceName"
            case _:
                continue
    return "name"
