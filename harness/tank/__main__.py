"""``make tank``: the water heater's shed and energy beside OCHRE's tank of twelve nodes, in one run.

Beside it are tanks of one and of two well-mixed nodes of fixed size, which the tank in two layers replaced.
All have the same water, draws, deadband and setpoints. A shed is the mean kW that a lowered setpoint takes
off, over the hours of the sheds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from statistics import fmean

from msgspec.structs import replace

from harness.tank import fixed_nodes, reference
from harness.tank.courses import DAYS, MIN_A_DAY, SEASONS_C, SEEDS, SHED_C, Course, courses
from ven_twin.house.control import Control
from ven_twin.house.devices.hot_water import WaterHeaterUse
from ven_twin.house.devices.layered_tank import WATER_KWH_L_C, Layers
from ven_twin.house.devices.water_heater import WaterHeater, WaterHeaterSpec
from ven_twin.house.environment import Environment
from ven_twin.house.library import load_profile

MOST_APART = 0.20
MOST_ENERGY_APART = 0.05
Powers = list[list[float]]


def main() -> None:
    """Print the table; exit with 1 where the tank is further from the reference than its target."""
    began_s = time.monotonic()
    spec = next(spec for spec in load_profile().circuits if isinstance(spec, WaterHeaterSpec))
    all_courses = list(courses(spec))
    theirs = reference.powers_kw([_for_ochre(spec, course) for course in all_courses])
    tanks: dict[str, Callable[[WaterHeaterSpec, Course], list[float]]] = {
        "one node": lambda spec, course: fixed_nodes.powers_kw(spec, (1.0,), course),
        "two nodes, 1/3 and 2/3": lambda spec, course: fixed_nodes.powers_kw(spec, (1 / 3, 2 / 3), course),
        "two nodes, 5/6 and 1/6": lambda spec, course: fixed_nodes.powers_kw(spec, (5 / 6, 1 / 6), course),
        "two layers, as shipped": _device_kw,
    }
    sys.stdout.write(
        f"Shed of a {SHED_C:g} °C lower setpoint, and energy, beside OCHRE's 12 nodes; {len(SEEDS)} homes, "
        f"{len(SEASONS_C)} seasons, {DAYS - 1} days\n"
        f"  {'':24} {'shed':>7} {'OCHRE':>6} {'apart':>6} {'1 h':>6} {'2 h':>6} {'4 h':>6} {'2.2 °C':>6} "
        f"{'11.1':>6}  {'kWh/d':>7} {'OCHRE':>6} {'apart':>6}\n"
    )
    apart = energy_apart = 1.0
    for name, powers_kw in tanks.items():
        ours = [powers_kw(replace(spec, inlet_c=SEASONS_C[course.season]), course) for course in all_courses]
        apart, energy_apart = _row(name, all_courses, ours, theirs)
    sys.stdout.write(f"in {time.monotonic() - began_s:.0f} s\n")
    sys.exit(1 if abs(apart) > MOST_APART or abs(energy_apart) > MOST_ENERGY_APART else 0)


def _for_ochre(spec: WaterHeaterSpec, course: Course) -> dict[str, object]:
    return {
        "draws_l": course.draws_l,
        "setpoints_c": course.setpoints_c,
        "inlet_c": SEASONS_C[course.season],
        "ambient_c": spec.ambient_c,
        "tank": {
            "Setpoint Temperature (C)": course.setpoints_c[0],
            "Deadband Temperature (C)": spec.deadband_c,
            "Tank Volume (L)": spec.tank_kwh_c / WATER_KWH_L_C,
            "UA (W/K)": spec.loss_kw_c * 1_000.0,
            "Capacity (W)": spec.element_kw * 1_000.0,
        },
    }


def _device_kw(spec: WaterHeaterSpec, course: Course) -> list[float]:
    """The kW of each minute of the twin's own tank."""
    full_c, powers_kw = course.setpoints_c[0], []
    tank = WaterHeater(spec, Layers.mixed(full_c))
    for draw_l, top_c in zip(course.draws_l, course.setpoints_c, strict=True):
        env = Environment().using(WaterHeaterUse(drawn_l=draw_l))
        tank, power_kw = tank.step(Control(setpoint_offset_c=full_c - top_c), env, 60.0)
        powers_kw.append(power_kw)
    return powers_kw


def _row(name: str, all_courses: Sequence[Course], ours: Powers, theirs: Powers) -> tuple[float, float]:
    """Print a tank's row; return how far its shed and its energy are from the reference."""

    def apart(hours: float | None, offset_c: float) -> tuple[float, float, float]:
        pairs = [
            (_shed_kw(all_courses, ours, index), _shed_kw(all_courses, theirs, index))
            for index, course in enumerate(all_courses)
            if course.shed is not None
            and course.shed.offset_c == offset_c
            and hours in {None, course.shed.hours}
        ]
        our_kw, their_kw = fmean(pair[0] for pair in pairs), fmean(pair[1] for pair in pairs)
        return our_kw, their_kw, our_kw / their_kw - 1.0

    our_kw, their_kw, all_apart = apart(None, SHED_C)
    columns = [apart(hours, SHED_C)[2] for hours in (1.0, 2.0, 4.0)]
    columns += [apart(2.0, offset_c)[2] for offset_c in (2.2, 11.1)]
    free = [index for index, course in enumerate(all_courses) if course.shed is None]
    our_kwh, their_kwh = (
        fmean(sum(powers[index][MIN_A_DAY:]) / 60.0 / (DAYS - 1) for index in free)
        for powers in (ours, theirs)
    )
    shown = " ".join(f"{column:+6.0%}" for column in columns)
    sys.stdout.write(
        f"  {name:24} {our_kw:7.3f} {their_kw:6.3f} {all_apart:+6.0%} {shown}  "
        f"{our_kwh:7.2f} {their_kwh:6.2f} {our_kwh / their_kwh - 1.0:+6.1%}\n"
    )
    return all_apart, our_kwh / their_kwh - 1.0


def _shed_kw(all_courses: Sequence[Course], powers: Powers, index: int) -> float:
    """The mean kW that a course's sheds take off the same days without."""
    course = all_courses[index]
    free = next(
        other
        for other, one in enumerate(all_courses)
        if one.shed is None and (one.seed, one.season) == (course.seed, course.season)
    )
    minutes = [minute for minute in range(len(course.draws_l)) if course.shed and course.shed.covers(minute)]
    return fmean(powers[free][minute] - powers[index][minute] for minute in minutes)


if __name__ == "__main__":
    main()
