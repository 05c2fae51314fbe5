"""The search: the highest level that is kept in the futures, for each duration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from tests.unit.control.test_house_pair import EVENING_TS, evening
from ven_twin.control.futures import Future, futures
from ven_twin.control.house_pair import HousePair
from ven_twin.control.offer_search import Search
from ven_twin.control.offers import (
    DURATIONS_S,
    LEVELS_KW,
    NO_PROMISE,
    NONE,
    WINDOWS_S,
    HouseOffer,
    Promise,
    Trial,
    TrialWindow,
    spared,
)

NO_OFFER, NO_QUARTERS = (HouseOffer(window_s) for window_s in WINDOWS_S)


@dataclass(frozen=True, slots=True)
class LimitedTrial(Trial):
    """A trial that delivers at most so many kW until a time, s, for each of its limits; then nothing."""

    limits: Mapping[float, float] | None = None

    def within(self, future: Future) -> LimitedTrial:
        """The same limits, less a tenth of a kW for each degree that the future is off."""
        less_kw = 0.1 * abs(future.warmer_c)
        limits = {until_s: kw - less_kw for until_s, kw in (self.limits or {}).items()}
        return LimitedTrial(self.pair, self.weather, self.from_ts, limits=limits)

    def window(self, pair: HousePair, after_s: float, dt_s: float, kw: float) -> TrialWindow:
        """The kW that the limit lets through."""
        most_kw = max(
            (kw for until_s, kw in (self.limits or {}).items() if after_s + dt_s <= until_s), default=0
        )
        return TrialWindow(after_s + dt_s, dt_s, min(kw, most_kw), pair)


def limited(limits: Mapping[float, float]) -> Trial:
    """A trial of the standard house that delivers no more than *limits*."""
    house, site = evening()
    return LimitedTrial(HousePair(house, house), site.environment, EVENING_TS, limits=limits)


def errors(*warmer_c: float) -> tuple[Future, ...]:
    """Futures that differ in the weather's error."""
    _, site = evening()
    return tuple(Future(site, one_c) for one_c in warmer_c)


def found(trial: Trial, ahead: tuple[Future, ...], before: HouseOffer = NO_OFFER) -> Search:
    """The search at its end."""
    return Search.of(trial, ahead, before).advanced(10**6)


def highest(kw: float) -> float:
    """The highest level that *kw* delivers, but for 3 %."""
    return max(level_kw for level_kw in LEVELS_KW if 0.97 * level_kw <= kw)


def test_the_offer_is_the_highest_level_that_is_kept_so_long() -> None:
    """An offer that falls with time is told for each time; each level once, for as long as it is kept."""
    offer = found(limited({1800.0: 4.0, 7200.0: 2.0, 14_400.0: 0.3}), errors(0.0)).offer
    assert offer.promises == (
        Promise(highest(4.0), 1800.0, WINDOWS_S[0]),
        Promise(highest(2.0), 7200.0, WINDOWS_S[0]),
    )


@pytest.mark.parametrize(("limits", "kw"), [({900.0: 0.48}, 0.0), ({899.0: 9.0}, 0.0), ({900.0: 0.49}, 0.5)])
def test_there_is_no_offer_below_half_a_kw_or_a_quarter_of_an_hour(
    limits: dict[float, float], kw: float
) -> None:
    """Less is no offer: none is kept for shorter, and none is smaller."""
    promises = found(limited(limits), errors(0.0)).offer.promises
    assert (promises[0] if promises else NO_PROMISE).kw == kw


def test_the_offer_is_kept_in_nine_of_ten_futures() -> None:
    """The worst of them decides; with nineteen one is spared, so that nine in ten are kept all the same."""
    one_is_worse = errors(*[0.0] * 8, -10.0)
    assert found(limited({14_400.0: 4.0}), one_is_worse).offer.promises[0].kw == highest(3.0)
    one_of_nineteen = errors(*[0.0] * 18, -10.0)
    assert found(limited({14_400.0: 4.0}), one_of_nineteen).offer.promises[0].kw == highest(4.0)
    two_of_nineteen = errors(*[0.0] * 17, -10.0, -10.0)
    assert found(limited({14_400.0: 4.0}), two_of_nineteen).offer.promises[0].kw == highest(3.0)
    assert [spared(count) for count in (9, 19, 29)] == [0, 1, 2]


