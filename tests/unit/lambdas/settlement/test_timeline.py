"""The operator's stretches of an event, and the energy that a VEN reports to be requested in a window."""

from __future__ import annotations

import pytest

from contracts.wire.events import Signal
from lambdas.settle_event.logic.energy import PowerRow, Trace, Window
from lambdas.settle_event.logic.timeline import EventTimeline, Segment, VenTimeline

HOUR = Window(0.0, 3600.0)


def segment(start_s: float, end_s: float, kw: float = 3.0) -> Segment:
    """A stretch of a planned hour in which power is to be shed."""
    return Segment(Window(start_s, end_s), Signal.SHED_KW, kw, HOUR)


def test_a_redispatch_divides_no_interval() -> None:
    """Plans of each minute that request the same are one stretch; another request begins another."""
    fleet = VenTimeline((segment(0, 60), segment(60, 120), segment(120, 3600, kw=2.0)))
    assert EventTimeline(fleet, {}).intervals() == (Window(0, 120), Window(120, 3600))


def test_a_gap_in_the_requests_divides_an_interval() -> None:
    """What was not requested in between is no part of a stretch."""
    fleet = VenTimeline((segment(0, 60), segment(120, 180)))
    assert EventTimeline(fleet, {}).intervals() == (Window(0, 60), Window(120, 180))


def test_energy_requested_is_of_the_rows_within_the_window() -> None:
    """3 kW for half of one row and half of the next are 3 kW over a minute; later rows add nothing."""
    rows = [
        PowerRow(timestamp=ts, used_power_kw=1.0, baseline_power_kw=4.0, requested_reduction_kw=3.0)
        for ts in (60, 120, 180, 240, 300)
    ]
    assert Trace.of(rows).requested_kwh(Window(90.0, 150.0)) == pytest.approx(3.0 / 60)
