"""The house as the twin runs it: lived in, metered, caught up with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.wire.events import DrEvent, Interval, Phase, Signal
from contracts.wire.shadow import LoadSetting
from contracts.wire.units import kwh
from tests.support.ven_states import NOW, VEN, event
from ven_twin.control.event_history import Meter
from ven_twin.control.guards import CircuitReason
from ven_twin.control.house_pair import HousePair
from ven_twin.control.release import CAP_KW
from ven_twin.control.schedule import EventOrigin, Schedule, ScheduledEvent
from ven_twin.control.ven_state import LoadShed, VenState
from ven_twin.ven.clock import VenClock
from ven_twin.ven.house_clock import HouseClock
from ven_twin.ven.house_runtime import STEP_MAX_S, HouseRuntime
from ven_twin.ven.settings import TwinSettings
from ven_twin.ven.startup import house_of, warm_house

EVENING_TS = datetime(2026, 7, 14, 23, tzinfo=UTC).timestamp()
HELD = ScheduledEvent(event(durations_s=(3600,), kw=3.0), EventOrigin.SHADOW, 0.0)


class LivedHouse:
    """A house runtime that a test lives through: each step takes the place of the one before."""

    def __init__(self, runtime: HouseRuntime) -> None:
        self.now = runtime

    def advance(self, state: VenState, now_s: float) -> None:
        """Let the house live."""
        self.now = self.now.advance(state, now_s)

    def replan(self, state: VenState, scheduled: ScheduledEvent | None, now_s: float, now_ts: float) -> None:
        """Plan anew."""
        self.now = self.now.replan(state, scheduled, now_s, now_ts)

    def read_row(self) -> Meter:
        """Read the meter of the row."""
        self.now, row = self.now.read_row()
        return row

    def searched(self, state: VenState, now_s: float) -> HouseRuntime:
        """The house once its search for an offer is over."""
        self.replan(state, None, now_s, NOW)
        self.now = self.now.with_offer(state, now_s, NOW)
        while self.now.offering.search is not None:
            now_s += 1.0
            self.now = self.now.with_offer(state, now_s, NOW)
        return self.now


@pytest.fixture
def household() -> LivedHouse:
    """The standard house on a July evening, a minute a second."""
    return at_speed(60.0)


def at_speed(speed: float) -> LivedHouse:
    """The standard house on a July evening."""
    return LivedHouse(warm_house("standard", HouseClock(EVENING_TS, 100.0, speed)))


def ven(household: LivedHouse) -> VenState:
    """A VEN that knows nothing yet."""
    return VenState(VEN, household.now.load_ids)


def test_household_has_lived_a_day_before_it_is_looked_at(household: LivedHouse) -> None:
    """Walls are warm and the tank drawn from: the first kW are those of the hour."""
    pair = household.now.pair
    assert pair.house == pair.counterfactual
    assert pair.house.hvac is not None
    assert pair.house.hvac.air_c > 23.0


def test_household_rows_end_where_events_do(household: LivedHouse) -> None:
    """What is read at an event's start is what was drawn before it, to the second."""
    state = ven(household)
    household.advance(state, 100.0)
    household.replan(state, None, 100.0, NOW)
    household.advance(state, 107.0)
    before = household.read_row()
    household.replan(state, HELD, 107.0, NOW)
    household.advance(state, 112.0)
    household.replan(state, HELD, 112.0, NOW + 5)
    during = household.read_row()
    assert (before.seconds, during.seconds) == (pytest.approx(7.0), pytest.approx(5.0))
    assert before.reduction_kw == pytest.approx(0.0)
    assert during.reduction_kw == pytest.approx(3.0, abs=0.3)
    assert household.read_row().seconds == 0.0


def test_household_delivered_energy_equals_the_integral(household: LivedHouse) -> None:
    """Energy delivered is baseline less used over wall time, whatever the ticks (defect 1)."""
    state, now_s, expected_kwh = ven(household), 100.0, 0.0
    household.replan(state, HELD, now_s, NOW)
    for tick_s in (1.0, 0.25, 3.0, 0.5, 2.0, 1.0, 0.01):
        now_s += tick_s
        household.advance(state, now_s)
        flow = household.now.flowing()
        expected_kwh += kwh(flow.baseline_kw - flow.used_kw, tick_s)
        household.replan(state, HELD, now_s, NOW + now_s - 100)
    delivered = household.now.delivered.get("e1")
    assert delivered is not None
    assert delivered.seconds == pytest.approx(7.76)
    assert delivered.reduction_kwh == pytest.approx(expected_kwh)
    assert household.read_row().reduction_kwh == pytest.approx(expected_kwh)


