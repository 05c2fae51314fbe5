"""The notifications of an event: each moment once, in its order, and never at the event's cost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from contracts.api.reports import Delivered, EventReport, Quality, VenReport
from contracts.store.keys import EVENTS
from contracts.wire.events import Interval, Signal
from contracts.wire.ids import EventId, VenId
from contracts.wire.notifications import UNANSWERED_MAX
from lambdas.shared import clients
from lambdas.shared.due_notifications import settlement
from lambdas.shared.notifications import Notifier
from lambdas.shared.rows import EventRow
from tests.support.event_cloud import Calls, Fault, KilledError, MemoryTable
from ven_twin.testing.function_account import ENVIRONMENT
from ven_twin.testing.function_world import NOW, World

TOPIC = ENVIRONMENT["NOTIFICATIONS_TOPIC"]
EVENT = {"eventId": "evt-1", "intervals": [{"durationS": 600, "signal": "shedKw", "value": 4.0}]}
LATER = {**EVENT, "startTs": int(NOW) + 3600}


class Subscriber:
    """A queue that is subscribed to the topic, as a machine's."""

    def __init__(self) -> None:
        sqs, sns = clients.sqs(), clients.sns()
        self._url = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        arn = "arn:aws:sqs:us-east-1:123456789012:subscriber"
        sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn)

    def envelopes(self) -> list[dict[str, Any]]:
        """The messages that came since the last look, as SNS wraps them."""
        bodies: list[dict[str, Any]] = []
        while True:
            answer = clients.sqs().receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
            messages = answer.get("Messages", [])
            if not messages:
                return bodies
            for message in messages:
                bodies.append(json.loads(message["Body"]))
                clients.sqs().delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])

    def delivered(self) -> list[dict[str, Any]]:
        """The notifications that came since the last look."""
        return [json.loads(envelope["Message"]) for envelope in self.envelopes()]

    def kinds(self) -> list[str]:
        """Their kinds."""
        return [notification["kind"] for notification in self.delivered()]


@pytest.fixture
def subscriber(world: World) -> Iterator[Subscriber]:
    """A subscriber of a world with one VEN."""
    world.add_ven("ven-1")
    return Subscriber()


def at(world: World, now: float, function: str, **request: Any) -> Any:
    """The answer of a function at a time."""
    world.now = now
    return world.invoke(function, request)


def test_an_event_is_told_from_its_making_to_its_result(world: World, subscriber: Subscriber) -> None:
    """Made, begun, ended, settled: in this order, each once, with what it is about."""
    assert at(world, NOW, "dispatch_event", **LATER)["ok"]
    at(world, NOW + 3600, "dispatch_event", action="notify", eventId="evt-1")
    at(world, NOW + 4200, "dispatch_event", action="notify", eventId="evt-1")
    at(world, NOW + 4320, "settle_event", eventId="evt-1")
    notified = subscriber.delivered()
    assert [one["kind"] for one in notified] == ["made", "begun", "ended", "settled"]
    assert len({one["id"] for one in notified}) == 4
    made, begun, _, settled = notified
    assert (made["eventId"], made["program"], made["startTs"]) == ("evt-1", "default", int(NOW) + 3600)
    assert (made["requestedKw"], made["dispatchedKw"], made["ts"]) == (4.0, 4.0, int(NOW))
    assert begun["ts"] == int(NOW) + 3600
    assert (settled["unanswered"], settled["unansweredCount"], settled["called"]) == (["ven-1"], 1, 1)
    assert settled["preliminary"] is True


def test_an_event_of_now_has_begun_when_it_is_made(world: World, subscriber: Subscriber) -> None:
    """Nobody waits for a schedule to hear of what runs already."""
    at(world, NOW, "dispatch_event", **EVENT)
    assert subscriber.kinds() == ["made", "begun"]


def test_begin_and_end_are_told_by_schedules(world: World, subscriber: Subscriber) -> None:
    """They stand at the event's start and end, and start the function that tells; without retries."""
    del subscriber
    at(world, NOW, "dispatch_event", **LATER, randomizeStartS=60)
    begin, end = world.schedule("begin-evt-1"), world.schedule("end-evt-1")
    assert (
        begin.request
        == end.request
        == {"action": "notify", "eventId": "evt-1"}
        | {key: value for key, value in begin.request.items() if key not in {"action", "eventId"}}
    )
    assert begin.at == "at(2027-01-15T09:00:00)"
    assert end.at == "at(2027-01-15T09:11:00)"
    assert begin.target["RetryPolicy"]["MaximumRetryAttempts"] == 0


