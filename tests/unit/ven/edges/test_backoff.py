"""When the session connects again."""

from __future__ import annotations

import random
from collections import Counter

from ven_twin.ven.mqtt.backoff import Backoff


class HighestDraw(random.Random):
    """Draws the upper end of each range."""

    def uniform(self, a: float, b: float) -> float:  # noqa: ARG002
        """The upper end."""
        return b


def test_the_ceiling_doubles_up_to_the_cap() -> None:
    """Each failure doubles the longest possible delay until the cap is reached."""
    backoff = Backoff(HighestDraw(), cap_s=60)
    assert [backoff.next_delay_s() for _ in range(7)] == [4, 8, 16, 32, 60, 60, 60]


def test_delays_lie_between_one_second_and_the_cap() -> None:
    """No client id connects more than once a second, the most that AWS takes, or waits beyond the cap."""
    backoff = Backoff(random.Random(7))
    delays_s = [backoff.next_delay_s() for _ in range(500)]
    assert min(delays_s) >= 1
    assert max(delays_s) <= 64


def test_only_a_connection_that_stood_for_20_s_starts_over() -> None:
    """A connection that breaks after seconds does not count as working."""
    backoff = Backoff(HighestDraw())
    for _ in range(3):
        backoff.next_delay_s()
    backoff.connection_stood(19.9)
    assert backoff.next_delay_s() == 32
    backoff.connection_stood(20)
    assert backoff.next_delay_s() == 4


def test_a_fleet_cut_off_together_does_not_return_together() -> None:
    """Of 1,000 clients no more than AWS's 500 CONNECTs a second come back in any one second."""
    delays_s = [Backoff(random.Random(seed)).next_delay_s() for seed in range(1000)]
    seconds = Counter(int(delay_s) for delay_s in delays_s)
    tenths = Counter(int(delay_s * 10) for delay_s in delays_s)
    assert max(seconds.values()) < 500
    assert max(tenths.values()) < 100


def test_a_refused_client_is_slow_from_the_start() -> None:
    """The slow variant never falls below its floor."""
    slow = Backoff(HighestDraw(), cap_s=300, floor_s=10, first_exponent=4)
    assert [slow.next_delay_s() for _ in range(6)] == [16, 32, 64, 128, 256, 300]
    assert Backoff(random.Random(1), floor_s=10, first_exponent=4).next_delay_s() >= 10
