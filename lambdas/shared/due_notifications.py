"""The moments of an event that are to be told by now, each with the key under which it is told once. Pure.

    key                     due when
    ──────────────────────  ──────────────────────────────────────────────
    made                    there is a header
    revised#EDITION         an operator has revised it so often
    begun#START             its start is past, and it was not cancelled before
    cancelled               it was cancelled
    ended                   it is over for every VEN, and was not cancelled
    settled#preliminary     there is a report
    settled#final           the report stands

All of it follows from the header and the report: whoever looks later finds what nobody has told yet, in the
order of the moments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import NamedTuple

from contracts.api.reports import EventReport, VenReport
from contracts.wire.events import cut_end_ts
from contracts.wire.notification_text import request_text, time_text
from contracts.wire.notifications import UNANSWERED_MAX, Notification, NotificationKind
from lambdas.shared.rows import EventRow

KW_DIGITS = 3


class DueNotification(NamedTuple):
    """A notification, and the key under which it is told once."""

    key: str
    notification: Notification


def due_notifications(row: EventRow, now: float) -> Iterator[DueNotification]:
    """The moments of *row* up to *now*, in their order."""
    program = f"program {row.program}"
    request = request_text(row.intervals)
    called = f"{row.dispatched_kw:.2f} kW called for, {program}"
    start, end = time_text(row.start_ts, UTC), time_text(row.end_ts, UTC)
    made = f"Event {row.event_id} was made: {request} from {start}; {called}."
    yield _due(row, "made", NotificationKind.MADE, row.created_ts, made)
    cancelled_ts = row.cancelled_ts
    if row.edition:
        text = f"Event {row.event_id} was revised: {request} from {start}; {called}."
        yield _due(row, f"revised#{row.edition}", NotificationKind.REVISED, now, text)
    if row.start_ts <= now and (cancelled_ts is None or cancelled_ts > row.start_ts):
        text = f"Event {row.event_id} has begun: {request}, until {end}; {called}."
        yield _due(row, f"begun#{row.start_ts}", NotificationKind.BEGUN, row.start_ts, text)
    if cancelled_ts is not None:
        text = f"Event {row.event_id} of {start} was cancelled; {program}."
        yield _due(row, "cancelled", NotificationKind.CANCELLED, cancelled_ts, text)
    elif row.over_ts <= now:
        text = f"Event {row.event_id} has ended: {request}; its result follows; {program}."
        yield _due(row, "ended", NotificationKind.ENDED, row.over_ts, text)


def settlement(row: EventRow, report: EventReport, vens: Sequence[VenReport]) -> DueNotification | None:
    """The result in *report*, whose VENs are *vens*; None of an event that was cancelled before it began."""
    if report.end_ts <= report.start_ts:
        return None
    baseline = report.shown_by
    delivered = None if baseline is None else report.delivered.get(baseline)
    percent = None
    if delivered is not None and abs(report.requested_kw) >= 10**-KW_DIGITS:
        percent = round(100 * delivered.delivered_kw / report.requested_kw)
    silent = sorted(ven.ven_id for ven in vens if not ven.acknowledged)
    key = "settled#preliminary" if report.preliminary else "settled#final"
    notification = Notification(
        id=_id(row, key),
        kind=NotificationKind.SETTLED,
        ts=report.settled_ts,
        text=_settled_text(row, report, percent, (len(silent), len(vens))),
        event_id=row.event_id,
        program=row.program,
        revision=report.revision,
        start_ts=report.start_ts,
        end_ts=report.end_ts,
        intervals=row.intervals,
        requested_kw=round(report.requested_kw, KW_DIGITS),
        dispatched_kw=round(report.dispatched_kw, KW_DIGITS),
        delivered_kw=None if delivered is None else round(delivered.delivered_kw, KW_DIGITS),
        delivered_kwh=None if delivered is None else round(delivered.delivered_kwh, KW_DIGITS),
        delivered_percent=percent,
        baseline=baseline,
        preliminary=report.preliminary,
        called=len(vens),
        unanswered=tuple(silent[:UNANSWERED_MAX]),
        unanswered_count=len(silent),
    )
    return DueNotification(key, notification)


def _settled_text(row: EventRow, report: EventReport, percent: int | None, silent: tuple[int, int]) -> str:
    """The result in a sentence; *silent* are the VENs that did not answer, and all that were called."""
    baseline = report.shown_by
    delivered = None if baseline is None else report.delivered.get(baseline)
    if delivered is None:
        result = "what it delivered is not known"
    elif percent is None:
        result = f"{delivered.delivered_kw:.2f} kW delivered by {baseline}"
    else:
        kw = f"{delivered.delivered_kw:.2f} of {report.requested_kw:.2f} kW"
        result = f"{kw} delivered ({percent} %) by {baseline}"
    answers = f"{silent[0]} of {silent[1]} VENs did not answer" if silent[0] else "every VEN answered"
    state = "preliminary" if report.preliminary else "final"
    return f"Event {row.event_id} is settled ({state}): {result}; {answers}; program {row.program}."


def _due(row: EventRow, key: str, kind: NotificationKind, ts: float, text: str) -> DueNotification:
    notification = Notification(
        id=_id(row, key),
        kind=kind,
        ts=int(ts),
        text=text,
        event_id=row.event_id,
        program=row.program,
        revision=row.revision,
        start_ts=row.start_ts,
        end_ts=cut_end_ts(row.start_ts, row.end_ts, row.cancelled_ts),
        intervals=row.intervals,
        requested_kw=round(row.requested_kw, KW_DIGITS),
        dispatched_kw=round(row.dispatched_kw, KW_DIGITS),
    )
    return DueNotification(key, notification)


def _id(row: EventRow, key: str) -> str:
    """The same however often it is told; an event's id may be taken again once the event has expired."""
    return f"{row.event_id}/{int(row.created_ts)}/{key}"
