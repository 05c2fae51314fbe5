"""Days of a house with prices beside the same without: the bill falls, comfort and car are as promised."""

from __future__ import annotations

import pytest

from harness.price_days.lived import PricedDays, compared

LEAST_SAVED = {("standard", "winter"): 0.2, ("standard", "summer"): 0.4, ("flat", "winter"): 0.05}
"""Of the bill. More was measured (docs/guides/openadr.md); a better model of a house is to fail nothing."""


@pytest.fixture(scope="module", params=LEAST_SAVED, ids="-".join)
def days(request: pytest.FixtureRequest) -> tuple[PricedDays, float]:
    """Two days of a house, and the share of its bill that is saved at least."""
    house, season = request.param
    return compared(house, season), LEAST_SAVED[request.param]


def test_prices_make_the_bill_lower_without_cost_to_residents(days: tuple[PricedDays, float]) -> None:
    """What is missing at the end is bought back; no minute is beyond comfort, and no car leaves short."""
    lived, least = days
    assert lived.saved > least * lived.free.bill
    assert lived.priced.dear_kwh < lived.free.dear_kwh / 1.5
    assert (lived.free.beyond_min, lived.priced.beyond_min) == (0, 0)
    assert lived.priced.short_soc == 0.0
    assert lived.left < lived.free.bill - lived.priced.bill
