"""A fleet comes back from an event without a new peak; `make comfort` measures it for a hundred homes."""

import pytest

from harness.comfort.homes import SEASONS, EventRequest, fleet


@pytest.mark.parametrize("season", ["spring", "winter"])
def test_a_fleet_comes_back_from_two_hours_at_level_3_without_a_new_peak(season: str) -> None:
    """In the three hours after it fifteen homes stay within 1.2 times what they would have drawn at most."""
    lived = fleet(15, EventRequest(SEASONS[season], 17.0, 2.0, after_h=3))
    assert max(lived.used_kw[120:]) <= 1.2 * max(lived.baseline_kw)
    assert lived.past == [{}] * 15
    delivered_kwh = (sum(lived.baseline_kw[:120]) - sum(lived.used_kw[:120])) / 60
    assert delivered_kwh > 15 * 2.5
