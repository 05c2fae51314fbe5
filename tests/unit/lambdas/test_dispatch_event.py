"""`dispatch_event`: allocation, shadows, schedule; and that every step can be the last before a crash."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.api.reports import FINAL_AFTER_S, PAYBACK_AFTER_S
from contracts.wire.events import Phase, from_shadow
from contracts.wire.shadow import merge
from lambdas.dispatch_event.handler import handler
from lambdas.shared import clients
from lambdas.shared.event_book import EventBook
from lambdas.shared.schedules import EventSchedules
from lambdas.shared.shadows import Shadows
from lambdas.shared.tables import Table
from ven_twin.testing.function_world import NOW, Context, World

SHED_12 = [{"durationS": 3600, "signal": "shedKw", "value": 12}]
LEVEL_2 = [{"durationS": 3600, "signal": "level", "value": 2}]


def create(**fields: Any) -> dict[str, Any]:
    """Ask for 12 kW for an hour, under an id, of each in proportion."""
    return handler({"eventId": "e1", "intervals": SHED_12, "allocation": "proportional", **fields}, Context())


def cancel(event_id: str = "e1") -> dict[str, Any]:
    """Cancel it."""
    return handler({"action": "cancel", "eventId": event_id}, Context())


def shares(answer: dict[str, Any]) -> dict[str, float]:
    """Each VEN's share of the first interval."""
    return {each["venId"]: each["values"][0] for each in answer["assignments"]}


@pytest.fixture
def fleet(world: World) -> World:
    """Three VENs that offer 10, 5 and 5 kW."""
    world.add_ven("big", shedAvailabilityKw=10.0)
    world.add_ven("small-1", shedAvailabilityKw=5.0)
    world.add_ven("small-2", shedAvailabilityKw=5.0)
    return world


def test_a_target_is_shared_by_what_each_ven_offers(fleet: World) -> None:
    """A fleet's target is never split equally: who can shed twice as much gets twice as much."""
    answer = create()
    assert shares(answer) == {"big": 6.0, "small-1": 3.0, "small-2": 3.0}
    assert (answer["askedKw"], answer["availableKw"], answer["shortfallKw"]) == (12.0, 20.0, 0.0)
    event = from_shadow("e1", fleet.desired("big")["e1"])
    assert (event.start_ts, event.duration_s, event.intervals[0].value) == (int(NOW), 3600, 6.0)


@pytest.mark.usefixtures("fleet")
def test_asking_for_more_than_there_is_allocates_what_there_is() -> None:
    """Nobody is asked for more than it offers, and the answer says how much is missing."""
    answer = create(intervals=[{"durationS": 3600, "signal": "shedKw", "value": 50}])
    assert shares(answer) == {"big": 10.0, "small-1": 5.0, "small-2": 5.0}
    assert answer["shortfallKw"] == 30.0


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"online": False}, "offline"),
        ({"online": None}, "offline"),
        ({"enabled": False}, "disabled"),
        ({"optOut": {"reason": "economic"}}, "opted out: economic"),
        ({"optOut": {"reason": "override", "untilTs": int(NOW) + 60}}, "opted out: override"),
        ({"shedAvailabilityKw": None}, "reports no metrics.shedAvailabilityKw in its shadow"),
        ({"shedAvailabilityKw": 0.0}, "offers nothing"),
    ],
)
def test_who_cannot_take_part_is_not_counted_on(
    fleet: World, attributes: dict[str, Any], reason: str
) -> None:
    """A VEN that is offline, disabled, opted out or without offer is listed with the reason."""
    fleet.add_ven("other", **({"shedAvailabilityKw": 20.0} | attributes))
    answer = create()
    assert answer["unavailable"] == {"other": reason}
    assert "other" not in shares(answer)
    assert (answer["availableKw"], fleet.desired("other")) == (20.0, {})


