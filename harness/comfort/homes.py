"""Homes of the three packaged profiles, each with the next seed, lived through an event and the day after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from contracts.wire.events import DrEvent, Interval, Signal
from contracts.wire.ids import EventId
from contracts.wire.units import S_PER_DAY, S_PER_H
from harness.comfort.limits import past_by_shed
from ven_twin.house.house import House
from ven_twin.house.house_environment import HouseEnvironment
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import build_house
from ven_twin.simulation.scenario import LivedMinute, Scenario, live

PROFILES = ("standard", "flat", "leaky")
FIRST_SEED = 100
SEASONS = {
    "winter": date(2026, 1, 15),
    "spring": date(2026, 4, 15),
    "summer": date(2026, 7, 15),
    "autumn": date(2026, 10, 15),
}


@dataclass(frozen=True, slots=True)
class EventRequest:
    """An event: day, start in hours of standard time, length, signal, and the hours lived after it."""

    day: date
    start_h: float
    hours: float
    signal: Signal = Signal.LEVEL
    value: float = 3.0
    after_h: int = 24


@dataclass
class LivedFleet:
    """A fleet's minutes from an event's start to the end of the day after it; kW of all homes.

    *past* has for each home the limits that a shed took it past, and how far.
    """

    used_kw: list[float] = field(default_factory=list)
    baseline_kw: list[float] = field(default_factory=list)
    past: list[dict[str, float]] = field(default_factory=list)


@cache
def home(number: int) -> tuple[House, HouseEnvironment]:
    """Home *number*, as built, and the world around it."""
    profile = load_profile(PROFILES[number % len(PROFILES)])
    return build_house(profile), load_environment(profile, FIRST_SEED + number)


def minutes(number: int, request: EventRequest) -> Iterator[LivedMinute]:
    """Home *number* through an event and the hours after it."""
    house, environment = home(number)
    midnight_s = (request.day - date(1970, 1, 1)).days * S_PER_DAY
    start_s = midnight_s + round((request.start_h - environment.weather.utc_offset_h) * S_PER_H)
    interval = Interval(duration_s=round(request.hours * S_PER_H), signal=request.signal, value=request.value)
    event = DrEvent(event_id=EventId("measured"), start_ts=start_s, intervals=(interval,))
    scenario = Scenario(house, environment, start_s, 1, [event])
    steps = round((request.hours + request.after_h) * 60)
    for _, minute in zip(range(steps), live(scenario), strict=False):
        yield minute


def fleet(homes: int, request: EventRequest) -> LivedFleet:
    """So many homes through one event."""
    lived = LivedFleet()
    for number in range(homes):
        past: dict[str, float] = {}
        for index, minute in enumerate(minutes(number, request)):
            if number == 0:
                lived.used_kw.append(0.0)
                lived.baseline_kw.append(0.0)
            lived.used_kw[index] += minute.flow.used_kw
            lived.baseline_kw[index] += minute.flow.baseline_kw
            for name, beyond in past_by_shed(minute.pair, minute.env).items():
                past[name] = max(past.get(name, 0.0), beyond)
        lived.past.append(past)
    return lived
