"""An AWS account in the process, by moto, with what the stack's functions find in their environment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.signers import RequestSigner
from botocore.useragent import UserAgentString
from moto import backend_index, mock_aws
from moto.core import responses, utils
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.serialize import ResponseSerializer
from moto.dynamodb.models.dynamo_type import Item
from moto.iot.models import IoTBackend

from lambdas.shared import clients, invocation
from ven_twin.testing.pki import Authority

REGION = "us-east-1"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "TELEMETRY_TABLE": "telemetry",
    "VENS_TABLE": "vens",
    "EVENTS_TABLE": "events",
    "COMMANDS_TABLE": "commands",
    "ALLOWED_TABLE": "allowed",
    "VEN_ID_PATTERN": "*",
    "RETENTION_DAYS": "30",
    "SETTLE_FUNCTION_ARN": "arn:aws:lambda:us-east-1:123456789012:function:settle",
    "SCHEDULER_ROLE_ARN": "arn:aws:iam::123456789012:role/scheduler",
    "SCHEDULE_GROUP": "schedules",
    "SCHEDULE_DLQ_ARN": "arn:aws:sqs:us-east-1:123456789012:dead-letters",
    "SETTLE_DELAY_S": "120",
    "REDISPATCH_MIN": "1",
    "SHADOW_WRITES_PER_S": "100",
    "TIME_ZONE": "UTC",
    "HOLIDAYS": "auto",
    "WEATHER": "{}",
    "NOTIFICATIONS_TOPIC": f"arn:aws:sns:{REGION}:123456789012:notifications",
    "SHADOW_MAP_ARN": f"arn:aws:states:{REGION}:123456789012:stateMachine:shadows",
    "MAP_ABOVE_VENS": "0",
    "VTN_TABLE": "vtn",
    "VTN_URL": "https://vtn.example/openadr3/3.1.0",
    "EXTERNAL_ISSUER": "none",
    "SHADOW_QUEUE_URL": f"https://sqs.{REGION}.amazonaws.com/123456789012/shadows",
    "ORDERS_QUEUE": f"https://sqs.{REGION}.amazonaws.com/123456789012/orders",
    "CHANGES_QUEUE": f"https://sqs.{REGION}.amazonaws.com/123456789012/changes",
}

SERVICES = frozenset(
    {"dynamodb", "iot", "iotdata", "kms", "secretsmanager", "scheduler", "sqs", "cloudformation"}
)
"""Services of these clients, by moto's names."""
CLIENTS = (
    clients.dynamodb,
    clients.iot,
    clients.iot_data,
    clients.kms,
    clients.secrets,
    clients.scheduler,
    clients.sns,
    clients.sqs,
    clients.stacks,
)


@contextmanager
def open_account() -> Iterator[None]:
    """An account in the process, for as long as it is open."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in ENVIRONMENT.items():
            environment.setenv(name, value)
        environment.setattr(invocation.metrics, "namespace", "VenTwin")
        environment.setattr(BotocoreStubber, "__call__", _one_at_a_time(BotocoreStubber.__call__))
        environment.setattr(IoTBackend, "create_certificate_from_csr", _certified(Authority()))
        _leave_out_what_moto_never_reads(environment)
        with mock_aws():
            yield
    for client in CLIENTS:
        client.cache_clear()


def _leave_out_what_moto_never_reads(environment: pytest.MonkeyPatch) -> None:
    """Make calls without a true signature and user agent, and look for nothing twice: two thirds are left.

    A call that goes elsewhere, as to a local cloud beside this account, is signed as ever.
    """
    sign = RequestSigner.sign

    def claim(signer: Any, operation: str, request: Any, **options: Any) -> None:
        if not str(urlsplit(request.url).hostname).endswith(".amazonaws.com"):
            sign(signer, operation, request, **options)
            return
        scope = f"20270115/{REGION}/{signer.signing_name}/aws4_request"
        request.headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential=testing/{scope}, Signature=none"

    ours_first = sorted(backend_index.backend_url_patterns, key=lambda entry: entry[0] not in SERVICES)
    environment.setattr(backend_index, "backend_url_patterns", ours_first)
    environment.setattr(responses, "method_names_from_class", cache(utils.method_names_from_class))
    environment.setattr(UserAgentString, "to_string", lambda _: "boto3")
    environment.setattr(RequestSigner, "sign", claim)
    environment.setattr(Item, "project", _chosen(Item.project))
    serialize = ResponseSerializer._serialize_type_structure  # noqa: SLF001 - moto's own
    environment.setattr(ResponseSerializer, "_serialize_type_structure", _as_it_is(serialize))


def _as_it_is(serialize: Callable[..., None]) -> Callable[..., None]:
    """Moto's way to *serialize* a structure, which looks for each of ten types in a value that has one."""

    def serialize_structure(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if (
            shape.name != "AttributeValue"
            or type(value) is not dict
            or not value.keys() <= shape.members.keys()
        ):
            serialize(serializer, serialized, value, shape, key)
            return
        typed = serializer.MAP_TYPE() if key else serialized
        for kind, content in value.items():
            serializer._serialize(typed, content, shape.members[kind], kind)  # noqa: SLF001 - moto's own
        if key:
            serializer._default_serialize(serialized, typed, shape, key)  # noqa: SLF001

    return serialize_structure


def _chosen(project: Callable[..., Item]) -> Callable[..., Item]:
    """Moto's *project* of an item, which reads the whole item for each attribute that is asked for."""

    def chosen(item: Item, expressions: list[list[str]]) -> Item:
        names = [expression[0] for expression in expressions]
        if any(len(expression) > 1 or "[" in expression[0] for expression in expressions):
            return project(item, expressions)
        answer = Item(item.hash_key, item.range_key, {})
        answer.attrs.update({name: item.attrs[name] for name in names if name in item.attrs})
        return answer

    return chosen


def _certified(authority: Authority) -> Callable[..., Any]:
    """A certificate for the request's key, inactive if so wanted; moto's is for another key, and active."""

    def create_certificate_from_csr(backend: Any, csr: str, set_as_active: Any) -> Any:
        status = "ACTIVE" if str(set_as_active).lower() == "true" else "INACTIVE"
        pem = authority.certify(csr)
        return backend.register_certificate(pem, ca_certificate_pem=None, set_as_active=False, status=status)

    return create_certificate_from_csr


def _one_at_a_time(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Moto's *answer* to a request, given to one thread at a time: its tables are not made for more."""
    turn = threading.RLock()

    def answer_in_turn(*request: Any, **named: Any) -> Any:
        with turn:
            return answer(*request, **named)

    return answer_in_turn
