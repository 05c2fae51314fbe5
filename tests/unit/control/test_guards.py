"""The guards at their bounds: which circuit may be curtailed, which must stay off, how time is counted."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from ven_twin.control.guards import (
    FUTILE_KW,
    CircuitReason,
    CircuitView,
    Switching,
    advance,
    must_stay_off,
    refusal,
)

LEAST_S = 300.0


def circuit(**fields: Any) -> CircuitView:
    """A circuit that draws 2 kW and must run and rest for five minutes each."""
    usual = {"breaker_amps": 20.0, "priority": 5, "critical": False, "demand_kw": 2.0, "floor_kw": 0.0}
    times = {"least_on_s": LEAST_S, "least_off_s": LEAST_S}
    return CircuitView(**{"id": "c", "name": "Circuit", "type": "t"} | usual | times | fields)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"critical": True, "blocked": "no"}, CircuitReason.CRITICAL),
        ({"blocked": "no", "demand_kw": 0.0}, CircuitReason.BLOCKED),
        ({"demand_kw": FUTILE_KW}, None),
        ({"demand_kw": FUTILE_KW - 0.001}, CircuitReason.FUTILE),
        ({"floor_kw": 1.995}, CircuitReason.FUTILE),
        ({"in_use": True, "switched_s": LEAST_S - 1}, CircuitReason.MINIMUM_ON),
        ({"in_use": True, "switched_s": LEAST_S}, None),
        ({"in_use": True, "switched_s": 0.0, "continuous": True}, None),
        ({"in_use": True, "switched_s": 0.0, "curtailed": True}, None),
        ({"in_use": False, "switched_s": 0.0}, None),
    ],
)
def test_a_circuit_is_refused_for_the_first_reason_that_applies(
    fields: dict[str, Any], reason: CircuitReason | None
) -> None:
    """A circuit that has run for exactly its minimum may go off; 10 W are worth it."""
    assert refusal(circuit(**fields)) is reason


@pytest.mark.parametrize(
    ("fields", "stays"),
    [
        ({"switched_s": LEAST_S - 1}, True),
        ({"switched_s": LEAST_S}, False),
        ({"switched_s": 0.0, "curtailed": False}, False),
        ({"switched_s": 0.0, "continuous": True}, False),
        ({"switched_s": 0.0, "critical": True}, False),
        ({"switched_s": 0.0, "blocked": "taken out"}, False),
    ],
)
def test_a_curtailed_circuit_rests_for_its_minimum_and_no_longer(fields: dict[str, Any], stays: bool) -> None:
    """After exactly its minimum it may come on again; one that must run, or that is dimmed, at any time."""
    assert must_stay_off(circuit(**{"curtailed": True} | fields)) is stays


def test_a_circuit_of_which_nothing_is_known_may_be_curtailed_at_once() -> None:
    """It has never been switched, has no minimum times, is far from its limit and costs no comfort."""
    view = CircuitView(
        id="c", name="C", type="t", breaker_amps=20.0, priority=5, critical=False, demand_kw=2.0, floor_kw=0.5
    )
    assert (view.sheddable_kw, view.headroom, view.step_kw, view.shed_offset_c) == (1.5, 1.0, 0.0, 0.0)
    assert (view.switched_s, view.least_on_s, view.least_off_s) == (inf, 0.0, 0.0)
    assert (view.continuous, view.in_use, view.curtailed, view.blocked) == (False, False, False, "")
    assert refusal(view) is None


def test_time_counts_on_while_a_circuit_stays_as_it_is_and_anew_when_it_is_switched() -> None:
    """A circuit that is new has been on for ever; one that is gone is forgotten."""
    before = {"same": Switching(True, 60.0), "turned": Switching(True, 60.0), "gone": Switching(True, 60.0)}
    after = advance(before, {"same": True, "turned": False, "new": False, "first": True}, 10.0)
    assert after == {
        "same": Switching(True, 70.0),
        "turned": Switching(False, 10.0),
        "new": Switching(False, inf),
        "first": Switching(True, 10.0),
    }


def test_a_reason_for_people_has_the_figures_of_its_circuit() -> None:
    """Minimum times are in whole seconds."""
    view = circuit(blocked="the car is away", least_on_s=299.6)
    assert CircuitReason.BLOCKED.words(view) == "the car is away"
    assert CircuitReason.MINIMUM_ON.words(view) == "minimum on time 300 s"
    assert CircuitReason.MINIMUM_OFF.words(view) == "minimum off time 300 s"
