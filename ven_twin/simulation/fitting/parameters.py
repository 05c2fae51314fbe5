"""The parameters of a fit: what each is before anything was measured, and how far it may be from that.

A fit works on numbers that are 0 at the default and 1 a standard deviation away. What the readings say
nothing
about so stays at its default, and its uncertainty stays the default's.

Interpretation: the defaults are GridLAB-D ``house_e``'s, by the heat that the house loses; the deviations are
ours, wide enough for houses between a passive one and a shed. A strip is sized to carry the house by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp

import numpy as np

from ven_twin.house.devices.envelope import BuildingEnvelope
from ven_twin.simulation.fitting.thermal import Floats, ThermalHouse

FARTHEST = 4.0
"""Standard deviations from the default, at which a parameter ends."""
MASS_GAIN_FRACTION = 0.5
"""Source: GridLAB-D ``house_e``."""
LEAST_APART_C = 1.2
"""Between the setpoints, so that heating never calls for cooling: a deadband."""
DEFAULT_UA_KW_C = 0.355
"""Source: GridLAB-D ``house_e``, 2,000 sf, above normal; for a meter without heating or cooling."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the fit.

    Attributes:
        name: the key in a house file.
        unit: for people.
        default: its value before the fit; of those that go by the heat loss, divided by it.
        deviation: of its logarithm, or of itself when it is *linear*.
        by_ua: it goes by the heat loss of the house.
        least: its least value, where it is linear.
        most: its greatest value, where it is linear.
    """

    name: str
    unit: str
    default: float
    deviation: float
    linear: bool = False
    by_ua: bool = False
    least: float = -np.inf
    most: float = np.inf

    def value(self, x: float) -> float:
        """The parameter at *x* deviations from its default."""
        return self.default + x * self.deviation if self.linear else self.default * exp(x * self.deviation)

    def bounds(self) -> tuple[float, float]:
        """The least and the greatest *x*."""
        if not self.linear:
            return -FARTHEST, FARTHEST
        low, high = ((limit - self.default) / self.deviation for limit in (self.least, self.most))
        return max(low, -FARTHEST), min(high, FARTHEST)


@dataclass(frozen=True, slots=True)
class Parameters:
    """All parameters of a fit, around a heat loss; with *furnace* the strip alone heats.

    Where the gains go is looked for with a thermometer alone: a meter hardly sees it.
    """

    free: tuple[Parameter, ...]
    furnace: bool

    @classmethod
    def around(cls, ua_kw_c: float, *, furnace: bool, thermometer: bool = True) -> "Parameters":
        """The parameters with *ua_kw_c* as the default heat loss."""
        gains = Parameter("mass_gain_fraction", "", MASS_GAIN_FRACTION, 0.2, linear=True, least=0.0, most=1.0)
        heat_pump = (
            ()
            if furnace
            else (
                Parameter("heating_cop", "", 2.5, 0.25),
                Parameter("aux_kw", "kW", 35.0, 0.5, by_ua=True),
            )
        )
        free = (
            Parameter("ua_kw_c", "kW/°C", ua_kw_c, 0.7),
            Parameter("air_kwh_c", "kWh/°C", 1.26, 0.5, by_ua=True),
            Parameter("mass_kwh_c", "kWh/°C", 5.1, 0.7, by_ua=True),
            Parameter("coupling_kw_c", "kW/°C", 11.6, 0.7, by_ua=True),
            Parameter("aperture_m2", "m²", 23.0, 0.7, by_ua=True),
            *((gains,) if thermometer else ()),
            Parameter("sky_view", "", 0.6, 0.3, linear=True, least=0.0, most=1.0),
            Parameter("heating_c", "°C", 20.0, 1.5, linear=True),
            Parameter("cooling_c", "°C", 24.0, 1.5, linear=True),
            Parameter("heating_kw", "kW", 35.0, 0.5, by_ua=True),
            Parameter("cooling_kw", "kW", 39.6, 0.5, by_ua=True),
            *heat_pump,
            Parameter("cooling_cop", "", 3.5, 0.25),
            Parameter("people_kw", "kW", 0.2, 0.1, linear=True, least=0.0),
            Parameter("heat_fraction", "", 0.75, 0.12, linear=True, least=0.0, most=1.0),
        )
        return cls(free, furnace)

    def values(self, x: Floats) -> dict[str, float]:
        """Every parameter by name at *x*."""
        values = {one.name: one.value(float(at)) for one, at in zip(self.free, x, strict=True)}
        ua_kw_c = values["ua_kw_c"]
        return {one.name: values[one.name] * (ua_kw_c if one.by_ua else 1.0) for one in self.free}

    def house(self, x: Floats) -> ThermalHouse:
        """The house at *x*."""
        return thermal_house(self.values(x), furnace=self.furnace)

    def bounds(self) -> tuple[Floats, Floats]:
        """The least and the greatest *x* of all."""
        low, high = np.array([one.bounds() for one in self.free]).T
        return low, high

    def log_deviation(self, number: int, covariance: Floats) -> float:
        """The standard deviation of a parameter, or of its logarithm where it is not linear."""
        one = self.free[number]
        slope = np.zeros(len(self.free))
        slope[number] = one.deviation
        if one.by_ua:
            slope[0] += self.free[0].deviation
        return float(np.sqrt(slope @ covariance @ slope))


def thermal_house(values: Mapping[str, float], *, furnace: bool) -> ThermalHouse:
    """The house of *values* by name."""
    envelope = BuildingEnvelope(
        air_kwh_c=values["air_kwh_c"],
        mass_kwh_c=values["mass_kwh_c"],
        ua_kw_c=values["ua_kw_c"],
        coupling_kw_c=values["coupling_kw_c"],
        aperture_m2=values["aperture_m2"],
        mass_gain_fraction=values.get("mass_gain_fraction", MASS_GAIN_FRACTION),
        sky_view=values["sky_view"],
    )
    return ThermalHouse(
        envelope=envelope,
        heating_c=values["heating_c"],
        cooling_c=max(values["cooling_c"], values["heating_c"] + LEAST_APART_C),
        heating_kw=values["heating_kw"],
        heating_cop=values.get("heating_cop", 1.0),
        cooling_kw=values["cooling_kw"],
        cooling_cop=values["cooling_cop"],
        aux_kw=values.get("aux_kw", 0.0),
        people_kw=values["people_kw"],
        heat_fraction=values["heat_fraction"],
        furnace=furnace,
    )


def interval(one: Parameter, value: float, deviation: float) -> tuple[float, float]:
    """The 95 % interval around *value*, within what the parameter may be."""
    if one.linear:
        return max(value - 1.96 * deviation, one.least), min(value + 1.96 * deviation, one.most)
    return value * exp(-1.96 * deviation), value * exp(1.96 * deviation)
