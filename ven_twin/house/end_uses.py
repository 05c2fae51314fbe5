"""Occupants' use of energy over the day, the week and the year."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from itertools import islice

from ven_twin.house.errors import PhysicsError
from ven_twin.house.weather import HOURS_A_DAY

END_USES = "end_uses.csv"
SUMMER_MONTHS = range(4, 10)
SUMMER_SHARE = 183.0 / 365.0
WEEKEND_SHARE = 2.0 / 7.0

Season = tuple[bool, bool]
"""Summer (April to September) or not, weekend or not."""
Shape = Mapping[Season, tuple[float, ...]]
"""24 hourly values for each of the four sorts of day, in any unit."""


@dataclass(frozen=True, slots=True, eq=False)
class EndUses:
    """Hourly shapes by end use, scaled on reading to a mean day of the year.

    Source: NEEA RBSA 2014 over ELCAP shapes, as in GridLAB-D; see ``house/data/NOTICE-end-uses.txt``.

    Raises:
        PhysicsError: a sort of day is missing, or has not 24 hours.
    """

    shapes: Mapping[str, Shape]
    means: Mapping[str, float] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "means", {name: _mean(name, shape) for name, shape in self.shapes.items()})

    def share(self, end_use: str, month: int, weekend: bool, hour: int) -> float:
        """Use in that hour as a multiple of the year's mean hour."""
        season = (month in SUMMER_MONTHS, weekend)
        return self.shapes[end_use][season][hour] / self.means[end_use]


@lru_cache(maxsize=1)
def read_end_uses() -> EndUses:
    """The packaged hourly shapes.

    Raises:
        PhysicsError: the table is not complete.
    """
    shapes: dict[str, dict[Season, tuple[float, ...]]] = {}
    with (files("ven_twin.house.data") / END_USES).open(encoding="utf-8") as table:
        for name, season, day_type, *hours in islice(csv.reader(table), 1, None):
            day = (season == "summer", day_type == "weekend")
            shapes.setdefault(name, {})[day] = tuple(float(hour) for hour in hours)
    return EndUses(shapes)


def _mean(name: str, shape: Shape) -> float:
    total = 0.0
    for summer in (True, False):
        for weekend in (True, False):
            hours = shape.get((summer, weekend), ())
            if len(hours) != HOURS_A_DAY:
                raise PhysicsError(f"end use {name}: {len(hours)} hours in a day, not {HOURS_A_DAY}")
            season = SUMMER_SHARE if summer else 1.0 - SUMMER_SHARE
            days = WEEKEND_SHARE if weekend else 1.0 - WEEKEND_SHARE
            total += season * days * sum(hours) / HOURS_A_DAY
    return total
