"""Objects of the VTN as JSON, for functions that read them beside `vtn`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import ObjectType
from contracts.store.vtn_keys import shared_key, shared_partition, type_range
from lambdas.shared.tables import Table


class BodyOnlyRow(msgspec.Struct, frozen=True):
    """An object's item."""

    body: str


@dataclass(frozen=True, slots=True)
class VtnBodies:
    """The VTN's table. Errors of AWS pass through."""

    table: Table

    def find(self, object_type: ObjectType, object_id: ObjectId) -> str | None:
        """The object as it is now, or None."""
        item = self.table.get(shared_key(object_type, object_id))
        return None if item is None else str(item["body"])

    def all(self, object_type: ObjectType) -> Iterator[str]:
        """All objects of a type, in the order of their creation."""
        pages = self.table.query_rows(BodyOnlyRow, shared_partition(object_type), type_range(object_type))
        return (row.body for page in pages for row in page)
