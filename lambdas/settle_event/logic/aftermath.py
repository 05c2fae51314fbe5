"""Rebound, payback and what residents bought: the time after an event, until the next one. Pure.

      event          rebound: 4 h                                   payback: 24 h
    ├────────┤──────────────────────┤──────────────────────────────────────────────┤
                        ├─ another event ─┤   both counts end where it begins, and the report says so

What is drawn above the house without events is counted for one event alone: for the one that is over, until
the next begins. What it had put off and was not caught up by then falls into the time of the next. A time
that is not stored yet is not counted yet; the report says until when it has counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

from contracts.api.aftermath import Aftermath, Bought
from contracts.wire.units import S_PER_H
from lambdas.settle_event.logic.other_events import OtherEvent
from lambdas.shared.power_traces import Trace, Window

REBOUND_4H_S = 4 * 3600.0
PAYBACK_24H_S = 24 * 3600.0
STORED = 0.9
"""With less of a time stored there is no figure of it. Interpretation: as for an event's own time."""
LEAST_S = 60.0
"""Of a shorter time after an event there is no figure.

Interpretation: the row that spans the event's end reaches as far.
"""
BOUGHT_STEP_S = 900
"""As tariffs have it."""
BOUGHT_MOST = 700
"""Steps: a week. Of a longer event they are hours."""
LONG_STEP_S = 3600


@dataclass(frozen=True, slots=True)
class VenAftermath:
    """The time after an event of one VEN.

    Attributes:
        rebound: of the four hours after it.
        payback: of the day after it.
        bought_kwh: bought more over event and payback; None where too little is stored.
        bought_series_kwh: the same in the steps of `bought_steps`, None where nothing is stored.
        fed_in_series_kwh: fed in more in these steps, each by its mean; 0 where nothing is stored.
    """

    rebound: Aftermath | None = None
    payback: Aftermath | None = None
    bought_kwh: float | None = None
    bought_series_kwh: tuple[float | None, ...] = ()
    fed_in_series_kwh: tuple[float, ...] = ()


NOTHING = VenAftermath()


def bought_steps(event: Window) -> tuple[int, int, int]:
    """Start, step and count of the steps over *event*, which is the fleet's, and the day after it."""
    until_ts = event.end_ts + PAYBACK_24H_S
    step_s = BOUGHT_STEP_S if until_ts - event.start_ts <= BOUGHT_MOST * BOUGHT_STEP_S else LONG_STEP_S
    start_ts = floor(event.start_ts / step_s) * step_s
    return start_ts, step_s, ceil((until_ts - start_ts) / step_s)


def after_event(
    trace: Trace, window: Window, others: Sequence[OtherEvent], steps: tuple[int, int, int]
) -> VenAftermath:
    """The aftermath of a VEN's part *window* in an event, as far as *trace* has it.

    Args:
        trace: its rows, over the event and after it.
        window: its time in the event.
        others: the other events that it took part in.
        steps: of the series, as `bought_steps`.
    """
    if window.duration_s <= 0 or not trace.rows:
        return NOTHING
    payback = _counted(trace, window.end_ts, PAYBACK_24H_S, others)
    whole = Window(window.start_ts, max(payback.until_ts, window.end_ts))
    covered_s, used_kws, clone_kws = trace.increments(_edges_ts(whole, steps))
    used_kwh, clone_kwh = ([kws / S_PER_H for kws in energy_kws] for energy_kws in (used_kws, clone_kws))
    return VenAftermath(
        rebound=_counted(trace, window.end_ts, REBOUND_4H_S, others),
        payback=payback,
        bought_kwh=_above_kwh(trace, whole),
        bought_series_kwh=tuple(
            [
                used - clone if seconds > 0 else None
                for used, clone, seconds in zip(used_kwh, clone_kwh, covered_s, strict=True)
            ]
        ),
        fed_in_series_kwh=_fed_in_more_kwh(used_kwh, clone_kwh),
    )


