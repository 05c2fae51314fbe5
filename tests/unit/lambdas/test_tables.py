"""DynamoDB tables as the functions see them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contracts.api.requests import Assignment
from contracts.store.keys import EVENTS_BY_START, EVENTS_INDEX, Key
from contracts.store.unprocessed import TableBusyError
from lambdas.shared import clients, rows, tables, typed_rows
from lambdas.shared.batch_writes import write_all
from lambdas.shared.power_traces import PowerRow
from lambdas.shared.rows import EventRow, VenRow
from lambdas.shared.tables import Condition, Index, Table
from ven_twin.testing.function_world import World

BY_START = Index(EVENTS_BY_START, EVENTS_INDEX, without="deletedTs")


def add_events(world: World, count: int, **attributes: dict[str, Any]) -> None:
    """Headers evt-0 to evt-*count*, each an hour after the one before; *attributes* by id, - as _."""
    for n in range(count):
        item = {"eventId": f"evt-{n}", "part": "EVENT", "startTs": 3600 * n}
        world.events.put_new({**item, **attributes.get(f"evt_{n}", {})})


def ids(items: list[dict[str, Any]]) -> list[str]:
    """Their event ids."""
    return [item["eventId"] for item in items]


def test_the_newest_come_first_and_a_page_says_where_it_ends(world: World) -> None:
    """Page by page every item comes once, and the page after the last is empty or has no end."""
    add_events(world, 5)
    first, last = world.events.newest(BY_START, "EVENT", after=None, limit=2)
    assert ids(first) == ["evt-4", "evt-3"]
    second, last = world.events.newest(BY_START, "EVENT", after=last, limit=2)
    assert ids(second) == ["evt-2", "evt-1"]
    third, last = world.events.newest(BY_START, "EVENT", after=last, limit=2)
    assert (ids(third), last) == (["evt-0"], None)


def test_a_page_is_filled_up_over_items_that_are_passed_over(world: World) -> None:
    """Deleted items do not count for the limit."""
    add_events(world, 6, evt_5={"deletedTs": 1.0}, evt_4={"deletedTs": 1.0}, evt_2={"deletedTs": 1.0})
    page, last = world.events.newest(BY_START, "EVENT", after=None, limit=2)
    assert ids(page) == ["evt-3", "evt-1"]
    rest, _ = world.events.newest(BY_START, "EVENT", after=last, limit=2)
    assert ids(rest) == ["evt-0"]


def test_an_update_happens_only_when_its_condition_holds(world: World) -> None:
    """It says whether it did; placeholders of the condition and of the values do not meet."""
    world.vens.put_new({"venId": "h", "a": 1})
    still = Condition("#a = :a", {"#a": "a"}, {":a": 1})
    assert world.vens.update(Key("h"), {"a": 2, "b": 3}, when=still)
    assert not world.vens.update(Key("h"), {"a": 4}, when=still)
    assert world.vens.get(Key("h")) == {"venId": "h", "a": 2, "b": 3}


def test_a_delete_happens_only_when_its_condition_holds(world: World) -> None:
    """It says whether it did."""
    world.vens.put_new({"venId": "h", "a": 1})
    assert not world.vens.delete(Key("h"), when=Condition("#a = :a", {"#a": "a"}, {":a": 2}))
    assert world.vens.get(Key("h")) is not None
    assert world.vens.delete(Key("h"), when=Condition("#a = :a", {"#a": "a"}, {":a": 1}))
    assert world.vens.get(Key("h")) is None


def _losing_the_answer(table: Table, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the next call *name* take effect and lose its answer; boto3 makes it again."""
    call = getattr(table.client, name)

    def made_twice(**arguments: Any) -> Any:
        monkeypatch.undo()
        call(**arguments)
        try:
            return call(**arguments)
        except table.client.exceptions.ConditionalCheckFailedException as error:
            error.response["ResponseMetadata"]["RetryAttempts"] = 1
            raise

    monkeypatch.setattr(table.client, name, made_twice)


