"""The subscribers of a stage's topic: who is told what becomes of events."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from contracts.api.topic_message import KIND, PROGRAM, topic_message
from contracts.errors import FieldError, VenTwinError
from contracts.store.stack import StackOutput
from contracts.wire.ids import ProgramId
from contracts.wire.notifications import ANY_PROGRAM, OPERATOR_KINDS, Notification, NotificationKind
from ven_twin.operations.aggregator.cloud import Cloud
from ven_twin.operations.aggregator.cloud_errors import explained

SubscriptionProtocol = Literal["http", "https", "email", "sqs"]
SCHEMES = "write https://…, mailto:ops@example.org, or a queue's ARN, arn:aws:sqs:REGION:ACCOUNT:NAME"
PENDING = "PendingConfirmation"
"""The ARN that SNS lists in place of one that there is not yet. Source: SNS, ListSubscriptionsByTopic."""
MAILBOX = re.compile(r"[^@\s/]+@[^@\s/]+\.[^@\s/]+")
QUEUE_ARN = re.compile(r"arn:aws[\w-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}")
COMBINATIONS_MAX = 150
"""Of a filter: its kinds times its programs. Source: SNS Developer Guide, filter policy constraints."""


class Endpoint(NamedTuple):
    """An address as SNS takes it."""

    protocol: SubscriptionProtocol
    address: str


class Subscription(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A subscriber.

    Attributes:
        endpoint: its address.
        protocol: how it is reached.
        confirmed: False until whoever has the address has agreed.
        kinds: the kinds that it is told of; all when empty.
        programs: the programs of the events that it is told of; all when empty.
        arn: SNS's name of it, empty until it is confirmed.
    """

    endpoint: str
    protocol: str
    confirmed: bool
    kinds: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    arn: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """The notifications that a subscriber wants; all of them where both are empty."""

    kinds: tuple[NotificationKind, ...] = ()
    programs: tuple[ProgramId, ...] = ()

    def policy(self) -> str | None:
        """SNS's filter policy, which lets every test through; None without a filter."""
        kinds = [*self.kinds, NotificationKind.TEST.value] if self.kinds else []
        programs = [*self.programs, ANY_PROGRAM] if self.programs else []
        wanted = {name: values for name, values in ((KIND, kinds), (PROGRAM, programs)) if values}
        return json.dumps(wanted) if wanted else None


def read_endpoint(text: str, *, local: bool) -> Endpoint:
    """The address in *text*; *local* is the cloud on this machine, which alone reaches loopback.

    Raises:
        FieldError: it is none, or the cloud could not reach it.
    """
    field = "ENDPOINT"
    if text.startswith("arn:"):
        if not QUEUE_ARN.fullmatch(text):
            raise FieldError(field, f"{text!r} is no queue's ARN: {SCHEMES}")
        return Endpoint("sqs", text)
    if text.lower().startswith("mailto:"):
        mailbox = text.partition(":")[2]
        if not MAILBOX.fullmatch(mailbox):
            raise FieldError(field, f"{mailbox!r} is no mail address: {SCHEMES}")
        return Endpoint("email", mailbox)
    try:
        address = urlsplit(text)
        host, _ = address.hostname, address.port
    except ValueError:
        raise FieldError(field, f"{text!r} is no address: {SCHEMES}") from None
    if address.scheme not in {"http", "https"} or not host or address.fragment:
        raise FieldError(field, f"{text!r} is no address of a subscriber: {SCHEMES}")
    loopback = is_loopback(host)
    if loopback and not local:
        raise FieldError(field, f"AWS cannot reach {host}, which is this machine alone")
    if address.scheme == "http" and not loopback:
        raise FieldError(field, f"http to {host} can be read on the way: write https://{host}…")
    return Endpoint("http" if address.scheme == "http" else "https", text)


