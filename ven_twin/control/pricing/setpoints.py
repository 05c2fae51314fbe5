"""Setpoints that move with prices, within comfort: ahead of dear hours, and at rest in them. Pure.

    price      ▂▂▂▂▂▂████▂▂▂▂
    ahead          ▄▄            so many hours before it gets dearer
    at rest          ▀▀▀▀        until it is cheaper again

Ahead is as far as a load up goes. At rest, the thermostat gives way by a third of its deadband: with half of
it, which is its own, the air stays nearer to the setpoint than the deadband from which comfort counts. A
tank at rest heats nothing while two of the largest draws are as hot as its thermostat keeps them anyway.

Courses of several lengths are tried on the machine alone, beside what the house draws. One in which air or
water is beyond comfort for longer than without prices is none. Nor is one with an air at rest that is ever
beyond: in a house that loses its heat fast, or in a frost, the setpoints stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from contracts.wire.units import S_PER_H
from ven_twin.control.circuit_views import stricter
from ven_twin.control.pricing.outlook import Outlook, cost_of
from ven_twin.house.control import FREE, Control
from ven_twin.house.devices.hvac import Hvac
from ven_twin.house.devices.layered_tank import WATER_KWH_L_C
from ven_twin.house.devices.water_heater import DRAWS_IN_RESERVE, WaterHeater, is_undersized, tank_size
from ven_twin.house.house import House

AIR_AHEAD_H = (0.0, 1.0, 2.0, 4.0)
TANK_AHEAD_H = (0.0, 2.0, 4.0)
REST_H = 6.0
"""A machine rests where it will be cheaper within so many hours."""
LEAST_SPREAD = 0.15
"""Prices that differ by less than this of the usual price are alike."""
REST_SHARE = 1.0 / 3.0
COMFORT_SHARE = 0.9
"""A course keeps so much of the deadband from which comfort counts: what a step of minutes does not see."""
HOT_MARGIN_C = 0.5
COP = 2.5
"""Interpretation: the heat or cold that a house lacks at the end is put back with a heat pump's usual COP."""


class SetpointCourse(NamedTuple):
    """A machine's control in each slot, the slots in which a tank is at rest, and the effect of both.

    Attributes:
        controls: one for each slot.
        rests: the numbers of the slots in which a tank heats nothing while it is hot.
        kw: the machine's power in each step.
        beyond_s: how long air or water was beyond comfort, s.
        missing_kwh: electricity that puts back what is missing at the end against the course without prices.
    """

    controls: tuple[Control, ...]
    rests: frozenset[int]
    kw: tuple[float, ...]
    beyond_s: float = 0.0
    missing_kwh: float = 0.0


def best_air(ahead: Outlook, net_kw: Sequence[float], usual: float) -> SetpointCourse | None:
    """The thermostat's course that saves most beside *net_kw* of all in each step; None where none does."""
    hvac = ahead.house.hvac
    if hvac is None or not ahead.may_move(hvac.spec.id):
        return None
    return _best(ahead, hvac.spec.id, net_kw, usual, _air_courses(ahead, hvac, usual))


def best_tank(ahead: Outlook, net_kw: Sequence[float], usual: float) -> SetpointCourse | None:
    """The course of the tank that saves most beside *net_kw* of all in each step; None where none does."""
    heater = tank_of(ahead.house)
    if heater is None or not ahead.may_move(heater.spec.id) or is_undersized(heater.spec):
        return None
    return _best(ahead, heater.spec.id, net_kw, usual, _tank_courses(ahead, heater, usual))


def tank_of(house: House) -> WaterHeater | None:
    """The water heater of *house*."""
    return next((load for load in house.loads if isinstance(load, WaterHeater)), None)


def is_hot(heater: WaterHeater) -> bool:
    """True while so much is hot that the tank may be at rest, whatever is drawn next."""
    spec, layers = heater.spec, heater.layers
    hot_l = tank_size(spec).capacity_l - layers.cold_l
    edge_c = spec.setpoint_c - spec.deadband_c / 2.0
    reserve_l = DRAWS_IN_RESERVE * spec.reserve_l
    return hot_l >= reserve_l and layers.hot_c >= edge_c + HOT_MARGIN_C


def _best(
    ahead: Outlook,
    circuit_id: str,
    net_kw: Sequence[float],
    usual: float,
    courses: Iterator[SetpointCourse],
) -> SetpointCourse | None:
    free_kw = [step.power_kw[circuit_id] for step in ahead.steps]
    rest_kw = [kw - free for kw, free in zip(net_kw, free_kw, strict=True)]
    free = next(courses)  # the machine without prices comes first

    def cost(course: SetpointCourse) -> float:
        total_kw = [kw + rest for kw, rest in zip(course.kw, rest_kw, strict=True)]
        return cost_of(ahead, total_kw) + max(course.missing_kwh, 0.0) * max(usual, 0.0)

    comfortable = [course for course in courses if course.beyond_s <= free.beyond_s]
    best = min(comfortable, key=cost, default=free)
    return best if cost(best) < cost(free) else None


