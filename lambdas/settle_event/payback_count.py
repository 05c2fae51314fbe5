"""A report counted on: rebound and payback to their end, once the day after the event is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.api.reports import PAYBACK_AFTER_S, EventReport, VenReport
from lambdas.settle_event.logic.aftermath import NOTHING, VenAftermath, after_event, bought_steps
from lambdas.settle_event.logic.other_events import other_events
from lambdas.settle_event.logic.report import rounded
from lambdas.settle_event.logic.resident_report import with_aftermath
from lambdas.settle_event.logic.ven_report import with_after
from lambdas.settle_event.sites import Site
from lambdas.shared import parallel
from lambdas.shared.invocation import logger
from lambdas.shared.power_traces import Window
from lambdas.shared.rows import EventRow
from lambdas.shared.ven_traces import OF_ONE_VEN

if TYPE_CHECKING:
    from lambdas.settle_event.adapters import SettleAdapters


def count_on(adapters: SettleAdapters, report: EventReport, event: EventRow, *, now: float) -> EventReport:
    """*report* with rebound and payback by what is stored by now; what is paid does not change.

    A VEN whose rows cannot be worked out keeps what was counted of it before.
    """
    vens = adapters.ven_reports(report)
    called = [Window(ven.start_ts, ven.end_ts) for ven in vens if ven.end_ts > ven.start_ts]
    over_ts = max((window.end_ts for window in called), default=float(report.end_ts))
    steps = bought_steps(Window(min((window.start_ts for window in called), default=over_ts), over_ts))
    sites = adapters.sites(event).of([ven.ven_id for ven in vens], event)

    def one(ven: VenReport) -> tuple[VenReport, VenAftermath]:
        site, window = sites.get(ven.ven_id, Site()), Window(ven.start_ts, ven.end_ts)
        if window.duration_s <= 0:
            return ven, NOTHING
        try:
            trace = adapters.trace(ven.ven_id, Window(window.start_ts, window.end_ts + PAYBACK_AFTER_S))
            others = other_events(trace, event.event_id, site.events)
            after = after_event(trace, window, others, steps)
        except OF_ONE_VEN as error:
            logger.error("VEN not counted on", extra={"ven_id": ven.ven_id, "error": type(error).__name__})
            return ven, VenAftermath(ven.rebound_4h, ven.payback_24h)
        return with_after(ven, after, site.comfort), after

    results = parallel.over(vens, one)
    counted, after = [ven for ven, _ in results], [of_ven for _, of_ven in results]
    return rounded(with_aftermath(report, counted, after, steps, over_ts=over_ts, settled_ts=int(now)))