def is_loopback(host: str) -> bool:
    """True of a host that is the machine itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def read_filter(kinds: Sequence[str], programs: Sequence[str], there: Sequence[str]) -> Filter:
    """The filter of what was typed; *there* are the programs that there are.

    Raises:
        FieldError: there is no such kind or program, or more than SNS filters by.
    """
    allowed = {kind.value: kind for kind in OPERATOR_KINDS}
    for kind in kinds:
        if kind not in allowed:
            raise FieldError("--kind", f"{kind!r} is none of {', '.join(allowed)}")
    for program in programs:
        if program not in there:
            raise FieldError("--program", f"{program!r} is none of {', '.join(there)}")
    wanted = Filter(
        tuple(allowed[kind] for kind in dict.fromkeys(kinds)),
        tuple(ProgramId(program) for program in dict.fromkeys(programs)),
    )
    combined = max(1, len(wanted.kinds) + 1) * max(1, len(wanted.programs) + 1)
    if combined > COMBINATIONS_MAX:
        raise FieldError("--program", f"SNS filters by {COMBINATIONS_MAX} pairs of kind and program at most")
    return wanted


class Subscribers:
    """The subscribers of a stack's topic. Methods raise CloudError as `Cloud` does.

    Attributes:
        topic_arn: the topic's ARN.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.topic_arn = cloud.output(StackOutput.NOTIFICATIONS)

    def all(self) -> list[Subscription]:
        """Every subscriber with its filter, by address; one that is not confirmed tells no filter."""
        listed: list[Mapping[str, str]] = []
        with explained():
            pages = self._cloud.client("sns").get_paginator("list_subscriptions_by_topic")
            for page in pages.paginate(TopicArn=self.topic_arn):
                listed += page["Subscriptions"]
        return sorted(map(self._subscription, listed), key=lambda one: (one.protocol, one.endpoint))

    def add(self, endpoint: Endpoint, wanted: Filter) -> Subscription:
        """Subscribe *endpoint*. Raises VenTwinError when it is subscribed already."""
        if any(one.endpoint == endpoint.address for one in self.all()):
            raise VenTwinError(
                f"{endpoint.address} is subscribed already: ven-twin notify remove {endpoint.address} before"
            )
        policy = wanted.policy()
        attributes = {} if policy is None else {"FilterPolicy": policy}
        with explained():
            answer = self._cloud.client("sns").subscribe(
                TopicArn=self.topic_arn,
                Protocol=endpoint.protocol,
                Endpoint=endpoint.address,
                Attributes=attributes,
            )
        arn: str = answer["SubscriptionArn"]
        confirmed = arn.startswith("arn:")
        return Subscription(
            endpoint=endpoint.address,
            protocol=endpoint.protocol,
            confirmed=confirmed,
            kinds=tuple(kind.value for kind in wanted.kinds),
            programs=wanted.programs,
            arn=arn if confirmed else "",
        )

    def remove(self, address: str) -> Subscription:
        """Unsubscribe whoever has *address*, or the ARN. Raises VenTwinError when that cannot be."""
        bare = address.removeprefix("mailto:")
        there = [one for one in self.all() if bare in {one.endpoint, one.arn}]
        if not there:
            raise FieldError("ENDPOINT", f"{address} is not subscribed: ven-twin notify list")
        if not there[0].confirmed:
            raise VenTwinError(f"{address} has not confirmed: AWS forgets it after two days, and not before")
        with explained():
            self._cloud.client("sns").unsubscribe(SubscriptionArn=there[0].arn)
        return there[0]

    def test(self) -> Notification:
        """Publish a test, which every filter lets through."""
        test = Notification(
            id=f"test/{secrets.token_hex(8)}",
            kind=NotificationKind.TEST,
            ts=int(time.time()),
            text=f"A test of the notifications of stage {self._cloud.stage}: nothing happened.",
        )
        with explained():
            self._cloud.client("sns").publish(TopicArn=self.topic_arn, **topic_message(test, ANY_PROGRAM))
        return test

    def _subscription(self, listed: Mapping[str, str]) -> Subscription:
        arn = listed["SubscriptionArn"]
        confirmed = arn.startswith("arn:")
        attributes: Mapping[str, str] = {}
        if confirmed:
            with explained():
                answer = self._cloud.client("sns").get_subscription_attributes(SubscriptionArn=arn)
            attributes = answer["Attributes"]
        policy = json.loads(attributes.get("FilterPolicy") or "{}")
        return Subscription(
            endpoint=listed["Endpoint"],
            protocol=listed["Protocol"],
            confirmed=confirmed,
            kinds=_values(policy, KIND, NotificationKind.TEST),
            programs=_values(policy, PROGRAM, ANY_PROGRAM),
            arn=arn if confirmed else "",
        )


def _values(policy: Mapping[str, Sequence[object]], name: str, always: str) -> tuple[str, ...]:
    """The values that a filter names, but for the one that every filter has."""
    return tuple(str(value) for value in policy.get(name, ()) if value != always)
