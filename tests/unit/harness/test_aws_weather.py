"""The local cloud's bad weather: late deletions and exceeded rates, by a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from local_cloud.runtime import CloudWeather
from local_cloud.weather import RATES, DetachedPolicies, Rate, Rates


@dataclass
class Clock:
    """A clock that is set by hand, s."""

    now: float = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


class Responses:
    """The emulator's form of a refusal."""

    @staticmethod
    def error_response_json(code: str, _message: str, status: int) -> tuple[int, str]:
        """Status and code."""
        return status, code


def _deletable_after_s(seed: int, speed: float = 1.0) -> int:
    """Whole seconds after its detaching from which a policy can be deleted."""
    clock = Clock()
    policies = DetachedPolicies(CloudWeather(seed=seed, speed=speed), clock)
    detach: Any = policies.noting(lambda *_, **__: "done")
    delete = policies.refusing(lambda name: name, Responses)
    assert delete("any") == "any"  # never attached
    assert detach("any", "cert", attach=True) == "done"
    assert delete("any") == "any"  # the emulator's own refusal would come here
    detach("any", "cert", attach=False)
    waited_s = 0
    while delete("any") == (409, "DeleteConflictException"):
        clock.now += 1
        waited_s += 1
    assert delete("other") == "other"
    return waited_s


def test_a_detached_policy_cannot_be_deleted_for_up_to_five_minutes() -> None:
    """Each seed has a wait of its own, the same each time; the speed divides it."""
    waits = [_deletable_after_s(seed) for seed in range(10)]
    assert waits == [_deletable_after_s(seed) for seed in range(10)]
    assert len(set(waits)) > 5
    assert 0 < max(waits) <= 300
    assert max(_deletable_after_s(seed, speed=60) for seed in range(10)) <= 5


def test_a_rate_lets_through_a_seconds_calls_and_then_as_many_as_seconds_pass() -> None:
    """Fifteen at once, the next after a fifteenth of a second; a long pause saves no more than a second's."""
    clock = Clock()
    rate = Rate(15, clock)
    assert [rate.take() for _ in range(16)] == [True] * 15 + [False]
    clock.now += 1 / 15 + 1e-6
    assert [rate.take(), rate.take()] == [True, False]
    clock.now += 3600
    assert sum(rate.take() for _ in range(100)) == 15


@pytest.mark.parametrize("name", RATES)
def test_calls_that_share_a_rate_are_counted_together(name: str) -> None:
    """Reading, writing and deleting shadows are one rate; a call without a rate is never too many."""
    calls, per_s = RATES[name]
    rates = Rates(Clock())
    ordered = sorted(calls)
    taken = [rates.take(ordered[number % len(ordered)]) for number in range(per_s + 1)]
    assert taken == [True] * per_s + [False]
    assert all(rates.take("ListThings") for _ in range(1000))
