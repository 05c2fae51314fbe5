"""Groups of VENs in the events table, as the functions read and change them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec

from contracts.errors import VenTwinError
from contracts.store.definitions import (
    GROUP_HEADERS,
    GROUPS_WHOLE,
    GroupRow,
    all_members,
    group_item,
    member_items,
    member_range,
    read_group,
    read_members,
)
from contracts.store.keys import GROUP_SORT_PREFIX, GROUPS_PARTITION, Key, members_sort_key
from contracts.wire.ids import GroupName, VenId
from lambdas.shared import parallel
from lambdas.shared.rows import DAY_S
from lambdas.shared.tables import Condition, Table


class MembersMissingError(VenTwinError):
    """A header's members are not there whole: the group was changed a day ago or more while it was read."""


@dataclass(frozen=True, slots=True)
class GroupBook:
    """Groups by name. Errors of AWS pass through."""

    table: Table

    def find(self, group: GroupName) -> GroupRow | None:
        """The group's header, or None. A deleted one has `deleted_ts`."""
        return read_group(self.table.get(Key(GROUPS_PARTITION, f"{GROUP_SORT_PREFIX}{group}")))

    def members(self, row: GroupRow) -> tuple[VenId, ...]:
        """The VENs of *row*, in the order of their ids. Raises MembersMissingError."""
        vens = read_members(self.table.query(GROUPS_PARTITION, member_range(row), ("vens",)))
        if len(vens) != row.ven_count:
            raise MembersMissingError(row.group)
        return vens

    def rows(self) -> dict[GroupName, GroupRow]:
        """The header of every group."""
        items = self.table.query(GROUPS_PARTITION, GROUP_HEADERS)
        return {row.group: row for row in map(read_group, items) if row and row.deleted_ts is None}

    def members_of(self, names: Collection[str]) -> dict[GroupName, tuple[VenId, ...]]:
        """The VENs of each of *names* that is a group. Raises MembersMissingError."""
        rows = [row for group, row in self.rows().items() if group in names] if names else []
        members = parallel.over(rows, self.members)
        return {row.group: vens for row, vens in zip(rows, members, strict=True)}

    def all_members(self) -> dict[GroupName, tuple[VenId, ...]]:
        """The VENs of every group."""
        return all_members(self.table.query(GROUPS_PARTITION, GROUPS_WHOLE))

    def put(self, row: GroupRow, vens: Sequence[VenId], *, instead_of: GroupRow | None) -> GroupRow | None:
        """Write *row* with the members *vens* over what was read as *instead_of*.

        The members of before are there for another day, for those who read them just now.

        Returns:
            The header as it is written; None when another change was faster.
        """
        chunks = member_items(row.group, row.version, vens)
        parallel.over(chunks, self.table.put_new)
        written = msgspec.structs.replace(row, ven_count=len(vens), chunks=len(chunks))
        before = None if instead_of is None else instead_of.version
        if not self.table.replace(group_item(written), when=Condition.unchanged("version", before)):
            self._expire(written, now=row.changed_ts)
            return None
        if instead_of is not None:
            self._expire(instead_of, now=row.changed_ts)
        return written

    def drop(self, row: GroupRow, version: str, *, now: float) -> bool:
        """Delete the group that was read as *row*; False when another change was faster."""
        gone = GroupRow(
            group=row.group, version=version, changed_ts=now, deleted_ts=now, expires_ts=int(now) + DAY_S
        )
        return self.put(gone, (), instead_of=row) is not None

    def _expire(self, row: GroupRow, *, now: float) -> None:
        """Have the members of *row*, which no header has any more, go in a day."""
        sort_keys = [members_sort_key(row.group, row.version, number) for number in range(row.chunks)]
        expires_ts = int(now) + DAY_S
        parallel.over(
            sort_keys,
            lambda sort: self.table.update(Key(GROUPS_PARTITION, sort), {"expiresTs": expires_ts}),
        )
