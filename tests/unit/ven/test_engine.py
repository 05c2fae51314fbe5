"""The VEN's engine as a value: steps without a socket, a loop or a clock of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from contracts.wire.shadow import LoadSetting
from tests.support.ven_states import NOW, VEN
from ven_twin.control import command_handlers
from ven_twin.control.command_handlers import VenFigures
from ven_twin.ven.engine import LOADS_PERIOD_S, TICK_S, Effects, StepTime, VenEngine, busy_tick_s, rest_tick_s
from ven_twin.ven.house_clock import HouseClock
from ven_twin.ven.house_runtime import HouseRuntime
from ven_twin.ven.startup import start_engine, warm_house
from ven_twin.ven.storage.persisted_state import read_state, write_state
from ven_twin.ven.storage.rows import JournalledCommand, Message

START_S = 1000.0
FIGURES = VenFigures(status=dict, config=dict, critical=frozenset({"fridge1"}))


@pytest.fixture(scope="module")
def house() -> HouseRuntime:
    """The standard house, warmed up."""
    return warm_house("standard", HouseClock(NOW, START_S))


@pytest.fixture
def engine(house: HouseRuntime) -> VenEngine:
    """A VEN that starts for the first time."""
    return start_engine(VEN, house, "boot-1", START_S)


def at(seconds: float) -> StepTime:
    """The time of a step, s after the start."""
    return StepTime(START_S + seconds, NOW + seconds)


def command(engine: VenEngine, received_s: float = 0.0, **message: Any) -> tuple[VenEngine, Effects]:
    """The step for a command."""
    record = JournalledCommand(1, json.dumps(message).encode(), NOW + received_s)
    return engine.on_command(record, FIGURES)


def live(engine: VenEngine, first: int, last: int) -> tuple[VenEngine, list[Message]]:
    """Tick once a second; the messages of all ticks."""
    messages: list[Message] = []
    for second in range(first, last + 1):
        engine, effects = engine.tick(at(second))
        messages += effects.messages
    return engine, messages


def bodies(messages: list[Message], kind: str) -> list[dict[str, Any]]:
    """The payloads of one kind."""
    return [json.loads(message.payload) for message in messages if message.kind == kind]


def test_a_step_leaves_the_engine_before_it_as_it_was(engine: VenEngine) -> None:
    """An engine is a value: the same step from the same engine has the same outcome."""
    first = engine.tick(at(1))
    assert engine.tick(at(1)) == first
    assert engine.ticked_s == START_S


def test_the_first_row_goes_out_after_one_tick_whatever_the_interval(engine: VenEngine) -> None:
    """The cloud sees at once that the VEN works; then a row goes out each interval, numbered in turn."""
    engine, messages = live(engine, 1, 61)
    rows = bodies(messages, "telemetry")
    assert [(row["timestamp"] - NOW, row["seq"]) for row in rows] == [(1, 0), (31, 1), (61, 2)]
    assert {row["bootId"] for row in rows} == {"boot-1"}


def test_a_row_says_what_it_measured_and_the_temperature_outside(engine: VenEngine) -> None:
    """Rows after 1.0 s and 30.5 s more say so; outside it is as the weather has it at their ends."""
    messages: list[Message] = []
    for second in (1.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 31.5):
        engine, effects = engine.tick(at(second))
        messages += effects.messages
    rows = bodies(messages, "telemetry")
    assert [row["measuredS"] for row in rows] == [1.0, 30.5]
    outdoor_c = engine.house.environment.environment(NOW + 31.5, 0.001).outdoor_c
    assert rows[1]["outdoorC"] == pytest.approx(outdoor_c, abs=0.05)


def shed_for_half_a_minute(engine: VenEngine) -> VenEngine:
    """An event of 1 kW for 30 s, from now on."""
    return command(engine, op="event", correlationId="c1", event_id="e1", shed_kw=1, duration_s=30)[0]


def test_a_ven_that_stood_still_has_measured_what_it_lived(engine: VenEngine) -> None:
    """1 kW for 30 s, the host stopped from second 10 on for 90 s: 10 s are metered, 0.0028 kWh or less.

    The row before ends at second 10; the next after one tick, at second 101, and measured 1 s.
    """
    engine, messages = live(shed_for_half_a_minute(engine), 1, 10)
    engine, effects = engine.tick(at(100))
    assert [line.text for line in effects.lines][:1] == [
        "this VEN stood still for 90 s: nothing was measured"
    ]
    engine, after = live(engine, 101, 101)
    messages += [*effects.messages, *after]
    rows = bodies(messages, "telemetry")
    assert [(row["timestamp"] - NOW, row["seq"], row["measuredS"]) for row in rows] == [
        (1, 0, 1.0),
        (10, 1, 9.0),
        (101, 2, 1.0),
    ]
    assert [row["eventId"] for row in rows] == [None, "e1", None]
    summary: Any = engine.last_event
    assert 0.0 < summary["deliveredKwh"] <= 0.0028
    assert summary["deliveredKwh"] == pytest.approx(9 * rows[1]["shedPowerKw"] / 3600, abs=1e-4)


def test_a_stopped_ven_s_house_lives_on(engine: VenEngine) -> None:
    """Nobody measured the hour, and yet the house's clock and its temperatures are those of an hour later."""
    engine, _ = live(engine, 1, 2)
    slept, _ = engine.tick(at(3602))
    assert slept.house.stepped_s == START_S + 3602
    assert slept.house.pair.house != engine.house.pair.house
    assert (slept.house.row.seconds, slept.house.delivered) == (0.0, {})


