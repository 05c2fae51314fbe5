"""The electric storage water heater."""

from functools import lru_cache
from typing import Annotated, ClassVar, Self

import msgspec
from msgspec import Meta

from contracts.wire.units import S_PER_H
from ven_twin.house.circuit import Celsius, Circuit, SpanC
from ven_twin.house.control import Control, Flexibility, Stepped, clamp_unit
from ven_twin.house.devices.hot_water import LARGEST_DRAW_L, DrawL, WaterHeaterStream, WaterHeaterUse
from ven_twin.house.devices.layered_tank import (
    NONE,
    UPPER,
    WATER_KWH_L_C,
    Element,
    Layers,
    TankSize,
    Thresholds,
    calling,
    cooled,
    drawn,
    lower_c,
    warmed_above,
    warmed_below,
)
from ven_twin.house.environment import Environment
from ven_twin.house.occupants import StreamType

SUBSTEP_S = 60.0
USABLE_MARGIN_C = 1.0
"""The reserve of a shed tank is so far above its comfort limit: for its losses until it is drawn."""
RESERVE_DEADBAND_C = 1.5
"""The upper element keeps the top of a shed tank at this span, some minutes at a time."""
LOAD_UP_DEADBAND_C = 1.1
"""A tank that is loaded up is kept within 2 °F of full. Source: as `WaterHeaterSpec.level_offsets_c`."""
DRAWS_IN_RESERVE = 2


OffsetC = Annotated[float, Meta(gt=0.0, le=40.0)]
Share = Annotated[float, Meta(ge=0.02, le=0.5)]


class WaterHeaterSpec(Circuit, frozen=True, kw_only=True, cache_hash=True):
    """The tank's circuit.

    The lower thermostat feels the mean of the lowest ``lower_fraction`` of the tank, the upper one that of
    the top ``upper_fraction``, which its element heats. ``least_c`` is the critical comfort limit: no shed
    lets the outlet go below it. ``reserve_l`` is the largest draw that may come: a shed tank keeps two of
    them hot, or heats. ``most_c`` is the hottest that a load up makes the tank.

    ``shed_offset_c`` is how far a request in kW lowers the setpoint, and ``level_offsets_c`` how far levels
    1, 2 and 3 do: CTA-2045-B's shed, critical peak and grid emergency. Without it each is ``shed_offset_c``.

    Source: for the shares, OCHRE's twelve nodes, whose thermostats are in the third and between the ninth and
    tenth. For the offsets, the setpoints of Portland State Power Lab's OCHRE scripts for a CTA-2045
    implementation guide: 130 °F, 126 shed, 120 critical peak, 90 grid emergency; 140 at most, OCHRE's too.
    """

    type: ClassVar[str] = "water_heater"
    most_keys: ClassVar[tuple[str, ...]] = ("rated_kw", "element_kw")

    element_kw: Annotated[float, Meta(gt=0.0, le=10.0)]
    tank_kwh_c: Annotated[float, Meta(gt=0.0, le=2.0)]
    loss_kw_c: Annotated[float, Meta(ge=0.0, le=0.02)]
    setpoint_c: Celsius
    deadband_c: SpanC
    least_c: Celsius
    shed_offset_c: Annotated[float, Meta(gt=0.0, le=20.0)]
    level_offsets_c: tuple[OffsetC, OffsetC, OffsetC] | None = None
    inlet_c: Celsius
    ambient_c: Celsius
    reserve_l: DrawL = LARGEST_DRAW_L
    load_up_offset_c: Annotated[float, Meta(ge=0.0, le=20.0)] = 5.56
    lower_fraction: Share = 1.0 / 6.0
    upper_fraction: Share = 0.25
    most_c: Annotated[float, Meta(ge=40.0, le=70.0)] = 60.0

    def offset_c(self, level: int) -> float:
        """The degrees by which *level* lowers the setpoint; level 0 is a request in kW."""
        if level <= 0 or self.level_offsets_c is None:
            return self.shed_offset_c
        return self.level_offsets_c[level - 1]


@lru_cache(maxsize=256)
def regulation(spec: WaterHeaterSpec, offset_c: float) -> tuple[TankSize, Thresholds]:
    """The litres of a tank, and its thermostats under an offset of the setpoint."""
    return tank_size(spec), thresholds(spec, offset_c)


def tank_size(spec: WaterHeaterSpec) -> TankSize:
    """The litres of a tank."""
    capacity_l = spec.tank_kwh_c / WATER_KWH_L_C
    return TankSize(capacity_l, capacity_l * spec.lower_fraction, capacity_l * spec.upper_fraction)


def hot_when_full_l(spec: WaterHeaterSpec) -> float:
    """Litres that are hot in a tank that is full, whatever its lower thermostat does not feel."""
    size = tank_size(spec)
    return size.capacity_l - size.lower_l


def is_undersized(spec: WaterHeaterSpec) -> bool:
    """Tell whether a full tank does not keep its reserve, or lets it cool to the comfort limit."""
    coolest_c = spec.setpoint_c - spec.deadband_c / 2.0
    return (
        hot_when_full_l(spec) < DRAWS_IN_RESERVE * spec.reserve_l
        or coolest_c < spec.least_c + USABLE_MARGIN_C
    )


