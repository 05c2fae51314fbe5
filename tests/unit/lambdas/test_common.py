"""The adapters that the functions share."""

from __future__ import annotations

import io
from typing import Any

import pytest

from contracts.api.requests import SettleEvent
from contracts.errors import FieldError, OversizeError
from contracts.store.items import from_item, to_item
from contracts.store.keys import Key
from lambdas.issue_command.settings import CommandSettings
from lambdas.shared import cfn_response, clients, parallel, settings
from lambdas.shared.schedules import EventSchedules
from lambdas.shared.shadows import Shadows
from lambdas.shared.tables import Condition
from ven_twin.testing.function_world import NOW, World

VALUES: dict[str, Any] = {
    "text": "x",
    "yes": True,
    "whole": 2**53,
    "below": -3,
    "float": 0.1 + 0.2,
    "small": 1.5e-7,
    "large": 2e22,
    "many": [1, 2.5, {"deep": None}],
    "map": {"a": {"b": []}},
}


def test_an_item_reads_back_as_it_was(world: World) -> None:
    """Floats, flags, whole numbers and nested values survive the table, to the last digit."""
    world.vens.put_new({"venId": "h", **VALUES})
    assert world.vens.get(Key("h")) == {"venId": "h", **VALUES}
    assert from_item(to_item(VALUES)) == VALUES


def test_none_is_no_attribute() -> None:
    """A None at the top of an item is left out."""
    assert to_item({"a": None, "b": 1}) == {"b": {"N": "1"}}


@pytest.mark.parametrize(("value", "stored"), [(5e-324, "0"), (0.0, "0"), (-0.0, "0")])
def test_a_number_too_small_to_store_is_zero(value: float, stored: str) -> None:
    """DynamoDB's numbers end at 1e-130."""
    assert to_item({"n": value}) == {"n": {"N": stored}}


@pytest.mark.parametrize("value", [1e300, float("inf"), float("nan")])
def test_a_number_that_cannot_be_stored_is_refused(value: float) -> None:
    """It is the sender's field that is wrong, not the table."""
    with pytest.raises(FieldError):
        to_item({"n": value})