def test_a_cancelled_event_has_no_such_schedules(world: World, subscriber: Subscriber) -> None:
    """An event of next year that is cancelled leaves nothing behind in the scheduler."""
    at(world, NOW, "dispatch_event", **LATER)
    at(world, NOW + 1, "dispatch_event", action="cancel", eventId="evt-1")
    names = clients.scheduler().list_schedules(GroupName="schedules")["Schedules"]
    assert not [one["Name"] for one in names if one["Name"].startswith(("begin-", "end-"))]
    assert subscriber.kinds() == ["made", "cancelled"]


@pytest.mark.parametrize("times", [1, 3])
def test_a_repeat_tells_nothing_twice(world: World, subscriber: Subscriber, times: int) -> None:
    """Every request of an event's life may come again, and does so on AWS."""
    revised = {**LATER, "action": "revise", "intervals": [{**EVENT["intervals"][0], "value": 3.0}]}  # type: ignore[index]
    for request in (LATER, revised, {"action": "notify", "eventId": "evt-1"}):
        for _ in range(times):
            at(world, NOW, "dispatch_event", **request)
    for _ in range(times):
        at(world, NOW + 4500, "settle_event", eventId="evt-1")
    assert subscriber.kinds() == ["made", "revised", "begun", "ended", "settled"]


def test_a_second_revision_is_told_as_the_first(world: World, subscriber: Subscriber) -> None:
    """Each edition of an operator is told; what the redispatch moves is not."""
    at(world, NOW, "dispatch_event", **LATER)
    for value in (3.0, 2.0):
        interval = {"durationS": 600, "signal": "shedKw", "value": value}
        at(world, NOW, "dispatch_event", action="revise", eventId="evt-1", intervals=[interval])
    notified = subscriber.delivered()
    assert [one["kind"] for one in notified] == ["made", "revised", "revised"]
    assert [one["requestedKw"] for one in notified] == [4.0, 3.0, 2.0]


def test_an_event_that_was_cancelled_while_it_ran_is_settled(world: World, subscriber: Subscriber) -> None:
    """An event that is cancelled while it runs ends there, and its kW until then are told."""
    at(world, NOW, "dispatch_event", **EVENT)
    at(world, NOW + 300, "dispatch_event", action="cancel", eventId="evt-1")
    at(world, NOW + 450, "settle_event", eventId="evt-1")
    assert subscriber.kinds() == ["made", "begun", "cancelled", "settled"]


def test_what_was_deleted_before_it_was_over_was_cancelled(world: World, subscriber: Subscriber) -> None:
    """A deletion of an event that is over is no news."""
    at(world, NOW, "dispatch_event", **LATER)
    at(world, NOW + 1, "dispatch_event", action="delete", eventId="evt-1")
    assert subscriber.kinds() == ["made", "cancelled"]


def test_the_final_result_is_told_beside_the_preliminary_one(world: World, subscriber: Subscriber) -> None:
    """A report that is made anew is told once more, and a third time it is not."""
    at(world, NOW, "dispatch_event", **EVENT)
    for hours in (1, 5, 26):
        at(world, NOW + hours * 3600, "settle_event", eventId="evt-1")
    settled = [one for one in subscriber.delivered() if one["kind"] == "settled"]
    assert [one["preliminary"] for one in settled] == [True, False]


def test_a_topic_that_fails_costs_the_event_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The event is in its shadow, the failure is counted, and the next look tells what is owing."""
    world.add_ven("ven-1")
    clients.sns().delete_topic(TopicArn=TOPIC)
    assert at(world, NOW, "dispatch_event", **EVENT)["ok"]
    assert "evt-1" in world.desired("ven-1")
    assert '"NotificationsFailed":[1.0]' in capsys.readouterr().out.replace(" ", "")
    clients.sns().create_topic(Name="notifications")
    subscriber = Subscriber()
    at(world, NOW + 700, "settle_event", eventId="evt-1")
    assert subscriber.kinds() == ["made", "begun", "ended", "settled"]


def test_a_stage_that_notifies_nobody_makes_no_call(
    world: World, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a message, nor a schedule, nor a write beside the event."""
    monkeypatch.setenv("NOTIFICATIONS_TOPIC", "off")
    at(world, NOW, "dispatch_event", **LATER)
    at(world, NOW + 4500, "settle_event", eventId="evt-1")
    assert subscriber.kinds() == []
    assert world.event_item("evt-1", "NOTIFIED") == {}
    names = clients.scheduler().list_schedules(GroupName="schedules")["Schedules"]
    assert not [one["Name"] for one in names if one["Name"].startswith(("begin-", "end-"))]


