"""The day-matching rules, each one's numbers by name.

Source of all numbers: secondary sources on the tariffs of CAISO, PJM and NYISO and on residential
baselines, as in docs/reference/baselines.md; whoever settles by a tariff checks them against its text.
Interpretation: how few days are enough, where the tariffs differ or are silent, is ours: as many as a rule
takes the mean of, or half of them where it takes them all; a report says when there were fewer than named.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple

from contracts.api.reports import Baseline
from lambdas.settle_event.logic.day_types import DayType

WEEKDAYS = frozenset({DayType.WEEKDAY})
SATURDAYS = frozenset({DayType.SATURDAY})
SUNDAYS = frozenset({DayType.SUNDAY, DayType.HOLIDAY})
"""With holidays, as all four rules file them; a holiday is never a weekday."""
WEEKEND = SATURDAYS | SUNDAYS


class LowDays(NamedTuple):
    """Days that are left out for being low: below *share* of the *of* over the event's hours.

    *of* is the mean of the days that are looked at, or the highest of all days that are near enough.
    """

    share: float
    of: Literal["mean", "highest"]


@dataclass(frozen=True, slots=True)
class Pool:
    """The days that a rule looks at, and the number that counts.

    Attributes:
        kinds: day types that are alike.
        days: how many are looked at, the most recent first.
        take: how many of them the mean is of: those that are highest over the event's hours.
        least: with fewer days than this there is no baseline.
        low: which days are left out as low, and the next before looked at in their place; None leaves none.
        weights: of the days that the mean is of, the highest first; they count alike without.
    """

    kinds: frozenset[DayType]
    days: int
    take: int
    least: int
    low: LowDays | None = None
    weights: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """The days in words, plural."""
        if self.kinds == WEEKEND:
            return "weekend days and holidays"
        return " and ".join(f"{kind.value}s" for kind in DayType if kind in self.kinds)

    def weights_of(self, count: int) -> tuple[float, ...]:
        """The weights of *count* days, the highest first; none where they count alike."""
        return self.weights[:count]


@dataclass(frozen=True, slots=True)
class Adjustment:
    """The adjustment of a baseline by the day itself, from the load outside the event.

    Attributes:
        before_h: hours before the start, from and to, or None.
        after_h: hours after the end, from and to, or None.
        bounds: least and most that the baseline is multiplied by; None adds the mean difference instead.
    """

    before_h: tuple[float, float] | None = None
    after_h: tuple[float, float] | None = None
    bounds: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A day-matching baseline.

    Attributes:
        name: its name.
        weekday: the days of an event on a weekday; *saturday* and *sunday* likewise, holidays with Sundays.
        adjustment: by the day itself.
        look_back_days: how far back days are looked for.
        first_days_ago: the latest day that may count.
        clock_changes: whether days of 23 or 25 hours count.
    """

    name: Baseline
    weekday: Pool
    saturday: Pool
    sunday: Pool
    adjustment: Adjustment = field(default_factory=Adjustment)
    look_back_days: int = 45
    first_days_ago: int = 1
    clock_changes: bool = True

    def pool(self, kind: DayType) -> Pool:
        """The pool of an event on a day of *kind*."""
        match kind:
            case DayType.WEEKDAY:
                return self.weekday
            case DayType.SATURDAY:
                return self.saturday
            case DayType.SUNDAY | DayType.HOLIDAY:
                return self.sunday


_CAISO_WEEKEND = Pool(WEEKEND, days=4, take=4, least=4)
CAISO_10_OF_10 = Rule(
    "caiso_10_of_10",
    Pool(WEEKDAYS, days=10, take=10, least=5),
    _CAISO_WEEKEND,
    _CAISO_WEEKEND,
    Adjustment(before_h=(4, 1), bounds=(0.8, 1.2)),
)
_RESIDENTIAL_WEEKEND = Pool(WEEKEND, days=5, take=3, least=3, weights=(0.5, 0.3, 0.2))
RESIDENTIAL_5_OF_10 = Rule(
    "residential_5_of_10",
    Pool(WEEKDAYS, days=10, take=5, least=5),
    _RESIDENTIAL_WEEKEND,
    _RESIDENTIAL_WEEKEND,
    Adjustment(before_h=(4, 2), after_h=(2, 4), bounds=(0.71, 1.4)),
)
_PJM_LOW = LowDays(0.25, "mean")
PJM_3_DAY_TYPES_SAA = Rule(
    "pjm_3_day_types_saa",
    Pool(WEEKDAYS, days=5, take=4, least=4, low=_PJM_LOW),
    Pool(SATURDAYS, days=3, take=2, least=2, low=_PJM_LOW),
    Pool(SUNDAYS, days=3, take=2, least=2, low=_PJM_LOW),
    Adjustment(before_h=(4, 1)),
    clock_changes=False,
)
NYISO_5_OF_10 = Rule(
    "nyiso_5_of_10",
    Pool(WEEKDAYS, days=10, take=5, least=5, low=LowDays(0.25, "highest")),
    Pool(SATURDAYS, days=3, take=2, least=2),
    Pool(SUNDAYS, days=3, take=2, least=2),
    Adjustment(before_h=(4, 2), bounds=(0.8, 1.2)),
    look_back_days=30,
    first_days_ago=2,
)

RULES = MappingProxyType(
    {rule.name: rule for rule in (CAISO_10_OF_10, RESIDENTIAL_5_OF_10, PJM_3_DAY_TYPES_SAA, NYISO_5_OF_10)}
)

LOOK_BACK_DAYS = max(rule.look_back_days for rule in RULES.values())
"""The days back that any rule looks at."""
REACH_H = 4
"""The reach of the adjustments beside an event, h."""
