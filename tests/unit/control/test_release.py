"""After an event circuits come back in turn, under a cap over the clone."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from contracts.wire.events import Interval, Signal
from tests.unit.control.test_house_pair import EVENING_TS, STEP_S, evening
from ven_twin.control.guards import CircuitView
from ven_twin.control.house_pair import HousePair
from ven_twin.control.release import CAP_KW, NO_RELEASE, REBOUND_S, LimitEasing, Payback, Release, begin
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


def staged(ven: str = "ven-1", event: str = "e1") -> Release:
    """The release after the event of `PLAN`."""
    return begin(event, ven, HOUSE_TS, PLAN, VIEWS, staged=True)


def turns_s(of: str, vens: int = 400) -> list[float]:
    """When a circuit comes back in many houses, s after the event."""
    return sorted(staged(f"ven-{number}").turns[of].at_ts - HOUSE_TS for number in range(vens))


def test_release_gives_back_sooner_what_is_closer_to_its_limit_and_spreads_it_too() -> None:
    """A circuit at a tenth of its headroom comes within 66 min, one at nine tenths within 114 min."""
    for name, within_s in (("far", 3_960.0), ("between", 5_400.0), ("near", 6_840.0)):
        times_s = turns_s(name)
        assert 0.0 <= times_s[0] < 0.02 * within_s
        assert 0.98 * within_s < times_s[-1] < within_s
        assert times_s[200] == pytest.approx(within_s / 2, rel=0.1)


def test_no_minute_after_an_event_brings_more_than_a_few_of_a_fleet_back() -> None:
    """There is no common instant: of 400 turns at most eight fall into the same minute."""
    minutes = [int(at_s // 60) for at_s in turns_s("between")]
    assert max(minutes.count(minute) for minute in minutes) <= 14
    lengths = {staged(f"ven-{number}").until_ts for number in range(400)}
    assert len(lengths) == 400


def test_release_brings_back_within_ten_minutes_what_owes_nothing() -> None:
    """A battery has nothing to catch up, and yet a fleet's stop one by one; what was left alone stays so."""
    times_s = turns_s("batt1")
    assert 0.0 <= times_s[0] < 10.0
    assert 590.0 < times_s[-1] < 600.0
    assert "fridge1" not in staged().turns


def test_release_lets_a_circuit_that_gives_little_come_back_in_its_turn() -> None:
    """A tenth of a kW is given back in stages as any other, and nothing is where nothing was taken."""
    small = (
        view("lights1", "lights", demand_kw=0.1),
        view("range1", demand_kw=0.0),
        view("fridge1", critical=True),
    )
    turns = begin("e1", "ven-1", HOUSE_TS, plan_shed(small, 5.0), small, staged=True).turns
    assert {name: turn.kw for name, turn in turns.items()} == {"lights1": 0.1}


def test_a_circuit_at_its_limit_waits_for_its_turn_as_well() -> None:
    """A tank that an event keeps at its floor gives nothing, and is not filled in the minute of its end."""
    tank = view(
        "heater1", "water_heater", shed_offset_c=5.56, at_limit=True, blocked="comfort limit", floor_kw=2.0
    )
    views = (tank, view("dryer1"))
    turns = begin("e1", "ven-1", HOUSE_TS, plan_shed(views, 5.0), views, staged=True).turns
    assert turns["heater1"].kw == 2.0


