"""Who may do what: each operation by role, by scope, without a token, of another's object."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.openadr.operations import COLLECTIONS, METHODS, OadrCollection, Verb
from contracts.openadr.routes import TOPICS_PATH, VTN_ROUTES
from contracts.openadr.scopes import ROLE_SCOPES, Role, Scope
from tests.support.vtn import Vtn, VtnAnswer, VtnClient
from tests.unit.lambdas.vtn.bodies import PATHS, Furnished, furnish

EVERY = [(collection, verb) for collection in COLLECTIONS for verb in Verb]
NAMES = [f"{verb} {collection.object_type}" for collection, verb in EVERY]
OF_ONE = (Verb.READ, Verb.UPDATE, Verb.DELETE)


@pytest.fixture
def stand(vtn: Vtn) -> Furnished:
    """A VTN with one object of each type."""
    vtn.restart(mqtt_uri="mqtts://broker.example.org:8883")
    return furnish(vtn)


def does(
    stand: Furnished, client: VtnClient, collection: OadrCollection, verb: Verb, **more: Any
) -> VtnAnswer:
    """The answer to an operation that is right but for who does it."""
    kind = collection.object_type
    body = stand.body(kind, client) if verb in {Verb.CREATE, Verb.UPDATE} else None
    path = stand.path(kind) if verb in OF_ONE else PATHS[kind]
    return client.call(METHODS[verb], path, body, **more)


def needed(collection: OadrCollection, verb: Verb, role: Role) -> Scope | None:
    """The scope that a role needs."""
    rights = collection.reads if verb in {Verb.SEARCH, Verb.READ} else collection.writes
    return rights.bl if role is Role.BL else rights.ven


@pytest.mark.parametrize(("collection", "verb"), EVERY, ids=NAMES)
@pytest.mark.parametrize("role", list(Role))
def test_an_operation_is_for_the_roles_that_have_it(
    stand: Furnished, collection: OadrCollection, verb: Verb, role: Role
) -> None:
    """Each role with all its scopes does what it may, and is answered 403 for what it never may."""
    client = stand.bl if role is Role.BL else stand.ven
    expected = 403 if needed(collection, verb, role) is None else 201 if verb is Verb.CREATE else 200
    assert does(stand, client, collection, verb).status == expected


@pytest.mark.parametrize(("collection", "verb"), EVERY, ids=NAMES)
@pytest.mark.parametrize("role", list(Role))
def test_an_operation_needs_its_scope(
    vtn: Vtn, stand: Furnished, collection: OadrCollection, verb: Verb, role: Role
) -> None:
    """A token with every other scope of the role is answered 403, before 400 or 404."""
    scope = needed(collection, verb, role)
    client = stand.bl if role is Role.BL else stand.ven
    narrowed = VtnClient(vtn, client.client_id, ROLE_SCOPES[role] - {scope})
    kind = collection.object_type
    path = f"{PATHS[kind]}/no.id" if verb in OF_ONE else PATHS[kind]
    answer = narrowed.call(METHODS[verb], path, "{")
    assert answer.status == 403
    if scope is not None:
        assert scope.value in answer.json["detail"]


@pytest.mark.parametrize("route", VTN_ROUTES, ids=lambda route: route.operation)
@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", "Basic dmVuOnNlY3JldA=="])
def test_a_call_without_a_token_that_holds_is_401(vtn: Vtn, route: Any, authorization: str | None) -> None:
    """401 comes first, whatever else is wrong, with the scheme; two operations are open to anybody."""
    path = route.path.replace("{", "").replace("}", "")
    answer = vtn.call(route.method, path, headers={"authorization": authorization} if authorization else None)
    assert answer.status == (200 if route.is_open else 401)
    if not route.is_open:
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "nonsense" not in answer.text


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda each: each.object_type)
@pytest.mark.parametrize("verb", OF_ONE)
def test_an_object_of_another_client_is_not_there(
    vtn: Vtn, stand: Furnished, collection: OadrCollection, verb: Verb
) -> None:
    """Another VEN's object is answered as an id that there is not: 404."""
    other = vtn.ven("ven-2")
    if needed(collection, verb, Role.VEN) is None or collection.reads.ven is Scope.READ_TARGETS:
        return
    answer = does(stand, other, collection, verb)
    body = stand.body(collection.object_type, other) if verb is Verb.UPDATE else None
    missing = other.call(METHODS[verb], f"{PATHS[collection.object_type]}/none", body)
    assert answer.status == missing.status == 404
    assert answer.json["detail"] == missing.json["detail"]


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda each: each.object_type)
@pytest.mark.parametrize("text", ["no.id", "a%20b", "x" * 129, "ä"])
def test_an_id_that_is_none_is_400(stand: Furnished, collection: OadrCollection, text: str) -> None:
    """An id has 1 to 128 letters, digits, _ and -; the refusal names the parameter."""
    answer = stand.bl.get(f"{PATHS[collection.object_type]}/{text}")
    assert answer.status == 400
    assert answer.json["detail"].startswith(collection.parameter)


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda each: each.object_type)
def test_another_method_is_405_with_those_that_there_are(
    stand: Furnished, collection: OadrCollection
) -> None:
    """A path that there is answers PATCH with what it allows; a path that there is not answers 404."""
    path = PATHS[collection.object_type]
    of_all, of_one = stand.bl.call("PATCH", path), stand.bl.call("POST", f"{path}/x")
    assert (of_all.status, of_all.headers["Allow"]) == (405, "GET, POST")
    assert (of_one.status, of_one.headers["Allow"]) == (405, "DELETE, GET, PUT")
    assert stand.bl.get(f"{path}/x/y").status == 404


