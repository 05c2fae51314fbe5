"""After an event circuits come back in turn, under a cap over the clone."""

from __future__ import annotations

import msgspec
import pytest

from contracts.wire.events import Interval, Signal
from tests.unit.control.test_house_pair import EVENING_TS, STEP_S, evening
from ven_twin.control.guards import CircuitView
from ven_twin.control.house_pair import HousePair
from ven_twin.control.release import CAP_KW, RELEASE_S, STAGE_S, Release, begin
from ven_twin.control.shedding import plan_shed

HOUSE_TS = 1000.0


def view(name: str, kind: str = "dryer", **changes: object) -> CircuitView:
    """A circuit that can be shed."""
    plain = CircuitView(
        id=name,
        name=name,
        type=kind,
        breaker_amps=30.0,
        priority=5,
        critical=False,
        demand_kw=2.0,
        floor_kw=0.0,
    )
    return msgspec.structs.replace(plain, **changes)


VIEWS = (
    view("near", headroom=0.9),
    view("far", headroom=0.1),
    view("between", headroom=0.5),
    view("batt1", "battery", demand_kw=0.0, floor_kw=-3.0, continuous=True),
    view("fridge1", critical=True),
)
PLAN = plan_shed(VIEWS, 50.0)


def test_release_gives_back_first_what_is_furthest_from_its_setpoint() -> None:
    """The circuit that has strayed most comes first, the others one stage after another."""
    turns = begin("e1", "ven-1", HOUSE_TS, PLAN, VIEWS, staged=True).turns
    assert sorted(turns, key=lambda name: turns[name].at_ts) == ["far", "between", "near"]
    for place, name in enumerate(("far", "between", "near")):
        assert place * STAGE_S <= turns[name].at_ts - HOUSE_TS < (place + 1) * STAGE_S


def test_release_makes_no_circuit_wait_that_has_nothing_to_catch_up() -> None:
    """A battery stops discharging at once; what was not curtailed does not begin to be."""
    turns = begin("e1", "ven-1", HOUSE_TS, PLAN, VIEWS, staged=True).turns
    assert {"batt1", "fridge1"}.isdisjoint(turns)


def test_release_lets_a_circuit_that_gives_little_come_back_in_its_turn() -> None:
    """A tenth of a kW is given back in stages as any other, and nothing is where nothing was taken."""
    small = (
        view("lights1", "lights", demand_kw=0.1),
        view("range1", demand_kw=0.0),
        view("fridge1", critical=True),
    )
    turns = begin("e1", "ven-1", HOUSE_TS, plan_shed(small, 5.0), small, staged=True).turns
    assert {name: turn.kw for name, turn in turns.items()} == {"lights1": 0.1}


def test_release_is_drawn_by_lot_and_always_alike() -> None:
    """Two houses come back at different times, one house always at the same."""
    times = [
        tuple(turn.at_ts for turn in begin(event, ven, HOUSE_TS, PLAN, VIEWS, staged=True).turns.values())
        for event, ven in (("e1", "ven-1"), ("e1", "ven-1"), ("e1", "ven-2"), ("e2", "ven-1"))
    ]
    assert times[0] == times[1]
    assert len(set(times)) == 3


def test_release_lets_each_circuit_go_when_its_turn_comes() -> None:
    """Before its turn a circuit gives up what it did; after, nothing."""
    release = begin("e1", "ven-1", HOUSE_TS, PLAN, VIEWS, staged=True)
    for name, turn in release.turns.items():
        assert release.waiting(turn.at_ts - 0.1)[name].reduce_kw == 2.0
        assert name not in release.waiting(turn.at_ts)


def test_release_lasts_half_an_hour_at_most() -> None:
    """However many circuits there are, all are back by then."""
    many = tuple(view(f"c{number}") for number in range(30))
    release = begin("e1", "ven-1", HOUSE_TS, plan_shed(many, 50.0), many, staged=True)
    assert not release.waiting(HOUSE_TS + RELEASE_S)
    assert not release.over(HOUSE_TS + RELEASE_S - 1)
    assert release.over(HOUSE_TS + RELEASE_S)


