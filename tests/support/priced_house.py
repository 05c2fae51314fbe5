"""Prices for a house on the stand: curves by the hour, slots, and an outlook."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from contracts.openadr.price_curves import PriceCurve, PriceKind, PriceStep
from contracts.wire.units import S_PER_H
from ven_twin.control.futures import futures
from ven_twin.control.pricing.outlook import Outlook, outlook
from ven_twin.control.pricing.slots import PriceSlot, price_slots
from ven_twin.house.house import House
from ven_twin.house.house_environment import HouseEnvironment, warmed_up
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import build_house

EVENING = (0.12,) * 6 + (0.22,) * 11 + (0.45,) * 3 + (0.22,) * 3 + (0.12,)
"""Prices by the hour from midnight: dear from 17:00 to 20:00."""


def curve_of(start_ts: float, prices: Sequence[float], hours: float = 1.0) -> PriceCurve:
    """Prices one after the other from *start_ts*, UTC s."""
    span_s = hours * S_PER_H
    steps = [
        PriceStep(start_ts + n * span_s, start_ts + (n + 1) * span_s, one) for n, one in enumerate(prices)
    ]
    return PriceCurve(kind=PriceKind.PRICE, currency="EUR", steps=tuple(steps))


def slots_of(start_ts: float, prices: Sequence[float], hours: float = 1.0) -> tuple[PriceSlot, ...]:
    """The slots of such prices, in a house that lives as fast as the wall."""
    return price_slots(curve_of(start_ts, prices, hours), start_ts, lambda ts: ts)


@cache
def house_at(profile: str, at_ts: float) -> tuple[House, HouseEnvironment]:
    """A packaged house as it is at a time, UTC s, after a day without anything."""
    loaded = load_profile(profile)
    environment = load_environment(loaded)
    return warmed_up(build_house(loaded), environment, at_ts), environment


def outlook_of(profile: str, at_ts: float, prices: Sequence[float]) -> Outlook:
    """The outlook of a packaged house over prices by the hour."""
    house, environment = house_at(profile, at_ts)
    (future,) = futures(environment, at_ts, 1)
    return outlook(house, future, slots_of(at_ts, prices))
