"""A running event shared out again: what is compared, who is called instead, and what is left alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.store.keys import EVENT_SORT_KEY, LATEST_ROW, Key, telemetry_row_id
from contracts.wire.events import Phase, from_shadow
from lambdas.dispatch_event.booked_days import BookedDays
from lambdas.dispatch_event.handler import handler
from lambdas.shared.event_book import EventBook
from ven_twin.testing.function_world import Context, World

HOUR_9 = [{"durationS": 3600, "signal": "shedKw", "value": 9}]
SETTLED_S = 120


def ask(action: str = "redispatch", **fields: Any) -> dict[str, Any]:
    """Ask for *action* on the event."""
    return handler({"action": action, "eventId": "e1", **fields}, Context())


def shares(answer: dict[str, Any]) -> dict[str, float]:
    """Each VEN's share of the first interval."""
    return {each["venId"]: each["values"][0] for each in answer["assignments"]}


def reports(world: World, ven_id: str, shed_kw: float, event_id: str | None = "e1", ago_s: float = 5) -> None:
    """The VEN's latest row says so."""
    at = world.now - ago_s
    row = {"timestamp": int(at), "receivedTs": at, "bootId": "b", "seq": 1, "eventId": event_id}
    row |= {"usedPowerKw": 1.0, "baselinePowerKw": 1.0 + shed_kw, "shedPowerKw": shed_kw}
    world.telemetry.put_new({"venId": ven_id, "rowId": f"x{world.now}", **row})
    world.telemetry.client.delete_item(
        TableName="telemetry", Key={"venId": {"S": ven_id}, "rowId": {"S": LATEST_ROW}}
    )
    world.telemetry.put_new({"venId": ven_id, "rowId": LATEST_ROW, **row})


@pytest.fixture
def running(world: World) -> World:
    """Four VENs of 5 kW, in the order a, b, c, d; 9 kW are called of a and b, and two minutes have passed."""
    for number, ven_id in enumerate("abcd"):
        world.add_ven(ven_id, shedAvailabilityKw=5.0, sustainS=86_400, calledKwh=float(number))
    assert shares(ask("create", intervals=HOUR_9)) == {"a": 5.0, "b": 4.0}
    world.now += SETTLED_S
    for ven_id in "cd":
        reports(world, ven_id, 0.0, None)
    return world


def test_when_all_is_well_nothing_is_written(running: World) -> None:
    """Within the tolerance no plan, no shadow and no revision is made."""
    reports(running, "a", 4.95)
    reports(running, "b", 3.98)
    answer = ask()
    assert answer["note"] == "delivers 8.930 of 9.000 kW: nothing to change"
    assert (answer["revision"], running.desired("a")["e1"]["revision"]) == (0, 0)


def test_what_an_opted_out_ven_was_called_for_is_called_of_another(running: World) -> None:
    """It is dropped and the next in merit order make it up, to 2 % above; others are not written to."""
    reports(running, "a", 5.0, None)
    running.vens.update(_ven("a"), {"optOut": {"reason": "economic"}})
    reports(running, "b", 4.0)
    answer = ask()
    assert shares(answer) == {"b": 5.0, "c": 4.18}
    assert answer["unavailable"]["a"] == "opted out: economic"
    assert from_shadow("e1", running.desired("a")["e1"]).phase(running.now) is Phase.CANCELLED
    assert running.desired("d") == {}
    assert answer["etag"] == EventBook(running.events).find("e1").etag  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("ago_s", "why"), [(None, "no telemetry"), (119.0, "silent for 119 s"), (21.0, "silent for 21 s")]
)
def test_a_silent_ven_counts_as_nothing(running: World, ago_s: float | None, why: str) -> None:
    """No row within four report intervals: what it was called for is called of others."""
    running.vens.update(_ven("a"), {"reportIntervalS": 5})
    if ago_s is not None:
        reports(running, "a", 5.0, ago_s=ago_s)
    reports(running, "b", 4.0)
    answer = ask()
    assert shares(answer) == {"b": 5.0, "c": 4.18}
    assert answer["unavailable"]["a"] == why


@pytest.mark.parametrize("skew_s", [1200, -1200])
def test_a_ven_whose_clock_is_off_is_heard_and_counted(running: World, skew_s: int) -> None:
    """20 min slow or fast, delivering 2 of its 5 kW: it is not silent, and others make up what is missing."""
    at = int(running.now) - skew_s
    for ago_s in (65, 35, 5):
        row = {
            "timestamp": at - ago_s,
            "receivedTs": running.now - ago_s + 0.4,
            "bootId": "b",
            "eventId": "e1",
        }
        row |= {"usedPowerKw": 1.0, "baselinePowerKw": 3.0, "shedPowerKw": 2.0, "seq": 100 - ago_s}
        row_id = telemetry_row_id(at - ago_s, "b", 100 - ago_s)
        running.telemetry.put_new({"venId": "a", "rowId": row_id, **row})
    running.telemetry.put_new({"venId": "a", "rowId": LATEST_ROW, **row})
    reports(running, "b", 4.0)
    answer = ask()
    assert "a" not in answer["unavailable"]
    assert shares(answer) == {"a": 2.0, "b": 5.0, "c": 2.18}


