"""Connections to the broker of MQTT by bearer tokens: who may, and to which topics."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from contracts.openadr.ids import ClientId, ObjectId
from contracts.openadr.scopes import ROLE_SCOPES, Client, Role, Scope
from contracts.store.vtn_keys import VTN, owned_key
from lambdas.shared import clients
from lambdas.shared.object_privacy import VtnCaller
from lambdas.vtn_authorizer import adapters
from lambdas.vtn_authorizer.handler import handler
from lambdas.vtn_authorizer.logic import (
    POLICIES_MAX,
    POLICY_MAX_CHARACTERS,
    MqttCredentials,
    admitted,
    is_connectable,
    topics_of,
)
from tests.support.vtn_world import VtnWorld, basic, open_vtn
from ven_twin.testing.function_world import Context, World

ARN = "arn:aws:iot:us-east-1:123456789012"
ROOT = "oadr/dev"
STAMPS = {"createdDateTime": "2026-01-01T00:00:00Z", "modificationDateTime": "2026-01-01T00:00:00Z"}


@pytest.fixture
def vtn_world(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[VtnWorld]:  # noqa: ARG001 - its account
    """A VTN that issues tokens, with a VEN and business logic."""
    monkeypatch.setenv("MQTT_ROOT", ROOT)
    monkeypatch.setenv("IOT_ARN", ARN)
    with open_vtn(monkeypatch) as made:
        adapters.open_adapters.cache_clear()
        yield made
    adapters.open_adapters.cache_clear()


def token(vtn_world: VtnWorld, client_id: str, **fields: Any) -> str:
    """A token of a client that is made now."""
    secret = vtn_world.made(client_id, **fields)
    return str(vtn_world.token(authorization=basic(client_id, secret)).json["access_token"])


def give_ven(client_id: str, ven_id: str) -> None:
    """A VEN of a client."""
    key = owned_key(ClientId(client_id), "VEN", ObjectId(ven_id))
    body = {**STAMPS, "objectType": "VEN", "id": ven_id, "clientID": client_id, "venName": ven_id}
    item = {VTN.partition: key.partition, str(VTN.sort): key.sort, "body": json.dumps(body)}
    assert clients.table("vtn", VTN).put_new(item)


def connect(bearer: str, username: str, client_id: str | None = None) -> dict[str, Any]:
    """The answer to a connection."""
    mqtt = {
        "username": username,
        "password": base64.b64encode(bearer.encode()).decode(),
        "clientId": f"oadr:{username.partition('?')[0]}" if client_id is None else client_id,
    }
    event = {"protocols": ["mqtt", "tls"], "protocolData": {"mqtt": mqtt}, "signatureVerified": False}
    answer: dict[str, Any] = handler(event, Context())
    return answer


def statements(answer: dict[str, Any]) -> dict[str, list[str]]:
    """By action, the resources that the policies allow; they deny nothing."""
    allowed: dict[str, list[str]] = {}
    for document in answer["policyDocuments"]:
        for statement in json.loads(document)["Statement"]:
            assert statement["Effect"] == "Allow"
            allowed.setdefault(statement["Action"], []).extend(statement["Resource"])
    return allowed


def test_a_ven_has_the_topics_of_its_own_vens_alone(vtn_world: VtnWorld) -> None:
    """It connects as itself, subscribes and receives below its VEN, and publishes nothing."""
    bearer = token(vtn_world, "house-1")
    give_ven("house-1", "v1")
    give_ven("house-2", "v2")
    answer = connect(bearer, "house-1?x-amz-customauthorizer-name=ven-twin-dev-oadr")
    assert answer["isAuthenticated"] is True
    assert answer["principalId"].isalnum()
    assert statements(answer) == {
        "iot:Connect": [f"{ARN}:client/oadr:house-1"],
        "iot:Subscribe": [f"{ARN}:topicfilter/{ROOT}/vens/v1/*"],
        "iot:Receive": [f"{ARN}:topic/{ROOT}/vens/v1/*"],
    }


def test_the_business_logic_has_every_topic_of_the_stage(vtn_world: VtnWorld) -> None:
    """And of no other stage in the account."""
    answer = connect(token(vtn_world, "utility", role="bl"), "utility", "oadr:utility:second")
    assert statements(answer)["iot:Receive"] == [f"{ARN}:topic/{ROOT}/*"]
    assert statements(answer)["iot:Connect"] == [f"{ARN}:client/oadr:utility:second"]


@pytest.mark.parametrize(
    ("username", "client_id"),
    [
        ("house-2", "oadr:house-2"),
        ("house-2", "oadr:house-1"),
        ("house-1", "ven-1"),
        ("house-1", "house-1"),
        ("house-1", "oadr:house-10"),
        ("house-1", ""),
        ("", "oadr:house-1"),
    ],
)
def test_nobody_connects_as_another(vtn_world: VtnWorld, username: str, client_id: str) -> None:
    """A second connection under one id ends the first: a VEN of the stage cannot be thrown out so."""
    bearer = token(vtn_world, "house-1")
    give_ven("house-1", "v1")
    assert connect(bearer, username, client_id) == {"isAuthenticated": False}


def test_a_token_that_does_not_hold_lets_nobody_in(vtn_world: VtnWorld) -> None:
    """Nor does that of a client which is disabled, or which has no VEN yet; nor what is no password."""
    bearer = token(vtn_world, "house-1")
    assert connect(bearer, "house-1") == {"isAuthenticated": False}
    give_ven("house-1", "v1")
    assert connect(bearer, "house-1")["isAuthenticated"] is True
    vtn_world.ask("disable", "house-1")
    for word in (bearer, "a.b.c", ""):
        assert connect(word, "house-1") == {"isAuthenticated": False}
    for event in ({}, {"protocolData": {"mqtt": {"password": "no base64", "username": "house-1"}}}):
        assert handler(event, Context()) == {"isAuthenticated": False}


def test_a_client_of_many_vens_has_as_many_topics_as_policies_hold() -> None:
    """Each policy within AWS's limit, and no more of them than AWS takes."""
    topics = [f"{ROOT}/vens/0661666843e1d7bc15e2{number:06x}/*" for number in range(500)]
    documents = admitted("oadr:house", ClientId("house"), topics, ARN)["policyDocuments"]
    assert len(documents) == POLICIES_MAX
    assert max(map(len, documents)) <= POLICY_MAX_CHARACTERS
    few = admitted("oadr:house", ClientId("house"), topics[:20], ARN)
    assert len(statements(few)["iot:Receive"]) == 20


