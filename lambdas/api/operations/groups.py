"""Groups of VENs."""

from __future__ import annotations

import msgspec

from contracts.api.groups import GroupChanged, GroupDetail, GroupPage
from contracts.store.definitions import GROUP_HEADERS, GroupRow, read_group
from contracts.store.keys import GROUP_SORT_PREFIX, GROUPS_PARTITION
from contracts.wire.codec import JsonDict
from contracts.wire.ids import CheckedGroupName, CheckedVenId
from lambdas.api.adapters import ApiAdapters, page_of
from lambdas.api.logic.operation import OperationRequest, OperationResult, if_match_of, quoted
from lambdas.api.logic.problems import ProblemError, ProblemKind
from lambdas.shared import rows

AFTER = "!"
"""Put behind a key it sorts right behind it; it is in no group's name."""


def list_groups(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """A page of groups, in the order of their names."""
    after: str | None = request.position(CheckedGroupName)
    first, last = GROUP_HEADERS
    first = first if after is None else f"{GROUP_SORT_PREFIX}{after}{AFTER}"
    names, table = rows.attributes(GroupRow), adapters.groups.table
    items, more = page_of(table, GROUPS_PARTITION, (first, last), names, request.query.limit)
    headers = [row for row in map(read_group, items) if row is not None]
    page = tuple(row.summary for row in headers if row.deleted_ts is None)
    following = request.cursor(headers[-1].group) if more and headers else None
    return OperationResult(GroupPage(items=page, next=following))


def get_group(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """The group with a page of its VENs."""
    row = _group(request, adapters)
    after: str = request.position(CheckedVenId) or ""
    vens = [ven_id for ven_id in adapters.groups.members(row) if ven_id > after]
    page = tuple(vens[: request.query.limit])
    following = request.cursor(page[-1]) if len(page) < len(vens) else None
    shown = GroupDetail(**msgspec.structs.asdict(row.summary), vens=page, next=following)
    return OperationResult(shown, {"ETag": quoted(row.version)})


def set_group(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """Have `dispatch_event` make the group, or replace its VENs."""
    return _changed(request, adapters, {"groupAction": "set", **msgspec.to_builtins(request.body)})


def change_group(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """Have `dispatch_event` add VENs and remove others."""
    return _changed(request, adapters, {"groupAction": "change", **msgspec.to_builtins(request.body)})


def delete_group(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """Have `dispatch_event` delete the group."""
    _changed(request, adapters, {"groupAction": "delete"})
    return OperationResult()


def _changed(request: OperationRequest, adapters: ApiAdapters, change: JsonDict) -> OperationResult:
    change |= {"group": request.path.group}
    change |= if_match_of(request, lambda: _group(request, adapters).version)
    changed = adapters.dispatch(change, GroupChanged, {"ifMatch": "If-Match"})
    return OperationResult(changed, {} if changed.etag is None else {"ETag": quoted(changed.etag)})


def _group(request: OperationRequest, adapters: ApiAdapters) -> GroupRow:
    """The path's group. Raises ProblemError when there is none."""
    row = adapters.groups.find(request.path.group)
    if row is None or row.deleted_ts is not None:
        raise ProblemError(ProblemKind.NOT_FOUND, f"no group {request.path.group!r}", field="group")
    return row