def test_a_row_that_waited_does_not_tell_of_now(running: World) -> None:
    """Cut off for 20 min and just back, it sends what it measured then: it is heard, and expected."""
    for ago_s in (1265, 1235, 1205):
        at = int(running.now) - ago_s
        row = {
            "timestamp": at,
            "receivedTs": running.now - 5,
            "bootId": "b",
            "eventId": None,
            "seq": 2000 - ago_s,
        }
        row |= {"usedPowerKw": 1.0, "baselinePowerKw": 1.0, "shedPowerKw": 0.0}
        running.telemetry.put_new({"venId": "a", "rowId": telemetry_row_id(at, "b", 2000 - ago_s), **row})
    running.telemetry.put_new({"venId": "a", "rowId": LATEST_ROW, **row})
    reports(running, "b", 4.0)
    note = "delivers 4.000 of 9.000 kW by its rows, 5.000 kW more expected: nothing to change"
    assert ask()["note"] == note


def test_who_left_the_event_is_not_called_again(running: World) -> None:
    """A VEN whose rows are no longer of the event is left alone until its end, whatever it offers."""
    reports(running, "a", 0.0, None)
    reports(running, "b", 4.0)
    assert shares(ask()) == {"b": 5.0, "c": 4.18}
    running.now += SETTLED_S
    for ven_id, kw in (("a", 0.0), ("b", 2.0), ("c", 4.0), ("d", 0.0)):
        reports(running, ven_id, kw, "e1" if kw else None)
    answer = ask()
    assert "a" not in shares(answer)
    assert answer["unavailable"]["a"] == "left the event"


def test_who_delivers_clearly_less_is_held_to_that(running: World) -> None:
    """It is called for what it delivers, and the rest of others; it is not called for more soon after."""
    reports(running, "a", 2.0)
    reports(running, "b", 4.0)
    answer = ask()
    assert shares(answer) == {"a": 2.0, "b": 5.0, "c": 2.18}
    running.now += SETTLED_S
    for ven_id, kw in (("a", 2.0), ("b", 5.0), ("c", 1.0)):
        reports(running, ven_id, kw)
    reports(running, "d", 0.0, None)
    assert shares(ask()) == {"a": 2.0, "b": 5.0, "c": 1.0, "d": 1.18}


def test_who_offers_more_than_when_it_was_held_is_called_again(running: World) -> None:
    """A VEN that says that it has recovered is taken at its word, before the ten minutes are over."""
    for ven_id in "cd":
        running.vens.update(_ven(ven_id), {"online": False})
    running.vens.update(_ven("a"), {"shedAvailabilityKw": 2.0})
    reports(running, "a", 2.0)
    reports(running, "b", 4.0)
    assert shares(ask()) == {"a": 2.0, "b": 5.0}
    running.now += SETTLED_S
    running.vens.update(_ven("a"), {"shedAvailabilityKw": 4.5})
    reports(running, "a", 2.0)
    reports(running, "b", 5.0)
    assert shares(ask()) == {"a": 4.18, "b": 5.0}


def test_a_call_is_not_judged_before_a_row_can_tell(running: World) -> None:
    """The mean of a row from before the call, or around it, says nothing of it."""
    reports(running, "a", 5.0, None)
    running.vens.update(_ven("a"), {"optOut": {"reason": "economic"}})
    reports(running, "b", 4.0)
    ask()
    running.now += 30
    for ven_id, kw in (("b", 4.0), ("c", 0.0)):
        reports(running, ven_id, kw, "e1" if kw else None)
    answer = ask()
    assert "nothing to change" in answer["note"]
    assert answer["revision"] == 1


def test_too_much_is_trimmed_from_the_last_in_merit_order(running: World) -> None:
    """Over-delivery is taken from who would be called last; the others stay as they are."""
    reports(running, "a", 6.0)
    reports(running, "b", 4.8)
    answer = ask()
    assert shares(answer) == {"a": 5.0, "b": 2.5}
    assert running.desired("a")["e1"]["revision"] == 0


def test_a_ven_whose_shadow_was_full_stays_named_when_others_are_called_anew(running: World) -> None:
    """Its shadow is not written again, so nothing is known of any room in it."""
    running.events.update(Key("e1", EVENT_SORT_KEY), {"full": ["b"]})
    running.vens.update(_ven("b"), {"shedAvailabilityKw": 4.0})
    reports(running, "a", 2.0)
    reports(running, "b", 4.0)
    answer = ask()
    assert shares(answer) == {"a": 2.0, "c": 3.18}
    assert answer["unavailable"]["b"] == "its shadow is full"


