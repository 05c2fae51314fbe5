"""Properties of dispatch by the length of the event, with any list of offers that a VEN can write."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from contracts.api.requests import DispatchEvent
from contracts.wire.events import Interval, Signal
from contracts.wire.offers import LEVELS_MAX, read_levels
from lambdas.dispatch_event.logic.eligibility import rank_fleet
from lambdas.dispatch_event.logic.plan import plan_event
from lambdas.shared.rows import VenRow

NOW = 1_800_000_000.0
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIGURES = st.floats(0, 20) | st.floats(0, 20_000) | st.floats() | JSON
ENTRIES = st.fixed_dictionaries({"kw": FIGURES, "sustainS": FIGURES}, optional={"meanS": FIGURES})
OFFERS = st.lists(ENTRIES | JSON, max_size=20) | JSON
VENS = st.builds(
    lambda offers, **fields: VenRow(ven_id="a", online=True, offers=read_levels(offers), **fields),
    OFFERS,
    shed_availability_kw=st.none() | st.floats(0, 20),
    sustain_s=st.none() | st.floats(0, 20_000),
    performance=st.none() | st.floats(0, 1.2),
)
LENGTHS_S = st.integers(1, 7 * 24 * 3600)


def booked_kw(ven: VenRow, duration_s: int, requested_kw: float, allocation: Any) -> float:
    """The kW that an event of *duration_s* has of one VEN."""
    interval = Interval(duration_s=duration_s, signal=Signal.SHED_KW, value=requested_kw)
    request = DispatchEvent(event_id="e", intervals=(interval,), allocation=allocation)
    plan = plan_event(request, "e", [ven], now=NOW, retention_days=30, token="t").plan
    return sum(assignment.values[0] for assignment in plan.assignments)


@given(OFFERS)
def test_any_list_of_offers_is_read_and_bounded(offers: object) -> None:
    """Ever longer and ever less, within the bounds, and no more of them than are stored."""
    levels = read_levels(offers)
    assert len(levels) <= LEVELS_MAX
    assert all(0.0 <= level.kw <= 10_000.0 and 0.0 <= level.sustain_s <= 604_800.0 for level in levels)
    assert all(one.sustain_s < then.sustain_s and one.kw > then.kw for one, then in pairwise(levels))


@given(VENS, LENGTHS_S, LENGTHS_S, st.floats(0.1, 30), st.sampled_from(["merit", "proportional"]))
def test_a_longer_event_never_books_more_of_a_ven_than_a_shorter_one(
    ven: VenRow, one_s: int, other_s: int, requested_kw: float, allocation: str
) -> None:
    """Whatever its offers, its record and the request; and never more than its one offer."""
    shorter_s, longer_s = sorted((one_s, other_s))
    shorter_kw, longer_kw = (
        booked_kw(ven, length_s, requested_kw, allocation) for length_s in (shorter_s, longer_s)
    )
    assert longer_kw <= shorter_kw <= (ven.shed_availability_kw or 0.0) + 1e-6


@given(st.lists(VENS, max_size=8), LENGTHS_S, LENGTHS_S)
def test_a_fleet_offers_a_longer_event_no_more(vens: list[VenRow], one_s: int, other_s: int) -> None:
    """Of each VEN and together, and whoever is not counted on for the shorter is not for the longer."""
    named = [_named(ven, number) for number, ven in enumerate(vens)]
    shorter, longer = (rank_fleet(named, "e", at_ts=NOW, remaining_s=s) for s in sorted((one_s, other_s)))
    most_w = {offer.ven_id: offer.offer_w for offer in shorter.offers}
    assert all(offer.offer_w <= most_w.get(offer.ven_id, 0) for offer in longer.offers)
    assert longer.available_w <= shorter.available_w + 1e-6


def _named(ven: VenRow, number: int) -> VenRow:
    return msgspec.structs.replace(ven, ven_id=f"ven-{number}")
