"""Pages of a VEN's telemetry rows, over items that are a row or a batch of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import ceil

from contracts.store.batch_rows import ROW_ID, reach, rows_of
from contracts.store.keys import ROWS_END
from contracts.wire.codec import JsonObject
from contracts.wire.telemetry_batch import SAMPLES
from lambdas.api.adapters import page_of
from lambdas.shared.tables import Table

AFTER = "!"
"""Put behind a sort key it makes one above it, and below every other."""
FIRST_ITEMS = 25
"""Items of a page's first query, which tells how many rows an item has."""
EVERY_ROW = ("0", ROWS_END)
"""Sort keys between which all rows of a VEN lie."""
NUMBER = re.compile(r"[0-9]{1,3}")
WITHIN = "@"
"""In a position, between an item's sort key and how many of its rows were given."""


def telemetry_page(
    table: Table,
    partition: str,
    between: tuple[str, str],
    names: Sequence[str],
    *,
    after: str | None,
    limit: int,
) -> tuple[list[JsonObject], str | None]:
    """Up to *limit* rows whose sort keys lie in *between*, each once, and the position to go on at.

    Args:
        table: of the telemetry.
        partition: the VEN.
        between: as `keys.telemetry_range` makes it.
        names: the attributes of a row.
        after: the position of the page before, or None.
        limit: rows of a page.
    """
    first, last = reach(between)
    item_id, _, passed = (after or "").partition(WITHIN)
    if after is not None:
        first = max(first, item_id if passed else item_id + AFTER)
    rows: dict[str, JsonObject] = {}
    items_read, count = 0, FIRST_ITEMS
    attributes = (ROW_ID, SAMPLES, *names)
    while True:
        items, more = page_of(table, partition, (first, last), attributes, min(count, limit))
        for item in items:
            skip = int(passed) if item[ROW_ID] == item_id and NUMBER.fullmatch(passed) else 0
            of_item = rows_of(item, names)
            for place, row in enumerate(of_item[skip:], start=skip + 1):
                if between[0] <= row[ROW_ID] <= between[1]:
                    rows.setdefault(row[ROW_ID], row)
                if len(rows) == limit:
                    whole = place == len(of_item)
                    if whole and item is items[-1] and not more:
                        return _in_order(rows), None
                    return _in_order(rows), item[ROW_ID] if whole else f"{item[ROW_ID]}{WITHIN}{place}"
        if not more or not items:
            return _in_order(rows), None
        items_read += len(items)
        first = items[-1][ROW_ID] + AFTER
        count = ceil((limit - len(rows)) * items_read / max(items_read, len(rows)))


def _in_order(rows: Mapping[str, JsonObject]) -> list[JsonObject]:
    return [rows[row_id] for row_id in sorted(rows)]


def newest_row(table: Table, ven_id: str) -> JsonObject | None:
    """The row that stands last by its VEN's clock, with its circuits, or None."""
    items, _ = table.first_items(ven_id, EVERY_ROW, (), 1, newest_first=True)
    return rows_of(items[0])[-1] if items else None
