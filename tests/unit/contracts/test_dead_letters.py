"""A dead letter says what it is about, what is wrong with it, and where it is tried again."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from contracts.errors import FieldError
from contracts.store.dead_letters import (
    DeadLetterSource,
    FailureSource,
    Redrive,
    plan_redrive,
    queues_output,
    read_letter,
    read_queues,
)
from contracts.store.envelopes import read_envelope
from contracts.wire import codec

SETTLE = "arn:aws:lambda:eu-west-1:123456789012:function:settle"


def envelope(topic: str, payload: bytes) -> str:
    """A message as a topic rule passed it on."""
    raw = base64.b64encode(payload).decode()
    return json.dumps({"payload": raw, "topic": topic, "receivedMs": 1_800_000_000_123, "clientId": "ven-1"})


def rule_error(topic: str, payload: bytes) -> str:
    """What a rule's error action says. Source: AWS IoT Developer Guide, rule error handling."""
    return json.dumps(
        {
            "ruleName": "ven_twin_dev_telemetry",
            "topic": topic,
            "clientId": "ven-1",
            "base64OriginalPayload": base64.b64encode(payload).decode(),
            "failures": [{"failedAction": "SqsAction", "errorMessage": "no such queue"}],
        }
    )


@pytest.mark.parametrize(
    ("topic", "payload", "why"),
    [
        ("ven/telemetry/ven-1", b"\xff", "not valid JSON"),
        ("ven/telemetry/ven-1", b'{"timestamp": "yesterday"}', "timestamp"),
        ("ven/loads/ven-1", b'{"timestamp": 1}', "timestamp"),
        ("ven/ack/ven-1", b'{"op": "ping"}', "required"),
    ],
)
def test_a_letter_says_what_is_wrong_and_keeps_its_bytes(topic: str, payload: bytes, why: str) -> None:
    """The reason names the field, as whoever refused it would have said."""
    letter = read_letter(DeadLetterSource.TELEMETRY, envelope(topic, payload))
    assert letter.about == topic
    assert why in str(letter.why)
    assert base64.b64decode(str(letter.raw)) == payload


@pytest.mark.parametrize(
    ("queue", "wrap"), [(DeadLetterSource.TELEMETRY, envelope), (FailureSource.RULE_ERRORS, rule_error)]
)
def test_a_letter_with_the_largest_payload_is_read_and_redriven(
    queue: DeadLetterSource | FailureSource, wrap: Callable[[str, bytes], str]
) -> None:
    """128 KiB are a third more in base64; they come back whole, and go where they failed."""
    payload = b"x" * codec.PAYLOAD_MAX_BYTES
    text = wrap("ven/telemetry/ven-1", payload)
    letter = read_letter(queue, text)
    assert letter.about == "ven/telemetry/ven-1"
    assert base64.b64decode(str(letter.raw)) == payload
    redrive = plan_redrive(queue, text, {}, 1_800_000_000_123)
    assert read_envelope(redrive.body).raw == payload
    assert redrive.inlet == DeadLetterSource.TELEMETRY


def test_a_letter_of_a_full_chunk_or_start_is_read() -> None:
    """A chunk of shadows and the request of a start are larger than any VEN's payload."""
    filler = "x" * (200 * 1024)
    chunk = json.dumps({"eventId": "e1", "filler": filler})
    assert read_letter(DeadLetterSource.SHADOWS, chunk).about == "shadows of event e1"
    start = json.dumps({"requestPayload": {"eventId": "e1", "filler": filler}})
    assert read_letter(FailureSource.FAILED_STARTS, start).about == "settle event e1"


