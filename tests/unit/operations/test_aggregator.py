"""The operator's calls: requests as the functions read them, refusals, and reports with all VENs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import msgspec
import pytest
from botocore.exceptions import EndpointConnectionError

from contracts.api.groups import ChangeGroup, GroupBody, GroupChange
from contracts.api.programs import ChangeProgram, ProgramBody
from contracts.api.reports import EventReport, Quality, VenReport
from contracts.api.requests import DispatchEvent, IssueCommand, QuarantineVen, Refused
from contracts.api.resources import EventBody, NewCommand, NewEvent
from contracts.store.stack import StackOutput
from contracts.wire import codec
from contracts.wire.events import Interval, Signal
from contracts.wire.ids import GroupName, ProgramId, VenId
from ven_twin.operations.aggregator.by_api import ApiAggregator
from ven_twin.operations.aggregator.by_functions import DirectAggregator
from ven_twin.operations.aggregator.cloud import Access, Cloud
from ven_twin.operations.aggregator.cloud_errors import CloudError
from ven_twin.operations.aggregator.protocol import RefusedError, whole_report

INTERVALS = (Interval(duration_s=600, signal=Signal.SHED_KW, value=3.0),)
DISPATCHED = {
    "ok": True,
    "eventId": "e1",
    "revision": 0,
    "startTs": 0,
    "endTs": 600,
    "assignments": [],
    "askedKw": 3.0,
    "etag": "2f",
}
VEN = VenReport(
    ven_id="ven-1",
    requested_kw=3.0,
    used_kw=1.0,
    delivered={},
    quality=Quality(rows=1, coverage=1.0, longest_gap_s=0.0),
    acknowledged=True,
)
REPORT = EventReport(
    event_id="e1",
    revision=0,
    start_ts=0,
    end_ts=600,
    settled_ts=700,
    requested_kw=3.0,
    delivered={},
    vens=(VEN,),
)


class FakeCloud:
    """A stack whose functions answer as they are told, and remember their requests as JSON."""

    def __init__(self, answer: Any, parts: tuple[dict[str, Any], ...] = ()) -> None:
        self.answer = answer
        self.items = parts
        self.requests: list[tuple[StackOutput, dict[str, Any]]] = []

    def invoke(self, function: StackOutput, request: msgspec.Struct) -> Any:
        """Answer, as a function does: with what JSON carries."""
        self.requests.append((function, codec.load_object(codec.encode(request))))
        return codec.load_object(codec.encode(self.answer))

    def rows(self, partition: str, from_ts: int, to_ts: int, names: Any) -> Iterator[dict[str, Any]]:
        """The rows of that time, with no more than what is read of them."""
        for item in self.items:
            if item.get("venId") == partition and from_ts <= item["timestamp"] < to_ts:
                yield {name: item[name] for name in names if name in item}

    def circuits_row(self, ven_id: str) -> dict[str, Any] | None:
        """The snapshot of the VEN's circuits."""
        rows = (item for item in self.items if item.get("rowId") == "CIRCUITS")
        return next((row for row in rows if row["venId"] == ven_id), None)

    def newest_row(self, ven_id: str) -> dict[str, Any] | None:
        """The row that stands last."""
        rows = (item for item in self.items if item.get("venId") == ven_id and "timestamp" in item)
        return max(rows, key=lambda row: row["timestamp"], default=None)

    def events(self, _: int, from_ts: int, to_ts: int) -> Iterator[dict[str, Any]]:
        """The headers that start in that time."""
        yield from (item for item in self.items if from_ts <= item.get("startTs", to_ts) < to_ts)

    def event_items(self, event_id: str) -> tuple[dict[str, Any], ...]:
        """The items of the event."""
        assert event_id == "e1"
        return self.items

    def item(self, _: StackOutput, key: dict[str, str]) -> dict[str, Any] | None:
        """None: there is nothing but the event."""
        assert key["eventId"] == "#groups"
        return None


def direct(cloud: FakeCloud) -> DirectAggregator:
    """An aggregator over *cloud*."""
    return DirectAggregator(cast("Cloud", cloud))


def test_an_event_reaches_the_function_as_it_was_requested() -> None:
    """The function reads the very event, and a revision on condition of its etag."""
    cloud = FakeCloud(DISPATCHED)
    direct(cloud).create_event(NewEvent(event_id="e1", intervals=INTERVALS, program="winter"))
    body = EventBody(intervals=INTERVALS, start_ts=1_893_430_800, targets=("north",), priority=1)
    direct(cloud).revise_event("e1", body, etag="2f")
    (first, created), (second, revised) = cloud.requests
    assert first is second is StackOutput.DISPATCH_EVENT
    assert codec.convert(DispatchEvent, created) == DispatchEvent(
        action="create", event_id="e1", intervals=INTERVALS, program="winter"
    )
    assert codec.convert(DispatchEvent, revised) == DispatchEvent(
        action="revise",
        event_id="e1",
        intervals=INTERVALS,
        start_ts=1_893_430_800,
        targets=("north",),
        priority=1,
        if_match="2f",
    )


