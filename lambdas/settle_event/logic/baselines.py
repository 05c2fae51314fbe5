"""Baselines: the load without the event, by the days before it. Pure.

The same arithmetic serves one VEN and the aggregate of many: a load is its matched days and the event's
day, both in the quarter hours of the event's frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from contracts.errors import VenTwinError
from contracts.wire.ids import EventId
from lambdas.settle_event.logic.adjustment import DayMeans, UsualLoad, left_out_errors_kw, move
from lambdas.settle_event.logic.days import Frame, MatchedDay
from lambdas.settle_event.logic.means import Quarters, mean_loads, sum_or_none, weighted_mean
from lambdas.settle_event.logic.rules import Adjustment, Pool, Rule
from lambdas.shared.power_traces import Window

BAND = (0.1, 0.9)
"""The quantiles of a rule's own errors that a band is between."""
LEAST_ERRORS = 4


class MissingTelemetry(StrEnum):
    """Telemetry without which there is no such baseline; the value is the note of the report."""

    HOUR_BEFORE = "meter_before: no telemetry in the hour before the event"
    EVENT = "clone: no telemetry in the event"
    BASELINE = "clone: it reports nothing of what it would have drawn"
    ENOUGH = "no VEN has telemetry enough in the event"


class TooFewDays(NamedTuple):
    """Days that a rule finds, fewer than it takes."""

    pool: Pool
    days: int

    def __str__(self) -> str:
        of = f"{self.pool.least} of " if self.pool.least < self.pool.days else ""
        return f"needs {of}{self.pool.days} {self.pool.name}, has {self.days}"


class MissingWeather(StrEnum):
    """Outdoor temperature without which there is no regression."""

    ANY = "no outdoor temperature is stored"
    EVENT = "not all of the outdoor temperature in the event and on the day before is stored"


class TooFewWeatherDays(NamedTuple):
    """Days with load and weather, fewer than a regression takes."""

    least: int
    days: int

    def __str__(self) -> str:
        return f"needs {self.least} days with their outdoor temperature, has {self.days}"


class BusyBefore(NamedTuple):
    """Other events, or their rebound, in all hours before the event that are looked at."""

    event_id: EventId

    def __str__(self) -> str:
        return f"meter_before: no telemetry in the hour before event {self.event_id}, which came before"


NoBaseline = MissingTelemetry | TooFewDays | BusyBefore | MissingWeather | TooFewWeatherDays
"""The reason why there is no baseline; its text is the words for people."""


class NoBaselineError(VenTwinError):
    """A baseline cannot be worked out from what is stored. Settle by another.

    Attributes:
        reason: why not.
    """

    def __init__(self, reason: NoBaseline) -> None:
        self.reason = reason
        super().__init__(str(reason))


@dataclass(frozen=True, slots=True)
class MatchedBaseline:
    """A baseline by matched days.

    Attributes:
        kw: power in the frame's quarter hours, None where no day that counts knows it.
        days_ago: the days that the mean is of.
        ratio: what it was multiplied by; 1 when it was not.
        added_kw: what was added to it; 0 when nothing was.
        errors_kw: baseline less actual, as means over the event's hours, on each day that was looked at,
            worked out from the others.
        notes: what a reader has to know.
    """

    kw: tuple[float | None, ...]
    days_ago: tuple[int, ...]
    ratio: float
    added_kw: float
    errors_kw: tuple[float, ...]
    notes: tuple[str, ...]

    def band_kw(self, delivered_kw: float) -> tuple[float, float] | None:
        """The band of the delivery by the middle 80 % of the errors; None when there are too few of them.

        An error is baseline less truth, so the true delivery is the figure less the error.
        """
        if len(self.errors_kw) < LEAST_ERRORS:
            return None
        low, high = (_quantile(self.errors_kw, share) for share in BAND)
        return delivered_kw - high, delivered_kw - low


DayInEvent = tuple[MatchedDay, float]
"""A day and its mean over the event's hours, kW."""


def match_baseline(
    rule: Rule, days: Iterable[MatchedDay], event_day_kw: Quarters, frame: Frame
) -> MatchedBaseline:
    """The baseline by *rule*.

    Args:
        rule: which days count and how the day itself adjusts their mean.
        days: matched days, in any order.
        event_day_kw: the load in the event's frame, None where it is not known.
        frame: the event's quarter hours.

    Raises:
        NoBaselineError: there are too few days.
    """
    return match_in_event(rule, days_in_event(days, frame), event_day_kw, frame)


def days_in_event(days: Iterable[MatchedDay], frame: Frame) -> list[DayInEvent]:
    """The days without a gap in the event's hours, the latest first: the same for all rules."""
    ordered = sorted(days)
    means_kw = frame.means_kw([day.kw for day in ordered], frame.event)
    return [(day, event_kw) for day, event_kw in zip(ordered, means_kw, strict=True) if event_kw is not None]