def test_household_meters_an_event_only_while_it_acts(household: LivedHouse) -> None:
    """Before its start and after its end nothing is counted for it; then it is forgotten (defect 6)."""
    state = ven(household)
    household.replan(state, None, 100.0, NOW)
    household.advance(state, 105.0)
    assert household.now.delivered.get("e1") is None
    household.replan(state, HELD, 105.0, NOW)
    household.advance(state, 110.0)
    assert household.now.acting == "e1"
    household.replan(state, None, 110.0, NOW)
    household.advance(state, 120.0)
    delivered = household.now.delivered.get("e1")
    assert delivered is not None
    assert delivered.seconds == pytest.approx(5.0)
    household.now = household.now.forget("e1")
    assert (household.now.delivered.get("e1"), household.now.requested_kw.get("e1")) == (None, None)


def test_household_restores_every_circuit_after_an_event(household: LivedHouse) -> None:
    """Once the event is over and minimum off times have passed, nothing is held back (defect 2)."""
    state = ven(household)
    household.replan(state, HELD, 100.0, NOW)
    household.advance(state, 110.0)
    assert any(household.now.plan.curtailed.values())
    for second in range(110, 200):
        household.replan(state, None, second, NOW)
        household.advance(state, second + 1.0)
    household.replan(state, None, 200.0, NOW)
    assert not any(household.now.plan.curtailed.values())