def test_a_command_reaches_the_function_as_it_was_requested() -> None:
    """The operation and its data go as they are, to the VEN that is named."""
    cloud = FakeCloud({"ok": True, "venId": "ven-1", "op": "get", "correlationId": "c", "issuedTs": 1.0})
    direct(cloud).send_command("ven-1", NewCommand(op="get", data={"what": "config"}))
    ((function, request),) = cloud.requests
    assert function is StackOutput.ISSUE_COMMAND
    assert codec.convert(IssueCommand, request) == IssueCommand(
        ven_id="ven-1", op="get", data={"what": "config"}
    )


def test_a_quarantine_reaches_the_function_that_sets_it() -> None:
    """Set and lifted by the same function, for the VEN that is named."""
    cloud = FakeCloud({"ok": True, "venId": "ven-1", "quarantinedTs": 1.0})
    assert direct(cloud).quarantine(VenId("ven-1"), quarantined=True).quarantined_ts == 1.0
    ((function, request),) = cloud.requests
    assert function is StackOutput.ISSUE_COMMAND
    assert codec.convert(QuarantineVen, request) == QuarantineVen(ven_id="ven-1", quarantined=True)


def test_a_change_of_a_group_reaches_the_function_that_makes_it() -> None:
    """Set on condition, changed without one, deleted; a group that there is not is refused as by the API."""
    cloud = FakeCloud({"ok": True, "group": "north", "venCount": 1, "etag": "2b"})
    name, home = GroupName("north"), VenId("home-1")
    direct(cloud).set_group(name, GroupBody(vens=(home,)), etag="1a")
    direct(cloud).change_group(name, GroupChange(add=(home,)))
    direct(cloud).delete_group(name)
    assert {function for function, _ in cloud.requests} == {StackOutput.DISPATCH_EVENT}
    assert [codec.convert(ChangeGroup, request) for _, request in cloud.requests] == [
        ChangeGroup(group=name, group_action="set", vens=(home,), if_match="1a"),
        ChangeGroup(group=name, group_action="change", add=(home,)),
        ChangeGroup(group=name, group_action="delete"),
    ]
    with pytest.raises(RefusedError, match="no group 'south'") as refused:
        direct(cloud).group(GroupName("south"))
    assert refused.value.code == "notFound"


def test_a_change_of_a_program_reaches_the_function_that_makes_it() -> None:
    """Set with its rules, deleted without any."""
    cloud = FakeCloud({"ok": True, "program": "peak", "etag": "2b"})
    rules = ProgramBody(baseline="caiso_10_of_10", holidays="nerc")
    direct(cloud).set_program(ProgramId("peak"), rules, etag=None)
    direct(cloud).delete_program(ProgramId("peak"), etag="2b")
    assert [codec.convert(ChangeProgram, request) for _, request in cloud.requests] == [
        ChangeProgram(program=ProgramId("peak"), rules=rules),
        ChangeProgram(program=ProgramId("peak"), rules=None, if_match="2b"),
    ]


def test_a_refusal_of_a_function_is_handed_on_whole() -> None:
    """Field, reason and kind are those of the function, for a person and for a program."""
    refusal = Refused(error="no VEN or group 'nowhere'", field="targets[0]", code="notFound")
    with pytest.raises(RefusedError, match="targets\\[0\\]: no VEN") as refused:
        direct(FakeCloud(refusal)).create_event(NewEvent(intervals=INTERVALS))
    assert refused.value.refused == refusal


def test_a_fleets_report_has_all_its_vens() -> None:
    """A report too large for one item has its VENs' beside it, and is put together again."""
    beside = {"part": "VEN#ven-1", "venId": "ven-1", "report": msgspec.to_builtins(VEN)}
    small = msgspec.structs.replace(REPORT, vens=())
    unsettled = {"part": "VEN#ven-2", "venId": "ven-2"}
    assert whole_report(direct(FakeCloud(small, (beside, unsettled))), "e1") == REPORT
    assert whole_report(direct(FakeCloud(REPORT, ())), "e1") == REPORT


POWERS = {"usedKw": 1.0, "baselineKw": 2.0, "askedKw": 0.5, "deliveredKw": 0.5, "flexibilityKw": 3.0}
ROW = {"bootId": "b", "seq": 1, "usedPowerKw": 1.0, "baselinePowerKw": 2.0, "shedPowerKw": 1.0}


