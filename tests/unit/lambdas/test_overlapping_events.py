"""Events over the same VENs at the same time: booked once, whatever is created, revised or cancelled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.store.keys import BOOKED_SORT_KEY, Key, booked_day
from lambdas.dispatch_event import booked_days
from lambdas.dispatch_event.booked_days import BookedDays
from lambdas.dispatch_event.handler import handler
from lambdas.shared import clients
from lambdas.shared.event_book import EventBook
from ven_twin.testing.function_world import NOW, Context, World

DAY_S = 86_400


def ask(event_id: str, action: str = "create", kw: float | None = None, **fields: Any) -> dict[str, Any]:
    """Ask for *action* on an event, of so many kW for an hour."""
    if kw is not None:
        fields["intervals"] = [{"durationS": 3600, "signal": "shedKw", "value": kw}]
    return handler({"action": action, "eventId": event_id, **fields}, Context())


def figures(answer: dict[str, Any]) -> tuple[float, float]:
    """Dispatched and missing, kW."""
    return answer["calledKw"], answer["shortfallKw"]


@pytest.fixture
def two(world: World) -> World:
    """Two VENs of 5 kW."""
    world.add_ven("ven-1", sustainS=DAY_S, calledKwh=0.0)
    world.add_ven("ven-2", sustainS=DAY_S, calledKwh=1.0)
    return world


@pytest.mark.usefixtures("two")
def test_two_events_of_8_kw_over_two_vens_of_5_are_not_both_promised() -> None:
    """The first binds both VENs; the second is dispatched nothing and says which event has them."""
    assert figures(ask("one", kw=8)) == (8.0, 0.0)
    second = ask("two", kw=8)
    assert figures(second) == (0.0, 8.0)
    assert second["unavailable"] == {"ven-1": "in event one", "ven-2": "in event one"}


@pytest.mark.usefixtures("two")
def test_what_is_left_is_dispatched() -> None:
    """An event of 5 kW leaves one VEN: of 8 kW, 5 are dispatched and 3 missing."""
    ask("one", kw=5)
    assert figures(ask("two", kw=8)) == (5.0, 3.0)


@pytest.mark.usefixtures("two")
def test_an_event_tomorrow_is_booked_and_over_midnight_too() -> None:
    """Both lie ahead; the one begins before midnight, the other after."""
    midnight = (int(NOW) // DAY_S + 2) * DAY_S
    ask("one", kw=8, startTs=midnight - 1800)
    assert figures(ask("two", kw=8, startTs=midnight + 900)) == (0.0, 8.0)
    assert figures(ask("three", kw=8, startTs=midnight + 1800)) == (8.0, 0.0)


@pytest.mark.parametrize("action", ["cancel", "delete"])
@pytest.mark.usefixtures("two")
def test_what_is_cancelled_or_deleted_is_free(action: str) -> None:
    """What it had, the next one has."""
    ask("one", kw=8)
    ask("one", action)
    assert figures(ask("two", kw=8)) == (8.0, 0.0)


def test_what_is_over_is_free(two: World) -> None:
    """An hour later the next event has everybody."""
    ask("one", kw=8)
    two.now += 3600
    assert figures(ask("two", kw=8)) == (8.0, 0.0)


@pytest.mark.usefixtures("two")
def test_what_a_revision_gives_up_is_free_and_what_it_wants_more_is_not_taken() -> None:
    """Revised from 8 to 5 kW an event leaves a VEN; revised to 8 again it does not get it back."""
    ask("one", kw=8)
    ask("one", "revise", kw=5)
    assert figures(ask("two", kw=5)) == (5.0, 0.0)
    assert figures(ask("one", "revise", kw=8)) == (5.0, 3.0)


def test_a_revision_to_another_day_frees_the_day_before(two: World) -> None:
    """Moved to tomorrow, today is free; and tomorrow is booked."""
    tomorrow = int(NOW) + DAY_S
    ask("one", kw=8)
    ask("one", "revise", kw=8, startTs=tomorrow)
    assert figures(ask("two", kw=8)) == (8.0, 0.0)
    assert figures(ask("three", kw=8, startTs=tomorrow)) == (0.0, 8.0)
    two.now += 3600


def test_a_higher_priority_takes_the_vens_and_the_next_redispatch_of_the_lower_one_says_so(
    two: World,
) -> None:
    """Creating the higher one names the lower; shared out again, the lower one has nothing and misses all."""
    ask("low", kw=8, priority=9)
    high = ask("high", kw=8, priority=1)
    assert figures(high) == (8.0, 0.0)
    assert high["note"].startswith("takes 2 VENs from event low")
    assert ask("high", kw=8, priority=1)["note"] == high["note"]  # also when it is repeated
    two.now += 60
    low = ask("low", "redispatch")
    assert figures(low) == (0.0, 8.0)
    assert low["unavailable"] == {"ven-1": "in event high", "ven-2": "in event high"}
    ask("high", "cancel")
    assert figures(ask("third", kw=8, priority=9)) == (8.0, 0.0)


@pytest.mark.usefixtures("two")
def test_of_two_creations_at_the_same_instant_one_has_the_vens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever commits second finds the day changed, plans anew and has what is left."""
    real, inner = BookedDays.commit, []

    def commit(self: BookedDays, *changes: Any, **conditions: Any) -> bool:
        if not inner:
            inner.append(None)
            inner.append(ask("fast", kw=8))
        return real(self, *changes, **conditions)

    monkeypatch.setattr(BookedDays, "commit", commit)
    slow = ask("slow", kw=8)
    assert (figures(inner[1]), figures(slow)) == ((8.0, 0.0), (0.0, 8.0))