def test_a_write_whose_answer_was_lost_has_been_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its condition is false when it is tried again, by its own first attempt."""
    table, key, was = world.vens, Key("house-1"), Condition.unchanged("certificateId", None)
    _losing_the_answer(table, "put_item", monkeypatch)
    assert table.put_new({"venId": "house-1", "certifiedTs": 1.5}) is True
    _losing_the_answer(table, "update_item", monkeypatch)
    assert table.update(key, {"certificateId": "new", "groups": None}, once={"a": 1}, when=was) is True
    _losing_the_answer(table, "put_item", monkeypatch)
    renewed = {"venId": "house-1", "certificateId": "newer"}
    assert table.replace(renewed, when=Condition.unchanged("certificateId", "new")) is True
    _losing_the_answer(table, "delete_item", monkeypatch)
    assert table.delete(key, when=Condition.unchanged("certificateId", "newer")) is True


def test_a_write_that_another_came_before_has_not_been_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it was tried again: what is stored is the other's."""
    table, key = world.vens, Key("house-1")
    table.put_new({"venId": "house-1", "certificateId": "other"})
    was = Condition.unchanged("certificateId", None)

    def refused_again(**arguments: Any) -> Any:
        monkeypatch.undo()
        try:
            return table.client.update_item(**arguments)
        except table.client.exceptions.ConditionalCheckFailedException as error:
            error.response["ResponseMetadata"]["RetryAttempts"] = 1
            raise

    monkeypatch.setattr(table.client, "update_item", refused_again)
    assert table.update(key, {"certificateId": "new", "venId": "house-1"}, when=was) is False
    assert table.put_new({"venId": "house-1", "certificateId": "new"}) is False


def test_the_same_item_again_is_not_new(world: World) -> None:
    """Only a call that boto3 has tried again can have made the item that it finds."""
    assert world.vens.put_new({"venId": "h", "a": 1}) is True
    assert world.vens.put_new({"venId": "h", "a": 1}) is False


def test_a_query_takes_both_ends_and_only_the_attributes(world: World) -> None:
    """Items come in the order of their sort keys; without attributes they come whole."""
    for n in (3, 1, 2, 4):
        world.events.put_new({"eventId": "e", "part": f"p{n}", "n": n, "x": 0})
    assert list(world.events.query("e", ("p1", "p3"), ["n"])) == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert list(world.events.query("e", ("p4", "p9"))) == [{"eventId": "e", "part": "p4", "n": 4, "x": 0}]


def test_many_are_read_once_each_at_one_sort_key(world: World) -> None:
    """A partition that is named twice is read once; one that is not there is left out."""
    for ven_id in ("a", "b"):
        for row in ("LATEST", "OTHER"):
            world.telemetry.put_new({"venId": ven_id, "rowId": row, "n": ven_id})
    found = world.telemetry.get_many(["a", "b", "a", "c"], ["n", "rowId"], sort="LATEST")
    assert sorted(found, key=lambda item: str(item["n"])) == [
        {"n": "a", "rowId": "LATEST"},
        {"n": "b", "rowId": "LATEST"},
    ]


