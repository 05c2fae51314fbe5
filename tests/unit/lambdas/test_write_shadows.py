"""Events over many VENs: chunks into the queue, and out of it into the shadows, whatever happens between."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cdk.shadow_map import definition
from contracts.api.requests import Assignment
from contracts.errors import WireError
from contracts.store import plans
from contracts.store.plans import Plan
from contracts.wire.events import Phase, from_shadow
from contracts.wire.ids import VenId
from lambdas.dispatch_event.handler import handler as dispatch
from lambdas.settle_event.handler import settle
from lambdas.shared import clients, clock, fan_out
from lambdas.shared.shadows import Shadows
from lambdas.write_shadows.handler import handler
from ven_twin.testing.function_account import ENVIRONMENT
from ven_twin.testing.function_world import Context, World, batch, failed

HOUR_20 = [{"durationS": 3600, "signal": "shedKw", "value": 20}]
HOUR_25 = [{"durationS": 3600, "signal": "shedKw", "value": 25}]
HOUR_5 = [{"durationS": 3600, "signal": "shedKw", "value": 5}]


def ask(action: str = "create", **fields: Any) -> dict[str, Any]:
    """Ask `dispatch_event` for *action*."""
    return dispatch({"action": action, "eventId": "e1", **fields}, Context())


def waiting() -> list[str]:
    """The bodies in the queue, which are taken out of it."""
    found = []
    sqs, url = clients.sqs(), ENVIRONMENT["SHADOW_QUEUE_URL"]
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            found.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return sorted(found)


def write(*bodies: str) -> list[str]:
    """Have chunks written; returns those that failed."""
    return failed(handler(batch(*bodies), Context()))


@pytest.fixture
def many(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Five VENs of 5 kW, where more than three are many and a chunk holds two."""
    monkeypatch.setattr(fan_out, "DIRECT_VENS", 3)
    monkeypatch.setattr(fan_out, "CHUNK_VENS", 2)
    monkeypatch.setattr(clock, "monotonic_s", lambda: 0.0)
    for number in range(5):
        world.add_ven(f"v{number}", shedAvailabilityKw=5.0, calledKwh=float(number))
    return world


def test_many_shadows_are_written_by_way_of_the_queue(many: World) -> None:
    """The dispatch answers at once; each VEN is in one chunk, and the chunks make its shadow."""
    answer = ask(intervals=HOUR_20)
    assert [each["venId"] for each in answer["assignments"]] == ["v0", "v1", "v2", "v3"]
    assert many.desired("v0") == {}
    chunks = waiting()
    told = [part["venId"] for chunk in chunks for part in json.loads(chunk)["parts"]]
    assert (len(chunks), sorted(told)) == (2, ["v0", "v1", "v2", "v3"])
    assert write(*chunks) == []
    for ven_id in told:
        event = from_shadow("e1", many.desired(ven_id)["e1"])
        assert (event.revision, event.intervals[0].value) == (0, 5.0)


@pytest.mark.parametrize(("kw", "ven_id"), [(5, "v0"), (15, "v2")])
def test_few_are_written_at_once(many: World, kw: int, ven_id: str) -> None:
    """No queue for what takes a second, up to as many as are few."""
    ask(intervals=[{"durationS": 3600, "signal": "shedKw", "value": kw}])
    assert waiting() == []
    assert "e1" in many.desired(ven_id)


def test_a_chunk_that_comes_twice_changes_nothing(many: World) -> None:
    """SQS delivers at least once."""
    ask(intervals=HOUR_20)
    chunks = waiting()
    write(*chunks)
    before = many.desired("v0")
    assert write(*chunks) == []
    assert many.desired("v0") == before


def test_a_chunk_that_was_overtaken_writes_what_holds_now(many: World) -> None:
    """Revised before the chunk was read: nobody gets the old event, who has no part any more gets none."""
    ask(intervals=HOUR_20)
    first = waiting()
    ask("revise", intervals=HOUR_5)
    waiting()
    assert write(*first) == []
    assert from_shadow("e1", many.desired("v0")["e1"]).revision == 1
    assert from_shadow("e1", many.desired("v3")["e1"]).phase(many.now) is Phase.CANCELLED


def test_a_cancellation_overtakes_the_chunks_of_the_create(many: World) -> None:
    """In whatever order the messages come, the shadows end up cancelled."""
    ask(intervals=HOUR_20)
    first = waiting()
    ask("cancel")
    cancelling = waiting()
    assert write(*cancelling, *first) == []
    assert {str(many.desired(f"v{n}")["e1"]["intervals"]) for n in range(4)} == {"[]"}


