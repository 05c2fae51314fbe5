"""DR events: created, revised, cancelled, deleted by `dispatch_event`; read from the table."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts.api.reports import EventReport, read_report
from contracts.api.requests import EventDispatched
from contracts.api.resources import EventPage
from contracts.store import views
from contracts.store.keys import EVENT_SORT_KEY, REPORT_SORT_KEY, Key
from contracts.wire.codec import JsonDict
from contracts.wire.ids import EventId
from contracts.wire.telemetry import LATEST_TS, Timestamp
from contracts.wire.units import instant_text
from lambdas.api.adapters import ApiAdapters
from lambdas.api.logic.operation import (
    ANY,
    OperationRequest,
    OperationResult,
    if_match_of,
    quoted,
)
from lambdas.api.logic.problems import ProblemError, ProblemKind
from lambdas.shared.event_book import PlanMissingError
from lambdas.shared.rows import EventRow

IF_MATCH = {"ifMatch": "If-Match"}


class ListPosition(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """The position in a list of events: behind the event with that start and id."""

    start_ts: Timestamp
    event_id: EventId


def list_events(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """A page of events that start between the times of the query, the newest start first."""
    at: ListPosition | None = request.position(ListPosition)
    after = None if at is None else {"part": EVENT_SORT_KEY, "startTs": at.start_ts, "eventId": at.event_id}
    from_ts, to_ts = request.query.from_ts or 0, request.query.to_ts or LATEST_TS + 1
    page, last = adapters.events.page(after, request.query.limit, (from_ts, to_ts - 1))
    summaries = (views.event_summary(_header(row), request.now) for row in page)
    following = None if last is None else request.cursor(ListPosition(int(last["startTs"]), last["eventId"]))
    return OperationResult(
        EventPage(items=tuple(summary for summary in summaries if summary is not None), next=following)
    )


def create_event(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """Have the event created; the same call again under one key is the same event."""
    body = _present(request.body)
    event_id = request.one_id("evt-", body.pop("eventId", None), "event's id")
    named = {"eventId": "Idempotency-Key"} if request.headers.idempotency_key is not None else {}
    change = {"action": "create", **body, **({"eventId": event_id} if event_id else {})}
    dispatched = adapters.dispatch(change, EventDispatched, named)
    location = {"Location": f"/events/{dispatched.event_id}"}
    return OperationResult(dispatched, location | _etag(dispatched))


def get_event(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """The event with a page of its VENs."""
    row = _event(request, adapters)
    try:
        plan = adapters.events.plan(row)
    except PlanMissingError:  # it expires with the event, in no order
        plan = None
    reports = adapters.events.ven_items(row.event_id)
    after: str = request.position(str) or ""
    ven_ids = [ven_id for ven_id in views.participant_ids(plan, reports) if ven_id > after]
    page = ven_ids[: request.query.limit]
    event = views.event(
        _header(row),
        views.participations(plan, reports, page),
        settled=_report(request, adapters) is not None,
        now_ts=request.now,
    )
    if event is not None and len(page) < len(ven_ids):
        event = msgspec.structs.replace(event, next=request.cursor(page[-1]))
    return OperationResult(event, {"ETag": quoted(row.etag)})


def revise_event(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """Have the whole of the event replaced."""
    if request.headers.if_match is None:
        detail = "is required: the ETag of the event that is replaced, or * for whatever there is"
        raise ProblemError(ProblemKind.PRECONDITION_REQUIRED, detail, field="If-Match")
    change = {"action": "revise", **_present(request.body), **_on_condition(request, adapters)}
    dispatched = adapters.dispatch(change, EventDispatched, IF_MATCH)
    return OperationResult(dispatched, _etag(dispatched))


def cancel_event(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """Have the event cancelled."""
    change = {"action": "cancel", **_on_condition(request, adapters)}
    dispatched = adapters.dispatch(change, EventDispatched, IF_MATCH)
    return OperationResult(dispatched, _etag(dispatched))


def delete_event(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """Have the event deleted."""
    adapters.dispatch({"action": "delete", **_on_condition(request, adapters)}, EventDispatched, IF_MATCH)
    return OperationResult()


def get_report(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """The report of a settled event. Reading settles nothing."""
    row = _event(request, adapters)
    report = _report(request, adapters)
    if report is not None:
        return OperationResult(read_report(report))
    over = row.over_ts <= request.now
    detail = "is over, and not settled yet: POST settles it now" if over else _not_before(row)
    raise ProblemError(ProblemKind.CONFLICT, detail, field="eventId")


def settle_event(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """Have the event settled now; its report, when it was settled before."""
    row = _event(request, adapters)
    if row.over_ts > request.now:
        raise ProblemError(ProblemKind.CONFLICT, _not_before(row), field="eventId")
    return OperationResult(adapters.settle({"eventId": row.event_id}, EventReport))


def _not_before(row: EventRow) -> str:
    return f"is not over before {instant_text(row.over_ts)}"


def _event(request: OperationRequest, adapters: ApiAdapters) -> EventRow:
    """The path's event. Raises ProblemError when there is none, or none any more."""
    row = adapters.events.find(request.path.event_id)
    if row is None or row.deleted_ts is not None:
        raise ProblemError(ProblemKind.NOT_FOUND, f"no event {request.path.event_id!r}", field="eventId")
    return row


def _report(request: OperationRequest, adapters: ApiAdapters) -> Any:
    """The report as it is stored, or None."""
    item = adapters.events.table.get(Key(request.path.event_id, REPORT_SORT_KEY))
    return None if item is None else item["report"]


def _header(row: EventRow) -> JsonDict:
    value: JsonDict = msgspec.to_builtins(row)
    return value


def _present(body: msgspec.Struct) -> JsonDict:
    """The fields that stand in a body."""
    value: JsonDict = msgspec.to_builtins(body)
    return {name: item for name, item in value.items() if item is not None}


def _on_condition(request: OperationRequest, adapters: ApiAdapters) -> JsonDict:
    """The event, and the etag on condition of which it is changed.

    Raises:
        ProblemError: the event has another etag than If-Match names.
    """
    condition = if_match_of(request, lambda: _event(request, adapters).etag)
    return {"eventId": request.path.event_id} | ({} if condition.get("ifMatch") == ANY else condition)


def _etag(dispatched: EventDispatched) -> dict[str, str]:
    return {"ETag": quoted(dispatched.etag)}
