"""The plan of a house and the views that it was made on: made at once, or when somebody looks. Pure.

A house at rest is left alone, whatever its circuits could give. Nobody needs to know that each second: of a
second's plans without a request one in thirty is read, for a telemetry row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ven_twin.control.circuit_views import CircuitSetting, circuit_views
from ven_twin.control.guards import CircuitView, Switching
from ven_twin.control.shedding import ShedPlan, plan_shed
from ven_twin.house.environment import Environment
from ven_twin.house.house import House

UNCURTAILED = ShedPlan(needed_kw=0.0, shed_kw=0.0, controls={}, decisions=())


class Planning(Protocol):
    """A plan, and the circuits as it saw them."""

    @property
    def leaves_alone(self) -> bool:
        """True where no circuit is curtailed or raised for sure."""

    @property
    def plan(self) -> ShedPlan:
        """The control of each circuit."""

    @property
    def views(self) -> tuple[CircuitView, ...]:
        """The circuits as the plan saw them."""


@dataclass(frozen=True, slots=True)
class PlanMade:
    """A plan that was made."""

    plan: ShedPlan = UNCURTAILED
    views: tuple[CircuitView, ...] = ()

    @property
    def leaves_alone(self) -> bool:
        """True where no circuit is curtailed or raised for sure."""
        return not self.plan.controls


NOTHING_PLANNED = PlanMade()


class AtRest:
    """The plan of a house of which nothing is requested, and no circuit of which comes back from a shed."""

    __slots__ = ("_made", "_of")

    def __init__(
        self,
        house: House,
        env: Environment,
        dt_s: float,
        switching: Mapping[str, Switching],
        settings: Mapping[str, CircuitSetting],
    ) -> None:
        self._of = house, env, dt_s, switching, settings
        self._made: PlanMade | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AtRest) and self._of == other._of

    def __hash__(self) -> int:
        return hash(AtRest)

    @property
    def leaves_alone(self) -> bool:
        """True where no circuit is curtailed or raised for sure."""
        return True

    @property
    def plan(self) -> ShedPlan:
        """The control of each circuit."""
        return self._look().plan

    @property
    def views(self) -> tuple[CircuitView, ...]:
        """The circuits as the plan saw them."""
        return self._look().views

    def _look(self) -> PlanMade:
        if self._made is None:
            views = circuit_views(*self._of)
            self._made = PlanMade(plan_shed(views, 0.0), views)
        return self._made
