"""Offers by duration: what the cloud believes of ``metrics.offers``, and which offer is good for an event."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.wire.offers import LEVELS_MAX, OfferLevel, lasting_offer, read_levels
from ven_twin.control.offers import Promise
from ven_twin.ven.reported_state import listed

LEVELS = (OfferLevel(3.0, 900.0), OfferLevel(1.5, 3600.0), OfferLevel(0.5, 14_400.0))


def entry(kw: object, sustain_s: object, **more: object) -> dict[str, Any]:
    """An entry of ``metrics.offers``."""
    return {"kw": kw, "sustainS": sustain_s, **more}


def test_what_our_ven_lists_is_read_without_its_quarter_hours() -> None:
    """Offers in means of a quarter hour are not for events that are looked at each minute."""
    promises = [
        Promise(3.0, 900.0, 300.0),
        Promise(1.5, 3600.0, 300.0),
        Promise(0.5, 14_400.0, 300.0),
        Promise(4.0, 14_400.0, 900.0),
    ]
    assert read_levels(listed(promises)) == LEVELS


def test_a_list_in_any_order_with_repeats_comes_to_the_same() -> None:
    """Longest last, and of two of a length the higher; one that is shorter and no higher says nothing."""
    offers = [
        entry(0.5, 14_400),
        entry(3, 900),
        entry(1.5, 3600),
        entry(1.0, 3600),
        entry(1.5, 1800),
        entry(3, 900),
    ]
    assert read_levels(offers) == LEVELS


@pytest.mark.parametrize(
    "offers",
    [
        None,
        "3 kW",
        7,
        {"kw": 1, "sustainS": 900},
        [],
        [None, 1, "x", [], [[1, 900]], True],
        [{}, {"kw": 1}, {"sustainS": 900}],
        [entry("1", 900), entry(True, 900), entry(1, False), entry(None, 900)],
        [entry(float("nan"), 900), entry(1, float("inf")), entry(10**400, 900)],
        [entry(1, 900, meanS=301), entry(1, 900, meanS="300"), entry(1, 900, meanS=None)],
    ],
)
def test_what_is_no_offer_is_as_if_it_were_not_told(offers: object) -> None:
    """Nothing that a VEN writes there raises, or counts for more than nothing."""
    assert read_levels(offers) == ()


def test_figures_beyond_the_bounds_count_as_the_bounds() -> None:
    """Power between 0 and 10,000 kW, durations up to a week."""
    offers = [entry(-5, 1e300), entry(1e300, 900), entry(2, -3)]
    assert read_levels(offers) == (OfferLevel(10_000.0, 900.0), OfferLevel(0.0, 604_800.0))


def test_of_thousands_of_entries_the_longest_are_read() -> None:
    """So many as are stored; what is left off is shorter and more, so nothing is promised anew."""
    levels = read_levels([entry(5000 - n, 60 + n) for n in range(5000)])
    assert levels == tuple(OfferLevel(8.0 - n, 5052.0 + n) for n in range(LEVELS_MAX))


@pytest.mark.parametrize(
    ("length_s", "offer"),
    [
        (60.0, (3.0, 900.0)),
        (900.0, (3.0, 900.0)),
        (901.0, (1.5, 3600.0)),
        (3600.0, (1.5, 3600.0)),
        (14_400.0, (0.5, 14_400.0)),
        (20_000.0, (0.5, 14_400.0)),
    ],
)
def test_an_event_is_offered_what_is_kept_for_its_length(length_s: float, offer: tuple[float, float]) -> None:
    """The least duration that is long enough; beyond the longest what is kept longest."""
    assert lasting_offer(3.0, 900.0, LEVELS, length_s) == offer


def test_a_ven_without_the_list_is_taken_at_its_one_offer() -> None:
    """A VEN of before the list goes on as it is, whatever the length."""
    assert lasting_offer(3.0, 900.0, (), 14_400.0) == (3.0, 900.0)
    assert lasting_offer(3.0, None, (), 60.0) == (3.0, None)


def test_the_list_raises_no_offer_and_makes_none() -> None:
    """`shedAvailabilityKw` stays the most: 0 is no offer, and without it a VEN is in no event in kW."""
    assert lasting_offer(2.0, 60.0, LEVELS, 900.0) == (2.0, 900.0)
    assert lasting_offer(0.0, 60.0, LEVELS, 900.0) == (0.0, 900.0)
    assert lasting_offer(None, None, LEVELS, 900.0) == (None, None)
    assert lasting_offer(9.0, None, LEVELS, 900.0) == (3.0, 900.0)
