"""One VEN's report: its time, what was requested of it, how it took part, and what its rows are worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from contracts.api.reports import Quality
from contracts.wire.events import Signal
from lambdas.settle_event.logic.ven_delivery import meter_before_kw
from lambdas.shared.power_traces import Trace
from tests.support.settled_event import (
    E1,
    FULL,
    HOUR,
    START,
    SettledEvent,
    event_row,
    interval,
    plan,
    power_rows,
)

PLAN = plan([interval(1800, 3.0), interval(1800, 1.0)], {"a": [2.0, 0.5]})
BEFORE = power_rows(-4 * HOUR, 0, 1.0)


def one(**fields: Any) -> SettledEvent:
    """3 and 1 kW for half an hour each, of which one VEN was called for 2 and 0.5 kW."""
    return SettledEvent(**({"plans": [PLAN], "rows": {"a": FULL}} | fields))


def test_a_ven_is_reported_with_what_was_dispatched_to_it() -> None:
    """1 kWh and 0.25: 1.25 kW on the mean; it drew 2 kW and its clone 5."""
    ven = one().ven()
    assert (ven.ven_id, ven.start_ts, ven.end_ts) == ("a", START, START + HOUR)
    assert (ven.requested_kwh, ven.requested_kw, ven.requested_intervals_kw) == (1.25, 1.25, (2.0, 0.5))
    assert ven.used_kw == pytest.approx(2.0)
    assert ven.delivered["clone"].intervals_kw == (pytest.approx(3.0), pytest.approx(3.0))
    assert ven.delivered["meter_before"].intervals_kw == (pytest.approx(-1.0), pytest.approx(-1.0))
    assert ven.quality == Quality(rows=60, coverage=1.0, longest_gap_s=0.0)
    assert ven.notes == ()


def test_a_level_is_requested_as_the_ven_reports_it() -> None:
    """2 kW to shed for half an hour, then a level of which it makes 0.8 kW: 1.4 kWh."""
    plans = [plan([interval(1800, 2.0), interval(1800, 2, Signal.LEVEL)], {"a": [2.0, 2]})]
    ven = one(plans=plans, rows={"a": power_rows(0, HOUR, 2.0, requested_kw=0.8)}).ven()
    assert ven.requested_kwh == pytest.approx(1.4)
    assert ven.requested_intervals_kw == (pytest.approx(2.0), pytest.approx(0.8))


def test_a_ven_cancelled_before_its_start_has_nothing_measured() -> None:
    """No power, no coverage, no rebound, and a note instead of those on telemetry."""
    ven = one(event=event_row(cancelled_ts=START)).ven()
    assert (ven.requested_kw, ven.requested_kwh, ven.rebound_1h_kwh, ven.used_kw) == (0.0, 0.0, None, None)
    assert (ven.quality, ven.delivered) == (Quality(rows=0, coverage=0.0, longest_gap_s=0.0), {})
    assert ven.notes == ("cancelled before it started",)


def test_a_ven_cancelled_after_a_second_was_called_for_it() -> None:
    """A second is a time: 2 kW, covered whole."""
    ven = one(event=event_row(cancelled_ts=START + 1)).ven()
    assert (ven.requested_kw, ven.quality.coverage, ven.notes) == (2.0, 1.0, ())
    assert ven.requested_intervals_kw == (2.0,)
    assert ven.rebound_1h_kwh == pytest.approx(-3.0 * (HOUR - 1) / HOUR)


@pytest.mark.parametrize(
    ("covered_s", "note"),
    [
        (0, "clone: no telemetry in the event"),
        (60, "telemetry covers 2% of the event"),
        (3180, "telemetry covers 88% of the event"),
        (3240, None),
    ],
)
def test_telemetry_that_covers_less_than_nine_tenths_is_noted(covered_s: int, note: str | None) -> None:
    """Nine tenths are enough; none at all is another note."""
    ven = one(rows={"a": [*BEFORE, *power_rows(0, covered_s, 2.0)]}).ven()
    assert ven.notes == (() if note is None else (note,))
    assert ven.quality.coverage == pytest.approx(covered_s / HOUR)


def test_a_ven_without_rows_before_the_event_says_so() -> None:
    """There is no baseline by the hour before; a row two hours before is none either."""
    for rows in ([], power_rows(-3 * HOUR, -2 * HOUR, 1.0)):
        ven = one(rows={"a": [*rows, *power_rows(0, HOUR, 2.0)]}).ven()
        assert ven.notes == ("meter_before: no telemetry in the hour before the event",)


@pytest.mark.parametrize(
    ("rows", "mean_kw"),
    [
        ([*power_rows(-2 * HOUR, -HOUR, 9.0), *power_rows(-HOUR, 0, 3.0)], 3.0),
        ([*power_rows(-HOUR, -1800, 3.0), *power_rows(-1800, 0, 1.0)], 2.0),
        ([*power_rows(-HOUR, -30, 3.0), *power_rows(-30, HOUR, 9.0)], 3.0),
        (power_rows(0, HOUR, 9.0), None),
    ],
)
def test_the_hour_before_ends_with_the_last_row_before_the_start(rows: Any, mean_kw: float | None) -> None:
    """What was drawn earlier, or over the start, is no part of it."""
    found = meter_before_kw(Trace.of(rows), START)
    assert found == (None if mean_kw is None else pytest.approx(mean_kw))


@pytest.mark.parametrize(
    ("after", "restored", "rebound_kwh"),
    [
        ([], None, None),
        (power_rows(HOUR, HOUR + 60, 6.0), True, None),
        (power_rows(HOUR, HOUR + 3210, 6.0), True, None),
        (power_rows(HOUR, HOUR + 3240, 6.0), True, 0.9),
        (power_rows(HOUR, HOUR + 60, 6.0, event_id=E1), False, None),
        (
            [*power_rows(HOUR, HOUR + 1800, 6.0), *power_rows(HOUR + 1800, 2 * HOUR, 1.0, event_id="e2")],
            True,
            None,
        ),
        ([*power_rows(HOUR, 2 * HOUR, 6.0, event_id=E1), *power_rows(2 * HOUR, 3 * HOUR, 9.0)], True, 1.0),
    ],
)
def test_after_the_event_a_ven_is_restored_and_rebounds(
    after: Any, restored: bool | None, rebound_kwh: float | None
) -> None:
    """The last row says whether it still acts on the event; the energy is that of the hour after the end.

    It is not known until nine tenths of that hour are stored, nor where another event was in it.
    """
    ven = one(rows={"a": [*FULL, *after]}).ven()
    assert ven.restored is restored
    assert ven.rebound_1h_kwh == (None if rebound_kwh is None else pytest.approx(rebound_kwh))
    assert ven.quality.rows == 60


@pytest.mark.parametrize(
    ("acks", "expected"),
    [
        ({}, {"acknowledged": False, "response_s": None, "opted_out": False, "metered_kwh": None}),
        ({"near": {"ts": START - 60}}, {"acknowledged": True, "response_s": None}),
        ({"active": {"ts": START + 4}}, {"acknowledged": True, "response_s": 4.0}),
        ({"active": {"ts": START - 4}}, {"response_s": 0.0}),
        ({"ownKwh#0": 1.0, "ownKwh#2": 0.5}, {"acknowledged": False, "metered_kwh": 1.5}),
        ({"optedOut": {"ts": START + 60}}, {"opted_out": True, "opt_out_reason": "without a reason"}),
        (
            {"optedOut": {"ts": START + 60, "data": {"optOut": {"reason": "comfort"}}}},
            {"opted_out": True, "opt_out_reason": "comfort"},
        ),
        ({"refused": {"ts": START}}, {"notes": ("refused by the VEN: without a reason",)}),
        ({"active": {"ts": START, "data": {"byHand": ["ev"]}}}, {"notes": ("taken out by hand: ev",)}),
    ],
)
def test_acks_say_how_a_ven_took_part(acks: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Its phases, its reasons, and what it metered in all of its acting; before its start nobody responds."""
    ven = one(acks={"a": acks}).ven()
    assert {name: getattr(ven, name) for name in expected} == expected


