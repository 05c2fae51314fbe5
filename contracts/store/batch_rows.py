"""A batch of telemetry as one item, and the rows that it stands for.

The batch is compressed JSON in one attribute: eight rows of ten circuits are some 650 bytes. So they cost one
write unit, where rows by themselves cost one each. The sort key is the newest row's, with the number of rows
behind it: neither a row nor another batch overwrites it.
A VEN that sends rows again may compose them otherwise; readers tell rows apart by boot and seq.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator
from heapq import heappop, heappush

import msgspec

from contracts.store.keys import CIRCUITS_KW, TELEMETRY, telemetry_row_id
from contracts.wire import codec
from contracts.wire.codec import JsonDict, JsonObject
from contracts.wire.telemetry_batch import BATCH_SPAN_S, SAMPLES, TelemetryBatch

COMPRESSION = 9
"""Writes a hundredth smaller than 6 does, for some 10 µs more a batch."""
ROW_ID = str(TELEMETRY.sort)
_SENT_ONCE = ("venId", "receivedTs", "expiresTs")
"""Attributes of a batch's item that all its rows have."""


def batch_item(batch: TelemetryBatch, *, received_ts: float, expires_ts: int) -> JsonDict:
    """The item of a batch."""
    samples = batch.samples
    newest = telemetry_row_id(samples.timestamp[-1], batch.boot_id, samples.seq[-1])
    stored: JsonDict = msgspec.to_builtins(batch)
    del stored["venId"]
    return {
        "venId": batch.ven_id,
        ROW_ID: f"{newest}+{len(samples.seq)}",
        SAMPLES: zlib.compress(codec.encode(stored), COMPRESSION),
        "receivedTs": received_ts,
        "expiresTs": expires_ts,
    }


def reach(between: tuple[str, str]) -> tuple[str, str]:
    """The sort keys of all items that may have rows within *between*, which `keys.telemetry_range` has made.

    A batch stands behind its rows, by `BATCH_SPAN_S` at most.
    """
    first, last = between
    return first, f"{int(last) + BATCH_SPAN_S:010d}"


def rows_of(item: JsonObject, names: Collection[str] = ()) -> list[JsonObject]:
    """The rows of an item of the telemetry table, oldest first: itself, or those of a batch, each as an item.

    Circuits of a batch's row are a mapping already. Rows have no more than *names*, where there are any, but
    for their key.
    """
    packed = item.get(SAMPLES)
    if not isinstance(packed, bytes):
        return [item]
    stored: JsonDict = msgspec.json.decode(zlib.decompress(packed))
    columns = stored.pop(SAMPLES)
    circuits = columns.pop(CIRCUITS_KW, {})
    shared = stored | {name: item[name] for name in _SENT_ONCE if name in item}
    if names:
        shared = {name: value for name, value in shared.items() if name in names}
        columns = {name: column for name, column in columns.items() if name in {*names, "timestamp", "seq"}}
        circuits = circuits if CIRCUITS_KW in names else {}
    boot_id = stored["bootId"]
    rows: list[JsonObject] = []
    for place, values in enumerate(zip(*columns.values(), strict=True)):
        row = shared | {name: value for name, value in zip(columns, values, strict=True) if value is not None}
        row[ROW_ID] = telemetry_row_id(row["timestamp"], boot_id, row["seq"])
        if circuits:
            row[CIRCUITS_KW] = {
                name: column[place] for name, column in circuits.items() if column[place] is not None
            }
        rows.append(row)
    return rows


def rows_within(
    items: Iterable[JsonObject], between: tuple[str, str], names: Collection[str] = ()
) -> Iterator[JsonObject]:
    """The rows of *items* whose own sort keys lie in *between*, each once and in their order.

    Items come in the order of their keys: no row of one to come is older by more than `BATCH_SPAN_S`.
    """
    first, last = between
    waiting: list[tuple[str, int, JsonObject]] = []
    before = ""
    for place, item in enumerate(items):
        for row in rows_of(item, names):
            if first <= row[ROW_ID] <= last:
                heappush(waiting, (row[ROW_ID], place, row))
        settled = f"{int(item[ROW_ID][:10]) - BATCH_SPAN_S:010d}"
        while waiting and waiting[0][0] < settled:
            row_id, _, row = heappop(waiting)
            if row_id != before:
                yield row
            before = row_id
    for row_id, _, row in sorted(waiting, key=lambda entry: entry[:2]):
        if row_id != before:
            yield row
        before = row_id
