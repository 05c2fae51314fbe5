"""The loop of redispatch, closed over simulated VENs: it converges, and leaves well alone."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.simulated_fleet import DURATION_S, NOW, Loop, fleet

SEEDS = st.integers(0, 2**32)
WITHIN = 0.05


def disturbed(seed: int, count: int) -> tuple[Loop, float]:
    """A loop in which some VENs tire, opt out or fall silent in the first half hour; 60 % is asked."""
    rng = random.Random(seed)
    vens = fleet(rng, count, noise=0.03, bias=(0.88, 1.02))
    requested_kw = round(0.6 * sum(ven.offer_kw for ven in vens), 3)
    for ven in rng.sample(vens, max(1, count // 5)):
        at_ts = NOW + rng.uniform(60.0, 1800.0)
        what = rng.choice(("exhausted_ts", "opted_out_ts", "silent_ts"))
        setattr(ven, what, at_ts)
        ven.left = rng.choice((0.0, 0.3))
    return Loop(vens, requested_kw, rng), requested_kw


@settings(max_examples=40)
@given(SEEDS, st.integers(10, 40))
def test_delivery_comes_back_to_what_was_asked(seed: int, count: int) -> None:
    """Once the last VEN has left, delivery is within 5 % of asked, while the others have as much to give."""
    loop, requested_kw = disturbed(seed, count)
    loop.run()
    left_kw = sum(ven.can_kw(NOW + DURATION_S - 1) * min(1.0, ven.bias) for ven in loop.vens)
    wanted_kw = min(requested_kw, 0.97 * left_kw)
    for minute in range(40, 59):
        delivered_kw = loop.mean_kw(60.0 * minute, 60.0 * minute + 60.0)
        assert abs(delivered_kw - requested_kw) <= WITHIN * requested_kw or delivered_kw >= wanted_kw
        assert delivered_kw <= (1 + WITHIN) * requested_kw + 0.05


@settings(max_examples=40)
@given(SEEDS, st.integers(10, 40))
def test_after_a_while_nothing_is_changed_any_more(seed: int, count: int) -> None:
    """There is no chasing to and fro: long after the last disturbance the plan stays as it is."""
    loop, _ = disturbed(seed, count)
    loop.run()
    late = [outcome for ts, outcome in loop.outcomes if ts >= NOW + 2700.0]
    assert sum(outcome.plan is not None for outcome in late) <= 2


@settings(max_examples=30)
@given(SEEDS, st.integers(5, 60))
def test_a_fleet_that_delivers_is_left_alone(seed: int, count: int) -> None:
    """When everyone delivers what it was called for, give or take, no shadow is written again."""
    rng = random.Random(seed)
    vens = fleet(rng, count, noise=0.02, bias=(0.995, 1.005))
    loop = Loop(vens, round(0.6 * sum(ven.offer_kw for ven in vens), 3), rng)
    loop.run(1800.0)
    assert [outcome.note for _, outcome in loop.outcomes if outcome.plan is not None] == []


@settings(max_examples=30)
@given(SEEDS, st.integers(10, 40))
def test_too_much_is_trimmed(seed: int, count: int) -> None:
    """A fleet that gives a third more than asked is called for less until it gives what was asked."""
    rng = random.Random(seed)
    vens = fleet(rng, count, noise=0.02, bias=(1.25, 1.4))
    requested_kw = round(0.4 * sum(ven.offer_kw for ven in vens), 3)
    loop = Loop(vens, requested_kw, rng)
    loop.run(1800.0)
    assert abs(loop.mean_kw(900.0, 1800.0) - requested_kw) <= WITHIN * requested_kw + 0.05
