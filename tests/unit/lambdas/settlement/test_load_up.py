"""The report of an event that requested more power: what was drawn above the baseline is its delivery."""

from __future__ import annotations

import pytest

from contracts.wire.events import Signal
from tests.support.settled_event import HOUR, START, SettledEvent, event_row, interval, plan, power_rows

MORE = [interval(HOUR, 2.0, Signal.LOAD_UP_KW)]
DAYS_KW = (5.0, 5.2, 4.8, 5.1, 4.9, 5.0, 5.0, 5.0, 5.0, 5.0)


def one(used_kw: float) -> SettledEvent:
    """A VEN that was called for 2 kW more for an hour, and drew *used_kw* where 5 would have been drawn."""
    rows = power_rows(-4 * HOUR, 0, 5.0) + power_rows(0, HOUR, used_kw)
    return SettledEvent(
        plans=[plan(MORE, {"a": [2.0]})],
        rows={"a": rows},
        days_kw=DAYS_KW,
        event=event_row(intervals=tuple(MORE)),
    )


def test_what_is_drawn_above_each_baseline_is_delivered() -> None:
    """Two kilowatts more were requested and 1.8 are there, by the clone, by the meter and by days before."""
    report = one(6.8).report()
    assert report.loads_up
    assert report.requested_kwh == pytest.approx(2.0)
    assert report.delivered["clone"].delivered_kwh == pytest.approx(1.8)
    for name in ("clone", "meter_before", "residential_5_of_10"):
        for delivered in (report.delivered[name], report.vens[0].delivered[name]):
            more_kw = pytest.approx(6.8 - delivered.baseline_kw)
            assert (delivered.delivered_kw, *delivered.intervals_kw) == (more_kw, more_kw), name
    assert report.participation is not None
    assert report.participation.delivered == 1


def test_a_band_of_more_has_its_lower_end_first() -> None:
    """The band of a reduction, turned around, holds the delivery."""
    delivered = one(6.8).report().delivered["residential_5_of_10"]
    assert delivered.low_kw is not None
    assert delivered.high_kw is not None
    assert delivered.low_kw < delivered.delivered_kw < delivered.high_kw


def test_a_load_up_s_circuits_are_told_by_what_they_drew_more() -> None:
    """A VEN tells what its circuits drew less; the report has the event's direction, and no false alarm."""
    event = one(6.8)
    event.acks = {
        "a": {
            "active": {"ts": START, "circuits": [{"id": "ev1", "name": "Car", "curtailed_kw": -2.0}]},
            "completed": {"ts": START + HOUR, "data": {"circuitsKwh": {"ev1": -1.8}}},
        }
    }
    report = event.report()
    (circuit,) = report.circuits
    assert circuit.delivered_kwh == pytest.approx(1.8)
    assert circuit.curtailed_kw == pytest.approx(2.0)
    assert not [note for ven in report.vens for note in ven.notes if "circuits" in note]


def test_a_shed_in_a_load_up_is_the_opposite_of_what_was_requested() -> None:
    """It is not paid as a delivery."""
    report = one(4.0).report()
    assert report.delivered["clone"].delivered_kw == pytest.approx(-1.0)
    assert report.participation is not None
    assert report.participation.delivered == 0
