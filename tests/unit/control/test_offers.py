"""Trials of a shed: what they deliver is what the house would."""

from __future__ import annotations

from itertools import pairwise

import pytest

from contracts.wire.events import Interval, Signal
from tests.unit.control.test_house_pair import EVENING_TS, STEP_S, evening
from ven_twin.control.circuit_views import CircuitSetting
from ven_twin.control.futures import Future
from ven_twin.control.house_pair import HousePair
from ven_twin.control.offers import DURATIONS_S, LEAST_OFFER_KW, LEVELS_KW, MOST_OFFER_KW, Trial
from ven_twin.control.ven_state import LoadShed


def trial(settings: dict[str, CircuitSetting] | None = None, **more: object) -> Trial:
    """The standard house on a July evening."""
    house, site = evening()
    return Trial(HousePair(house, house), site.environment, EVENING_TS, settings or {}, **more)  # type: ignore[arg-type]


def test_a_trial_changes_nothing() -> None:
    """Copies are stepped; the house that is asked about stays as it is, and answers alike."""
    tried = trial()
    before = tried.pair
    assert list(tried.windows(3.0, 1800.0)) == list(tried.windows(3.0, 1800.0))
    assert tried.pair is before


@pytest.mark.parametrize("kw", [2.0, 4.0, 8.0])
def test_a_trial_delivers_what_the_house_does_when_it_is_run(kw: float) -> None:
    """A trial's first quarter of an hour is what a minute-by-minute run delivers."""
    house, site = evening()
    settings = {"batt1": CircuitSetting(enabled=False)}
    foretold = list(trial(settings).windows(kw, 900.0))
    pair, ask = HousePair(house, house), Interval(duration_s=900, signal=Signal.SHED_KW, value=kw)
    delivered_kw = []
    for minute in range(15):
        env = site.environment(EVENING_TS + minute * STEP_S, STEP_S)
        pair, flow = pair.planned(env, STEP_S, ask, settings=settings).step(env, STEP_S, settings)
        delivered_kw.append(flow.baseline_kw - flow.used_kw)
    assert [window.delivered_kw for window in foretold] == pytest.approx(
        [sum(delivered_kw[first : first + 5]) / 5 for first in (0, 5, 10)]
    )


def test_the_windows_of_a_trial_end_where_it_ends() -> None:
    """The last window is as short as what is left, and the steps within are no longer than the rest."""
    ends = [(window.after_s, window.dt_s) for window in trial().windows(1.0, 1990.0)]
    assert [after_s for after_s, _ in ends] == [300.0, 600.0, 900.0, 1200.0, 1500.0, 1800.0, 1990.0]
    assert [dt_s for _, dt_s in ends] == [300.0] * 6 + [190.0]
    assert [window.after_s for window in trial().windows(1.0, 1990.0, 900.0)] == [900.0, 1800.0, 1990.0]


def test_a_trial_counts_with_what_the_resident_has_set() -> None:
    """A circuit that is switched off cannot be counted on."""
    off = trial({"batt1": CircuitSetting(enabled=False), "ev1": CircuitSetting(enabled=False)})
    (without,), (with_both,) = (list(one.windows(6.0, 300.0)) for one in (off, trial()))
    assert without.delivered_kw < with_both.delivered_kw - 1.0


def test_a_command_takes_its_circuit_out_of_a_trial_until_its_time() -> None:
    """While the car is shed by command no event is credited with it; from then on it is there again."""
    sheds = {"ev1": LoadShed(7.2, EVENING_TS + 600.0)}
    by_command, free = (list(one.windows(11.0, 900.0)) for one in (trial(load_sheds=sheds), trial()))
    assert by_command[0].delivered_kw < free[0].delivered_kw - 2.0
    assert by_command[2].delivered_kw == pytest.approx(free[2].delivered_kw, abs=0.01)


def test_a_trial_in_a_future_lives_in_its_weather_and_walls() -> None:
    """It is as warm outside as there, house and counterfactual lose as much, and its world is made once."""
    house, site = evening()
    hot = trial().within(Future(site, 6.0, 1.3))
    assert hot.weather(EVENING_TS, 60.0).outdoor_c == site.environment(EVENING_TS, 60.0).outdoor_c + 6.0
    assert hot.weather(EVENING_TS, 60.0) is hot.weather(EVENING_TS, 60.0)
    assert house.hvac is not None
    for one in (hot.pair.house, hot.pair.counterfactual):
        assert one.hvac is not None
        assert one.hvac.spec.envelope.ua_kw_c == pytest.approx(1.3 * house.hvac.spec.envelope.ua_kw_c)


def test_levels_are_offered_in_tenths_and_close_together() -> None:
    """From half a kW on, ever larger; none is more than a tenth of a kW or an eighth above the last."""
    assert LEVELS_KW[0] == LEAST_OFFER_KW
    assert LEVELS_KW[-1] >= MOST_OFFER_KW
    assert all(round(kw, 1) == kw for kw in LEVELS_KW)
    assert all(0.0 < above - kw <= max(0.1, kw / 8) + 1e-9 for kw, above in pairwise(LEVELS_KW))


def test_the_least_time_of_an_offer_is_a_quarter_of_an_hour() -> None:
    """And each longer one is told of that an aggregator may want: half an hour, one, two and four hours."""
    assert DURATIONS_S == (900.0, 1800.0, 3600.0, 7200.0, 14_400.0)