def test_an_opt_out_that_ends_before_the_event_does_not_count(fleet: World) -> None:
    """An opt-out is over at its end."""
    fleet.add_ven("other", optOut={"reason": "economic", "untilTs": int(NOW) + 60})
    assert "other" in shares(create(startTs=int(NOW) + 600))


def test_a_level_goes_to_each_ven_as_it_stands(fleet: World) -> None:
    """A level is a behaviour, not a sum: even an offline VEN finds it when it connects."""
    fleet.add_ven("away", online=False)
    answer = create(intervals=LEVEL_2)
    assert shares(answer) == {"away": 2.0, "big": 2.0, "small-1": 2.0, "small-2": 2.0}
    assert answer["unavailable"] == {"away": "offline"}
    assert answer["askedKw"] == 0.0
    assert "e1" in fleet.desired("away")


def test_a_fleet_that_has_said_nothing_yet_is_of_unknown_availability(world: World) -> None:
    """Availability is None, not 0, when no VEN has reported yet; nothing is made up."""
    world.add_ven("new", shedAvailabilityKw=None)
    answer = create()
    assert (answer["assignments"], answer["availableKw"], answer["shortfallKw"]) == ([], None, 12.0)


def test_only_targets_take_part(fleet: World) -> None:
    """Named targets are the whole fleet of the event."""
    assert shares(create(targets=["small-2"])) == {"small-2": 5.0}
    assert fleet.desired("big") == {}


def test_an_unknown_target_is_named(fleet: World) -> None:
    """One wrong target refuses the request as a whole; nothing is written."""
    answer = create(targets=["big", "nobody"])
    assert (answer["ok"], answer["code"], answer["field"]) == (False, "notFound", "targets[1]")
    assert fleet.event_item("e1") == {}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"startTs": int(NOW) - 3600}, "startTs"),
        ({"intervals": []}, "intervals"),
        ({"intervals": [{"durationS": 60, "signal": "level", "value": 7}]}, "intervals[0].value"),
        ({"intervals": [{"durationS": 60, "signal": "noise", "value": 1}]}, "intervals[0].signal"),
        ({"eventId": "a/b"}, "eventId"),
        ({"action": "cancel", "eventId": None}, "eventId"),
    ],
)
def test_a_mistake_is_refused_by_field(fleet: World, fields: dict[str, Any], field: str) -> None:
    """A user's mistake is an answer that names the field, and changes nothing."""
    answer = create(**fields)
    assert (answer["ok"], answer["code"], answer["field"]) == (False, "badRequest", field)
    assert fleet.desired("big") == {}


def test_a_late_event_keeps_its_end(fleet: World) -> None:
    """An event that has begun is dispatched for what is left of it: late means shorter."""
    answer = create(startTs=int(NOW) - 1800)
    assert (answer["startTs"], answer["endTs"]) == (int(NOW) - 1800, int(NOW) + 1800)
    event = from_shadow("e1", fleet.desired("big")["e1"])
    assert event.remaining_s(NOW) == 1800


def test_settlement_is_scheduled_once_after_the_end_and_deletes_itself(fleet: World) -> None:
    """The schedule fires after the last randomised end and the delay, with a dead-letter queue behind it."""
    create(eventId="peak:1", startTs=int(NOW) + 600, randomizeStartS=300)
    schedule = fleet.schedule("settle-peak_c_1")
    at = datetime.fromtimestamp(NOW + 600 + 3600 + 300 + 120, UTC)
    assert schedule.at == f"at({at:%Y-%m-%dT%H:%M:%S})"
    assert (schedule.after, schedule.request) == ("DELETE", {"eventId": "peak:1", "revision": 0})
    assert schedule.target["DeadLetterConfig"]["Arn"].endswith("dead-letters")
    assert schedule.target["RetryPolicy"]["MaximumRetryAttempts"] > 0


