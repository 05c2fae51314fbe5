"""The control of a circuit during a step, the result of a step, and the flexibility in it."""

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import msgspec

from ven_twin.house.errors import NotFiniteError

DeviceT = TypeVar("DeviceT")


class Control(msgspec.Struct, frozen=True, gc=False):
    """The control of a circuit during one step; the default leaves it alone.

    ``enabled`` is the relay: open, nothing is drawn, except that heating and cooling still defend their
    critical comfort limit. ``limit_kw`` is a ceiling on the circuit's power: below zero a battery
    discharges; an appliance that is in use finishes first. ``setpoint_offset_c`` above zero relaxes a
    setpoint (cooling up, heating and hot water down); below zero tightens it (precooling, hotter water).
    ``charge_kw`` is what a store (battery, car) is asked to draw at least, from the grid if need be; None
    leaves it alone, and a lower ceiling wins. ``covers`` tells a battery whether to cover what the house
    draws, whatever its mode; told either, it takes nothing from the grid unasked. None leaves it to the mode.

    Raises:
        NotFiniteError: a limit, an offset or a charge is NaN or infinite.
    """

    enabled: bool = True
    limit_kw: float | None = None
    setpoint_offset_c: float = 0.0
    charge_kw: float | None = None
    covers: bool | None = None

    def __post_init__(self) -> None:
        # x - x is 0.0 for every finite x and NaN for the rest; cheaper than calls, and this runs each tick.
        if self.limit_kw is not None and self.limit_kw - self.limit_kw != 0.0:
            raise NotFiniteError("limit_kw", self.limit_kw)
        if self.setpoint_offset_c - self.setpoint_offset_c != 0.0:
            raise NotFiniteError("setpoint_offset_c", self.setpoint_offset_c)
        if self.charge_kw is not None and self.charge_kw - self.charge_kw != 0.0:
            raise NotFiniteError("charge_kw", self.charge_kw)

    @property
    def raises(self) -> bool:
        """True of a control by which a circuit draws more than left alone."""
        return self.charge_kw is not None or self.setpoint_offset_c < 0.0

    def allows_kw(self, power_kw: float) -> bool:
        """Tell if an on-off load may draw *power_kw*."""
        return self.enabled and (self.limit_kw is None or self.limit_kw >= power_kw)


FREE = Control()


class Stepped(msgspec.Struct, Generic[DeviceT], frozen=True, gc=False):
    """A device after a step, and the mean power that its circuit drew over it, kW.

    It unpacks as a tuple does. Each circuit returns one in each step: a named tuple costs four times as much.
    """

    device: DeviceT
    power_kw: float

    def __iter__(self) -> Iterator[Any]:
        yield self.device
        yield self.power_kw


class Flexibility(msgspec.Struct, frozen=True, gc=False):
    """The range within which a circuit's power can be brought down in this tick.

    ``demand_kw`` is what the circuit would draw if left alone, ``floor_kw`` the least it can be brought to
    (below zero for a battery). Between the two a *continuous* circuit can be set anywhere, except that it
    cannot draw between 0 and ``least_on_kw``; any other circuit is one or the other, and sheds by relaxing
    its setpoint by ``shed_offset_c``, or when that is 0 by a limit of 0 kW. ``headroom`` is 1 far from the
    comfort limit and 0 at it. ``blocked`` says why the circuit cannot give anything now; empty when it can.
    ``at_limit_kw`` is what it draws to stay at its relaxed setpoint, when it is there; None elsewhere.
    ``ceiling_kw`` is the most it can be brought to by asking for more, by moving its setpoint ahead by
    ``raise_offset_c`` where it is not continuous; None where it cannot give more.
    ``follows_house`` is true when its power follows what the rest of the house draws, unless it is limited.
    A store that does not *export* gives no more than what the rest imports.
    ``note`` says what shedding it means to the resident.
    """

    demand_kw: float
    floor_kw: float
    note: str
    continuous: bool = False
    least_on_kw: float = 0.0
    in_use: bool = False
    headroom: float = 1.0
    blocked: str = ""
    shed_offset_c: float = 0.0
    at_limit_kw: float | None = None
    ceiling_kw: float | None = None
    raise_offset_c: float = 0.0
    follows_house: bool = False
    exports: bool = True


def clamp_unit(value: float) -> float:
    """*value* held within 0 and 1."""
    return 0.0 if value < 0.0 else min(value, 1.0)
