"""A home lived through the season, with its events: what it drew, and would have drawn, by quarter hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from contracts.wire.events import Interval, Signal
from contracts.wire.units import S_PER_DAY
from harness.scoring.homes import home
from ven_twin.control.house_pair import HousePair
from ven_twin.house.house_environment import HouseEnvironment, warmed_up
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import build_house

STEP_S = 60
QUARTER_S = 900
STEPS = QUARTER_S // STEP_S
QUARTERS = 96
FIRST = date(2026, 5, 18)
DAYS = 126
"""To 20 September."""
LOOK_BACK = 45
EVENTS = 20
FROM_H, TO_H = 17, 20
"""Of the events, house-local standard time."""
UTC_OFFSET_H = -5
ASK = Interval(duration_s=(TO_H - FROM_H) * 3600, signal=Signal.LEVEL, value=2.0)
"""Moderate: 60 % of the flexibility on offer."""
EPOCH = date(1970, 1, 1)
FIRST_TS = (FIRST - EPOCH).days * S_PER_DAY - UTC_OFFSET_H * 3600


@dataclass(frozen=True, slots=True)
class Lived:
    """Quarter-hour means from local midnight of the first day, kW."""

    used_kw: tuple[float, ...]
    clone_kw: tuple[float, ...]


def event_days() -> tuple[int, ...]:
    """The twenty hottest weekdays, 12 to 20 h, that have 45 days before them; numbers from the first day."""
    site = load_environment(load_profile())
    heat_c = {}
    for day in range(LOOK_BACK, DAYS):
        if date.fromordinal(FIRST.toordinal() + day).weekday() < 5:
            midnight = FIRST_TS + day * S_PER_DAY
            heat_c[day] = sum(
                site.environment(midnight + hour * 3600, 60.0).outdoor_c for hour in range(12, 20)
            )
    return tuple(sorted(sorted(heat_c, key=lambda day: (-heat_c[day], day))[:EVENTS]))


def live(number: int, events: Sequence[int]) -> Lived:
    """Home *number* through the season.

    On an event day the house and its clone are stepped side by side until the next event or until four in the
    morning; by then they are taken to be one again.
    """
    profile = home(number)
    site: HouseEnvironment = load_environment(profile)
    house = warmed_up(build_house(profile), site, FIRST_TS)
    premises = HousePair(house, house)
    used, clone = [], []
    starts = {FIRST_TS + day * S_PER_DAY + FROM_H * 3600 for day in events}
    apart_until, event_until = 0, 0
    for quarter in range(DAYS * QUARTERS):
        used_kws = clone_kws = 0.0
        for step in range(STEPS):
            at_s = FIRST_TS + quarter * QUARTER_S + step * STEP_S
            env = site.environment(at_s, STEP_S)
            if at_s in starts:
                event_until = at_s + ASK.duration_s
                apart_until = event_until + 8 * 3600
            if at_s < apart_until:
                if at_s < event_until or any(premises.plan.curtailed.values()):
                    premises = premises.planned(env, STEP_S, ASK if at_s < event_until else None)
                premises, flow = premises.step(env, STEP_S)
                used_kws += flow.used_kw
                clone_kws += flow.baseline_kw
                continue
            house, power_kw = premises.counterfactual.step({}, env, STEP_S)
            premises = HousePair(house, house)
            drawn_kw = sum(power_kw.values())
            used_kws += drawn_kw
            clone_kws += drawn_kw
        used.append(used_kws / STEPS)
        clone.append(clone_kws / STEPS)
    return Lived(tuple(used), tuple(clone))
