"""Properties of the allocation of a fleet's target."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lambdas.dispatch_event.logic.merit import allocate

OFFERS = st.dictionaries(
    st.text("abcdefgh0123", min_size=1, max_size=6),
    st.floats(0, 50).map(lambda kw: round(kw, 3)),
    max_size=30,
)
ASKED = st.floats(0, 1000).map(lambda kw: round(kw, 3))
W = 1e-3


@given(ASKED, OFFERS)
def test_nobody_sheds_more_than_it_offers(requested_kw: float, offers_kw: dict[str, float]) -> None:
    """A share lies between nothing and the VEN's offer."""
    shares_kw = allocate(requested_kw, offers_kw)
    assert shares_kw.keys() == offers_kw.keys()
    assert all(0 <= shares_kw[ven_id] <= offer_kw for ven_id, offer_kw in offers_kw.items())


@given(ASKED, OFFERS)
def test_the_shares_add_up_to_what_was_asked_or_to_what_there_is(
    requested_kw: float, offers_kw: dict[str, float]
) -> None:
    """Never more than asked, and less only when there is no more."""
    there_is_kw = sum(round(offer_kw * 1000) for offer_kw in offers_kw.values()) / 1000
    assert sum(allocate(requested_kw, offers_kw).values()) == pytest.approx(
        min(requested_kw, there_is_kw), abs=W / 2
    )


@given(ASKED, OFFERS)
def test_shares_are_in_proportion_to_the_offers(requested_kw: float, offers_kw: dict[str, float]) -> None:
    """Everyone gives the same part of its offer, to the watt; nothing is split equally."""
    total_kw = sum(offers_kw.values())
    assume(total_kw > 1)
    part = min(1.0, requested_kw / total_kw)
    for ven_id, share_kw in allocate(requested_kw, offers_kw).items():
        assert share_kw == pytest.approx(part * offers_kw[ven_id], abs=3 * W)


@given(ASKED, OFFERS)
def test_the_order_of_the_fleet_does_not_matter(requested_kw: float, offers_kw: dict[str, float]) -> None:
    """The same fleet, in any order, is allocated alike."""
    turned = dict(reversed(offers_kw.items()))
    assert allocate(requested_kw, turned) == allocate(requested_kw, offers_kw)


@given(ASKED, ASKED, OFFERS)
def test_asking_for_more_takes_less_from_nobody(
    one_kw: float, other_kw: float, offers_kw: dict[str, float]
) -> None:
    """Shares grow with what is asked, to the watt."""
    less, more = (allocate(requested_kw, offers_kw) for requested_kw in sorted((one_kw, other_kw)))
    assert all(more[ven_id] >= less[ven_id] - 1.5 * W for ven_id in offers_kw)
