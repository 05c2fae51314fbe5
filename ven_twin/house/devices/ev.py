"""The electric car and its charger."""

from math import inf
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

import msgspec
from msgspec import Meta

from contracts.wire.units import S_PER_H
from ven_twin.house.circuit import Circuit, Fraction, Impossible, Kw
from ven_twin.house.control import Control, Flexibility, Stepped, clamp_unit
from ven_twin.house.environment import Environment, Use
from ven_twin.house.occupancy import DAYS_DRAWN, NEVER_H, driver_day
from ven_twin.house.occupants import DeviceHabits, Occupants, Share, Span, Stream, StreamType
from ven_twin.house.weather import HOURS_A_DAY

SLACK_H = 4.0
"""Interpretation: with four hours to spare before it must charge flat out, a car has no discomfort at all."""
LEAST_SLACK_H = 0.5
HOLD_H = 0.25
"""Interpretation: a car offers the charging that it can hold for a quarter of an hour, as a battery does."""
MILES, PLUGS_LATE = 10, 11
"""Numbers of the streams of chance."""
MOST_TIMES_MILES = 3.0
"""A trip is up to three times the mean: three times the square of a number in [0, 1).

Source: EVI-Pro's tables in OCHRE, where cars come home with 15 % of their charge gone, with a deviation as
large."""
DAYS_AHEAD = 28


class EvSpec(Circuit, frozen=True, kw_only=True):
    """The charger's circuit and the car's battery.

    ``least_kw`` is the smallest power that the charger can offer (6 A at 240 V); ``need_soc`` is what the
    next departure needs and ``full_soc`` where charging stops. A charger with ``discharge_kw`` is
    bidirectional: with ``v2x`` of "v2h" it covers no more than the house draws, with "v2g" it may export, as
    far as the site's interconnection allows. The car then gives nothing below ``least_soc``, which its driver
    keeps, nor below ``need_soc``.
    """

    type: ClassVar[str] = "ev"
    most_keys: ClassVar[tuple[str, ...]] = ("rated_kw", "charger_kw", "discharge_kw")

    charger_kw: Annotated[float, Meta(gt=0.0, le=20.0)]
    least_kw: Annotated[float, Meta(ge=0.0, le=5.0)]
    battery_kwh: Annotated[float, Meta(gt=0.0, le=250.0)]
    efficiency: Annotated[float, Meta(gt=0.0, le=1.0)]
    kwh_per_mile: Annotated[float, Meta(ge=0.0, le=2.0)]
    empty_soc: Fraction
    need_soc: Fraction
    full_soc: Fraction
    start_soc: Fraction
    discharge_kw: Kw = 0.0
    v2x: Literal["v2h", "v2g"] | None = None
    least_soc: Fraction = 0.0

    def impossible(self) -> Impossible | None:
        """A charger that discharges into nothing known, or the other way round; a car that is never full."""
        if self.need_soc > self.full_soc:
            return Impossible("need_soc", f"<= full_soc, {self.full_soc:g}")
        if self.v2x is not None and not self.discharge_kw:
            return Impossible("discharge_kw", f'> 0 with v2x "{self.v2x}"')
        if self.discharge_kw and self.v2x is None:
            return Impossible("v2x", f'"v2h" or "v2g" with discharge_kw of {self.discharge_kw:g}')
        if self.least_soc and not self.discharge_kw:
            return Impossible(
                "least_soc", "none without discharge_kw: a car that only charges keeps all it has"
            )
        if self.least_soc > self.full_soc:
            return Impossible("least_soc", f"<= full_soc, {self.full_soc:g}")
        return None

    @property
    def floor_soc(self) -> float:
        """The charge at which discharging stops: what the driver keeps, and what the next departure needs."""
        return max(self.least_soc, self.need_soc)


class EvUse(Use, frozen=True, gc=False):
    """The car at home and plugged in, or not; the hours to its next departure, the miles of its last trip."""

    home: bool = True
    departs_in_h: float = 12.0
    trip_miles: float = 0.0


class EvHabits(DeviceHabits, frozen=True, kw_only=True):
    """The car's miles on the mean day, and the share of trips after which it is plugged in at bedtime."""

    ev_miles_d: Annotated[float, Meta(ge=0.0, le=500.0)]
    ev_late_share: Share = 0.2


