"""The electric storage water heater."""

from functools import lru_cache
from math import exp, inf
from typing import Annotated, ClassVar, NamedTuple, Self

import msgspec
from msgspec import Meta

from contracts.wire.units import S_PER_H
from ven_twin.house.circuit import Celsius, Circuit, SpanC
from ven_twin.house.control import Control, Flexibility, Stepped, clamp_unit
from ven_twin.house.environment import Environment, Use
from ven_twin.house.occupants import DeviceHabits, Occupants, Span, Stream, StreamType, day_type
from ven_twin.house.weather import HOURS_A_DAY

WATER_KWH_L_C = 4.186 / S_PER_H
"""Heat that warms one litre of water by one degree, kWh."""
SUBSTEP_S = 60.0
LEAST_SUBSTEP_S = 1.0
TAP, TAP_AT = 20, 2
"""Numbers of the streams of chance: for each use of hot water, two apart, whether it comes in an hour and how
large it is; when an hour's draws start."""
TAP_L_S = 8.0 / 60.0
"""Flow of a shower, the largest common draw."""
TAP_WITHIN_S = 2_400.0
LARGEST_DRAW_L = 40.0
"""Hot water of a shower. Interpretation: 57 L at the tap (Building America's benchmark), 70 % of it hot."""
BETWEEN_DRAWS_S = 1_200.0
"""The least time from one largest draw to the next: an hour's draws together are no larger, nor end any later
than one that starts 40 min into it."""
SHED_DEADBAND_C = 1.5
"""A shed tank is kept at its floor, not filled: five minutes of the element at a time."""
FLOOR_MARGIN_C = 0.2
"""For the second or so until the element is on."""


DrawL = Annotated[float, Meta(ge=1.0, le=150.0)]


class WaterHeaterSpec(Circuit, frozen=True, kw_only=True):
    """The tank's circuit.

    ``least_c`` is the critical comfort limit: no shed lets the tank go below it. ``cold_l`` is how much can
    be drawn before the thermostat at the bottom feels the cold water that came in. ``reserve_l`` is the
    largest draw that may come: a shed tank stays so warm that two of them leave it at ``least_c``.
    """

    type: ClassVar[str] = "water_heater"

    element_kw: Annotated[float, Meta(gt=0.0, le=10.0)]
    tank_kwh_c: Annotated[float, Meta(gt=0.0, le=2.0)]
    loss_kw_c: Annotated[float, Meta(ge=0.0, le=0.02)]
    setpoint_c: Celsius
    deadband_c: SpanC
    cold_l: Annotated[float, Meta(ge=0.0, le=200.0)]
    least_c: Celsius
    shed_offset_c: Annotated[float, Meta(gt=0.0, le=20.0)]
    inlet_c: Celsius
    ambient_c: Celsius
    reserve_l: DrawL = LARGEST_DRAW_L


class WaterHeaterUse(Use, frozen=True, gc=False):
    """Hot water drawn in the step, litres."""

    drawn_l: float = 0.0


class WaterHeaterHabits(DeviceHabits, frozen=True, kw_only=True):
    """Hot water of the mean day, and of the largest draw, litres."""

    hot_water_l_d: Annotated[float, Meta(ge=0.0, le=2_000.0)]
    hot_water_draw_l: DrawL = LARGEST_DRAW_L


class HotWaterUse(NamedTuple):
    """A use of hot water: its shape over the day, share of the day's litres, a draw's size, and its flow.

    A draw is *least* to *most* of the household's largest.
    """

    end_use: str
    share: float
    least: float
    most: float
    flow_l_s: float

    @property
    def mean(self) -> float:
        """The mean draw, of the household's largest."""
        return (self.least + self.most) / 2.0


USES = (
    HotWaterUse("shower", 0.36, 0.5, 1.0, 6.0 / 60.0),
    HotWaterUse("bath", 0.09, 0.8, 1.0, TAP_L_S),
    HotWaterUse("clothes_washer", 0.18, 0.3, 0.7, TAP_L_S),
    HotWaterUse("dishwasher", 0.06, 0.2, 0.4, 5.0 / 60.0),
    HotWaterUse("sink", 0.31, 0.0, 0.3, 3.0 / 60.0),
)
"""Source: Building America's benchmark for the litres of each use; Hendron and Burch, Development of
Standardized Domestic Hot Water Event Schedules (NREL/CP-550-40874), for minutes and flow: a shower of 7.8 min
at 8.5 L/min at the tap, of which 70 % is hot, sinks at 4.3 L/min. Interpretation: a sink's draws of an hour
are one; a bath fills and a washer draws at `TAP_L_S` at most, for which `floor_c` keeps a reserve."""


