"""`settle_event`: what was delivered, by time integrals, against baselines that stay out of the event."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from contracts.api.reports import EventReport, EventResult
from contracts.store import views
from contracts.store.keys import LATEST_ROW, Key, telemetry_row_id
from contracts.wire.ids import EventId
from lambdas.dispatch_event.handler import handler as dispatch_handler
from lambdas.settle_event.handler import handler
from lambdas.shared import clients
from lambdas.shared.event_book import EventBook
from lambdas.shared.shadows import Shadows
from ven_twin.testing.function_world import NOW, Context, World

START = int(NOW) + 3600
HOUR = [{"durationS": 3600, "signal": "shedKw", "value": 3}]


def dispatch(**fields: Any) -> dict[str, Any]:
    """3 kW for an hour from START."""
    return dispatch_handler({"eventId": "e1", "startTs": START, "intervals": HOUR, **fields}, Context())


def settle(event_id: str = "e1") -> dict[str, Any]:
    """Settle it now."""
    return handler({"eventId": event_id}, Context())


def report(event_id: str = "e1") -> EventReport:
    """Settle it, and read the answer as the report that it is."""
    return msgspec.convert(settle(event_id), EventReport)


def rows(
    world: World,
    from_ts: int,
    to_ts: int,
    used_kw: float,
    *,
    baseline_kw: float = 5.0,
    every_s: int = 30,
    event_id: str | None = None,
    ven_id: str = "house-1",
) -> None:
    """Telemetry in (from_ts, to_ts], a row every *every_s*."""
    values = {"usedPowerKw": used_kw, "baselinePowerKw": baseline_kw, "eventId": event_id}
    world.add_telemetry(
        {"venId": ven_id, "rowId": telemetry_row_id(at, "b1", at), "timestamp": at, **values}
        for at in range(from_ts + every_s, to_ts + 1, every_s)
    )


@pytest.fixture
def house(world: World) -> World:
    """One VEN."""
    world.add_ven("house-1")
    return world


@pytest.fixture
def settled(house: World) -> World:
    """An hour at 5 kW, an event hour at 2 kW, then a rebound at 6 kW; the event is over."""
    dispatch()
    rows(house, START - 3600, START, 5.0)
    rows(house, START, START + 3600, 2.0, event_id="e1")
    rows(house, START + 3600, START + 3720, 6.0)
    acks = {"active": {"ts": START + 4}, "completed": {"ts": START + 3601}}
    house.events.update(_key(), {"venId": "house-1", **acks})
    house.now = START + 3720
    return house


def _key() -> Any:
    from contracts.store.keys import Key, ven_sort_key  # noqa: PLC0415 - here alone

    return Key("e1", ven_sort_key("house-1"))


@pytest.mark.usefixtures("settled")
def test_delivered_energy_is_the_time_integral() -> None:
    """3 kW less for an hour is 3 kWh, not the sum of the samples (defect 1)."""
    (ven,) = report().vens
    for name in ("meter_before", "clone"):
        assert ven.delivered[name].delivered_kw == pytest.approx(3.0)
        assert ven.delivered[name].delivered_kwh == pytest.approx(3.0)
        assert ven.delivered[name].baseline_kw == pytest.approx(5.0)
    assert (ven.requested_kw, ven.used_kw) == (3.0, pytest.approx(2.0))


@pytest.mark.parametrize("every_s", [1, 5, 30, 300])
def test_delivery_does_not_depend_on_how_often_the_ven_reports(house: World, every_s: int) -> None:
    """The same house gives the same energy at any report interval."""
    dispatch(intervals=[{"durationS": 600, "signal": "shedKw", "value": 3}])
    rows(house, START - 600, START, 5.0, every_s=every_s)
    rows(house, START, START + 600, 2.0, every_s=every_s)
    house.now = START + 600
    assert report().delivered["clone"].delivered_kwh == pytest.approx(0.5)


@pytest.mark.parametrize("skew_s", [0, 1200, -1200, 100_000])
def test_a_ven_whose_clock_is_off_is_settled_as_one_whose_is_right(house: World, skew_s: int) -> None:
    """20 min slow or fast, or off by a day: 5 kW in the hour before, 2 kW in the event, 3 kWh delivered.

    The report names the skew, by the receipt of rows that were 0.25 s on their way.
    """
    dispatch()
    rows = []
    for from_ts, used_kw, event_id in (
        (START - 3600, 5.0, None),
        (START, 2.0, "e1"),
        (START + 3600, 6.0, None),
    ):
        for seq, true_ts in enumerate(range(from_ts + 30, from_ts + 3601, 30), from_ts):
            at = true_ts - skew_s
            row = {"venId": "house-1", "rowId": telemetry_row_id(at, "b1", seq), "timestamp": at, "seq": seq}
            row |= {"usedPowerKw": used_kw, "baselinePowerKw": 5.0, "eventId": event_id, "measuredS": 30.0}
            rows.append({**row, "bootId": "b1", "receivedTs": true_ts + 0.25})
    house.add_telemetry(rows)
    latest = {name: value for name, value in row.items() if name not in {"venId", "rowId"}}
    house.telemetry.update(Key("house-1", LATEST_ROW), {**latest, "receivedTs": START + 7200.25})
    house.events.update(_key(), {"venId": "house-1", "active": {"ts": START + 4 - skew_s}})
    house.now = START + 7200
    (ven,) = report().vens
    assert ven.response_s == pytest.approx(4.0, abs=0.25)
    for name in ("meter_before", "clone"):
        assert ven.delivered[name].delivered_kwh == pytest.approx(3.0, abs=0.002)
    assert (ven.quality.rows, ven.restored) == (120, True)
    assert ven.clock_skew_s == (skew_s or None)
    noted = [note for note in ven.notes if "clock" in note]
    off = "slow" if skew_s > 0 else "fast"
    why = f"its clock is {abs(skew_s)} s {off}: its rows are read by when they were received"
    assert noted == ([why] if skew_s else [])


@pytest.mark.usefixtures("settled")
def test_the_report_says_how_the_ven_took_part() -> None:
    """Acknowledged, responded, restored, with how much of it the telemetry covers."""
    (ven,) = report().vens
    assert (ven.acknowledged, ven.opted_out, ven.response_s, ven.restored) == (True, False, 4.0, True)
    assert ven.rebound_1h_kwh is None  # not before its hour is stored
    assert (ven.quality.rows, ven.quality.coverage, ven.quality.longest_gap_s) == (120, 1.0, 0.0)


def test_the_baseline_does_not_slide_into_the_event(house: World) -> None:
    """With the half hour before the start missing, the baseline is of the half hour there is (defect 6)."""
    dispatch()
    rows(house, START - 3600, START - 1800, 5.0)
    rows(house, START, START + 3600, 2.0)
    house.now = START + 3720
    (ven,) = report().vens
    assert ven.delivered["meter_before"].baseline_kw == pytest.approx(5.0)


def test_the_row_that_spans_the_start_is_in_no_baseline(house: World) -> None:
    """A mean over both sides of the start is half curtailed already."""
    dispatch()
    rows(house, START - 3600, START - 10, 5.0)
    rows(house, START - 10, START + 3590, 2.0)
    house.now = START + 3720
    (ven,) = report().vens
    assert ven.delivered["meter_before"].baseline_kw == pytest.approx(5.0)


def test_without_an_hour_before_there_is_no_such_baseline(house: World) -> None:
    """A baseline that cannot be worked out is absent and the notes say why; the other stands."""
    dispatch()
    rows(house, START, START + 3600, 2.0)
    house.now = START + 3720
    whole = report()
    assert set(whole.delivered) == set(whole.vens[0].delivered) == {"clone"}
    assert any(note.startswith("meter_before") for note in whole.vens[0].notes)


def test_gaps_count_as_gaps(house: World) -> None:
    """Half an event without telemetry is half the energy and half the coverage, at the same mean."""
    dispatch()
    rows(house, START - 3600, START, 5.0)
    rows(house, START, START + 900, 2.0)
    rows(house, START + 2700, START + 3600, 2.0)
    house.now = START + 3720
    (ven,) = report().vens
    assert ven.delivered["clone"].delivered_kw == pytest.approx(3.0)
    assert ven.delivered["clone"].delivered_kwh == pytest.approx(1.5, rel=0.02)
    assert ven.quality.coverage == pytest.approx(0.5, abs=0.02)
    assert ven.quality.longest_gap_s == pytest.approx(1800, rel=0.03)
    assert any("covers" in note for note in ven.notes)


def test_a_ven_without_telemetry_delivers_nothing_that_is_known(house: World) -> None:
    """No rows: no figures, and the report names the VEN."""
    dispatch()
    house.now = START + 3720
    whole = report()
    (ven,) = whole.vens
    assert (ven.used_kw, ven.delivered, ven.acknowledged, ven.restored) == (None, {}, False, None)
    assert (whole.delivered, whole.requested_kw) == ({}, 3.0)
    assert any("house-1" in note for note in whole.notes)
    assert not any("covers" in note for note in whole.vens[0].notes)


def test_intervals_are_reported_one_by_one(house: World) -> None:
    """Each interval has its mean; one without telemetry has None."""
    intervals = [{"durationS": 600, "signal": "shedKw", "value": kw} for kw in (1, 3, 2)]
    dispatch(intervals=intervals)
    rows(house, START - 600, START, 5.0)
    rows(house, START, START + 600, 4.0)
    rows(house, START + 600, START + 1200, 2.0)
    house.now = START + 1800
    first, second, third = report().vens[0].delivered["clone"].intervals_kw
    assert (first, second, third) == (pytest.approx(1.0), pytest.approx(3.0), None)
    assert report().requested_kw == pytest.approx(2.0)


def test_a_cancelled_event_is_settled_up_to_its_cancellation(house: World) -> None:
    """What happened after the cancellation is neither asked for nor delivered."""
    dispatch()
    rows(house, START - 3600, START, 5.0)
    rows(house, START, START + 600, 2.0)
    rows(house, START + 600, START + 900, 5.0)
    house.now = START + 600
    dispatch_handler({"action": "cancel", "eventId": "e1"}, Context())
    house.now = START + 900
    whole = report()
    assert (whole.cancelled, whole.revision, whole.end_ts) == (True, 1, START + 600)
    assert whole.delivered["clone"].delivered_kwh == pytest.approx(0.5)
    assert whole.vens[0].requested_kw == pytest.approx(3.0)


def test_an_event_cancelled_before_its_start_delivers_nothing(house: World) -> None:
    """Nothing was asked, nothing delivered, and the report says why."""
    dispatch()
    dispatch_handler({"action": "cancel", "eventId": "e1"}, Context())
    whole = report()
    assert (whole.vens[0].requested_kw, whole.delivered) == (0.0, {})
    assert (whole.preliminary, whole.vens[0].quality.coverage) == (False, 0.0)
    assert whole.vens[0].notes == ("cancelled before it started",)
    assert house.desired("house-1") == {}


def test_a_late_event_is_measured_from_when_it_was_issued(house: World) -> None:
    """An event that was issued half over is settled over its second half, with the hour before that."""
    dispatch(startTs=int(NOW) - 1800)
    rows(house, int(NOW) - 3600, int(NOW), 5.0)
    rows(house, int(NOW), int(NOW) + 1800, 2.0)
    house.now = NOW + 1900
    assert report().delivered["meter_before"].delivered_kwh == pytest.approx(1.5)


def test_a_randomised_start_moves_the_vens_window(house: World) -> None:
    """A VEN is measured over the hour that it was given, not the nominal one."""
    from contracts.wire.events import from_shadow  # noqa: PLC0415 - here alone

    dispatch(randomizeStartS=900)
    moved = START + round(from_shadow("e1", house.desired("house-1")["e1"]).start_offset_s("house-1"))
    rows(house, moved - 3600, moved, 5.0, every_s=10)
    rows(house, moved, moved + 3600, 2.0, every_s=10)
    rows(house, moved + 3600, moved + 4500, 5.0, every_s=10)
    house.now = START + 3600 + 900
    assert report().delivered["clone"].delivered_kw == pytest.approx(3.0, rel=1e-3)


def test_a_randomised_start_moves_each_of_the_vens_intervals(house: World) -> None:
    """The one interval is the whole event: 3 kW for three quarters of it and 1 kW for the last."""
    from contracts.wire.events import from_shadow  # noqa: PLC0415 - here alone

    dispatch(randomizeStartS=900)
    moved = START + round(from_shadow("e1", house.desired("house-1")["e1"]).start_offset_s("house-1"))
    rows(house, moved - 3600, moved, 5.0, every_s=10)
    rows(house, moved, moved + 2700, 2.0, every_s=10)
    rows(house, moved + 2700, moved + 3600, 4.0, every_s=10)
    house.now = START + 3600 + 900
    (ven,) = report().vens
    assert ven.delivered["clone"].intervals_kw == (pytest.approx(2.5, rel=1e-2),)


def test_a_fleets_delivery_is_the_sum_of_its_vens(world: World) -> None:
    """The event's totals add what its VENs delivered; one without data adds nothing."""
    for ven_id in ("house-1", "house-2", "house-3"):
        world.add_ven(ven_id)
    dispatch(allocation="proportional")
    for ven_id, used_kw in (("house-1", 4.0), ("house-2", 3.5)):
        rows(world, START, START + 3600, used_kw, ven_id=ven_id)
    world.now = START + 3600
    whole = report()
    total = whole.delivered["clone"]
    assert (total.baseline_kw, total.delivered_kwh) == (pytest.approx(10.0), pytest.approx(2.5))
    assert whole.quality is not None
    assert (whole.quality.rows, whole.quality.longest_gap_s) == (240, 3600.0)
    assert whole.quality.coverage == pytest.approx(2 / 3, rel=0.01)


