"""`settle_event` over days and plans: the program's baseline, what was asked when, VENs' standing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts.api.reports import EventReport
from contracts.store.keys import REPORT_SORT_KEY, Key, day_row_id, telemetry_row_id, ven_sort_key
from lambdas.dispatch_event.handler import handler as dispatch_handler
from lambdas.settle_event import adapters as adapters_module
from lambdas.settle_event.handler import handler
from lambdas.settle_event.history import History
from lambdas.settle_event.logic.days import DAY_S, QUARTERS
from lambdas.shared import clients
from lambdas.shared.schedules import FINAL, PAYBACK, SETTLE
from lambdas.shared.tables import Table
from lambdas.shared.telemetry_rows import TelemetryReader
from ven_twin.operations.bill.events import ROWS_READ_S
from ven_twin.testing.function_world import NOW, Context, World

START = int(NOW) + 3600
"""Friday 15 January 2027, 09:00 UTC."""
END = START + 3600
TODAY = START // DAY_S
NINE = 36
"""The quarter hour of the day that the event starts in."""
HOUR = [{"durationS": 3600, "signal": "shedKw", "value": 3}]


def dispatch(**fields: Any) -> dict[str, Any]:
    """3 kW for an hour from START."""
    return dispatch_handler({"eventId": "e1", "startTs": START, "intervals": HOUR, **fields}, Context())


def report(event_id: str = "e1") -> EventReport:
    """Settle it, and read the answer as the report that it is."""
    return msgspec.convert(handler({"eventId": event_id}, Context()), EventReport)


def row(timestamp: int, used_kw: float, ven_id: str = "house-1", **values: Any) -> dict[str, Any]:
    """One row of telemetry."""
    item = {"venId": ven_id, "rowId": telemetry_row_id(timestamp, "b1", timestamp), "timestamp": timestamp}
    return item | {"usedPowerKw": used_kw, "baselinePowerKw": 5.0, **values}


def rows(world: World, from_ts: int, to_ts: int, used_kw: float, *, every_s: int = 60, **values: Any) -> None:
    """Telemetry in (from_ts, to_ts]."""
    world.add_telemetry(row(at, used_kw, **values) for at in range(from_ts + every_s, to_ts + 1, every_s))


def kept_day(days_ago: int, used_kw: float, ven_id: str = "house-1") -> dict[str, Any]:
    """A day that was made before: *used_kw* from 9 to 10, 1 kW else."""
    kw = [used_kw if NINE <= quarter < NINE + 4 else 1.0 for quarter in range(QUARTERS)]
    return {
        "venId": ven_id,
        "rowId": day_row_id(TODAY - days_ago),
        "usedKw": msgspec.json.encode(kw).decode(),
        "inEvent": "[]",
        "coverage": 1.0,
    }


def event_rows(world: World, used_kw: float = 2.0, ven_id: str = "house-1", **values: Any) -> None:
    """Four hours at 1 kW, then the event's hour; the event is over."""
    rows(world, START - 4 * 3600, START, 1.0, every_s=300, ven_id=ven_id)
    rows(world, START, START + 3600, used_kw, ven_id=ven_id, **values)
    world.now = START + 3720


def ven(world: World, ven_id: str = "house-1") -> dict[str, Any]:
    """The VEN's row."""
    return world.vens.get(Key(ven_id)) or {}


@pytest.fixture
def house(world: World) -> World:
    """One VEN."""
    world.add_ven("house-1")
    return world


@pytest.fixture
def remembered(house: World) -> World:
    """Ten weekdays of 1 to 10 kW from 9 to 10, the latest first, and 3 kW before them; weekends of 50."""
    house.add_telemetry(kept_day(ago, 50.0 if ago % 7 in {5, 6} else 3.0) for ago in range(1, 46))
    for days_ago, used_kw in zip((1, 2, 3, 4, 7, 8, 9, 10, 11, 14), range(1, 11), strict=True):
        house.telemetry.update(Key("house-1", day_row_id(TODAY - days_ago)), {"usedKw": _nine(used_kw)})
    return house


