"""The course of a battery over priced hours that costs least, found backwards from their end. Pure.

    slot      keep ─┬─ cover the house, down to the reserve
                    └─ charge from the grid
    value of each charge at its end ◀── the cheapest of the three in the next slot ◀── … ◀── the last slot

Each way loses half of the round trip's loss, and a kWh that is discharged has to gain a little: a spread that
does not pay is not taken. Nothing is discharged into the grid. At the end a kWh that is missing against the
battery without prices costs what it takes to put it back, at the usual price; one more is worth little.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from math import inf, sqrt

import msgspec

from contracts.wire.units import S_PER_H
from ven_twin.control.pricing.outlook import Outlook, slot_means_kw
from ven_twin.control.pricing.slots import PriceSlot
from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.battery import Battery

LEVELS = 25
LEAST_GAIN = 0.05
"""A kWh that is discharged has to gain so much of the usual price. Interpretation: for the battery's wear."""

LEFT_SHARE = 0.5
"""What is stored beyond the battery without prices counts at half: nobody knows what it will be good for."""
TIE = 1e-9


class BatteryAct(StrEnum):
    """The use of a battery in a slot."""

    KEEP = "keep"
    COVER = "cover"
    CHARGE = "charge"


ACTS = (BatteryAct.KEEP, BatteryAct.COVER, BatteryAct.CHARGE)


class BatteryCourse(msgspec.Struct, frozen=True):
    """The powers of a battery in the steps of an outlook, kW, and the battery at its end."""

    kw: tuple[float, ...]
    end: Battery


def control_of(act: BatteryAct, charge_kw: float) -> Control:
    """The control of a battery in a slot."""
    if act is BatteryAct.CHARGE:
        return Control(covers=False, charge_kw=charge_kw)
    return Control(covers=act is BatteryAct.COVER)


def lived(
    ahead: Outlook, battery: Battery, controls: Sequence[Control], net_kw: Sequence[float]
) -> BatteryCourse:
    """The battery under a control for each slot, beside *net_kw* of the rest in each step."""
    powers_kw = []
    for step, kw in zip(ahead.steps, net_kw, strict=True):
        stepped = battery.step(controls[step.slot], step.env, step.dt_s, -kw, max(kw, 0.0))
        battery = stepped.device
        powers_kw.append(stepped.power_kw)
    return BatteryCourse(tuple(powers_kw), battery)


def alone(ahead: Outlook, battery: Battery, net_kw: Sequence[float]) -> BatteryCourse:
    """The battery as its mode has it."""
    setting = ahead.settings.get(battery.spec.id)
    control = FREE if setting is None else setting.control
    return lived(ahead, battery, (control,) * len(ahead.slots), net_kw)


def charge_kw(
    ahead: Outlook, battery: Battery, net_kw: Sequence[float], limit_kw: float | None
) -> list[float]:
    """The power at which the battery may charge in each slot, below an import limit."""
    most_kw = ahead.most_kw(battery.spec.id, battery.spec.charge_kw)
    if limit_kw is None:
        return [most_kw] * len(ahead.slots)
    peaks_kw = [0.0] * len(ahead.slots)
    for step, kw in zip(ahead.steps, net_kw, strict=True):
        peaks_kw[step.slot] = max(peaks_kw[step.slot], kw)
    return [max(0.0, min(most_kw, limit_kw - peak)) for peak in peaks_kw]


class _Store(msgspec.Struct, frozen=True):
    """A battery's limits, kWh and kW, and the levels of charge that are looked at, kWh."""

    floor_kwh: float
    full_kwh: float
    charge_kw: float
    discharge_kw: float
    one_way: float
    levels_kwh: tuple[float, ...]

    @classmethod
    def of(cls, battery: Battery) -> _Store:
        """The limits of *battery*, with levels from where it is, or its reserve, to where it is full."""
        spec = battery.spec
        floor_kwh, full_kwh = spec.lent_floor_soc * spec.battery_kwh, spec.full_soc * spec.battery_kwh
        lowest_kwh = min(floor_kwh, battery.soc * spec.battery_kwh)
        span_kwh = (full_kwh - lowest_kwh) / (LEVELS - 1)
        levels_kwh = tuple(lowest_kwh + number * span_kwh for number in range(LEVELS))
        one_way = sqrt(spec.round_trip)
        return cls(floor_kwh, full_kwh, spec.charge_kw, spec.discharge_kw, one_way, levels_kwh)

    def powers_kw(self, kwh: float, mean_kw: float, most_kw: float, hours: float) -> tuple[float, ...]:
        """The power by each of `ACTS` for *hours* from *kwh* on, beside *mean_kw* of the rest."""
        room_kw = max(self.full_kwh - kwh, 0.0) / self.one_way / hours
        surplus_kw = min(-mean_kw, self.charge_kw, room_kw) if mean_kw < 0.0 else 0.0
        covers_kw = surplus_kw
        if mean_kw > 0.0:
            gives_kw = max(kwh - self.floor_kwh, 0.0) * self.one_way / hours
            covers_kw = -min(mean_kw, self.discharge_kw, gives_kw)
        return surplus_kw, covers_kw, max(surplus_kw, min(most_kw, room_kw))

    def after_kwh(self, kwh: float, drawn_kwh: float) -> float:
        """The charge after so much was drawn; below zero it was given."""
        return kwh + (drawn_kwh * self.one_way if drawn_kwh > 0.0 else drawn_kwh / self.one_way)

    def place(self, kwh: float) -> float:
        """The place of a charge among the levels."""
        levels_kwh = self.levels_kwh
        at = (kwh - levels_kwh[0]) / (levels_kwh[-1] - levels_kwh[0]) * (LEVELS - 1)
        return min(max(at, 0.0), LEVELS - 1.0)