@pytest.mark.parametrize("step", ["_day", "_booked", "write_plan"])
@pytest.mark.usefixtures("two")
def test_whenever_the_other_creation_comes_no_kw_is_booked_twice(
    monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Before the day is read, after it, or while the plan is written: 8 kW are dispatched, not 16."""
    ask("before", kw=0.0)
    owner: type = EventBook if step == "write_plan" else BookedDays
    real, inner = getattr(owner, step), []

    def at_step(self: Any, *arguments: Any) -> Any:
        outcome = real(self, *arguments)
        if not inner:
            inner.append(None)
            inner.append(ask("fast", kw=8))
        return outcome

    monkeypatch.setattr(owner, step, at_step)
    slow = ask("slow", kw=8)
    assert slow["calledKw"] + inner[1]["calledKw"] == 8.0
    assert slow["shortfallKw"] + inner[1]["shortfallKw"] == 8.0


def test_a_redispatch_beside_a_creation_is_made_anew(two: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It wants a VEN that a new event takes meanwhile: made anew, it goes without."""
    assert figures(ask("one", kw=5)) == (5.0, 0.0)
    two.vens.update(Key("ven-1"), {"online": False})
    two.now += 120
    real, inner = BookedDays.commit, []

    def commit(self: BookedDays, *changes: Any, **conditions: Any) -> bool:
        if not inner:
            inner.append(None)
            inner.append(ask("fast", kw=5))
        return real(self, *changes, **conditions)

    _report(two, "ven-2")
    monkeypatch.setattr(BookedDays, "commit", commit)
    one = ask("one", "redispatch")
    assert (figures(inner[1]), figures(one)) == ((5.0, 0.0), (0.0, 5.0))
    assert one["unavailable"] == {"ven-1": "offline", "ven-2": "in event fast"}


def _report(world: World, ven_id: str) -> None:
    at_ts = world.now - 5
    row = {"timestamp": int(at_ts), "receivedTs": at_ts, "bootId": "b", "seq": 1, "shedPowerKw": 0.0}
    world.telemetry.put_new(
        {"venId": ven_id, "rowId": "LATEST", "usedPowerKw": 1.0, "baselinePowerKw": 1.0, **row}
    )


def test_a_day_forgets_events_that_are_over_and_refuses_more_than_it_holds(
    two: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is over makes room; when the day is full nothing is created, and the reason names the day."""
    monkeypatch.setattr(booked_days, "EVENTS_MAX", 2)
    ask("one", kw=1)
    ask("two", kw=1)
    refused = ask("three", kw=1)
    assert (refused["ok"], refused["code"], refused["field"]) == (False, "conflict", "startTs")
    assert refused["error"] == "there are 2 events on 2027-01-15 already"
    assert two.event_item("three") == {}
    two.now += 3600
    assert ask("three", kw=1)["ok"]
    day = two.events.get(Key(booked_day(int(NOW) // DAY_S), BOOKED_SORT_KEY))
    assert day is not None
    assert json.loads(day["events"]).keys() == {"three"}
    assert day["expiresTs"] == (int(NOW) // DAY_S + 2) * DAY_S


@pytest.mark.usefixtures("two")
def test_the_reads_of_a_creation_grow_with_the_events_that_overlap_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of nine other events on the day, the one that overlaps is read, header and plan, and no other."""
    for number in range(9):
        ask(f"e{number}", kw=1, startTs=int(NOW) + number * 3600)
    found: list[str] = []
    real = EventBook.plan

    def plan(self: EventBook, row: Any) -> Any:
        found.append(row.event_id)
        return real(self, row)

    monkeypatch.setattr(EventBook, "plan", plan)
    ask("new", kw=1, startTs=int(NOW) + 3600)
    assert found == ["e1", "new"]


@pytest.mark.usefixtures("two")
def test_a_plan_that_has_expired_books_nothing() -> None:
    """A header whose plan is gone by its time to live holds no VEN."""
    ask("one", kw=8)
    table = clients.dynamodb()
    for item in table.scan(TableName="events")["Items"]:
        if item["part"]["S"].startswith("PLAN#"):
            table.delete_item(TableName="events", Key={"eventId": item["eventId"], "part": item["part"]})
    assert figures(ask("two", kw=8)) == (8.0, 0.0)


def test_a_fourth_event_of_24_steps_for_a_full_shadow_is_answered_served_and_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three such events fill a shadow's 8 KB with their mirror: the fourth goes to the other VEN alone."""
    for ven_id in ("ven-1", "ven-2"):
        world.add_ven(ven_id, sustainS=DAY_S)
    _hold_shadows_to_8_kb(world, monkeypatch)
    steps = [{"durationS": 300, "signal": "shedKw", "value": 1.234 + step / 100} for step in range(24)]

    def create(event_id: str, number: int, *targets: str) -> dict[str, Any]:
        start_ts = int(NOW) + 7200 * (number + 1)
        return ask(event_id, intervals=steps, startTs=start_ts, targets=targets, allocation="proportional")

    for number in range(3):
        assert create(f"event-{number}", number, "ven-1")["unavailable"] == {}
    fourth = create("fourth", 3, "ven-1", "ven-2")
    assert fourth["ok"]
    assert fourth["unavailable"] == {"ven-1": "its shadow is full"}
    assert [assignment["venId"] for assignment in fourth["assignments"]] == ["ven-2"]
    assert ("fourth" in world.desired("ven-1"), "fourth" in world.desired("ven-2")) == (False, True)
    assert fourth["shortfallKw"] == pytest.approx(fourth["calledKw"] / 2, abs=0.002)
    deleted = ask("fourth", "delete")
    assert deleted["ok"]
    assert world.desired("ven-2")["fourth"]["intervals"] == []


def _hold_shadows_to_8_kb(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse as AWS IoT does: the VENs mirror what is desired, so an event stands in a shadow twice."""
    iot_data = clients.iot_data()
    real = iot_data.update_thing_shadow

    def update(**call: Any) -> Any:
        patch = json.loads(call["payload"])["state"]["desired"]["drEvents"]
        size = 2 * len(json.dumps({**world.desired(call["thingName"]), **patch}, separators=(",", ":")))
        if size > 8 * 1024:
            refusal = {"Error": {"Code": "RequestEntityTooLargeException"}}
            raise iot_data.exceptions.RequestEntityTooLargeException(refusal, "UpdateThingShadow")
        return real(**call)

    monkeypatch.setattr(iot_data, "update_thing_shadow", update)
