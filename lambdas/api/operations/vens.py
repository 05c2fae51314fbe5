"""VENs and what they measure."""

from __future__ import annotations

import math
from typing import Any

from contracts.api.requests import VenId
from contracts.api.resources import DEFAULT_SPAN_S, TelemetryPage, TelemetryRow, Ven, VenPage
from contracts.store import views
from contracts.store.items import from_item, to_item
from contracts.store.keys import CIRCUITS_ROW, LATEST_ROW, Key, telemetry_range
from lambdas.api.adapters import page_of
from lambdas.api.logic.problems import NOT_FOUND, ProblemError
from lambdas.api.logic.requests import Asked, Given
from lambdas.shared import rows

SCANS_MAX = 8
"""Reads of the table for one page: where a filter leaves little, the page is short and goes on."""
AFTER = "!"
"""Put behind a row's key it sorts right behind it; no key has it at its end."""


def list_vens(asked: Asked) -> Given:
    """A page of the VENs, in the table's own order."""
    table, wanted = asked.desk.vens, asked.query.limit
    after: str | None = asked.position(VenId)
    found: list[dict[str, Any]] = []
    for _ in range(SCANS_MAX):
        scan = _scan(asked) | {"Limit": wanted - len(found)}
        page = table.client.scan(**scan | ({"ExclusiveStartKey": to_item({"venId": after})} if after else {}))
        found += [from_item(item) for item in page["Items"]]
        last = page.get("LastEvaluatedKey")
        after = None if last is None else from_item(last)["venId"]
        if after is None or len(found) >= wanted:
            break
    return Given(
        VenPage(
            items=tuple(views.ven(item) for item in found),
            next=None if after is None else asked.cursor(after),
        )
    )


def _scan(asked: Asked) -> dict[str, Any]:
    """A scan for the VENs that are asked for, as boto3 takes it."""
    names = {f"#a{index}": name for index, name in enumerate(rows.attributes(Ven))}
    conditions, values = [], {}
    if asked.query.online is not None:
        # One that has never connected is not online either.
        conditions.append("#online = :yes" if asked.query.online else "NOT #online = :yes")
        values[":yes"] = True
        names["#online"] = "online"
    if asked.query.group is not None:
        conditions.append("contains(#groups, :group)")
        values[":group"] = asked.query.group
        names["#groups"] = "groups"
    scan: dict[str, Any] = {
        "TableName": asked.desk.vens.name,
        "ProjectionExpression": ", ".join(name for name in names if name.startswith("#a")),
        "ExpressionAttributeNames": names,
        "ConsistentRead": True,
    }
    if conditions:
        scan |= {"FilterExpression": " AND ".join(conditions), "ExpressionAttributeValues": to_item(values)}
    return scan


def get_ven(asked: Asked) -> Given:
    """One VEN with its latest row and its circuits."""
    item, ven_id = _ven(asked), asked.path.ven_id
    latest = asked.desk.telemetry.get(Key(ven_id, LATEST_ROW))
    circuits = asked.desk.telemetry.get(Key(ven_id, CIRCUITS_ROW))
    return Given(views.ven_detail(item, latest, circuits))


def list_telemetry(asked: Asked) -> Given:
    """A page of a VEN's rows; the VEN is the path's, whatever a cursor says."""
    _ven(asked)
    to_ts = asked.query.to_ts or math.ceil(asked.now) + 1
    from_ts = asked.query.from_ts or max(0, to_ts - DEFAULT_SPAN_S)
    first, last = telemetry_range(from_ts, to_ts)
    after: str | None = asked.position(str)
    if after is not None:
        first = max(first, after + AFTER)
    names = ("rowId", *rows.attributes(TelemetryRow))
    found, more = page_of(asked.desk.telemetry, asked.path.ven_id, (first, last), names, asked.query.limit)
    page = tuple(views.row(item) for item in found)
    return Given(TelemetryPage(items=page, next=asked.cursor(found[-1]["rowId"]) if more and found else None))


def _ven(asked: Asked) -> dict[str, Any]:
    """The path's VEN. Raises ProblemError when there is none."""
    item = asked.desk.vens.get(Key(asked.path.ven_id))
    if item is None:
        raise ProblemError(NOT_FOUND, f"no VEN {asked.path.ven_id!r}", field="venId")
    return item
