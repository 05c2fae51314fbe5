"""The fleet as one load: whose days count, how gaps are filled, and the band around the figure."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from contracts.wire.events import Signal
from lambdas.settle_event.logic.aggregate import Aggregate, aggregate, sum_days, sum_loads
from lambdas.settle_event.logic.day_types import DayType
from lambdas.settle_event.logic.days import Frame, MatchedDay
from lambdas.settle_event.logic.evidence import SettlementContext, VenEvidence
from lambdas.settle_event.logic.timeline import Segment, VenTimeline
from lambdas.settle_event.logic.ven_report import MeasuredVen, measure_ven
from lambdas.shared.power_traces import PowerRow, Trace, Window

START = 20_649 * 86_400 + 17 * 3600
"""Wednesday 15 July 2026, 17:00 UTC."""
EVENT = Window(START, START + 3600)
FRAME = Frame(EVENT)


def day(days_ago: int, *kw: float | None) -> MatchedDay:
    """A weekday of a few quarter hours."""
    return MatchedDay(days_ago, DayType.WEEKDAY, kw)


def context(requested: Window = EVENT) -> SettlementContext:
    """An event of an hour in which the operator requested power over *requested*."""
    return SettlementContext(
        "e1",
        requested,
        FRAME,
        (Window(START, START + 1800), Window(START + 1800, START + 3600)),
        (START, 900.0, 4),
    )


def measured(
    ven_id: str,
    used_kw: float,
    *,
    days_kw: Sequence[float] = (),
    from_ts: float = START,
    until_ts: float = START + 3600,
    of: SettlementContext | None = None,
) -> MeasuredVen:
    """A VEN with 1 kW and a clone of 5 kW, that draws *used_kw* and has rows in that time of the event."""
    times = [*range(START - 4 * 3600 + 60, START + 1, 60), *range(int(from_ts) + 60, int(until_ts) + 1, 60)]
    rows = [
        PowerRow(timestamp=ts, used_power_kw=used_kw if ts > START else 1.0, baseline_power_kw=5.0)
        for ts in times
    ]
    matched_days = tuple(
        MatchedDay(ago, DayType.WEEKDAY, tuple(kw if 16 <= q < 20 else 1.0 for q in range(FRAME.count)))
        for ago, kw in enumerate(days_kw, start=1)
    )
    part = VenTimeline((Segment(EVENT, Signal.SHED_KW, 3.0, EVENT),))
    return measure_ven(VenEvidence(ven_id, part, Trace.of(rows), matched_days), of or context())


TEN = tuple(float(kw) for kw in range(1, 11))


def fleet_of(vens: Sequence[MeasuredVen], of: SettlementContext | None = None) -> Aggregate:
    """The fleet of *vens*."""
    return aggregate(vens, of or context())


def test_a_like_day_counts_when_four_of_five_vens_have_it() -> None:
    """Who has it not stands in it with its own mean: 4 + 4 + 4 + 4 + (2 + 6) / 2 = 20. Three are too few."""
    all_three = (day(1, 1.0), day(2, 4.0), day(3, 9.0))
    vens = [all_three, all_three, all_three, (day(1, 1.0), day(2, 4.0)), (day(1, 2.0), day(4, 6.0))]
    assert sum_days(vens) == (day(1, 6.0), day(2, 20.0))


def test_a_gap_in_a_day_is_filled_by_the_vens_own_mean_of_that_time() -> None:
    """The gap of day 1 is the 6 kW of day 2; a time that a VEN never knows is not known of the fleet."""
    vens = [(day(1, None, 1.0), day(2, 6.0, 1.0)), (day(1, 2.0, None), day(2, 2.0, None))]
    assert sum_days(vens) == (day(1, 8.0, None), day(2, 8.0, None))


def test_a_fleet_of_nobody_has_no_days() -> None:
    """No load, no matched day."""
    assert sum_days([]) == ()


def test_a_load_not_known_counts_as_the_others_while_four_of_five_are() -> None:
    """4 × 3 kW known of five are 15 kW; three of five are too few, and so is none of one."""
    assert sum_loads([[3.0], [3.0], [3.0], [3.0], [None]]) == (15.0,)
    assert sum_loads([[3.0], [3.0], [3.0], [None], [None]]) == (None,)
    assert sum_loads([[None]]) == (None,)


def test_a_fleets_band_holds_its_figure() -> None:
    """Two homes with days of 1 to 10 kW each: 16 kW by the highest five less 4 drawn, low ≤ 12 ≤ high."""
    fleet = fleet_of([measured("a", 2.0, days_kw=TEN), measured("b", 2.0, days_kw=TEN)])
    residential = fleet.delivered["residential_5_of_10"]
    assert (residential.delivered_kw, residential.baseline_kw) == (pytest.approx(12.0), pytest.approx(16.0))
    caiso = fleet.delivered["caiso_10_of_10"]
    # Each home's errors are evenly from −5 to 5 kW, so the middle 80 % is from −4 to 4; together twice that.
    assert (caiso.low_kw, caiso.delivered_kw, caiso.high_kw) == (
        pytest.approx(-1.0),
        pytest.approx(7.0),
        pytest.approx(15.0),
    )
    assert caiso.delivered_kwh == pytest.approx(7.0)
    assert caiso.intervals_kw == (pytest.approx(7.0), pytest.approx(7.0))
    assert caiso.vens == 2


def test_delivery_is_a_mean_over_the_time_that_was_requested() -> None:
    """VENs took part for an hour, half of it requested: 3.5 kWh are 7 kW over that half."""
    half = context(Window(START, START + 1800))
    fleet = fleet_of([measured("a", 2.0, days_kw=TEN, of=half)], half)
    caiso = fleet.delivered["caiso_10_of_10"]
    assert (caiso.delivered_kw, caiso.delivered_kwh) == (pytest.approx(7.0), pytest.approx(3.5))
    assert (caiso.low_kw, caiso.high_kw) == (pytest.approx(-1.0), pytest.approx(15.0))
    clone = fleet.delivered["clone"]
    assert (clone.delivered_kw, clone.delivered_kwh) == (pytest.approx(6.0), pytest.approx(3.0))


def test_delivery_when_nothing_was_requested_is_a_mean_over_the_events_time() -> None:
    """An event that the operator requests nothing of has its VENs' time."""
    nothing = context(Window(0.0, 0.0))
    fleet = fleet_of([measured("a", 2.0, days_kw=TEN, of=nothing)], nothing)
    assert fleet.delivered["caiso_10_of_10"].delivered_kw == pytest.approx(3.5)
    assert fleet.delivered["clone"].delivered_kw == pytest.approx(3.0)