def test_a_setpoint_goes_back_on_a_line_of_its_own() -> None:
    """Within half an hour it starts, an hour or two later it is back, and nowhere does it jump."""
    views = (view("hvac1", "hvac", shed_offset_c=2.2), view("fridge1", critical=True))
    plan = plan_shed(views, 5.0)
    lines = []
    for number in range(200):
        release = begin("e1", f"ven-{number}", HOUSE_TS, plan, views, staged=True)
        assert "hvac1" not in release.turns
        lines.append(release.easing["hvac1"])
        offsets_c = [release.easing_c(HOUSE_TS + 60.0 * minute).get("hvac1", 0.0) for minute in range(160)]
        assert (offsets_c[0], offsets_c[-1]) == (2.2, 0.0)
        falls_c = [before - after for before, after in pairwise(offsets_c)]
        assert 0.0 <= min(falls_c) <= max(falls_c) < 2.2 / 60.0 + 1e-9
    starts_s = sorted(line.from_ts - HOUSE_TS for line in lines)
    lengths_s = sorted(line.until_ts - line.from_ts for line in lines)
    assert 0.0 <= starts_s[0] < 30.0
    assert 1_770.0 < starts_s[-1] < 1_800.0
    assert 3_600.0 <= lengths_s[0] < 3_700.0
    assert 7_100.0 < lengths_s[-1] < 7_200.0


def test_the_cap_of_a_release_gives_way() -> None:
    """1.5 kW at first, twice that at half of the time, ten times in its last tenth, and then none."""
    release = staged()
    length_s = release.until_ts - HOUSE_TS
    assert 0.8 * 10_800.0 <= length_s <= 1.2 * 10_800.0
    caps_kw = [release.cap_kw(HOUSE_TS + share * length_s) for share in (0.0, 0.5, 0.9)]
    assert caps_kw == pytest.approx([1.5, 3.0, 15.0])
    assert release.cap_kw(release.until_ts) is None


def test_release_is_drawn_by_lot_and_always_alike() -> None:
    """Two houses come back at different times, one house always at the same."""
    times = [
        tuple(turn.at_ts for turn in staged(ven, event).turns.values())
        for event, ven in (("e1", "ven-1"), ("e1", "ven-1"), ("e1", "ven-2"), ("e2", "ven-1"))
    ]
    assert times[0] == times[1]
    assert len(set(times)) == 3


def test_release_lets_each_circuit_go_when_its_turn_comes() -> None:
    """Before its turn a circuit gives up what it did; after, nothing."""
    release = staged()
    for name, turn in release.turns.items():
        assert release.waiting(turn.at_ts - 0.1)[name].reduce_kw == turn.kw
        assert name not in release.waiting(turn.at_ts)


def test_everything_is_back_when_the_release_is_over() -> None:
    """However many circuits there are, none waits for longer."""
    many = tuple(view(f"c{number}") for number in range(30))
    release = begin("e1", "ven-1", HOUSE_TS, plan_shed(many, 50.0), many, staged=True)
    assert not release.waiting(release.until_ts)
    assert not release.over(release.until_ts - 1)
    assert release.over(release.until_ts)


def test_release_at_once_has_no_turns() -> None:
    """An event that a person ends gives all back at once; for half an hour the cap alone stands."""
    release = begin("e1", "ven-1", HOUSE_TS, PLAN, VIEWS, staged=False)
    assert (release.turns, release.easing) == ({}, {})
    assert [release.cap_kw(HOUSE_TS + at_s) for at_s in (0.0, 1_799.0, 1_800.0)] == [CAP_KW, CAP_KW, None]
    assert staged().returned().waiting(HOUSE_TS) == {}
    assert staged().returned().until_ts == HOUSE_TS + REBOUND_S


def test_release_measures_the_rebound() -> None:
    """What is drawn above the clone is energy and a peak; what is drawn below it is no rebound."""
    release = Release("e1", HOUSE_TS).count(1.0, 1800.0).count(-5.0, 600.0).count(2.0, 900.0)
    assert release.summary() == {"reboundKwh": 1.0, "reboundPeakKw": 2.0}


COMPRESSOR_ON_MIN = 3
"""`least_on_s` of the standard house's heat pump."""