def test_a_final_settlement_is_scheduled_for_when_what_follows_is_stored(fleet: World) -> None:
    """Nobody has to ask: four hours and a quarter after the first settlement. It moves with the event."""
    create(eventId="peak:1", startTs=int(NOW) + 600, randomizeStartS=300)
    first, final = (fleet.schedule(f"{purpose}-peak_c_1") for purpose in ("settle", "final"))
    at = datetime.fromtimestamp(NOW + 600 + 3600 + 300 + 120 + FINAL_AFTER_S, UTC)
    assert final.at == f"at({at:%Y-%m-%dT%H:%M:%S})"
    assert (final.after, final.request, final.target) == ("DELETE", first.request, first.target)
    fleet.now += 900
    handler({"action": "cancel", "eventId": "peak:1"}, Context())
    at = datetime.fromtimestamp(fleet.now + 120 + FINAL_AFTER_S, UTC)
    assert fleet.schedule("final-peak_c_1").at == f"at({at:%Y-%m-%dT%H:%M:%S})"


def test_its_payback_is_counted_by_a_schedule_a_day_after_the_event(fleet: World) -> None:
    """A day and a quarter hour after the first settlement, as that one; a cancellation moves it."""
    create(eventId="peak:1", startTs=int(NOW) + 600)
    first, last = (fleet.schedule(f"{purpose}-peak_c_1") for purpose in ("settle", "payback"))
    at = datetime.fromtimestamp(NOW + 600 + 3600 + 120 + PAYBACK_AFTER_S, UTC)
    assert last.at == f"at({at:%Y-%m-%dT%H:%M:%S})"
    assert (last.after, last.request, last.target) == ("DELETE", first.request, first.target)
    fleet.now += 900
    handler({"action": "cancel", "eventId": "peak:1"}, Context())
    at = datetime.fromtimestamp(fleet.now + 120 + PAYBACK_AFTER_S, UTC)
    assert fleet.schedule("payback-peak_c_1").at == f"at({at:%Y-%m-%dT%H:%M:%S})"


def test_the_same_request_twice_is_one_event(fleet: World) -> None:
    """A repeat, also later and with the fleet changed, gets the first answer and changes nothing."""
    first, shadow = create(), fleet.desired("big")
    fleet.now += 60
    fleet.add_ven("late", shedAvailabilityKw=100.0)
    assert create() == first
    assert fleet.desired("big") == shadow
    assert fleet.desired("late") == {}


def test_another_event_under_a_used_id_is_a_conflict(fleet: World) -> None:
    """An event id belongs to one request; the event that has it stays as it was, in record and shadow."""
    create()
    before, shadow = fleet.event_item("e1"), fleet.desired("big")
    answer = create(priority=1)
    assert (answer["ok"], answer["code"], answer["field"]) == (False, "conflict", "eventId")
    assert (fleet.event_item("e1"), fleet.desired("big")) == (before, shadow)
    assert from_shadow("e1", shadow["e1"]).priority == 1_000_000


def test_without_an_event_id_a_retried_invocation_is_one_event(fleet: World) -> None:
    """Lambda's retry of an asynchronous invocation has the same request id, and makes the same event."""
    first = handler({"intervals": SHED_12}, Context())
    assert handler({"intervals": SHED_12}, Context()) == first
    assert list(fleet.desired("big")) == [first["eventId"]]


def test_a_cancellation_writes_a_newer_revision_with_nothing_left_to_do(fleet: World) -> None:
    """Cancelling restores the loads: every VEN that has the event gets an empty newer revision (defect 2)."""
    create()
    fleet.now += 600
    answer = cancel()
    assert (answer["revision"], answer["endTs"]) == (1, int(NOW) + 600)
    assert shares_of_nothing(answer) == {"big", "small-1", "small-2"}
    for ven_id in ("big", "small-1", "small-2"):
        event = from_shadow("e1", fleet.desired(ven_id)["e1"])
        assert (event.revision, event.intervals) == (1, ())
        assert event.phase(fleet.now) is Phase.CANCELLED
    assert fleet.event_item("e1")["cancelledTs"] == NOW + 600


