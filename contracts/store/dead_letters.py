"""Dead letters: their queues, their content, and the way back to where they failed."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from enum import StrEnum

import msgspec

from contracts.errors import FieldError, WireError
from contracts.store.envelopes import Envelope, read_envelope
from contracts.wire import codec
from contracts.wire.acks import read_ack
from contracts.wire.codec import JsonDict, JsonObject
from contracts.wire.telemetry import read_loads, read_telemetry

TELEMETRY_TOPICS = ("ven/telemetry/", "ven/loads/")
RECEIVES = 5
"""Receives of a message before it is a dead letter. Those that Lambda throttles count, and a new
account may run ten functions at once. Source: AWS Lambda Developer Guide, using Lambda with SQS."""
LETTER_MAX_BYTES = 1024 * 1024
"""Source: SQS, message size. A letter holds what failed whole: a payload in base64, a chunk, a request."""


class DeadLetterSource(StrEnum):
    """A queue that feeds a function; its dead letters are named alike."""

    TELEMETRY = "telemetry"
    VENS = "vens"
    SHADOWS = "shadows"
    CHANGES = "changes"
    DELIVERIES = "deliveries"
    ORDERS = "orders"
    """These three are of a stage that is a VTN of OpenADR alone."""


class FailureSource(StrEnum):
    """A failure whose dead letters come from no queue."""

    RULE_ERRORS = "rule-errors"
    """A topic rule could not hand a message on."""
    FAILED_STARTS = "failed-starts"
    """A function that a schedule or CloudFormation started failed, or could not be started."""


class Redrive(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter on its way back: *body* into *inlet*, or as the payload of *function* (an ARN)."""

    body: str
    inlet: DeadLetterSource | None = None
    function: str | None = None