def _nine(used_kw: float) -> str:
    kw = [used_kw if NINE <= quarter < NINE + 4 else 1.0 for quarter in range(QUARTERS)]
    return msgspec.json.encode(kw).decode()


def test_the_default_program_is_settled_by_the_residential_rule(remembered: World) -> None:
    """The five highest of ten, 8 kW, less the 2 kW drawn: 6 kW. The other rules stand beside it."""
    dispatch()
    event_rows(remembered)
    whole = report()
    assert (whole.program, whole.settled_by) == ("default", "residential_5_of_10")
    delivered = {name: found.delivered_kw for name, found in whole.delivered.items()}
    assert delivered == {
        "caiso_10_of_10": pytest.approx(3.5),
        "residential_5_of_10": pytest.approx(6.0),
        "pjm_3_day_types_saa": pytest.approx(1.5),
        "nyiso_5_of_10": pytest.approx(6.0),
        "meter_before": pytest.approx(-1.0),
        "clone": pytest.approx(3.0),
    }
    assert whole.delivered["residential_5_of_10"].delivered_kwh == pytest.approx(6.0)


def test_a_program_names_its_baseline(remembered: World) -> None:
    """The program says caiso_10_of_10: (1 + … + 10) / 10 − 2 = 3.5 kW."""
    remembered.set_program("summer-peak", "caiso_10_of_10")
    dispatch(program="summer-peak")
    event_rows(remembered)
    whole = report()
    assert (whole.program, whole.settled_by) == ("summer-peak", "caiso_10_of_10")
    assert whole.delivered["caiso_10_of_10"].delivered_kw == pytest.approx(3.5)


def test_a_report_that_was_stored_with_its_programme_keeps_it(remembered: World) -> None:
    """A report that an older version settled is handed out with its program."""
    remembered.set_program("summer-peak", "caiso_10_of_10")
    dispatch(program="summer-peak")
    event_rows(remembered)
    settled = report()
    stored = remembered.event_item("e1", REPORT_SORT_KEY)["report"]
    stored["programme"] = stored.pop("program")
    remembered.events.update(Key("e1", REPORT_SORT_KEY), {"report": stored})
    assert report() == settled


def test_without_history_the_hour_before_settles_and_the_report_says_why(house: World) -> None:
    """A stack that was set up today has no days to match."""
    dispatch()
    event_rows(house)
    whole = report()
    assert whole.settled_by == "meter_before"
    assert any("needs 5 of 10 weekdays, has 0" in note for note in whole.notes)


def test_baselines_are_scored_against_the_clone(remembered: World) -> None:
    """8 kW where the clone drew 5: 60 % too much, in every quarter hour."""
    dispatch()
    event_rows(remembered)
    score = report().delivered["residential_5_of_10"].score
    assert score is not None
    assert (score.bias_percent, score.cvrmse_percent) == (pytest.approx(60.0), pytest.approx(60.0))


def test_a_rule_is_applied_to_the_aggregate(world: World) -> None:
    """Two homes whose high days alternate, 9 and 1 kW: together 10 kW each day, and not 9 + 9."""
    for ven_id in ("house-1", "house-2"):
        world.add_ven(ven_id)
    for days_ago in range(1, 20):
        even = days_ago % 2 == 0
        days = kept_day(days_ago, 9.0 if even else 1.0), kept_day(days_ago, 1.0 if even else 9.0, "house-2")
        world.add_telemetry(days)
    dispatch(allocation="proportional")
    for ven_id in ("house-1", "house-2"):
        event_rows(world, 2.0, ven_id)
    whole = report()
    assert whole.delivered["residential_5_of_10"].baseline_kw == pytest.approx(10.0)
    alone = [ven.delivered["residential_5_of_10"].baseline_kw for ven in whole.vens]
    assert sum(alone) == pytest.approx(18.0)