def test_a_sparse_ven_is_no_part_of_a_matched_fleet() -> None:
    """With less than 90 % of the event stored a VEN is left out of the rules, and counts in the clone."""
    sparse = measured("b", 2.0, days_kw=TEN, until_ts=START + 3180)
    fleet = fleet_of([measured("a", 2.0, days_kw=TEN), sparse])
    assert [ven.report.ven_id for ven in fleet.members["caiso_10_of_10"]] == ["a"]
    assert [ven.report.ven_id for ven in fleet.members["clone"]] == ["a", "b"]
    enough = measured("b", 2.0, days_kw=TEN, until_ts=START + 3240)
    fleet = fleet_of([measured("a", 2.0, days_kw=TEN), enough])
    assert len(fleet.members["caiso_10_of_10"]) == 2


def test_why_there_is_no_baseline_is_what_most_vens_say() -> None:
    """Two VENs have three weekdays and one has none: the fleet's reason is that of the two."""
    vens = [measured("a", 2.0), measured("b", 2.0, days_kw=TEN[:3]), measured("c", 2.0, days_kw=TEN[:3])]
    assert str(fleet_of(vens).reasons["caiso_10_of_10"]) == "needs 5 of 10 weekdays, has 3"


def test_without_telemetry_the_reason_says_so() -> None:
    """A VEN with days before but without the event's rows has a baseline and nothing to hold against it."""
    silent = measured("a", 2.0, days_kw=TEN, until_ts=START)
    fleet = fleet_of([silent])
    assert str(fleet.reasons["caiso_10_of_10"]) == "no VEN has telemetry enough in the event"
    assert "caiso_10_of_10" not in fleet.delivered
    assert "clone" not in fleet.delivered


def test_a_summed_interval_is_a_mean_over_all_of_it() -> None:
    """*b* is stored for the second half hour alone: 3 kW of *a* in the first, 3 + 3 in the second."""
    late = measured("b", 2.0, from_ts=START + 1800)
    fleet = fleet_of([measured("a", 2.0), late])
    first, second = fleet.delivered["clone"].intervals_kw
    assert (first, second) == (pytest.approx(3.0), pytest.approx(6.0, rel=0.01))


def test_the_hour_before_is_scored_on_the_sum() -> None:
    """1 kW each before where the clones drew 5 each: 80 % too little; the clone is not scored by itself."""
    fleet = fleet_of([measured("a", 2.0), measured("b", 2.0)])
    score = fleet.delivered["meter_before"].score
    assert score is not None
    assert (score.bias_percent, score.cvrmse_percent) == (pytest.approx(-80.0), pytest.approx(80.0))
    assert fleet.delivered["meter_before"].baseline_kw == pytest.approx(2.0)
    assert fleet.delivered["clone"].score is None


def test_a_ven_that_knows_no_weekday_takes_no_part_in_the_fleets_weekdays() -> None:
    """It has a Saturday alone: of the weekday, which four of five know, nothing is known of the fleet."""
    saturday = MatchedDay(4, DayType.SATURDAY, (3.0,))
    vens = [(day(1, 2.0), saturday)] * 4 + [(saturday,)]
    assert sum_days(vens) == (day(1, None), MatchedDay(4, DayType.SATURDAY, (15.0,)))