@pytest.mark.parametrize("staged", [True, False])
def test_release_holds_the_cap_over_the_clone(staged: bool) -> None:
    """After two hours the house catches up under the cap, its easing HVAC left out.

    But for the minutes in which a compressor that has just started must go on.
    It exports nothing, so that its battery is not empty by then.
    """
    house, site = evening()
    house = msgspec.structs.replace(house, export_kw=0.0)
    premises = HousePair(house, house)
    ask = Interval(duration_s=7200, signal=Signal.SHED_KW, value=9.0)

    def live(first: int, minutes: int, release: Release | None, interval: Interval | None) -> list[float]:
        nonlocal premises
        above_kw = []
        for minute in range(first, first + minutes):
            at_ts = EVENING_TS + minute * STEP_S
            env = site.environment(at_ts, STEP_S)
            planned_by = release or NO_RELEASE
            easing_c = planned_by.easing_c(at_ts)
            premises = premises.planned(
                env,
                STEP_S,
                interval,
                waiting=planned_by.waiting(at_ts),
                above_baseline_kw=planned_by.cap_kw(at_ts),
                easing_c=easing_c,
            )
            clone = premises.counterfactual.step({}, env, STEP_S).power_kw
            premises, flow = premises.step(env, STEP_S)
            eased_kw = sum(flow.circuits_kw[name] - clone[name] for name in easing_c)
            above_kw.append(flow.used_kw - flow.baseline_kw - eased_kw - (planned_by.cap_kw(at_ts) or 0.0))
        return above_kw

    live(0, 120, None, ask)
    shed = premises
    uncapped_kw = live(120, 30, None, None)
    premises = shed
    end_ts = EVENING_TS + 120 * STEP_S
    release = begin("e1", "ven-1", end_ts, shed.plan, shed.views, staged=staged)
    capped_kw = live(120, 30, release, None)
    assert max(uncapped_kw) > CAP_KW + 1.0
    assert sum(kw >= 0.1 for kw in capped_kw) <= COMPRESSOR_ON_MIN


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


def test_payback_counts_the_whole_day_after_an_event() -> None:
    """Above the clone counts for it, below against it, past 24 h not at all; it is told once it is whole."""
    payback = Payback.after("e1", HOUSE_TS)
    payback = payback.count(2.0, 3_600.0, HOUSE_TS + 3_600.0).count(-0.5, 3_600.0, HOUSE_TS + 7_200.0)
    assert payback.summary() == {}
    payback = payback.count(1.0, 3_600.0, HOUSE_TS + 86_400.0)
    assert payback.summary() == {"payback24hKwh": 2.5}
    assert payback.count(9.0, 3_600.0, HOUSE_TS + 90_000.0).summary() == {"payback24hKwh": 2.5}


def test_a_lifted_limit_gives_way_over_half_an_hour_to_an_hour() -> None:
    """It doubles by half of its time, and is gone at its end; many houses' ends differ."""
    ends_s = set()
    for number in range(200):
        lifted = LimitEasing(3.0).set(None, f"ven-{number}", HOUSE_TS)
        length_s = lifted.until_ts - HOUSE_TS
        ends_s.add(length_s)
        assert 1_800.0 <= length_s <= 3_600.0
        at = [lifted.kw(HOUSE_TS + share * length_s) for share in (0.0, 0.5, 0.75)]
        assert at == pytest.approx([3.0, 6.0, 12.0])
        assert lifted.kw(lifted.until_ts) is None
    assert len(ends_s) == 200


def test_a_limit_that_is_lowered_holds_at_once() -> None:
    """Only what is given back is spread; a limit in between holds as soon as the former has passed it."""
    assert LimitEasing(5.0).set(2.0, "ven-1", HOUSE_TS).kw(HOUSE_TS) == 2.0
    assert LimitEasing().set(2.0, "ven-1", HOUSE_TS).kw(HOUSE_TS) == 2.0
    raised = LimitEasing(2.0).set(5.0, "ven-1", HOUSE_TS)
    assert raised.kw(HOUSE_TS) == pytest.approx(2.0)
    assert raised.kw(raised.until_ts - 1.0) == 5.0
    assert raised.set(5.0, "ven-1", HOUSE_TS + 9.0) is raised