@pytest.mark.parametrize(
    ("queue", "letter", "about"),
    [
        (
            DeadLetterSource.CHANGES,
            {"operation": "UPDATE", "object": {"objectType": "EVENT", "id": "e1"}},
            "UPDATE of EVENT e1",
        ),
        (
            DeadLetterSource.DELIVERIES,
            {"clientId": "house-1", "subscriptionId": "s1", "place": 0, "body": {"object": {}}},
            "subscription s1 of house-1",
        ),
    ],
)
def test_a_letter_of_the_vtn_says_what_it_is_of(
    queue: DeadLetterSource, letter: dict[str, Any], about: str
) -> None:
    """The change, or whom the notification is for; it goes back into its queue."""
    body = json.dumps(letter)
    described = read_letter(queue, body)
    assert (described.about, described.why, described.raw) == (about, None, None)
    assert plan_redrive(queue, body, {}, 0) == Redrive(body=body, inlet=queue)


def test_a_letter_that_reads_well_has_nothing_wrong() -> None:
    """Then it was the function that failed, and the letter may be tried again."""
    topic = "$aws/events/presence/connected/ven-1"
    assert read_letter(DeadLetterSource.VENS, envelope(topic, b"{}")).why is None


@pytest.mark.parametrize("queue", [*DeadLetterSource, *FailureSource])
@pytest.mark.parametrize("body", ["", "[]", "nonsense", '{"topic": 1}', "\ud800"])
def test_a_letter_that_cannot_be_read_is_shown_all_the_same(queue: str, body: str) -> None:
    """Whatever lies in a queue is listed, never a traceback."""
    assert read_letter(queue, body).about


def test_a_message_is_tried_again_where_it_failed() -> None:
    """As it lies, into the queue whose dead letter it is."""
    body = envelope("ven/ack/ven-1", b"{}")
    assert plan_redrive("vens", body, {}, 0) == Redrive(body=body, inlet=DeadLetterSource.VENS)


@pytest.mark.parametrize(
    ("topic", "inlet"),
    [
        ("ven/telemetry/ven-1", DeadLetterSource.TELEMETRY),
        ("ven/loads/ven-1", DeadLetterSource.TELEMETRY),
        ("ven/ack/ven-1", DeadLetterSource.VENS),
    ],
)
def test_a_rules_error_becomes_the_message_that_the_rule_would_have_sent(
    topic: str, inlet: DeadLetterSource
) -> None:
    """Bytes untouched, with the time at which it failed as the receipt time."""
    redrive = plan_redrive(FailureSource.RULE_ERRORS, rule_error(topic, b"\x00\xff"), {}, 1_800_000_000_123)
    assert redrive.inlet == inlet
    assert json.loads(redrive.body) == json.loads(envelope(topic, b"\x00\xff"))
    assert "no such queue" in str(read_letter(FailureSource.RULE_ERRORS, rule_error(topic, b"x")).why)


def test_a_start_that_failed_in_the_function_is_started_again() -> None:
    """Lambda's own record says which function, with a version, and with which payload."""
    body = json.dumps(
        {
            "requestContext": {"functionArn": f"{SETTLE}:$LATEST", "condition": "RetriesExhausted"},
            "requestPayload": {"eventId": "e1"},
            "responsePayload": {"errorMessage": "boom"},
        }
    )
    assert plan_redrive(FailureSource.FAILED_STARTS, body, {}, 0) == Redrive(
        body='{"eventId":"e1"}', function=SETTLE
    )
    letter = read_letter(FailureSource.FAILED_STARTS, body)
    assert (letter.about, letter.why) == ("settle event e1", "boom")


@pytest.mark.parametrize(
    ("payload", "about"),
    [
        ({"op": "sweep"}, "sweep of certificates"),
        ({"source": "aws.scheduler", "detail-type": "Scheduled Event"}, "figures of the fleet"),
        (
            {"ResponseURL": "https://x", "RequestType": "Delete", "LogicalResourceId": "Ven1"},
            "CloudFormation's Delete of Ven1",
        ),
    ],
)
def test_a_letter_names_the_work_that_was_to_start(payload: dict[str, str], about: str) -> None:
    """Every function that is started without waiting has its failures here, and each reads as what it was."""
    body = json.dumps({"requestContext": {"functionArn": SETTLE}, "requestPayload": payload})
    assert read_letter(FailureSource.FAILED_STARTS, body).about == about


