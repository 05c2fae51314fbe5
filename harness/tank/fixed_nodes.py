"""A tank of well-mixed nodes of fixed volume: what the tank in two layers was chosen over.

Water goes from node to node as it is drawn; the upper element heats the first, the lower one the last, and
water that is warmer than what is above it mixes with that. One node has one element.
Source: OCHRE's tanks of one and of two nodes (a third above, two thirds below), without its correction of
the flow in the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.wire.units import S_PER_H
from harness.tank.courses import Course
from ven_twin.house.devices.layered_tank import WATER_KWH_L_C
from ven_twin.house.devices.water_heater import WaterHeaterSpec

STEP_S = 10.0
STEPS_A_MIN = 6


@dataclass
class FixedNodes:
    """The nodes' temperatures from the top, °C, their shares of the tank, and the node that is heated."""

    spec: WaterHeaterSpec
    shares: Sequence[float]
    node_c: list[float]
    heated: int | None = None

    def minute_kw(self, draw_l: float, on_c: float, off_c: float) -> float:
        """Advance a minute; return the mean power."""
        heated_steps = 0
        for _ in range(STEPS_A_MIN):
            self._flow(draw_l / STEPS_A_MIN)
            self.heated = self._calling(on_c, off_c)
            if self.heated is not None:
                node_kwh_c = self.spec.tank_kwh_c * self.shares[self.heated]
                self.node_c[self.heated] += self.spec.element_kw * STEP_S / S_PER_H / node_kwh_c
                heated_steps += 1
            self._mix()
        return self.spec.element_kw * heated_steps / STEPS_A_MIN

    def _flow(self, draw_l: float) -> None:
        capacity_l = self.spec.tank_kwh_c / WATER_KWH_L_C
        loss = self.spec.loss_kw_c * STEP_S / S_PER_H / self.spec.tank_kwh_c
        below = [*self.node_c[1:], self.spec.inlet_c]
        for index, share in enumerate(self.shares):
            self.node_c[index] += draw_l / (capacity_l * share) * (below[index] - self.node_c[index])
            self.node_c[index] -= loss * (self.node_c[index] - self.spec.ambient_c)

    def _calling(self, on_c: float, off_c: float) -> int | None:
        for index in {0: None, len(self.node_c) - 1: None}:
            running = self.heated is not None and (self.heated == index or index > 0)
            if self.node_c[index] < on_c or (running and self.node_c[index] < off_c):
                return index
        return None

    def _mix(self) -> None:
        if len(self.node_c) == 2 and self.node_c[1] > self.node_c[0]:
            mean_c = sum(share * node_c for share, node_c in zip(self.shares, self.node_c, strict=True))
            self.node_c = [mean_c, mean_c]


def powers_kw(spec: WaterHeaterSpec, shares: Sequence[float], course: Course) -> list[float]:
    """The kW of each minute of a course."""
    tank = FixedNodes(spec, shares, [course.setpoints_c[0]] * len(shares))
    return [
        tank.minute_kw(draw_l, top_c - spec.deadband_c, top_c)
        for draw_l, top_c in zip(course.draws_l, course.setpoints_c, strict=True)
    ]
