"""Events that were cut: by their operator, by the VEN, by another event, by silence."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.wire.ids import EventId
from tests.support.settled_event import (
    E1,
    FULL,
    HOUR,
    START,
    THREE_KW,
    SettledEvent,
    event_of_one,
    event_row,
    interval,
    plan,
    power_rows,
)

END = START + HOUR


def cuts(**fields: Any) -> list[tuple[str, float, float | None]]:
    """The cuts of an event's only VEN: kind, from and until, in seconds from the event's start."""
    found = event_of_one(**fields).ven().cuts
    return [
        (cut.kind, cut.from_ts - START, None if cut.until_ts is None else cut.until_ts - START)
        for cut in found
    ]


def test_an_event_that_ran_through_has_no_cuts() -> None:
    """Nothing is said where there is nothing to say."""
    whole = event_of_one().report()
    assert (whole.cuts, cuts()) == ((), [])


def test_an_event_cancelled_midway_says_when_and_until_when_it_was_to_go_on() -> None:
    """Cancelled at the half: it was to last another half hour. The VEN's part is no cut of its own."""
    event = event_row(cancelled_ts=START + 1800)
    cancelled = SettledEvent([plan(THREE_KW, {"a": [3.0]})], {"a": FULL}, event=event).report()
    (cut,) = cancelled.cuts
    assert (cut.kind, cut.from_ts, cut.until_ts) == ("cancelled", START + 1800, END)
    assert cancelled.vens[0].cuts == ()


@pytest.mark.parametrize("cancelled_ts", [START - 60, END + 60])
def test_a_cancellation_before_or_after_cuts_nothing(cancelled_ts: int) -> None:
    """Before its start there is nothing to cut, and after its end neither."""
    event = event_row(cancelled_ts=cancelled_ts)
    assert SettledEvent([plan(THREE_KW, {"a": [3.0]})], event=event).report().cuts == ()


def test_a_revision_while_it_ran_is_told_and_a_redispatch_is_not() -> None:
    """Another request from the half on is a revision; other shares of the same request are none."""
    first, shares = plan(THREE_KW, {"a": [3.0]}), plan(THREE_KW, {"a": [2.0]}, from_ts=START + 600)
    shorter = plan([interval(2700, 2.0)], {"a": [2.0]}, from_ts=START + 1800)
    report = SettledEvent([first, shares, shorter], {"a": FULL}).report()
    (cut,) = report.cuts
    assert (cut.kind, cut.from_ts, cut.until_ts) == ("revised", START + 1800, START + 2700)


@pytest.mark.parametrize(("left_s", "from_s"), [(1500, 1500), (-600, 0), (9e9, HOUR)])
def test_an_opt_out_has_its_time_within_the_event(left_s: float, from_s: float) -> None:
    """A VEN's clock may say anything: the time is never outside of its part."""
    acks = {"optedOut": {"ts": START + left_s, "data": {"optOut": {"reason": "guests"}}}}
    (cut,) = event_of_one(acks={"a": acks}).ven().cuts
    assert (cut.kind, cut.from_ts, cut.until_ts, cut.reason) == ("opted_out", START + from_s, END, "guests")


def test_a_ven_called_later_and_let_go_has_both_times() -> None:
    """Called after ten minutes, let go after forty."""
    plans = [
        plan(THREE_KW, {"b": [3.0]}),
        plan(THREE_KW, {"a": [3.0], "b": [1.0]}, from_ts=START + 600),
        plan(THREE_KW, {"b": [3.0]}, from_ts=START + 2400),
    ]
    one, other = SettledEvent(plans, {"a": FULL, "b": FULL}).report().vens
    assert [(cut.kind, cut.from_ts, cut.until_ts) for cut in one.cuts] == [
        ("called_later", START, START + 600),
        ("let_go", START + 2400, END),
    ]
    assert other.cuts == ()


def test_silence_in_a_part_has_its_time_and_none_at_all_is_told_elsewhere() -> None:
    """From 20 to 40 minutes nothing came; two minutes without rows are no silence."""
    rows = [row for row in FULL if not 1200 < row.timestamp - START <= 2400 and row.timestamp != START + 600]
    assert cuts(rows={"a": rows}) == [("silent", 1200, 2400)]
    assert cuts(rows={}) == []


def test_another_event_in_its_time_is_named() -> None:
    """A VEN acts on one event at a time: for ten minutes it acted on another."""
    urgent = EventId("urgent")
    rows = [
        *power_rows(0, 1800, 2.0, event_id=E1),
        *power_rows(1800, 2400, 1.0, event_id=urgent),
        *power_rows(2400, HOUR, 2.0, event_id=E1),
    ]
    (cut,) = event_of_one(rows={"a": rows}).ven().cuts
    assert (cut.kind, cut.event_id, cut.from_ts - START, cut.until_ts) == (
        "other_event",
        urgent,
        1800,
        START + 2400,
    )


def test_no_ven_fills_a_report_with_its_cuts() -> None:
    """However often one falls silent or changes the event that it marks, a few of each kind are kept."""
    rows = [row for row in power_rows(0, 10 * HOUR, 2.0) if (row.timestamp - START) % 1200 < 600]
    plans = [plan([interval(10 * HOUR, 3.0)], {"a": [3.0]})]
    assert len(event_of_one(plans=plans, rows={"a": rows}).ven().cuts) == 3


def test_circuits_are_what_the_ven_says_of_them() -> None:
    """Energy from the ack at the end, power from the one at the start, the most first; the fleet's by id."""
    acks = {
        "active": {"ts": START, "circuits": [{"id": "hvac1", "name": "Heat pump", "curtailed_kw": 2.5}]},
        "completed": {"ts": END, "data": {"circuitsKwh": {"hvac1": 2.25, "heater1": 0.75}}},
    }
    report = event_of_one(acks={"a": acks}).report()
    told = [(one.circuit_id, one.name, one.delivered_kwh, one.curtailed_kw) for one in report.circuits]
    assert told == [("hvac1", "Heat pump", 2.25, 2.5), ("heater1", "heater1", 0.75, None)]
    assert report.vens[0].circuits == report.circuits
    assert not any("circuits" in note for note in report.vens[0].notes)


@pytest.mark.parametrize(
    "acks",
    [
        {"active": {"ts": START, "circuits": "all of them"}},
        {"active": {"ts": START, "circuits": [7, {"id": 7}, {"id": "x", "curtailed_kw": "much"}]}},
        {"completed": {"ts": END, "data": {"circuitsKwh": {"hvac1": 1e9}}}},
        {"completed": {"ts": END, "data": {"circuitsKwh": [1, 2]}}},
    ],
)
def test_what_is_no_circuit_is_as_if_not_said(acks: dict[str, Any]) -> None:
    """Whatever is stored of a VEN's circuits, its report is made."""
    assert event_of_one(acks={"a": acks}).ven().circuits == ()


def test_circuits_that_the_rows_do_not_bear_out_are_noted() -> None:
    """Its rows have 3 kWh less; it says that one circuit gave 30."""
    acks = {"completed": {"ts": END, "data": {"circuitsKwh": {"hvac1": 30.0}}}}
    notes = event_of_one(acks={"a": acks}).ven().notes
    assert "says that its circuits gave 30.000 kWh, where its rows have 3.000" in notes
