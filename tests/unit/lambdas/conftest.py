"""A small cloud in the process: moto's tables, things and secrets, no sockets, a clock that stands."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.iot.models import IoTBackend
from moto.moto_api._internal.models import moto_api_backend
from pytest_socket import disable_socket

os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "VenTwin")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")

from lambdas.dispatch_event.handler import handler as dispatch
from lambdas.issue_command.handler import handler as issue
from lambdas.settle_event.handler import handler as settle
from lambdas.shared import cfn_response, clients, clock
from local_cloud import synth
from tests.support import api_world
from tests.support.api_world import Api, Functions
from tests.support.call_rights import CallRecorder, FunctionRights
from tests.support.lambda_world import ENVIRONMENT, World
from tests.support.pki import Authority
from tests.support.provisioning import POLICY, SECRET, Stack
from tests.support.template_rules import Template

CLIENTS = (
    clients.dynamodb,
    clients.iot,
    clients.iot_data,
    clients.secrets,
    clients.scheduler,
    clients.sqs,
    clients.stacks,
)


def pytest_runtest_setup() -> None:
    """Nothing here may open a socket."""
    disable_socket()


@pytest.fixture(scope="session")
def account() -> Iterator[None]:
    """One account for all tests, emptied between them: making its clients takes longer than a test."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in ENVIRONMENT.items():
            environment.setenv(name, value)
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


@pytest.fixture(scope="session")
def template() -> Template:
    """The stack as the local cloud deploys it."""
    (path,) = synth.assembly(("ven-1",)).glob("*.template.json")
    template: Template = json.loads(path.read_text(encoding="utf-8"))
    return template


@pytest.fixture(scope="session")
def function_rights(template: Template) -> FunctionRights:
    """The rights of the functions' roles in that stack."""
    return FunctionRights(template)


@pytest.fixture(autouse=True)
def _by_its_rights(function_rights: FunctionRights, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a function does in a test, its role in the template lets it do."""
    recorder = CallRecorder()
    recorder.install(monkeypatch)
    yield
    assert not function_rights.breaches(recorder.calls, os.environ)


@pytest.fixture
def world(account: None, monkeypatch: pytest.MonkeyPatch) -> World:  # noqa: ARG001 - needed, not used
    """An account with what the stack deploys around the functions."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    moto_api_backend.reset()
    world = World()
    monkeypatch.setattr(clock, "utc_now", lambda: world.now)
    monkeypatch.setattr(clock, "sleep", world.slept.append)
    return world


@pytest.fixture
def stack(world: World, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack that has made the thing, the policy and an empty secret."""
    clients.iot().create_thing(thingName="house-1")
    for policy in (POLICY, "other"):
        clients.iot().create_policy(policyName=policy, policyDocument="{}")
    clients.secrets().create_secret(Name=SECRET)
    stack = Stack(world)
    monkeypatch.setattr(
        clients.stacks(), "describe_stacks", lambda **_: {"Stacks": [{"StackStatus": stack.status}]}
    )
    monkeypatch.setattr(cfn_response, "put_http", lambda _url, raw: stack.answers.append(json.loads(raw)))
    return stack


@pytest.fixture
def api(world: World, monkeypatch: pytest.MonkeyPatch) -> Api:  # noqa: ARG001 - the API reads its account
    """The API over the account, with the real functions behind it."""
    for name, value in api_world.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    functions = Functions({"dispatch": dispatch, "issue": issue, "settle": settle})
    monkeypatch.setattr(clients, "functions", lambda: functions)
    return Api(functions)
