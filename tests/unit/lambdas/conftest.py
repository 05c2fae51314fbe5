"""A small cloud in the process: moto's tables, things and secrets, no sockets, a clock that stands."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest
from moto.moto_api._internal.models import moto_api_backend
from pytest_socket import disable_socket

from lambdas.shared import cfn_response, clients
from local_cloud import synth
from tests.support.api_world import Api, open_api
from tests.support.call_rights import CallRecorder, FunctionRights
from tests.support.joined_vtn import Joined, joined_world
from tests.support.provisioning import POLICY, SECRET, Stack
from tests.support.stranger_ven import Stranger, asking_event, stranger_at
from tests.support.template_rules import Template
from ven_twin.testing.function_account import ENVIRONMENT, open_account
from ven_twin.testing.function_world import World, stopped_clock


def pytest_runtest_setup() -> None:
    """Nothing here may open a socket."""
    disable_socket()


@pytest.fixture(scope="session")
def account() -> Iterator[None]:
    """One account for all tests, emptied between them: making its clients takes longer than a test."""
    with open_account():
        yield


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
def world(account: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:  # noqa: ARG001 - needed, not used
    """An account with what the stack deploys around the functions."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    moto_api_backend.reset()
    world = World()
    with stopped_clock(world):
        yield world


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
    return open_api(monkeypatch)


@pytest.fixture
def joined(world: World, monkeypatch: pytest.MonkeyPatch) -> Joined:
    """Two VENs of the stage of 5 kW each, and a VTN."""
    return joined_world(world, monkeypatch)


@pytest.fixture
def asking(joined: Joined) -> str:
    """An event of the VTN that asks for reports alone."""
    return asking_event(joined)


@pytest.fixture
def stranger(joined: Joined, asking: str) -> Stranger:
    """A VEN of OpenADR that offers 4 kW."""
    return stranger_at(joined, asking)
