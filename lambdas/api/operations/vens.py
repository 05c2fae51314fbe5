"""VENs, the fleet that they are, their telemetry, and commands to them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from contracts.api.fleet import fleet_at, uncalled_vens
from contracts.api.parameters import DEFAULT_SPAN_S
from contracts.api.requests import CommandIssued, VenQuarantined
from contracts.api.resources import (
    FleetHistory,
    FleetSample,
    TelemetryPage,
    TelemetryRow,
    Ven,
    VenPage,
)
from contracts.store import views
from contracts.store.definitions import groups_by_ven
from contracts.store.items import from_item, to_item
from contracts.store.keys import (
    CIRCUITS_KW,
    CIRCUITS_ROW,
    FLEET_PARTITION,
    LATEST_ROW,
    Key,
    telemetry_range,
)
from contracts.wire.codec import JsonDict, JsonObject
from contracts.wire.ids import CheckedVenId, GroupName, VenId
from lambdas.api.adapters import ApiAdapters
from lambdas.api.logic.operation import OperationRequest, OperationResult
from lambdas.api.logic.problems import ProblemError, ProblemKind
from lambdas.api.telemetry_pages import newest_row, telemetry_page
from lambdas.shared import rows
from lambdas.shared.called_vens import called_vens

SCANS_MAX = 8
"""Reads of the table for one page: where a filter leaves little, the page is short and goes on."""


def list_vens(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """A page of the VENs: all in the table's own order, those of a group in the order of their ids."""
    members = adapters.groups.all_members()
    groups = groups_by_ven(members)
    after: str | None = request.position(CheckedVenId)
    if request.query.group is None:
        items, after = _scanned(request, adapters, after)
    else:
        items, after = _of_group(request, adapters, members.get(GroupName(request.query.group), ()), after)
    return OperationResult(
        VenPage(
            items=tuple(views.ven(item, groups.get(item["venId"], ())) for item in items),
            next=None if after is None else request.cursor(after),
        )
    )


def _scanned(
    request: OperationRequest, adapters: ApiAdapters, after: str | None
) -> tuple[list[JsonDict], str | None]:
    """The next VENs of the table, and the one to go on after when there may be more."""
    table, limit = adapters.vens, request.query.limit
    items: list[JsonDict] = []
    for _ in range(SCANS_MAX):
        scan = _scan(request, adapters) | {"Limit": limit - len(items)}
        page = table.client.scan(**scan | ({"ExclusiveStartKey": to_item({"venId": after})} if after else {}))
        items += [from_item(item) for item in page["Items"]]
        last = page.get("LastEvaluatedKey")
        after = None if last is None else from_item(last)["venId"]
        if after is None or len(items) >= limit:
            break
    return items, after


def _of_group(
    request: OperationRequest, adapters: ApiAdapters, vens: Sequence[VenId], after: str | None
) -> tuple[list[JsonDict], str | None]:
    """The next of *vens* by their ids; those that are not there, or not online as requested, are left out."""
    left = [ven_id for ven_id in sorted(vens) if ven_id > (after or "")]
    page = left[: request.query.limit]
    items = adapters.vens.get_many(page, rows.attributes(Ven))
    online = request.query.online
    shown = [item for item in items if online is None or bool(item.get("online")) is online]
    return sorted(shown, key=lambda item: str(item["venId"])), page[-1] if len(page) < len(left) else None


def _scan(request: OperationRequest, adapters: ApiAdapters) -> JsonDict:
    """A scan for the requested VENs, as boto3 takes it."""
    names = {f"#a{index}": name for index, name in enumerate(rows.attributes(Ven)) if name != "groups"}
    scan: JsonDict = {
        "TableName": adapters.vens.name,
        "ProjectionExpression": ", ".join(names),
        "ExpressionAttributeNames": names,
        "ConsistentRead": True,
    }
    if request.query.online is not None:
        # One that has never connected is not online either.
        names["#online"] = "online"
        scan |= {
            "FilterExpression": "#online = :yes" if request.query.online else "NOT #online = :yes",
            "ExpressionAttributeValues": to_item({":yes": True}),
        }
    return scan