def _counted(trace: Trace, end_ts: float, horizon_s: float, others: Sequence[OtherEvent]) -> Aftermath:
    """The energy above the house without events, from *end_ts* for *horizon_s*, or until the next event."""
    horizon_ts = end_ts + horizon_s
    following = [other for other in others if other.window.end_ts > end_ts]
    cut_by = min(following, key=lambda other: other.window.start_ts, default=None)
    if cut_by is not None and cut_by.window.start_ts >= horizon_ts:
        cut_by = None
    most_ts = horizon_ts if cut_by is None else max(end_ts, cut_by.window.start_ts)
    until_ts = min(most_ts, max(end_ts, trace.ends_s[-1]))
    reached = until_ts == most_ts
    return Aftermath(
        kwh=_above_kwh(trace, Window(end_ts, until_ts)) if until_ts - end_ts >= LEAST_S else None,
        until_ts=until_ts,
        whole=reached and cut_by is None,
        cut=int(reached and cut_by is not None),
        cut_by=cut_by.event_id if reached and cut_by is not None else None,
    )


def _above_kwh(trace: Trace, window: Window) -> float | None:
    over = trace.over(window)
    if window.duration_s <= 0 or over.covered_s < STORED * window.duration_s:
        return None
    return over.used_kwh - over.clone_kwh


def _fed_in_more_kwh(used_kwh: Sequence[float], clone_kwh: Sequence[float]) -> tuple[float, ...]:
    """Energy that was fed in, in each step, above what the clone fed in."""
    if min(used_kwh, default=0.0) >= 0 <= min(clone_kwh, default=0.0):
        return (0.0,) * len(used_kwh)
    return tuple(
        [max(-used, 0.0) - max(-clone, 0.0) for used, clone in zip(used_kwh, clone_kwh, strict=True)]
    )


def _edges_ts(window: Window, steps: tuple[int, int, int]) -> list[float]:
    """The edges of the steps, as far as they are within *window*."""
    start_ts, step_s, count = steps
    edges_ts = range(start_ts, start_ts + count * step_s + 1, step_s)
    from_ts, until_ts = window
    return [min(max(ts, from_ts), until_ts) for ts in edges_ts]


def fleet_aftermath(of_vens: Sequence[Aftermath | None]) -> Aftermath | None:
    """The aftermath of VENs together; None without any. A VEN without a figure is not in the sum."""
    present = [of_ven for of_ven in of_vens if of_ven is not None]
    if not present:
        return None
    energies_kwh = [of_ven.kwh for of_ven in present if of_ven.kwh is not None]
    cut_by = Counter(of_ven.cut_by for of_ven in present if of_ven.cut_by is not None).most_common(1)
    return Aftermath(
        kwh=sum(energies_kwh) if energies_kwh else None,
        until_ts=max(of_ven.until_ts for of_ven in present),
        whole=all(of_ven.whole for of_ven in present),
        vens=len(energies_kwh),
        cut=sum(of_ven.cut for of_ven in present),
        cut_by=cut_by[0][0] if cut_by else None,
    )


def fleet_bought(vens: Sequence[VenAftermath], steps: tuple[int, int, int]) -> Bought | None:
    """The energy that the residents of VENs bought more, together; None where nothing is stored."""
    columns = zip(*[ven.bought_series_kwh for ven in vens if ven.bought_series_kwh], strict=True)
    sums = [_sum_of_stored(column) for column in columns]
    while sums and sums[-1] is None:
        sums.pop()
    if not sums:
        return None
    start_ts, step_s, _ = steps
    fed_in = zip(*[ven.fed_in_series_kwh for ven in vens if ven.fed_in_series_kwh], strict=True)
    fed_in_kwh = tuple(map(sum, fed_in))[: len(sums)]
    return Bought(
        start_ts=start_ts, step_s=step_s, kwh=tuple(sums), fed_in_kwh=fed_in_kwh if any(fed_in_kwh) else ()
    )


def _sum_of_stored(column: Sequence[float | None]) -> float | None:
    present = [energy_kwh for energy_kwh in column if energy_kwh is not None]
    return sum(present) if present else None