def match_in_event(
    rule: Rule, days: Iterable[DayInEvent], event_day_kw: Quarters, frame: Frame
) -> MatchedBaseline:
    """The same of days that are looked at in the event."""
    pool, sides = rule.pool(frame.kind), _sides(frame, rule.adjustment)
    looked_at = _looked_at(pool, _days(rule, pool, days))
    if len(looked_at) < pool.least:
        raise NoBaselineError(TooFewDays(pool, len(looked_at)))
    by_height = sorted(looked_at, key=lambda day: (-day[1], day[0].days_ago))
    loads = [day.kw for day, _ in by_height]
    means = DayMeans([event_kw for _, event_kw in by_height], [frame.means_kw(loads, side) for side in sides])
    chosen = by_height[: pool.take]
    weights = pool.weights_of(len(chosen))
    mean_kw = mean_loads(loads[: pool.take], weights)
    event_sides_kw = [frame.mean_kw(event_day_kw, side) for side in sides]
    moved = move(rule.adjustment, UsualLoad.of(means, len(chosen), weights), event_sides_kw)
    errors_kw = {
        day.days_ago: error_kw
        for (day, _), error_kw in zip(by_height, left_out_errors_kw(rule, pool, means), strict=False)
    }
    notes = [] if len(looked_at) >= pool.days else [f"of {len(looked_at)} of {pool.days} {pool.name}"]
    return MatchedBaseline(
        kw=moved.of_load(mean_kw),
        days_ago=tuple([day.days_ago for day, _ in chosen]),
        ratio=moved.ratio,
        added_kw=moved.added_kw,
        errors_kw=tuple([errors_kw[day.days_ago] for day, _ in looked_at if errors_kw]),
        notes=(*notes, *([moved.note] if moved.note else [])),
    )


def add_baselines(baselines: Sequence[MatchedBaseline]) -> MatchedBaseline:
    """Baselines of loads with calendars of their own, as one of all; an error is of a day that all have."""
    if len(baselines) == 1:
        return baselines[0]
    columns = zip(*(baseline.kw for baseline in baselines), strict=True)
    days = max(baselines, key=lambda baseline: len(baseline.days_ago)).days_ago
    size_kw = [sum(abs(kw) for kw in baseline.kw if kw is not None) for baseline in baselines]
    return MatchedBaseline(
        kw=tuple(map(sum_or_none, columns)),
        days_ago=days,
        ratio=weighted_mean([baseline.ratio for baseline in baselines], size_kw) or 1.0,
        added_kw=sum(baseline.added_kw for baseline in baselines),
        errors_kw=tuple(map(sum, zip(*(baseline.errors_kw for baseline in baselines), strict=False))),
        notes=tuple(dict.fromkeys(note for baseline in baselines for note in baseline.notes)),
    )


def _days(rule: Rule, pool: Pool, days: Iterable[DayInEvent]) -> Iterator[DayInEvent]:
    """The days that the rule may look at, the latest first."""
    kinds = tuple(pool.kinds)
    for in_event in days:
        day = in_event[0]
        if day.kind not in kinds or not rule.first_days_ago <= day.days_ago <= rule.look_back_days:
            continue
        if rule.clock_changes or not day.clock_changes:
            yield in_event


def _sides(frame: Frame, adjustment: Adjustment) -> list[Window]:
    """The hours beside the event that an adjustment compares."""
    before = [frame.before(adjustment.before_h)] if adjustment.before_h else []
    return before + ([frame.after(adjustment.after_h)] if adjustment.after_h else [])


def _looked_at(pool: Pool, days: Iterator[DayInEvent]) -> list[DayInEvent]:
    """The latest days; one that is low beside the others gives its place to the next before it."""
    if pool.low is None:
        return list(islice(days, pool.days))
    if pool.low.of == "highest":
        all_days = list(days)
        low_kw = pool.low.share * max((event_kw for _, event_kw in all_days), default=0.0)
        return [day for day in all_days if day[1] >= low_kw][: pool.days]
    latest: list[DayInEvent] = []
    while True:
        latest += islice(days, pool.days - len(latest))
        total_kw = sum([event_kw for _, event_kw in latest])
        low_kw = pool.low.share * total_kw
        left = [day for day in latest if total_kw <= 0 or day[1] * len(latest) >= low_kw]
        if len(left) == len(latest):
            return latest
        latest = left


def _quantile(values: Sequence[float], share: float) -> float:
    """On the line between the two nearest values in order; *share* is below 1."""
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = int(at)
    return ordered[low] + (ordered[low + 1] - ordered[low]) * (at - low)