def test_the_history_is_read_of_the_tables() -> None:
    """The fleet's samples and a VEN's rows of a time, each as the API has them."""
    samples = [
        {"venId": "#fleet", "timestamp": ts, "online": 2, "measured": 2, **POWERS} for ts in (10, 310, 610)
    ]
    rows = [{"venId": "ven-1", "timestamp": ts, **ROW} for ts in (30, 60, 90)]
    aggregator = direct(FakeCloud({}, (*samples, *rows)))
    assert [sample.timestamp for sample in aggregator.fleet_history(300, 610)] == [310]
    assert [row.timestamp for row in aggregator.telemetry(VenId("ven-1"), 60, 3600)] == [60, 90]


def test_circuits_and_the_events_of_a_time_are_read_of_the_tables() -> None:
    """Circuits alone where they are requested; those that the VEN has now from its latest snapshot."""
    load = {"id": "hvac", "name": "Heat pump", "type": "hvac", "priority": 1, "capacityKw": 5.0}
    load |= {"currentPowerKw": 1.0, "shedCapabilityKw": 0.0}
    parts = (
        {"venId": "ven-1", "timestamp": 30, **ROW, "circuitsKw": '{"hvac":1.0}'},
        {"venId": "ven-1", "rowId": "CIRCUITS", "timestamp": 31, "loads": [load]},
        {"eventId": "late", "startTs": 200},
        {"eventId": "deleted", "startTs": 100, "deletedTs": 150},
    )
    aggregator = direct(FakeCloud({}, parts))
    ven_id = VenId("ven-1")
    assert next(aggregator.telemetry(ven_id, 30, 31, circuits=True)).circuits_kw == {"hvac": 1.0}
    assert next(aggregator.telemetry(ven_id, 30, 31)).circuits_kw == {}
    circuits = aggregator.circuits(ven_id)
    assert circuits is not None
    assert [(load.id, load.name) for load in circuits.loads] == [("hvac", "Heat pump")]
    assert aggregator.circuits(VenId("ven-2")) is None
    assert list(aggregator.events(100, 200)) == []


def test_circuits_and_the_events_of_a_time_are_read_of_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both by the query of their list, the circuits that the VEN has now with the VEN itself."""
    targets: list[str] = []

    def send(_: ApiAggregator, method: str, target: str, *__: object) -> bytes:
        targets.append(f"{method} {target}")
        return codec.encode({"venId": "ven-1"} if "?" not in target else {"items": []})

    monkeypatch.setattr(ApiAggregator, "_send", send)
    access = Access("dev", region="eu-west-1", access_key_id="id", secret_access_key="secret")
    aggregator = ApiAggregator("http://127.0.0.1:1", access)
    assert list(aggregator.telemetry(VenId("ven-1"), 60, 3600, circuits=True)) == []
    assert aggregator.circuits(VenId("ven-1")) is None
    assert list(aggregator.events(60, 3600, page=10)) == list(aggregator.events(to_ts=9)) == []
    assert targets == [
        "GET /vens/ven-1/telemetry?from=60&to=3600&limit=1000&circuits=true",
        "GET /vens/ven-1",
        "GET /events?from=60&to=3600&limit=10",
        "GET /events?to=9&limit=1000",
    ]


def test_an_api_that_is_not_there_is_said_to_be_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing listens at the address, signatures are not what is wrong."""

    def send(*_: object) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1/vens")

    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", send)
    access = Access("dev", region="eu-west-1", access_key_id="id", secret_access_key="secret")
    with pytest.raises(CloudError, match=r"cannot reach http://127.0.0.1:1: check --api and the network"):
        ApiAggregator("http://127.0.0.1:1", access).fleet()


def test_the_history_is_read_of_the_api_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as it is taken, and no page more."""
    targets: list[str] = []

    def send(_: ApiAggregator, method: str, target: str, *__: object) -> bytes:
        targets.append(f"{method} {target}")
        page = {"items": [{"timestamp": len(targets), **ROW}], "next": "more"}
        return codec.encode(page)

    monkeypatch.setattr(ApiAggregator, "_send", send)
    access = Access("dev", region="eu-west-1", access_key_id="id", secret_access_key="secret")
    rows = ApiAggregator("http://127.0.0.1:1", access).telemetry(VenId("ven-1"), 60, 3600)
    assert [next(rows).timestamp for _ in range(2)] == [1, 2]
    assert targets == [
        "GET /vens/ven-1/telemetry?from=60&to=3600&limit=1000",
        "GET /vens/ven-1/telemetry?from=60&to=3600&limit=1000&cursor=more",
    ]
