"""Measured hours of meter and thermometer, and the usual shape of a house's day."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ven_twin.house.end_uses import read_end_uses
from ven_twin.house.weather import HOURS_A_DAY, calendar
from ven_twin.simulation.fitting.thermal import Floats

GROUPS = 2 * HOURS_A_DAY
"""Hours of the base load: weekdays, then weekends."""
USUAL_KWH_D: Mapping[str, float] = MappingProxyType(
    {"plugs": 2.5, "lights": 2.4, "fridge": 1.7, "dryer": 2.0, "range": 0.8, "water_heater": 8.0}
)
"""Source: NEEA RBSA 2014, as in the packaged houses."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Readings by whole hours of local standard time. NaN where nothing was.

    ``first_hour`` counts since 1970. ``indoor_c`` is None without a thermometer.
    """

    first_hour: int
    meter_kw: Floats
    indoor_c: Floats | None

    def groups(self) -> NDArray[np.int64]:
        """The hour of the base load, 0 to 47: weekdays, then weekends."""
        hours = range(self.first_hour, self.first_hour + len(self.meter_kw))
        return np.array(
            [calendar(hour // HOURS_A_DAY)[2] * HOURS_A_DAY + hour % HOURS_A_DAY for hour in hours]
        )


def base_shape(hours: Hours) -> Floats:
    """The usual shape of a base load by group, 1 on average: the end uses of the packaged houses."""
    end_uses, month = read_end_uses(), calendar(hours.first_hour // HOURS_A_DAY)[1]
    shape = np.array(
        [
            sum(a_day * end_uses.share(name, month, weekend, hour) for name, a_day in USUAL_KWH_D.items())
            for weekend in (False, True)
            for hour in range(HOURS_A_DAY)
        ]
    )
    return shape / float(5.0 * shape[:HOURS_A_DAY].mean() + 2.0 * shape[HOURS_A_DAY:].mean()) * 7.0
