"""Dispatch by the length of the event: a VEN is called for what it keeps for all of it."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.api.requests import DispatchEvent
from contracts.store.plans import Limit
from contracts.wire.events import Interval, Signal
from contracts.wire.offers import OfferLevel
from lambdas.dispatch_event.logic.plan import Planned, plan_event
from lambdas.shared.rows import VenRow
from tests.unit.lambdas.dispatch.running import HOUR_S, START, calls_of, event, rebalanced, row_of, shed, ven

LEVELS = (OfferLevel(3.0, 900.0), OfferLevel(1.5, 3600.0), OfferLevel(0.5, 14_400.0))


def lasting(ven_id: str, **fields: Any) -> VenRow:
    """A VEN that keeps 3 kW for 15 min, 1.5 kW for an hour and 0.5 kW for four."""
    return ven(ven_id, 3.0, **({"sustain_s": 900.0, "offers": LEVELS} | fields))


def planned(intervals: tuple[Interval, ...], *vens: VenRow, now: float = START, **fields: Any) -> Planned:
    """The plan of a request."""
    request = DispatchEvent(event_id="e1", intervals=intervals, start_ts=START, **fields)
    return plan_event(request, "e1", vens, now=now, retention_days=30, token="t")


def values(plan: Planned) -> dict[str, tuple[float, ...]]:
    """The values of each VEN that is called."""
    return {one.ven_id: one.values for one in plan.plan.assignments}


@pytest.mark.parametrize(
    ("duration_s", "kw"), [(600, 3.0), (900, 3.0), (901, 1.5), (3600, 1.5), (7200, 0.5), (20_000, 0.5)]
)
def test_a_ven_is_called_for_what_it_keeps_for_the_whole_event(duration_s: int, kw: float) -> None:
    """Of 9 kW requested it gets what its offers say for this length; the rest is a shortfall."""
    plan = planned(shed(9.0, duration_s=duration_s), lasting("a"))
    assert values(plan) == {"a": (kw,)}
    assert (plan.row.available_kw, plan.row.shortfall_kw) == (kw, 9.0 - kw)


def test_an_event_of_intervals_is_as_long_as_all_of_them() -> None:
    """Four quarters of an hour are an hour, in each of which the VEN gives what it keeps for the hour."""
    assert values(planned(shed(9.0, 9.0, 9.0, 9.0, duration_s=900), lasting("a"))) == {"a": (1.5,) * 4}


def test_what_is_over_of_an_event_counts_no_more() -> None:
    """Of an hour of which a quarter is left, a VEN can keep what it keeps for a quarter."""
    late = planned(shed(9.0), lasting("a"), now=START + HOUR_S - 900)
    assert values(late) == {"a": (3.0,)}


def test_a_ven_that_keeps_less_for_longer_is_one_that_sustains_the_event() -> None:
    """It comes before a VEN that tells one offer, shorter than the event, although it was called for more."""
    plan = planned(shed(1.0), ven("a", 5.0, sustain_s=900.0), lasting("b"))
    assert values(plan) == {"b": (1.0,)}


def test_a_ven_whose_longest_offer_is_shorter_comes_last() -> None:
    """Beyond its longest duration it has promised nothing, and gives what it keeps longest."""
    long_event = shed(1.2, duration_s=20_000)
    assert values(planned(long_event, lasting("a"), ven("b", 1.0))) == {"a": (0.2,), "b": (1.0,)}


def test_old_vens_beside_new_ones_are_called_as_before() -> None:
    """A VEN that tells one offer is taken at it whatever the length, in both allocations."""
    vens = (ven("a", 5.0, sustain_s=900.0), lasting("b"))
    assert values(planned(shed(9.0), *vens)) == {"a": (5.0,), "b": (1.5,)}
    assert values(planned(shed(6.5), *vens, allocation="proportional")) == {"a": (5.0,), "b": (1.5,)}


def test_offers_that_end_in_nothing_are_no_offer_for_long() -> None:
    """A VEN that says that it keeps 0 kW for four hours is not counted on for more than its hour."""
    told = (OfferLevel(3.0, 3600.0), OfferLevel(0.0, 14_400.0))
    plan = planned(shed(1.0, duration_s=7200), lasting("a", offers=told)).plan
    assert (plan.assignments, plan.unavailable) == ((), {"a": "offers nothing"})


def test_what_panel_and_telemetry_bear_out_bounds_each_of_the_offers() -> None:
    """A VEN with offers of 9 MW for a week is good for what a site draws at its peak."""
    huge = ven("a", 9000.0, offers=(OfferLevel(9000.0, 604_800.0),), sustain_s=900.0)
    assert values(planned(shed(500.0), huge)) == {"a": (20.0,)}


def test_a_load_up_goes_by_its_own_offer() -> None:
    """Offers by duration are of what is shed."""
    more = (Interval(duration_s=7200, signal=Signal.LOAD_UP_KW, value=9.0),)
    storing = lasting("a", load_up_availability_kw=4.0, load_up_sustain_s=900.0)
    assert values(planned(more, storing)) == {"a": (4.0,)}


def test_what_is_missing_is_called_of_others_by_what_they_keep_for_the_rest() -> None:
    """Five minutes into the hour a VEN makes up what it keeps for 55 min."""
    running = event({"a": (2.0,)}, shed(4.0))
    outcome = rebalanced(
        running, [ven("a", 2.0), lasting("b")], [row_of("a", 2.0), row_of("b", 0.0, event_id=None)]
    )
    assert calls_of(outcome) == {"a": 2.0, "b": 1.5}


def test_a_limit_is_not_lifted_because_less_of_the_event_is_left() -> None:
    """A limited VEN is limited until it offers more than then, not until a shorter offer is good enough."""
    limits = {"b": Limit(kw=0.5, until_ts=START + HOUR_S, offer_kw=3.0)}
    running = event({"a": (2.0,), "b": (0.5,)}, shed(9.0), limits=limits)
    rows = [row_of("a", 2.0, at_ts=START + 3000), row_of("b", 0.5, at_ts=START + 3000)]
    outcome = rebalanced(running, [ven("a", 3.0), lasting("b")], rows, now=START + 3000.0)
    assert calls_of(outcome) == {"a": 3.0, "b": 0.5}
