"""The hours ahead in slots: whole, in order, to the first gap, on the house's own clock."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.openadr.price_curves import PriceCurve, PriceKind, PriceStep
from tests.support.priced_house import curve_of, slots_of
from ven_twin.control.pricing.slots import HORIZON_S, PriceSlot, price_slots, usual_price

NOW = 1_800_000_000.0


@given(
    st.lists(st.sampled_from([-0.1, 0.0, 0.2, 0.9]), min_size=1, max_size=30),
    st.sampled_from([0.05, 0.25, 0.7, 1.0, 5.0]),
    st.floats(0, 4000),
)
def test_slots_follow_one_another_and_have_their_prices(
    prices: list[float], hours: float, after_s: float
) -> None:
    """From now to the end of the prices, or a day ahead."""
    curve = curve_of(NOW, prices, hours)
    from_ts = NOW + after_s
    slots = price_slots(curve, from_ts, lambda ts: ts)
    if curve.end_ts <= from_ts + 1:
        assert slots == ()
        return
    assert slots[0].start_ts == from_ts
    assert slots[-1].end_ts == pytest.approx(min(curve.end_ts, from_ts + HORIZON_S), abs=1)
    for slot, after in pairwise(slots):
        assert 0 < slot.end_ts - slot.start_ts <= 900
        assert after.start_ts - slot.end_ts < 1
    for slot in slots:
        middle_ts = (slot.start_ts + slot.end_ts) / 2
        (step,) = (one for one in curve.steps if one.start_ts <= middle_ts < one.end_ts)
        assert slot.price == step.price


def test_slots_end_with_the_first_gap() -> None:
    """What a kWh costs in a gap nobody knows; where none is known now there are no slots."""
    steps = (PriceStep(NOW, NOW + 3600, 0.1), PriceStep(NOW + 7200, NOW + 9000, 0.2))
    curve = PriceCurve(kind=PriceKind.PRICE, steps=steps)
    assert price_slots(curve, NOW, lambda ts: ts)[-1].end_ts == NOW + 3600
    assert price_slots(curve, NOW + 4000, lambda ts: ts) == ()
    assert price_slots(curve, NOW - 10, lambda ts: ts) == ()


def test_a_house_that_lives_faster_has_longer_slots_of_the_same_prices() -> None:
    """An hour of the wall is ten of a house of tenfold speed."""
    slots = price_slots(curve_of(NOW, (0.1, 0.4)), 5000.0, lambda ts: 5000.0 + (ts - NOW) * 10)
    assert {slot.price for slot in slots if slot.end_ts <= 5000 + 36_000} == {0.1}
    assert {slot.price for slot in slots if slot.start_ts >= 5000 + 36_000} == {0.4}


def test_what_is_fed_in_earns_its_own_price() -> None:
    """Without one it earns nothing."""
    slot = PriceSlot(0, 3600, 0.3, 0.1)
    assert (slot.cost(2.0), slot.cost(-2.0)) == (0.6, -0.2)
    assert slots_of(NOW, (0.3,))[0].cost(-2.0) == 0.0


def test_the_usual_price_is_the_mean_over_time() -> None:
    """The last day's prices included: at the end of a dear evening it is not the evening's."""
    assert usual_price(curve_of(NOW, (0.1, 0.1, 0.4))) == pytest.approx(0.2)