def test_a_late_tick_meters_an_event_until_its_end_alone(engine: VenEngine) -> None:
    """A tick of second 32 meters the event to second 30; the row measures all of the time."""
    engine, messages = live(shed_for_half_a_minute(engine), 1, 28)
    assert engine.house.delivered["e1"].seconds == 27.0
    engine, effects = engine.tick(at(32))
    rows = bodies(messages + list(effects.messages), "telemetry")
    assert [row["measuredS"] for row in rows] == [1.0, 31.0]
    (past,) = engine.past
    assert past.delivered_kwh is not None
    assert past.delivered_kw
    assert past.delivered_kwh * 3600 / past.delivered_kw == pytest.approx(29.0)


def test_an_event_is_metered_until_its_cancellation_is_heard(engine: VenEngine) -> None:
    """Heard at second 10.7: acted on since second 1, and metered as long as its rows are of it, 9.7 s."""

    def heard(engine: VenEngine, version: int, second: float, **event: object) -> VenEngine:
        document = {"version": version, "state": {"desired": {"drEvents": {"e1": event}}}}
        return engine.on_shadow("get/accepted", document, {}, NOW + second, answers_us=False)[0]

    interval = {"durationS": 60, "signal": "shedKw", "value": 1.0}
    engine, messages = live(heard(engine, 1, 0.5, startTs=NOW, intervals=[interval]), 1, 10)
    engine = heard(engine, 2, 10.6, startTs=NOW, intervals=[], revision=1)
    engine, effects = engine.tick(at(10.7))
    rows = bodies(messages + list(effects.messages), "telemetry")
    assert [(row["eventId"], row["measuredS"]) for row in rows] == [(None, 1.0), ("e1", 9.7)]
    (past,) = engine.past
    assert past.delivered_kwh is not None
    assert past.delivered_kw
    assert past.delivered_kwh * 3600 / past.delivered_kw == pytest.approx(9.7)


def test_a_snapshot_of_the_circuits_goes_out_twice_a_minute(engine: VenEngine) -> None:
    """Every circuit, each 30 s, whatever the telemetry interval."""
    engine, messages = live(engine, 1, 60)
    assert [row["timestamp"] - NOW for row in bodies(messages, "loads")] == [
        LOADS_PERIOD_S,
        2 * LOADS_PERIOD_S,
    ]


def test_an_event_is_announced_and_summed_up(engine: VenEngine) -> None:
    """Active with what is planned, completed with what was delivered; rows end where the event does."""
    engine, _ = command(engine, op="event", correlationId="c1", event_id="e1", shed_kw=2, duration_s=20)
    engine, messages = live(engine, 1, 21)
    acks = bodies(messages, "event")
    assert [(ack["phase"], ack["requested_shed_kw"]) for ack in acks] == [("active", 2.0), ("completed", 2.0)]
    assert acks[1]["data"]["deliveredKwh"] > 0.0
    assert [row["timestamp"] - NOW for row in bodies(messages, "telemetry")] == [1, 20]
    assert (engine.last_event or {})["eventId"] == "e1"
    assert [past.event_id for past in engine.past] == ["e1"]
    assert engine.house.delivered == {}


def test_a_phase_is_logged_as_a_line_of_the_effects(engine: VenEngine) -> None:
    """The engine writes no log: the line goes out with the effects."""
    engine, _ = command(engine, op="event", correlationId="c1", event_id="e1", shed_kw=2, duration_s=20)
    _, effects = engine.tick(at(1))
    (line,) = effects.lines
    assert line.text.startswith("event e1 is active: sheds ")
    assert line.text.endswith(" of 2.00 kW")


def test_a_command_goes_out_as_ack_and_as_a_patch_of_the_desired_state(engine: VenEngine) -> None:
    """So that shadow and command agree, and a repeat after a restart finds its answer."""
    engine, effects = command(engine, op="disable", correlationId="c1")
    assert engine.state.settings.enabled is False
    assert effects.desired == {"enabled": False}
    assert effects.messages == (Message("ack", engine.topics.ack, effects.ack),)
    assert effects.remembered == ("c1", effects.ack)