def test_when_nobody_has_more_the_shortfall_is_said(running: World) -> None:
    """All that is left is called, and what is missing is in the answer."""
    for ven_id in "cd":
        running.vens.update(_ven(ven_id), {"online": False})
    reports(running, "a", 1.0)
    reports(running, "b", 4.0)
    answer = ask()
    assert shares(answer) == {"a": 1.0, "b": 5.0}
    assert (answer["shortfallKw"], answer["availableKw"]) == (3.0, 6.0)


def test_it_may_be_asked_any_number_of_times(running: World) -> None:
    """Scheduler firing twice, or an operator beside it, finds nothing left to do."""
    reports(running, "a", 2.0)
    reports(running, "b", 4.0)
    first = ask()
    again = ask()
    assert (first["revision"], again["revision"]) == (1, 1)
    assert shares(again) == shares(first)


def test_two_at_once_are_one_change(running: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slower of two finds the header changed and leaves it."""
    reports(running, "a", 2.0)
    reports(running, "b", 4.0)
    real, inner = BookedDays.commit, []

    def commit(self: BookedDays, *changes: Any, **conditions: Any) -> bool:
        if not inner:
            inner.append(None)
            inner.append(ask())
        return real(self, *changes, **conditions)

    monkeypatch.setattr(BookedDays, "commit", commit)
    answer = ask()
    assert answer["note"].endswith("another change was faster")
    assert (answer["revision"], shares(answer)) == (1, shares(inner[1]))


def test_one_that_was_cut_short_is_completed_by_the_next(
    running: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the header and the shadows: the next minute writes what is missing first."""
    reports(running, "a", 2.0)
    reports(running, "b", 4.0)
    from lambdas.dispatch_event.adapters import DispatchAdapters  # noqa: PLC0415 - here alone

    with monkeypatch.context() as patch:
        patch.setattr(DispatchAdapters, "carry_out", _killed)
        with pytest.raises(KeyboardInterrupt):
            ask()
    assert running.desired("c") == {}
    running.now += 60
    for ven_id, kw in (("a", 2.0), ("b", 4.0), ("c", 0.0)):
        reports(running, ven_id, kw, "e1" if kw else None)
    ask()
    assert from_shadow("e1", running.desired("c")["e1"]).intervals[0].value >= 2.0
    assert running.desired("a")["e1"]["intervals"][0]["value"] == 2.0


def _killed(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("wait_s", "action", "note"),
    [
        (-SETTLED_S - 60, None, "starts at"),
        (3600, None, "is over since"),
        (0, "cancel", "has been cancelled"),
    ],
)
def test_outside_the_event_it_does_nothing_and_says_so(
    running: World, wait_s: float, action: str | None, note: str
) -> None:
    """Before the start, after the end and after a cancellation there is nothing to share out."""
    if action:
        ask(action)
    running.now += wait_s
    answer = ask()
    assert answer["ok"]
    assert note in answer["note"]
    assert answer["note"].endswith("nothing to do")


@pytest.mark.parametrize(("after_s", "runs"), [(-1, False), (0, True), (3599, True), (3600, False)])
def test_an_event_is_shared_out_from_its_first_second_to_its_last(
    running: World, after_s: int, runs: bool
) -> None:
    """At its start it runs, and at its end it is over."""
    running.now += after_s - SETTLED_S
    assert ask()["note"].endswith("nothing to do") is not runs


def test_the_metrics_of_a_redispatch_tell_what_is_delivered_and_who_is_called_anew(
    running: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Delivered kW and the VENs whose call changed; neither when there is nothing to compare."""
    reports(running, "a", 2.0)
    reports(running, "b", 4.0)
    ask()
    running.now += 3600
    ask()
    changed, over = (json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line)
    assert (changed["DeliveredKw"], changed["VensRecalled"]) == ([6.0], [3.0])
    assert {"DeliveredKw", "VensRecalled"}.isdisjoint(over)


def test_a_level_has_nothing_to_share_out(world: World) -> None:
    """A behaviour is no sum; such an event has no minutely run either."""
    world.add_ven("a")
    ask("create", intervals=[{"durationS": 3600, "signal": "level", "value": 2}])
    world.now += SETTLED_S
    assert "no power" in ask()["note"]
    with pytest.raises(Exception, match="redispatch-e1"):
        world.schedule("redispatch-e1")


def test_a_power_beside_a_level_is_shared_out_in_its_time(world: World) -> None:
    """One interval that requests power is enough for the minutely run."""
    world.add_ven("a", shedAvailabilityKw=5.0)
    level = {"durationS": 3600, "signal": "level", "value": 2}
    ask("create", intervals=[level, *HOUR_9])
    assert world.schedule("redispatch-e1").request["action"] == "redispatch"


def test_an_unknown_event_cannot_be_shared_out(running: World) -> None:
    """What is not there is said, not passed over."""
    answer = handler({"action": "redispatch", "eventId": "nothing"}, Context())
    assert (answer["code"], answer["field"]) == ("notFound", "eventId")
    assert running.desired("d") == {}


def _ven(ven_id: str) -> Key:
    return Key(ven_id)
