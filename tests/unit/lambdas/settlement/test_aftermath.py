"""The time after an event: rebound, payback and what was bought, each minute for one event alone."""

from __future__ import annotations

import pytest

from contracts.wire.ids import EventId
from lambdas.settle_event.logic.aftermath import (
    VenAftermath,
    after_event,
    bought_steps,
    fleet_aftermath,
    fleet_bought,
)
from lambdas.settle_event.logic.other_events import OtherEvent
from lambdas.shared.power_traces import PowerRow, Trace, Window
from tests.support.settled_event import E1, HOUR, START, power_rows

EVENT = Window(START, START + HOUR)
END = START + HOUR
DAY = 24 * HOUR
STEPS = bought_steps(EVENT)
NEXT = EventId("next")


def after(*rows: tuple[int, int, float], other: tuple[int, int] | None = None) -> VenAftermath:
    """The aftermath of rows of so many kW between hours after the event's end, against a clone of 5 kW."""
    stored = power_rows(0, HOUR, 2.0, event_id=E1)
    for from_h, to_h, used_kw in rows:
        stored += power_rows((from_h + 1) * HOUR, (to_h + 1) * HOUR, used_kw)
    others = []
    if other is not None:
        others = [OtherEvent(NEXT, Window(END + other[0] * HOUR, END + other[1] * HOUR))]
    return after_event(Trace.of(stored), EVENT, others, STEPS)


def test_a_whole_day_is_counted_whole() -> None:
    """1 kW above for two hours, 0.5 kW below for two, then the same: rebound 1 kWh and payback 1 kWh, net."""
    found = after((0, 2, 6.0), (2, 4, 4.5), (4, 24, 5.0))
    assert found.rebound is not None
    assert found.payback is not None
    assert (found.rebound.kwh, found.rebound.until_ts, found.rebound.whole) == (1.0, END + 4 * HOUR, True)
    assert (found.payback.kwh, found.payback.until_ts, found.payback.whole) == (1.0, END + DAY, True)
    assert found.bought_kwh == pytest.approx(-2.0)


def test_a_report_before_the_horizon_says_until_when_it_has_counted() -> None:
    """An hour after the event an hour is counted, and neither figure is whole."""
    found = after((0, 1, 6.0))
    for part in (found.rebound, found.payback):
        assert part is not None
        assert (part.kwh, part.until_ts, part.whole, part.cut) == (1.0, END + HOUR, False, 0)


def test_the_next_event_ends_both_counts() -> None:
    """Three hours on another event begins: what is drawn from then on is not this event's."""
    found = after((0, 3, 6.0), (3, 4, 1.0), (4, 24, 9.0), other=(3, 4))
    for part in (found.rebound, found.payback):
        assert part is not None
        assert (part.kwh, part.until_ts, part.whole) == (3.0, END + 3 * HOUR, False)
        assert (part.cut, part.cut_by) == (1, NEXT)
    assert found.bought_kwh == pytest.approx(0.0)


def test_an_event_after_the_rebound_leaves_the_rebound_whole() -> None:
    """Ten hours on another event begins: only the payback is cut, and only once its rows are there."""
    found = after((0, 24, 6.0), other=(10, 12))
    assert found.rebound is not None
    assert found.payback is not None
    assert (found.rebound.whole, found.rebound.cut_by) == (True, None)
    assert (found.payback.kwh, found.payback.whole, found.payback.cut_by) == (10.0, False, NEXT)


def test_an_event_that_runs_on_leaves_nothing_to_count() -> None:
    """Another event had begun before this one ended: there is no time after it."""
    found = after((0, 24, 6.0), other=(-1, 2))
    assert found.rebound is not None
    assert (found.rebound.kwh, found.rebound.until_ts, found.rebound.cut_by) == (None, END, NEXT)


def test_an_event_before_this_one_cuts_nothing() -> None:
    """An event that was over before this one's end has no say in the time after it."""
    found = after((0, 24, 6.0), other=(-5, -3))
    assert found.payback is not None
    assert (found.payback.kwh, found.payback.whole) == (24.0, True)


def test_a_time_that_is_not_stored_is_no_figure() -> None:
    """Of four hours one is missing: less than nine tenths are no rebound."""
    found = after((0, 1, 6.0), (2, 24, 6.0))
    assert found.rebound is not None
    assert (found.rebound.kwh, found.rebound.whole) == (None, True)
    assert found.payback is not None
    assert found.payback.kwh == pytest.approx(23.0)


def test_what_was_bought_adds_up_over_its_steps() -> None:
    """The quarter hours of event and payback are its energy, and no step is counted past it."""
    found = after((0, 24, 5.5), other=(6, 8))
    known = [kwh for kwh in found.bought_series_kwh if kwh is not None]
    assert sum(known) == pytest.approx(found.bought_kwh)
    assert len(known) == 4 * 7
    assert known[:5] == pytest.approx([-0.75] * 4 + [0.125])


def test_a_fleets_aftermath_is_the_sum_and_says_how_many_were_cut() -> None:
    """Two VENs, one of them cut: the sum, the latest time, and that one was ended by which event."""
    whole, cut = after((0, 24, 6.0)), after((0, 24, 6.0), other=(2, 3))
    payback = fleet_aftermath([whole.payback, cut.payback, None])
    assert payback is not None
    assert (payback.kwh, payback.until_ts, payback.whole) == (26.0, END + DAY, False)
    assert (payback.vens, payback.cut, payback.cut_by) == (2, 1, NEXT)
    assert fleet_aftermath([None]) is None
    bought = fleet_bought([whole, cut], STEPS)
    assert bought is not None
    assert sum(kwh or 0.0 for kwh in bought.kwh) == pytest.approx(24.0 - 3.0 + 2.0 - 3.0)


def test_a_long_event_has_steps_of_hours() -> None:
    """A fortnight and a day is no more than a few hundred steps."""
    assert STEPS[1:] == (900, 100)
    assert bought_steps(Window(START, START + 14 * DAY))[1:] == (3600, 15 * 24)


def test_what_was_fed_in_more_stands_beside_what_was_bought() -> None:
    """A battery that feeds 2 kW for an hour, where the house would have drawn 1 kW: 3 kWh less, 2 fed in."""
    during = [PowerRow(START + at, -2.0, 1.0) for at in range(60, HOUR + 1, 60)]
    then = [PowerRow(START + at, 1.0, 1.0) for at in range(HOUR + 60, DAY + HOUR + 1, 60)]
    found = after_event(Trace.of(during + then), EVENT, (), STEPS)
    assert sum(found.fed_in_series_kwh) == pytest.approx(2.0)
    bought = fleet_bought([found, found], STEPS)
    assert bought is not None
    assert (sum(kwh or 0.0 for kwh in bought.kwh), sum(bought.fed_in_kwh)) == pytest.approx((-6.0, 4.0))


def test_a_row_that_reaches_past_the_end_is_no_rebound() -> None:
    """With seconds of one row after the event there is no figure, not one of nearly nothing."""
    stored = power_rows(0, HOUR, 2.0, event_id=E1) + power_rows(HOUR, HOUR + 30, 6.0)
    (rebound, payback) = ((found := after_event(Trace.of(stored), EVENT, [], STEPS)).rebound, found.payback)
    assert rebound is not None
    assert payback is not None
    assert (rebound.kwh, payback.kwh) == (None, None)
