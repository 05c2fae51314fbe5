"""The event's report from those of its VENs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from contracts import codec
from contracts.events import Signal
from contracts.records import REPORT_PART
from contracts.settlement import Baseline, Delivered, EventReport, VenReport
from lambdas.common.rows import EventRow
from lambdas.settle_event.baselines import RULES

REPORT_MAX_BYTES = 300 * 1024
"""As JSON. Source: a DynamoDB item holds 400 KB; attribute values take a little more than JSON."""


def report_event(event: EventRow, vens: Sequence[VenReport], *, settled_ts: int) -> EventReport:
    """The totals over *vens*. What was asked is what the event asked of the fleet, allocated or not."""
    end_ts = event.end_ts if event.cancelled_ts is None else min(event.end_ts, int(event.cancelled_ts))
    return EventReport(
        event_id=event.event_id,
        revision=event.revision,
        start_ts=event.start_ts,
        end_ts=end_ts,
        settled_ts=settled_ts,
        asked_kw=_asked_kw(event),
        delivered={name: total for name in RULES if (total := _total(vens, name)) is not None},
        vens=tuple(vens),
        cancelled=event.cancelled_ts is not None,
        notes=tuple(_notes(event, vens)),
    )


def without_vens(report: EventReport) -> EventReport:
    """A report too large for one item, without the VENs' parts, which then stand beside their acks."""
    notes = (*report.notes, f"the reports of {len(report.vens)} VENs stand under their parts of the event")
    return msgspec.structs.replace(report, vens=(), notes=notes)


def too_large(report: EventReport) -> bool:
    """Whether a report does not fit into one item."""
    return len(codec.encode(report)) > REPORT_MAX_BYTES


def report_item(report: EventReport, expires_ts: int) -> dict[str, Any]:
    """The report as an item of the events table."""
    value: dict[str, Any] = msgspec.to_builtins(report)
    return {"eventId": report.event_id, "part": REPORT_PART, "report": value, "expiresTs": expires_ts}


def read_report(item: Any) -> EventReport:
    """A report as it was stored."""
    return msgspec.convert(item["report"], EventReport)


def _asked_kw(event: EventRow) -> float:
    """Power to shed, as a mean over the event as it was planned, kW."""
    kws = sum(each.value * each.duration_s for each in event.intervals if each.signal is Signal.SHED_KW)
    return kws / (event.end_ts - event.start_ts)


def _total(vens: Sequence[VenReport], name: Baseline) -> Delivered | None:
    """Sums over the VENs that have this baseline; None when none has."""
    found = [ven.delivered[name] for ven in vens if name in ven.delivered]
    if not found:
        return None
    by_interval = zip(*(each.intervals_kw for each in found), strict=True)
    return Delivered(
        baseline_kw=sum(each.baseline_kw for each in found),
        delivered_kw=sum(each.delivered_kw for each in found),
        delivered_kwh=sum(each.delivered_kwh for each in found),
        intervals_kw=tuple(_sum_known(values) for values in by_interval),
    )


def _sum_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _notes(event: EventRow, vens: Sequence[VenReport]) -> list[str]:
    notes = [f"{ven_id} was not counted on: {why}" for ven_id, why in event.unavailable.items()]
    if event.shortfall_kw > 0:
        notes.append(f"{event.shortfall_kw:g} kW of what was asked could not be allocated")
    silent = [ven.ven_id for ven in vens if not ven.quality.rows]
    if silent:
        notes.append(f"no telemetry of {', '.join(silent)} in the event")
    return notes
