"""The slots in which a car charges: the cheapest of those until it leaves. Pure.

    price   ▂▂▅▅██▅▂▁▁▁▂ │ departs
    charges         ▄▄▄  │      as much as it would have charged at once

A car is charged as far as it would be without prices, so that no trip is shorter and nothing is put off
beyond the departure, or beyond the last price that is known. Where there is not the time it charges at once.

Interpretation: half an hour before the departure nothing is left to charge, as with the guard of a shed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from contracts.wire.units import S_PER_H
from ven_twin.control.pricing.outlook import Outlook
from ven_twin.house.devices.ev import LEAST_SLACK_H, Ev, EvUse


class CarPlan(NamedTuple):
    """The power of the car in each slot, kW, and the numbers of the slots in which it waits."""

    kw: tuple[float, ...]
    waits: frozenset[int]


def car_of(ahead: Outlook) -> Ev | None:
    """The car of the house, where its resident leaves it to the house."""
    car = next((device for device in ahead.house.devices() if isinstance(device, Ev)), None)
    return car if car is not None and ahead.may_move(car.spec.id) else None


def at_once(ahead: Outlook, car: Ev, use: EvUse) -> CarPlan:
    """The car as it charges without prices: from now on."""
    if not use.home or car.away:
        return CarPlan((0.0,) * len(ahead.slots), frozenset())
    return _charged(ahead, car, use, range(len(ahead.slots)), frozenset())


def in_cheap_hours(ahead: Outlook, car: Ev, use: EvUse, net_kw: Sequence[float]) -> CarPlan:
    """The car in the slots that cost least, beside *net_kw* of the rest in each; *use* is its use now."""
    charger_kw = ahead.most_kw(car.spec.id, car.spec.charger_kw)
    need_kwh = _need_kwh(car)
    if not use.home or car.away or need_kwh <= 0.0 or charger_kw < max(car.spec.least_kw, 1e-3):
        return at_once(ahead, car, use)
    until_ts = _until_ts(ahead, use) - LEAST_SLACK_H * S_PER_H
    slots = [number for number, slot in enumerate(ahead.slots) if slot.end_ts <= until_ts]
    if sum(ahead.slots[number].hours for number in slots) * charger_kw <= need_kwh:
        return at_once(ahead, car, use)

    def cost_per_kwh(number: int) -> float:
        slot, rest_kw = ahead.slots[number], net_kw[number]
        return (slot.cost(rest_kw + charger_kw) - slot.cost(rest_kw)) / charger_kw

    chosen, left_kwh = set[int](), need_kwh
    for number in sorted(slots, key=lambda number: (round(cost_per_kwh(number), 9), number)):
        if left_kwh <= 0.0:
            break
        chosen.add(number)
        left_kwh -= charger_kw * ahead.slots[number].hours
    waits = frozenset(number for number in slots if number not in chosen)
    return _charged(ahead, car, use, sorted(chosen), waits)


def _charged(ahead: Outlook, car: Ev, use: EvUse, numbers: Sequence[int], waits: frozenset[int]) -> CarPlan:
    """The car that charges in these slots, one after the other, until it is full or leaves."""
    charger_kw, left_kwh = ahead.most_kw(car.spec.id, car.spec.charger_kw), _need_kwh(car)
    until_ts, powers_kw = _until_ts(ahead, use), [0.0] * len(ahead.slots)
    for number in numbers:
        slot = ahead.slots[number]
        if slot.start_ts >= until_ts:
            break
        kwh = min(left_kwh, charger_kw * (min(slot.end_ts, until_ts) - slot.start_ts) / S_PER_H)
        powers_kw[number] = kwh / slot.hours
        left_kwh -= kwh
    return CarPlan(tuple(powers_kw), waits)


def _need_kwh(car: Ev) -> float:
    spec = car.spec
    return max(spec.full_soc - car.soc, 0.0) * spec.battery_kwh / spec.efficiency


def _until_ts(ahead: Outlook, use: EvUse) -> float:
    return ahead.slots[0].start_ts + use.departs_in_h * S_PER_H
