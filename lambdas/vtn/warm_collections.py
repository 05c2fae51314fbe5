"""All programs and all events in the memory of a warm function, read again only as far as they have changed.

    version in memory = version of now      nothing is read
    a few objects have changed since        those are read
    otherwise                               all are read

What is in memory may be newer than its version, as it is read after it: an object is then answered a change
early, and never late.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
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


TAGS_MAX = 20_000
"""Remembered at a time, in some 5 MB. When there are more, all are forgotten: were it the oldest, those
who poll in turn would each find that theirs has just gone."""
_heads = msgspec.json.Decoder(SharedHead)
_events = msgspec.json.Decoder(OadrEvent)


@dataclass
class SharedEntry:
    """A program or event, encoded as everybody with all its targets is answered it."""

    head: SharedHead
    body: bytes
    is_total: bool = False

    @cached_property
    def end(self) -> float | OadrEvent:
        """An event's end, UTC s; the event where its end depends on when it is read."""
        event = _events.decode(self.body)
        return event if ends.starts_as_read(event) else ends.end_ts(event, 0.0)

    def is_over(self, now: float) -> bool:
        """True of an event that has ended."""
        return (ends.end_ts(self.end, now) if isinstance(self.end, OadrEvent) else self.end) <= now

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


@dataclass(frozen=True)
class WarmObjects:
    """Objects by id in their order, which never change, and the tags of what was answered of them."""

    entries: dict[ObjectId, SharedEntry] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def note(self, asking: str, tag: str) -> None:
        """Remember that *tag* is of what is answered to *asking*: a poll that names it needs no list then."""
        if len(self.tags) >= TAGS_MAX:
            self.tags.clear()
        self.tags[asking] = tag

    def ends_past(self, now: float) -> tuple[int, list[bool]]:
        """The ends that are past: while they are the same, so is what `active=true` leaves out.

        The first is the number of them among ends that are fixed, the second is of each of the others.
        """
        fixed, as_read = self._ends
        return bisect_right(fixed, now), [entry.is_over(now) for entry in as_read]

    @cached_property
    def targets(self) -> frozenset[str]:
        """The targets of any of them: no others count of what a reader is granted."""
        return frozenset(target for entry in self.entries.values() for target in entry.head.targets or ())

    @cached_property
    def _ends(self) -> tuple[list[float], list[SharedEntry]]:
        fixed, as_read = list[float](), list[SharedEntry]()
        for entry in self.entries.values():
            if isinstance(entry.end, OadrEvent):
                as_read.append(entry)
            else:
                fixed.append(entry.end)
        return sorted(fixed), as_read


@dataclass
class WarmCollection:
    """The objects of one type as of *version*."""

    object_type: ObjectType
    version: int | None = None
    objects: WarmObjects = field(default_factory=WarmObjects)

    def at(self, version: CollectionVersion, book: VtnBook) -> WarmObjects:
        """The objects as of *version*, which has just been read, or newer."""
        if self.version is None or self.version > version.version:
            changed = None
        else:
            changed = version.changed_since(self.version)
        if changed is None:
            items = ((row.body.encode(), bool(row.total)) for row in book.items(self.object_type))
            self.objects = WarmObjects(dict(_entries(items)))
        elif changed:
            self.objects = self._read_again(changed, book)
        self.version = version.version
        return self.objects

    def _read_again(self, ids: Collection[str], book: VtnBook) -> WarmObjects:
        entries = dict(self.objects.entries)
        for object_id in map(ObjectId, ids):
            entries.pop(object_id, None)
            record = book.find(self.object_type, object_id)
            if record is not None:
                entries |= _entries([(record.body, record.is_total)])
        return WarmObjects(dict(sorted(entries.items())))


def entry_of(body: bytes, *, is_total: bool = False) -> SharedEntry:
    """The entry of an object, by its JSON."""
    return SharedEntry(_heads.decode(body), body, is_total)


def _entries(items: Iterable[tuple[bytes, bool]]) -> Iterator[tuple[ObjectId, SharedEntry]]:
    for body, is_total in items:
        entry = entry_of(body, is_total=is_total)
        yield entry.head.id, entry
