"""The electric car and its charger."""

from typing import Annotated, ClassVar, Self

import msgspec
from msgspec import Meta

from contracts.wire.units import S_PER_H
from ven_twin.house.circuit import Circuit, Fraction
from ven_twin.house.control import Control, Stepped
from ven_twin.house.environment import Environment
from ven_twin.house.flexibility import Flexibility, clamp_unit

SLACK_H = 4.0
"""Interpretation: with four hours to spare before it must charge flat out, a car has no discomfort at all."""
LEAST_SLACK_H = 0.5


class EvSpec(Circuit, frozen=True, kw_only=True):
    """The charger's circuit and the car's battery.

    ``least_kw`` is the smallest power that the charger can offer (6 A at 240 V); ``need_soc`` is what the
    next departure needs and ``full_soc`` where charging stops.
    """

    type: ClassVar[str] = "ev"

    charger_kw: Annotated[float, Meta(gt=0.0, le=20.0)]
    least_kw: Annotated[float, Meta(ge=0.0, le=5.0)]
    battery_kwh: Annotated[float, Meta(gt=0.0, le=250.0)]
    efficiency: Annotated[float, Meta(gt=0.0, le=1.0)]
    kwh_per_mile: Annotated[float, Meta(ge=0.0, le=2.0)]
    empty_soc: Fraction
    need_soc: Fraction
    full_soc: Fraction
    start_soc: Fraction


class Ev(msgspec.Struct, frozen=True, gc=False):
    """A car that charges when it is home, and comes back from a trip with less.

    The charger holds any power from ``least_kw`` to ``charger_kw``, or none. A trip that takes more than
    the battery holds ends at ``empty_soc``; the rest was charged on the way.

    Source: SAE J1772 (least current 6 A); OCHRE for efficiency and consumption.
    """

    spec: EvSpec
    soc: float
    away: bool = False

    def step(self, control: Control, env: Environment, dt_s: float) -> Stepped[Self]:
        """Charge for *dt_s* when home, below full and allowed."""
        if not env.ev_home:
            return Stepped(self if self.away else type(self)(self.spec, self.soc, away=True), 0.0)
        soc = self._soc(env)
        spec = self.spec
        room_kwh = (spec.full_soc - soc) * spec.battery_kwh / spec.efficiency
        power_kw = min(self._offered_kw(control), max(room_kwh, 0.0) * S_PER_H / dt_s)
        if power_kw == 0.0 and not self.away:
            return Stepped(self, 0.0)
        charged = power_kw * dt_s / S_PER_H * spec.efficiency / spec.battery_kwh
        return Stepped(type(self)(spec, soc + charged), power_kw)

    def slack_h(self, env: Environment) -> float:
        """Hours that charging could still be put off without missing the departure's need."""
        spec = self.spec
        need_kwh = max(spec.need_soc - self._soc(env), 0.0) * spec.battery_kwh / spec.efficiency
        return env.ev_departs_in_h - need_kwh / spec.charger_kw

    def flexibility(self, env: Environment, demand_kw: float) -> Flexibility:
        """Any power down to ``least_kw``, or none, as long as the departure's need stays in reach."""
        slack_h = self.slack_h(env) - LEAST_SLACK_H
        return Flexibility(
            demand_kw,
            0.0,
            "charging slowed",
            continuous=True,
            least_on_kw=self.spec.least_kw,
            in_use=demand_kw > 0.0,
            headroom=clamp_unit(slack_h / SLACK_H),
            blocked="comfort limit: charge needed by departure" if slack_h <= 0.0 else "",
        )

    def _offered_kw(self, control: Control) -> float:
        limit_kw = control.limit_kw
        charger_kw = self.spec.charger_kw
        if not control.enabled:
            return 0.0
        if limit_kw is None or limit_kw >= charger_kw:
            return charger_kw
        return limit_kw if limit_kw >= self.spec.least_kw else 0.0

    def _soc(self, env: Environment) -> float:
        """The state of charge, after the trip when the car has just come back."""
        if not (self.away and env.ev_home):
            return self.soc
        spent = env.ev_trip_miles * self.spec.kwh_per_mile / self.spec.battery_kwh
        return max(self.soc - spent, min(self.spec.empty_soc, self.soc))
