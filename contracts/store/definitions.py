"""Groups and programs as items of the events table: what an operator defines, beside the events.

A group is a header, and its members in chunks of a version that the header commits to:

    #groups    GROUP#north                 header: version 7f, 12,000 VENs, 3 chunks
               MEMBERS#north#7f#0000       5,000 ids, as text
               MEMBERS#north#7f#0001 …
    #programs  PROGRAM#summer-peak         its rules

Chunks are written first and never changed, then the header on condition of the version that was read. So of
two operators one wins, a reader has the members of one version, and an item holds no more than DynamoDB lets
it. What was deleted is a header with `deletedTs` for as long as its time to live.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from contracts.api.groups import GroupSummary
from contracts.api.programs import Program
from contracts.api.reports import DEFAULT_BASELINE, Baseline
from contracts.api.requests import DEFAULT_PROGRAM
from contracts.store.keys import (
    GROUP_SORT_PREFIX,
    GROUPS_PARTITION,
    MEMBERS_SORT_PREFIX,
    PROGRAM_SORT_PREFIX,
    PROGRAMS_PARTITION,
    members_sort_key,
    sort_keys_below,
)
from contracts.wire import codec
from contracts.wire.codec import JsonDict, JsonObject
from contracts.wire.ids import GroupName, ProgramId, VenId

CHUNK_VENS = 5_000
"""VENs a chunk. Source: a DynamoDB item holds 400 KB; an id takes 67 bytes at most."""
GROUP_HEADERS = sort_keys_below(GROUP_SORT_PREFIX)
GROUPS_WHOLE = (GROUP_SORT_PREFIX, sort_keys_below(MEMBERS_SORT_PREFIX)[1])
"""Sort keys of all headers and all members of `GROUPS_PARTITION`."""
PROGRAM_ROWS = sort_keys_below(PROGRAM_SORT_PREFIX)


class _Row(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    version: str
    changed_ts: float
    from_stack: bool = False
    deleted_ts: float | None = None
    expires_ts: int | None = None


class GroupRow(_Row, frozen=True, kw_only=True):
    """A group's header; its members are in *chunks* chunks of its *version*, which is its etag, too."""

    group: GroupName
    ven_count: int = 0
    chunks: int = 0

    @property
    def summary(self) -> GroupSummary:
        """The group as the API answers it."""
        return GroupSummary(
            group=self.group,
            ven_count=self.ven_count,
            changed_ts=self.changed_ts,
            etag=self.version,
            from_stack=self.from_stack,
        )


class ProgramRow(_Row, frozen=True, kw_only=True):
    """A program's rules; *version* is its etag, too."""

    program: ProgramId
    baseline: Baseline
    holidays: str | None = None

    @property
    def resource(self) -> Program:
        """The program as the API answers it."""
        return Program(
            program=self.program,
            baseline=self.baseline,
            holidays=self.holidays,
            changed_ts=self.changed_ts,
            etag=self.version,
            from_stack=self.from_stack,
        )


def group_item(row: GroupRow) -> JsonDict:
    """The item of a group's header."""
    return _item(row, GROUPS_PARTITION, f"{GROUP_SORT_PREFIX}{row.group}")


def program_item(row: ProgramRow) -> JsonDict:
    """The item of a program."""
    return _item(row, PROGRAMS_PARTITION, f"{PROGRAM_SORT_PREFIX}{row.program}")


def member_items(group: GroupName, version: str, vens: Sequence[VenId]) -> list[JsonDict]:
    """The chunks of a group's members as items, in the order of the VENs' ids."""
    ordered = sorted(vens)
    return [
        {
            "eventId": GROUPS_PARTITION,
            "part": members_sort_key(group, version, number),
            "group": group,
            "version": version,
            "vens": codec.encode(ordered[first : first + CHUNK_VENS]).decode(),
        }
        for number, first in enumerate(range(0, len(ordered), CHUNK_VENS))
    ]


def member_range(row: GroupRow) -> tuple[str, str]:
    """Sort keys between which the chunks of *row*'s members lie."""
    return sort_keys_below(f"{MEMBERS_SORT_PREFIX}{row.group}#{row.version}#")


def read_members(items: Iterable[JsonObject]) -> tuple[VenId, ...]:
    """The VENs in chunks of one group, which come in the order of their keys."""
    return tuple(ven_id for item in items for ven_id in msgspec.json.decode(item["vens"], type=list[VenId]))


def read_group(item: JsonObject | None) -> GroupRow | None:
    """A group's header, deleted or not; None of no item."""
    return None if item is None else msgspec.convert(item, GroupRow)


def read_program(item: JsonObject | None) -> ProgramRow | None:
    """A program, deleted or not; None of no item."""
    return None if item is None else msgspec.convert(item, ProgramRow)


def all_members(items: Iterable[JsonObject]) -> dict[GroupName, tuple[VenId, ...]]:
    """The members of every group, from the items of `GROUPS_WHOLE`: headers before members."""
    versions: dict[str, str] = {}
    chunks: dict[GroupName, list[JsonObject]] = {}
    for item in items:
        if str(item["part"]).startswith(GROUP_SORT_PREFIX):
            if item.get("deletedTs") is None:
                versions[item["group"]] = item["version"]
                chunks[item["group"]] = []
        elif versions.get(item["group"]) == item["version"]:
            chunks[item["group"]].append(item)
    return {group: read_members(members) for group, members in chunks.items()}


def groups_by_ven(members: Mapping[GroupName, Iterable[VenId]]) -> dict[VenId, tuple[GroupName, ...]]:
    """The groups of each VEN that is in any, in the order of their names."""
    by_ven: dict[VenId, list[GroupName]] = {}
    for group in sorted(members):
        for ven_id in members[group]:
            by_ven.setdefault(ven_id, []).append(group)
    return {ven_id: tuple(groups) for ven_id, groups in by_ven.items()}


def all_programs(items: Iterable[JsonObject]) -> tuple[Program, ...]:
    """Every program from the items of `PROGRAMS_PARTITION`, the default one among them in any case."""
    rows = (msgspec.convert(item, ProgramRow) for item in items)
    programs = {row.program: row.resource for row in rows if row.deleted_ts is None}
    programs.setdefault(DEFAULT_PROGRAM, Program(program=DEFAULT_PROGRAM, baseline=DEFAULT_BASELINE))
    return tuple(programs[name] for name in sorted(programs))


def _item(row: GroupRow | ProgramRow, partition: str, sort: str) -> JsonDict:
    item: JsonDict = msgspec.to_builtins(row)
    return {"eventId": partition, "part": sort, **item}
