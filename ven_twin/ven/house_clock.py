"""The clock of a house that may live faster than the wall's, and the same hours again and again. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

from contracts.wire.units import S_PER_H
from ven_twin.control.forecasting import HOURS_AHEAD, ForecastHour


@dataclass(frozen=True, slots=True)
class HouseClock:
    """The time in the house, which may pass faster than on the wall.

    Attributes:
        origin_ts: house time at which it started, UTC s.
        started_s: monotonic time at which it started.
        speed: house seconds to a wall second.
        span_s: the house lives so many s of its time, and then the same again; without end when infinite.
    """

    origin_ts: float
    started_s: float
    speed: float = 1.0
    span_s: float = inf

    def at(self, monotonic_s: float) -> float:
        """House time, UTC s, at a monotonic time."""
        return self.origin_ts + (monotonic_s - self.started_s) * self.speed

    def is_over(self, monotonic_s: float) -> bool:
        """Tell whether the house has lived its hours."""
        return (monotonic_s - self.started_s) * self.speed >= self.span_s

    def again(self, monotonic_s: float) -> HouseClock:
        """The clock that starts again."""
        return replace(self, started_s=monotonic_s)


def hours_ahead(clock: HouseClock, now_s: float, now_ts: float) -> tuple[ForecastHour, ...]:
    """The next full hours that the house will live, as long as its clock does not start again before.

    Of a house that lives faster they are as much shorter on the wall: VENs that live as fast have the same.
    """
    wall_s = S_PER_H / clock.speed
    full = int(now_ts // wall_s) + 1
    times_ts = [(full + number) * wall_s for number in range(HOURS_AHEAD)]
    ends_ts = clock.origin_ts + clock.span_s
    hours = [ForecastHour(ts, clock.at(now_s + ts - now_ts)) for ts in times_ts]
    return tuple(hour for hour in hours if hour.house_ts < ends_ts)
