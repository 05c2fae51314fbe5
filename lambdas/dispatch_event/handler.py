"""Creates and cancels DR events: record first, then all that follows from the record.

A request that was cut short anywhere is completed by repeating it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from contracts.requests import DispatchEvent, EventDispatched
from lambdas.common import answers, clock, settings
from lambdas.common.rows import EventRow
from lambdas.dispatch_event import plan

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from lambdas.dispatch_event.desk import Desk

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> answers.Answer:
    """Create or cancel a DR event and write it to the shadows of the VENs that it is allocated to."""
    metrics.add_metric(name="DispatchRequested", unit=MetricUnit.Count, value=1)
    given = answers.answer(lambda: dispatch(event, context.aws_request_id, now=clock.utc_now()))
    metrics.add_metric(
        name="EventDispatched" if given["ok"] else "EventRefused", unit=MetricUnit.Count, value=1
    )
    if given["ok"]:
        metrics.add_metric(name="ShortfallKw", unit=MetricUnit.NoUnit, value=given["shortfallKw"])
    return given


def dispatch(event: Any, request_id: str, *, now: float) -> EventDispatched:
    """Carry out the request in *event*; without an event id, Lambda's request id makes it."""
    from lambdas.dispatch_event.desk import open_desk  # noqa: PLC0415 - not for a request that is refused

    request = answers.request(DispatchEvent, event)
    needs = settings.read(settings.DispatchEvent)
    event_id = request.event_id or f"evt-{request_id}"
    desk = open_desk(needs)
    if request.action == "cancel":
        return _cancel(desk, event_id, now=now)
    return _create(desk, request, event_id, now=now, retention_days=needs.retention_days)


def _create(
    desk: Desk, request: DispatchEvent, event_id: str, *, now: float, retention_days: int
) -> EventDispatched:
    row = desk.event(event_id)
    if row is None:
        fleet = desk.fleet(request.targets)
        planned = plan.plan_event(request, event_id, fleet, now=now, retention_days=retention_days)
        row = planned if desk.put(planned) else _existing(desk, event_id)
    if row.requested != plan.digest(request):
        raise answers.conflict("used for another event already", "eventId")
    if row.cancelled_ts is not None:
        raise answers.conflict("has been cancelled", "eventId")
    if row.over_ts <= now:
        return plan.answer(row)
    full = desk.carry_out(row, now=now)
    latest = _existing(desk, event_id)
    if latest.cancelled_ts is not None:  # while its shadows were being written: the newer revision stands
        desk.carry_out(latest, now=now)
        raise answers.conflict("has been cancelled", "eventId")
    logger.info("event dispatched", event_id=event_id, vens=len(row.assignments), full=len(full))
    return plan.answer(row, full)


def _cancel(desk: Desk, event_id: str, *, now: float) -> EventDispatched:
    row = desk.event(event_id)
    if row is None:
        raise answers.not_found(f"no event {event_id!r}", "eventId")
    if row.cancelled_ts is None:
        if row.over_ts <= now:
            raise answers.conflict(f"is over since {row.over_ts:.0f}", "eventId")
        desk.cancel(row, now=now)
        row = _existing(desk, event_id)
    desk.carry_out(row, now=now)
    logger.info("event cancelled", event_id=event_id, vens=len(row.assignments))
    return plan.answer(row)


def _existing(desk: Desk, event_id: str) -> EventRow:
    row = desk.event(event_id)
    if row is None:  # removed between two calls: the record is gone, so is the event
        raise answers.not_found(f"no event {event_id!r}", "eventId")
    return row