class DeadLetter(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The content of a dead letter, for an operator.

    *why* is what is wrong with it as far as that can be told from the letter; None when it reads well
    now, so that only whoever took it failed. *raw* are the bytes that a VEN sent, in base64.
    """

    about: str
    why: str | None = None
    raw: str | None = None


def queues_output(urls: Mapping[str, str]) -> str:
    """Queue URLs by name as one output of the stack."""
    return ",".join(f"{name}={url}" for name, url in urls.items())


def read_queues(output: str) -> dict[str, str]:
    """The URLs by name that `queues_output` has put together."""
    return dict(entry.split("=", 1) for entry in output.split(",") if entry)


def read_letter(queue: str, body: str) -> DeadLetter:
    """Describe the letter *body* in *queue*. Never raises."""
    try:
        if queue == FailureSource.FAILED_STARTS:
            return _failed_start(body)
        if queue == FailureSource.RULE_ERRORS:
            return _rule_error(body)
        if queue in _ABOUT:
            return DeadLetter(about=_ABOUT[queue](_object(body)))
        return _message(read_envelope(body))
    except WireError as error:
        return DeadLetter(
            about="unreadable", why=str(error), raw=base64.b64encode(body.encode(errors="replace")).decode()
        )


def plan_redrive(queue: str, body: str, attributes: Mapping[str, str], received_ms: int) -> Redrive:
    """Plan how the letter *body* in *queue* goes back to where it failed.

    Args:
        queue: the dead letters' name.
        body: the letter.
        attributes: its message attributes; the Scheduler says there what it could not start.
        received_ms: when it came, UTC ms; a rule's error says no time of its own.

    Raises:
        FieldError: it does not say where it belongs.
    """
    if queue == FailureSource.RULE_ERRORS:
        rule_error = codec.convert(_RuleError, _object(body))
        envelope = Envelope(
            payload=rule_error.payload,
            topic=rule_error.topic,
            received_ms=received_ms,
            client_id=None if rule_error.client_id == "N/A" else rule_error.client_id,
        )
        inlet = (
            DeadLetterSource.TELEMETRY
            if rule_error.topic.startswith(TELEMETRY_TOPICS)
            else DeadLetterSource.VENS
        )
        return Redrive(body=codec.encode(envelope).decode(), inlet=inlet)
    if queue == FailureSource.FAILED_STARTS:
        value = _object(body)
        context, payload = value.get("requestContext"), value.get("requestPayload")
        if isinstance(payload, dict) and "ResponseURL" in payload:
            raise FieldError("RequestType", "CloudFormation has given up on it: deploy or destroy again")
        if isinstance(context, dict) and payload is not None:
            return Redrive(body=codec.encode(payload).decode(), function=_unqualified(context["functionArn"]))
        if "TARGET_ARN" not in attributes:
            raise FieldError("TARGET_ARN", "the letter does not say which function was to be started")
        return Redrive(body=body, function=_unqualified(attributes["TARGET_ARN"]))
    return Redrive(body=body, inlet=DeadLetterSource(queue))


class _RuleError(msgspec.Struct, rename="camel", frozen=True):
    """Source: AWS IoT Developer Guide, rule error handling, error action message."""

    topic: str
    payload: str = msgspec.field(name="base64OriginalPayload")
    client_id: str | None = None
    failures: list[JsonDict] = []


_READERS: Mapping[str, Callable[..., object]] = {
    "ven/telemetry/": read_telemetry,
    "ven/loads/": read_loads,
    "ven/ack/": read_ack,
}


def _message(envelope: Envelope) -> DeadLetter:
    """A VEN's message, judged anew by whoever reads it in the cloud."""
    for prefix, read in _READERS.items():
        if envelope.topic.startswith(prefix):
            try:
                read(envelope.raw, ven_id=envelope.topic.removeprefix(prefix))
            except WireError as error:
                return DeadLetter(about=envelope.topic, why=str(error), raw=envelope.payload)
    return DeadLetter(about=envelope.topic, raw=envelope.payload)


def _shadows(value: JsonObject) -> str:
    return f"shadows of event {value.get('eventId', '?')}"


def _delivery(value: JsonObject) -> str:
    """The notification of a subscriber in words, without what it tells."""
    return f"subscription {value.get('subscriptionId', '?')} of {value.get('clientId', '?')}"


def _change(value: JsonObject) -> str:
    """A change of an OpenADR object in words."""
    changed = value.get("object")
    named = changed if isinstance(changed, dict) else {}
    return f"{value.get('operation', '?')} of {named.get('objectType', '?')} {named.get('id', '?')}"


def _order(value: JsonObject) -> str:
    """An order to dispatch the VTN's events in words."""
    return f"{value.get('objectType', '?')} {value.get('id', '?')} of the VTN"


_ABOUT: Mapping[str, Callable[[JsonObject], str]] = {
    DeadLetterSource.SHADOWS: _shadows,
    DeadLetterSource.CHANGES: _change,
    DeadLetterSource.DELIVERIES: _delivery,
    DeadLetterSource.ORDERS: _order,
}


def _rule_error(body: str) -> DeadLetter:
    rule_error = codec.convert(_RuleError, _object(body))
    why = "; ".join(str(failure.get("errorMessage", failure)) for failure in rule_error.failures)
    return DeadLetter(about=rule_error.topic, why=why or None, raw=_checked(rule_error.payload))


def _object(body: str) -> JsonDict:
    return codec.load_object(body, max_bytes=LETTER_MAX_BYTES)


def _failed_start(body: str) -> DeadLetter:
    value = _object(body)
    payload, response = value.get("requestPayload", value), value.get("responsePayload")
    request = payload if isinstance(payload, dict) else {}
    why = response.get("errorMessage") if isinstance(response, dict) else None
    return DeadLetter(about=_start(request), why=why)


def _start(request: JsonObject) -> str:
    """The work that *request*, of CloudFormation or a schedule, was to start."""
    if "ResponseURL" in request:
        return (
            f"CloudFormation's {request.get('RequestType', '?')} of {request.get('LogicalResourceId', '?')}"
        )
    if "sweep" in request:
        return "sweep of the VTN's events"
    if "op" in request:
        return f"{request['op']} of certificates"
    if request.get("source") == "aws.scheduler":  # what the Scheduler sends where a schedule has no input
        return "figures of the fleet"
    return f"{request.get('action', 'settle')} event {request.get('eventId', '?')}"


def _checked(payload: str) -> str:
    try:
        base64.b64decode(payload, validate=True)
    except binascii.Error as error:
        raise FieldError("base64OriginalPayload", str(error)) from None
    return payload


def _unqualified(arn: str) -> str:
    """A function's ARN without version or alias."""
    return ":".join(arn.split(":")[:7])
