"""The guards: a circuit that may not be switched now, whatever an event requests, and the reason."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from math import inf

import msgspec

FUTILE_KW = 0.01
"""Below this a circuit has nothing to give that a meter would see."""


class CircuitReason(Enum):
    """Reason for what was planned for a circuit; its value is the text for people, filled in by `words`."""

    CRITICAL = "critical"
    BLOCKED = "{view.blocked}"
    FUTILE = "futile: draws nothing that could be shed"
    MINIMUM_ON = "minimum on time {view.least_on_s:.0f} s"
    MINIMUM_OFF = "minimum off time {view.least_off_s:.0f} s"
    LAST_ON = "the last circuit that is on"
    NOT_NEEDED = "not needed"
    BY_COMMAND = "shed by command"
    IN_ITS_TURN = "comes back in its turn"
    EASING = "setpoint on its way back"
    AHEAD = "setpoint {view.raise_offset_c:.1f} °C ahead"
    CHARGES = "charges ahead"

    def words(self, view: CircuitView) -> str:
        """The reason for people, with the figures of *view*."""
        words: str = self.value
        return words.format(view=view) if "{" in words else words


class Switching(msgspec.Struct, frozen=True, gc=False):
    """*curtailed* by the last plan or not, and for how long it has been so, *for_s* seconds."""

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
    means to the resident. ``at_limit`` is true when it draws only what keeps it at its relaxed setpoint: it
    can give nothing, and stays relaxed while it is shed. ``ceiling_kw`` is the most that it can be brought to
    in a load up, by a setpoint moved ahead by ``raise_offset_c`` where it is not continuous; None of one that
    can store nothing. ``follows_house`` is true for a battery that covers
    what the rest draws. A store that does not *export* gives no more than the rest imports.
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
    ceiling_kw: float | None = None
    raise_offset_c: float = 0.0
    blocked: str = ""
    at_limit: bool = False
    note: str = "curtailed"
    follows_house: bool = False
    exports: bool = True

    @property
    def is_store(self) -> bool:
        """True for a circuit that can be brought to give power."""
        return self.continuous and self.floor_kw < 0.0

    @property
    def sheddable_kw(self) -> float:
        """The kW that it could shed, if no guard forbade it."""
        return self.demand_kw - self.floor_kw

    @property
    def may_rise_kw(self) -> float:
        """The kW that it may draw more in a load up."""
        return 0.0 if self.ceiling_kw is None else max(self.ceiling_kw - self.demand_kw, 0.0)


def refusal(view: CircuitView) -> CircuitReason | None:
    """The first reason for which *view* may not be curtailed now; None when it may be."""
    if view.critical:
        return CircuitReason.CRITICAL
    if view.blocked:
        return CircuitReason.BLOCKED
    if view.sheddable_kw < FUTILE_KW:
        return CircuitReason.FUTILE
    if view.in_use and not (view.continuous or view.curtailed) and view.switched_s < view.least_on_s:
        return CircuitReason.MINIMUM_ON
    return None


def must_stay_off(view: CircuitView) -> bool:
    """True for a curtailed circuit that went off too recently to come on again."""
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
