"""Settles an event after its end: one report, however often it is requested."""

from __future__ import annotations

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.api.reports import EventReport
from contracts.api.requests import SettleEvent
from lambdas.settle_event.settings import SettleSettings
from lambdas.shared import answers, clients, clock, invocation, settings
from lambdas.shared.invocation import Event, entry, logger

clients.at_init(__package__, clients.dynamodb, clients.iot_data)


@entry
def handler(event: Event, context: LambdaContext) -> answers.Answer:
    """Work out what a DR event delivered, keep the report, and take the event out of the shadows."""
    left_s = context.get_remaining_time_in_millis() / 1000
    return invocation.answer(
        lambda: settle(event, now=clock.utc_now(), left_s=left_s),
        requested="SettlementRequested",
        done="EventSettled",
        refused="SettlementRefused",
    )


def settle(event: Event, *, now: float, left_s: float) -> EventReport:
    """Settle the event in *event*, or return the report that there is.

    A report that was made before what follows the event was stored is made anew when it is requested after
    that. What follows from a report is done until it was done once, so that a settlement which was cut short
    leaves nothing behind.
    """
    from lambdas.settle_event.adapters import open_adapters  # noqa: PLC0415 - not for a request that is refused

    request = answers.request(SettleEvent, event)
    adapters = open_adapters(settings.read(SettleSettings))
    row = adapters.book.find(request.event_id)
    if row is None or row.deleted_ts is not None:
        raise answers.not_found(f"no event {request.event_id!r}", "eventId")
    if now < row.over_ts:
        raise answers.conflict(f"is not over before {row.over_ts:.0f}", "eventId")
    stored = adapters.stored_report(row.event_id)
    report = stored.report if stored else None
    due = report is None or (report.preliminary and now >= report.final_from_ts)
    if stored is not None and stored.done and not due:
        return stored.report
    plans = adapters.book.plans(row)
    if not plans:
        raise answers.not_found(f"no plan of event {request.event_id!r} is left", "eventId")
    if report is None or due:
        settled = adapters.settle(row, plans, now=now, left_s=left_s)
        report = adapters.store_report(settled, row, instead_of=report)
    adapters.follow_up(report, row, plans[-1], now=now)
    logger.info("event settled", event_id=row.event_id, vens=len(report.vens), notes=len(report.notes))
    return report
