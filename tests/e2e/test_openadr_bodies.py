"""Every body of OpenADR over HTTP: each field missing, null, mistyped, out of bounds; and what is no body.

Generated of the Structs that the VTN decodes with. That these agree with the official document is held by
`tests/unit/contracts/test_oadr_bodies.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from contracts.openadr.operations import COLLECTIONS, OadrCollection, Verb
from contracts.openadr.routes import VTN_ROUTES, VtnRoute
from tests.support.outside_vtn import OutsideClient, OutsideStand
from tests.support.vtn_bodies import BodyKind, kinds_of

KINDS = [
    pytest.param(collection, at, id=kind.name)
    for collection in COLLECTIONS
    for at, kind in enumerate(kinds_of(collection.request, collection.object_type, {}))
]
WRITTEN = pytest.mark.parametrize(
    "route",
    [route for route in VTN_ROUTES if route.verb in {Verb.CREATE, Verb.UPDATE}],
    ids=lambda route: route.operation,
)
NO_BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"programName=a",
    "half of it": b'{"programName": "a"',
    "a list": b"[]",
    "a list of bodies": b'[{"programName": "a"}]',
    "null": b"null",
    "a number": b"7",
    "text": b'"programName"',
    "NaN": b'{"programName": NaN}',
    "a number that no float holds": b'{"programName": 1e999}',
    "half of a surrogate pair": rb'{"programName": "\ud800"}',
    "deeper than anybody reads": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "1 MB": b'{"programName": "' + b"a" * 1_000_000 + b'"}',
}

SUBSCRIPTIONS = next(each for each in COLLECTIONS if each.object_type == "SUBSCRIPTION")
NO_CALLBACKS = (
    "http://vtn.example/a",
    "ftp://vtn.example/a",
    "https://user:word@vtn.example/a",
    "https://127.0.0.1:1/a",
    "https://[::1]:1/a",
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.1/a",
    "https://2130706433/a",
    "https://nowhere.invalid/a",
    "https:///a",
    "/a",
    "javascript:alert(1)",
)


def writer(stand: OutsideStand, kind: BodyKind) -> OutsideClient:
    """The client whose words a body is in."""
    return stand.owner if kind.name.startswith(("Ven", "OadrReport")) else stand.bl


def route_to(collection: OadrCollection, verb: Verb) -> VtnRoute:
    """An operation on a collection."""
    return next(route for route in VTN_ROUTES if route.collection is collection and route.verb is verb)


def kind_at(stand: OutsideStand, collection: OadrCollection, at: int, *but: str) -> BodyKind:
    """One of the Structs that a body is of, which refers to what is there but by the fields *but*."""
    chosen = {name: value for name, value in stand.chosen().items() if name not in but}
    return kinds_of(collection.request, collection.object_type, chosen)[at]


@contextmanager
def nothing_changes(stand: OutsideStand) -> Iterator[None]:
    """Hold the VTN to what it has."""
    before = stand.state()
    yield
    assert stand.state() == before


@pytest.mark.parametrize(("collection", "at"), KINDS)
def test_a_body_with_one_thing_wrong_is_refused(
    stand: OutsideStand, collection: OadrCollection, at: int
) -> None:
    """400, the detail begins with the field, nothing changes; also of a body that replaces an object."""
    kind = kind_at(stand, collection, at, "objectOperations")
    client = writer(stand, kind)
    create, update = route_to(collection, Verb.CREATE), route_to(collection, Verb.UPDATE)
    unrefused = []
    with nothing_changes(stand):
        for name, body in kind.spoiled():
            answers = [client.call(create, json=body)]
            if name.endswith(("missing", "null")):
                answers.append(client.call(update, stand.path(update), json=body))
            field = name.split(" ")[0].split(".")[0]
            unrefused += [
                f"{name}: {answer.request.method} {answer.status_code} {answer.text[:200]}"
                for answer in answers
                if answer.status_code != 400 or not answer.json()["detail"].startswith(field)
            ]
    assert unrefused == []


@pytest.mark.parametrize(("collection", "at"), KINDS)
def test_null_is_as_if_a_field_were_not_there(
    stand: OutsideStand, collection: OadrCollection, at: int
) -> None:
    """Clients send every optional field so; the whole body and the least one are right, too."""
    kind = kind_at(stand, collection, at)
    client = writer(stand, kind)
    create, update = route_to(collection, Verb.CREATE), route_to(collection, Verb.UPDATE)
    answer = client.call(create, json=kind.least())
    assert answer.status_code == 201, answer.text
    path = f"{collection.path}/{answer.json()['id']}"
    bodies = [kind.whole(), kind.least(), *(body for _, body in kind.nulls())]
    for body in [*bodies, kind.least() | {"unknown": {"a": [1]}, "id": 7, "createdDateTime": "never"}]:
        changed = client.call(update, path, json=body)
        assert changed.status_code == 200, (body, changed.text)
        assert changed.json()["id"] == answer.json()["id"]
        assert "null" not in changed.text
    whole = client.call(update, path, json=kind.whole()).json()
    assert {name: whole[name] for name in kind.whole() if name != "objectType"} == without_type(kind.whole())
    stand.gone(create, answer.json()["id"])


def without_type(body: dict[str, Any]) -> dict[str, Any]:
    """A body without its objectType, which the VTN says itself."""
    return {name: value for name, value in body.items() if name != "objectType"}


@pytest.mark.parametrize("url", NO_CALLBACKS)
def test_a_callback_that_nobody_may_call_is_refused(stand: OutsideStand, url: str) -> None:
    """400, and the answer has neither the token nor what was found out of the network behind it."""
    token = f"callback-{uuid4().hex}"
    operations = {"objects": ["EVENT"], "operations": ["CREATE"], "callbackUrl": url, "bearerToken": token}
    with nothing_changes(stand):
        answer = stand.owner.call(
            route_to(SUBSCRIPTIONS, Verb.CREATE),
            json={"clientName": "client", "objectOperations": [operations]},
        )
    assert answer.status_code == 400, answer.text
    assert "callbackUrl" in answer.json()["detail"]
    assert token not in answer.text


@WRITTEN
@pytest.mark.parametrize("content", NO_BODIES.values(), ids=NO_BODIES)
def test_what_is_no_body_is_refused(stand: OutsideStand, route: VtnRoute, content: bytes) -> None:
    """400 with a sentence, whatever its length; the text of it comes back in no answer."""
    assert route.collection is not None
    client = stand.owner if route.collection.writes.bl is None else stand.bl
    with nothing_changes(stand):
        answer = client.call(route, stand.path(route), content=content)
    assert answer.status_code == 400, answer.text
    assert "aaaaaa" not in answer.text


@WRITTEN
def test_a_body_is_read_whatever_its_content_type(stand: OutsideStand, route: VtnRoute) -> None:
    """Some clients say none or another one; with a byte order mark, and in blanks, it is JSON still."""
    assert route.collection is not None
    kind = kinds_of(route.collection.request, route.collection.object_type, stand.chosen())[0]
    client = writer(stand, kind)
    import json  # noqa: PLC0415 - here alone

    for media_type in ("application/json; charset=utf-8", "text/plain", "application/vnd.api+json"):
        text = json.dumps(kind.least() | _name(route))
        answer = client.call(
            route,
            stand.path(route),
            content=f"\ufeff  {text}\n" if "json" in media_type else text,
            headers={"Content-Type": media_type},
        )
        assert answer.status_code == route.status, answer.text
        if route.verb is Verb.CREATE:
            stand.gone(route, answer.json()["id"])


def _name(route: VtnRoute) -> dict[str, str]:
    """A name that nobody has, where the objects have one that is theirs alone."""
    assert route.collection is not None
    names = {"PROGRAM": "programName", "VEN": "venName", "RESOURCE": "resourceName"}
    name = names.get(route.collection.object_type)
    return {} if name is None else {name: f"name-{uuid4().hex}"}


@pytest.mark.parametrize(
    "collection", [each for each in COLLECTIONS if each.object_type in {"PROGRAM", "VEN", "RESOURCE"}]
)
def test_a_name_is_of_one_object(stand: OutsideStand, collection: OadrCollection) -> None:
    """409 for a second one, whether it is made or renamed; the first keeps it and may be sent again."""
    kind = kind_at(stand, collection, 0)
    create, update = route_to(collection, Verb.CREATE), route_to(collection, Verb.UPDATE)
    first = stand.bl.call(create, json=kind.least())
    other = stand.bl.call(create, json=kind_at(stand, collection, 0).least())
    assert (first.status_code, other.status_code) == (201, 201)
    with nothing_changes(stand):
        path = f"{collection.path}/{other.json()['id']}"
        answers = [stand.bl.call(create, json=kind.least()), stand.bl.call(update, path, json=kind.least())]
    assert [answer.status_code for answer in answers] == [409, 409]
    path = f"{collection.path}/{first.json()['id']}"
    assert stand.bl.call(update, path, json=kind.least()).status_code == 200
    for answer in (first, other):
        stand.gone(create, answer.json()["id"])


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda each: each.object_type)
def test_what_is_referred_to_must_be_there(stand: OutsideStand, collection: OadrCollection) -> None:
    """409, the detail begins with the field; a clientID may be of a client that is still to come."""
    kind = kind_at(stand, collection, 0)
    client = writer(stand, kind)
    create, update = route_to(collection, Verb.CREATE), route_to(collection, Verb.UPDATE)
    references = {"programID", "eventID", "venID"} & kind.whole().keys()
    for name in references:
        body = kind.whole() | {name: "none"}
        with nothing_changes(stand):
            answers = [client.call(create, json=body), client.call(update, stand.path(update), json=body)]
        for answer in answers:
            assert answer.status_code == 409, answer.text
            assert answer.json()["detail"].startswith(f"{name}:")
