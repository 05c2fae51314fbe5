"""What could be held, for how long, and what it would cost: tried out ahead on copies of house and clone.

Pure: the weather ahead comes in as a function, and the house that is asked about stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from contracts.wire.units import S_PER_MIN
from ven_twin.control.circuit_views import CircuitSetting, circuit_views, setting_controls, with_settings
from ven_twin.control.guards import Switching, advance
from ven_twin.control.house_pair import HousePair
from ven_twin.control.shedding import needed_kw, plan_shed
from ven_twin.house.devices.ev import Ev
from ven_twin.house.environment import Environment
from ven_twin.house.house import House

HELD_SHARE = 0.9
"""What is delivered counts as held from this share of what was promised."""
LEAST_OFFER_KW = 0.05
"""Below this nothing is on offer that could be held."""
FINE_STEP_S = 60.0
SUSTAIN_STEPS_S = (300.0,) * 6 + (900.0,) * 14
"""Four hours of house time: finer at first, where most offers end, and bounded in all."""
SUSTAIN_HORIZON_S = sum(SUSTAIN_STEPS_S)

WeatherAhead = Callable[[float, float], Environment]
"""The world from a time (UTC s of the house) for so many seconds."""


class Ahead(NamedTuple):
    """A step of the trial: where it ends, what it delivered, and house and clone after it."""

    after_s: float
    dt_s: float
    delivered_kw: float
    curtailed: Mapping[str, bool]
    house: House
    clone: House


class Comfort(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """What holding a shed costs the residents.

    *beyond_setpoint_c* is how far the air went beyond their setpoints at worst, °C, and *alone_c* how far it
    would have gone all the same, as a thermostat's deadband has it. *ev_soc_given_up* and
    *battery_soc_used* are against the uncurtailed house at the end, 0 to 1. *curtailed_min* is for how many
    minutes each circuit was curtailed.
    """

    beyond_setpoint_c: float
    alone_c: float
    ev_soc_given_up: float | None
    battery_soc_used: float | None
    curtailed_min: dict[str, float]


class Hold(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The answer to "can I hold X kW for Y minutes?".

    *curve* has for each minute what is delivered, kW; *held_min* says after how many minutes it falls
    below `HELD_SHARE` of what was asked for the first time.
    """

    requested_kw: float
    minutes: float
    holds: bool
    held_min: float
    mean_kw: float
    least_kw: float
    curve: tuple[tuple[float, float], ...]
    comfort: Comfort


@dataclass(frozen=True, slots=True)
class Trial:
    """A house, its clone and the weather ahead, to try a shed on.

    Attributes:
        premises: house and clone as they are now.
        weather: the world ahead.
        from_ts: now, UTC s of the house.
        settings: what is set of circuits.
    """

    premises: HousePair
    weather: WeatherAhead
    from_ts: float
    settings: Mapping[str, CircuitSetting] = field(default_factory=dict)

    def steps(self, kw: float, steps_s: tuple[float, ...]) -> Iterator[Ahead]:
        """Shed *kw* off the clone's power, planned anew each step."""
        house, clone = self.premises.house, self.premises.clone
        switching: Mapping[str, Switching] = self.premises.switching
        standing, after_s = setting_controls(self.settings), 0.0
        for dt_s in steps_s:
            env = self.weather(self.from_ts + after_s, dt_s)
            alone = clone.step(standing, env, dt_s)
            views = circuit_views(house, env, dt_s, switching, self.settings)
            demand_kw, baseline_kw = sum(view.demand_kw for view in views), alone.grid_kw
            plan = plan_shed(views, needed_kw(demand_kw, baseline_kw, kw))
            stepped = house.step(with_settings(plan, self.settings), env, dt_s)
            house, clone = stepped.house, alone.house
            switching = advance(switching, plan.curtailed, dt_s)
            after_s += dt_s
            delivered_kw = baseline_kw - stepped.grid_kw
            yield Ahead(after_s, dt_s, delivered_kw, plan.curtailed, house, clone)


def sustain_s(trial: Trial, kw: float) -> float:
    """For how long *kw* could be held from now on, s of house time, `SUSTAIN_HORIZON_S` at most.

    Interpretation: it is held as long as the mean of every step is at least `HELD_SHARE` of it, so that a
    promise is kept in each interval and not only on the whole.
    """
    if kw < LEAST_OFFER_KW:
        return 0.0
    held_s = 0.0
    for step in trial.steps(kw, SUSTAIN_STEPS_S):
        if step.delivered_kw < HELD_SHARE * kw:
            break
        held_s = step.after_s
    return held_s


def can_hold(trial: Trial, kw: float, minutes: float) -> Hold:
    """Whether *kw* can be held for so many *minutes* from now on, with the curve and the cost in comfort."""
    whole, rest_s = divmod(minutes * S_PER_MIN, FINE_STEP_S)
    steps_s = (FINE_STEP_S,) * int(whole) + ((rest_s,) if rest_s > 0.0 else ())
    ahead = list(trial.steps(kw, steps_s))
    failed = next((step for step in ahead if step.delivered_kw < HELD_SHARE * kw), None)
    held_min = (failed.after_s - failed.dt_s) / S_PER_MIN if failed else minutes
    return Hold(
        requested_kw=kw,
        minutes=minutes,
        holds=failed is None,
        held_min=held_min,
        mean_kw=sum(step.delivered_kw * step.dt_s for step in ahead) / (minutes * S_PER_MIN),
        least_kw=min(step.delivered_kw for step in ahead),
        curve=tuple((step.after_s / S_PER_MIN, step.delivered_kw) for step in ahead),
        comfort=_comfort(ahead),
    )


def _comfort(ahead: list[Ahead]) -> Comfort:
    last = ahead[-1]
    minutes: dict[str, float] = {}
    for step in ahead:
        for name in (name for name, curtailed in step.curtailed.items() if curtailed):
            minutes[name] = minutes.get(name, 0.0) + step.dt_s / S_PER_MIN
    return Comfort(
        beyond_setpoint_c=max(_beyond_c(step.house) for step in ahead),
        alone_c=max(_beyond_c(step.clone) for step in ahead),
        ev_soc_given_up=_less(_ev_soc(last.clone), _ev_soc(last.house)),
        battery_soc_used=_less(_battery_soc(last.clone), _battery_soc(last.house)),
        curtailed_min=minutes,
    )


def _beyond_c(house: House) -> float:
    """How far the air is beyond the residents' setpoints, °C."""
    hvac = house.hvac
    if hvac is None:
        return 0.0
    return max(hvac.air_c - hvac.spec.cooling_c, hvac.spec.heating_c - hvac.air_c, 0.0)


def _ev_soc(house: House) -> float | None:
    return next((load.soc for load in house.loads if isinstance(load, Ev)), None)


def _battery_soc(house: House) -> float | None:
    return house.battery.soc if house.battery is not None else None


def _less(alone: float | None, held: float | None) -> float | None:
    return None if alone is None or held is None else max(0.0, alone - held)
