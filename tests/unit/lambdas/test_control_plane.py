"""Eighty VENs at once against the rates of AWS IoT's control plane, in virtual time."""

from __future__ import annotations

import random
import threading
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import pytest
from botocore.awsrequest import AWSResponse

from contracts.store.stack import tls_secret_name
from contracts.wire.ids import VenId
from lambdas.provision_ven.handler import provision
from lambdas.shared import clients, clock
from tests.support.virtual_time import RateLimiter, VirtualTime
from ven_twin.testing.function_world import Context, World

VENS = [f"ven-{number}" for number in range(80)]
RATES = {
    "CreateCertificateFromCsr": 10,
    "AttachThingPrincipal": 100,
    "AttachPolicy": 15,
    "UpdateCertificate": 10,
    "ListThingPrincipals": 10,
    "DescribeCertificate": 10,
    "ListAttachedPolicies": 10,
    "DetachPolicy": 15,
    "DetachThingPrincipal": 100,
    "DeleteCertificate": 10,
    "PutSecretValue": 50,
}
"""Calls a second. Source: AWS IoT Core and Secrets Manager quotas; those of the lists are assumed."""
THROTTLED = b'{"message": "Rate exceeded"}'


class Throttled:
    """An answer of a service that takes no more."""

    def stream(self, **_: Any) -> Any:
        """The body."""
        yield THROTTLED


@pytest.fixture
def limiter(world: World, monkeypatch: pytest.MonkeyPatch) -> RateLimiter:
    """An account with eighty things, whose services throttle; each function has clients of its own."""
    for ven_id in VENS:
        clients.iot().create_thing(thingName=ven_id)
        clients.secrets().create_secret(Name=tls_secret_name("local", VenId(ven_id)))
    clients.iot().create_policy(policyName="ven", policyDocument="{}")
    assert world.vens
    time = VirtualTime()
    limiter = RateLimiter(time, dict(RATES))
    sandbox = threading.local()

    def throttle(request: Any, event_name: str = "", **_: Any) -> Any:
        operation = event_name.rpartition(".")[2]
        if limiter.takes(operation):
            return None
        headers = {"x-amzn-ErrorType": "ThrottlingException"}
        return AWSResponse(request.url, 400, headers, Throttled())

    def own(name: str) -> Any:
        made = getattr(clients, name).__wrapped__

        def client() -> Any:
            if not hasattr(sandbox, name):
                setattr(sandbox, name, made())
                getattr(sandbox, name).meta.events.register_first("before-send", throttle)
            return getattr(sandbox, name)

        return client

    for name in ("iot", "secrets"):
        monkeypatch.setattr(clients, name, own(name))
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=time.sleep))
    monkeypatch.setattr(clock, "sleep", time.sleep)
    random.seed(11)  # botocore's jitter
    return limiter


def ask(kind: str, ven_id: str, physical_id: str = "") -> dict[str, Any]:
    """CloudFormation's request for one VEN."""
    secret = tls_secret_name("local", VenId(ven_id))
    return {
        "RequestType": kind,
        "RequestId": f"{kind}-{ven_id}",
        "ResourceProperties": {"VenId": ven_id, "PolicyName": "ven", "SecretId": secret},
        **({"PhysicalResourceId": physical_id} if physical_id else {}),
    }


def carry_out(limiter: RateLimiter, requests: list[dict[str, Any]]) -> list[Any]:
    """All requests at once, each by a function of its own."""
    time = limiter.clock
    return time.run(*(lambda request=request: provision(request, Context()) for request in requests))


def test_eighty_vens_at_once_are_provisioned_and_removed(limiter: RateLimiter, world: World) -> None:
    """Each gets through by its own retries, within the minute and far within the ten that are waited for."""
    created = carry_out(limiter, [ask("Create", ven_id) for ven_id in VENS])
    assert [outcome.reason for outcome in created] == [None] * len(VENS)
    assert {world.ven(ven_id)["certificateId"] for ven_id in VENS} == {
        outcome.physical_resource_id for outcome in created
    }
    created_s = limiter.clock.now_s
    assert 8.0 - 1.0 <= created_s <= 120.0
    assert sum(limiter.throttled.values()) > len(VENS)  # or the limit does not bite
    removals = [
        ask("Delete", ven_id, outcome.physical_resource_id)
        for ven_id, outcome in zip(VENS, created, strict=True)
    ]
    removed = carry_out(limiter, removals)
    assert [outcome.reason for outcome in removed] == [None] * len(VENS)
    assert limiter.throttled["DescribeCertificate"] > 0
    assert limiter.clock.now_s - created_s <= 120.0
    assert world.vens.client.scan(TableName="vens")["Count"] == 0
