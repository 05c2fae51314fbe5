"""Two days of a house that follows prices, beside the same house without them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import sqrt
from typing import NamedTuple

from contracts.openadr.price_curves import PriceCurve, PriceKind, PriceStep
from contracts.wire.ids import VenId
from contracts.wire.units import S_PER_DAY, S_PER_H
from ven_twin.control.comfort import beyond
from ven_twin.control.pricing.setpoints import tank_kwh, tank_of
from ven_twin.control.pricing.slots import usual_price
from ven_twin.control.ven_state import VenState
from ven_twin.house.devices.ev import Ev, EvUse
from ven_twin.house.house import House
from ven_twin.ven.house_clock import HouseClock
from ven_twin.ven.house_runtime import HouseRuntime
from ven_twin.ven.startup import warm_house

TICK_S = 60.0
UTC_OFFSET_H = -5
NIGHT, DAY, EVENING = 0.12, 0.22, 0.45
HOURS = (*(NIGHT,) * 6, *(DAY,) * 11, *(EVENING,) * 3, *(DAY,) * 3, NIGHT)
"""Prices of a kWh by the hour, local standard time: dear from 17:00 to 20:00."""
SEASONS = {
    "winter": datetime(2026, 1, 20, tzinfo=UTC),
    "frost": datetime(2026, 1, 14, tzinfo=UTC),
    "summer": datetime(2026, 7, 15, tzinfo=UTC),
}
"""The first of each season's days. In the frost two houses are beyond comfort with no prices at all."""


class LivedDays(NamedTuple):
    """Days of a house.

    Attributes:
        bill: the cost of what was drawn.
        kwh: drawn from the grid.
        dear_kwh: drawn in the dearest hours.
        beyond_min: how long air or water was beyond comfort, min.
        short_soc: by how much the car left with less than it needs, at worst.
        house: the house at the end.
    """

    bill: float
    kwh: float
    dear_kwh: float
    beyond_min: float
    short_soc: float
    house: House


def day_curve(start_ts: float, days: int, hours: Sequence[float] = HOURS) -> PriceCurve:
    """Prices by the hour for *days* from *start_ts*, UTC s."""
    steps = tuple(
        PriceStep(start_ts + n * S_PER_H, start_ts + (n + 1) * S_PER_H, hours[n % len(hours)])
        for n in range(days * len(hours))
    )
    return PriceCurve(kind=PriceKind.PRICE, currency="USD", steps=steps)


def start_of(season: str) -> float:
    """The first midnight of the days, local standard time, UTC s."""
    return SEASONS[season].timestamp() - UTC_OFFSET_H * S_PER_H


def lived_days(
    house: HouseRuntime, curve: PriceCurve, days: int, *, follows: bool, tick_s: float = TICK_S
) -> LivedDays:
    """*days* of a house from its clock's start, with *curve* or without it."""
    state = VenState(VenId("ven-1"), house.load_ids)
    house = house.following(curve) if follows else house
    bill = kwh = dear_kwh = beyond_s = short_soc = 0.0
    dear, was_home, at = max(step.price for step in curve.steps), True, 0
    for tick in range(round(days * S_PER_DAY / tick_s)):
        now_s, ts = tick * tick_s, house.clock.origin_ts + tick * tick_s
        house = house.with_prices(state, now_s, ts).replan(state, None, now_s, ts)
        before, house = house, house.advance(state, now_s + tick_s)
        while curve.steps[at].end_ts <= ts:
            at += 1
        energy_kwh = house.flow.used_kw * tick_s / S_PER_H
        kwh += energy_kwh
        bill += max(energy_kwh, 0.0) * curve.steps[at].price
        dear_kwh += energy_kwh if curve.steps[at].price == dear else 0.0
        beyond_s += tick_s * beyond(house.pair.house).setpoints
        is_home = house.environment.environment(ts, tick_s).use(EvUse).home
        if was_home and not is_home:
            car = car_of(before.pair.house)
            short_soc = max(short_soc, 0.0 if car is None else car.spec.need_soc - car.soc)
        was_home = is_home
    return LivedDays(bill, kwh, dear_kwh, beyond_s / 60.0, max(short_soc, 0.0), house.pair.house)


def left_cost(house: House, free: House, curve: PriceCurve) -> float:
    """The cost of what *house* lacks at the end against *free*, in battery, car, tank, at the mean price."""
    kwh = 0.0
    if house.battery is not None and free.battery is not None:
        spec = house.battery.spec
        kwh += max(free.battery.soc - house.battery.soc, 0.0) * spec.battery_kwh / sqrt(spec.round_trip)
    car, other = car_of(house), car_of(free)
    if car is not None and other is not None:
        kwh += max(other.soc - car.soc, 0.0) * car.spec.battery_kwh / car.spec.efficiency
    tank, full = tank_of(house), tank_of(free)
    if tank is not None and full is not None:
        kwh += max(tank_kwh(full) - tank_kwh(tank), 0.0)
    return kwh * usual_price(curve)


def car_of(house: House) -> Ev | None:
    """The car of *house*."""
    return next((device for device in house.devices() if isinstance(device, Ev)), None)


@dataclass(frozen=True, slots=True)
class PricedDays:
    """A house's days with prices and without, and what the first lacks at the end."""

    free: LivedDays
    priced: LivedDays
    left: float

    @property
    def saved(self) -> float:
        """The money that was saved, less what it takes to put back what is missing."""
        return self.free.bill - self.priced.bill - self.left


def compared(profile: str, season: str, days: int = 2, seed: int | None = None) -> PricedDays:
    """Days of a packaged house or a profile's path with prices and without."""
    start_ts = start_of(season)
    curve = day_curve(start_ts - S_PER_DAY, days + 2)
    house = warm_house(profile, HouseClock(start_ts, 0.0), seed)
    free = lived_days(house, curve, days, follows=False)
    priced = lived_days(house, curve, days, follows=True)
    return PricedDays(free, priced, left_cost(priced.house, free.house, curve))
