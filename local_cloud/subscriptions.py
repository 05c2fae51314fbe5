"""SNS in the emulator: subscriptions and messages that AWS refuses, and confirmations as AWS has them.

| call | the emulator | AWS |
|---|---|---|
| Subscribe by mail | counts at once | is pending until the mail's link was opened |
| Subscribe to an address that is none, or by no protocol | is kept | InvalidParameter |
| Subscribe once more, with another filter | is passed over | InvalidParameter |
| a filter that is no policy, or too large | lets everything through | InvalidParameter |
| ListSubscriptionsByTopic | has every ARN | ``PendingConfirmation`` until it is confirmed |
| Unsubscribe what is no ARN | answers 200 | InvalidParameter |
| Publish with a long subject, or JSON without a default | is delivered | InvalidParameter |
| the link of a confirmation, which nobody has signed | 403, with our test of callers | confirms |

Sources: Amazon SNS API (Subscribe, Publish, ListSubscriptionsByTopic, ConfirmSubscription), Developer Guide
(filter policy constraints). That a second Subscribe with other attributes is refused is in no document:
localstack/localstack#8816 and anomalyco/sst#4259 show AWS's answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from math import prod
from types import ModuleType
from typing import Any

from local_cloud.overrides import Original, replace

PROTOCOLS = frozenset(
    {"http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose"}
)
BY_MAIL = frozenset({"email", "email-json"})
PENDING = "PendingConfirmation"
SUBJECT_MAX_CHARACTERS = 99
FILTER_KEYS_MAX, FILTER_COMBINATIONS_MAX, FILTER_MAX_BYTES = 5, 150, 256 * 1024
UNSIGNED = "sns:ConfirmSubscription"
COMPARED = ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "DeliveryPolicy", "RedrivePolicy")
_MAILBOX = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def subscribe_as_on_aws(sns: ModuleType, iam_evaluator: ModuleType) -> None:
    """Close these gaps of *sns*; *iam_evaluator* lets the link of a confirmation through."""
    replace(sns, "_subscribe", lambda subscribe: _subscribing(subscribe, sns))
    replace(sns, "_unsubscribe", lambda unsubscribe: _unsubscribing(unsubscribe, sns))
    replace(sns, "_set_subscription_attributes", lambda change: _changing(change, sns))
    replace(sns, "_list_subscriptions_by_topic", lambda listed: _listing(listed, sns))
    replace(sns, "_publish", lambda publish: _publishing(publish, sns))
    replace(iam_evaluator, "enforce", _confirming)


def _subscribing(subscribe: Original, sns: Any) -> Original:
    def subscribed(params: Mapping[str, Any]) -> Any:
        protocol, endpoint = _text(params, "Protocol"), _text(params, "Endpoint")
        attributes = _attributes(params)
        topic = sns._topics.get(_text(params, "TopicArn")) or {"subscriptions": []}  # noqa: SLF001
        there = next((s for s in topic["subscriptions"] if _is(s, protocol, endpoint)), None)
        wrong = endpoint_objection(protocol, endpoint) or filter_objection(attributes.get("FilterPolicy"))
        if wrong is None and there is not None:
            wrong = _differs(there["attributes"], attributes)
        if wrong is not None:
            return _refused(sns, wrong)
        answer = subscribe(params)
        if protocol not in BY_MAIL or there is not None:
            return answer
        made = next(s for s in topic["subscriptions"] if _is(s, protocol, endpoint))
        made.update(confirmed=False, token=sns.new_uuid())
        made["attributes"] |= {"PendingConfirmation": "true", "ConfirmationWasAuthenticated": "false"}
        sns._refresh_subscription_counts(topic)  # noqa: SLF001 - the emulator's own
        result = "<SubscribeResult><SubscriptionArn>pending confirmation</SubscriptionArn></SubscribeResult>"
        return sns._xml(200, "SubscribeResponse", result)  # noqa: SLF001

    return subscribed


def _unsubscribing(unsubscribe: Original, sns: Any) -> Original:
    def unsubscribed(params: Mapping[str, Any]) -> Any:
        if not _text(params, "SubscriptionArn").startswith("arn:"):
            return _refused(sns, "SubscriptionArn Reason: it is no ARN")
        return unsubscribe(params)

    return unsubscribed


def _changing(change: Original, sns: Any) -> Original:
    def changed(params: Mapping[str, Any]) -> Any:
        is_filter = _text(params, "AttributeName") == "FilterPolicy"
        wrong = filter_objection(_text(params, "AttributeValue")) if is_filter else None
        return change(params) if wrong is None else _refused(sns, wrong)

    return changed


def _listing(listed: Original, sns: Any) -> Original:
    """List what is pending without the ARN that it has not yet."""

    def listing(params: Mapping[str, Any]) -> Any:
        topic = sns._topics.get(_text(params, "TopicArn"))  # noqa: SLF001 - the emulator's own record
        if topic is None:
            return listed(params)
        stored = topic["subscriptions"]
        topic["subscriptions"] = [s if s.get("confirmed") else {**s, "arn": PENDING} for s in stored]
        try:
            return listed(params)
        finally:
            topic["subscriptions"] = stored

    return listing


def _publishing(publish: Original, sns: Any) -> Original:
    def published(params: Mapping[str, Any]) -> Any:
        wrong = message_objection(
            _text(params, "Message"), _text(params, "Subject"), _text(params, "MessageStructure")
        )
        return publish(params) if wrong is None else _refused(sns, wrong)

    return published


def _confirming(enforce: Original) -> Original:
    """Let whoever has the token of a confirmation open its link; the call itself compares the token."""

    def enforced(access_key_id: str, iam_action: str, *place: Any, **named: Any) -> Any:
        if iam_action == UNSIGNED and not access_key_id:
            return None
        return enforce(access_key_id, iam_action, *place, **named)

    return enforced


def endpoint_objection(protocol: str, endpoint: str) -> str | None:
    """The fault that AWS finds with a subscription's address, or None; the emulator judges those of ARNs."""
    if protocol not in PROTOCOLS:
        return f"Protocol Reason: {protocol!r} is none"
    if protocol in {"http", "https"} and not endpoint.startswith(f"{protocol}://"):
        return f"Endpoint Reason: it must begin with {protocol}://"
    if protocol in BY_MAIL and not _MAILBOX.fullmatch(endpoint):
        return "Endpoint Reason: it is no mail address"
    return None


