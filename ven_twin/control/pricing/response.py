"""The response of a running house to prices: when it is planned anew, and what is moved now. Pure.

| it is planned anew | |
|---|---|
| the prices are others | at once |
| the car has come or gone, or is out of events | at once |
| a quarter of an hour of the house is over | but not within `LEAST_PERIOD_S` of the wall |

What is moved is a circuit's usual control, of the house and of its counterfactual: prices are how a house is
used, and no event. An event, a limit or a command acts on top of it and comes first. A resident who takes no
part in events, or has switched a circuit by hand, is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf

import msgspec

from contracts.openadr.price_curves import PriceCurve
from contracts.wire.units import S_PER_QUARTER
from ven_twin.control.circuit_views import AS_BUILT, NO_SETTINGS, CircuitSetting
from ven_twin.control.pricing.planning import NO_CONTROLS, PricePlan, price_plan
from ven_twin.control.pricing.slots import price_slots, usual_price
from ven_twin.house.control import Control
from ven_twin.house.devices.ev import EvUse
from ven_twin.house.house import House
from ven_twin.house.house_environment import HouseEnvironment

LEAST_PERIOD_S = 10.0
"""A plan is made no sooner after the one before, s of the wall, however fast the house lives."""


@dataclass(frozen=True, slots=True)
class PlanTime:
    """A time in the house and on the wall.

    Attributes:
        house_ts: UTC s of the house.
        now_ts: UTC s.
        now_s: monotonic s.
        speed: house seconds to one of the wall.
    """

    house_ts: float
    now_ts: float
    now_s: float
    speed: float = 1.0

    def in_house(self, ts: float) -> float:
        """A time of the wall, UTC s, as one of the house."""
        return self.house_ts + (ts - self.now_ts) * self.speed


@dataclass(frozen=True, slots=True)
class PlanBasis:
    """The circumstances of a plan; when they change it is made anew."""

    curve: PriceCurve
    is_home: bool
    left_alone: frozenset[str]
    limit_kw: float | None


@dataclass(frozen=True, slots=True)
class PriceResponse:
    """The prices that a house follows, the plan for them, and what is moved now.

    Attributes:
        curve: the prices; None where there are none.
        plan: the plan for the hours ahead.
        controls: the circuits that are moved now.
        basis: what the plan was made on, or None.
        planned_ts: when, UTC s of the house.
        planned_s: the same, monotonic s.
    """

    curve: PriceCurve | None = None
    plan: PricePlan = field(default_factory=PricePlan, compare=False, repr=False)
    controls: Mapping[str, Control] = field(default_factory=dict)
    basis: PlanBasis | None = field(default=None, compare=False, repr=False)
    planned_ts: float = -inf
    planned_s: float = -inf

    def following(self, curve: PriceCurve | None) -> PriceResponse:
        """The response to *curve*; without one the house is as it was before there were prices."""
        if curve is None:
            return NO_PRICES
        return self if curve == self.curve else replace(self, curve=curve)

    def anew(self) -> PriceResponse:
        """The response of a house that was set to another time: it is planned anew."""
        return self if self.curve is None else PriceResponse(self.curve)

    def planned(
        self,
        house: House,
        environment: HouseEnvironment,
        at: PlanTime,
        settings: Mapping[str, CircuitSetting] = NO_SETTINGS,
        limit_kw: float | None = None,
    ) -> PriceResponse:
        """The response with a plan that is not out of date; *settings* and *limit_kw* as in `price_plan`."""
        curve = self.curve
        if curve is None:
            return self
        away = frozenset(
            name for name, setting in settings.items() if setting.opted_out or not setting.enabled
        )
        is_home = environment.environment(at.house_ts, 1.0).use(EvUse).home
        basis = PlanBasis(curve, is_home, away, limit_kw)
        is_recent = at.now_s < self.planned_s + LEAST_PERIOD_S
        is_fresh = is_recent or at.house_ts < self.planned_ts + S_PER_QUARTER
        if basis == self.basis and is_fresh:
            return self
        slots = price_slots(curve, at.house_ts, at.in_house)
        plan = price_plan(house, environment, slots, usual_price(curve), settings, limit_kw=limit_kw)
        return replace(self, plan=plan, basis=basis, planned_ts=at.house_ts, planned_s=at.now_s)

    def moving(self, house: House, house_ts: float, *, participates: bool) -> PriceResponse:
        """The response with the controls of *house* at *house_ts*, UTC s of the house."""
        if self.curve is None and not self.controls:
            return self
        controls = self.plan.controls_at(house, house_ts) if participates else NO_CONTROLS
        return self if controls == self.controls else replace(self, controls=controls)

    def moved(self, settings: Mapping[str, CircuitSetting]) -> Mapping[str, CircuitSetting]:
        """*settings* with the controls of circuits that are moved; those out of events are left alone."""
        if not self.controls:
            return settings
        merged = dict(settings)
        for name, control in self.controls.items():
            setting = settings.get(name, AS_BUILT)
            if setting.enabled and not setting.opted_out:
                merged[name] = msgspec.structs.replace(setting, usual=control)
        return merged


NO_PRICES = PriceResponse()