def test_a_repeated_command_is_answered_alike_and_changes_nothing(engine: VenEngine) -> None:
    """The second time only the ack goes out."""
    once, first = command(engine, op="disable", correlationId="c1")
    again, second = command(once, op="disable", correlationId="c1")
    assert again == once
    assert (second.ack, second.remembered, second.desired) == (first.ack, None, {})


def test_a_command_counts_from_its_receipt(engine: VenEngine) -> None:
    """One that waited for the VEN to start again sheds for the rest of its time."""
    waited, _ = command(
        engine, received_s=-30.0, op="shedPanel", correlationId="c1", requestedReductionKw=2, durationS=60
    )
    (scheduled,) = waited.state.schedule.events.values()
    assert scheduled.end_ts == NOW + 30


def test_a_resident_s_switch_is_desired_too(engine: VenEngine) -> None:
    """The resident's own controls and the shadow agree."""
    change = command_handlers.switch(engine.state, "ev1", enabled=False, now_ts=NOW)
    engine, effects = engine.on_resident(change)
    assert engine.state.settings.loads["ev1"] == LoadSetting(enabled=False)
    assert effects.desired == {"loads": {"ev1": {"enabled": False}}}


def test_a_shadow_message_does_not_undo_a_pending_patch(engine: VenEngine) -> None:
    """What a command has changed stays, while the shadow still holds the older value."""
    engine, effects = command(engine, op="disable", correlationId="c1")
    document = {"version": 1, "state": {"desired": {"enabled": True, "report_interval_seconds": 5}}}
    engine, _ = engine.on_shadow("get/accepted", document, effects.desired, NOW, answers_us=False)
    assert (engine.state.settings.enabled, engine.state.settings.report_interval_s) == (False, 5)


def test_the_shadow_is_out_of_sync_after_a_reconnect(engine: VenEngine) -> None:
    """Messages may have been missed: the shadow has to be read again."""
    document = {"version": 1, "state": {"desired": {"certificateId": "a" * 64}}}
    engine, _ = engine.on_shadow("get/accepted", document, {}, NOW, answers_us=False)
    assert engine.state.shadow.synchronized
    assert engine.desired_certificate_id == "a" * 64
    assert not engine.on_connected().state.shadow.synchronized


def test_the_next_step_is_due_at_the_next_change(engine: VenEngine) -> None:
    """A tick comes after a second at the latest, and to the instant when a row or an event is due before."""
    engine, _ = engine.tick(at(1))
    assert engine.due_s(at(1)) == TICK_S
    assert engine.due_s(at(30.75)) == 0.25
    engine, _ = command(engine, op="event", correlationId="c1", event_id="e1", shed_kw=2, duration_s=10)
    assert engine.due_s(at(9.5)) == 0.5


def test_one_of_many_vens_ticks_less_often_at_rest_alone(engine: VenEngine) -> None:
    """In a process with a thousand VENs: each tick then covers its time, and in an event all is as ever."""
    many = replace(engine, rest_tick_s=rest_tick_s(1000))
    many, _ = many.tick(at(1))
    assert many.due_s(at(1)) == 10.0
    woken, effects = many.tick(at(11))
    assert effects.lines == (), "no VEN stood still"
    assert woken.house.stepped_s == pytest.approx(many.house.stepped_s + 10.0)
    active, _ = command(woken, op="event", correlationId="c1", event_id="e1", shed_kw=2, duration_s=600)
    active, _ = active.tick(at(12))
    assert active.due_s(at(12)) == TICK_S


@pytest.mark.parametrize(("vens", "tick_s"), [(1, 1.0), (100, 1.0), (250, 2.5), (5000, 10.0)])
def test_all_vens_of_a_process_tick_no_more_often_than_a_hundred(vens: int, tick_s: float) -> None:
    """Up to ten seconds apart, beyond which a row of telemetry would be late."""
    assert rest_tick_s(vens) == tick_s


@pytest.mark.parametrize(("vens", "tick_s"), [(1, 1.0), (500, 1.0), (750, 1.5), (5000, 2.0)])
def test_vens_that_act_tick_at_least_every_second_second(vens: int, tick_s: float) -> None:
    """However many share a process."""
    assert busy_tick_s(vens) == tick_s


def test_one_of_many_vens_that_acts_ticks_less_often(engine: VenEngine) -> None:
    """And is on time all the same where its event ends."""
    many = replace(engine, busy_tick_s=2.0)
    many, _ = command(many, op="event", correlationId="c1", event_id="e1", shed_kw=2, duration_s=11)
    many, _ = many.tick(at(1))
    assert many.due_s(at(1)) == 2.0
    assert many.due_s(at(10)) == 1.0


