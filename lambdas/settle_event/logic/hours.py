"""A load in the whole hours of a frame, and back in its quarter hours. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import cast

from lambdas.settle_event.logic.days import MatchedDay
from lambdas.settle_event.logic.means import Quarters

QUARTERS_AN_HOUR = 4


@dataclass(frozen=True, slots=True)
class HourlyLoad:
    """Hours of a frame on several days, by column: one day after the other.

    Attributes:
        first_hour: the number of the first in the frame.
        quarters_kw: of each of their quarter hours.
        hours_kw: of each hour; None on a day on which less than half of one is known.
    """

    first_hour: int
    quarters_kw: Sequence[Quarters]
    hours_kw: Sequence[Quarters]

    @classmethod
    def of(cls, days: Sequence[MatchedDay], hours: range) -> HourlyLoad:
        """The *hours* of a frame on *days*."""
        first, after = hours.start * QUARTERS_AN_HOUR, hours.stop * QUARTERS_AN_HOUR
        quarters_kw = list(zip(*[day.kw[first:after] for day in days], strict=True))
        firsts = range(0, len(quarters_kw), QUARTERS_AN_HOUR)
        return cls(
            hours.start, quarters_kw, [_hour(quarters_kw[at : at + QUARTERS_AN_HOUR]) for at in firsts]
        )

    def by_day(self) -> list[tuple[float | None, ...]]:
        """The hours of each day."""
        return list(zip(*self.hours_kw, strict=True))

    def filled(self) -> tuple[list[float], tuple[int, ...]]:
        """The hours of all days, one day after the other, 0 where not known; and the numbers of those."""
        hour_kw = list(chain.from_iterable(zip(*self.hours_kw, strict=True)))
        gaps = tuple([at for at, kw in enumerate(hour_kw) if kw is None]) if None in hour_kw else ()
        for at in gaps:
            hour_kw[at] = 0.0
        return cast("list[float]", hour_kw), gaps

    def in_quarters(self, usual_kw: Quarters, count: int) -> tuple[float | None, ...]:
        """*usual_kw* of the hours, in the *count* quarter hours of the frame; nothing is known outside them.

        Each quarter hour is off its hour as it was, on the mean, on the days.
        """
        kw: list[float | None] = [None] * count
        first = self.first_hour * QUARTERS_AN_HOUR
        for at, quarter_kw in enumerate(self.quarters_kw):
            usual = usual_kw[at // QUARTERS_AN_HOUR]
            off_kw = _mean_off_kw(quarter_kw, self.hours_kw[at // QUARTERS_AN_HOUR])
            if usual is not None and off_kw is not None:
                kw[first + at] = usual + off_kw
        return tuple(kw)


def _hour(quarters_kw: Sequence[Quarters]) -> list[float | None]:
    """The mean of an hour's quarters on each day; None where less than half of it is known."""
    by_day = list(zip(*quarters_kw, strict=True))
    if len(quarters_kw) == QUARTERS_AN_HOUR:
        try:
            return [
                (a + b + c + d) / QUARTERS_AN_HOUR for a, b, c, d in cast("list[tuple[float, ...]]", by_day)
            ]
        except TypeError:  # A gap: dearer to look for than to meet, in the days of a thousand VENs.
            pass
    return list(map(_mean_kw, by_day))


def _mean_kw(quarters: Quarters) -> float | None:
    measured = [kw for kw in quarters if kw is not None]
    return sum(measured) / len(measured) if measured and 2 * len(measured) >= len(quarters) else None


def _mean_off_kw(quarter_kw: Quarters, hour_kw: Quarters) -> float | None:
    """The mean of a quarter hour less its hour, on the days on which both are known."""
    quarters, hours = cast("tuple[Sequence[float], Sequence[float]]", (quarter_kw, hour_kw))
    try:
        return (sum(quarters) - sum(hours)) / len(quarters)
    except TypeError:  # A gap, as in `_hour`.
        pass
    pairs = zip(quarter_kw, hour_kw, strict=True)
    off_kw = [now - mean for now, mean in pairs if now is not None and mean is not None]
    return sum(off_kw) / len(off_kw) if off_kw else None