def test_people_get_a_sentence_and_filters_get_attributes(world: World, subscriber: Subscriber) -> None:
    """The subject fits SNS, and kind, program and event can be filtered by."""
    long_id = "e" * 64
    at(world, NOW, "dispatch_event", **{**LATER, "eventId": long_id})
    (envelope,) = subscriber.envelopes()
    assert len(envelope["Subject"]) <= 99
    assert envelope["Subject"].startswith(f"Event {long_id} was made")
    values = {name: each["Value"] for name, each in envelope["MessageAttributes"].items()}
    assert values == {"kind": "made", "programId": "default", "eventId": long_id}
    text = json.loads(envelope["Message"])["text"]
    assert text.endswith(
        "was made: 4.00 kW less for 10 min from Fri 15 Jan 09:00 UTC; 4.00 kW called for, program default."
    )


def test_a_filter_by_kind_lets_its_kind_through_alone(world: World) -> None:
    """SNS filters by that which `notify add --kind` writes."""
    world.add_ven("ven-1")
    subscriber = Subscriber()
    sns = clients.sns()
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]
    sns.set_subscription_attributes(
        SubscriptionArn=subscription["SubscriptionArn"],
        AttributeName="FilterPolicy",
        AttributeValue=json.dumps({"kind": ["begun", "test"]}),
    )
    at(world, NOW, "dispatch_event", **EVENT)
    assert subscriber.kinds() == ["begun"]


@pytest.mark.parametrize("fault", Fault)
def test_whatever_is_cut_short_tells_nothing_twice_and_nothing_out_of_order(fault: Fault) -> None:
    """Killed or refused at any of its calls, and repeated: each id once at the most, in the order of moments.

    What was killed right after its claim is lost; what was refused is told by the repeat.
    """
    for left in range(12):
        calls, published = Calls(left, fault), list[str]()

        def publish(**message: Any) -> None:
            body = json.loads(json.loads(message["Message"])["sqs"])
            calls(lambda: published.append(body["kind"]))  # noqa: B023 - called at once

        sns: Any = SimpleNamespace(publish=publish)
        events: Any = MemoryTable(EVENTS, calls)
        notifier = Notifier(sns, TOPIC, events)
        for now in (NOW, NOW, NOW + 600, NOW + 600):
            with suppress(KilledError):
                notifier.tell(ROW, now=now)
            calls.left = None if calls.left in {None, -1} else calls.left
        order = [kind for kind in ("made", "begun", "ended") if kind in published]
        assert published == order
        if fault is Fault.BUSY:
            assert order == ["made", "begun", "ended"]


ROW = EventRow(
    event_id=EventId("evt-1"),
    requested="",
    revision=0,
    start_ts=int(NOW),
    intervals=(Interval(duration_s=600, signal=Signal.SHED_KW, value=4.0),),
    plan_id="0-a",
    created_ts=NOW,
    expires_ts=int(NOW) + 86_400,
)


def test_a_result_names_no_more_vens_than_fit() -> None:
    """Of a large fleet that was silent some are named, and all are counted."""
    silent = UNANSWERED_MAX + 5
    quality = Quality(rows=0, coverage=0.0, longest_gap_s=600.0)
    vens = [
        VenReport(
            ven_id=VenId(f"ven-{number:03}"),
            requested_kw=1.0,
            used_kw=None,
            delivered={},
            quality=quality,
            acknowledged=number >= silent,
        )
        for number in range(silent + 2)
    ]
    row = ROW
    report = EventReport(
        event_id=row.event_id,
        revision=0,
        start_ts=row.start_ts,
        end_ts=row.end_ts,
        settled_ts=row.end_ts + 120,
        requested_kw=4.0,
        delivered={"meter_before": Delivered(baseline_kw=9.0, delivered_kw=3.0, delivered_kwh=0.5)},
        vens=tuple(vens),
        settled_by="meter_before",
    )
    settled = settlement(row, report, vens)
    assert settled is not None
    notified = settled.notification
    assert (len(notified.unanswered), notified.unanswered_count, notified.called) == (
        UNANSWERED_MAX,
        silent,
        silent + 2,
    )
    assert notified.text == (
        "Event evt-1 is settled (final): 3.00 of 4.00 kW delivered (75 %) by meter_before; "
        "55 of 57 VENs did not answer; program default."
    )