def shares_of_nothing(answer: dict[str, Any]) -> set[str]:
    """The VENs that are told that nothing is left to do."""
    return {each["venId"] for each in answer["assignments"] if each["values"] == []}


def test_a_cancelled_event_is_settled_soon(fleet: World) -> None:
    """The schedule moves from the planned end to the cancellation."""
    create()
    fleet.now += 600
    cancel()
    at = datetime.fromtimestamp(NOW + 600 + 120, UTC)
    schedule = fleet.schedule("settle-e1")
    assert (schedule.at, schedule.request["revision"]) == (f"at({at:%Y-%m-%dT%H:%M:%S})", 1)


def test_cancelling_twice_is_one_outcome(fleet: World) -> None:
    """The second cancellation changes neither the revision nor the time."""
    create()
    first = cancel()
    fleet.now += 60
    assert cancel() == first
    assert fleet.desired("big")["e1"]["revision"] == 1


def test_a_cancelled_event_is_not_brought_back_by_repeating_its_request(fleet: World) -> None:
    """A late repeat of the create finds the cancellation and leaves the shadows alone."""
    create()
    cancel()
    assert create()["code"] == "conflict"
    assert fleet.desired("big")["e1"]["intervals"] == []


def test_an_unknown_event_cannot_be_cancelled(fleet: World) -> None:
    """Cancelling what is not there is said, not passed over."""
    answer = cancel("nothing")
    assert (answer["code"], answer["field"]) == ("notFound", "eventId")
    assert fleet.desired("big") == {}


def test_an_event_that_is_over_cannot_be_cancelled(fleet: World) -> None:
    """What was delivered stays delivered."""
    create()
    fleet.now += 3600
    assert cancel()["code"] == "conflict"


class KilledError(Exception):
    """The sandbox is gone."""


STEPS = [
    (Table, "put_new"),
    (Table, "put_all"),
    (EventSchedules, "put_settle"),
    (EventSchedules, "put_redispatch"),
    (Table, "update"),
    (Shadows, "set_event"),
]


@pytest.mark.parametrize(("owner", "step"), STEPS)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_create_killed_anywhere_is_completed_by_repeating_it(  # noqa: PLR0917 - the cases
    fleet: World, monkeypatch: pytest.MonkeyPatch, owner: type, step: str, after: bool, nth: int
) -> None:
    """Before or after any step, the first or a later one: the repeat makes the event whole."""
    with monkeypatch.context() as patch:
        _kill(patch, owner, step, after=after, nth=nth)
        if step != "set_event" and nth == 2:  # there is no second
            create()
        else:
            with pytest.raises(KilledError):
                create()
    fleet.now += 5
    answer = create()
    assert shares(answer) == {"big": 6.0, "small-1": 3.0, "small-2": 3.0}
    for ven_id in shares(answer):
        assert fleet.desired(ven_id)["e1"]["revision"] == 0
    assert fleet.schedule("settle-e1").request["eventId"] == "e1"
    assert fleet.schedule("redispatch-e1").request["eventId"] == "e1"
    book = EventBook(fleet.events)
    row = book.find("e1")
    assert row is not None
    assert row.done_revision == row.revision == 0
    assert {each.ven_id: each.values[0] for each in book.plan(row).assignments} == shares(answer)


@pytest.mark.parametrize(
    ("owner", "step"),
    [
        (Table, "replace"),
        (EventSchedules, "put_settle"),
        (EventSchedules, "drop_redispatch"),
        (Shadows, "set_event"),
        (Table, "update"),
    ],
)
@pytest.mark.parametrize("after", [False, True])
def test_a_cancellation_killed_anywhere_is_completed_by_repeating_it(
    fleet: World, monkeypatch: pytest.MonkeyPatch, owner: type, step: str, after: bool
) -> None:
    """Wherever a cancellation is cut short, repeating it cancels the event everywhere, once."""
    create()
    with monkeypatch.context() as patch:
        _kill(patch, owner, step, after=after, nth=1)
        with pytest.raises(KilledError):
            cancel()
    assert cancel()["revision"] == 1
    assert {fleet.desired(ven_id)["e1"]["revision"] for ven_id in ("big", "small-1", "small-2")} == {1}


