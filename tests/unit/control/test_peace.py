"""Peace: when nobody waits for what a VEN measures, and which snapshots are worth sending in it."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from contracts.wire.telemetry import Load
from tests.support.ven_states import NOW, desired, event, told, ven
from ven_twin.control.peace import CHANGE_S, SNAPSHOT_S, SentSnapshot, in_peace
from ven_twin.control.ven_state import LoadShed

HOUR = 3600
HVAC = Load(
    id="hvac1",
    name="Heat pump",
    type="hvac",
    capacity_kw=4.0,
    current_power_kw=2.0,
    shed_capability_kw=2.0,
    priority=5,
)


@pytest.mark.parametrize(
    ("after_s", "peace"),
    [
        (HOUR - 901, True),
        (HOUR - 900, False),
        (HOUR, False),
        (HOUR + 600 + 899, False),
        (HOUR + 600 + 900, True),
    ],
)
def test_there_is_no_peace_around_an_event(after_s: int, peace: bool) -> None:
    """From 15 min before its start until 15 min after its end."""
    state = told(ven(), desired(event(starts_in_s=HOUR, durations_s=(600,))))
    assert in_peace(state, NOW + after_s, at_rest=True) is peace


def test_the_ven_goes_by_its_own_start() -> None:
    """Where the start is randomised, the time around the event moves with it."""
    state = told(ven(), desired(event(starts_in_s=3 * HOUR, randomize_s=HOUR)))
    start_ts = state.schedule.events["e1"].start_ts
    assert start_ts != NOW + 3 * HOUR
    assert in_peace(state, start_ts - 901, at_rest=True)
    assert not in_peace(state, start_ts - 900, at_rest=True)


def test_an_event_that_was_taken_away_disturbs_no_peace() -> None:
    """A cancelled event has no time around it."""
    state = told(told(ven(), desired(event(starts_in_s=HOUR))), desired())
    assert in_peace(state, NOW + HOUR, at_rest=True)


def test_there_is_no_peace_while_a_command_acts_or_the_house_is_not_at_rest() -> None:
    """A circuit shed by command, a limit, and the time after an event are watched."""
    shed = replace(ven(), load_sheds={"ev1": LoadShed(1.0, NOW + 60)})
    assert not in_peace(shed, NOW, at_rest=True)
    assert not in_peace(ven(), NOW, at_rest=False)
    assert in_peace(ven(), NOW, at_rest=True)


@pytest.mark.parametrize("change", [{"enabled": False}, {"priority": 6}, {"capacity_kw": 3.0}])
def test_a_circuit_that_was_set_is_news_at_once(change: dict[str, object]) -> None:
    """An operator sees what came of a setting."""
    assert SentSnapshot.at(0.0, [HVAC]).is_news([msgspec.structs.replace(HVAC, **change)], 30.0)


@pytest.mark.parametrize(("sheds_kw", "news"), [(2.4, False), (2.5, True), (1.5, True), (0.0, True)])
def test_what_a_circuit_can_shed_is_news_a_while_later(sheds_kw: float, news: bool) -> None:
    """By half a kW, or to nothing; a compressor that cycles is not told each time."""
    said, now = SentSnapshot.at(0.0, [HVAC]), [msgspec.structs.replace(HVAC, shed_capability_kw=sheds_kw)]
    assert not said.is_news(now, CHANGE_S - 1)
    assert said.is_news(now, CHANGE_S) is news


def test_nothing_new_is_said_every_half_hour() -> None:
    """What a circuit draws is in the rows, and is no news."""
    said, now = SentSnapshot.at(0.0, [HVAC]), [msgspec.structs.replace(HVAC, current_power_kw=0.0)]
    assert not said.is_news(now, SNAPSHOT_S - 1)
    assert said.is_news(now, SNAPSHOT_S)


def test_after_a_connect_the_circuits_are_news() -> None:
    """The cloud may have another snapshot, or none."""
    assert SentSnapshot().is_news([HVAC], 0.0)
