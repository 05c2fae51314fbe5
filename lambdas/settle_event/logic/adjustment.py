"""The adjustment of a usual load by the day itself, and its errors on days that are left out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lambdas.settle_event.logic.means import Quarters, weighted_mean
from lambdas.settle_event.logic.rules import Adjustment, Pool, Rule

EXPORTS = 0.05
"""Below this part of the load's usual size a mean is no base for a ratio.

Interpretation: a site with PV may draw nothing on balance, or export; a ratio to nothing would be any number.
"""


class DayMeans(NamedTuple):
    """A day as rules see it: means over the event's hours and over those of the adjustment's sides, kW."""

    days_ago: int
    kw: Quarters
    event_kw: float
    sides_kw: tuple[float | None, ...]


class UsualLoad(NamedTuple):
    """The mean of days: over the event's hours, over those of the adjustment's sides, and its size, kW."""

    event_kw: float
    sides_kw: tuple[float | None, ...]
    size_kw: float

    @classmethod
    def of(cls, pool: Pool, days: Sequence[DayMeans]) -> UsualLoad:
        """The mean of *days*, the highest first."""
        weights = pool.weights_of(len(days))
        loads_kw = [day.event_kw for day in days]
        by_side = zip(*[day.sides_kw for day in days], strict=True)
        return cls(
            weighted_mean(loads_kw, weights) or 0.0,
            tuple([weighted_mean(side_kw, weights) for side_kw in by_side]),
            sum(map(abs, loads_kw)) / len(days),
        )


class Move(NamedTuple):
    """The effect of an adjustment on a baseline: *ratio* of its size, or *added_kw*."""

    ratio: float = 1.0
    added_kw: float = 0.0
    note: str | None = None

    def of(self, kw: float) -> float:
        """*kw*, moved. A ratio moves an export the same way as a draw: more load is less export."""
        return kw + (self.ratio - 1.0) * abs(kw) + self.added_kw


def move(adjustment: Adjustment, usual: UsualLoad, sides_kw: Sequence[float | None]) -> Move:
    """Move the *usual* load by a day's *sides_kw*, by those that are known on it and on the others."""
    pairs = [
        (day_kw, usual_kw)
        for day_kw, usual_kw in zip(sides_kw, usual.sides_kw, strict=True)
        if day_kw is not None and usual_kw is not None
    ]
    note = None
    if len(pairs) < len(sides_kw):
        note = _missing_note(adjustment, sides_kw, usual.sides_kw)
    if not pairs:
        return Move(note=note)
    now, then = (sum(side) / len(pairs) for side in zip(*pairs, strict=True))
    if adjustment.bounds is None:
        return Move(added_kw=now - then, note=note)
    if then <= 0 or then < EXPORTS * usual.size_kw:
        return Move(note="not adjusted: the load is about none, or an export, where it would be compared")
    least, most = adjustment.bounds
    return Move(ratio=min(max(now / then, least), most), note=note)


def left_out_errors_kw(rule: Rule, pool: Pool, by_height: Sequence[DayMeans]) -> Mapping[int, float]:
    """Each day's error when the rule is applied to it with the other days, by days ago: leave one out.

    *by_height* are the days looked at, the highest first.
    """
    errors_kw: dict[int, float] = {}
    if len(by_height) == 1:
        return errors_kw
    without_low = UsualLoad.of(pool, by_height[: pool.take]) if len(by_height) > pool.take else None
    for index, left_out in enumerate(by_height):
        if index < pool.take or without_low is None:
            usual = UsualLoad.of(pool, [*by_height[:index], *by_height[index + 1 : pool.take + 1]])
        else:
            # Those that count are the same whichever of the lower days is left out.
            usual = without_low
        moved = move(rule.adjustment, usual, left_out.sides_kw)
        errors_kw[left_out.days_ago] = moved.of(usual.event_kw) - left_out.event_kw
    return errors_kw


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
