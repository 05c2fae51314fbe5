"""The rules that the VEN's page is served, so that they stand in one place."""

from __future__ import annotations

from typing import get_args

import pytest

from contracts.wire.events import MAX_DURATION_S, Phase
from tests.unit.page.conftest import Caller
from ven_twin.ven.mqtt.session_status import SessionState
from ven_twin.ven.page.calls import EventCall, OptOutCall
from ven_twin.ven.page.ven_rules import ven_rules
from ven_twin.ven.page.view import CircuitState
from ven_twin.webkit import formatting
from ven_twin.webkit.rules import Bounds, bounds


async def test_the_rules_are_served(caller: Caller) -> None:
    """Under the names that the page reads."""
    rules = (await caller.get("/api/rules")).json()
    assert rules["formats"]["secondsBelowS"] == formatting.SECONDS_BELOW_S
    assert rules["eventDurationS"] == {"minimum": 1, "maximum": MAX_DURATION_S, "default": None}
    assert rules["chartKeptS"] == 3600


def test_every_state_has_its_words() -> None:
    """Of a circuit, of the connection, and of an event."""
    rules = ven_rules()
    assert set(rules.circuit_states) == set(get_args(CircuitState))
    assert set(rules.session_states) == set(SessionState)
    assert set(rules.phases) == set(Phase)


async def test_every_reason_that_is_offered_is_accepted(caller: Caller) -> None:
    """A resident chooses one; the VEN opts out for it."""
    for choice in ven_rules().opt_out_reasons:
        done = await caller.post("/api/opt-out", {"reason": choice.value})
        assert done.json()["ven"]["reason"] == choice.value
        assert formatting.opt_out_reason(choice.value) == choice.words
        assert choice.sentence


def test_a_range_is_that_of_the_contract() -> None:
    """Also of a number that may be absent; what is no number of a range is refused."""
    assert bounds(EventCall, "kw") == Bounds(minimum=0, maximum=10_000)
    assert bounds(OptOutCall, "until_ts").minimum == 946_684_800
    with pytest.raises(AttributeError):
        bounds(OptOutCall, "reason")
