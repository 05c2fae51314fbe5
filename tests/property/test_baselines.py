"""Properties of day-matching baselines, whatever the loads: rules are arithmetic, and arithmetic has laws."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from lambdas.settle_event.logic.aggregate import sum_days
from lambdas.settle_event.logic.baselines import MatchedBaseline, NoBaselineError, match_baseline
from lambdas.settle_event.logic.day_types import DayType
from lambdas.settle_event.logic.days import Frame, MatchedDay
from lambdas.settle_event.logic.means import Quarters
from lambdas.settle_event.logic.rules import CAISO_10_OF_10, RULES, Adjustment, Rule
from lambdas.shared.power_traces import Window

START = 20_649 * 86_400 + 17 * 3600
"""Wednesday 15 July 2026, 17:00 UTC."""
FRAME = Frame(Window(START, START + 3600))
KW = st.one_of(st.floats(-8, 12).map(lambda kw: round(kw, 3)), st.none())
KNOWN_KW = st.floats(4, 12).map(lambda kw: round(kw, 3))
RULE = st.sampled_from(list(RULES.values()))


def loads(power: st.SearchStrategy[float | None]) -> st.SearchStrategy[tuple[float | None, ...]]:
    """A load in the frame: a power each for before, in and after the event."""
    parts = st.tuples(power, power, power)
    sizes = (16, 4, FRAME.count - 20)
    return parts.map(lambda kws: tuple(kw for kw, size in zip(kws, sizes, strict=True) for _ in range(size)))


def days(power: st.SearchStrategy[float | None], *, least: int = 10) -> st.SearchStrategy[list[MatchedDay]]:
    """Weekdays, the latest first, all of them known in the event."""
    load = loads(power).filter(lambda kw: kw[16] is not None)
    return st.lists(load, min_size=least, max_size=14).map(
        lambda found: [MatchedDay(ago, DayType.WEEKDAY, kw) for ago, kw in enumerate(found, start=1)]
    )


def tried(rule: Rule, matched_days: Sequence[MatchedDay], own: Quarters) -> MatchedBaseline | None:
    """The baseline, or None when so many days are low beside the others that too few are left."""
    try:
        return match_baseline(rule, matched_days, own, FRAME)
    except NoBaselineError:
        return None


def event_kw(matched: MatchedBaseline) -> float:
    """The baseline's mean over the event."""
    mean_kw = FRAME.mean_kw(matched.kw, FRAME.event)
    assert mean_kw is not None
    return mean_kw


def scaled(kw: Quarters, by: float) -> tuple[float | None, ...]:
    """The same load, so many times as large."""
    return tuple(None if value is None else by * value for value in kw)


@given(RULE, days(KW), loads(KW), st.sampled_from([2.0, 0.5, 1024.0]))
def test_a_load_twice_as_large_has_a_baseline_twice_as_large(
    rule: Rule, matched_days: list[MatchedDay], own: Quarters, by: float
) -> None:
    """No rule has a size of its own, in what it picks or in how it adjusts, with exports and gaps too."""
    once = tried(rule, matched_days, own)
    more = tried(rule, [structs.replace(day, kw=scaled(day.kw, by)) for day in matched_days], scaled(own, by))
    if once is None or more is None:
        assert once is more
        return
    assert more.kw == pytest.approx(scaled(once.kw, by), abs=1e-6)
    assert more.errors_kw == pytest.approx([by * error for error in once.errors_kw], abs=1e-6)


@given(RULE, days(KW), loads(KW), st.randoms(use_true_random=False))
def test_the_order_in_which_days_are_read_is_of_no_matter(
    rule: Rule, matched_days: list[MatchedDay], own: Quarters, rng: random.Random
) -> None:
    """Days are told by how long ago they were."""
    assert tried(rule, rng.sample(matched_days, len(matched_days)), own) == tried(rule, matched_days, own)


@given(RULE, days(KNOWN_KW), loads(KNOWN_KW))
def test_a_baseline_stays_within_its_days_and_its_bounds(
    rule: Rule, matched_days: list[MatchedDay], own: Quarters
) -> None:
    """A mean lies between what it is of; a ratio is held to its bounds."""
    found = match_baseline(rule, matched_days, own, FRAME)
    powers = [day.kw[16] for day in matched_days]
    least, most = rule.adjustment.bounds or (1.0, 1.0)
    assert found.ratio == 1.0 or least <= found.ratio <= most
    bare = (event_kw(found) - found.added_kw) / found.ratio
    assert min(powers) - 1e-6 <= bare <= max(powers) + 1e-6  # type: ignore[type-var, operator]


@given(RULE, days(KNOWN_KW), loads(KNOWN_KW), st.floats(-20, 20))
def test_what_is_drawn_in_the_event_moves_no_baseline(
    rule: Rule, matched_days: list[MatchedDay], own: Quarters, kw: float
) -> None:
    """Nor what is drawn in the buffers next to it: an hour on either side is the least of any rule."""
    quarters = range(12, 24)
    changed = tuple(kw if quarter in quarters else value for quarter, value in enumerate(own))
    assert match_baseline(rule, matched_days, changed, FRAME) == match_baseline(
        rule, matched_days, own, FRAME
    )


@given(st.lists(days(KNOWN_KW).map(lambda matched_days: matched_days[:10]), min_size=1, max_size=4))
def test_a_mean_of_all_days_is_the_same_added_up_or_of_the_sum(homes: Sequence[Sequence[MatchedDay]]) -> None:
    """10 of 10 picks nothing: unadjusted, the aggregate's baseline is the sum of the homes'."""
    rule = Rule(
        "caiso_10_of_10", CAISO_10_OF_10.weekday, CAISO_10_OF_10.saturday, CAISO_10_OF_10.sunday, Adjustment()
    )
    own = (None,) * FRAME.count
    alone = [match_baseline(rule, matched_days, own, FRAME) for matched_days in homes]
    together = match_baseline(rule, sum_days(homes), own, FRAME)
    assert event_kw(together) == pytest.approx(sum(event_kw(each) for each in alone))


@given(st.lists(days(KNOWN_KW).map(lambda matched_days: matched_days[:10]), min_size=1, max_size=4))
def test_high_of_x_added_up_is_never_below_that_of_the_sum(homes: Sequence[Sequence[MatchedDay]]) -> None:
    """Each home's highest days, added up, are at least as high as the days on which the sum was highest."""
    residential = RULES["residential_5_of_10"]
    rule = Rule(residential.name, residential.weekday, residential.saturday, residential.sunday, Adjustment())
    own = (None,) * FRAME.count
    alone = sum(event_kw(match_baseline(rule, matched_days, own, FRAME)) for matched_days in homes)
    assert event_kw(match_baseline(rule, sum_days(homes), own, FRAME)) <= alone + 1e-6