def thresholds(spec: WaterHeaterSpec, offset_c: float) -> Thresholds:
    """The temperatures at which the elements go on and off under an offset of the setpoint.

    Shed, the lower element waits for colder water, but warms what it warms to where it can be used, and runs
    while less than the reserve is hot; the upper one keeps the top within the comfort limit.

    Interpretation: a VEN does not know what will be drawn, so that it keeps the most that may be.
    """
    half_c = spec.deadband_c / 2.0
    full_c = max(spec.setpoint_c, spec.least_c + half_c) + half_c
    if offset_c <= 0.0:
        off_c = max(min(spec.setpoint_c - offset_c + half_c, spec.most_c), full_c)
        span_c = spec.deadband_c if offset_c == 0.0 else min(spec.deadband_c, LOAD_UP_DEADBAND_C)
        return Thresholds(off_c - span_c, off_c, off_c - span_c, off_c)
    usable_c = min(spec.least_c + USABLE_MARGIN_C, full_c)
    on_c = spec.setpoint_c - offset_c - half_c
    off_c = min(on_c + spec.deadband_c, full_c)
    return Thresholds(
        min(on_c, full_c),
        max(off_c, usable_c),
        max(on_c, usable_c),
        max(off_c, min(usable_c + RESERVE_DEADBAND_C, full_c)),
        DRAWS_IN_RESERVE * spec.reserve_l,
        usable_c,
    )


class WaterHeater(msgspec.Struct, frozen=True, gc=False):
    """A tank in two layers with two elements, of which one runs at a time.

    The elements heat it up to the top of the deadband when a draw has brought in cold water or it has
    cooled. Shed, the setpoint is lowered by as much as the event's level says, and what may be drawn is kept
    hot. Loaded up, it is filled to a higher setpoint.

    A step runs in parts of at most a minute: draw and losses come first, then the heat, cut where a
    thermostat switches.

    Source: `ven_twin.house.devices.layered_tank`.
    Interpretation: the tank stands in a space that neither it nor the weather warms.
    """

    spec_type: ClassVar[type[Circuit]] = WaterHeaterSpec
    stream_type: ClassVar[StreamType | None] = WaterHeaterStream

    spec: WaterHeaterSpec
    layers: Layers
    element: Element = NONE

    @classmethod
    def at_rest(cls, spec: WaterHeaterSpec) -> Self:
        """The tank at its setpoint."""
        return cls(spec, Layers.mixed(spec.setpoint_c))

    @property
    def outlet_c(self) -> float:
        """The temperature of the water that would be drawn now, °C."""
        return self.layers.hot_c

    def step(self, control: Control, env: Environment, dt_s: float) -> Stepped[Self]:
        """Advance *dt_s*; the draw is spread evenly over it."""
        spec, layers, element = self.spec, self.layers, self.element
        size, at = regulation(spec, control.setpoint_offset_c)
        allowed = control.allows_kw(spec.element_kw)
        draw_l_s = env.use(WaterHeaterUse).drawn_l / dt_s
        left_s, heated_s = dt_s, 0.0
        while left_s > 0.0:
            substep_s = left_s if left_s < SUBSTEP_S else SUBSTEP_S
            left_s -= substep_s
            if draw_l_s > 0.0:
                layers = drawn(layers, draw_l_s * substep_s, spec.inlet_c, size.capacity_l)
            share = min(spec.loss_kw_c * substep_s / S_PER_H / spec.tank_kwh_c, 1.0)
            layers = cooled(layers, share, spec.ambient_c)
            while substep_s > 0.0:
                element = calling(layers, size, at, element) if allowed else NONE
                if element is NONE:
                    break
                if element is UPPER:
                    layers, run_s = warmed_above(layers, size, spec.element_kw, at.upper_off_c, substep_s)
                else:
                    layers, run_s = warmed_below(layers, size, spec.element_kw, at.lower_off_c, substep_s)
                substep_s -= run_s
                heated_s += run_s
        return Stepped(type(self)(spec, layers, element), spec.element_kw * heated_s / dt_s)

    def flexibility(self, env: Environment, demand_kw: float, level: int = 0) -> Flexibility:  # noqa: ARG002
        """All of the elements, until the tank is as cold as *level* may leave it; 0 is a request in kW."""
        spec = self.spec
        offset_c = spec.offset_c(level)
        size, at = regulation(spec, offset_c)
        needed = calling(self.layers, size, at, self.element) is not NONE
        undersized = is_undersized(spec)
        full_c = spec.setpoint_c + spec.deadband_c / 2.0
        headroom = (lower_c(self.layers, size) - at.lower_on_c) / max(full_c - at.lower_on_c, 0.1)
        return Flexibility(
            demand_kw,
            demand_kw if needed or undersized else 0.0,
            f"setpoint lowered {offset_c:.1f} °C",
            in_use=self.element is not NONE,
            headroom=clamp_unit(headroom),
            blocked="comfort limit" if needed or undersized else "",
            shed_offset_c=offset_c,
            at_limit_kw=spec.element_kw if needed and not undersized else None,
            ceiling_kw=self._ceiling_kw(),
            raise_offset_c=spec.load_up_offset_c,
        )

    def _ceiling_kw(self) -> float | None:
        """The element's power where a load up heats the tank; None where it is that hot already."""
        size, at = regulation(self.spec, -self.spec.load_up_offset_c)
        heats = calling(self.layers, size, at, self.element) is not NONE
        return self.spec.element_kw if heats else None