def cheapest_acts(
    ahead: Outlook,
    battery: Battery,
    net_kw: Sequence[float],
    charges_kw: Sequence[float],
    *,
    usual: float,
    end_soc: float,
) -> tuple[BatteryAct, ...]:
    """The acts, one for each slot, that cost least beside *net_kw* of the rest in each step.

    *usual* is the price by which what is left at the end is valued, against *end_soc*.
    """
    store, means_kw = _Store.of(battery), slot_means_kw(ahead, net_kw)
    if store.levels_kwh[-1] <= store.levels_kwh[0]:
        return (BatteryAct.KEEP,) * len(ahead.slots)
    end_kwh, wear = end_soc * battery.spec.battery_kwh, LEAST_GAIN * abs(usual)
    values = [_left(kwh - end_kwh, usual, store.one_way) for kwh in store.levels_kwh]
    choices: list[list[int]] = []
    stretches = list(zip(ahead.slots, means_kw, charges_kw, strict=True))
    for slot, mean_kw, most_kw in reversed(stretches):
        best = _cheapest(store, values, slot, mean_kw, most_kw, wear=wear)
        values = [cost for cost, _ in best]
        choices.append([act for _, act in best])
    acts, kwh = [], battery.soc * battery.spec.battery_kwh
    for (slot, mean_kw, most_kw), row in zip(stretches, reversed(choices), strict=True):
        act = row[round(store.place(kwh))]
        power_kw = store.powers_kw(kwh, mean_kw, most_kw, slot.hours)[act]
        kwh = store.after_kwh(kwh, power_kw * slot.hours)
        acts.append(ACTS[act])
    return tuple(acts)


def _cheapest(
    store: _Store, later: Sequence[float], slot: PriceSlot, mean_kw: float, most_kw: float, *, wear: float
) -> list[tuple[float, int]]:
    """The least cost from *slot* on, and the number of its act, of each level.

    *later* is what the slots after it cost.
    """
    hours = (slot.end_ts - slot.start_ts) / S_PER_H
    price, export_price, one_way = slot.price, slot.export_price, store.one_way
    lowest_kwh, top = store.levels_kwh[0], LEVELS - 1.0
    span_kwh = store.levels_kwh[-1] - lowest_kwh
    cheapest = []
    for kwh in store.levels_kwh:
        best, act = inf, 0
        for number, kw in enumerate(store.powers_kw(kwh, mean_kw, most_kw, hours)):
            # The charge after it and its place as `_Store` has them, written out in a plan's innermost loop.
            drawn_kwh, grid_kw = kw * hours, mean_kw + kw
            after_kwh = kwh + (drawn_kwh * one_way if drawn_kwh > 0.0 else drawn_kwh / one_way)
            place = (after_kwh - lowest_kwh) / span_kwh * top
            if not 0.0 <= place <= top:
                place = 0.0 if place < 0.0 else top
            below = int(place)
            cost = grid_kw * hours * (price if grid_kw > 0.0 else export_price) + later[below]
            if place > below:
                cost += (later[below + 1] - later[below]) * (place - below)
            if kw < 0.0:
                cost -= drawn_kwh * wear
            if cost < best - TIE:
                best, act = cost, number
        cheapest.append((best, act))
    return cheapest


def left_cost(end: Battery, free_soc: float, usual: float) -> float:
    """The cost of what is missing in *end* against a charge of *free_soc*, and less what there is more."""
    spec = end.spec
    return _left((end.soc - free_soc) * spec.battery_kwh, usual, sqrt(spec.round_trip))


def _left(more_kwh: float, usual: float, one_way: float) -> float:
    """The cost of having *more_kwh* stored at the end than without prices; below zero a gain."""
    price = max(usual, 0.0)
    return -more_kwh * price / one_way if more_kwh < 0.0 else -more_kwh * price * one_way * LEFT_SHARE


LEFT_SHARE = 0.5
"""What is stored beyond the battery without prices counts at half: nobody knows what it will be good for."""