def test_a_value_for_each_is_settled_as_the_sum_of_all_and_no_ven_is_judged_by_it(world: World) -> None:
    """3 kW for each of two VENs are 6 kW together; it is the operator's number, and no VEN's promise."""
    for ven_id in ("house-1", "house-2"):
        world.add_ven(ven_id)
    dispatch(allocation="each")
    for ven_id, used_kw in (("house-1", 2.0), ("house-2", 4.0)):
        rows(world, START, START + 3600, used_kw, ven_id=ven_id)
    world.now = START + 3600
    whole = report()
    assert (whole.requested_kw, whole.dispatched_kw) == (pytest.approx(6.0), pytest.approx(6.0))
    assert whole.delivered["clone"].delivered_kwh == pytest.approx(4.0)
    assert [ven.requested_kw for ven in whole.vens] == [pytest.approx(3.0)] * 2
    assert "performance" not in (world.vens.get(Key("house-2")) or {})


def test_a_list_of_events_has_what_was_delivered(settled: World) -> None:
    """As the report shows it, once there is one, and again by a settlement that was cut short before."""
    assert EventBook(settled.events).find(EventId("e1")).result is None  # type: ignore[union-attr]
    whole = report()
    noted = EventResult(requested_kw=3.0, delivered_kw=3.0, baseline="clone")
    assert whole.result == noted
    (row,), _ = EventBook(settled.events).page(None, 10)
    assert row.result == noted
    summary = views.event_summary(msgspec.to_builtins(row), settled.now)
    assert summary is not None
    assert summary.result == noted


