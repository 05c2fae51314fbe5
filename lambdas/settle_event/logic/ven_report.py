"""One VEN's part in an event: what it was asked for and what it did. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.api.reports import Baseline, Delivered, Quality, VenReport
from contracts.store.keys import OWN_KWH_PREFIX
from contracts.wire.events import Phase
from contracts.wire.ids import VenId
from contracts.wire.units import S_PER_H
from lambdas.settle_event.logic.baselines import Matched, NoBaselineError, match
from lambdas.settle_event.logic.days import Frame, LikeDay, Quarters
from lambdas.settle_event.logic.energy import Trace, Window
from lambdas.settle_event.logic.measure import Saved, SiteLimits, score, score_windows
from lambdas.settle_event.logic.rules import RULES
from lambdas.settle_event.logic.timeline import Part

BEFORE_S = 3600.0
"""What `meter_before` is the mean of."""
REBOUND_S = 3600.0
"""How long after the event what a site draws more is counted as rebound, if it is settled that late."""
SPARSE = 0.9
"""Below this coverage a report says so, and an aggregate is made without the VEN."""

NO_ROWS_BEFORE = "meter_before: no telemetry in the hour before the event"
NO_ROWS = "clone: no telemetry in the event"


@dataclass(frozen=True, slots=True)
class Setting:
    """What is the same for every VEN of an event.

    Attributes:
        event_id: the event.
        asked: when the operator asked for anything; what is delivered is a mean over this time.
        frame: the quarter hours around the time in which any VEN took part.
        intervals: the stretches in which the operator asked for the same.
        series: start, step and count of the means that are plotted.
    """

    event_id: str
    asked: Window
    frame: Frame
    intervals: tuple[Window, ...]
    series: tuple[float, float, int]
    scored: tuple[Window, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scored", score_windows(self.frame.event))


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of one VEN: its part, its rows around the event, the days before, its acks by phase."""

    ven_id: str
    part: Part
    trace: Trace
    like: tuple[LikeDay, ...] = ()
    acks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measured:
    """One VEN worked out: its report, and what the aggregate is made of, kW.

    *used_kw*, *intervals_kw*, *scored_clone_kw* and the two series are of the fleet's windows, not of the
    VEN's own; *own_intervals_s* is how long the VEN took part in each interval, *covered_intervals_s* how
    much of that is stored. *reasons* say why a rule gave nothing.
    """

    report: VenReport
    coverage: float
    used_kw: float | None
    intervals_kw: tuple[float | None, ...]
    own_intervals_s: tuple[float, ...]
    covered_intervals_s: tuple[float, ...]
    scored_clone_kw: tuple[float | None, ...]
    series_used_kw: tuple[float | None, ...]
    series_clone_kw: tuple[float | None, ...]
    own: Quarters
    like: tuple[LikeDay, ...]
    reasons: Mapping[Baseline, str]


def measure_ven(known: Known, setting: Setting) -> Measured:
    """What a VEN delivered, from its telemetry around the event, the days before and its acks by phase."""
    trace, frame = known.trace, setting.frame
    whole = trace.over(frame.event)
    bins = trace.bins(*setting.series)
    least_s = setting.series[1] / 2
    own = frame.own(trace)
    windows = _own_intervals(known.part, setting)
    delivered, reasons = _delivered(known, setting, own, windows)
    return Measured(
        report=_report(known, setting, delivered, windows),
        coverage=whole.covered_s / frame.event.duration_s if frame.event.duration_s > 0 else 0.0,
        used_kw=whole.used_kw,
        intervals_kw=tuple(trace.over(window).used_kw for window in setting.intervals),
        own_intervals_s=tuple(window.duration_s for window in windows),
        covered_intervals_s=tuple(trace.over(window).covered_s for window in windows),
        scored_clone_kw=tuple(trace.over(window).clone_kw for window in setting.scored),
        series_used_kw=tuple(each.used_kw if each.covered_s >= least_s else None for each in bins),
        series_clone_kw=tuple(each.clone_kw if each.covered_s >= least_s else None for each in bins),
        own=own,
        like=known.like,
        reasons=reasons,
    )


def meter_before_kw(trace: Trace, event: Window) -> float | None:
    """The mean of the hour before the event, from what is stored of it; None when nothing is.

    It ends where the event starts, whatever is missing: a window that slid into the event would measure
    the curtailed site. So would the row that spans the start, a mean over both sides of it.
    """
    until_ts = min(event.start_ts, trace.ends_before(event.start_ts))
    return trace.over(Window(event.start_ts - BEFORE_S, until_ts)).used_kw


def _delivered(
    known: Known, setting: Setting, own: Quarters, windows: Sequence[Window]
) -> tuple[dict[Baseline, Delivered], dict[Baseline, str]]:
    """Delivery by each baseline that can be worked out, and why the others cannot."""
    found: dict[Baseline, Delivered] = {}
    reasons: dict[Baseline, str] = {}
    site, window, frame = SiteLimits.of(known.trace, setting.event_id), known.part.window, setting.frame
    clone_kw = [known.trace.over(each).clone_kw for each in setting.scored]
    for name, rule in RULES.items():
        try:
            matched = match(rule, known.like, own, frame)
        except NoBaselineError as error:
            reasons[name] = str(error)
            continue
        saved = site.by_quarters(window, matched.kw, frame)
        if saved is not None:
            by_interval = [site.by_quarters(each, matched.kw, frame) for each in windows]
            scored = score([frame.mean_kw(matched.kw, each) for each in setting.scored], clone_kw)
            found[name] = _figures(saved, by_interval, scored, matched)
    before_kw = meter_before_kw(known.trace, window)
    if before_kw is None:
        reasons["meter_before"] = NO_ROWS_BEFORE
    elif (saved := site.by_level(window, before_kw)) is not None:
        by_interval = [site.by_level(each, before_kw) for each in windows]
        scored = score([before_kw] * len(setting.scored), clone_kw)
        found["meter_before"] = _figures(saved, by_interval, scored)
    if (saved := site.by_clone(window)) is not None:
        found["clone"] = _figures(saved, [site.by_clone(each) for each in windows])
    else:
        reasons["clone"] = NO_ROWS
    return found, reasons


