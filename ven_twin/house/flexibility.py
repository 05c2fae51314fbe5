"""The power that a circuit could give up this tick, as the device itself sees it."""

import msgspec


class Flexibility(msgspec.Struct, frozen=True, gc=False):
    """The range within which a circuit's power can be brought down in this tick.

    ``demand_kw`` is what the circuit would draw if left alone, ``floor_kw`` the least it can be brought to
    (below zero for a battery). Between the two a *continuous* circuit can be set anywhere, except that it
    cannot draw between 0 and ``least_on_kw``; any other circuit is one or the other, and sheds by relaxing
    its setpoint by ``shed_offset_c``, or when that is 0 by a limit of 0 kW. ``headroom`` is 1 far from the
    comfort limit and 0 at it. ``blocked`` says why the circuit cannot give anything now; empty when it can.
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


def clamp_unit(value: float) -> float:
    """*value* held within 0 and 1."""
    return 0.0 if value < 0.0 else min(value, 1.0)
