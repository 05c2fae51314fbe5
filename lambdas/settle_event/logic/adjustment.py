"""The adjustment of a usual load by the day itself, and its errors on days that are left out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

from lambdas.settle_event.logic.means import Quarters, weighted_mean
from lambdas.settle_event.logic.rules import Adjustment, Pool, Rule

EXPORTS = 0.05
"""Below this part of the load's usual size a mean is no base for a ratio.

Interpretation: a site with PV may draw nothing on balance, or export; a ratio to nothing would be any number.
"""


NO_BASE = "not adjusted: the load is about none, or an export, where it would be compared"


class DayMeans(NamedTuple):
    """Days as rules see them, the highest first: means over the event's hours and over each side's, kW."""

    event_kw: Sequence[float]
    sides_kw: Sequence[Quarters]


class UsualLoad(NamedTuple):
    """The mean of days: over the hours of the adjustment's sides, and its size over the event's, kW."""

    sides_kw: tuple[float | None, ...]
    size_kw: float

    @classmethod
    def of(cls, days: DayMeans, count: int, weights: Sequence[float]) -> UsualLoad:
        """The mean of the first *count* of *days*."""
        return cls(
            tuple([weighted_mean(side_kw[:count], weights) for side_kw in days.sides_kw]),
            sum(map(abs, days.event_kw[:count])) / count,
        )


class Move(NamedTuple):
    """The effect of an adjustment on a baseline: *ratio* of its size, or *added_kw*."""

    ratio: float = 1.0
    added_kw: float = 0.0
    note: str | None = None

    def of(self, kw: float) -> float:
        """*kw*, moved. A ratio moves an export the same way as a draw: more load is less export."""
        return kw + (self.ratio - 1.0) * abs(kw) + self.added_kw

    def of_load(self, kw: Quarters) -> tuple[float | None, ...]:
        """A load, moved."""
        more, added_kw = self.ratio - 1.0, self.added_kw
        return tuple([None if load is None else load + more * abs(load) + added_kw for load in kw])


def move(adjustment: Adjustment, usual: UsualLoad, sides_kw: Sequence[float | None]) -> Move:
    """Move the *usual* load by a day's *sides_kw*, by those that are known on it and on the others."""
    now_kw, then_kw = _in_both(sides_kw, usual.sides_kw)
    moved = _move(adjustment, now_kw, then_kw, usual.size_kw)
    if moved.note is None and (None in sides_kw or None in usual.sides_kw):
        return moved._replace(note=_missing_note(adjustment, sides_kw, usual.sides_kw))
    return moved


def left_out_errors_kw(rule: Rule, pool: Pool, days: DayMeans) -> list[float]:
    """Each day's error when the rule is applied to it with the other days: leave one out."""
    adjustment, loads_kw = rule.adjustment, days.event_kw
    if len(loads_kw) == 1:
        return []
    usual_kw = _means_without(loads_kw, pool.take, pool.weights)
    sizes_kw = _means_without([abs(load_kw) for load_kw in loads_kw], pool.take)
    sides = _beside_kw(days, pool)
    errors_kw = []
    for load_kw, usual, size, (now, then) in zip(loads_kw, usual_kw, sizes_kw, sides, strict=True):
        # Of loads that are known, the means are.
        moved = _move(adjustment, now, then, size or 0.0)
        errors_kw.append(moved.of(usual or 0.0) - load_kw)
    return errors_kw


def _beside_kw(days: DayMeans, pool: Pool) -> Iterable[tuple[float | None, float | None]]:
    """The mean over the sides on each day, and on the others; None where no side is known on both."""
    sides_kw = days.sides_kw
    if not sides_kw:
        return [(None, None)] * len(days.event_kw)
    if any(None in side_kw for side_kw in sides_kw):
        others_kw = [_means_without(side_kw, pool.take, pool.weights) for side_kw in sides_kw]
        return map(_in_both, zip(*sides_kw, strict=True), zip(*others_kw, strict=True))
    beside_kw = [
        sum(day_kw) / len(day_kw) for day_kw in zip(*cast("Sequence[Sequence[float]]", sides_kw), strict=True)
    ]
    return zip(beside_kw, _means_without(beside_kw, pool.take, pool.weights), strict=True)


def _means_without(
    values: Sequence[float | None], take: int, weights: Sequence[float] = ()
) -> Sequence[float | None]:
    """The means of the first *take* of *values* without each of them."""
    count = min(take, len(values) - 1)
    if weights or None in values:
        weights = weights[:count]
        return [
            weighted_mean([*values[:left_out], *values[left_out + 1 : count + 1]][:count], weights)
            for left_out in range(len(values))
        ]
    first = cast("Sequence[float]", values[: count + 1])
    total = sum(first)
    # Those that count are the same whichever of the later ones is left out.
    rest = [(total - first[-1]) / count] * (len(values) - len(first))
    return [(total - value) / count for value in first] + rest


def _in_both(
    sides_kw: Sequence[float | None], usual_kw: Sequence[float | None]
) -> tuple[float | None, float | None]:
    """The means of two loads over the sides that are known in both; None where none is."""
    pairs = [
        (day_kw, then_kw)
        for day_kw, then_kw in zip(sides_kw, usual_kw, strict=True)
        if day_kw is not None and then_kw is not None
    ]
    if not pairs:
        return None, None
    now, then = (sum(side) / len(pairs) for side in zip(*pairs, strict=True))
    return now, then


def _move(adjustment: Adjustment, now_kw: float | None, then_kw: float | None, size_kw: float) -> Move:
    if now_kw is None or then_kw is None:
        return Move()
    if adjustment.bounds is None:
        return Move(1.0, now_kw - then_kw)
    if then_kw <= 0 or then_kw < EXPORTS * size_kw:
        return Move(note=NO_BASE)
    ratio, (least, most) = now_kw / then_kw, adjustment.bounds
    return Move(min(max(ratio, least), most))


def _missing_note(
    adjustment: Adjustment, sides_kw: Sequence[float | None], usual_kw: Sequence[float | None]
) -> str:
    """The sides that an adjustment does without."""
    sides = (("before", adjustment.before_h), ("after", adjustment.after_h))
    names = [f"the {abs(hours[1] - hours[0]):g} h {side}" for side, hours in sides if hours]
    missing = [name for name, *kw in zip(names, sides_kw, usual_kw, strict=True) if None in kw]
    without = " and ".join(missing)
    if missing == names:
        return f"not adjusted: {without} not known"
    return f"adjusted without {without} it, not known"