@pytest.mark.parametrize(
    ("scopes", "topics"),
    [
        (ROLE_SCOPES[Role.BL], [f"{ROOT}/*"]),
        ({Scope.READ_ALL}, [f"{ROOT}/programs/*", f"{ROOT}/vens/*"]),
        ({Scope.WRITE_EVENTS}, []),
        ({Scope.READ_TARGETS, Scope.READ_BL}, []),
    ],
)
def test_topics_follow_the_scopes(scopes: set[Scope], topics: list[str]) -> None:
    """As the operations that name them do."""
    assert topics_of(VtnCaller(Client(ClientId("c"), frozenset(scopes))), ROOT) == topics


@pytest.mark.parametrize("client_id", ["*", "a*", "?", "${iot:ClientId}", "a b", "a#", "a" * 129, "é"])
def test_an_id_that_a_policy_takes_for_many_connects_nowhere(client_id: str) -> None:
    """An identity provider's ids may be any: with a wildcard in one, others' connections could be ended."""
    credentials = MqttCredentials(client_id=f"oadr:{client_id}", username=client_id)
    assert not is_connectable(credentials, ClientId(client_id))
    plain = MqttCredentials(client_id="oadr:id@provider.example:1", username="id@provider.example")
    assert is_connectable(plain, ClientId("id@provider.example"))