def test_a_request_of_cloudformation_is_not_made_again() -> None:
    """Its stack has gone on without the answer: a certificate that is made now would be nobody's."""
    request = {"ResponseURL": "https://x", "RequestType": "Create"}
    body = json.dumps({"requestContext": {"functionArn": SETTLE}, "requestPayload": request})
    with pytest.raises(FieldError, match="deploy or destroy again"):
        plan_redrive(FailureSource.FAILED_STARTS, body, {}, 0)


def test_a_start_that_the_scheduler_could_not_make_is_started_again() -> None:
    """The Scheduler says in the attributes which function; without them nobody can tell, and it stays."""
    body = '{"action": "redispatch", "eventId": "e1"}'
    redrive = plan_redrive(FailureSource.FAILED_STARTS, body, {"TARGET_ARN": SETTLE}, 0)
    assert redrive == Redrive(body=body, function=SETTLE)
    assert read_letter(FailureSource.FAILED_STARTS, body).about == "redispatch event e1"
    with pytest.raises(FieldError, match="TARGET_ARN"):
        plan_redrive(FailureSource.FAILED_STARTS, body, {}, 0)


def test_a_start_whose_record_has_no_payload_is_started_by_its_attributes() -> None:
    """A record of half a start says less than the Scheduler's attributes."""
    body = json.dumps({"requestContext": {"functionArn": "arn:other"}})
    redrive = plan_redrive(FailureSource.FAILED_STARTS, body, {"TARGET_ARN": f"{SETTLE}:live"}, 0)
    assert redrive == Redrive(body=body, function=SETTLE)


def test_a_start_with_a_list_for_its_payload_is_started_with_it() -> None:
    """Also a payload that is no object goes to the function as it was."""
    body = json.dumps({"requestContext": {"functionArn": SETTLE}, "requestPayload": ["ResponseURL"]})
    redrive = plan_redrive(FailureSource.FAILED_STARTS, body, {}, 0)
    assert redrive == Redrive(body='["ResponseURL"]', function=SETTLE)


def test_a_rule_error_without_a_client_or_a_reason_is_one_of_the_service() -> None:
    """AWS IoT writes N/A for its own messages; that is no client's id, and no failure is no reason."""
    error = json.loads(rule_error("ven/ack/ven-1", b"x")) | {"clientId": "N/A", "failures": []}
    body = json.dumps(error)
    assert read_envelope(plan_redrive(FailureSource.RULE_ERRORS, body, {}, 0).body).client_id is None
    assert read_letter(FailureSource.RULE_ERRORS, body).why is None


def test_a_letter_of_a_megabyte_is_read_and_one_byte_more_is_not() -> None:
    """SQS takes no larger message."""
    chunk = json.dumps({"eventId": "e1"})
    assert read_letter(DeadLetterSource.SHADOWS, chunk.ljust(1_048_576)).about == "shadows of event e1"
    assert read_letter(DeadLetterSource.SHADOWS, chunk.ljust(1_048_577)).about == "unreadable"


def test_the_queues_survive_an_output() -> None:
    """What the stack puts together is what the CLI takes apart, also of URLs with an equals sign."""
    urls = {"telemetry": "https://q/1", "vens": "https://q/2?a=b"}
    assert read_queues(queues_output(urls)) == urls
    assert read_queues("") == {}


def test_a_rule_error_whose_payload_is_no_base64_is_put_aside_whole() -> None:
    """What cannot be put back byte for byte is not guessed at: the letter keeps all of it and says why."""
    body = rule_error("ven/telemetry/ven-1", b"x").replace(base64.b64encode(b"x").decode(), "%%%")
    letter = read_letter(FailureSource.RULE_ERRORS, body)
    assert letter.about == "unreadable"
    assert "base64OriginalPayload" in str(letter.why)
    assert base64.b64decode(str(letter.raw)).decode() == body
