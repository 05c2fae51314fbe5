"""A VEN's telemetry rows of some time, whichever way they came: one an item, or several in a batch."""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import groupby, repeat, starmap
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, get_type_hints

import msgspec

from contracts.store.batch_rows import reach
from contracts.store.keys import telemetry_range
from contracts.wire.codec import JsonDict
from contracts.wire.telemetry_batch import SAMPLES, Samples
from lambdas.shared import typed_rows

if TYPE_CHECKING:
    from lambdas.shared.tables import Table
    from lambdas.shared.typed_rows import LastKey

R = TypeVar("R", bound=msgspec.Struct)
BATCH_MARK = b'"samples"'
"""Stands in an answer only where an item is a batch: a quote within a text has a backslash before it."""
SAMPLED = frozenset(field.encode_name for field in msgspec.structs.fields(Samples))
"""Attributes of which a batch has a value for each row."""


def query_telemetry(
    table: Table, kind: type[R], ven_id: str, from_ts: int, to_ts: int, *, newest_first: bool = False
) -> Iterator[list[R]]:
    """The rows of [from_ts, to_ts) as *kind*, which has their timestamp, in the order of their items.

    *newest_first* is the reverse order. Rows that were sent again in another batch come again.
    """
    reader = TelemetryReader(kind, from_ts, to_ts, newest_first=newest_first)
    between = reach(telemetry_range(from_ts, to_ts))
    yield from table.query_pages(reader, ven_id, between, newest_first=newest_first)


class TelemetryReader(Generic[R]):
    """Reads pages of telemetry of [from_ts, to_ts): rows as `typed_rows` does, and the rows of batches."""

    def __init__(self, kind: type[R], from_ts: int, to_ts: int, *, newest_first: bool) -> None:
        self._rows, self._batches = typed_rows.reader(kind), _batches(kind)
        self.from_ts, self.to_ts, self._newest_first = from_ts, to_ts, newest_first
        self.attributes = (*self._rows.attributes, SAMPLES)

    def read(self, body: bytes) -> tuple[list[R], LastKey | None]:
        """The rows of a page, and where it ends. Raises msgspec.ValidationError: an item is no such row."""
        if BATCH_MARK not in body:
            rows, last = self._rows.read(body)
            return self._cut(rows), last
        page = _raw_pages.decode(body)
        rows = []
        for batched, items in groupby(page.items, lambda item: BATCH_MARK in bytes(item)):
            if not batched:
                rows += self._cut(self._rows.read_items(b",".join(items)))
                continue
            for item in items:
                of_batch = self._batches.read(item, self.from_ts, self.to_ts)
                rows += reversed(of_batch) if self._newest_first else of_batch
        return rows, page.last

    def _cut(self, rows: list[R]) -> list[R]:
        """*rows* before the end: items behind it are read only for the batches among them."""
        ends = [cast("Any", row).timestamp for row in rows]
        if not ends or max(ends) < self.to_ts:
            return rows
        return [row for row, end in zip(rows, ends, strict=True) if end < self.to_ts]


class _RawPage(msgspec.Struct):
    items: list[msgspec.Raw] = msgspec.field(name="Items")
    last: JsonDict | None = msgspec.field(name="LastEvaluatedKey", default=None)


class _StoredBytes(msgspec.Struct):
    value: bytes = msgspec.field(name="B")


class _StoredNumber(msgspec.Struct, frozen=True):
    value: float = msgspec.field(name="N")


class _BatchItem(msgspec.Struct):
    samples: _StoredBytes
    received_ts: _StoredNumber = msgspec.field(name="receivedTs", default=_StoredNumber(0.0))


_raw_pages = msgspec.json.Decoder(_RawPage)
_batch_items = msgspec.json.Decoder(_BatchItem, strict=False)


class _BatchReader(Generic[R]):
    """Reads the columns that a kind of row has, and no others."""

    def __init__(self, kind: type[R]) -> None:
        self._kind = cast("Callable[..., R]", kind)
        types = get_type_hints(kind)
        fields = msgspec.structs.fields(kind)
        columns = [_column(field, types[field.name]) for field in fields if field.encode_name in SAMPLED]
        samples = msgspec.defstruct("SampleColumns", columns, kw_only=True, gc=False)
        batch = msgspec.defstruct(
            "StoredBatch", [("samples", samples), ("boot_id", str, msgspec.field(name="bootId"))]
        )
        self._stored = msgspec.json.Decoder(batch)
        self._fields = fields

    def read(self, raw: msgspec.Raw, from_ts: int, to_ts: int) -> list[R]:
        """The rows of a batch's item within [from_ts, to_ts)."""
        item = _batch_items.decode(raw)
        batch: Any = self._stored.decode(zlib.decompress(item.samples.value))
        times = batch.samples.timestamp
        cut = slice(bisect_left(times, from_ts), bisect_left(times, to_ts))
        shared = {"boot_id": batch.boot_id, "received_ts": item.received_ts.value or None}
        return list(starmap(self._kind, zip(*self._values(batch.samples, shared, cut), strict=False)))

    def _values(self, samples: object, shared: JsonDict, cut: slice) -> Iterator[Iterable[object]]:
        """The values of each field, a value a row; those of no column go on without end."""
        for field in self._fields:
            column = getattr(samples, field.name, None)
            yield column[cut] if column is not None else repeat(shared.get(field.name, field.default))


def _column(field: msgspec.structs.FieldInfo, kind: Any) -> tuple[str, Any, Any]:
    """A field of many rows: a list, which may be absent where the field has a default."""
    if field.required:
        return field.name, list[kind], msgspec.field(name=field.encode_name)
    return field.name, list[kind] | None, msgspec.field(name=field.encode_name, default=None)


@cache
def _batches(kind: type[R]) -> _BatchReader[R]:
    """The reader of *kind*, made once."""
    return _BatchReader(kind)