def get_ven(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """One VEN with its latest row and its circuits."""
    item, ven_id = _ven(request, adapters), request.path.ven_id
    latest = adapters.telemetry.get(Key(ven_id, LATEST_ROW))
    circuits = adapters.telemetry.get(Key(ven_id, CIRCUITS_ROW))
    newest = newest_row(adapters.telemetry, ven_id)
    groups = groups_by_ven(adapters.groups.all_members()).get(ven_id, ())
    return OperationResult(views.ven_detail(item, latest, views.flowing(circuits, newest), groups))


def list_telemetry(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """A page of a VEN's rows; the VEN is the path's, whatever the cursor."""
    _ven(request, adapters)
    names = [name for name in rows.attributes(TelemetryRow) if request.query.circuits or name != CIRCUITS_KW]
    items, following = _rows(request, adapters, request.path.ven_id, names)
    return OperationResult(TelemetryPage(items=tuple(map(views.row, items)), next=following))


def list_fleet_history(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """A page of the samples that `watch_fleet` has stored of the fleet."""
    items, following = _rows(request, adapters, FLEET_PARTITION, rows.attributes(FleetSample))
    return OperationResult(FleetHistory(items=tuple(map(views.fleet_sample, items)), next=following))


def _rows(
    request: OperationRequest, adapters: ApiAdapters, partition: VenId, names: Sequence[str]
) -> tuple[list[JsonObject], str | None]:
    """A page of a partition's rows between the times of the query, and the cursor of the next."""
    to_ts = request.query.to_ts or math.ceil(request.now) + 1
    from_ts = request.query.from_ts or max(0, to_ts - DEFAULT_SPAN_S)
    first, last = telemetry_range(from_ts, to_ts)
    after: str | None = request.position(str)
    page, position = telemetry_page(
        adapters.telemetry, partition, (first, last), names, after=after, limit=request.query.limit
    )
    return page, None if position is None else request.cursor(position)


def _ven(request: OperationRequest, adapters: ApiAdapters) -> JsonDict:
    """The path's VEN. Raises ProblemError when there is none."""
    item = adapters.vens.get(Key(request.path.ven_id))
    if item is None:
        raise ProblemError(ProblemKind.NOT_FOUND, f"no VEN {request.path.ven_id!r}", field="venId")
    return item


def get_fleet(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """Every VEN, and the latest row of those that are online."""
    groups = groups_by_ven(adapters.groups.all_members())
    items = adapters.vens.scan(rows.attributes(Ven))
    vens = [views.ven(item, groups.get(item["venId"], ())) for item in items]
    online = [ven.ven_id for ven in vens if ven.online]
    names = ("venId", *rows.attributes(TelemetryRow))
    latest = adapters.telemetry.get_many(online, names, sort=LATEST_ROW)
    by_ven = {item["venId"]: views.row(item) for item in latest}
    uncalled = uncalled_vens(by_ven, called_vens(adapters.events.table).of)
    fleet = fleet_at(vens, by_ven, now_ts=request.now, uncalled=uncalled, limit=request.query.limit)
    return OperationResult(fleet)


def send_command(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """Have `issue_command` send the command."""
    ven_id, body = request.path.ven_id, request.body
    correlation_id = request.one_id("cmd-", body.correlation_id, "correlation id")
    command = {"venId": ven_id, "op": body.op, "data": body.data}
    command |= {"correlationId": correlation_id} if correlation_id else {}
    keyed = request.headers.idempotency_key is not None
    named = {"correlationId": "Idempotency-Key"} if keyed else {}
    issued = adapters.issue(command, CommandIssued, named)
    return OperationResult(issued, {"Location": f"/vens/{ven_id}/commands/{issued.correlation_id}"})


def quarantine_ven(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """Have `issue_command` quarantine the VEN."""
    return _quarantine(request, adapters, quarantined=True)


def release_ven(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """Have `issue_command` let the VEN in again."""
    return _quarantine(request, adapters, quarantined=False)


def _quarantine(request: OperationRequest, adapters: ApiAdapters, *, quarantined: bool) -> OperationResult:
    wanted = {"venId": request.path.ven_id, "quarantined": quarantined}
    return OperationResult(adapters.issue(wanted, VenQuarantined, {}))


def get_command(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """The command, with its ack when there is one."""
    path = request.path
    item = adapters.commands.get(Key(path.ven_id, path.correlation_id))
    command = None if item is None else views.command(item)
    if command is None:
        raise ProblemError(
            ProblemKind.NOT_FOUND, f"no command {path.correlation_id!r} of that VEN", field="correlationId"
        )
    return OperationResult(command)