def filter_objection(policy: str | None) -> str | None:
    """The fault that AWS finds with a filter policy, or None."""
    if not policy:
        return None
    try:
        value = json.loads(policy)
    except ValueError:
        return "FilterPolicy Reason: it is no JSON"
    if not (isinstance(value, dict) and all(isinstance(values, list | dict) for values in value.values())):
        return "FilterPolicy Reason: it is a JSON object with an array of values for each key"
    limits = (
        (len(policy.encode()), FILTER_MAX_BYTES, "bytes"),
        (len(value), FILTER_KEYS_MAX, "keys"),
        (prod(len(values) for values in value.values()), FILTER_COMBINATIONS_MAX, "combinations"),
    )
    beyond = (
        f"FilterPolicy Reason: it has more than {most} {what}" for has, most, what in limits if has > most
    )
    return next(beyond, None)


def message_objection(message: str, subject: str, structure: str) -> str | None:
    """The fault that AWS finds with a message, or None."""
    if not message:
        return "Message Reason: it is empty"
    if len(subject) > SUBJECT_MAX_CHARACTERS or _CONTROL.search(subject):
        return "Subject Reason: less than 100 characters, without line breaks and control characters"
    if structure not in {"", "json"}:
        return "MessageStructure Reason: json is the one"
    try:
        value = json.loads(message) if structure else {"default": message}
    except ValueError:
        return "Message Structure - JSON message body failed to parse"
    whole = isinstance(value, dict) and isinstance(value.get("default"), str)
    return None if whole else "Message Structure - No default entry in JSON message body"


def _is(subscription: Mapping[str, Any], protocol: str, endpoint: str) -> bool:
    return (subscription["protocol"], subscription["endpoint"]) == (protocol, endpoint)


def _differs(there: Mapping[str, str], wanted: Mapping[str, str]) -> str | None:
    named = (name for name in COMPARED if name in wanted)
    if all(there.get(name, "") == wanted[name] for name in named):
        return None
    return "Attributes Reason: Subscription already exists with different attributes"


def _attributes(params: Mapping[str, Any]) -> dict[str, str]:
    """The attributes of a Subscribe, by their names."""
    attributes, number = {}, 1
    while name := _text(params, f"Attributes.entry.{number}.key"):
        attributes[name] = _text(params, f"Attributes.entry.{number}.value")
        number += 1
    return attributes


def _refused(sns: Any, what: str) -> Any:
    return sns._error("InvalidParameter", f"Invalid parameter: {what}", 400)  # noqa: SLF001


def _text(params: Mapping[str, Any], name: str) -> str:
    value = params.get(name, "")
    return str(value[0] if isinstance(value, list) else value)
