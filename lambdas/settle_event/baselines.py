"""What a site would have drawn without the event, by two rules. Pure.

Interpretation: both rules are ours. Tariffs' day-matching rules need weeks of history, which a
settlement right after an event does not read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from contracts.settlement import Baseline
from lambdas.settle_event.energy import Row, Span, Window, integrate, used_kw

BEFORE_S = 3600.0
BaselineKw = Callable[[Row], float]
"""The baseline's power at the time of a row, kW."""


def meter_before(spans: Sequence[Span], event: Window) -> BaselineKw | None:
    """The mean of the hour before the event, from what is stored of it; None when nothing is.

    It ends where the event starts, whatever is missing: a window that slid into the event would measure
    the curtailed site. So would the row that spans the start, a mean over both sides of it.
    """
    before = Window(event.start_ts - BEFORE_S, event.start_ts)
    whole = [span for span in spans if span.window.end_ts <= event.start_ts]
    mean_kw = integrate(whole, before, used_kw).mean_kw
    return None if mean_kw is None else lambda _row: mean_kw


def clone(spans: Sequence[Span], event: Window) -> BaselineKw | None:
    """The uncurtailed clone's power, as each row carries it; None when no row covers the event."""
    if integrate(spans, event, used_kw).covered_s <= 0:
        return None
    return lambda row: row.baseline_power_kw


RULES: Mapping[Baseline, Callable[[Sequence[Span], Window], BaselineKw | None]] = {
    "meter_before": meter_before,
    "clone": clone,
}

WHY_ABSENT: Mapping[Baseline, str] = {
    "meter_before": "meter_before: no telemetry in the hour before the event",
    "clone": "clone: no telemetry in the event",
}
