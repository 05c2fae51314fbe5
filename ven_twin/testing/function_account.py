"""An AWS account in the process, by moto, with what the stack's functions find in their environment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
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
    "SHADOW_QUEUE_URL": f"https://sqs.{REGION}.amazonaws.com/123456789012/shadows",
}

CLIENTS = (
    clients.dynamodb,
    clients.iot,
    clients.iot_data,
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
        with mock_aws():
            yield
    for client in CLIENTS:
        client.cache_clear()


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
