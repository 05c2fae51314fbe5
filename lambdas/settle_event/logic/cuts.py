"""Events that were cut: cancelled or revised midway, left, or silent for a part. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from contracts.api.aftermath import Cut
from contracts.store.plans import Plan
from lambdas.settle_event.logic.evidence import SettlementContext, VenEvidence
from lambdas.settle_event.logic.other_events import OtherEvent
from lambdas.shared.power_traces import Trace, Window
from lambdas.shared.rows import EventRow

SILENT_S = 300.0
"""A shorter time without rows is no silence. Interpretation: a VEN reconnects within it."""
SILENT_SHARE = 0.2
"""Of a short event this share of it is one."""
LEAST_SILENT_S = 60.0
SECOND_S = 1.0
"""Times are whole seconds."""
MOST_OF_A_KIND = 3
MOST_REVISIONS = 5


def event_cuts(event: EventRow, plans: Sequence[Plan]) -> tuple[Cut, ...]:
    """The changes to an event after it had begun, by its operator, in order."""
    cuts = list(_revisions(plans))[-MOST_REVISIONS:]
    planned = [plan for plan in plans if plan.intervals]
    if event.cancelled_ts is not None and planned:
        window = _window(planned[-1])
        if window.start_ts < event.cancelled_ts < window.end_ts:
            cuts.append(Cut(kind="cancelled", from_ts=event.cancelled_ts, until_ts=window.end_ts))
    return tuple(cuts)


def _revisions(plans: Sequence[Plan]) -> Iterator[Cut]:
    """The plans that came while the one before ran, and requested something else. A redispatch does not."""
    for before, plan in pairwise(plans):
        window = _window(before)
        same = (before.start_ts, before.intervals) == (plan.start_ts, plan.intervals)
        if plan.intervals and not same and window.start_ts < plan.from_ts < window.end_ts:
            yield Cut(kind="revised", from_ts=plan.from_ts, until_ts=_window(plan).end_ts)


def _window(plan: Plan) -> Window:
    return Window(plan.start_ts, plan.start_ts + sum(interval.duration_s for interval in plan.intervals))


def ven_cuts(
    evidence: VenEvidence, context: SettlementContext, others: Sequence[OtherEvent]
) -> tuple[Cut, ...]:
    """The times in which a VEN's part in the event was not what it was meant to be, in order."""
    window = evidence.timeline.window
    if window.duration_s <= 0:
        return ()
    cuts = [
        *_calls(evidence, context),
        *_opt_out(evidence, window),
        *_other_events(others, window),
        *_silences(evidence.trace, window),
    ]
    return tuple(sorted(cuts, key=lambda cut: (cut.from_ts, cut.kind)))


def _calls(evidence: VenEvidence, context: SettlementContext) -> Iterator[Cut]:
    """A VEN that was called when the event ran already, or let go before its end."""
    window, whole, offset_s = evidence.timeline.window, context.requested_window, evidence.timeline.offset_s
    start_ts = max(whole.start_ts + offset_s, context.frame.event.start_ts)
    end_ts = min(whole.end_ts + offset_s, context.frame.event.end_ts)
    if window.start_ts > start_ts + SECOND_S:
        yield Cut(kind="called_later", from_ts=start_ts, until_ts=window.start_ts)
    if window.end_ts < end_ts - SECOND_S:
        yield Cut(kind="let_go", from_ts=window.end_ts, until_ts=end_ts)


def _opt_out(evidence: VenEvidence, window: Window) -> Iterator[Cut]:
    acks = evidence.acks
    if acks.opt_out_reason is None:
        return
    left_ts = window.start_ts if acks.opted_out_ts is None else acks.opted_out_ts + evidence.trace.skew_s
    from_ts = min(max(left_ts, window.start_ts), window.end_ts)
    yield Cut(kind="opted_out", from_ts=from_ts, until_ts=window.end_ts, reason=acks.opt_out_reason)


def _other_events(others: Sequence[OtherEvent], window: Window) -> Iterator[Cut]:
    within = [(other, cut) for other in others if (cut := other.window.cut(window)).duration_s > SECOND_S]
    for other, cut in within[:MOST_OF_A_KIND]:
        yield Cut(kind="other_event", from_ts=cut.start_ts, until_ts=cut.end_ts, event_id=other.event_id)


def _silences(trace: Trace, window: Window) -> list[Cut]:
    """The longest times without rows; none of a VEN that sent nothing at all, which is said elsewhere."""
    least_s = min(SILENT_S, max(LEAST_SILENT_S, SILENT_SHARE * window.duration_s))
    gaps = [gap for gap in trace.gaps(window) if gap.duration_s >= least_s]
    if gaps == [window]:
        return []
    longest = sorted(gaps, key=lambda gap: -gap.duration_s)[:MOST_OF_A_KIND]
    return [Cut(kind="silent", from_ts=gap.start_ts, until_ts=gap.end_ts) for gap in longest]
