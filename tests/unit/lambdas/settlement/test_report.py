"""An event's report: its time, what was requested and dispatched, who took part, series and notes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts.api.reports import Baseline, EventReport, Quality
from contracts.wire import codec
from contracts.wire.events import Signal
from contracts.wire.ids import EventId
from lambdas.settle_event.logic import report as report_module
from lambdas.settle_event.logic.report import report_item, settlement_context, too_large, without_vens
from lambdas.settle_event.logic.timeline import event_timeline
from lambdas.shared.power_traces import Window
from tests.support.settled_event import (
    FULL,
    HOUR,
    START,
    TEN,
    THREE_KW,
    SettledEvent,
    event_of_one,
    event_of_two,
    event_row,
    interval,
    plan,
    power_rows,
)


@pytest.mark.parametrize(
    ("duration_s", "before_s", "step_s", "count"),
    [
        (60, 60, 5, 36),
        (120, 60, 5, 48),
        (122, 61, 5, 48),
        (600, 300, 5, 240),
        (602, 301, 10, 120),
        (1200, 600, 10, 240),
        (1202, 601, 15, 160),
        (1800, 900, 15, 240),
        (1802, 901, 30, 120),
        (3600, 1800, 30, 240),
        (3602, 1801, 60, 120),
        (7200, 3600, 60, 240),
        (7260, 3600, 120, 120),
        (21_600, 3600, 120, 240),
        (21_601, 3600, 300, 96),
        (64_800, 3600, 300, 240),
        (64_801, 3600, 600, 120),
        (136_800, 3600, 600, 240),
        (136_801, 3600, 900, 160),
        (208_800, 3600, 900, 240),
        (208_801, 3600, 1800, 120),
        (424_800, 3600, 1800, 240),
        (424_801, 3600, 3600, 120),
        (604_800, 3600, 3600, 170),
    ],
)
def test_a_series_has_at_most_240_steps_of_a_round_length(
    duration_s: int, before_s: int, step_s: int, count: int
) -> None:
    """It shows half the event's length to either side, a minute at least and an hour at most.

    The shortest round step with which that makes no more than 240 steps is taken.
    """
    event = event_row()
    timeline = event_timeline(event, [plan([interval(duration_s, 3.0)], {"a": [3.0]})])
    assert settlement_context(event, timeline).series == (START - before_s, step_s, count)


def test_a_series_longer_than_any_step_has_240_of_them() -> None:
    """Two weeks by two plans, with an hour to either side: 1,216,800 s in 240 steps of 5070 s."""
    event = event_row()
    week = interval(604_800, 3.0)
    plans = [
        plan([week], {"a": [3.0]}),
        plan([week], {"a": [3.0]}, from_ts=START + 604_800, start_ts=START + 604_800),
    ]
    context = settlement_context(event, event_timeline(event, plans))
    assert context.series == (START - HOUR, 5070.0, 240)


def test_an_event_of_which_nothing_came_into_force_has_no_length() -> None:
    """Cancelled before its start, its time is its start, with a minute to either side."""
    event = event_row(cancelled_ts=START - 60)
    context = settlement_context(event, event_timeline(event, [plan(THREE_KW, {"a": [3.0]})]))
    assert context.frame.event == Window(START, START)
    assert context.series == (START - 60, 5, 24)


def test_an_events_time_is_that_of_the_fleet_and_of_every_ven() -> None:
    """A randomised start moves one VEN to before the operator's time and another to after it."""
    event = event_row(randomize_start_s=900)
    ids = [f"ven-{number}" for number in range(20)]
    offsets_s = {ven_id: event.start_offset_s(ven_id) for ven_id in ids}
    early, late = (
        min(ids, key=lambda ven_id: offsets_s[ven_id]),
        max(ids, key=lambda ven_id: offsets_s[ven_id]),
    )
    assert offsets_s[early] < 0 < offsets_s[late]
    vens = {early: [1.5], late: [1.5]}
    context = settlement_context(event, event_timeline(event, [plan(THREE_KW, vens)]))
    assert context.frame.event == Window(START + offsets_s[early], START + HOUR + offsets_s[late])
    assert context.requested_window == Window(START, START + HOUR)
    alone = settlement_context(event, event_timeline(event, [plan(THREE_KW, {})]))
    assert alone.frame.event == Window(START, START + HOUR)


