"""The VTN's clients in its table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from contracts.openadr.ids import ClientId
from contracts.store.keys import TTL_ATTRIBUTE
from contracts.store.vtn_clients import CLIENT_TYPE, ClientRow, client_item, read_client
from contracts.store.vtn_keys import VTN_BY_TYPE, VTN_INDEX, client_key
from lambdas.shared.tables import Condition, Index, Table

BY_TYPE = Index(VTN_BY_TYPE, VTN_INDEX, without=TTL_ATTRIBUTE)
PAGE = 1000


@dataclass(frozen=True, slots=True)
class ClientBook:
    """The clients. A change is made to what was read, or not at all."""

    table: Table

    def find(self, client_id: ClientId) -> ClientRow | None:
        """The client as it is now, or None."""
        item = self.table.get(client_key(client_id))
        return None if item is None else read_client(item)

    def add(self, row: ClientRow) -> bool:
        """Write a new client; returns False when there is one of that id."""
        return self.table.put_new(client_item(row))

    def replace(self, row: ClientRow) -> bool:
        """Write *row* in the place of its version of before; returns False when another came between."""
        changed = msgspec.structs.replace(row, version=row.version + 1)
        return self.table.replace(client_item(changed), when=Condition.unchanged("version", row.version))

    def drop(self, row: ClientRow) -> bool:
        """Remove the client; returns False when it was changed meanwhile."""
        return self.table.delete(client_key(row.client_id), when=Condition.unchanged("version", row.version))

    def all(self) -> Iterator[ClientRow]:
        """Every client, the last id first. What was changed a moment ago may be missing."""
        after = None
        while True:
            items, after = self.table.newest(BY_TYPE, CLIENT_TYPE, after=after, limit=PAGE)
            yield from map(read_client, items)
            if after is None:
                return
