"""Groups of VENs: the request to change one, and what is answered of them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from contracts.errors import FieldError
from contracts.wire.ids import CheckedGroupName, CheckedVenId, GroupName, VenId

CALL_VENS_MAX = 10_000
"""VENs that one request names. Source: a body of the API holds 1 MB, and 10,000 of 64 characters 670 KB."""
GROUP_VENS_MAX = 100_000
"""VENs of one group. Interpretation: the largest fleet that dispatch is measured with."""
GROUPS_MAX = 1_000
"""Groups of a stage. Interpretation: a fleet's view reads them all."""

VenIds = Annotated[tuple[CheckedVenId, ...], Meta(max_length=CALL_VENS_MAX)]


class GroupBody(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The VENs of a group; they take the place of those that it had."""

    vens: VenIds


class GroupChange(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The VENs that come into a group, and those that leave it; all others stay."""

    add: VenIds = ()
    remove: VenIds = ()

    def __post_init__(self) -> None:
        """Refuse a change of nothing, and one that contradicts itself."""
        if not self.add and not self.remove:
            raise FieldError("add", "name at least one VEN to add or to remove")
        both = frozenset(self.add).intersection(self.remove)
        if both:
            raise FieldError("remove", f"{min(both)} is to be added, too")


class ChangeGroup(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `dispatch_event` to set, change or delete a group.

    ``set`` makes the members *vens*; without *if_match* it makes a group that there is not yet. ``change``
    adds and removes. *if_match* is the etag that the caller believes the group to have, or ``*`` for whatever
    there is; when it has another by now, nothing is changed.
    """

    group: CheckedGroupName
    group_action: Literal["set", "change", "delete"]
    vens: VenIds = ()
    add: VenIds = ()
    remove: VenIds = ()
    if_match: Annotated[str, Meta(min_length=1, max_length=64)] | None = None


class GroupChanged(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The group as it is now; a deleted one has no VENs and no etag."""

    group: GroupName
    ven_count: int
    etag: str | None = None
    ok: Literal[True] = True


class GroupSummary(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    """A group: how many VENs it has, and when it was changed, UTC s.

    *fromStack* says that the deployment made it, and goes on to keep it, as no operator has changed it since.
    *etag* is what a change can be made on condition of.
    """

    group: GroupName
    ven_count: int
    changed_ts: float
    etag: str
    from_stack: bool = False


class GroupDetail(GroupSummary, frozen=True, kw_only=True, omit_defaults=True):
    """A group with a page of its VENs, in the order of their ids; *next* is the cursor of the next page."""

    vens: tuple[VenId, ...] = ()
    next: str | None = None


class GroupPage(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    """Groups in the order of their names; *next* is the cursor of the next page."""

    items: tuple[GroupSummary, ...]
    next: str | None = None