@pytest.mark.parametrize(("every_s", "lost_s", "kw"), [(15, {1815}, 2.0), (10, {1810, 1820}, None)])
def test_a_step_of_the_series_is_known_where_half_of_it_is_stored(
    every_s: int, lost_s: set[int], kw: float | None
) -> None:
    """Of the 30 s from the middle of the event on, 15 s are left, or 10; the steps beside them are whole."""
    rows = [
        row for row in power_rows(-HOUR, HOUR, 2.0, every_s=every_s) if row.timestamp - START not in lost_s
    ]
    (measured,) = one(rows={"a": rows}).measured()
    assert measured.series_used_kw[119:122] == (2.0, kw, 2.0)
    assert measured.series_clone_kw[119:122] == (5.0, None if kw is None else 5.0, 5.0)
    assert measured.called_intervals_s == (1800.0, 1800.0)
    assert measured.covered_intervals_s == (1800.0, 1800.0 - every_s * len(lost_s))
    assert measured.coverage == pytest.approx(1 - every_s * len(lost_s) / HOUR)


def test_a_ven_called_later_is_measured_in_its_own_time() -> None:
    """Called for the second half hour alone: its first interval has no length and no request."""
    first = plan([interval(1800, 3.0), interval(1800, 1.0)], {})
    later = plan([interval(1800, 3.0), interval(1800, 1.0)], {"a": [2.0, 0.5]}, from_ts=START + 1800)
    (measured,) = one(plans=[first, later]).measured()
    assert measured.called_intervals_s == (0.0, 1800.0)
    assert measured.report.requested_intervals_kw == (None, 0.5)
    assert (measured.report.start_ts, measured.report.requested_kwh) == (START + 1800, 0.25)
    assert measured.coverage == 1.0