def test_requested_and_dispatched_are_energies_over_the_time_requested() -> None:
    """3 kW for a half hour and 1 kW for the next are 2 kWh; the VENs were called for 3.2 and 1.2 kW."""
    intervals = [interval(1800, 3.0), interval(1800, 1.0)]
    whole = SettledEvent([plan(intervals, {"a": [2.0, 1.0], "b": [1.2, 0.2]})]).report()
    assert (whole.start_ts, whole.end_ts) == (START, START + HOUR)
    assert (whole.requested_kwh, whole.requested_kw, whole.dispatched_kw) == (2.0, 2.0, 2.2)
    assert [(part.requested_kw, part.dispatched_kw) for part in whole.intervals] == [(3.0, 3.2), (1.0, 1.2)]
    assert [(part.start_ts, part.end_ts) for part in whole.intervals] == [
        (START, START + 1800),
        (START + 1800, START + HOUR),
    ]


@pytest.mark.parametrize(
    ("reported_kw", "requested_kwh", "intervals"),
    [
        (2.0, 2.0, [(3.0, 2.0), (2.0, 2.0)]),
        (0.5, 1.5, [(3.0, 2.0), (0.5, 0.5)]),
        (None, 1.5, [(3.0, 2.0), (0.0, 0.0)]),
    ],
)
def test_a_level_is_requested_in_the_power_that_the_vens_make_of_it(
    reported_kw: float | None, requested_kwh: float, intervals: list[tuple[float, float]]
) -> None:
    """3 kW for a half hour, of which 2 kW are dispatched, then a level: the VEN reports what it makes of it.

    Never less is requested of all than the power to shed: 1.5 kWh. The interval of that power stays as it is.
    """
    rows = power_rows(0, HOUR, 2.0, requested_kw=reported_kw)
    plans = [plan([interval(1800, 3.0), interval(1800, 2, Signal.LEVEL)], {"a": [2.0, 2]})]
    whole = SettledEvent(plans, {"a": rows}).report()
    assert whole.requested_kwh == pytest.approx(requested_kwh)
    assert [(part.requested_kw, part.dispatched_kw) for part in whole.intervals] == intervals


def test_a_second_that_was_requested_has_its_power() -> None:
    """Cancelled a second after its start, 3 kW were requested for that second."""
    whole = event_of_one(event=event_row(cancelled_ts=START + 1)).report()
    assert (whole.requested_kw, whole.dispatched_kw, whole.end_ts) == (3.0, 3.0, START + 1)
    assert whole.cancelled


def test_nothing_is_requested_in_no_time() -> None:
    """Cancelled before its start, the event has no power, no energy, and nobody who took part."""
    whole = event_of_one(event=event_row(cancelled_ts=START - 1)).report()
    assert (whole.requested_kw, whole.dispatched_kw, whole.requested_kwh) == (0.0, 0.0, 0.0)
    assert (whole.start_ts, whole.end_ts, whole.quality, whole.preliminary) == (START, START, None, False)
    assert whole.participation is not None
    assert whole.participation.called == 0
    assert not event_of_one().report().cancelled


def test_an_event_cancelled_at_its_start_has_the_time_of_the_vens_that_began_early() -> None:
    """The operator's time is empty then; a VEN whose start was moved ahead took part until then."""
    event = event_row(randomize_start_s=900, cancelled_ts=START)
    early = min((f"ven-{number}" for number in range(20)), key=event.start_offset_s)
    began_ts = START + event.start_offset_s(early)
    whole = SettledEvent([plan(THREE_KW, {early: [3.0]})], event=event).report()
    assert (whole.start_ts, whole.end_ts) == (int(began_ts), START)
    assert (whole.requested_kw, whole.dispatched_kw) == (0.0, 3.0)
    assert whole.preliminary


@pytest.mark.parametrize(("early_s", "preliminary"), [(1, True), (0, False)])
def test_a_report_is_final_once_all_that_adjusts_it_is_stored(early_s: int, preliminary: bool) -> None:
    """That is four hours after the end, and a quarter of an hour for rows that are late."""
    final_ts = START + HOUR + 4 * HOUR + 900
    whole = event_of_one().report(settled_ts=final_ts - early_s)
    assert (whole.final_from_ts, whole.settled_ts) == (final_ts, final_ts - early_s)
    assert whole.preliminary is preliminary