class Trip(NamedTuple):
    """A day's trip: when the car leaves and when it is plugged in again, h from midnight, and its miles.

    On a day without one both hours are below zero. ``next_leaves_h`` is the first departure after it.
    """

    leaves_h: float
    plugs_h: float
    miles: float
    next_leaves_h: float


NO_TRIP_H = -1.0


class EvStream(Stream[EvHabits]):
    """The driver's trips: the car leaves and comes home with them, and is plugged in then or at bedtime."""

    __slots__ = ("_trips",)
    habits_type = EvHabits
    use_type = EvUse
    _trips: dict[int, Trip]

    def __init__(self, habits: EvHabits, occupants: Occupants) -> None:
        super().__init__(habits, occupants)
        object.__setattr__(self, "_trips", {})

    def use(self, span: Span) -> EvUse:
        """The car as the step starts."""
        day, hour_of_day = span.day, span.hour_of_day
        today = self.trip(day)
        if hour_of_day < today.leaves_h:
            return EvUse(True, today.leaves_h - hour_of_day, self.trip(day - 1).miles)
        return EvUse(hour_of_day >= today.plugs_h, today.next_leaves_h - hour_of_day, today.miles)

    def trip(self, day: int) -> Trip:
        """The trip on *day* since 1970. Each car has those of its last days at hand."""
        drawn = self._trips.get(day)
        if drawn is None:
            drawn = self._trips[day] = trip(self, day)
            if len(self._trips) > DAYS_DRAWN:
                del self._trips[next(iter(self._trips))]
        return drawn


def trip(stream: EvStream, day: int) -> Trip:
    """The car's trip on *day* since 1970. Every evening ends with the car at home."""
    occupants = stream.occupants
    driver = driver_day(occupants.occupancy, day)
    next_leaves_h = _next_leaves_h(stream, day)
    if driver.leaves_h >= NEVER_H:
        return Trip(NO_TRIP_H, NO_TRIP_H, 0.0, next_leaves_h)
    late = occupants.unit(PLUGS_LATE, day) < stream.habits.ev_late_share
    plugs_h = min(max(driver.returns_h, driver.sleeps_h), HOURS_A_DAY) if late else driver.returns_h
    far = occupants.unit(MILES, day)
    miles = stream.habits.ev_miles_d / occupants.home.trip_share * (MOST_TIMES_MILES * far * far)
    return Trip(driver.leaves_h, plugs_h, miles, next_leaves_h)


def _next_leaves_h(stream: EvStream, day: int) -> float:
    for ahead in range(1, DAYS_AHEAD):
        leaves_h = driver_day(stream.occupants.occupancy, day + ahead).leaves_h
        if leaves_h < NEVER_H:
            return leaves_h + ahead * HOURS_A_DAY
    return float(DAYS_AHEAD * HOURS_A_DAY)