class Draw(NamedTuple):
    """A draw that starts *at_s* seconds into its hour."""

    at_s: float
    run_s: float
    flow_l_s: float


class Session(NamedTuple):
    """An hour's draws, one after the other from *from_s* to *until_s*."""

    from_s: float
    until_s: float
    draws: tuple[Draw, ...]


QUIET = Session(inf, -inf, ())


class WaterHeaterStream(Stream[WaterHeaterHabits]):
    """Draws by use while people are active, one after the other, the largest draw's litres an hour at most.

    What does not fit into an hour waits for the next: nobody begins a shower that will be cold.
    """

    __slots__ = ()
    habits_type = WaterHeaterHabits
    use_type = WaterHeaterUse

    def use(self, span: Span) -> WaterHeaterUse | None:
        """The litres that fall into the step."""
        drawn_l = 0.0
        for index, from_s, until_s in span.hours:
            session = hour_session(self, index)
            if session.from_s < until_s and session.until_s > from_s:
                for at_s, run_s, flow_l_s in session.draws:
                    ends_s = at_s + run_s
                    if at_s < until_s and ends_s > from_s:
                        drawn_l += flow_l_s * (min(ends_s, until_s) - max(at_s, from_s))
        return WaterHeaterUse(drawn_l) if drawn_l else None

    def used_in_hour(self, index: int) -> bool:
        """Tell if water is drawn in that hour."""
        return bool(hour_session(self, index).draws)


@lru_cache(maxsize=512)
def hour_session(stream: WaterHeaterStream, index: int) -> Session:
    """The draws in hour *index* since 1970."""
    day, hour = divmod(index, HOURS_A_DAY)
    return _sessions(stream, day)[hour]


@lru_cache(maxsize=128)
def _sessions(stream: WaterHeaterStream, day: int) -> tuple[Session, ...]:
    """The draws of each hour of *day* since 1970."""
    occupants, most_l = stream.occupants, stream.habits.hot_water_draw_l
    chance = occupants.unit
    rates = use_rates(occupants, stream.habits, day_type(day))
    waiting_l, sessions = [0.0] * len(USES), []
    for hour, active in enumerate(occupants.occupancy.active(day)):
        index = day * HOURS_A_DAY + hour
        if active:
            for number, (use, of_hours) in enumerate(zip(USES, rates, strict=True)):
                rate, first = of_hours[hour] * active, TAP + 2 * number
                sure = int(rate)
                draws = sure + (chance(first, index) < rate - sure)
                if draws:
                    size = use.least + (use.most - use.least) * chance(first + 1, index)
                    waiting_l[number] += draws * (size * most_l)
        sessions.append(_session(waiting_l, most_l, chance(TAP_AT, index)) if any(waiting_l) else QUIET)
    return tuple(sessions)


@lru_cache(maxsize=1024)
def use_rates(
    occupants: Occupants, habits: WaterHeaterHabits, kind: tuple[int, bool]
) -> tuple[tuple[float, ...], ...]:
    """The mean number of draws of each use in each hour of a day of a *kind*, where all are active.

    So many that the mean day of the year takes ``hot_water_l_d``.
    """
    largest_d = habits.hot_water_l_d / habits.hot_water_draw_l
    return tuple(occupants.of_day(use.end_use, use.share * largest_d / use.mean, kind) for use in USES)


def _session(waiting_l: list[float], most_l: float, starts: float) -> Session:
    """Take an hour's draws from what is waiting: whole ones, as far as there is room."""
    room_l, run_s, drawn = most_l, 0.0, []
    for number, use in enumerate(USES):
        litres = min(waiting_l[number], most_l)
        if 0.0 < litres <= room_l:
            waiting_l[number] -= litres
            room_l -= litres
            run_s += litres / use.flow_l_s
            drawn.append((litres / use.flow_l_s, use.flow_l_s))
    from_s = at_s = starts * (TAP_WITHIN_S + (most_l - room_l) / TAP_L_S - run_s)
    draws = []
    for one_s, flow_l_s in drawn:
        draws.append(Draw(at_s, one_s, flow_l_s))
        at_s += one_s
    return Session(from_s, at_s, tuple(draws))