def test_a_stopped_ven_gives_its_circuits_back(engine: VenEngine) -> None:
    """The last row goes out under the plan that was in force; then nothing of the event stays curtailed."""
    engine, _ = command(engine, op="event", correlationId="c1", event_id="e1", shed_kw=2, duration_s=600)
    engine, _ = live(engine, 1, 5)
    assert any(engine.house.plan.curtailed.values())
    stopped, effects = engine.stop(at(300))
    (row,) = bodies(list(effects.messages), "telemetry")
    assert (row["eventId"], row["timestamp"]) == ("e1", NOW + 300)
    assert stopped.house.acting is None
    assert stopped.house.pair.plan.shed_kw < engine.house.plan.shed_kw


def test_an_engine_goes_on_from_what_it_persisted(engine: VenEngine, house: HouseRuntime) -> None:
    """Settings, events, meters and history outlive the process; the rows of the next run are its own."""
    engine, _ = command(engine, op="event", correlationId="c1", event_id="e1", shed_kw=2, duration_s=600)
    engine, _ = live(engine, 1, 5)
    raw = write_state(engine.persisted({"enabled": True}, NOW + 5))
    persisted = read_state(raw, VEN, house.load_ids)
    following = start_engine(VEN, house, "boot-2", START_S + 60, persisted=persisted)
    assert following.house.delivered == engine.house.delivered
    assert following.state.schedule == engine.state.schedule
    assert persisted.pending == {"enabled": True}
    assert (following.sender.boot_id, following.row_seq) == ("boot-2", 0)


def test_the_report_interval_of_the_command_line_gives_way_to_the_shadow_s(
    engine: VenEngine, house: HouseRuntime
) -> None:
    """An option holds until the cloud has desired another interval."""
    assert (
        start_engine(VEN, house, "b", START_S, report_interval_s=5.0).state.settings.report_interval_s == 5.0
    )
    desired = {"version": 1, "state": {"desired": {"report_interval_seconds": 7}}}
    engine, _ = engine.on_shadow("get/accepted", desired, {}, NOW, answers_us=False)
    persisted = engine.persisted({}, NOW)
    following = start_engine(VEN, house, "b", START_S, persisted=persisted, report_interval_s=5.0)
    assert following.state.settings.report_interval_s == 7


@pytest.fixture
def batching(house: HouseRuntime) -> VenEngine:
    """A VEN that may batch, just connected."""
    return start_engine(VEN, house, "boot-1", START_S, batch_s=240.0).on_connected()


def test_a_ven_in_peace_says_its_circuits_on_connect_and_when_they_are_set(batching: VenEngine) -> None:
    """A snapshot on connect, none for minutes, one within half a minute of a setting; every row is made."""
    engine, first = live(batching, 1, 5)
    engine, later = live(engine, 6, 240)
    engine, _ = command(engine, 240, op="setLoad", correlationId="c1", loadId="ev1", enabled=False)
    engine, after = live(engine, 241, 271)
    assert [len(bodies(messages, "loads")) for messages in (first, later, after)] == [1, 0, 1]
    assert len(bodies([*first, *later, *after], "telemetry")) == 10
    (loads,) = [snapshot["loads"] for snapshot in bodies(after, "loads")]
    assert [load["enabled"] for load in loads if load["id"] == "ev1"] == [False]


def test_a_ven_that_does_not_batch_says_its_circuits_as_ever(engine: VenEngine) -> None:
    """Every half minute, whatever they do."""
    _, messages = live(engine.on_connected(), 1, 240)
    assert len(bodies(messages, "loads")) == 240 // LOADS_PERIOD_S


def test_an_event_ends_the_quiet_and_sends_what_waits(batching: VenEngine) -> None:
    """Announced for later it hurries the rows that wait; from 15 min before its start on it is not quiet."""
    engine, _ = live(batching, 1, 5)
    assert engine.is_quiet(NOW + 5)
    start = {"start_ts": NOW + 1000, "shed_kw": 1, "duration_s": 60}
    engine, effects = command(engine, 5, op="event", correlationId="c1", event_id="e1", **start)
    assert effects.hurries
    assert engine.is_quiet(NOW + 99)
    assert not engine.is_quiet(NOW + 100)
    _, effects = command(engine, 6, op="ping", correlationId="c2")
    assert not effects.hurries


def test_the_shadow_sets_how_long_rows_wait(batching: VenEngine) -> None:
    """0 is the wire of before; what is set is reported."""
    document = {"state": {"desired": {"batch_seconds": 0}}, "version": 1}
    engine, _ = batching.on_shadow("get/accepted", document, {}, NOW, answers_us=False)
    assert engine.state.reported_settings()["batch_seconds"] == 0
    assert not engine.batches
    assert not engine.is_quiet(NOW)
