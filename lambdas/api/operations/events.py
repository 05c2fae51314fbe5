"""DR events: asked for, revised, cancelled, deleted by `dispatch_event`; read from the table."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts.api.reports import EventReport
from contracts.api.requests import EventDispatched
from contracts.api.resources import EventPage
from contracts.store import views
from contracts.store.keys import EVENT_PART, REPORT_PART, Key
from contracts.wire.telemetry import Timestamp
from lambdas.api.logic import etags
from lambdas.api.logic.problems import (
    CONFLICT,
    NOT_FOUND,
    PRECONDITION_FAILED,
    PRECONDITION_REQUIRED,
    ProblemError,
)
from lambdas.api.logic.requests import Asked, Given
from lambdas.shared.event_book import PlanMissingError
from lambdas.shared.rows import EventRow

IF_MATCH = {"ifMatch": "If-Match"}


class Place(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Where a list of events goes on: behind the event that starts then and has that id."""

    start_ts: Timestamp
    event_id: str


def list_events(asked: Asked) -> Given:
    """A page of events, the newest start first."""
    at: Place | None = asked.position(Place)
    after = None if at is None else {"part": EVENT_PART, "startTs": at.start_ts, "eventId": at.event_id}
    found, last = asked.desk.events.page(after, asked.query.limit)
    shown = (views.event_summary(_header(row), asked.now) for row in found)
    following = None if last is None else asked.cursor(Place(int(last["startTs"]), last["eventId"]))
    return Given(EventPage(items=tuple(each for each in shown if each is not None), next=following))


def create_event(asked: Asked) -> Given:
    """Have the event created; the same call again under one key is the same event."""
    body = _given(asked.body)
    event_id = asked.one_id("evt-", body.pop("eventId", None), "event's id")
    named = {"eventId": "Idempotency-Key"} if asked.headers.idempotency_key is not None else {}
    request = {"action": "create", **body, **({"eventId": event_id} if event_id else {})}
    dispatched = asked.desk.dispatch(request, EventDispatched, named)
    location = {"Location": f"/events/{dispatched.event_id}"}
    return Given(dispatched, location | _etag(dispatched))


def get_event(asked: Asked) -> Given:
    """The event with a page of its VENs' parts."""
    row = _event(asked)
    try:
        plan = asked.desk.events.plan(row)
    except PlanMissingError:  # it expires with the event, in no order
        plan = None
    said = asked.desk.events.ven_parts(row.event_id)
    after: str = asked.position(str) or ""
    ven_ids = [ven_id for ven_id in views.part_ids(plan, said) if ven_id > after]
    page = ven_ids[: asked.query.limit]
    event = views.event(
        _header(row), views.ven_parts(plan, said, page), settled=_report(asked) is not None, now_ts=asked.now
    )
    if event is not None and len(page) < len(ven_ids):
        event = msgspec.structs.replace(event, next=asked.cursor(page[-1]))
    return Given(event, {"ETag": etags.quoted(row.etag)})


def revise_event(asked: Asked) -> Given:
    """Have all of what the event asks for replaced."""
    if asked.headers.if_match is None:
        detail = "is required: the ETag of the event that is replaced, or * for whatever there is"
        raise ProblemError(PRECONDITION_REQUIRED, detail, field="If-Match")
    request = {"action": "revise", **_given(asked.body), **_on_condition(asked)}
    dispatched = asked.desk.dispatch(request, EventDispatched, IF_MATCH)
    return Given(dispatched, _etag(dispatched))


def cancel_event(asked: Asked) -> Given:
    """Have the event cancelled."""
    request = {"action": "cancel", **_on_condition(asked)}
    dispatched = asked.desk.dispatch(request, EventDispatched, IF_MATCH)
    return Given(dispatched, _etag(dispatched))


def delete_event(asked: Asked) -> Given:
    """Have the event deleted."""
    asked.desk.dispatch({"action": "delete", **_on_condition(asked)}, EventDispatched, IF_MATCH)
    return Given()


def get_report(asked: Asked) -> Given:
    """The report of a settled event. Reading settles nothing."""
    row = _event(asked)
    report = _report(asked)
    if report is not None:
        return Given(msgspec.convert(report, EventReport))
    over = row.over_ts <= asked.now
    detail = "is over, and not settled yet: POST settles it now" if over else _not_before(row)
    raise ProblemError(CONFLICT, detail, field="eventId")


def settle_event(asked: Asked) -> Given:
    """Have the event settled now; its report, when it was settled before."""
    row = _event(asked)
    if row.over_ts > asked.now:
        raise ProblemError(CONFLICT, _not_before(row), field="eventId")
    return Given(asked.desk.settle({"eventId": row.event_id}, EventReport))


def _not_before(row: EventRow) -> str:
    return f"is not over before {row.over_ts:.0f}"


def _event(asked: Asked) -> EventRow:
    """The path's event. Raises ProblemError when there is none, or none any more."""
    row = asked.desk.events.find(asked.path.event_id)
    if row is None or row.deleted_ts is not None:
        raise ProblemError(NOT_FOUND, f"no event {asked.path.event_id!r}", field="eventId")
    return row


def _report(asked: Asked) -> Any:
    """The report as it is stored, or None."""
    item = asked.desk.events.table.get(Key(asked.path.event_id, REPORT_PART))
    return None if item is None else item["report"]


def _header(row: EventRow) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(row)
    return value


def _given(body: msgspec.Struct) -> dict[str, Any]:
    """What stands in a body, without what was left out."""
    value: dict[str, Any] = msgspec.to_builtins(body)
    return {name: item for name, item in value.items() if item is not None}


def _on_condition(asked: Asked) -> dict[str, Any]:
    """The event, and the etag on condition of which it is changed.

    Raises:
        ProblemError: what If-Match names is not what there is.
    """
    event = {"eventId": asked.path.event_id}
    if asked.headers.if_match is None:
        return event
    wanted = etags.wanted(asked.headers.if_match)
    if wanted == (etags.ANY,):
        return event
    if len(wanted) == 1 and 0 < len(wanted[0]) <= etags.MAX_CHARS:
        return event | {"ifMatch": wanted[0]}
    current = _event(asked).etag
    if current not in wanted:
        raise ProblemError(
            PRECONDITION_FAILED, f"the event's ETag is {etags.quoted(current)}", field="If-Match"
        )
    return event | {"ifMatch": current}


def _etag(dispatched: EventDispatched) -> dict[str, str]:
    return {"ETag": etags.quoted(dispatched.etag)}
