"""Limits and commands that last: they are in the baseline, and an event is credited with what goes beyond."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pytest

from contracts.wire.events import Interval, Signal
from ven_twin.control.house_pair import HousePair
from ven_twin.control.offers import Trial
from ven_twin.control.ven_state import LoadShed
from ven_twin.house.house import House
from ven_twin.house.house_environment import HouseEnvironment, warmed_up
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.profile import build_house

EVENING_TS = 1_784_070_000.0
"""Tue 14 Jul 2026, 18:00 in Greensboro: hot, and the car is back."""
STEP_S = 60.0
EV = {"ev1": LoadShed(3.0, EVENING_TS + 7200.0)}


class Minute(NamedTuple):
    """A minute's power of house and counterfactual, and what was on offer, kW."""

    used_kw: float
    baseline_kw: float
    offered_kw: float

    @property
    def credited_kw(self) -> float:
        """The delivery."""
        return self.baseline_kw - self.used_kw


class Evening:
    """The standard house on a hot evening, planned anew each minute."""

    def __init__(self) -> None:
        profile = load_profile()
        self.environment: HouseEnvironment = load_environment(profile)
        house: House = warmed_up(build_house(profile), self.environment, EVENING_TS)
        self.pair, self.minute = HousePair(house, house), 0

    def run(
        self,
        minutes: int,
        shed_kw: float | None = None,
        *,
        signal: Signal = Signal.SHED_KW,
        limit_kw: float | None = None,
        sheds: Mapping[str, LoadShed] | None = None,
    ) -> list[Minute]:
        """Live so many minutes."""
        lived = []
        interval = None if shed_kw is None else Interval(duration_s=3600, signal=signal, value=shed_kw)
        for _ in range(minutes):
            env = self.environment.environment(EVENING_TS + self.minute * STEP_S, STEP_S)
            self.pair = self.pair.planned(env, STEP_S, interval, limit_kw=limit_kw, load_sheds=sheds)
            offered_kw = self.pair.available_kw
            self.pair, flow = self.pair.step(env, STEP_S)
            lived.append(Minute(flow.used_kw, flow.baseline_kw, offered_kw))
            self.minute += 1
        return lived


@pytest.fixture
def evening() -> Evening:
    """The evening, from its start."""
    return Evening()


def test_an_event_of_2_kw_under_a_limit_of_3_draws_1_and_is_credited_2(evening: Evening) -> None:
    """The limit takes off what it takes off anyway: of an event of 2 kW, 2 kW are the event's."""
    evening.run(5, limit_kw=3.0)
    for minute in evening.run(30, 2.0, limit_kw=3.0):
        assert minute.used_kw == pytest.approx(1.0, abs=0.02)
        assert minute.credited_kw == pytest.approx(2.0, abs=0.02)


def test_a_limit_alone_is_credited_nothing_and_not_offered(evening: Evening) -> None:
    """Held to 3 kW a house delivers nothing, and offers what it can go below 3 kW."""
    (alone,) = Evening().run(1)
    for minute in evening.run(30, limit_kw=3.0):
        assert minute.used_kw == pytest.approx(3.0, abs=0.02)
        assert minute.credited_kw == pytest.approx(0.0, abs=1e-9)
    (first,) = Evening().run(1, limit_kw=3.0)
    assert first.offered_kw == pytest.approx(alone.offered_kw - (alone.used_kw - 3.0), abs=0.02)
    assert evening.pair.lasting.curtailed_kw["batt1"] > 1.0
    assert evening.pair.sheddable_kw()["batt1"] == pytest.approx(0.0, abs=0.01)


def test_what_is_offered_under_a_limit_is_delivered(evening: Evening) -> None:
    """An event for all that is offered gets it; more is credited only as far as the house exports it."""
    (offered,) = evening.run(1, limit_kw=5.0)
    (minute,) = Evening().run(1, offered.offered_kw, limit_kw=5.0)
    assert minute.credited_kw == pytest.approx(offered.offered_kw, abs=0.3)
    (most,) = Evening().run(1, 99.0, limit_kw=5.0)
    assert most.credited_kw <= offered.offered_kw + max(-most.used_kw, 0.0) + 0.3
    (at_level,) = Evening().run(1, 3.0, signal=Signal.LEVEL, limit_kw=5.0)
    assert at_level.credited_kw <= offered.offered_kw + 0.3


def test_a_circuit_shed_by_command_is_credited_nothing_and_the_event_comes_on_top(evening: Evening) -> None:
    """3 kW off the car by command, and an event of 2 kW: 5 kW less are drawn, 2 of them credited."""
    (alone,) = Evening().run(1)
    (by_command,) = evening.run(1, sheds=EV)
    assert alone.used_kw - by_command.used_kw == pytest.approx(3.0, abs=0.01)
    assert by_command.credited_kw == pytest.approx(0.0, abs=1e-9)
    assert by_command.offered_kw == pytest.approx(alone.offered_kw - 3.0, abs=0.01)
    (both,) = Evening().run(1, 2.0, sheds=EV)
    assert alone.used_kw - both.used_kw == pytest.approx(5.0, abs=0.05)
    assert both.credited_kw == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize(("value", "credited_kw"), [(2.0, 1.0), (3.0, 0.0), (6.0, 0.0)])
def test_an_import_limit_of_an_event_is_credited_below_the_lasting_one(
    evening: Evening, value: float, credited_kw: float
) -> None:
    """Below a lasting limit of 3 kW, an event's limit of 2 kW takes off 1 kW; one above it nothing."""
    evening.run(5, limit_kw=3.0)
    for minute in evening.run(10, value, signal=Signal.IMPORT_LIMIT_KW, limit_kw=3.0):
        assert minute.credited_kw == pytest.approx(credited_kw, abs=0.02)


def test_what_is_caught_up_after_a_limit_is_no_event_s_either(evening: Evening) -> None:
    """Lifted, a limit leaves house and counterfactual the same: what they catch up is in the baseline."""
    evening.run(60, limit_kw=3.0)
    after = evening.run(60)
    assert max(abs(minute.credited_kw) for minute in after) < 1e-9
    assert evening.pair.house == evening.pair.counterfactual
    assert not any(evening.pair.lasting.curtailed.values())


def test_what_an_event_put_off_is_not_in_the_baseline_of_the_next(evening: Evening) -> None:
    """The counterfactual never had the first event, so its rebound raises no baseline of the second."""
    untouched = Evening()
    evening.run(60, 4.0, limit_kw=6.0)
    untouched.run(60, limit_kw=6.0)
    second = evening.run(30, 2.0, limit_kw=6.0)
    baseline = untouched.run(30, limit_kw=6.0)
    assert [minute.baseline_kw for minute in second] == [minute.used_kw for minute in baseline]


def test_an_offer_is_tried_under_the_limit(evening: Evening) -> None:
    """What can be sustained beyond the limit is sustained by the house that keeps it."""
    (offered,) = evening.run(1, limit_kw=5.0)
    env, from_ts = evening.environment.environment, EVENING_TS + STEP_S
    limited = Trial(evening.pair, env, from_ts, limit_kw=5.0)
    windows = list(limited.windows(offered.offered_kw / 2, 900.0))
    assert windows[0].delivered_kw == pytest.approx(offered.offered_kw / 2, abs=0.1)
    assert all(window.pair.lasting.shed_kw > 1.0 for window in windows)
