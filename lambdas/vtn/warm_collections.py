"""All programs and all events in the memory of a warm function, read again only as far as they have changed.

    version in memory = version of now      nothing is read
    a few objects have changed since        those are read
    otherwise                               all are read

What is in memory may be newer than its version, as it is read after it: an object is then answered a change
early, and never late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from contracts.openadr.ids import ObjectId, spelling
from contracts.openadr.objects import OadrEvent, ObjectType
from contracts.openadr.parameters import PageOf
from contracts.openadr.values import Targets
from contracts.wire import codec
from lambdas.shared.object_privacy import VtnCaller
from lambdas.shared.vtn_book import VtnBook
from lambdas.shared.vtn_writes import CollectionVersion
from lambdas.vtn.logic import ends
from lambdas.vtn.logic.listing import is_shared_wanted


class SharedHead(msgspec.Struct, frozen=True, rename=spelling, kw_only=True):
    """As much of a program or event as its lists look at: reading it takes a tenth of the whole."""

    id: ObjectId
    program_id: ObjectId | None = None
    targets: Targets | None = None


_heads = msgspec.json.Decoder(SharedHead)
_events = msgspec.json.Decoder(OadrEvent)


@dataclass
class SharedEntry:
    """A program or event, encoded as everybody with all its targets is answered it."""

    head: SharedHead
    body: bytes
    is_total: bool = False

    @cached_property
    def _fixed_end_ts(self) -> float | None:
        """An event's end; None where it depends on when it is read."""
        event = _events.decode(self.body)
        return None if ends.starts_as_read(event) else ends.end_ts(event, 0.0)

    def is_over(self, now: float) -> bool:
        """True of an event that has ended."""
        if self._fixed_end_ts is not None:
            return self._fixed_end_ts <= now
        return ends.end_ts(_events.decode(self.body), now) <= now

    def is_wanted(self, query: PageOf, caller: VtnCaller) -> bool:
        """True where *caller* may see it and it passes the filters of *query*; time aside."""
        if self.is_total and not caller.is_bl:
            return False
        return is_shared_wanted(self.head.program_id, self.head.targets, query, caller)

    def answer(self, caller: VtnCaller) -> bytes:
        """It as *caller* is answered it: with the targets that it may see."""
        seen = caller.cut(self.head.targets)
        if seen is self.head.targets:
            return self.body
        fields = _fields.decode(self.body)
        return codec.encode(fields | {"targets": seen})


_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass
class WarmCollection:
    """The objects of one type as of *version*, by id in the order of creation."""

    object_type: ObjectType
    version: int | None = None
    entries: dict[ObjectId, SharedEntry] = field(default_factory=dict)

    def at(self, version: CollectionVersion, book: VtnBook) -> Iterable[SharedEntry]:
        """The objects as of *version*, which has just been read, or newer."""
        if self.version is None or self.version > version.version:
            changed = None
        else:
            changed = version.changed_since(self.version)
        if changed is None:
            items = ((row.body.encode(), bool(row.total)) for row in book.items(self.object_type))
            self.entries = dict(_entries(items))
        elif changed:
            self._read_again(changed, book)
        self.version = version.version
        return self.entries.values()

    def _read_again(self, ids: Iterable[str], book: VtnBook) -> None:
        entries = dict(self.entries)
        for object_id in map(ObjectId, ids):
            entries.pop(object_id, None)
            record = book.find(self.object_type, object_id)
            if record is not None:
                entries |= _entries([(record.body, record.is_total)])
        self.entries = dict(sorted(entries.items()))


def entry_of(body: bytes, *, is_total: bool = False) -> SharedEntry:
    """The entry of an object, by its JSON."""
    return SharedEntry(_heads.decode(body), body, is_total)


def _entries(items: Iterable[tuple[bytes, bool]]) -> Iterator[tuple[ObjectId, SharedEntry]]:
    for body, is_total in items:
        entry = entry_of(body, is_total=is_total)
        yield entry.head.id, entry