def test_release_at_once_has_no_turns() -> None:
    """What a person ends comes back at once."""
    assert begin("e1", "ven-1", HOUSE_TS, PLAN, VIEWS, staged=False).turns == {}


def test_release_measures_the_rebound() -> None:
    """What is drawn above the clone is energy and a peak; what is drawn below it is no rebound."""
    release = Release("e1", HOUSE_TS).count(1.0, 1800.0).count(-5.0, 600.0).count(2.0, 900.0)
    assert release.summary() == {"reboundKwh": 1.0, "reboundPeakKw": 2.0}


@pytest.mark.parametrize("staged", [True, False])
def test_release_holds_the_cap_over_the_clone(staged: bool) -> None:
    """After two hours of shedding the house catches up under the cap, where it would have gone far above."""
    house, site = evening()
    premises = HousePair(house, house)
    ask = Interval(duration_s=7200, signal=Signal.SHED_KW, value=9.0)

    def live(first: int, minutes: int, release: Release | None, interval: Interval | None) -> list[float]:
        nonlocal premises
        above_kw = []
        for minute in range(first, first + minutes):
            at_ts = EVENING_TS + minute * STEP_S
            env = site.environment(at_ts, STEP_S)
            waiting = release.waiting(at_ts) if release else None
            cap_kw = CAP_KW if release else None
            premises = premises.planned(env, STEP_S, interval, waiting=waiting, above_baseline_kw=cap_kw)
            premises, flow = premises.step(env, STEP_S)
            above_kw.append(flow.used_kw - flow.baseline_kw)
        return above_kw

    live(0, 120, None, ask)
    shed = premises
    uncapped_kw = live(120, 30, None, None)
    premises = shed
    end_ts = EVENING_TS + 120 * STEP_S
    release = begin("e1", "ven-1", end_ts, shed.plan, shed.views, staged=staged)
    capped_kw = live(120, 30, release, None)
    assert max(uncapped_kw) > CAP_KW + 1.0
    assert max(capped_kw) < CAP_KW + 0.1


def test_release_stages_are_three_minutes_apart_and_end_in_half_an_hour() -> None:
    """Over many houses the first circuit's turns fill the first three minutes; the last come at the end."""
    ven_ids = [f"ven-{number}" for number in range(1000)]
    firsts = [
        begin("e1", ven_id, HOUSE_TS, PLAN, VIEWS, staged=True).turns["far"].at_ts - HOUSE_TS
        for ven_id in ven_ids
    ]
    assert 0.0 <= min(firsts) < 0.5
    assert 179.5 < max(firsts) < 180.0
    assert begin("e1", "ven-1", HOUSE_TS, PLAN, VIEWS, staged=True).until_ts == HOUSE_TS + 1800.0
    assert CAP_KW == 1.5


def test_release_reports_energy_to_a_tenth_of_a_watt_hour_and_power_to_the_watt() -> None:
    """Figures of a shadow are as short as a meter is exact."""
    release = Release("e1", HOUSE_TS, {}, 1.23456789, 2.3456789)
    assert release.summary() == {"reboundKwh": 1.2346, "reboundPeakKw": 2.346}


def test_what_a_limit_goes_on_taking_is_not_given_back_after_an_event() -> None:
    """A circuit waits for its turn with the event's share of what it gave up, and not at all without one."""
    whole = {
        name: turn.kw for name, turn in begin("e1", "ven-1", HOUSE_TS, PLAN, VIEWS, staged=True).turns.items()
    }
    first, second, *_ = whole
    anyway_kw = {first: whole[first], second: whole[second] / 4}
    turns = begin("e1", "ven-1", HOUSE_TS, PLAN, VIEWS, staged=True, anyway_kw=anyway_kw).turns
    assert {name: turn.kw for name, turn in turns.items()} == {
        name: kw * (0.75 if name == second else 1.0) for name, kw in whole.items() if name != first
    }
