"""The answer to "can I hold X kW for Y minutes?", by the trials that make the offer. Pure.

X kW less than the baseline, or in a trial of a load up so many more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from contracts.wire.units import S_PER_MIN
from ven_twin.control.futures import Future
from ven_twin.control.offers import SUSTAINED_SHARE, WINDOWS_S, Trial, TrialWindow, spared
from ven_twin.house.devices.ev import Ev
from ven_twin.house.house import House


class Comfort(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The cost of a shed to the residents, at worst of all futures.

    *beyond_setpoint_c* is how far the air went beyond their setpoints, °C, and *alone_c* how far it
    would have gone all the same, as a thermostat's deadband has it. *ev_soc_forgone* and
    *battery_soc_used* are against the house without events at the end, 0 to 1. *curtailed_min* is how many
    minutes each circuit was curtailed.
    """

    beyond_setpoint_c: float
    alone_c: float
    ev_soc_forgone: float | None = msgspec.field(name="evSocGivenUp")
    battery_soc_used: float | None
    curtailed_min: dict[str, float]


class Hold(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The answer to "can I hold X kW for Y minutes?".

    It *holds* when it was kept in all of the futures that were *tried*, but for those that
    `offers.CONFIDENCE` spares; *successes* counts them. *curve* has the end of each window, min, with what
    was delivered in these at least, kW. *sustained_min* is the time, min, for which all of these keep it.
    """

    requested_kw: float = msgspec.field(name="askedKw")
    minutes: float
    holds: bool
    successes: int
    tried: int
    sustained_min: float = msgspec.field(name="heldMin")
    mean_kw: float
    least_kw: float
    curve: tuple[tuple[float, float], ...]
    comfort: Comfort


def can_hold(
    trial: Trial, futures: Iterable[Future], kw: float, minutes: float, window_s: float = WINDOWS_S[0]
) -> Hold:
    """Try to hold *kw* for so many *minutes* from now on in each future; with the cost in comfort.

    Each window of *window_s* (s of house time) is to have a mean of at least `SUSTAINED_SHARE` of it.
    """
    courses = [list(trial.within(future).windows(kw, minutes * S_PER_MIN, window_s)) for future in futures]
    all_sustained_min = sorted(_sustained_min(course, kw) for course in courses)
    least = spared(len(courses))
    curve = tuple(
        (windows[0].after_s / S_PER_MIN, sorted(window.delivered_kw for window in windows)[least])
        for windows in zip(*courses, strict=True)
    )
    successes = sum(sustained_min >= minutes for sustained_min in all_sustained_min)
    delivered_kws = [sum(window.delivered_kw * window.dt_s for window in course) for course in courses]
    return Hold(
        requested_kw=kw,
        minutes=minutes,
        holds=successes >= len(courses) - least,
        successes=successes,
        tried=len(courses),
        sustained_min=all_sustained_min[least],
        mean_kw=sum(delivered_kws) / len(courses) / (minutes * S_PER_MIN),
        least_kw=min(delivered_kw for _, delivered_kw in curve),
        curve=curve,
        comfort=_at_worst([_comfort(course) for course in courses]),
    )


def _sustained_min(course: Sequence[TrialWindow], kw: float) -> float:
    """Until when *kw* were kept, min."""
    broken = next((window for window in course if window.delivered_kw < SUSTAINED_SHARE * kw), None)
    return (course[-1].after_s if broken is None else broken.after_s - broken.dt_s) / S_PER_MIN


def _comfort(course: Sequence[TrialWindow]) -> Comfort:
    last = course[-1].pair
    minutes: dict[str, float] = {}
    for window in course:
        for name in (name for name, curtailed in window.pair.curtailed.items() if curtailed):
            minutes[name] = minutes.get(name, 0.0) + window.dt_s / S_PER_MIN
    return Comfort(
        beyond_setpoint_c=max(_beyond_c(window.pair.house) for window in course),
        alone_c=max(_beyond_c(window.pair.counterfactual) for window in course),
        ev_soc_forgone=_less(_ev_soc(last.counterfactual), _ev_soc(last.house)),
        battery_soc_used=_less(_battery_soc(last.counterfactual), _battery_soc(last.house)),
        curtailed_min=minutes,
    )


def _at_worst(comforts: Sequence[Comfort]) -> Comfort:
    names = dict.fromkeys(name for comfort in comforts for name in comfort.curtailed_min)
    return Comfort(
        beyond_setpoint_c=max(comfort.beyond_setpoint_c for comfort in comforts),
        alone_c=max(comfort.alone_c for comfort in comforts),
        ev_soc_forgone=_most(comfort.ev_soc_forgone for comfort in comforts),
        battery_soc_used=_most(comfort.battery_soc_used for comfort in comforts),
        curtailed_min={
            name: max(comfort.curtailed_min.get(name, 0.0) for comfort in comforts) for name in names
        },
    )


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _beyond_c(house: House) -> float:
    """Distance of the air beyond the residents' setpoints, °C."""
    hvac = house.hvac
    if hvac is None:
        return 0.0
    return max(hvac.air_c - hvac.spec.cooling_c, hvac.spec.heating_c - hvac.air_c, 0.0)


def _ev_soc(house: House) -> float | None:
    return next((load.soc for load in house.devices() if isinstance(load, Ev)), None)


def _battery_soc(house: House) -> float | None:
    return house.battery.soc if house.battery is not None else None


def _less(alone: float | None, shed: float | None) -> float | None:
    return None if alone is None or shed is None else max(0.0, alone - shed)
