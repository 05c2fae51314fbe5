"""What all devices see in a step: the hour, the weather and what the occupants do."""

from math import isfinite

import msgspec

from ven_twin.house.errors import NotFiniteError


class Environment(msgspec.Struct, frozen=True, gc=False):
    """The world during one step. The house and its uncurtailed clone share one, so nothing here may
    depend on what was curtailed.

    ``day`` counts house-local days since 1970-01-01 and ``hour_of_day`` is where the step starts, local
    standard time. ``humidity`` is relative, 0 to 1. ``walls_w_m2`` is the mean irradiance on upright walls,
    ``array_w_m2`` that on the plane of the PV array. ``people_kw`` is heat that people give off. Then the
    end uses: mean power of lights, outlets and fridge; hot water drawn in this step, litres; seconds of
    use that start in this step, for dryer and range; whether the car is home, the hours to its next
    departure and the miles of the trip it last returned from.

    Raises:
        NotFiniteError: a value is NaN or infinite; stopped here, it gets into no device's state.
    """  # noqa: D205 - the summary needs its second clause

    day: int = 0
    hour_of_day: float = 12.0
    outdoor_c: float = 20.0
    humidity: float = 0.5
    walls_w_m2: float = 0.0
    array_w_m2: float = 0.0
    people_kw: float = 0.0
    lights_kw: float = 0.0
    outlets_kw: float = 0.0
    fridge_kw: float = 0.0
    hot_water_l: float = 0.0
    dryer_s: float = 0.0
    range_s: float = 0.0
    ev_home: bool = True
    ev_departs_in_h: float = 12.0
    ev_trip_miles: float = 0.0

    def __post_init__(self) -> None:
        weather = self.hour_of_day + self.outdoor_c + self.humidity + self.walls_w_m2 + self.array_w_m2
        power_kw = self.people_kw + self.lights_kw + self.outlets_kw + self.fridge_kw
        use = self.hot_water_l + self.dryer_s + self.range_s + self.ev_departs_in_h + self.ev_trip_miles
        if not isfinite(weather + power_kw + use):
            _refuse(self)


def _refuse(env: Environment) -> None:
    """Name the value that is no number."""
    for name in Environment.__struct_fields__:
        value = getattr(env, name)
        if not isfinite(value):
            raise NotFiniteError(name, value)
