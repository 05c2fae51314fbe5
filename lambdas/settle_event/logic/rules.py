"""The day-matching rules, each one's numbers by name.

Source of all numbers: secondary sources on the tariffs of CAISO, PJM and NYISO and on residential
baselines, as in docs/reference/baselines.md; whoever settles by a tariff checks them against its text.
Interpretation: how few days are enough, where the tariffs differ or are silent, is ours: as many as a rule
takes the mean of, or half of them where it takes them all; a report says when there were fewer than named.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from contracts.api.reports import Baseline


class DayType(Enum):
    """The type of a day, by local date. Holidays are not told apart."""

    WEEKDAY = "weekday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"


WEEKDAYS = frozenset({DayType.WEEKDAY})
WEEKEND = frozenset({DayType.SATURDAY, DayType.SUNDAY})


@dataclass(frozen=True, slots=True)
class Pool:
    """The days that a rule looks at, and the number that counts.

    Attributes:
        kinds: day types that are alike.
        days: how many are looked at, the most recent first.
        take: how many of them the mean is of: those that are highest over the event's hours.
        least: with fewer days than this there is no baseline.
        low_share: a day below this share of the mean of the days is left out, and the next before it looked
            at in its place; 0 leaves none out.
    """

    kinds: frozenset[DayType]
    days: int
    take: int
    least: int
    low_share: float = 0.0

    @property
    def name(self) -> str:
        """The days in words, plural."""
        return "weekend days" if len(self.kinds) > 1 else f"{next(iter(self.kinds)).value}s"


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
    """A day-matching baseline."""

    name: Baseline
    weekday: Pool
    saturday: Pool
    sunday: Pool
    adjustment: Adjustment = field(default_factory=Adjustment)

    def pool(self, kind: DayType) -> Pool:
        """The pool of an event on a day of *kind*."""
        return {DayType.WEEKDAY: self.weekday, DayType.SATURDAY: self.saturday, DayType.SUNDAY: self.sunday}[
            kind
        ]


LOOK_BACK_DAYS = 45
"""How far back days are looked for."""

CAISO_10_OF_10 = Rule(
    "caiso_10_of_10",
    Pool(WEEKDAYS, days=10, take=10, least=5),
    Pool(WEEKEND, days=4, take=4, least=2),
    Pool(WEEKEND, days=4, take=4, least=2),
    Adjustment(before_h=(4, 1), bounds=(0.8, 1.2)),
)
RESIDENTIAL_5_OF_10 = Rule(
    "residential_5_of_10",
    Pool(WEEKDAYS, days=10, take=5, least=5),
    Pool(WEEKEND, days=5, take=3, least=3),
    Pool(WEEKEND, days=5, take=3, least=3),
    Adjustment(before_h=(4, 2), after_h=(2, 4), bounds=(0.71, 1.4)),
)
PJM_3_DAY_TYPES_SAA = Rule(
    "pjm_3_day_types_saa",
    Pool(WEEKDAYS, days=5, take=4, least=4, low_share=0.25),
    Pool(frozenset({DayType.SATURDAY}), days=3, take=2, least=2, low_share=0.25),
    Pool(frozenset({DayType.SUNDAY}), days=3, take=2, least=2, low_share=0.25),
    Adjustment(before_h=(4, 1)),
)
NYISO_5_OF_10 = Rule(
    "nyiso_5_of_10",
    Pool(WEEKDAYS, days=10, take=5, least=5),
    Pool(WEEKEND, days=10, take=5, least=5),
    Pool(WEEKEND, days=10, take=5, least=5),
    Adjustment(before_h=(4, 2), bounds=(0.8, 1.2)),
)

RULES = MappingProxyType(
    {rule.name: rule for rule in (CAISO_10_OF_10, RESIDENTIAL_5_OF_10, PJM_3_DAY_TYPES_SAA, NYISO_5_OF_10)}
)

REACH_H = 4
"""How far from an event, in hours, the adjustments look."""
