"""Anything that one VEN sends beside another: the other's is as without it, and what is stored is bounded."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tests.support.hostile_messages import Hostile, good_messages, hostile, objections, outcome

GOOD = good_messages()
ALONE = outcome(GOOD)


def test_the_messages_beside_it_are_good_ones() -> None:
    """Each kind is stored without a refusal: what is compared is not nothing."""
    assert ALONE.refused == frozenset()
    assert len(ALONE.of("ven-good")) >= 6


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_a_hostile_message_spoils_nothing_of_another_ven(seed: int, count: int) -> None:
    """Any message between those of another: its rows, latest rows, acks, presence and state are the same."""
    rng = random.Random(seed)
    bad = {f"bad-{number}": hostile(rng) for number in range(count)}
    made = outcome({**dict(list(GOOD.items())[:2]), **bad, **GOOD})
    assert objections(made, ALONE) == []


@given(st.binary(max_size=200), st.sampled_from(sorted({message.topic for message in GOOD.values()})))
def test_any_bytes_on_any_topic_are_their_own_fault(raw: bytes, topic: str) -> None:
    """No payload ends a batch, whatever its bytes are."""
    bad = Hostile(topic.replace("ven-good", "ven-bad"), raw)
    assert objections(outcome({"bad": bad, **GOOD}), ALONE) == []