def test_figures_are_rounded_to_six_digits() -> None:
    """A third is 0.333333, at any depth; whole numbers stay whole."""
    rows = [*power_rows(0, HOUR, 2.0), *power_rows(HOUR, 2 * HOUR, 5.0 + 1 / 3)]
    whole = event_of_one(plans=[plan([interval(HOUR, 1 / 3)], {"a": [2 / 3]})], rows={"a": rows}).report()
    assert (whole.requested_kw, whole.vens[0].requested_kw) == (0.333333, 0.666667)
    assert (whole.rebound_1h_kwh, whole.intervals[0].dispatched_kw) == (0.333333, 0.666667)
    assert whole.start_ts == START


def test_the_rebound_is_known_once_it_is_of_every_ven() -> None:
    """6 kW beside a clone of 5 in the hour after: 1 kWh each. Of one of two it is no rebound of the fleet.

    A VEN that sent nothing in the event is waited for no longer.
    """
    after = [*FULL, *power_rows(HOUR, 2 * HOUR, 6.0)]
    assert event_of_two(rows={"a": after, "b": after}).report().rebound_1h_kwh == pytest.approx(2.0)
    assert event_of_two(rows={"a": after, "b": FULL}).report().rebound_1h_kwh is None
    assert event_of_two(rows={"a": after}).report().rebound_1h_kwh == pytest.approx(1.0)
    assert event_of_two().report().rebound_1h_kwh is None


def test_a_report_says_which_baseline_was_meant_and_why_another_settles() -> None:
    """As fields, so that nobody has to read notes for it; the time zone is the sites'."""
    report = event_of_one(days_kw=TEN[:4]).report(baseline="caiso_10_of_10")
    assert (report.settled_by, report.program_baseline) == ("meter_before", "caiso_10_of_10")
    assert report.instead_because == "needs 5 of 10 weekdays, has 4"
    report = event_of_one(days_kw=TEN).report(baseline="caiso_10_of_10")
    assert (report.settled_by, report.program_baseline) == ("caiso_10_of_10", "caiso_10_of_10")
    assert (report.instead_because, report.time_zone) == (None, "UTC")


def test_participation_counts_the_vens_that_were_called() -> None:
    """Of four called: three answered, two delivered half (one just that), one opted out, one sent nothing."""
    vens = {"a": [3.0], "b": [3.0], "c": [3.0], "d": [3.0]}
    rows = {
        "a": power_rows(0, HOUR, 2.0),
        "b": power_rows(0, HOUR, 3.5),
        "c": power_rows(0, HOUR, 3.6),
    }
    opt_out = {"ts": START + 600, "data": {"optOut": {"reason": "comfort"}}}
    acks = {
        "a": {"active": {"ts": START + 2}},
        "b": {"active": {"ts": START + 4}},
        "c": {"active": {"ts": START + 12}, "optedOut": opt_out},
    }
    participation = SettledEvent([plan(THREE_KW, vens)], rows, acks).report().participation
    assert participation is not None
    counts = (participation.called, participation.answered, participation.delivered)
    assert counts == (4, 3, 2)
    assert (participation.opted_out, participation.silent) == (1, 1)
    assert participation.reasons == {"comfort": 1}
    assert (participation.response_s, participation.slowest_response_s) == (4.0, 12.0)


def test_who_was_called_for_nothing_has_delivered_nothing() -> None:
    """Half of nothing is no delivery; without acks nobody has responded."""
    participation = event_of_one(plans=[plan([interval(HOUR, 0.0)], {"a": [0.0]})]).report().participation
    assert participation is not None
    assert (participation.called, participation.delivered, participation.answered) == (1, 0, 0)
    assert (participation.response_s, participation.slowest_response_s) == (None, None)


def test_a_fleets_quality_is_all_rows_the_mean_coverage_and_the_longest_gap() -> None:
    """60 rows and 30: a coverage of 1 and a half, a gap of half an hour."""
    half = power_rows(0, 1800, 2.0)
    assert event_of_two(rows={"a": FULL, "b": half}).report().quality == Quality(
        rows=90, coverage=0.75, longest_gap_s=1800.0
    )


