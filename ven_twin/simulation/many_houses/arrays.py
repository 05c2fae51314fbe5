"""Types and operations that the array forms share."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray

from ven_twin.house.control import Control

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Modes = NDArray[np.int8]
Indices = NDArray[np.intp]
Number = float | Floats
"""One value for all houses, or one for each."""


def exps(values: Floats) -> Floats:
    """The exponential of each, by the C library as in the scalar form.

    numpy's own differs in the last bit, and a thermostat that a temperature barely reaches makes much of
    that: a millionth of a second here, another cycle there. Only the few houses that switch or draw come
    here, so it costs little.
    """
    return np.array([exp(value) for value in values.tolist()])


def at(value: Number, houses: Indices) -> Number:
    """The values of some *houses*; what is the same for all stays one number."""
    return value[houses] if isinstance(value, np.ndarray) else value


@dataclass(frozen=True, slots=True)
class Controls:
    """`Control` for each house: a ceiling of infinity is none, as a charge of minus infinity is."""

    enabled: Bools
    limit_kw: Floats
    setpoint_offset_c: Floats
    charge_kw: Floats

    @classmethod
    def of(cls, controls: Sequence[Control]) -> "Controls":
        """One control a house."""
        return cls(
            np.array([control.enabled for control in controls]),
            np.array([np.inf if control.limit_kw is None else control.limit_kw for control in controls]),
            np.array([control.setpoint_offset_c for control in controls]),
            np.array([-np.inf if control.charge_kw is None else control.charge_kw for control in controls]),
        )

    def one(self, house: int) -> Control:
        """The control of one house."""
        limit_kw, charge_kw = float(self.limit_kw[house]), float(self.charge_kw[house])
        return Control(
            bool(self.enabled[house]),
            None if limit_kw == np.inf else limit_kw,
            float(self.setpoint_offset_c[house]),
            None if charge_kw == -np.inf else charge_kw,
        )

    def allow_kw(self, power_kw: float) -> Bools:
        """The houses whose on-off load may draw *power_kw*."""
        return self.enabled & (self.limit_kw >= power_kw)