def _kill(patch: pytest.MonkeyPatch, owner: type, step: str, *, after: bool, nth: int) -> None:
    """Have the *nth* call of a step raise, before or after it took effect."""
    real, calls = getattr(owner, step), [0]

    def call(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] != nth:
            return real(*args, **kwargs)
        if after:
            real(*args, **kwargs)
        raise KilledError

    patch.setattr(owner, step, call)


def test_a_cancellation_during_the_create_stands(fleet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a cancellation comes while the shadows are being written, none of them keeps the event."""
    real = Shadows.set_event
    cancelled: list[bool] = []

    def write(self: Shadows, ven_id: str, event_id: str, value: Any) -> bool:
        if not cancelled:
            cancelled.append(True)
            cancel()
        return real(self, ven_id, event_id, value)

    monkeypatch.setattr(Shadows, "set_event", write)
    assert create()["code"] == "conflict"
    assert all(fleet.desired(ven_id)["e1"]["intervals"] == [] for ven_id in ("big", "small-1", "small-2"))


@pytest.mark.usefixtures("fleet")
def test_a_ven_whose_shadow_is_full_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shadow holds 8 KB: who has no room is listed, and the shortfall counts its share."""
    iot_data = clients.iot_data()
    real = iot_data.update_thing_shadow

    def update(**call: Any) -> Any:
        if call["thingName"] == "big":
            refusal = {"Error": {"Code": "RequestEntityTooLargeException"}}
            raise iot_data.exceptions.RequestEntityTooLargeException(refusal, "UpdateThingShadow")
        return real(**call)

    monkeypatch.setattr(iot_data, "update_thing_shadow", update)
    answer = create()
    assert answer["unavailable"] == {"big": "its shadow is full"}
    assert (shares(answer), answer["shortfallKw"]) == ({"small-1": 3.0, "small-2": 3.0}, 6.0)


def test_a_vens_acks_survive_a_repeated_dispatch(fleet: World) -> None:
    """Writing the assignment again leaves what the VEN has answered by then."""
    create()
    fleet.events.update(_part("big"), {"active": {"ts": 1}})
    create()
    assert fleet.event_item("e1", "VEN#big")["active"] == {"ts": 1}


def _part(ven_id: str) -> Any:
    from contracts.store.keys import Key, ven_sort_key  # noqa: PLC0415 - here alone

    return Key("e1", ven_sort_key(ven_id))


def test_a_shadow_merges_the_cancellation_over_the_event() -> None:
    """The empty revision replaces the intervals, since a shadow replaces arrays whole."""
    before = {"drEvents": {"e1": {"revision": 0, "intervals": [{"durationS": 60}]}}}
    after = merge(before, {"drEvents": {"e1": {"revision": 1, "intervals": []}}})
    assert after == {"drEvents": {"e1": {"revision": 1, "intervals": []}}}


@pytest.mark.usefixtures("fleet")
def test_the_metrics_count_requests_events_and_refusals(capsys: Any) -> None:
    """One of each for a request; what is missing is told of an event alone."""
    create(intervals=[{"durationS": 3600, "signal": "shedKw", "value": 50}])
    create(intervals=[])
    event, refusal = (json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line)
    assert (event["DispatchRequested"], event["EventDispatched"], event["ShortfallKw"]) == (
        [1.0],
        [1.0],
        [30.0],
    )
    assert (refusal["DispatchRequested"], refusal["EventRefused"]) == ([1.0], [1.0])
    assert {"EventRefused", "ShortfallKw", "EventDispatched"} & refusal.keys() == {"EventRefused"}
