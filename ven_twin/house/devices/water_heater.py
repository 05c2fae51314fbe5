"""The electric storage water heater."""

from functools import lru_cache
from math import exp, inf, log
from typing import Annotated, ClassVar, Self

import msgspec
from msgspec import Meta

from contracts.wire.units import S_PER_H
from ven_twin.house.circuit import Celsius, Circuit, SpanC
from ven_twin.house.control import Control, Flexibility, Stepped, clamp_unit
from ven_twin.house.environment import Environment, Use
from ven_twin.house.occupants import DeviceHabits, Span, Stream, StreamType, UseStart

WATER_KWH_L_C = 4.186 / S_PER_H
"""Heat that warms one litre of water by one degree, kWh."""
SUBSTEP_S = 60.0
LEAST_SUBSTEP_S = 1.0
TAP, TAP_AT = 2, 3
"""Numbers of the streams of chance: litres of an hour's draw, and when it starts."""
TAP_L_S = 8.0 / 60.0
"""Flow of a shower, the largest common draw."""
TAP_WITHIN_S = 2_400.0
MOST_DRAW_L = 150.0


class WaterHeaterSpec(Circuit, frozen=True, kw_only=True):
    """The tank's circuit.

    ``least_c`` is the critical comfort limit: no shed lets the tank go below it. ``cold_l`` is how much can
    be drawn before the thermostat at the bottom feels the cold water that came in.
    """

    type: ClassVar[str] = "water_heater"

    element_kw: Annotated[float, Meta(gt=0.0, le=10.0)]
    tank_kwh_c: Annotated[float, Meta(gt=0.0, le=2.0)]
    loss_kw_c: Annotated[float, Meta(ge=0.0, le=0.02)]
    setpoint_c: Celsius
    deadband_c: SpanC
    cold_l: Annotated[float, Meta(ge=0.0, le=200.0)]
    least_c: Celsius
    shed_offset_c: SpanC
    inlet_c: Celsius
    ambient_c: Celsius


class WaterHeaterUse(Use, frozen=True, gc=False):
    """Hot water drawn in the step, litres."""

    drawn_l: float = 0.0


class WaterHeaterHabits(DeviceHabits, frozen=True, kw_only=True):
    """Hot water of the mean day, litres."""

    hot_water_l_d: Annotated[float, Meta(ge=0.0, le=2_000.0)]


class WaterHeaterStream(Stream[WaterHeaterHabits]):
    """One draw an hour, at a shower's flow, of exponentially distributed litres."""

    __slots__ = ()
    habits_type = WaterHeaterHabits
    use_type = WaterHeaterUse

    def use(self, span: Span) -> WaterHeaterUse | None:
        """The litres that fall into the step."""
        drawn_l = 0.0
        for index, from_s, until_s in span.hours:
            at_s, run_s = _draw(self, index)
            ends_s = at_s + run_s
            if at_s < until_s and ends_s > from_s:
                drawn_l += TAP_L_S * (min(ends_s, until_s) - max(at_s, from_s))
        return WaterHeaterUse(drawn_l) if drawn_l else None


@lru_cache(maxsize=256)
def _draw(stream: WaterHeaterStream, index: int) -> UseStart:
    occupants = stream.occupants
    mean_l = occupants.mean("water_heater", stream.habits.hot_water_l_d, index)
    litres = -log(1.0 - occupants.unit(TAP, index)) * mean_l
    return UseStart(occupants.unit(TAP_AT, index) * TAP_WITHIN_S, min(litres, MOST_DRAW_L) / TAP_L_S)