def _figures(
    saved: Saved, by_interval: list[Saved | None], scored: Any = None, matched: Matched | None = None
) -> Delivered:
    band = matched.band_kw(saved.delivered_kw) if matched else None
    return Delivered(
        baseline_kw=saved.baseline_kw,
        delivered_kw=saved.delivered_kw,
        delivered_kwh=saved.delivered_kwh,
        intervals_kw=tuple(None if each is None else each.delivered_kw for each in by_interval),
        low_kw=band[0] if band else None,
        high_kw=band[1] if band else None,
        score=scored,
        notes=matched.notes if matched else (),
    )


def _own_intervals(part: Part, setting: Setting) -> tuple[Window, ...]:
    """The event's intervals as the VEN had them: moved by its randomised start, cut to its time."""
    return tuple(
        Window(start_ts + part.offset_s, end_ts + part.offset_s).cut(part.window)
        for start_ts, end_ts in setting.intervals
    )


def _report(
    known: Known, setting: Setting, delivered: dict[Baseline, Delivered], windows: Sequence[Window]
) -> VenReport:
    part, trace, acks, window = known.part, known.trace, known.acks, known.part.window
    covered_s = trace.over(window).covered_s
    active, opted_out = acks.get(Phase.ACTIVE), acks.get(Phase.OPTED_OUT)
    return VenReport(
        ven_id=VenId(known.ven_id),
        start_ts=window.start_ts,
        end_ts=window.end_ts,
        requested_kw=_requested_kw(part, trace, window) or 0.0,
        requested_kwh=_requested_kwh(part, trace, window),
        asked_intervals_kw=tuple(_requested_kw(part, trace, each) for each in windows),
        used_kw=trace.over(window).used_kw,
        delivered=delivered,
        quality=_quality(trace, window, covered_s),
        acknowledged=any(phase in acks for phase in Phase),
        opted_out=opted_out is not None,
        opt_out_reason=_reason(opted_out),
        response_s=max(0.0, active["ts"] - window.start_ts) if active else None,
        restored=_restored(setting.event_id, window, trace),
        rebound_kwh=_rebound_kwh(trace, window),
        own_kwh=_own_kwh(acks),
        notes=tuple(_notes(window, covered_s, delivered, acks)),
    )


def _requested_kwh(part: Part, trace: Trace, window: Window) -> float:
    """Energy asked for, kWh: as assigned where that is a power to shed, else as the VEN says."""
    others = (trace.requested_kwh(each.cut(window)) for each in part.others())
    return part.shed_kwh(window) + sum(others)


def _requested_kw(part: Part, trace: Trace, window: Window) -> float | None:
    if window.duration_s <= 0:
        return None
    return _requested_kwh(part, trace, window) * S_PER_H / window.duration_s


def _quality(trace: Trace, window: Window, covered_s: float) -> Quality:
    return Quality(
        rows=sum(window.start_ts < row.timestamp <= window.end_ts for row in trace.rows),
        coverage=min(1.0, covered_s / window.duration_s) if window.duration_s > 0 else 0.0,
        longest_gap_s=trace.longest_gap_s(window) if window.duration_s > 0 else 0.0,
    )


def _restored(event_id: str, window: Window, trace: Trace) -> bool | None:
    """Whether the last row after the end is no longer of this event; None when there is none."""
    if not trace.rows or trace.rows[-1].timestamp <= window.end_ts:
        return None
    return trace.rows[-1].event_id != event_id


def _rebound_kwh(trace: Trace, window: Window) -> float | None:
    """What was drawn beyond the clone's baseline after the event, as far as it is stored, kWh."""
    if window.duration_s <= 0:
        return None
    after = trace.over(Window(window.end_ts, window.end_ts + REBOUND_S))
    return after.used_kwh - after.clone_kwh if after.covered_s > 0 else None


def _own_kwh(acks: Mapping[str, Any]) -> float | None:
    """What the VEN says that it delivered, over all times that it acted on the event; None if it does not."""
    known = [kwh for name, kwh in acks.items() if name.startswith(OWN_KWH_PREFIX)]
    return sum(known) if known else None


def _reason(opted_out: Mapping[str, Any] | None) -> str | None:
    if opted_out is None:
        return None
    said = (opted_out.get("data") or {}).get("optOut") or {}
    return str(said.get("reason", "without a reason"))


def _notes(
    window: Window, covered_s: float, delivered: dict[Baseline, Delivered], acks: Mapping[str, Any]
) -> list[str]:
    if window.duration_s <= 0:
        return ["cancelled before it started"]
    notes = [NO_ROWS_BEFORE] if "meter_before" not in delivered else []
    notes += [NO_ROWS] if "clone" not in delivered else []
    if 0 < covered_s < SPARSE * window.duration_s:
        notes.append(f"telemetry covers {covered_s / window.duration_s:.0%} of the event")
    if "refused" in acks:
        notes.append(f"refused by the VEN: {acks['refused'].get('error', 'without a reason')}")
    by_hand = sorted({load for ack in acks.values() if isinstance(ack, dict) for load in _by_hand(ack)})
    if by_hand:
        notes.append(f"taken out by hand: {', '.join(by_hand)}")
    return notes


def _by_hand(ack: Mapping[str, Any]) -> list[str]:
    return list((ack.get("data") or {}).get("byHand", []))