def test_what_is_left_over_is_tried_again_with_growing_pauses(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five attempts, and pauses of half to the whole of 0.1, 0.2, 0.4 and 0.8 s; then the ids come back."""
    calls: list[int] = []

    def leave_all(RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        calls.append(len(RequestItems["vens"]))
        return {"UnprocessedItems": RequestItems}

    monkeypatch.setattr(world.vens.client, "batch_write_item", leave_all)
    items = {n: {"venId": f"v{n}"} for n in range(2)}
    assert write_all(world.vens, items) == {0, 1}
    assert calls == [2] * 5
    assert_jittered(world.slept)


def test_keys_that_are_left_every_time_are_given_up_after_pauses(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BatchGetItem is called five times, with growing pauses; then the table is too busy."""
    calls: list[int] = []

    def leave_all(RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        calls.append(len(RequestItems["vens"]["Keys"]))
        return {"Responses": {}, "UnprocessedKeys": RequestItems}

    monkeypatch.setattr(world.vens.client, "batch_get_item", leave_all)
    with pytest.raises(TableBusyError, match="vens is too busy: 2"):
        world.vens.get_many(["v1", "v2"], ["venId"])
    assert calls == [2] * 5
    assert_jittered(world.slept)


def assert_jittered(slept: list[float]) -> None:
    """Each pause is half to the whole of 0.1, 0.2, 0.4 and 0.8 s."""
    assert len(slept) == 4
    for pause_s, whole_s in zip(slept, (0.1, 0.2, 0.4, 0.8), strict=True):
        assert whole_s / 2 <= pause_s <= whole_s


def test_an_item_goes_after_whole_days() -> None:
    """A row that is kept for 30 days expires 30 times 86,400 s after it was written."""
    assert rows.expires_ts(1000.9, 30) == 1000 + 30 * 86_400


def test_an_event_is_over_when_its_last_ven_is() -> None:
    """The end is the sum of the intervals; a randomised start adds its spread; a cancelled one is over."""
    item = {"eventId": "e", "requested": "r", "revision": 1, "startTs": 1000, "planId": "p"}
    times = {"createdTs": 0.0, "expiresTs": 9, "randomizeStartS": 30}
    intervals = [{"durationS": 60, "signal": "shedKw", "value": 1.0}] * 2
    row = rows.read(EventRow, {**item, **times, "intervals": intervals})
    assert (row.end_ts, row.over_ts) == (1120, 1150)
    cancelled = rows.read(EventRow, {**item, **times, "intervals": intervals, "cancelledTs": 1010.0})
    assert cancelled.over_ts == 1010.0


READS: dict[str, Callable[[Table], object]] = {
    "get": lambda table: table.get(Key("e1", "A")),
    "get_many": lambda table: table.get_many(["e1"], ["n"], sort="A"),
    "query": lambda table: list(table.query("e1", ("A", "Z"))),
    "query_rows": lambda table: list(table.query_rows(PowerRow, "e1", ("A", "Z"))),
    "scan": lambda table: list(table.scan(["n"])),
}


@pytest.mark.parametrize("read", READS)
def test_a_read_sees_what_was_written_just_before(world: World, read: str) -> None:
    """DynamoDB may answer with an older state unless the read is consistent; moto never does."""
    consistent: list[bool] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        consistent.append(params.get("RequestItems", {}).get("events", params)["ConsistentRead"])

    events, before_read = world.events.client.meta.events, "before-parameter-build.dynamodb"
    events.register(before_read, note)
    try:
        READS[read](world.events)
    finally:
        events.unregister(before_read, note)
    assert consistent == [True]


EVENT: dict[str, Any] = {
    "eventId": "e",
    "requested": "r",
    "revision": 1,
    "startTs": 1000,
    "intervals": [{"durationS": 60, "signal": "shedKw", "value": 1.0}],
    "planId": "p",
    "createdTs": 0.0,
    "expiresTs": 9,
}


def test_an_attribute_that_was_never_written_is_none_of_it() -> None:
    """Nothing requested, dispatched or short, no revision done, lowest priority: also of earlier rows."""
    written = msgspec.to_builtins(rows.read(EventRow, EVENT))
    assert {name: value for name, value in written.items() if name not in EVENT} == {
        "edition": 0,
        "result": None,
        "randomizeStartS": 0,
        "priority": 1_000_000,
        "targets": (),
        "program": "default",
        "baseline": None,
        "holidays": None,
        "allocation": "merit",
        "askedKw": 0.0,
        "availableKw": None,
        "calledKw": 0.0,
        "shortfallKw": 0.0,
        "doneRevision": -1,
        "full": (),
        "cancelledTs": None,
        "deletedTs": None,
        "closedTs": None,
        "clearedTs": None,
        "part": "EVENT",
    }
    assert rows.read(VenRow, {"venId": "h"}).dispatched_kwh == 0.0


def test_a_ven_starts_with_the_event_or_within_its_spread() -> None:
    """Without a spread at the start itself, and otherwise at a time of its own before or after it."""
    sharp, spread = rows.read(EventRow, EVENT), rows.read(EventRow, {**EVENT, "randomizeStartS": 900})
    ven_ids = [f"ven-{n}" for n in range(20)]
    assert {sharp.start_offset_s(ven_id) for ven_id in ven_ids} == {0.0}
    offsets_s = [spread.start_offset_s(ven_id) for ven_id in ven_ids]
    assert offsets_s == [
        spread.for_ven(Assignment(ven_id=ven_id, values=(1.0,))).start_offset_s(ven_id) for ven_id in ven_ids
    ]
    assert len(set(offsets_s)) > 10
    assert -900.0 <= min(offsets_s) < 0.0 < max(offsets_s) <= 900.0


def test_a_ven_gets_its_share_of_each_interval() -> None:
    """One that is dropped, or whose event is cancelled, gets none; shares that do not fit are a fault."""
    row = rows.read(EventRow, EVENT)
    (interval,) = row.for_ven(Assignment(ven_id="h", values=(0.25,))).intervals
    assert (interval.value, interval.duration_s) == (0.25, 60)
    assert row.for_ven(Assignment(ven_id="h", values=())).intervals == ()
    cancelled = rows.read(EventRow, {**EVENT, "cancelledTs": 1010.0})
    assert cancelled.for_ven(Assignment(ven_id="h", values=(0.25,))).intervals == ()
    with pytest.raises(ValueError, match="argument"):
        row.for_ven(Assignment(ven_id="h", values=(0.25, 0.5)))


def test_rows_are_read_over_all_pages_in_either_order(world: World) -> None:
    """DynamoDB ends a page at 1 MB; the next goes on after it, and nothing is lost or comes twice."""
    for timestamp in range(7):
        large = {"usedPowerKw": timestamp / 10, "baselinePowerKw": 5.0, "load": "x" * 300_000}
        world.telemetry.put_new({"venId": "h", "rowId": f"{timestamp}", "timestamp": timestamp, **large})
    expected = [PowerRow(timestamp, timestamp / 10, 5.0) for timestamp in range(1, 7)]
    pages = list(world.telemetry.query_rows(PowerRow, "h", ("1", "9")))
    assert len(pages) > 1
    assert [row for page in pages for row in page] == expected
    newest = world.telemetry.query_pages(typed_rows.reader(PowerRow), "h", ("1", "9"), newest_first=True)
    assert [row for page in newest for row in page] == expected[::-1]
    assert [item["timestamp"] for item in world.telemetry.query("h", ("0", "9"))] == list(range(7))
    first, more = world.telemetry.first_items("h", ("0", "9"), ["timestamp"], 2)
    assert (first, more) == ([{"timestamp": 0}, {"timestamp": 1}], True)
    assert world.telemetry.first_items("h", ("5", "9"), ["timestamp"], 3) == (
        [{"timestamp": 5}, {"timestamp": 6}],
        False,
    )


def test_a_refused_query_is_the_error_that_it_is(world: World) -> None:
    """Only good answers are left to the table; a refusal keeps its code for who retries by it."""
    gone = clients.table("gone", world.events.keys)
    with pytest.raises(world.events.client.exceptions.ResourceNotFoundException):
        list(gone.query_rows(PowerRow, "h", ("1", "9")))


def test_a_query_goes_through_the_table() -> None:
    """The functions' client leaves a Query's answer as bytes: who queried it directly would find nothing."""
    direct = re.compile(r'\.client\.query\b|get_paginator\("query"\)')
    lambdas = Path(tables.__file__).parents[1]
    modules = {
        path.relative_to(lambdas).as_posix()
        for path in lambdas.rglob("*.py")
        if direct.search(path.read_text())
    }
    assert modules == {"shared/tables.py"}