@pytest.mark.parametrize(
    ("days_kw", "rows", "baseline", "settled_by"),
    [
        (TEN, FULL, "caiso_10_of_10", "caiso_10_of_10"),
        (TEN[:3], FULL, "caiso_10_of_10", "meter_before"),
        ((), FULL[4 * 60 :], "caiso_10_of_10", "clone"),
        (TEN, FULL, "clone", "clone"),
        (TEN, (), "caiso_10_of_10", None),
    ],
)
def test_an_event_is_settled_by_the_programs_baseline_or_one_that_needs_no_days(
    days_kw: tuple[float, ...], rows: Any, baseline: Baseline, settled_by: Baseline | None
) -> None:
    """Without enough days the hour before settles it, without that the clone, without rows nothing."""
    whole = event_of_one(days_kw=days_kw, rows={"a": rows}).report(baseline=baseline)
    assert whole.settled_by == settled_by
    assert (whole.instead_because is None) is (settled_by == baseline)


@pytest.mark.parametrize(
    ("baseline", "days_kw", "baseline_kw"),
    [
        ("clone", (), (5.0, 5.0, 5.0)),
        ("meter_before", (), (1.0, 1.0, 1.0)),
        ("caiso_10_of_10", TEN, (1.0, 5.5, 1.0)),
    ],
)
def test_a_series_shows_the_baseline_that_settles(
    baseline: Baseline, days_kw: tuple[float, ...], baseline_kw: tuple[float, ...]
) -> None:
    """Before, in and after the event 1, 2 and 6 kW are drawn; 3 kW are requested in it."""
    rows = [*FULL, *power_rows(HOUR, 2 * HOUR, 6.0)]
    series = event_of_one(rows={"a": rows}, days_kw=days_kw).report(baseline=baseline).series
    assert series is not None
    assert (series.start_ts, series.step_s, len(series.used_kw)) == (START - 1800, 30.0, 240)
    at = (59, 60, 180)
    assert [series.used_kw[step] for step in at] == [1.0, 2.0, 6.0]
    assert [series.clone_kw[step] for step in at] == [5.0, 5.0, 5.0]
    assert tuple(series.baseline_kw[step] for step in at) == baseline_kw
    assert [series.requested_kw[step] for step in (59, 60, 179, 180)] == [None, 3.0, 3.0, None]


def test_a_series_of_nobody_says_what_was_requested() -> None:
    """Without a row nothing settles and nothing is drawn; without a VEN there is no series."""
    series = event_of_one(rows={}).report().series
    assert series is not None
    nothing = (None,) * 240
    assert (series.used_kw, series.clone_kw, series.baseline_kw) == (nothing, nothing, nothing)
    assert series.requested_kw[60] == 3.0
    assert event_of_one(plans=[plan(THREE_KW, {})]).report().series is None


def test_a_report_up_to_300_kib_stands_in_one_item() -> None:
    """Its size is that of its JSON: 307,200 bytes fit, one more do not."""
    whole = event_of_one().report()
    room = 300 * 1024 - len(codec.encode(msgspec.structs.replace(whole, notes=("",))))
    fits, not_any_more = (msgspec.structs.replace(whole, notes=("x" * size,)) for size in (room, room + 1))
    assert len(codec.encode(fits)) == 307_200
    assert (too_large(fits), too_large(not_any_more)) == (False, True)
    assert report_module.REPORT_MAX_BYTES < 400_000


def test_a_report_without_its_vens_says_where_they_are() -> None:
    """The notes that there were stay before it."""
    whole = event_of_two(rows={"a": FULL}).report()
    bare = without_vens(whole)
    assert (bare.vens, bare.notes) == (
        (),
        (*whole.notes, "the reports of 2 VENs stand under their parts of the event"),
    )
    assert bare.delivered == whole.delivered


def test_a_reports_item_is_read_back_as_the_report() -> None:
    """It stands beside the event, with the time by which a repeat is told, until the event goes."""
    whole = event_of_one().report()
    item = report_item(whole, START + 7)
    assert msgspec.convert(item.pop("report"), EventReport) == whole
    assert item == {
        "eventId": EventId("e1"),
        "part": "REPORT",
        "settledTs": whole.settled_ts,
        "expiresTs": START + 7,
    }