class Ev(msgspec.Struct, frozen=True, gc=False):
    """A car that charges when it is home, and comes back from a trip with less.

    The charger holds any power from ``least_kw`` to ``charger_kw``, or none. Left alone a car that is home
    and below full draws all of it; so being asked to charge adds nothing, and never lifts a ceiling. A
    trip that takes more than the battery holds ends at ``empty_soc``; the rest was charged on the way.

    A limit below zero discharges a car that is home and whose charger is bidirectional, within its power and
    down to its floor; it never does so of its own accord. ``efficiency`` holds for each way.

    Source: SAE J1772 (least current 6 A); OCHRE for efficiency and consumption. Of the other way: SAE J3072
    and ISO 15118-20 (a car discharges on its site's command, within limits that car and site exchange, and
    keeps the energy that its driver asked for); Ford Charge Station Pro with Home Integration (9.6 kW).
    Interpretation: what a departure needs is never lent, so that nobody has to charge in haste. The wear of
    the battery is not modelled.
    """

    spec_type: ClassVar[type[Circuit]] = EvSpec
    stream_type: ClassVar[StreamType | None] = EvStream

    spec: EvSpec
    soc: float
    away: bool = False

    @classmethod
    def at_rest(cls, spec: EvSpec) -> Self:
        """The car at home, at its start's charge."""
        return cls(spec, spec.start_soc)

    def step(self, control: Control, env: Environment, dt_s: float, most_kw: float = inf) -> Stepped[Self]:
        """Charge for *dt_s* when home, below full and allowed; discharge when told to.

        *most_kw* is the most that the site has room for, of what it gives.
        """
        use = env.use(EvUse)
        if not use.home:
            return Stepped(self if self.away else type(self)(self.spec, self.soc, away=True), 0.0)
        soc = self._soc(use)
        spec = self.spec
        limit_kw = control.limit_kw
        if limit_kw is not None and limit_kw < 0.0 and spec.discharge_kw:
            return self._discharged(-limit_kw if control.enabled else 0.0, soc, dt_s / S_PER_H, most_kw)
        room_kwh = (spec.full_soc - soc) * spec.battery_kwh / spec.efficiency
        power_kw = min(self._offered_kw(control), max(room_kwh, 0.0) * S_PER_H / dt_s)
        if power_kw == 0.0 and not self.away:
            return Stepped(self, 0.0)
        charged = power_kw * dt_s / S_PER_H * spec.efficiency / spec.battery_kwh
        return Stepped(type(self)(spec, soc + charged), power_kw)

    def slack_h(self, env: Environment) -> float:
        """Hours that charging could still be put off without missing the departure's need."""
        spec, use = self.spec, env.use(EvUse)
        need_kwh = max(spec.need_soc - self._soc(use), 0.0) * spec.battery_kwh / spec.efficiency
        return use.departs_in_h - need_kwh / spec.charger_kw

    def flexibility(self, env: Environment, demand_kw: float) -> Flexibility:
        """Any power down to ``least_kw``, or none, as long as the departure's need stays in reach.

        A bidirectional charger goes on below zero, to what it can give for a quarter of an hour.
        """
        slack_h = self.slack_h(env) - LEAST_SLACK_H
        ceiling_kw = self._ceiling_kw(env.use(EvUse))
        return Flexibility(
            demand_kw,
            -self._most_discharge_kw(self._soc(env.use(EvUse)), HOLD_H) if env.use(EvUse).home else 0.0,
            "charging slowed",
            continuous=True,
            least_on_kw=self.spec.least_kw,
            in_use=demand_kw > 0.0,
            headroom=clamp_unit(slack_h / SLACK_H),
            blocked="comfort limit: charge needed by departure" if slack_h <= 0.0 else "",
            ceiling_kw=ceiling_kw if ceiling_kw > demand_kw else None,
            exports=self.spec.v2x != "v2h",
        )

    def _discharged(self, wished_kw: float, soc: float, dt_h: float, most_kw: float) -> Stepped[Self]:
        """The car after it gave *wished_kw* for *dt_h*, or what it may."""
        spec = self.spec
        gives_kw = min(wished_kw, max(most_kw, 0.0), self._most_discharge_kw(soc, dt_h))
        if gives_kw == 0.0 and not self.away:
            return Stepped(self, 0.0)
        spent = gives_kw / spec.efficiency * dt_h / spec.battery_kwh
        return Stepped(type(self)(spec, soc - spent), 0.0 - gives_kw)

    def _most_discharge_kw(self, soc: float, dt_h: float) -> float:
        spec = self.spec
        if not spec.discharge_kw:
            return 0.0
        usable_kwh = max(soc - spec.floor_soc, 0.0) * spec.battery_kwh * spec.efficiency
        return min(spec.discharge_kw, usable_kwh / dt_h)

    def _ceiling_kw(self, use: EvUse) -> float:
        """The most that it can charge for a quarter of an hour."""
        spec = self.spec
        if not use.home:
            return 0.0
        room_kwh = max(spec.full_soc - self._soc(use), 0.0) * spec.battery_kwh / spec.efficiency
        return min(spec.charger_kw, room_kwh / HOLD_H)

    def _offered_kw(self, control: Control) -> float:
        limit_kw = control.limit_kw
        charger_kw = self.spec.charger_kw
        if not control.enabled:
            return 0.0
        if limit_kw is None or limit_kw >= charger_kw:
            return charger_kw
        return limit_kw if limit_kw >= self.spec.least_kw else 0.0

    def _soc(self, use: EvUse) -> float:
        """The state of charge, after the trip when the car has just come back."""
        if not (self.away and use.home):
            return self.soc
        spent = use.trip_miles * self.spec.kwh_per_mile / self.spec.battery_kwh
        return max(self.soc - spent, min(self.spec.empty_soc, self.soc))
