"""Offers: a shed tried ahead, by the planner that acts in events, on a copy of house and counterfactual.

Pure: the weather ahead comes in as a function, and the house itself stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from contracts.wire.events import Interval, Signal
from contracts.wire.units import S_PER_MIN
from ven_twin.control.circuit_views import CircuitSetting
from ven_twin.control.house_pair import HousePair
from ven_twin.control.ven_state import LoadShed
from ven_twin.house.devices.ev import Ev
from ven_twin.house.environment import Environment
from ven_twin.house.house import House

SUSTAINED_SHARE = 0.9
"""A shed counts as sustained from this share of the promised kW."""
LEAST_OFFER_KW = 0.05
"""An offer below this is none."""
FINE_STEP_S = 60.0
SUSTAIN_STEPS_S = (300.0,) * 6 + (900.0,) * 14
"""Four hours of house time: finer at first, where most offers end, and bounded in all."""
SUSTAIN_HORIZON_S = sum(SUSTAIN_STEPS_S)

WeatherAhead = Callable[[float, float], Environment]
"""The world from a time (UTC s of the house) for so many seconds."""


class TrialStep(NamedTuple):
    """A step of the trial: its end, the kW that it delivered, and house and counterfactual after it."""

    after_s: float
    dt_s: float
    delivered_kw: float
    pair: HousePair


class Comfort(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The cost of a shed to the residents.

    *beyond_setpoint_c* is how far the air went beyond their setpoints at worst, °C, and *alone_c* how far it
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

    *curve* has for each minute what is delivered, kW; *sustained_min* is the time in minutes until it falls
    below `SUSTAINED_SHARE` of what was requested for the first time.
    """

    requested_kw: float = msgspec.field(name="askedKw")
    minutes: float
    holds: bool
    sustained_min: float = msgspec.field(name="heldMin")
    mean_kw: float
    least_kw: float
    curve: tuple[tuple[float, float], ...]
    comfort: Comfort


@dataclass(frozen=True, slots=True)
class Trial:
    """A house, its counterfactual and the weather ahead, to try a shed on.

    Attributes:
        pair: house and counterfactual as they are now.
        weather: the world ahead.
        from_ts: now, UTC s of the house.
        settings: the settings of circuits.
        limit_kw: the lasting import limit, or None.
        load_sheds: circuits shed by command; they go on for as long as the trial.
    """

    pair: HousePair
    weather: WeatherAhead
    from_ts: float
    settings: Mapping[str, CircuitSetting] = field(default_factory=dict)
    limit_kw: float | None = None
    load_sheds: Mapping[str, LoadShed] = field(default_factory=dict)

    def steps(self, kw: float, steps_s: tuple[float, ...]) -> Iterator[TrialStep]:
        """Shed *kw* off the baseline, planned anew each step as in an event."""
        request = Interval(duration_s=round(sum(steps_s)), signal=Signal.SHED_KW, value=kw)
        pair, after_s = self.pair, 0.0
        for dt_s in steps_s:
            env = self.weather(self.from_ts + after_s, dt_s)
            planned = pair.planned(
                env,
                dt_s,
                request,
                limit_kw=self.limit_kw,
                settings=self.settings,
                load_sheds=self.load_sheds,
            )
            pair, flow = planned.step(env, dt_s, self.settings)
            after_s += dt_s
            yield TrialStep(after_s, dt_s, flow.baseline_kw - flow.used_kw, pair)


def sustain_s(trial: Trial, kw: float) -> float:
    """For how long *kw* can be sustained from now on, s of house time, `SUSTAIN_HORIZON_S` at most.

    Interpretation: it is sustained while the mean of each step is at least `SUSTAINED_SHARE` of it, so that a
    promise is kept in each interval and not only on the whole.
    """
    if kw < LEAST_OFFER_KW:
        return 0.0
    sustained_s = 0.0
    for step in trial.steps(kw, SUSTAIN_STEPS_S):
        if step.delivered_kw < SUSTAINED_SHARE * kw:
            break
        sustained_s = step.after_s
    return sustained_s


def can_hold(trial: Trial, kw: float, minutes: float) -> Hold:
    """Try to hold *kw* for so many *minutes* from now on; with the curve and the cost in comfort."""
    whole, rest_s = divmod(minutes * S_PER_MIN, FINE_STEP_S)
    steps_s = (FINE_STEP_S,) * int(whole) + ((rest_s,) if rest_s > 0.0 else ())
    ahead = list(trial.steps(kw, steps_s))
    failed = next((step for step in ahead if step.delivered_kw < SUSTAINED_SHARE * kw), None)
    sustained_min = (failed.after_s - failed.dt_s) / S_PER_MIN if failed else minutes
    return Hold(
        requested_kw=kw,
        minutes=minutes,
        holds=failed is None,
        sustained_min=sustained_min,
        mean_kw=sum(step.delivered_kw * step.dt_s for step in ahead) / (minutes * S_PER_MIN),
        least_kw=min(step.delivered_kw for step in ahead),
        curve=tuple((step.after_s / S_PER_MIN, step.delivered_kw) for step in ahead),
        comfort=_comfort(ahead),
    )


def _comfort(ahead: list[TrialStep]) -> Comfort:
    last = ahead[-1]
    minutes: dict[str, float] = {}
    for step in ahead:
        for name in (name for name, curtailed in step.pair.plan.curtailed.items() if curtailed):
            minutes[name] = minutes.get(name, 0.0) + step.dt_s / S_PER_MIN
    return Comfort(
        beyond_setpoint_c=max(_beyond_c(step.pair.house) for step in ahead),
        alone_c=max(_beyond_c(step.pair.counterfactual) for step in ahead),
        ev_soc_forgone=_less(_ev_soc(last.pair.counterfactual), _ev_soc(last.pair.house)),
        battery_soc_used=_less(_battery_soc(last.pair.counterfactual), _battery_soc(last.pair.house)),
        curtailed_min=minutes,
    )


def _beyond_c(house: House) -> float:
    """Distance of the air beyond the residents' setpoints, °C."""
    hvac = house.hvac
    if hvac is None:
        return 0.0
    return max(hvac.air_c - hvac.spec.cooling_c, hvac.spec.heating_c - hvac.air_c, 0.0)


def _ev_soc(house: House) -> float | None:
    return next((load.soc for load in house.loads if isinstance(load, Ev)), None)


def _battery_soc(house: House) -> float | None:
    return house.battery.soc if house.battery is not None else None


def _less(alone: float | None, shed: float | None) -> float | None:
    return None if alone is None or shed is None else max(0.0, alone - shed)
