"""Circuits that a command sheds: how much is taken off, and what is left for an event."""

from __future__ import annotations

import pytest

from tests.support.ven_states import NOW
from ven_twin.control.guards import CircuitView
from ven_twin.control.manual_sheds import manually_shed_kw, remaining_views
from ven_twin.control.ven_state import LoadShed


def circuit(demand_kw: float, *, continuous: bool, step_kw: float = 0.0, blocked: str = "") -> CircuitView:
    """A circuit that draws *demand_kw*."""
    return CircuitView(
        id="one",
        name="One",
        type="ev",
        breaker_amps=50.0,
        priority=8,
        critical=False,
        demand_kw=demand_kw,
        floor_kw=0.0,
        step_kw=step_kw,
        continuous=continuous,
        blocked=blocked,
    )


@pytest.mark.parametrize(
    ("view", "reduce_kw", "taken_kw"),
    [
        (circuit(7.2, continuous=True, step_kw=1.44), 2.0, 2.0),
        (circuit(7.2, continuous=True, step_kw=1.44), 5.76, 5.76),
        (circuit(4.0, continuous=True, step_kw=1.5), 2.5, 2.5),
        (circuit(7.2, continuous=True, step_kw=1.44), 5.8, 7.2),
        (circuit(7.2, continuous=True, step_kw=1.44), 7.1, 7.2),
        (circuit(7.2, continuous=True, step_kw=1.44), 9.0, 7.2),
        (circuit(0.4, continuous=True), 0.3, 0.3),
        (circuit(4.5, continuous=False), 0.1, 4.5),
    ],
)
def test_a_command_takes_off_what_the_circuit_can_give(
    view: CircuitView, reduce_kw: float, taken_kw: float
) -> None:
    """A relay gives all; a car that would be left below 6 A gives all; a dial gives what is asked."""
    taken = manually_shed_kw([view], {"one": LoadShed(reduce_kw, NOW + 60)})
    assert taken == {"one": pytest.approx(taken_kw)}
    (left,) = remaining_views([view], taken)
    assert left.demand_kw == pytest.approx(view.demand_kw - taken_kw)
    assert left.floor_kw == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("view", "circuit_id"),
    [(circuit(7.2, continuous=True), "another"), (circuit(7.2, continuous=True, blocked="mid-use"), "one")],
)
def test_a_command_takes_nothing_off_another_circuit_or_one_that_a_guard_protects(
    view: CircuitView, circuit_id: str
) -> None:
    """Only the circuit named, and only when it may be shed; an event plans with all of it."""
    taken = manually_shed_kw([view], {circuit_id: LoadShed(2.0, NOW + 60)})
    assert taken == {}
    assert remaining_views([view], taken) == (view,)
