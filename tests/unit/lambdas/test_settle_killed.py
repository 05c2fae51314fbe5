"""A settlement that is killed, or that runs out of time, goes on from the days that are kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from contracts.api.reports import EventReport
from contracts.store.keys import (
    DAY_ROW_PREFIX,
    EVENT_SORT_KEY,
    NOTIFIED_SORT_KEY,
    REPORT_SORT_KEY,
    Key,
    day_row_id,
    telemetry_row_id,
)
from contracts.wire.telemetry_batch import BATCH_SPAN_S
from lambdas.dispatch_event.handler import handler as dispatch_handler
from lambdas.settle_event.handler import handler
from lambdas.settle_event.logic.days import DAY_S
from lambdas.shared import clients
from lambdas.shared.batch_writes import write_all
from ven_twin.testing.function_world import NOW, Context, World

START = int(NOW) + 3600
"""Friday 15 January 2027, 09:00 UTC."""
TODAY = START // DAY_S
DAYS = 9
"""Of telemetry before the event's, a row every three hours; one has no rows and one is an event day."""
EVERY_S = 3 * 3600
VEN_ID = "house-1"


class KilledError(BaseException):
    """The function's process ended: nothing catches this."""


@dataclass
class Watch:
    """The calls to the store: how many are left until the settlement is killed, what was kept and read."""

    left: float = float("inf")
    calls: int = 0
    call_s: float = 0.0
    stored_days: set[str] = field(default_factory=set)
    read_again: set[str] = field(default_factory=set)


@contextmanager
def watched(world: World, watch: Watch) -> Iterator[None]:
    """Watch the calls; each takes *call_s*, and once none is left, every one kills."""

    def called(model: Any, params: dict[str, Any], **_: Any) -> None:
        if watch.left <= 0:
            raise KilledError
        watch.left -= 1
        watch.calls += 1
        world.now += watch.call_s
        request = json.loads(params["body"])
        if model.name == "BatchWriteItem":
            items = [write["PutRequest"]["Item"] for write in request["RequestItems"]["telemetry"]]
            watch.stored_days |= {item["rowId"]["S"] for item in items}
        elif model.name == "Query" and request["TableName"] == "telemetry":
            watch.read_again |= _days_of(request) & watch.stored_days

    events = clients.dynamodb().meta.events
    events.register("before-call.dynamodb", called)
    try:
        yield
    finally:
        events.unregister("before-call.dynamodb", called)


def _days_of(request: dict[str, Any]) -> set[str]:
    """The days whose rows a Query reads; none for one that reads kept days."""
    values = request["ExpressionAttributeValues"]
    first, last = (values[name]["S"] for name in (":a", ":b"))
    if first.startswith(DAY_ROW_PREFIX):
        return set()
    until_ts = int(last) - BATCH_SPAN_S  # Behind it are only batches that reach into the time.
    days = range((int(first[:10]) - 1) // DAY_S, (until_ts - 2) // DAY_S + 1)
    return {day_row_id(day) for day in days}


def report() -> EventReport:
    """Settle it."""
    return msgspec.convert(handler({"eventId": "e1"}, Context()), EventReport)


def forget(world: World) -> None:
    """Take away the report, what follows from it, and the days that were kept."""
    client = clients.dynamodb()
    for part in (REPORT_SORT_KEY, NOTIFIED_SORT_KEY):
        client.delete_item(TableName="events", Key={"eventId": {"S": "e1"}, "part": {"S": part}})
    world.events.update(Key("e1", EVENT_SORT_KEY), {"closedTs": None, "clearedTs": None})
    counted = ("performance", "calledKwh", "lastCalledTs", "countedEvents")
    world.vens.update(Key(VEN_ID), dict.fromkeys(counted))
    for item in list(world.telemetry.query(VEN_ID, (DAY_ROW_PREFIX, "DAY$"), ["rowId"])):
        key = {"venId": {"S": VEN_ID}, "rowId": {"S": item["rowId"]}}
        client.delete_item(TableName="telemetry", Key=key)


@pytest.fixture
def over(world: World) -> World:
    """A VEN with rows for days, and an event that is over."""
    world.add_ven(VEN_ID)
    intervals = [{"durationS": 3600, "signal": "shedKw", "value": 3}]
    dispatch_handler({"eventId": "e1", "startTs": START, "intervals": intervals}, Context())
    items = {}
    for timestamp in (*range((TODAY - DAYS) * DAY_S + EVERY_S, START + 1, EVERY_S), START + 3600):
        day, second = divmod(timestamp - 1, DAY_S)
        row = {"venId": VEN_ID, "rowId": telemetry_row_id(timestamp, "b1", timestamp), "timestamp": timestamp}
        row |= {"usedPowerKw": 1 + day % 7 / 3 + second / DAY_S / 7, "baselinePowerKw": 5.0}
        if day == TODAY - 4:
            row["eventId"] = "e0"
        if day != TODAY - 6:
            items[timestamp] = row
    write_all(world.telemetry, items)
    world.now = START + 3720
    return world


def test_a_settlement_killed_after_any_call_goes_on_from_the_days_that_are_kept(over: World) -> None:
    """After any number of calls to the store a repeat gives the same report, and no kept day is made anew."""
    whole = Watch()
    with watched(over, whole):
        expected = report()
    assert whole.calls > DAYS
    assert whole.stored_days >= {day_row_id(TODAY - days_ago) for days_ago in range(1, DAYS + 1)}
    for calls in range(whole.calls):
        forget(over)
        watch = Watch(left=calls)
        with watched(over, watch):
            with pytest.raises(KilledError):
                report()
            watch.left = float("inf")
            assert report() == expected
        assert (watch.read_again, watch.stored_days) == (set(), whole.stored_days)


def test_a_settlement_killed_again_and_again_comes_to_its_end(over: World) -> None:
    """Each attempt keeps a few days more: with fewer calls than a whole settlement needs, attempts add up."""
    whole, watch, attempts = Watch(), Watch(), 0
    with watched(over, whole):
        expected = report()
    forget(over)
    settled = None
    with watched(over, watch):
        while settled is None:
            attempts += 1
            watch.left = whole.calls // 2
            try:
                settled = report()
            except KilledError:
                assert attempts < 10
    assert (settled, watch.read_again) == (expected, set())
    assert attempts > 1


def test_the_deadline_is_looked_at_between_a_vens_days(over: World) -> None:
    """At 1.5 s a call the 10.5 s for making days end among the days; the report says so within the 30 s."""
    began, watch = over.now, Watch(call_s=1.5)
    with watched(over, watch):
        cut_short = report()
    assert over.now - began < Context().get_remaining_time_in_millis() / 1000
    assert any("could not all be read in time" in note for note in cut_short.notes)
    latest = {day_row_id(TODAY - days_ago) for days_ago in range(1, len(watch.stored_days) + 1)}
    assert watch.stored_days == latest
    assert 0 < len(latest) < DAYS


def test_what_was_cut_short_is_complete_when_it_is_settled_anew(over: World) -> None:
    """The final report has the days that the preliminary one had no time for."""
    with watched(over, Watch(call_s=1.4)):
        cut_short = report()
    over.now = cut_short.final_from_ts
    final = report()
    assert not any("could not all be read in time" in note for note in final.notes)
    assert final.settled_by == "residential_5_of_10"
