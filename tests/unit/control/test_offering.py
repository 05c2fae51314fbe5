"""The offer of a VEN that runs: when it is searched anew, and in how small parts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import count

import pytest

from contracts.wire.ids import EventId
from tests.unit.control.test_house_pair import EVENING_TS, evening
from ven_twin.control.circuit_views import CircuitSetting
from ven_twin.control.futures import futures
from ven_twin.control.house_pair import HousePair
from ven_twin.control.offer_search import Search
from ven_twin.control.offering import (
    MOST_SLICE_STEPS,
    NO_OFFER,
    SLICE_STEPS,
    Offering,
    slice_steps,
)
from ven_twin.control.offers import STEP_S, Trial
from ven_twin.control.ven_state import LoadShed


def trial(after_s: float = 0.0, **more: object) -> Trial:
    """The standard house on a July evening."""
    house, site = evening()
    return Trial(HousePair(house, house), site.environment, EVENING_TS + after_s, **more)  # type: ignore[arg-type]


def ticked(offering: Offering, tried: Trial, now_s: float = 0.0, acting: EventId | None = None) -> Offering:
    """The offering after a tick."""
    _, site = evening()
    return offering.advanced(tried, site, acting, now_s)


@lru_cache
def settled() -> Offering:
    """An offering whose first search is over."""
    return next(offering for offering in _ticks() if offering.search is None)


def _ticks() -> Iterator[Offering]:
    offering = Offering()
    for second in count():
        offering = ticked(offering, trial(), float(second))
        yield offering


def test_the_first_tick_has_something_to_offer() -> None:
    """A VEN that has just started does not wait for minutes; what lasts longer comes with the next ticks."""
    first = ticked(Offering(), trial())
    assert first.offer.promises[0].kw >= 2.5
    assert first.search is not None
    assert settled().offer.promises[0].kw == first.offer.promises[0].kw
    assert settled().quarters.is_whole


def test_one_of_many_vens_waits_for_its_turn_and_finds_the_same() -> None:
    """No slice goes on until there is an offer, and each goes on from the one before at once."""
    offering = ticked(Offering(slice_s=0.0), trial())
    assert offering.offer.promises == ()
    while offering.search is not None:
        offering = ticked(offering, trial())
    assert offering.offer == settled().offer


def test_a_search_that_is_set_aside_keeps_its_offer_and_begins_anew() -> None:
    """What it has told stays, and nothing that it had at hand."""
    first = ticked(Offering(), trial())
    aside = first.set_aside()
    assert (aside.offer, aside.search, aside.futures) == (first.offer, None, ())
    assert ticked(aside, trial()).search is not None


def test_a_search_in_ticks_finds_what_one_in_one_go_does() -> None:
    """The slices change nothing."""
    _, site = evening()
    whole = Search.of(trial(), futures(site, EVENING_TS), NO_OFFER).advanced(10**6)
    assert settled().offer == whole.offer


def test_a_tick_costs_a_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first, no tick tries more than a slice and one attempt beyond it."""
    steps: list[float] = []
    window = Trial.window

    def counted(self: Trial, pair: HousePair, after_s: float, dt_s: float, kw: float) -> object:
        steps.append(dt_s / STEP_S)
        return window(self, pair, after_s, dt_s, kw)

    ticks = _ticks()
    next(ticks)
    monkeypatch.setattr(Trial, "window", counted)
    for offering in ticks:
        assert sum(steps) <= 3 * SLICE_STEPS
        steps.clear()
        if offering.search is None:
            break


def test_a_house_that_lives_fast_has_its_offers_soon() -> None:
    """At thirty times the wall's speed the first search, load up and all, is over within twenty seconds."""
    _, site = evening()
    offering = Offering()
    for second in range(20):
        offering = offering.advanced(trial(30.0 * second), site, None, float(second), slice_steps(30.0))
        if offering.search is None:
            break
    assert offering.offer.is_whole
    assert offering.quarters.is_whole
    assert offering.load_up.is_whole


@pytest.mark.parametrize(
    ("speed", "vens", "steps"),
    [
        (1.0, 1, SLICE_STEPS),
        (0.5, 1, SLICE_STEPS),
        (2.0, 1, 2 * SLICE_STEPS),
        (60.0, 1, MOST_SLICE_STEPS),
        (60.0, 4, MOST_SLICE_STEPS // 4),
        (60.0, 1000, SLICE_STEPS),
    ],
)
def test_a_slice_grows_with_the_house_s_speed_as_far_as_its_process_has_room(
    speed: float, vens: int, steps: int
) -> None:
    """An offer of a house that lives fast is soon old; many VENs in a process share what there is."""
    assert slice_steps(speed, vens) == steps


def test_ticks_that_come_faster_cost_no_more() -> None:
    """A VEN that is woken by a flood of messages searches once a second all the same."""
    first = ticked(Offering(), trial(), 0.0)
    assert ticked(first, trial(0.5), 0.5) is first
    assert ticked(first, trial(1.0), 1.0) is not first


def test_an_offer_is_searched_anew_after_a_minute_of_house_time() -> None:
    """Not before, when nothing has changed."""
    last = settled()
    assert ticked(last, trial(59.0), 100.0) is last
    assert ticked(last, trial(60.0), 101.0).search is not None


@pytest.mark.parametrize(
    "change",
    [
        {"settings": {"ev1": CircuitSetting(enabled=False)}},
        {"limit_kw": 3.0},
        {"load_sheds": {"ev1": LoadShed(2.0, EVENING_TS + 600.0)}},
    ],
    ids=str,
)
def test_an_offer_is_searched_anew_when_something_is_set(change: dict[str, object]) -> None:
    """A switch, a limit, a command: the offer follows at once."""
    assert ticked(settled(), trial(1.0, **change), 100.0).search is not None


def test_an_offer_is_searched_anew_when_an_event_begins_and_when_it_ends() -> None:
    """The event that is acted on is part of what an offer is made of."""
    assert ticked(settled(), trial(1.0), 100.0, EventId("e1")).search is not None


def test_a_search_goes_to_its_end_whatever_changes_meanwhile() -> None:
    """A VEN whose settings change each second has an offer all the same, and the next search has them."""
    offering = Offering()
    for second in range(300):
        kw = 1.0 + second % 2
        offering = ticked(offering, trial(0.0, limit_kw=kw), float(second))
        if offering.load_up.is_whole:
            break
    assert offering.load_up.is_whole
    again = ticked(offering, trial(0.0, limit_kw=7.0), 400.0)
    assert again.search is not None
    assert again.search.trials[0].limit_kw == 7.0


def test_an_offer_stands_while_the_next_is_searched() -> None:
    """Half a search is no offer."""
    last = settled()
    during = ticked(last, trial(60.0, settings={"ev1": CircuitSetting(enabled=False)}), 100.0)
    assert during.offer == last.offer