def test_a_change_while_a_chunk_is_written_stands(many: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancellation in the middle of the writing: what was written just before is written over."""
    ask(intervals=HOUR_20)
    first = waiting()
    real, cancelled = Shadows.set_event, []

    def set_event(self: Shadows, ven_id: str, event_id: str, value: Any) -> bool:
        if not cancelled:
            cancelled.append(True)
            ask("cancel")
        return real(self, ven_id, event_id, value)

    with monkeypatch.context() as patch:
        patch.setattr(Shadows, "set_event", set_event)
        assert write(first[0]) == []
    told = [part["venId"] for part in json.loads(first[0])["parts"]]
    assert {str(many.desired(ven_id)["e1"]["intervals"]) for ven_id in told} == {"[]"}


def test_a_settlement_while_a_chunk_is_written_stands(many: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settled in the middle of the writing: what was written just before is taken out again."""
    ask(intervals=HOUR_20)
    first = waiting()
    many.now += 3720
    real, settled = Shadows.set_event, []

    def set_event(self: Shadows, ven_id: str, event_id: str, value: Any) -> bool:
        if not settled:
            settled.append(True)
            settle({"eventId": "e1", "revision": 0}, now=many.now, until_ts=many.now + 30)
        return real(self, ven_id, event_id, value)

    with monkeypatch.context() as patch:
        patch.setattr(Shadows, "set_event", set_event)
        assert write(first[0]) == []
    assert [many.desired(f"v{number}") for number in range(4)] == [{}] * 4


def test_a_chunk_that_comes_after_the_settlement_puts_nothing_back(many: World) -> None:
    """However late SQS delivers it."""
    ask(intervals=HOUR_20)
    chunks = waiting()
    many.now += 3720
    settle({"eventId": "e1", "revision": 0}, now=many.now, until_ts=many.now + 30)
    assert write(*chunks) == []
    assert [many.desired(f"v{number}") for number in range(4)] == [{}] * 4


def test_a_ven_without_room_is_noted_in_the_event(many: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of each chunk, and whoever dispatched is told by a repeat; the others have the event."""
    ask(intervals=HOUR_20)
    chunks = waiting()
    real = Shadows.set_event

    def set_event(self: Shadows, ven_id: str, event_id: str, value: Any) -> bool:
        return ven_id not in {"v0", "v2"} and real(self, ven_id, event_id, value)

    with monkeypatch.context() as patch:
        patch.setattr(Shadows, "set_event", set_event)
        assert write(*chunks) == []
    unavailable = ask(intervals=HOUR_20)["unavailable"]
    assert {ven_id for ven_id, text in unavailable.items() if text == "its shadow is full"} == {"v0", "v2"}
    assert "e1" in many.desired("v1")


def test_a_chunk_that_fails_fails_alone(many: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One VEN that cannot be written to holds up its chunk, and no other; what cannot be read fails too."""
    ask(intervals=HOUR_20)
    chunks = waiting()
    real = clients.iot_data().update_thing_shadow

    def update(**call: Any) -> Any:
        if call["thingName"] == "v0":
            raise clients.iot_data().exceptions.ThrottlingException(
                {"Error": {"Code": "ThrottlingException"}}, "UpdateThingShadow"
            )
        return real(**call)

    monkeypatch.setattr(clients.iot_data(), "update_thing_shadow", update)
    holds_v0 = [index for index, chunk in enumerate(chunks) if '"v0"' in chunk]
    assert write(*chunks, "{}") == [f"m{holds_v0[0]}", "m2"]
    written = [n for n in range(4) if "e1" in many.desired(f"v{n}")]
    assert written == [1, 2, 3]


def test_an_event_that_is_gone_is_nothing_to_write(many: World) -> None:
    """Its record has expired: the chunk is done."""
    ask(intervals=HOUR_20)
    chunks = waiting()
    for item in list(many.events.query("e1", ("A", "z"))):
        key = {"eventId": {"S": "e1"}, "part": {"S": item["part"]}}
        many.events.client.delete_item(TableName="events", Key=key)
    assert write(*chunks) == []
    assert many.desired("v0") == {}


def test_an_event_whose_plan_is_gone_is_nothing_to_write(many: World) -> None:
    """Revised, and then its plans expired before its header: the chunk is done."""
    ask(intervals=HOUR_20)
    chunks = waiting()
    ask("revise", intervals=[{**HOUR_20[0], "value": 19}])
    for item in list(many.events.query("e1", ("PLAN#", "PLAN$"))):
        key = {"eventId": {"S": "e1"}, "part": {"S": item["part"]}}
        many.events.client.delete_item(TableName="events", Key=key)
    assert write(*chunks) == []
    assert many.desired("v0") == {}


def test_an_event_that_is_changed_again_and_again_is_tried_later(
    many: World,  # noqa: ARG001 - the account that it is written in
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Revised during each of the attempts at its chunk: the chunk fails, and SQS delivers it again."""
    ask(intervals=HOUR_20)
    first = waiting()[0]
    real, requested_kw = Shadows.set_event, iter((19, 18, 17))

    def set_event(self: Shadows, ven_id: str, event_id: str, value: Any) -> bool:
        if ven_id == json.loads(first)["parts"][0]["venId"]:
            ask("revise", intervals=[{**HOUR_20[0], "value": next(requested_kw)}])
        return real(self, ven_id, event_id, value)

    with monkeypatch.context() as patch:
        patch.setattr(Shadows, "set_event", set_event)
        assert write(first) == ["m0"]
    assert list(requested_kw) == []


def test_shadows_are_written_at_a_pace(many: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each so many writes the rest of the second is waited out."""
    monkeypatch.setenv("SHADOW_WRITES_PER_S", "1")
    ask(intervals=HOUR_20)
    write(waiting()[0])
    assert many.slept == [1.0, 1.0]


@pytest.fixture
def mapped(many: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The same five VENs, where a plan of more than four goes by the map; a stored chunk has four VENs."""
    monkeypatch.setenv("MAP_ABOVE_VENS", "4")
    for module in (fan_out, plans):
        monkeypatch.setattr(module, "PLAN_CHUNK_VENS" if module is fan_out else "CHUNK_VENS", 4)
    clients.states.cache_clear()
    states: Any = clients.states()
    states.create_state_machine(
        name="shadows", definition="{}", roleArn="arn:aws:iam::123456789012:role/shadows"
    )
    return many


def started() -> list[dict[str, Any]]:
    """The inputs of the executions that were started, the oldest first."""
    states: Any = clients.states()
    listed = states.list_executions(stateMachineArn=ENVIRONMENT["SHADOW_MAP_ARN"])["executions"]
    arns = [one["executionArn"] for one in sorted(listed, key=lambda one: one["startDate"])]
    return [json.loads(states.describe_execution(executionArn=arn)["input"]) for arn in arns]


def slices(execution: dict[str, Any]) -> list[dict[str, Any]]:
    """The inputs of the children of a map run, as the definition makes them of an execution's input."""
    (state,) = definition(1)["States"].values()  # type: ignore[attr-defined]
    assert state["ItemSelector"].keys() == {"eventId.$", "revision.$", "planId.$", "place.$"}
    shared = {name: execution[name] for name in ("eventId", "revision", "planId")}
    return [{**shared, "place": place} for place in execution["slices"]]


def test_a_large_plan_goes_part_by_part_through_the_map(mapped: World) -> None:
    """The execution's input has places in the stored plan and no VEN; its parts are every VEN once."""
    ask(intervals=HOUR_25)
    assert waiting() == []
    (execution,) = started()
    assert execution["slices"] == [[0, 0], [0, 1], [1, 0]]
    assert [handler(part, Context()) for part in slices(execution)] == [2, 2, 1]
    assert [mapped.desired(f"v{number}").keys() for number in range(5)] == [{"e1"}] * 5


def test_a_plan_that_is_no_larger_than_the_threshold_goes_by_the_queue(mapped: World) -> None:
    """Four VENs of five."""
    ask(intervals=HOUR_20)
    assert started() == []
    assert len(waiting()) == 2
    assert mapped.desired("v0") == {}


def test_a_part_that_the_event_has_overtaken_is_written_as_it_is_by_then(mapped: World) -> None:
    """The revision is read before and after, as for a chunk of the queue: the later plan stands."""
    ask(intervals=HOUR_25)
    (before,) = started()
    ask("cancel")
    for part in slices(before):
        handler(part, Context())
    phases = [from_shadow("e1", mapped.desired(f"v{number}")["e1"]) for number in range(5)]
    assert {event.revision for event in phases} == {1}
    assert started()[1]["slices"] == before["slices"]


def test_a_part_whose_plan_has_expired_has_nothing_to_write(mapped: World) -> None:
    """As an event that is gone."""
    ask(intervals=HOUR_25)
    (execution,) = started()
    gone = {**slices(execution)[0], "planId": "none"}
    assert handler(gone, Context()) == 0
    assert mapped.desired("v0") == {}


def test_a_part_that_step_functions_gave_up_is_written_from_the_queue(mapped: World) -> None:
    """It is a message like any other: what fails comes again, and lands with the dead letters."""
    ask(intervals=HOUR_25)
    (execution,) = started()
    assert write(*(json.dumps(part) for part in slices(execution))) == []
    assert "e1" in mapped.desired("v4")


def test_a_part_that_is_none_fails(mapped: World) -> None:
    """Step Functions hands it to the queue then, and that to the dead letters."""
    assert mapped
    with pytest.raises(WireError):
        handler({"eventId": "e1", "place": "all"}, Context())


def test_dropped_vens_have_parts_too() -> None:
    """A plan's chunk holds as many that are called as ones that are dropped."""
    called = tuple(Assignment(ven_id=VenId(f"v{n}"), values=(1.0,)) for n in range(1_250))
    dropped = tuple(VenId(f"w{n}") for n in range(2_100))
    plan = Plan(
        plan_id="p", revision=0, from_ts=0.0, start_ts=0, intervals=(), assignments=called, dropped=dropped
    )
    count = [0, 0, 0]
    for index, _ in fan_out.slices_of(plan):
        count[index] += 1
    assert count == [10, 7, 1]


def test_the_input_of_a_million_vens_is_what_step_functions_takes() -> None:
    """Source: AWS Step Functions quotas, 256 KiB of input."""
    called = tuple(Assignment(ven_id=VenId(f"v{n}"), values=()) for n in range(1_000_000))
    plan = Plan(plan_id="p" * 40, revision=0, from_ts=0.0, start_ts=0, intervals=(), assignments=called)
    assert len(json.dumps(fan_out.slices_of(plan))) < 200_000
