"""The course of a house that nobody curtails, lived once however often it is wanted.

    cell ──step──▶ cell ──step──▶ cell        each keeps the last step that somebody wanted, and the next cell

A counterfactual is stepped when a circuit is planned, and again when the plan is lived; trials of many levels
of a shed all begin with the same one. Its step depends on nothing of that.
"""

from __future__ import annotations

from collections.abc import Mapping

from ven_twin.house.control import Control
from ven_twin.house.environment import Environment
from ven_twin.house.house import House, HouseStep


class FreeCourse:
    """The last step of a house that somebody wanted, and the course of the house after it. Empty at first."""

    __slots__ = ("_after", "_controls", "_step_of", "_stepped")

    def __init__(self) -> None:
        self._step_of: tuple[House, Environment, float] | None = None
        self._controls: Mapping[str, Control] = {}
        self._stepped: HouseStep | None = None
        self._after: FreeCourse | None = None

    def step(
        self, house: House, controls: Mapping[str, Control], env: Environment, dt_s: float
    ) -> tuple[HouseStep, FreeCourse]:
        """*house* after *dt_s*, as `House.step` has it, and its course from there on.

        Raises:
            StepDurationError: *dt_s* is not finite and above 0.
        """
        stepped, after, step_of = self._stepped, self._after, self._step_of
        if stepped is not None and after is not None and step_of is not None:
            is_same = step_of[0] is house and step_of[1] is env and step_of[2] == dt_s
            if is_same and self._controls == controls:
                return stepped, after
        stepped, after = house.step(controls, env, dt_s), FreeCourse()
        self._step_of, self._controls, self._stepped, self._after = (
            (house, env, dt_s),
            controls,
            stepped,
            after,
        )
        return stepped, after
