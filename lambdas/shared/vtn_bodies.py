"""Objects of the VTN as JSON, for functions that read them beside `vtn`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import ObjectType
from contracts.store.vtn_keys import shared_key, shared_partition, type_range
from contracts.wire.ids import EventId
from lambdas.shared.tables import Table


class BodyOnlyRow(msgspec.Struct, frozen=True, rename="camel"):
    """An object's item; *share_of* is the DR event of which an event is one VEN's share."""

    body: str
    share_of: str | None = None


@dataclass(frozen=True, slots=True)
class VtnBodies:
    """The VTN's table. Errors of AWS pass through."""

    table: Table

    def find(self, object_type: ObjectType, object_id: ObjectId) -> str | None:
        """The object as it is now, or None."""
        item = self.table.get(shared_key(object_type, object_id))
        return None if item is None else str(item["body"])

    def all(self, object_type: ObjectType) -> Iterator[str]:
        """All objects of a type that clients have made, in the order of their creation."""
        return (row.body for row in self._rows(object_type) if row.share_of is None)

    def shares(self) -> Iterator[tuple[str, EventId]]:
        """The events that are one VEN's share of a DR event, each with that."""
        return ((row.body, EventId(row.share_of)) for row in self._rows("EVENT") if row.share_of is not None)

    def _rows(self, object_type: ObjectType) -> Iterator[BodyOnlyRow]:
        pages = self.table.query_rows(BodyOnlyRow, shared_partition(object_type), type_range(object_type))
        return (row for page in pages for row in page)
