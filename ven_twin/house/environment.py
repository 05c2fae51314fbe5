"""The world that all devices see in a step: the hour, the weather and the occupants' use of each device."""

from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Any, TypeVar

import msgspec
from msgspec.structs import astuple, replace

from ven_twin.house.errors import NotFiniteError


class Use(msgspec.Struct, frozen=True, gc=False):
    """A device's share of the environment: the occupants' use of it in one step.

    Every field is a number with a default. The defaults together are no use at all.

    Raises:
        NotFiniteError: a value is NaN or infinite; stopped here, it gets into no device's state.
    """

    def __post_init__(self) -> None:
        if not isfinite(sum(astuple(self))):
            for name in self.__struct_fields__:
                _check_finite(name, getattr(self, name))


UseT = TypeVar("UseT", bound=Use)


class Environment(msgspec.Struct, frozen=True, gc=False):
    """The world during one step. The house and its counterfactual share one, so nothing here may
    depend on what was curtailed.

    ``day`` counts house-local days since 1970-01-01 and ``hour_of_day`` is where the step starts, local
    standard time. ``humidity`` is relative, 0 to 1. ``walls_w_m2`` is the mean irradiance on upright walls
    that see all of the sky, ``array_w_m2`` that on the plane of the PV array, ``sky_less_ground_w_m2`` the
    diffuse light of the sky less that of the ground. ``people_kw`` is heat that people give off. ``uses``
    has each device's share by its type; a device without one is not used.

    Raises:
        NotFiniteError: a value is NaN or infinite; stopped here, it gets into no device's state.
    """  # noqa: D205 - the summary needs its second clause

    day: int = 0
    hour_of_day: float = 12.0
    outdoor_c: float = 20.0
    humidity: float = 0.5
    walls_w_m2: float = 0.0
    array_w_m2: float = 0.0
    sky_less_ground_w_m2: float = 0.0
    people_kw: float = 0.0
    uses: Mapping[type[Use], Any] = {}

    def __post_init__(self) -> None:
        light = self.walls_w_m2 + self.array_w_m2 + self.sky_less_ground_w_m2
        if not isfinite(light + self.hour_of_day + self.outdoor_c + self.humidity + self.people_kw):
            for name in self.__struct_fields__[:-1]:
                _check_finite(name, getattr(self, name))

    def use(self, kind: type[UseT]) -> UseT:
        """The occupants' use of a device."""
        use: UseT | None = self.uses.get(kind)
        return no_use(kind) if use is None else use

    def using(self, *uses: Use) -> "Environment":
        """The same world with other *uses*."""
        return replace(self, uses={**self.uses, **{type(use): use for use in uses}})


@lru_cache
def no_use(kind: type[UseT]) -> UseT:
    """A device's share when nobody uses it."""
    return kind()


def _check_finite(name: str, value: float) -> None:
    if not isfinite(value):
        raise NotFiniteError(name, value)
