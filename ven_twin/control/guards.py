"""Why a circuit may not be switched now, whatever an event asks."""

from collections.abc import Mapping
from math import inf

import msgspec

FUTILE_KW = 0.01
"""Below this a circuit has nothing to give that a meter would see."""


class Switching(msgspec.Struct, frozen=True, gc=False):
    """Whether a circuit was curtailed by the last plan, and for how long it has been so or not, seconds."""

    curtailed: bool = False
    for_s: float = inf


NEVER_SWITCHED = Switching()


class CircuitView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One circuit as the planner sees it in one tick.

    ``demand_kw`` is what it would draw this tick if left alone; ``floor_kw`` the least it can be brought
    to. A *continuous* circuit can be held anywhere between, though not between 0 and ``step_kw``; any other
    is left alone or asked ``shed``. ``headroom`` is 1 far from the comfort limit and 0 at it.
    ``curtailed`` and ``switched_s`` say what the last plan did with it, and for how long.
    ``blocked`` is the device's or the resident's reason why it can give nothing; ``note`` what shedding
    means to the resident.
    """

    id: str
    name: str
    type: str
    breaker_amps: float
    priority: int
    critical: bool
    demand_kw: float
    floor_kw: float
    step_kw: float = 0.0
    continuous: bool = False
    in_use: bool = False
    headroom: float = 1.0
    curtailed: bool = False
    switched_s: float = inf
    least_off_s: float = 0.0
    least_on_s: float = 0.0
    shed_offset_c: float = 0.0
    blocked: str = ""
    note: str = "curtailed"

    @property
    def sheddable_kw(self) -> float:
        """What it could give up if nothing forbade it, kW."""
        return self.demand_kw - self.floor_kw


def refusal(view: CircuitView) -> str:
    """Why *view* may not be curtailed now; empty when it may. The first reason that applies is given."""
    if view.critical:
        return "critical"
    if view.blocked:
        return view.blocked
    if view.sheddable_kw < FUTILE_KW:
        return "futile: draws nothing that could be shed"
    if view.in_use and not (view.continuous or view.curtailed) and view.switched_s < view.least_on_s:
        return f"minimum on time {view.least_on_s:.0f} s"
    return ""


def held_off(view: CircuitView) -> bool:
    """Whether a curtailed circuit has to stay off, because it went off too recently to come on again."""
    return (
        view.curtailed
        and view.switched_s < view.least_off_s
        and not (view.continuous or view.critical or view.blocked)
    )


def advance(
    switching: Mapping[str, Switching], curtailed: Mapping[str, bool], dt_s: float
) -> dict[str, Switching]:
    """The switchings after *dt_s* under a plan that curtails the circuits that *curtailed* says."""
    after = {}
    for circuit_id, now in curtailed.items():
        before = switching.get(circuit_id, NEVER_SWITCHED)
        for_s = before.for_s + dt_s if before.curtailed is now else dt_s
        after[circuit_id] = Switching(now, for_s)
    return after