def _air_courses(ahead: Outlook, hvac: Hvac, usual: float) -> Iterator[SetpointCourse]:
    spec, count = hvac.spec, len(ahead.slots)
    free, end = _air(ahead, hvac, (FREE,) * count)
    yield free
    raised, rest = (
        Control(setpoint_offset_c=-spec.load_up_offset_c),
        Control(setpoint_offset_c=REST_SHARE * spec.deadband_c),
    )
    for hours in AIR_AHEAD_H:
        controls = _controls(ahead, usual, hours, raised, rest)
        for resting in (True, False):
            moved = controls if resting else [FREE if control is rest else control for control in controls]
            course, after = _air(ahead, hvac, moved)
            if resting and rest in moved and course.beyond_s > 0.0:
                continue
            yield course._replace(missing_kwh=_air_kwh(ahead, end, after))


def _air(ahead: Outlook, hvac: Hvac, controls: Sequence[Control]) -> tuple[SetpointCourse, Hvac]:
    setting, spec = ahead.settings.get(hvac.spec.id), hvac.spec
    set_to = FREE if setting is None else setting.control
    at = [stricter(control, set_to) for control in controls]
    span_c = COMFORT_SHARE * spec.deadband_c
    powers_kw, beyond_s = [], 0.0
    for step in ahead.steps:
        stepped = hvac.step(at[step.slot], step.env, step.dt_s, step.gains_kw)
        hvac = stepped.device
        powers_kw.append(stepped.power_kw)
        if not spec.heating_c - span_c <= hvac.air_c <= spec.cooling_c + span_c:
            beyond_s += step.dt_s
    return SetpointCourse(tuple(controls), frozenset(), tuple(powers_kw), beyond_s), hvac


def _air_kwh(ahead: Outlook, free: Hvac, end: Hvac) -> float:
    """The electricity that brings air and walls of *end* to those of *free*."""
    envelope, env = free.spec.envelope, ahead.steps[-1].env
    heat_kwh = envelope.air_kwh_c * (free.air_c - end.air_c) + envelope.mass_kwh_c * (
        free.mass_c - end.mass_c
    )
    return (heat_kwh if env.outdoor_c < free.spec.heating_c else -heat_kwh) / COP


def _tank_courses(ahead: Outlook, heater: WaterHeater, usual: float) -> Iterator[SetpointCourse]:
    spec, count = heater.spec, len(ahead.slots)
    free, end = _tank(ahead, heater, (FREE,) * count, frozenset())
    yield free
    raised, rest = Control(setpoint_offset_c=-spec.load_up_offset_c), Control(limit_kw=0.0)
    for hours in TANK_AHEAD_H:
        controls = _controls(ahead, usual, hours, raised, rest)
        rests = frozenset(number for number, control in enumerate(controls) if control is rest)
        controls = tuple(FREE if control is rest else control for control in controls)
        course, after = _tank(ahead, heater, controls, rests)
        yield course._replace(missing_kwh=tank_kwh(end) - tank_kwh(after))


def _tank(
    ahead: Outlook, heater: WaterHeater, controls: Sequence[Control], rests: frozenset[int]
) -> tuple[SetpointCourse, WaterHeater]:
    spec, powers_kw, beyond_s = heater.spec, [], 0.0
    setting = ahead.settings.get(spec.id)
    set_to = FREE if setting is None else setting.control
    at, off = [stricter(control, set_to) for control in controls], Control(limit_kw=0.0)
    edge_c = spec.setpoint_c - spec.deadband_c / 2.0
    for step in ahead.steps:
        control = off if step.slot in rests and is_hot(heater) else at[step.slot]
        stepped = heater.step(control, step.env, step.dt_s)
        heater = stepped.device
        powers_kw.append(stepped.power_kw)
        if heater.outlet_c < edge_c:
            beyond_s += step.dt_s
    return SetpointCourse(tuple(controls), rests, tuple(powers_kw), beyond_s), heater


def tank_kwh(heater: WaterHeater) -> float:
    """The heat in a tank above its inlet."""
    spec, layers = heater.spec, heater.layers
    capacity_l = tank_size(spec).capacity_l
    hot = (capacity_l - layers.cold_l) * (layers.hot_c - spec.inlet_c)
    return WATER_KWH_L_C * (hot + layers.cold_l * (layers.cold_c - spec.inlet_c))


def _controls(
    ahead: Outlook, usual: float, hours: float, raised: Control, rest: Control
) -> tuple[Control, ...]:
    """The control of each slot: *raised* for *hours* before it gets dearer, *rest* until it is cheaper."""
    spread, slots, controls = LEAST_SPREAD * abs(usual), ahead.slots, list[Control]()
    for number, slot in enumerate(slots):
        soon = [one.price for one in slots[number + 1 :] if one.start_ts < slot.end_ts + hours * S_PER_H]
        later = [one.price for one in slots[number + 1 :] if one.start_ts < slot.end_ts + REST_H * S_PER_H]
        if hours and max(soon, default=slot.price) >= slot.price + spread:
            controls.append(raised)
        elif min(later, default=slot.price) <= slot.price - spread:
            controls.append(rest)
        else:
            controls.append(FREE)
    return tuple(controls)
