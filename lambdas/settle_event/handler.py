"""Settles an event after its end: one report, however often it is requested."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.api.reports import EventReport
from contracts.api.requests import SettleEvent
from contracts.wire.units import instant_text
from lambdas.settle_event.settings import SettleSettings
from lambdas.shared import answers, clients, clock, fan_out, invocation, settings
from lambdas.shared.invocation import Event, entry, logger
from lambdas.shared.rows import EventRow

if TYPE_CHECKING:
    from lambdas.settle_event.adapters import SettleAdapters

clients.at_init(__package__, clients.dynamodb, clients.iot_data, clients.sns)


@entry
def handler(event: Event, context: LambdaContext) -> answers.Answer:
    """Take the event out of the shadows, work out what it delivered, and keep the report."""
    until_ts = clock.utc_now() + context.get_remaining_time_in_millis() / 1000
    return invocation.answer(
        lambda: settle(event, now=clock.utc_now(), until_ts=until_ts),
        requested="SettlementRequested",
        done="EventSettled",
        refused="SettlementRefused",
    )


def settle(event: Event, *, now: float, until_ts: float) -> EventReport:
    """Settle the event that *event* names, or return the report that there is."""
    from lambdas.settle_event.adapters import open_adapters  # noqa: PLC0415 - not for a request that is refused

    request = answers.request(SettleEvent, event)
    return settled(open_adapters(settings.read(SettleSettings)), request, now=now, until_ts=until_ts)


def settled(adapters: SettleAdapters, request: SettleEvent, *, now: float, until_ts: float) -> EventReport:
    """Take the event out of the shadows and settle it.

    The event leaves the shadows first, whatever becomes of the report, also when it was deleted since; by
    schedule each time, so that nothing stays that somebody wrote meanwhile.
    """
    row = adapters.book.find(request.event_id)
    if row is None:
        raise answers.not_found(f"no event {request.event_id!r}", "eventId")
    scheduled = request.revision is not None
    try:
        if now >= row.over_ts and (scheduled or row.cleared_ts is None):
            fan_out.clear(adapters.book, adapters.shadows, row, now=now)
    finally:
        if row.deleted_ts is None:
            report = _report(adapters, row, now=now, until_ts=until_ts)
    if row.deleted_ts is not None:
        raise answers.not_found(f"no event {row.event_id!r}", "eventId")
    return report


def _report(adapters: SettleAdapters, row: EventRow, *, now: float, until_ts: float) -> EventReport:
    """Settle the event of *row*, or return the report that there is.

    A report that was made before what follows the event was stored is made anew when it is requested after
    that. Once it is final what is paid stays; rebound and payback are counted to their end when the day after
    the event is stored. What follows from a report is done until it was done once, so that a settlement which
    was cut short leaves nothing behind.
    """
    if now < row.over_ts:
        raise answers.conflict(f"is not over before {instant_text(row.over_ts)}", "eventId")
    stored = adapters.stored_report(row.event_id)
    report = stored.report if stored else None
    due = report is None or (report.preliminary and now >= report.final_from_ts)
    if report is not None and not due and report.counting and now >= report.payback_from_ts:
        from lambdas.settle_event.payback_count import count_on  # noqa: PLC0415 - once an event

        report = adapters.store_report(count_on(adapters, report, row, now=now), row, instead_of=report)
    elif stored is not None and stored.done and not due:
        return stored.report
    plans = adapters.book.plans(row)
    if not plans:
        raise answers.not_found(f"no plan of event {row.event_id!r} is left", "eventId")
    if report is None or due:
        settled = adapters.settle(row, plans, now=now, left_s=until_ts - clock.utc_now())
        report = adapters.store_report(settled, row, instead_of=report)
    adapters.follow_up(report, row, now=now, until_ts=until_ts)
    logger.info("event settled", event_id=row.event_id, vens=len(report.vens), notes=len(report.notes))
    return report