@lru_cache(maxsize=64)
def floor_c(spec: WaterHeaterSpec) -> float:
    """The coldest that a shed tank may stand, °C: two of the largest draws then leave it at ``least_c``.

    The second draw starts `BETWEEN_DRAWS_S` after the first, and the element runs from the first on. Each
    stretch is the tank's own equation, solved backwards.

    Interpretation: a VEN does not know what will be drawn, so that it keeps the most that may be.
    """
    draw_s = spec.reserve_l / TAP_L_S
    before_second_c = _before_c(spec, spec.least_c, draw_s, TAP_L_S)
    after_first_c = _before_c(spec, before_second_c, max(BETWEEN_DRAWS_S - draw_s, 0.0), 0.0)
    return _before_c(spec, max(after_first_c, spec.least_c), draw_s, TAP_L_S) + FLOOR_MARGIN_C


def _before_c(spec: WaterHeaterSpec, after_c: float, dt_s: float, draw_l_s: float) -> float:
    """The tank *dt_s* before it is at *after_c*, with the element on and *draw_l_s* drawn; °C."""
    drawn_kw_c = draw_l_s * WATER_KWH_L_C * S_PER_H
    loss_kw_c = spec.loss_kw_c + drawn_kw_c
    heat_kw = spec.element_kw + spec.loss_kw_c * spec.ambient_c + drawn_kw_c * spec.inlet_c
    if loss_kw_c == 0.0:
        return after_c - heat_kw * dt_s / S_PER_H / spec.tank_kwh_c
    rest_c = heat_kw / loss_kw_c
    return rest_c + (after_c - rest_c) * exp(loss_kw_c * dt_s / S_PER_H / spec.tank_kwh_c)


def shed_thresholds_c(spec: WaterHeaterSpec, offset_c: float) -> tuple[float, float]:
    """The temperatures at which a shed element goes on and off, °C; *offset_c* is above 0."""
    half_c = spec.deadband_c / 2.0
    full_c = spec.setpoint_c + half_c
    on_c = min(max(spec.setpoint_c - offset_c - half_c, floor_c(spec)), full_c)
    return on_c, min(on_c + min(spec.deadband_c, SHED_DEADBAND_C), full_c)


class WaterHeater(msgspec.Struct, frozen=True, gc=False):
    """A well-mixed tank with one element.

    The element comes on when the tank has cooled through its deadband or ``cold_l`` were drawn since it last
    ran, and heats the tank up to the top of the deadband. Shed, it goes by the tank's temperature alone,
    ``shed_offset_c`` below its setpoint but never below `floor_c`, from which the largest draws leave the
    tank within its comfort limit.

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
        full_c = spec.setpoint_c + spec.deadband_c / 2.0
        needed = self.tank_c < off_c if self.heating else self.tank_c <= on_c
        undersized = on_c >= full_c
        return Flexibility(
            demand_kw,
            demand_kw if needed or undersized else 0.0,
            f"setpoint lowered {spec.shed_offset_c:.1f} °C",
            in_use=self.heating,
            headroom=clamp_unit((self.tank_c - on_c) / max(full_c - on_c, 0.1)),
            blocked="comfort limit" if needed or undersized else "",
            shed_offset_c=spec.shed_offset_c,
            at_limit_kw=spec.element_kw if needed and not undersized else None,
        )

    def _thresholds(self, control: Control) -> tuple[float, float]:
        """The temperatures at which the element goes on and off, °C."""
        spec, offset_c = self.spec, control.setpoint_offset_c
        half_c = spec.deadband_c / 2.0
        if offset_c <= 0.0:
            setpoint_c = max(spec.setpoint_c - offset_c, spec.least_c + half_c)
            return setpoint_c - half_c, setpoint_c + half_c
        return shed_thresholds_c(spec, offset_c)

    def _after(self, tank_c: float, heat_kw: float, loss_kw_c: float, substep_s: float) -> float:
        """The tank after *substep_s* of constant heat and loss, °C."""
        if loss_kw_c == 0.0:
            return tank_c + heat_kw * substep_s / S_PER_H / self.spec.tank_kwh_c
        rest_c = heat_kw / loss_kw_c
        return rest_c + (tank_c - rest_c) * exp(-loss_kw_c * substep_s / S_PER_H / self.spec.tank_kwh_c)