def test_many_items_are_read_in_calls_of_100(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that BatchGetItem leaves unprocessed are requested again."""
    for index in range(130):
        world.vens.put_new({"venId": f"h{index}", "other": 1})
    dynamodb, sizes = clients.dynamodb(), []
    real = dynamodb.batch_get_item

    def get(*, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 - boto3's name
        asked = RequestItems["vens"]["Keys"]
        sizes.append(len(asked))
        if len(asked) < 2:
            return real(RequestItems=RequestItems)
        RequestItems["vens"]["Keys"] = asked[1:]
        return real(RequestItems=RequestItems) | {"UnprocessedKeys": {"vens": {"Keys": asked[:1]}}}

    monkeypatch.setattr(dynamodb, "batch_get_item", get)
    found = world.vens.get_many((f"h{index}" for index in range(130)), ["venId"])
    assert sorted(row["venId"] for row in found) == sorted(f"h{index}" for index in range(130))
    assert max(sizes) == 100
    assert "other" not in found[0]


def test_a_condition_that_does_not_hold_is_an_answer(world: World) -> None:
    """A refused write says False; only what AWS could not do raises."""
    absent = Condition("attribute_not_exists(#a)", {"#a": "a"})
    assert world.vens.update(Key("h"), {"a": 1}, when=absent)
    assert not world.vens.update(Key("h"), {"a": 2}, when=absent)
    assert not world.vens.put_new({"venId": "h"})
    assert not world.vens.delete(Key("h"), when=Condition("#a = :a", {"#a": "a"}, {":a": 2}))
    assert world.vens.get(Key("h")) == {"venId": "h", "a": 1}


def test_an_update_sets_removes_and_keeps(world: World) -> None:
    """None removes; what is given for once stays as it first was."""
    world.vens.update(Key("h"), {"a": 1, "b": 2}, once={"c": 3})
    world.vens.update(Key("h"), {"a": None, "b": 4}, once={"c": 5})
    assert world.vens.get(Key("h")) == {"venId": "h", "b": 4, "c": 3}


def test_a_state_beyond_the_shadows_limits_is_not_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS takes no state of 9 KB, though moto and brokers do; it never leaves the function."""
    world.add_ven("house-1")
    sent: list[Any] = []
    monkeypatch.setattr(clients.iot_data(), "update_thing_shadow", sent.append)
    with pytest.raises(OversizeError):
        Shadows(clients.iot_data()).set_desired("house-1", {"x": "y" * 9000})
    assert sent == []


def test_the_answer_of_a_shadow_is_read_to_its_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 leaves it on the connection, which unread is thrown away: a handshake for every shadow."""
    world.add_ven("house-1")
    payload = io.BytesIO(b'{"state": {}}')
    monkeypatch.setattr(clients.iot_data(), "update_thing_shadow", lambda **_: {"payload": payload})
    assert Shadows(clients.iot_data()).set_desired("house-1", {"x": 1})
    assert payload.read() == b""


def test_a_schedule_that_ran_while_it_was_moved_is_made_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A schedule deletes itself after it ran, which may be just before it is updated."""
    scheduler = clients.scheduler()
    schedules = EventSchedules(
        scheduler,
        "schedules",
        "arn:aws:lambda:::settle",
        "arn:aws:lambda:::dispatch",
        "arn:aws:iam::123456789012:role/r",
        "arn:aws:sqs:::q",
    )
    request = SettleEvent(event_id="e1")
    schedules.put_settle(request, at_ts=NOW + 100, now=NOW)
    real = scheduler.update_schedule

    def update(**call: Any) -> Any:
        scheduler.delete_schedule(GroupName="schedules", Name=call["Name"])
        return real(**call)

    monkeypatch.setattr(scheduler, "update_schedule", update)
    schedules.put_settle(request, at_ts=NOW + 200, now=NOW)
    assert "08:03:20" in world.schedule("settle-e1").at


def test_a_time_that_has_passed_becomes_shortly(world: World) -> None:
    """EventBridge Scheduler refuses a past time; an overdue settlement is due now."""
    schedules = EventSchedules(
        clients.scheduler(),
        "schedules",
        "arn:aws:lambda:::settle",
        "arn:aws:lambda:::dispatch",
        "arn:aws:iam::123456789012:role/r",
        "arn:aws:sqs:::q",
    )
    schedules.put_settle(SettleEvent(event_id="e1"), at_ts=NOW - 1000, now=NOW)
    assert "08:00:15" in world.schedule("settle-e1").at


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(("lasts_s", "there"), [(60, False), (61, True)])
def test_an_event_no_longer_than_the_period_has_no_minutely_run(lasts_s: int, there: bool) -> None:
    """It would be over before there was anything to compare; an earlier schedule of it goes."""
    schedules = EventSchedules(
        clients.scheduler(),
        "schedules",
        "arn:aws:lambda:::settle",
        "arn:aws:lambda:::dispatch",
        "arn:aws:iam::123456789012:role/r",
        "arn:aws:sqs:::q",
    )
    schedules.put_redispatch("e1", from_ts=NOW - 300, to_ts=NOW + 300, every_min=1, now=NOW)
    schedules.put_redispatch("e1", from_ts=NOW - 300, to_ts=NOW + lasts_s, every_min=1, now=NOW)
    names = [each["Name"] for each in clients.scheduler().list_schedules(GroupName="schedules")["Schedules"]]
    assert names == (["redispatch-e1"] if there else [])
    if there:
        schedule = clients.scheduler().get_schedule(GroupName="schedules", Name="redispatch-e1")
        assert (schedule["ScheduleExpression"], schedule["StartDate"].timestamp()) == ("rate(1 minute)", NOW)


def test_every_call_is_made_even_when_one_fails() -> None:
    """One VEN's failure leaves the others served, and is raised at the end."""
    done: list[int] = []

    def call(item: int) -> int:
        if item == 1:
            raise ConnectionError
        done.append(item)
        return item

    with pytest.raises(ConnectionError):
        parallel.over([0, 1, 2, 3], call)
    assert sorted(done) == [0, 2, 3]
    assert parallel.over([5], call) == [5]


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"VENS_TABLE": "v", "COMMANDS_TABLE": "c"}, "RETENTION_DAYS is not set"),
        ({"VENS_TABLE": "", "COMMANDS_TABLE": "c", "RETENTION_DAYS": "1"}, "VENS_TABLE is not set"),
        (
            {"VENS_TABLE": "v", "COMMANDS_TABLE": "c", "RETENTION_DAYS": "x"},
            "RETENTION_DAYS is not a whole number",
        ),
    ],
)
def test_a_wrong_environment_is_named(environ: dict[str, str], message: str) -> None:
    """A missing setting is found by its name, not by what fails later for want of it."""
    with pytest.raises(settings.SettingError, match=message):
        settings.read(CommandSettings, environ)


def test_an_answer_goes_nowhere_but_by_http() -> None:
    """A file or anything else is no place for CloudFormation's answer."""
    with pytest.raises(ValueError, match="http"):
        cfn_response.put_http("file:///etc/passwd", b"{}")