def test_settling_twice_is_one_report(settled: World) -> None:
    """The second settlement, also with more telemetry, returns the first one's report."""
    first = settle()
    rows(settled, START + 3720, START + 5000, 9.0)
    settled.now += 1300
    assert settle() == first
    assert settled.event_item("e1", "REPORT")["report"]["settledTs"] == START + 3720


def test_a_settled_event_leaves_the_shadows(settled: World) -> None:
    """A shadow holds 8 KB: what is over is no longer desired."""
    assert "e1" in settled.desired("house-1")
    settle()
    assert settled.desired("house-1") == {}


def test_a_settlement_cut_short_is_completed_by_repeating_it(
    settled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the shadows could not be cleared the settlement raises, and its retry clears them."""
    with monkeypatch.context() as patch:
        patch.setattr(clients.iot_data(), "update_thing_shadow", _unavailable)
        with pytest.raises(ConnectionError):
            settle()
    settle()
    assert settled.desired("house-1") == {}


def test_what_was_written_after_a_settlement_goes_with_the_next(settled: World) -> None:
    """A writer that was killed before it looked again leaves the event; the last schedule takes it out."""
    settle()
    left = {"revision": 0, "startTs": START, "intervals": []}
    Shadows(clients.iot_data()).set_event("house-1", "e1", left)
    handler({"eventId": "e1", "revision": 0}, Context())
    assert settled.desired("house-1") == {}


def test_a_deleted_event_leaves_the_shadows_too(house: World) -> None:
    """Deleted while it ran: the cancellation stays for as long as VENs need to hear it, and no longer."""
    dispatch()
    house.now = START + 60
    dispatch_handler({"action": "delete", "eventId": "e1"}, Context())
    assert house.desired("house-1")["e1"]["intervals"] == []
    house.now += 120
    answer = handler({"eventId": "e1", "revision": 1}, Context())
    assert (answer["code"], house.desired("house-1")) == ("notFound", {})


def _unavailable(**_: Any) -> None:
    raise ConnectionError


def test_an_event_that_is_not_over_is_not_settled(house: World) -> None:
    """Before the end: a conflict, no report, and the shadows as they were."""
    dispatch(randomizeStartS=60)
    house.now = START + 3600
    answer = settle()
    assert (answer["ok"], answer["code"]) == (False, "conflict")
    assert house.event_item("e1", "REPORT") == {}
    assert "e1" in house.desired("house-1")


def test_an_unknown_event_is_not_found() -> None:
    """There is nothing to settle."""
    assert settle("nothing")["code"] == "notFound"


@pytest.mark.usefixtures("settled")
def test_the_schedules_request_is_one_that_settlement_takes() -> None:
    """What the schedule sends after the end is understood as it stands."""
    target = clients.scheduler().get_schedule(GroupName="schedules", Name="settle-e1")["Target"]
    assert handler(json.loads(target["Input"]), Context())["eventId"] == "e1"


def test_a_report_too_large_for_one_item_is_kept_by_ven(
    settled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fleet's report may exceed an item: then each VEN's stands under its part, beside the totals."""
    monkeypatch.setattr("lambdas.settle_event.logic.report.REPORT_MAX_BYTES", 100)
    whole = report()
    assert (whole.vens, whole.delivered["clone"].delivered_kwh) == ((), pytest.approx(3.0))
    part = settled.event_item("e1", "VEN#house-1")
    assert part["report"]["delivered"]["clone"]["deliveredKwh"] == pytest.approx(3.0)
    assert part["active"]["ts"] == START + 4


def test_an_event_whose_plans_are_gone_is_not_settled(settled: World) -> None:
    """A plan goes with its retention; without one there is nothing to settle by."""
    header = settled.event_item("e1", "EVENT")
    settled.events.update(Key("e1", "EVENT"), {"planId": "00000009-gone"})
    answer = settle()
    assert (answer["ok"], answer["code"]) == (False, "notFound")
    assert "no plan" in answer["error"]
    settled.events.update(Key("e1", "EVENT"), {"planId": header["planId"]})
    assert settle()["eventId"] == "e1"


def test_the_notes_of_a_ven_name_what_became_of_it(settled: World) -> None:
    """A refusal and circuits that were taken out by hand stand in the VEN's notes, each circuit once."""
    by_hand = {"ts": START + 5, "data": {"byHand": ["ev", "heater", "ev"]}}
    settled.events.update(_key(), {"refused": {"ts": START, "error": "busy"}, "active": by_hand})
    (ven,) = report().vens
    assert ven.notes == ("refused by the VEN: busy", "taken out by hand: ev, heater")


def test_an_opt_out_is_reported_with_its_reason(settled: World) -> None:
    """The reason that the VEN gave, or that it gave none."""
    settled.events.update(_key(), {"optedOut": {"ts": START + 60, "data": {"optOut": {"reason": "comfort"}}}})
    (ven,) = report().vens
    assert (ven.opted_out, ven.opt_out_reason) == (True, "comfort")


def test_many_vens_that_were_not_counted_on_are_noted_by_reason(world: World) -> None:
    """Up to ten are named; of more the note says how many for each reason."""
    world.add_ven("house-1")
    for number in range(11):
        world.add_ven(f"off-{number:02d}", online=False)
    dispatch()
    rows(world, START - 3600, START, 5.0)
    world.now = START + 3720
    notes = report().notes
    assert "11 VENs were not counted on: offline" in notes
    assert not any("off-00" in note for note in notes)


@pytest.mark.parametrize(
    ("silent", "ending"), [(10, "off-09 in the event"), (11, "off-09 and 1 more in the event")]
)
def test_up_to_ten_vens_without_telemetry_are_named(world: World, silent: int, ending: str) -> None:
    """Of more, the note says how many more."""
    for ven_id in ("house-1", *(f"off-{number:02d}" for number in range(silent))):
        world.add_ven(ven_id)
    dispatch(allocation="proportional", intervals=[{"durationS": 3600, "signal": "shedKw", "value": 24}])
    rows(world, START - 3600, START + 3600, 5.0)
    world.now = START + 3720
    (note,) = (note for note in report().notes if note.startswith("no telemetry of"))
    assert note.endswith(ending)