class WaterHeater(msgspec.Struct, frozen=True, gc=False):
    """A well-mixed tank with one element.

    The element comes on when the tank has cooled through its deadband or ``cold_l`` were drawn since it last
    ran, and heats the tank up to the top of the deadband. Shed, it goes by the tank's temperature alone and
    heats to ``shed_offset_c`` below its setpoint: warm enough for a shower, and off for hours.

    Source: GridLAB-D ``waterheater``, one-node mode, and its thermostat, which calls for heat as soon as a
    draw leaves a layer of cold water; CTA-2045-B for the depth of a basic shed.
    Interpretation: the tank stands in a space that neither it nor the weather warms; what is drawn mixes.
    """

    spec_type: ClassVar[type[Circuit]] = WaterHeaterSpec
    stream_type: ClassVar[StreamType | None] = WaterHeaterStream

    spec: WaterHeaterSpec
    tank_c: float
    heating: bool = False
    drawn_l: float = 0.0

    @classmethod
    def at_rest(cls, spec: WaterHeaterSpec) -> Self:
        """The tank at its setpoint."""
        return cls(spec, spec.setpoint_c)

    def step(self, control: Control, env: Environment, dt_s: float) -> Stepped[Self]:
        """Advance *dt_s* exactly between switchings; the draw is spread evenly over the step."""
        spec = self.spec
        on_c, off_c = self._thresholds(control)
        allowed = control.allows_kw(spec.element_kw)
        draw_l_s = env.use(WaterHeaterUse).drawn_l / dt_s
        drawn_kw_c = draw_l_s * WATER_KWH_L_C * S_PER_H
        loss_kw_c = spec.loss_kw_c + drawn_kw_c
        passive_kw = spec.loss_kw_c * spec.ambient_c + drawn_kw_c * spec.inlet_c
        tank_c, left_s, heated_s = self.tank_c, dt_s, 0.0
        heating, drawn_l = self.heating, self.drawn_l
        cold_l = spec.cold_l if control.setpoint_offset_c <= 0.0 else inf
        while left_s > 0.0:
            heating = allowed and (tank_c < off_c if heating or drawn_l > cold_l else tank_c <= on_c)
            heat_kw = passive_kw + spec.element_kw if heating else passive_kw
            edge_c = off_c if heating else on_c
            substep_s = min(left_s, SUBSTEP_S)
            end_c = self._after(tank_c, heat_kw, loss_kw_c, substep_s)
            if (tank_c - edge_c) * (end_c - edge_c) < 0.0 and allowed:
                share = (edge_c - tank_c) / (end_c - tank_c)
                substep_s = min(max(substep_s * share, LEAST_SUBSTEP_S), substep_s)
                end_c = self._after(tank_c, heat_kw, loss_kw_c, substep_s)
            tank_c = end_c
            left_s -= substep_s
            if heating:
                heated_s += substep_s
                drawn_l = 0.0
            else:
                drawn_l += draw_l_s * substep_s
        return Stepped(type(self)(spec, tank_c, heating, drawn_l), spec.element_kw * heated_s / dt_s)

    def flexibility(self, env: Environment, demand_kw: float) -> Flexibility:  # noqa: ARG002
        """All of the element, until the tank is as cold as a shed may leave it."""
        spec = self.spec
        on_c, off_c = self._thresholds(Control(setpoint_offset_c=spec.shed_offset_c))
        needed = self.tank_c < off_c if self.heating else self.tank_c <= on_c
        return Flexibility(
            demand_kw,
            demand_kw if needed else 0.0,
            f"setpoint lowered {spec.shed_offset_c:.1f} °C",
            in_use=self.heating,
            headroom=clamp_unit((self.tank_c - on_c) / max(spec.setpoint_c - on_c, 0.1)),
            blocked="comfort limit" if needed else "",
            shed_offset_c=spec.shed_offset_c,
        )

    def _thresholds(self, control: Control) -> tuple[float, float]:
        """The temperatures at which the element goes on and off, °C."""
        half_c = self.spec.deadband_c / 2.0
        setpoint_c = max(self.spec.setpoint_c - control.setpoint_offset_c, self.spec.least_c + half_c)
        return setpoint_c - half_c, setpoint_c + half_c

    def _after(self, tank_c: float, heat_kw: float, loss_kw_c: float, substep_s: float) -> float:
        """The tank after *substep_s* of constant heat and loss, °C."""
        if loss_kw_c == 0.0:
            return tank_c + heat_kw * substep_s / S_PER_H / self.spec.tank_kwh_c
        rest_c = heat_kw / loss_kw_c
        return rest_c + (tank_c - rest_c) * exp(-loss_kw_c * substep_s / S_PER_H / self.spec.tank_kwh_c)