@pytest.mark.parametrize("speed", [1.0, 60.0, 3600.0])
def test_household_of_a_suspended_machine_catches_up_in_bounded_steps(
    speed: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours that were slept through are lived through, in steps that the physics can take."""
    household = at_speed(speed)
    state, steps = ven(household), []
    step = HousePair.step

    def counted(self: HousePair, env: object, dt_s: float, settings: object) -> object:
        steps.append(dt_s)
        return step(self, env, dt_s, settings)  # type: ignore[arg-type]

    monkeypatch.setattr(HousePair, "step", counted)
    slept_s = 6 * 3600.0 / speed
    household.advance(state, 100.0 + slept_s)
    assert max(steps) <= STEP_MAX_S + 1e-6
    assert sum(steps) == pytest.approx(6 * 3600.0)
    assert len(steps) <= 26
    assert household.read_row().seconds == pytest.approx(slept_s)
    assert household.now.house_ts(100.0 + slept_s) == EVENING_TS + 6 * 3600.0


def test_household_does_nothing_when_no_time_has_passed(household: LivedHouse) -> None:
    """A second look at the same moment changes nothing."""
    state = ven(household)
    household.advance(state, 105.0)
    before = household.now.pair
    household.advance(state, 105.0)
    household.advance(state, 104.0)
    assert household.now.pair is before


def test_household_keeps_what_was_asked_last(household: LivedHouse) -> None:
    """For reports: the kW of the interval in force, by event."""
    intervals = tuple(Interval(duration_s=60, signal=Signal.SHED_KW, value=kw) for kw in (3.0, 1.5))
    held = ScheduledEvent(DrEvent(event_id="e1", start_ts=NOW, intervals=intervals), EventOrigin.SHADOW, 0.0)
    household.replan(ven(household), held, 100.0, NOW)
    assert household.now.requested_kw.get("e1") == 3.0
    household.replan(ven(household), held, 101.0, NOW + 60)
    assert household.now.requested_kw.get("e1") == 1.5


def test_household_holds_settings_for_house_and_clone(household: LivedHouse) -> None:
    """A circuit that is switched off takes nothing from the baseline's meaning."""
    state = ven(household)
    off = replace(state.settings, loads={"ev1": LoadSetting(enabled=False)})
    state = replace(state, settings=off)
    household.replan(state, None, 100.0, NOW)
    household.advance(state, 130.0)
    row = household.read_row()
    assert row.circuits_kwh["ev1"] == 0.0
    assert row.reduction_kwh == pytest.approx(0.0)


def test_household_knows_its_circuits(household: LivedHouse) -> None:
    """Ids for the shadow, critical ones for the commands, loads for the rows."""
    assert household.now.critical == {"fridge1"}
    assert {
        load.id for load in household.now.loads(ven(household), household.now.flowing())
    } == household.now.load_ids
    assert household.now.pair.battery_soc is not None


def live(
    household: LivedHouse, state: VenState, held: ScheduledEvent | None, first: int, last: int
) -> list[float]:
    """Live from one second to another, planned each second; what was drawn above the clone, kW."""
    above_kw = []
    for second in range(first, last):
        household.replan(state, held, second, NOW + second - 100)
        household.advance(state, second + 1.0)
        flow = household.now.flowing()
        above_kw.append(flow.used_kw - flow.baseline_kw)
    return above_kw


def after_an_event(household: LivedHouse, *, ends_s: int = 3600) -> VenState:
    """The state of a VEN that has lived through half an hour of an event, s of house time at *ends_s*."""
    long_event = event(durations_s=(ends_s,), kw=9.0)
    schedule, _ = Schedule().offer(long_event, EventOrigin.SHADOW, VEN, NOW)
    state = replace(ven(household), schedule=schedule)
    live(household, state, schedule.events["e1"], 100, 160)
    return state


def test_household_gives_back_in_stages_when_an_event_ends_by_itself(household: LivedHouse) -> None:
    """The event is over at once, its circuits come back in turn, and the house stays under the cap."""
    state = after_an_event(household, ends_s=60)
    household.replan(state, None, 160, NOW + 60)
    assert household.now.acting is None
    waits = [
        made.id for made in household.now.plan.decisions if made.reason == CircuitReason.IN_ITS_TURN.value
    ]
    assert waits
    above_kw = live(household, state, None, 160, 190)
    assert max(above_kw) < CAP_KW + 0.3
    live(household, state, None, 190, 380)
    household.replan(state, None, 380, NOW + 280)
    assert not any(household.now.plan.curtailed.values())
    assert not any(made.reason == CircuitReason.IN_ITS_TURN.value for made in household.now.plan.decisions)


def test_household_reports_the_rebound_when_the_release_is_over(household: LivedHouse) -> None:
    """Energy and peak above the clone are put into the event's summary, and into no other.

    The comfort that it took is in it from its end on.
    """
    state = after_an_event(household, ends_s=60)
    summary = {"eventId": "e1", "deliveredKwh": 1.0}
    above_kw = live(household, state, None, 160, 190)
    at_end = household.now.with_rebound(summary)
    assert at_end is not None
    assert at_end.keys() == {*summary, "comfortMinutesLost", "comfortMinutesBeyondLimits"}
    assert at_end["comfortMinutesBeyondLimits"] == 0
    household.replan(state, None, 190, NOW + 90)
    told = household.now.with_rebound(summary)
    assert told is not None
    assert told["reboundPeakKw"] == pytest.approx(max(0.0, *above_kw), abs=1e-3)
    assert told["reboundKwh"] == pytest.approx(sum(kwh(max(0.0, kw), 1.0) for kw in above_kw), abs=1e-4)
    assert household.now.with_rebound({"eventId": "e2"}) == {"eventId": "e2"}
    assert household.now.with_rebound(None) is None


@pytest.mark.parametrize("phase", [Phase.CANCELLED, Phase.OPTED_OUT, None], ids=str)
def test_household_gives_back_at_once_what_a_person_ends(household: LivedHouse, phase: Phase | None) -> None:
    """Restore, cancel, opt-out and Ctrl-C are not delayed: only the cap holds anything back."""
    state = after_an_event(household)
    if phase is not None:
        state = replace(state, schedule=state.schedule.end(["e1"], phase, NOW + 60))
    household.replan(state, None, 160, NOW + 60)
    assert not any(made.reason == CircuitReason.IN_ITS_TURN.value for made in household.now.plan.decisions)


def test_household_gives_back_at_once_when_it_is_restored_in_between(household: LivedHouse) -> None:
    """A restore in the time after an event is one."""
    state = after_an_event(household, ends_s=60)
    household.replan(state, None, 160, NOW + 60)
    assert any(made.reason == CircuitReason.IN_ITS_TURN.value for made in household.now.plan.decisions)
    restored = replace(state, restores=state.restores + 1)
    household.replan(restored, None, 160, NOW + 60)
    assert not any(made.reason == CircuitReason.IN_ITS_TURN.value for made in household.now.plan.decisions)


def test_household_tells_the_payback_of_an_event_after_a_day_or_at_the_next_event(
    household: LivedHouse,
) -> None:
    """The day after an event counts whole, of house time; a next event ends it, and none is told before."""
    state = after_an_event(household, ends_s=60)
    summary = {"eventId": "e1"}
    above_kw = live(household, state, None, 160, 400)
    told = household.now.with_rebound(summary)
    assert told is not None
    assert "payback24hKwh" not in told
    other = ScheduledEvent(event("e2", starts_in_s=300, kw=1.0), EventOrigin.SHADOW, 0.0)
    household.replan(state, other, 400, NOW + 300)
    told = household.now.with_rebound(summary)
    assert told is not None
    assert told["payback24hKwh"] == pytest.approx(sum(kwh(kw, 1.0) for kw in above_kw), abs=1e-4)


def test_household_gives_a_lifted_limit_way_step_by_step(household: LivedHouse) -> None:
    """A limit of 2 kW that is lifted still holds in the next minute, and not two hours later."""
    limited = replace(ven(household), settings=replace(ven(household).settings, target_power_kw=2.0))
    live(household, limited, None, 100, 120)
    household.replan(ven(household), None, 120, NOW + 20)
    assert household.now.limit.kw(household.now.house_ts(120)) == pytest.approx(2.0)
    live(household, ven(household), None, 120, 240)
    assert household.now.limit.kw(household.now.house_ts(240)) is None


def test_household_ends_a_release_when_another_event_begins(household: LivedHouse) -> None:
    """What the new event asks for is what counts; the rebound until then is told."""
    state = after_an_event(household, ends_s=60)
    live(household, state, None, 160, 165)
    other = ScheduledEvent(event("e2", starts_in_s=60, kw=1.0), EventOrigin.SHADOW, 0.0)
    household.replan(state, other, 165, NOW + 65)
    assert household.now.acting == "e2"
    assert not any(made.reason == CircuitReason.IN_ITS_TURN.value for made in household.now.plan.decisions)
    told = household.now.with_rebound({"eventId": "e1"})
    assert told is not None
    assert "reboundKwh" in told


def test_household_says_for_how_long_its_offer_is_kept_in_wall_time() -> None:
    """A house that lives sixty times as fast keeps it for a sixtieth as long on the wall."""
    slow, fast = (one.searched(ven(one), 100.0) for one in (at_speed(1.0), at_speed(60.0)))
    assert slow.offer.kw == fast.offer.kw >= 2.5
    assert slow.offer.sustain_s == pytest.approx(60.0 * fast.offer.sustain_s)
    assert slow.offer.mean_s == pytest.approx(60.0 * fast.offer.mean_s)


def test_household_offers_nothing_before_it_has_searched(household: LivedHouse) -> None:
    """No offer is 0 kW for 0 s."""
    assert (household.now.offer.kw, household.now.offer.sustain_s, household.now.offers) == (0.0, 0.0, ())


def test_household_is_credited_by_an_event_with_what_goes_beyond_its_limit(household: LivedHouse) -> None:
    """A VEN that is limited to 3 kW reports no shed, offers less, and 2 kW of an event of 2 kW."""
    state = ven(household)
    household.replan(state, None, 100.0, NOW)
    free_kw = household.now.pair.available_kw
    limited = replace(state, settings=replace(state.settings, target_power_kw=3.0))
    household.replan(limited, None, 100.0, NOW)
    household.advance(limited, 101.0)
    before = household.read_row()
    assert before.reduction_kw == pytest.approx(0.0, abs=1e-9)
    assert household.now.pair.available_kw < free_kw - 1.0
    two_kw = ScheduledEvent(event(durations_s=(3600,), kw=2.0), EventOrigin.SHADOW, 0.0)
    for second in range(1, 11):
        household.replan(limited, two_kw, 100.0 + second, NOW + second)
        household.advance(limited, 101.0 + second)
    during = household.read_row()
    assert during.baseline_kw == pytest.approx(3.0, abs=0.1)
    assert during.reduction_kw == pytest.approx(2.0, abs=0.1)
    assert household.now.delivered["e1"].reduction_kw == pytest.approx(2.0, abs=0.1)


def test_household_searches_its_offer_under_its_limit(household: LivedHouse) -> None:
    """The kW that a limit of 3 kW takes off anyway are not on offer beside it."""
    state = ven(household)
    limited = replace(state, settings=replace(state.settings, target_power_kw=3.0))
    free_kw = household.searched(state, 100.0).offer.kw
    assert household.searched(limited, 200.0).offer.kw < free_kw - 1.0


def test_household_counts_on_a_circuit_again_when_its_command_ends(household: LivedHouse) -> None:
    """In a trial commands end in house time: ten seconds of the wall are ten minutes at this speed."""
    state = replace(ven(household), load_sheds={"ev1": LoadShed(7.0, NOW + 10.0)})
    household.replan(state, None, 100.0, NOW)
    search = household.now.with_offer(state, 100.0, NOW).offering.search
    assert search is not None
    assert search.trials[0].load_sheds["ev1"].until_ts == pytest.approx(EVENING_TS + 600.0)


def test_household_answers_as_it_offers(household: LivedHouse) -> None:
    """An offer is kept under the settings in force; a circuit that is switched off takes its part away."""
    state = ven(household)
    offer = household.searched(state, 100.0).offer
    minutes = offer.sustain_s
    assert household.now.can_hold(state, offer.kw, minutes, NOW).holds
    off = {load_id: LoadSetting(enabled=False) for load_id in ("ev1", "batt1")}
    without = replace(state, settings=replace(state.settings, loads=off))
    assert not household.now.can_hold(without, offer.kw, minutes, NOW).holds


@pytest.mark.parametrize(("house", "lines"), [("standard", ["hvac1 is undersized"]), ("leaky", [])])
def test_a_ven_says_at_its_start_what_is_undersized(
    house: str, lines: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A circuit that leaves its comfort limits without any event is a line of the log, once."""
    settings = TwinSettings(
        ven_id=VEN, endpoint="localhost", state_dir=tmp_path, house=house, house_start_ts=EVENING_TS
    )
    with caplog.at_level("WARNING"):
        house_of(settings, VenClock())
    assert [line.split(":")[0] for line in caplog.messages] == lines


def hours(span_s: float) -> LivedHouse:
    """The standard house, a minute a second, which lives so many seconds of its evening again and again."""
    return LivedHouse(warm_house("standard", HouseClock(EVENING_TS, 100.0, 60.0, span_s)))


def test_hours_that_are_over_come_again() -> None:
    """The house stands where it stood, with its counterfactual; what was metered meanwhile stays."""
    household = hours(1800.0)
    state, first = ven(household), household.now.pair.house
    household.advance(state, 129.0)
    assert household.now.again(129.0) is household.now
    household.advance(state, 131.0)
    again = household.now.again(131.0)
    assert again.house_ts(131.0) == EVENING_TS
    assert again.pair == HousePair(first, first)
    assert again.row.seconds == pytest.approx(31.0)
    household.now = again
    household.advance(state, 150.0)
    assert household.now.house_ts(150.0) == EVENING_TS + 19 * 60.0
    assert household.now.pair.house.hvac != first.hvac


def test_hours_wait_for_an_event_and_its_rebound() -> None:
    """Nobody's event is cut short: the same hours come once the half hour after it is counted."""
    household = hours(1800.0)
    state = ven(household)
    household.replan(state, HELD, 100.0, NOW)
    household.advance(state, 140.0)
    assert household.now.again(140.0) is household.now
    household.replan(state, None, 140.0, NOW + HELD.event.duration_s + 1.0)
    assert household.now.release is not None
    assert household.now.again(141.0) is household.now
    household.advance(state, 169.0)
    assert household.now.again(169.0) is household.now
    household.advance(state, 171.0)
    again = household.now.again(171.0)
    assert again.house_ts(171.0) == EVENING_TS
    assert (again.release, again.payback) == (None, None)
    assert again.released is not None
    summary = again.with_rebound({"eventId": HELD.event.event_id})
    assert summary is not None
    assert "reboundKwh" in summary


def test_hours_that_come_again_are_offered_anew() -> None:
    """The offer of the hours that are over stands until there is one of the hours that began."""
    household = hours(1800.0)
    state = ven(household)
    offered = household.searched(state, 100.0).offer
    household.advance(state, 140.0)
    household.now = household.now.again(140.0)
    assert household.now.offer == offered
    household.now = household.now.with_offer(state, 140.0, NOW)
    assert household.now.offering.search is not None


def test_a_limit_stays_when_the_hours_come_again() -> None:
    """A limit of the operator's is no part of the evening."""
    household = hours(1800.0)
    state = replace(ven(household), settings=replace(ven(household).settings, target_power_kw=2.0))
    household.replan(state, None, 100.0, NOW)
    household.advance(state, 140.0)
    household.now = household.now.again(140.0)
    household.replan(state, None, 140.0, NOW + 40.0)
    assert household.now.limit.kw(household.now.house_ts(140.0)) == 2.0


def test_where_vens_take_turns_a_forecast_waits_for_the_whole_offer() -> None:
    """So that there is one search at hand, and those without an offer wait for no forecast."""
    household = at_speed(1.0)
    state, now_s = ven(household), 200.0
    household.now = household.now.in_turns()
    household.replan(state, None, now_s, NOW)
    household.now = household.now.with_offer(state, now_s, NOW)
    while household.now.offering.search is not None:
        assert household.now.forecasting.trials == ()
        household.now = household.now.with_offer(state, now_s, NOW)
    assert household.now.forecasting.trials
    assert household.now.searches
    aside = household.now.set_search_aside()
    assert not aside.searches
    assert aside.offer == household.now.offer