TOPIC_CASES = [
    ("/programs", (200, 403), True),
    ("/programs/{PROGRAM}", (200, 403), False),
    ("/programs/{PROGRAM}/events", (200, 403), True),
    ("/events", (200, 403), True),
    ("/reports", (200, 403), True),
    ("/subscriptions", (200, 403), True),
    ("/vens", (200, 403), True),
    ("/resources", (200, 403), True),
    ("/vens/{VEN}", (200, 200), False),
    ("/vens/{VEN}/events", (200, 200), True),
    ("/vens/{VEN}/programs", (200, 200), True),
    ("/vens/{VEN}/resources", (200, 200), True),
]


@pytest.mark.parametrize(("path", "statuses", "has_create"), TOPIC_CASES, ids=str)
def test_topics_are_named_to_those_who_may_hear_them(
    vtn: Vtn, stand: Furnished, path: str, statuses: tuple[int, int], has_create: bool
) -> None:
    """Collections are the business logic's, a VEN's topics its client's; an object has none of CREATE."""
    ids = {kind: each["id"] for kind, each in stand.objects.items()}
    full = TOPICS_PATH + path.format(**ids)
    answer = stand.bl.get(full)
    assert (answer.status, stand.ven.get(full).status) == statuses
    topics = answer.json["topics"]
    assert ("CREATE" in topics) is has_create
    assert topics["ALL"] == topics["UPDATE"].replace("/update", "/+") == f"oadr{path.format(**ids)}/+"
    if "{VEN}" in path:
        assert vtn.ven("ven-2").get(full).status == 404
    if "{" in path:
        assert stand.bl.get(TOPICS_PATH + path.format(PROGRAM="none", VEN="none")).status == 404


def test_notifiers_are_webhooks_and_mqtt_where_there_is_a_broker(vtn: Vtn, stand: Furnished) -> None:
    """Any client with a token is told how; without a broker there is no MQTT, and there are no topics."""
    uri = "mqtts://broker.example.org:8883"
    binding = {"URIS": [uri], "serialization": "JSON", "authentication": {"method": "ANONYMOUS"}}
    assert stand.ven.get("/notifiers").json == {"WEBHOOK": True, "MQTT": binding}
    vtn.restart(mqtt_uri=uri, mqtt_username="{clientID}")
    authentication = stand.bl.get("/notifiers").json["MQTT"]["authentication"]
    assert authentication == {"method": "OAUTH2_BEARER_TOKEN", "username": "{clientID}"}
    vtn.restart(mqtt_uri="")
    assert stand.bl.get("/notifiers").json == {"WEBHOOK": True}
    assert stand.bl.get(f"{TOPICS_PATH}/events").status == 404


def test_the_authorization_server_is_named_to_anybody(vtn: Vtn) -> None:
    """A client finds its way to a token without one."""
    assert vtn.call("GET", "/auth/server").json == {"tokenURL": f"{vtn.settings.vtn_url}/auth/token"}


def test_read_bl_alone_is_no_business_logic(vtn: Vtn, stand: Furnished) -> None:
    """A scope of topics lets nobody see other clients' objects, nor topics."""
    client = vtn.client("ven-3", {Scope.READ_BL, *ROLE_SCOPES[Role.VEN]})
    assert client.get("/vens").json == []
    assert client.get(stand.path("VEN")).status == 404
    assert client.get(f"{TOPICS_PATH}/events").status == 403


def test_a_token_has_the_scopes_that_its_client_has_now(vtn: Vtn, stand: Furnished) -> None:
    """Narrowed, the client's tokens of before are narrowed; removed or disabled, they hold no more."""
    vtn.client("bl", {Scope.READ_ALL})
    assert stand.bl.get("/programs").status == 200
    assert stand.bl.post("/programs", programName="x").status == 403
    key = {"owner": "client#bl", "objectKey": "client"}
    vtn.put({**key, "scopes": "read_all", "disabled": True})
    assert stand.bl.get("/programs").status == 401
    vtn.put({**key, "scopes": "read_all", "disabled": False})
    assert stand.bl.get("/programs").status == 200
    vtn.remove("bl")
    assert stand.bl.get("/programs").status == 401


def test_a_client_of_another_issuer_needs_no_item(vtn: Vtn) -> None:
    """An identity provider's token has the scopes that it says."""
    client = VtnClient(vtn, "of-another", {Scope.READ_ALL})
    assert client.get("/programs").status == 401
    vtn.restart(external_issuer='{"issuer": "https://idp.example.org"}')
    assert client.get("/programs").status == 200