@pytest.mark.parametrize("before_kw", [0.5, 1.0, 3.9, 30.0, None])
def test_the_offer_before_is_a_hint_and_nothing_more(before_kw: float | None) -> None:
    """From above, from below, from nothing: the same offer is found."""
    trial, ahead = limited({1800.0: 4.0, 7200.0: 2.0}), errors(0.0, 1.5, -1.5)
    level = NONE if before_kw is None else max(n for n, kw in enumerate(LEVELS_KW) if kw <= before_kw)
    before = HouseOffer(WINDOWS_S[0], (level,) * len(DURATIONS_S))
    assert found(trial, ahead, before).offer == found(trial, ahead).offer


def test_an_unchanged_offer_is_found_with_two_levels_a_duration() -> None:
    """The level of before is confirmed, and the next above it refused; nothing else is tried."""
    trial, ahead = limited({14_400.0: 4.0}), errors(0.0)
    first = found(trial, ahead)
    again = found(trial, ahead, first.offer)
    assert len(again.attempts) == 2 < len(first.attempts)


def test_a_search_in_slices_finds_what_one_in_one_go_does() -> None:
    """However small the slice, and each slice is one attempt at the most beyond it."""
    house, site = evening()
    trial, ahead = Trial(HousePair(house, house), site.environment, EVENING_TS), futures(site, EVENING_TS)
    search, slices = Search.of(trial, ahead, NO_OFFER), 0
    while not search.done:
        search, slices = search.advanced(1), slices + 1
    assert slices > 20
    assert search.offer == found(trial, ahead).offer


def test_what_is_kept_each_five_minutes_is_kept_each_quarter_of_an_hour() -> None:
    """The longer windows never offer less, on a house as on any other."""
    house, site = evening()
    trial, ahead = Trial(HousePair(house, house), site.environment, EVENING_TS), futures(site, EVENING_TS)
    search = found(trial, ahead)
    quarters = search.in_quarters(NO_QUARTERS).advanced(10**6)
    assert quarters.done
    assert all(long >= short for long, short in zip(quarters.levels, search.levels, strict=True))
    assert quarters.offer.window_s == WINDOWS_S[1]


def test_quarters_are_searched_on_what_was_tried_for_five_minutes() -> None:
    """The same offer as one that is searched for alone, at less than half its windows."""
    house, site = evening()
    trial, ahead = Trial(HousePair(house, house), site.environment, EVENING_TS), futures(site, EVENING_TS)
    search = found(trial, ahead)
    windows = {key: attempt.after_s for key, attempt in search.attempts.items()}
    after = search.in_quarters(NO_QUARTERS).advanced(10**6)
    alone = replace(Search.of(trial, ahead, NO_OFFER), window_s=WINDOWS_S[1]).advanced(10**6)
    assert after.levels == alone.levels
    more_s = sum(attempt.after_s - windows.get(key, 0.0) for key, attempt in after.attempts.items())
    assert more_s < 0.5 * sum(attempt.after_s for attempt in alone.attempts.values())


def test_the_standard_house_offers_its_car_on_a_hot_evening() -> None:
    """With the car on its charger there is something to offer, for more than the least time."""
    house, site = evening()
    trial = Trial(HousePair(house, house), site.environment, EVENING_TS)
    first = found(trial, futures(site, EVENING_TS)).offer.promises[0]
    assert first.kw >= 2.5
    assert first.sustain_s >= 900.0


def test_a_promise_is_told_in_the_wall_s_time() -> None:
    """A house that lives sixty times as fast keeps it for a sixtieth as long."""
    assert Promise(2.0, 3600.0, 300.0).on_wall(60.0) == Promise(2.0, 60.0, 5.0)
