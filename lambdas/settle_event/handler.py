"""Settles an event after its end: one report, however often it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from contracts.requests import SettleEvent
from contracts.settlement import EventReport
from lambdas.common import answers, clock, settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> answers.Answer:  # noqa: ARG001 - Lambda's signature
    """Work out what a DR event delivered, keep the report, and take the event out of the shadows."""
    metrics.add_metric(name="SettlementRequested", unit=MetricUnit.Count, value=1)
    given = answers.answer(lambda: settle(event, now=clock.utc_now()))
    outcome = "SettlementRefused" if given.get("ok") is False else "EventSettled"
    metrics.add_metric(name=outcome, unit=MetricUnit.Count, value=1)
    return given


def settle(event: Any, *, now: float) -> EventReport:
    """Settle the event in *event*, or return the report that there is.

    The shadows are cleared each time, so that a settlement which was cut short leaves nothing behind.
    """
    from lambdas.settle_event.desk import open_desk  # noqa: PLC0415 - not for a request that is refused
    from lambdas.settle_event.report import report_event  # noqa: PLC0415

    request = answers.request(SettleEvent, event)
    desk = open_desk(settings.read(settings.SettleEvent))
    row = desk.event(request.event_id)
    if row is None:
        raise answers.not_found(f"no event {request.event_id!r}", "eventId")
    if now < row.over_ts:
        raise answers.conflict(f"is not over before {row.over_ts:.0f}", "eventId")
    report = desk.report(row.event_id)
    if report is None:
        settled = report_event(row, desk.settle_vens(row), settled_ts=int(now))
        report = desk.keep(settled, row)
    desk.clear_shadows(row)
    logger.info("event settled", event_id=row.event_id, vens=len(report.vens), notes=len(report.notes))
    return report
