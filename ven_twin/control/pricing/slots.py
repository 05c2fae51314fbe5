"""The hours ahead in slots of one price each, in the time of the house. Pure.

Slots follow one another from now on. They end with the first gap in the prices, or a day ahead: what a kWh
costs after that nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from contracts.openadr.price_curves import PriceCurve, PriceStep
from contracts.wire.units import S_PER_DAY, S_PER_H, S_PER_QUARTER

HORIZON_S = float(S_PER_DAY)
LEAST_SLOT_S = 1.0


class PriceSlot(NamedTuple):
    """A time with one price of what is drawn, and one of what is fed in; UTC s of the house."""

    start_ts: float
    end_ts: float
    price: float
    export_price: float = 0.0

    @property
    def hours(self) -> float:
        """Its length, h."""
        return (self.end_ts - self.start_ts) / S_PER_H

    def cost(self, grid_kw: float) -> float:
        """The cost of an hour of *grid_kw* drawn; below zero what is fed in earns."""
        return grid_kw * (self.price if grid_kw > 0.0 else self.export_price)


def price_slots(
    curve: PriceCurve, from_ts: float, to_house_ts: Callable[[float], float]
) -> tuple[PriceSlot, ...]:
    """The slots of *curve* from *from_ts* on, UTC s of the house; *to_house_ts* turns a time of the wall."""
    steps = [_of_house(step, to_house_ts) for step in curve.steps]
    exports = [_of_house(step, to_house_ts) for step in curve.exports]
    until_ts = from_ts
    for step in steps:
        if step.start_ts <= until_ts + LEAST_SLOT_S and step.end_ts > until_ts:
            until_ts = step.end_ts
    until_ts = min(until_ts, from_ts + HORIZON_S)
    quarter_ts = (from_ts // S_PER_QUARTER + 1) * S_PER_QUARTER
    edges = {from_ts, until_ts}
    while quarter_ts < until_ts:
        edges.add(quarter_ts)
        quarter_ts += S_PER_QUARTER
    for step in (*steps, *exports):
        edges |= {ts for ts in (step.start_ts, step.end_ts) if from_ts < ts < until_ts}
    slots = []
    for start_ts, end_ts in pairwise(sorted(edges)):
        middle_ts = (start_ts + end_ts) / 2.0
        slots.append(PriceSlot(start_ts, end_ts, _at(steps, middle_ts), _at(exports, middle_ts)))
    return tuple(slot for slot in slots if slot.end_ts - slot.start_ts >= LEAST_SLOT_S)


def usual_price(curve: PriceCurve) -> float:
    """The mean of all prices of *curve*, those behind included: the value of what is left at its end."""
    seconds = sum(step.end_ts - step.start_ts for step in curve.steps)
    return sum(step.price * (step.end_ts - step.start_ts) for step in curve.steps) / seconds


def _of_house(step: PriceStep, to_house_ts: Callable[[float], float]) -> PriceStep:
    return PriceStep(to_house_ts(step.start_ts), to_house_ts(step.end_ts), step.price)


def _at(steps: Sequence[PriceStep], ts: float) -> float:
    return next((step.price for step in steps if step.start_ts <= ts < step.end_ts), 0.0)