def test_a_days_quarter_hours_are_made_from_its_rows_once(house: World) -> None:
    """The first event reads yesterday's rows and keeps their quarter hours; the next needs no rows."""
    midnight = TODAY * DAY_S
    rows(house, midnight - DAY_S, midnight, 4.0, every_s=300)
    dispatch()
    event_rows(house)
    report()
    day = house.telemetry.get(Key("house-1", day_row_id(TODAY - 1))) or {}
    assert msgspec.json.decode(day["usedKw"]) == [4.0] * QUARTERS
    assert (day["coverage"], day["inEvent"]) == (1.0, "[]")
    empty = house.telemetry.get(Key("house-1", day_row_id(TODAY - 5))) or {}
    assert (empty["coverage"], msgspec.json.decode(empty["usedKw"])) == (0.0, [None] * QUARTERS)


def test_a_day_with_gaps_is_not_kept_while_more_may_come(house: World) -> None:
    """A VEN that was offline yesterday may still send its rows: the day is made anew the next time."""
    midnight = TODAY * DAY_S
    rows(house, midnight - DAY_S, midnight - DAY_S // 2, 4.0, every_s=300)
    dispatch()
    event_rows(house)
    report()
    assert house.telemetry.get(Key("house-1", day_row_id(TODAY - 1))) is None


def test_the_day_of_an_event_is_remembered_as_one(house: World) -> None:
    """Rows that were of an event mark its quarter hours, and the day is no like day."""
    midnight = TODAY * DAY_S
    rows(house, midnight - DAY_S, midnight, 4.0, every_s=300)
    house.add_telemetry([row(midnight - DAY_S + 9 * 3600, 1.0, eventId="before")])
    house.telemetry.update(
        Key("house-1", telemetry_row_id(midnight - 7 * 3600, "b1", midnight - 7 * 3600)),
        {"eventId": "before"},
    )
    dispatch()
    event_rows(house)
    report()
    day = house.telemetry.get(Key("house-1", day_row_id(TODAY - 1))) or {}
    assert msgspec.json.decode(day["inEvent"]) == [(9 * 3600 - 1) // 900, (17 * 3600 - 1) // 900]


def test_history_that_takes_too_long_is_left_and_said(house: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the time for it is up the event is settled by what there is, with a note."""
    monkeypatch.setattr(adapters_module, "HISTORY_SHARE", 0.0)
    dispatch()
    event_rows(house)
    whole = report()
    assert whole.settled_by == "meter_before"
    assert any("could not all be read in time" in note for note in whole.notes)


def test_what_is_asked_follows_the_plans(house: World) -> None:
    """Revised after half an hour from 3 to 1 kW: an hour's 2 kWh, in two intervals."""
    dispatch()
    house.now = START + 1800
    revised = [{"durationS": 3600, "signal": "shedKw", "value": 1}]
    assert dispatch(action="revise", intervals=revised)["ok"]
    rows(house, START, START + 3600, 2.0)
    house.now = START + 3720
    whole = report()
    assert (whole.requested_kwh, whole.requested_kw) == (pytest.approx(2.0), pytest.approx(2.0))
    assert [(each.requested_kw, each.end_ts - each.start_ts) for each in whole.intervals] == [
        (3.0, 1800),
        (1.0, 1800),
    ]
    assert whole.vens[0].requested_intervals_kw == (pytest.approx(3.0), pytest.approx(1.0))


def test_what_a_ven_does_after_it_left_is_not_delivered(house: World) -> None:
    """Opted out half way, it counts to there, by its own marks; the energy is the VEN's own figure."""
    dispatch()
    rows(house, START, START + 1800, 2.0, eventId="e1")
    rows(house, START + 1800, START + 3600, 7.0)
    said = {"ts": START + 1800, "data": {"optOut": {"reason": "economic"}}}
    part = {
        "venId": "house-1",
        "active": {"ts": START + 1},
        "optedOut": said,
        "ownKwh#0": 1.0,
        "ownKwh#2": 0.5,
    }
    house.events.update(Key("e1", ven_sort_key("house-1")), part)
    house.now = START + 3720
    whole = report()
    (one,) = whole.vens
    assert (one.opted_out, one.opt_out_reason, one.metered_kwh) == (True, "economic", 1.5)
    assert one.delivered["clone"].delivered_kwh == pytest.approx(1.5)
    assert whole.delivered["clone"].delivered_kw == pytest.approx(1.5)
    assert whole.participation is not None
    assert (whole.participation.opted_out, whole.participation.reasons) == (1, {"economic": 1})
    assert not any("say themselves" in note for note in whole.notes)


def test_a_ven_whose_own_figure_is_another_is_named_by_a_note(house: World) -> None:
    """Its rows come to 3 kWh, itself it says 2.5: the report says both."""
    dispatch()
    event_rows(house, eventId="e1")
    said = {"venId": "house-1", "completed": {"ts": START + 3600}, "ownKwh#0": 2.5}
    house.events.update(Key("e1", ven_sort_key("house-1")), said)
    assert any("2.500 kWh, their rows 3.000" in note for note in report().notes)


def test_a_level_is_asked_in_the_kw_that_the_ven_makes_of_it(house: World) -> None:
    """The cloud does not know what a level takes; the VEN's rows say it."""
    dispatch(intervals=[{"durationS": 3600, "signal": "level", "value": 2}])
    event_rows(house, eventId="e1", requestedReductionKw=2.5)
    whole = report()
    assert (whole.requested_kw, whole.vens[0].requested_kwh) == (pytest.approx(2.5), pytest.approx(2.5))


def test_a_settled_event_says_how_the_ven_performs(house: World) -> None:
    """Delivered 1.5 of 3 kW: 0.5 at first, then moved by 0.3 towards each event's share; called for 3 kWh."""
    dispatch()
    event_rows(house, 3.5)
    report()
    assert (ven(house)["performance"], ven(house)["calledKwh"]) == (pytest.approx(0.5), pytest.approx(3.0))
    assert ven(house)["lastCalledTs"] == START


def test_an_event_is_counted_once_however_often_it_is_settled(
    house: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut short after the VENs were counted, it is completed by a repeat that counts nothing again."""
    dispatch()
    event_rows(house, 3.5)
    with monkeypatch.context() as patch:
        patch.setattr(clients.iot_data(), "update_thing_shadow", _unavailable)
        with pytest.raises(ConnectionError):
            report()
    report()
    report()
    assert (ven(house)["calledKwh"], ven(house)["countedEvents"]) == (pytest.approx(3.0), ["e1"])


def _unavailable(*_: Any, **__: Any) -> None:
    raise ConnectionError


def test_calls_fade_and_performance_follows(house: World) -> None:
    """30 days later the 3 kWh count half; 3 kW of the 5 called moves 0.5 to 0.5 + 0.3 × (0.6 − 0.5) = 0.53.

    Who delivers half of what it is called for is called for more than is asked: here for all it has, 5 kW.
    """
    month = 30 * DAY_S
    house.vens.update(
        Key("house-1"),
        {"performance": 0.5, "calledKwh": 3.0, "lastCalledTs": START - month, "countedEvents": ["e0"]},
    )
    dispatch()
    event_rows(house, 2.0)
    report()
    row_of = ven(house)
    assert (row_of["performance"], row_of["calledKwh"]) == (pytest.approx(0.53), pytest.approx(6.5))
    assert row_of["countedEvents"] == ["e0", "e1"]


def test_absence_counts_against_performance(house: World) -> None:
    """With a third of the event stored the VEN was called and absent: 0.3 less than who is unknown."""
    dispatch()
    rows(house, START, START + 1200, 2.0)
    house.now = START + 3720
    report()
    assert ven(house)["performance"] == pytest.approx(0.7)
    assert ven(house)["calledKwh"] == pytest.approx(3.0)


def test_a_report_is_made_anew_once_what_follows_is_stored(house: World) -> None:
    """At once it is preliminary; four hours and a quarter after the end it has the rebound, and is final."""
    dispatch()
    event_rows(house)
    first = report()
    assert (first.preliminary, first.rebound_1h_kwh) == (True, None)
    assert first.final_from_ts == START + 3600 + 4 * 3600 + 900
    rows(house, START + 3600, START + 7200, 6.0)
    house.now = first.final_from_ts - 1
    assert report() == first
    house.now += 1
    last = report()
    assert (last.preliminary, last.rebound_1h_kwh) == (False, pytest.approx(1.0))
    house.now = last.payback_from_ts - 1
    assert report() == last
    assert ven(house)["calledKwh"] == pytest.approx(3.0)


def test_a_day_after_the_event_rebound_and_payback_are_counted_to_their_end(house: World) -> None:
    """A report says until when it has counted; what is paid stays as it was when it was final."""
    dispatch()
    event_rows(house)
    first = report()
    assert first.payback_24h is not None
    assert (first.counting, first.payback_from_ts) == (True, END + DAY_S + 900)
    assert (first.payback_24h.whole, first.payback_24h.until_ts) == (False, END)
    rows(house, END, END + 5 * 3600, 6.0)
    house.now = first.final_from_ts
    final = report()
    assert final.rebound_4h is not None
    assert (final.rebound_4h.kwh, final.rebound_4h.whole, final.counting) == (4.0, True, True)
    rows(house, END + 5 * 3600, END + DAY_S + 900, 5.5, every_s=900)
    house.add_telemetry([row(START + 1801, 99.0)])
    house.now = first.payback_from_ts
    last = report()
    assert last.payback_24h is not None
    assert (last.payback_24h.kwh, last.payback_24h.whole, last.counting) == (14.5, True, False)
    assert (last.delivered, last.settled_by, last.notes) == (final.delivered, final.settled_by, final.notes)
    house.now += DAY_S
    assert report() == last
    assert ven(house)["calledKwh"] == pytest.approx(3.0)


def test_each_settlement_reads_the_rows_that_the_bill_counts(
    house: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, four hours and a day after the event: so much of a VEN's rows, to a quarter hour."""
    read: list[tuple[int, int]] = []
    query = Table.query_pages

    def noted(table: Table, reader: Any, *which: Any, **how: Any) -> Any:
        if isinstance(reader, TelemetryReader):
            read.append((reader.from_ts, reader.to_ts))
        return query(table, reader, *which, **how)

    monkeypatch.setattr(Table, "query_pages", noted)
    monkeypatch.setattr(History, "profiles", lambda *_: ({}, True))
    dispatch()
    event_rows(house)
    first = report()
    for settles, at_ts in ((SETTLE, None), (FINAL, first.final_from_ts), (PAYBACK, first.payback_from_ts)):
        if at_ts is not None:
            read.clear()
            house.now = at_ts
            report()
        ((since, until),) = read
        read_s = min(until, house.now) - since
        # An event begins anywhere in a quarter hour, and what is read begins with a whole one.
        assert read_s == pytest.approx(ROWS_READ_S[settles], abs=900)


def test_an_event_that_is_settled_late_has_its_whole_payback_at_once(house: World) -> None:
    """Whoever asks first days after the event has nothing left to wait for."""
    dispatch()
    event_rows(house)
    rows(house, END, END + DAY_S + 900, 6.0, every_s=300)
    house.now = END + 2 * DAY_S
    late = report()
    assert late.payback_24h is not None
    assert (late.payback_24h.kwh, late.payback_24h.whole) == (24.0, True)
    assert (late.preliminary, late.counting) == (False, False)


def test_another_event_cuts_the_count_and_the_report_says_so(house: World) -> None:
    """Power drawn from the next event's start on is not the earlier one's; its id and time are told."""
    dispatch()
    event_rows(house)
    rows(house, END, END + 7200, 6.0)
    rows(house, END + 7200, END + 10_800, 1.0, eventId="e2")
    rows(house, END + 10_800, END + DAY_S + 900, 7.0, every_s=900)
    house.now = END + 2 * DAY_S
    cut = report()
    for part in (cut.rebound_4h, cut.payback_24h):
        assert part is not None
        assert (part.kwh, part.until_ts) == (2.0, END + 7200)
        assert (part.whole, part.cut, part.cut_by) == (False, 1, "e2")


def test_a_report_of_before_is_read_and_counts_no_further(house: World) -> None:
    """A stored report without the newer fields is answered as it stands."""
    dispatch()
    event_rows(house)
    stored = report()
    newer = ("rebound4h", "payback24h", "counting", "paybackFromTs", "bought", "circuits", "cuts")
    item = house.events.get(Key(stored.event_id, REPORT_SORT_KEY))
    assert item is not None
    older = {name: value for name, value in item["report"].items() if name not in newer}
    older |= {"preliminary": False}
    house.events.update(Key(stored.event_id, REPORT_SORT_KEY), {"report": older})
    house.now += 3 * DAY_S
    read = report()
    assert (read.counting, read.payback_24h, read.bought) == (False, None, None)
    assert read.delivered == stored.delivered


def test_of_two_settlements_at_once_one_report_stands(house: World) -> None:
    """Whoever comes second takes the first one's report, with its time."""
    dispatch()
    event_rows(house)
    settle = adapters_module.SettleAdapters.settle

    def slow(self: adapters_module.SettleAdapters, *given: Any, **named: Any) -> EventReport:
        worked_out = settle(self, *given, **named)
        patch.undo()
        house.now += 5
        report()
        return worked_out

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adapters_module.SettleAdapters, "settle", slow)
        stands = report()
    assert stands.settled_ts == house.event_item("e1", "REPORT")["report"]["settledTs"] == START + 3725
    assert ven(house)["calledKwh"] == pytest.approx(3.0)


def test_a_deleted_event_is_not_settled(house: World) -> None:
    """To whoever asks it is gone."""
    dispatch()
    dispatch_handler({"action": "delete", "eventId": "e1"}, Context())
    house.now = START + 3720
    assert handler({"eventId": "e1"}, Context())["code"] == "notFound"


def test_the_last_row_of_what_an_adjustment_looks_at_is_read(remembered: World) -> None:
    """In 16 quarter hours beside the event 1 kW, in the last 2.6: 1.1 of the days' 1 kW, so 8.8 kW less 2."""
    dispatch()
    event_rows(remembered)
    over = START + 3600
    rows(remembered, over, over + 4 * 3600 - 900, 1.0, every_s=900)
    remembered.add_telemetry([row(over + 4 * 3600, 2.6)])
    remembered.now = over + 4 * 3600 + 900
    assert report().delivered["residential_5_of_10"].delivered_kw == pytest.approx(6.8)


def test_an_event_of_a_minute_is_settled(remembered: World) -> None:
    """2 kW drawn for a minute where the days had 8: 6 kW, 0.1 kWh."""
    dispatch(intervals=[{"durationS": 60, "signal": "shedKw", "value": 3}])
    rows(remembered, START - 4 * 3600, START, 1.0, every_s=300)
    rows(remembered, START, START + 60, 2.0, every_s=5)
    remembered.now = START + 180
    found = report().delivered["residential_5_of_10"]
    assert (found.delivered_kw, found.delivered_kwh) == (pytest.approx(6.0), pytest.approx(0.1))


def test_the_report_of_a_second_is_preliminary_as_any_other(house: World) -> None:
    """However short the event was, what adjusts it is stored hours later."""
    dispatch(intervals=[{"durationS": 1, "signal": "shedKw", "value": 3}])
    house.now = START + 60
    assert report().preliminary is True


@pytest.mark.usefixtures("house")
def test_an_event_that_never_began_reads_no_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled before its start it is settled without a look at weeks of rows."""
    dispatch()
    dispatch_handler({"action": "cancel", "eventId": "e1"}, Context())
    monkeypatch.setattr(Table, "query_rows", _unavailable)
    assert report().vens[0].notes == ("cancelled before it started",)


def test_a_report_has_a_series_to_plot(remembered: World) -> None:
    """At most 240 means over the event and what is beside it."""
    dispatch()
    event_rows(remembered)
    series = report().series
    assert series is not None
    assert len(series.used_kw) <= 240
    middle = round((START + 1800 - series.start_ts) / series.step_s)
    assert (series.requested_kw[middle], series.used_kw[middle]) == (3.0, 2.0)
    assert (series.baseline_kw[middle], series.clone_kw[middle]) == (8.0, 5.0)
    assert series.requested_kw[0] is None
