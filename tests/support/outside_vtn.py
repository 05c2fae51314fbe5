"""A running VTN from outside: clients with tokens of their own, every answer held to the documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import uuid4

import httpx
from jsonschema import Draft202012Validator

from contracts.api.openapi_vtn import vtn_document
from contracts.openadr.ids import ClientId
from contracts.openadr.operations import COLLECTIONS, Verb
from contracts.openadr.routes import VTN_ROUTES, VtnRoute
from contracts.openadr.scopes import ROLE_SCOPES, Role, Scope, scopes_text
from contracts.openadr.tokens import BASE_PATH
from contracts.store.stack import StackOutput
from contracts.store.vtn_keys import VTN
from lambdas.shared.oadr_problems import VtnProblemKind
from tests.support import leaks, oadr_official
from tests.support.waiting import GIVE_UP_S
from ven_twin.operations.aggregator.cloud import Cloud
from ven_twin.operations.oadr_clients import OadrClients

PROBLEM_FIELDS = {"type", "title", "status", "detail", "instance"}
TITLES = {kind.status: kind.title for kind in VtnProblemKind}
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class OutsideClient:
    """A client of HTTP with a bearer token, or with none."""

    http: httpx.Client
    url: str
    bearer: str | None = field(default=None, repr=False)

    def call(
        self,
        route: VtnRoute,
        path: str | None = None,
        *,
        json: Any = None,
        content: bytes | str | None = None,
        query: Any = None,
        headers: Mapping[str, str] | None = None,
        method: str | None = None,
    ) -> httpx.Response:
        """The answer to an operation, which is one that the documents have.

        Args:
            route: the operation.
            path: its path with an id in place of the parameter.
            json: the body as JSON.
            content: the body as it is.
            query: the query string.
            headers: more of them.
            method: another method than the operation's.
        """
        sent = {} if self.bearer is None else {"Authorization": f"Bearer {self.bearer}"}
        answer = self.http.request(
            method or route.method,
            f"{self.url}{path or route.path}",
            json=json,
            content=content,
            params=query,
            headers={**sent, **(JSON if content is not None else {}), **(headers or {})},
        )
        check_answer(route, answer)
        return answer

    def get(self, path: str, **query: Any) -> Any:
        """What a GET that is done answers."""
        answer = self.call(route_at("GET", path), path, query=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def made(self, path: str, **body: Any) -> Any:
        """The object that a POST makes."""
        answer = self.call(route_at("POST", path), path, json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()


@dataclass(frozen=True)
class OutsideVtn:
    """The VTN, and the clients that have been made for it."""

    http: httpx.Client
    url: str
    cloud: Cloud
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def nobody(self) -> OutsideClient:
        """Whoever has no token."""
        return OutsideClient(self.http, self.url)

    def with_token(self, bearer: str) -> OutsideClient:
        """Whoever has that token."""
        leaks.known.add(bearer)
        return OutsideClient(self.http, self.url, bearer)

    def client(self, name: str, role: Role) -> OutsideClient:
        """A client that is made now, with a token for all that its role may."""
        client_id = f"{name}-{uuid4().hex[:8]}"
        _, secret = OadrClients(self.cloud).make(ClientId(client_id), role, None)
        leaks.known.add(secret)
        self.secrets[client_id] = secret
        return self.with_scopes(client_id, ROLE_SCOPES[role])

    def client_id(self, client: OutsideClient) -> str:
        """The id of a client, which a VEN reads off its own objects and the rest of the world does not."""
        return str(claims_of(client.bearer or "")["client_id"])

    def with_scopes(self, client_id: str, scopes: frozenset[Scope]) -> OutsideClient:
        """A client with a token for *scopes* alone."""
        form = {"grant_type": "client_credentials", "client_id": client_id}
        form |= {"client_secret": self.secrets[client_id], "scope": scopes_text(scopes)}
        answer = self.http.post(f"{self.url}/auth/token", data=form)
        assert answer.status_code == 200, answer.text
        return self.with_token(answer.json()["access_token"])


@contextmanager
def outside_vtn(cloud: Cloud) -> Iterator[OutsideVtn]:
    """The VTN of *cloud*."""
    with httpx.Client(trust_env=False, timeout=GIVE_UP_S) as http:
        yield OutsideVtn(http, cloud.output(StackOutput.VTN_URL), cloud)


def claims_of(bearer: str) -> dict[str, Any]:
    """The claims of a token, which nobody has checked."""
    import jwt  # noqa: PLC0415 - of few callers

    claims: dict[str, Any] = jwt.decode(bearer, options={"verify_signature": False})
    return claims


def route_at(method: str, path: str) -> VtnRoute:
    """The operation of *method* at *path*."""
    return next(
        route
        for route in VTN_ROUTES
        if route.method == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route.path), path)
    )


def check_answer(route: VtnRoute, answer: httpx.Response) -> None:
    """Hold an answer to our document, and to the official one where that is at hand."""
    status, where = answer.status_code, f"{answer.request.method} {answer.request.url}: {answer.text[:300]}"
    assert status < 500, where
    assert answer.headers["x-content-type-options"] == "nosniff"
    if status == 304:
        assert not answer.content
        return
    assert answer.headers["content-type"] == "application/json", where
    value = answer.json()
    if status >= 400:
        check_problem(answer, value)
    if status == 405 or answer.request.method != route.method:
        return
    assert ("etag" in answer.headers) is (status < 400 and not route.is_open), where
    ours = _checks(route.path, route.method, status)
    assert ours is not None, f"{route.operation} answers {status}, which our document has not: {where}"
    errors = [error.message for error in ours.iter_errors(value)]
    official = oadr_official.answer_validator(route.operation, status)
    if official is not None:
        errors += [error.message for error in official.iter_errors(value)]
    assert not errors, f"{where}\n{errors}"


def check_problem(answer: httpx.Response, value: Any) -> None:
    """A refusal has the problem's fields, each of which is right."""
    assert set(value) == PROBLEM_FIELDS, value
    assert value["status"] == answer.status_code
    assert value["title"] == TITLES[answer.status_code]
    assert value["type"].startswith("urn:")
    assert value["instance"].startswith(("http://", "https://"))
    assert httpx.URL(value["instance"]).path == answer.request.url.path, value["instance"]
    assert value["detail"]
    assert len(value["detail"]) < 400, "a detail is a sentence"
    assert answer.headers["cache-control"] == "no-store"


@cache
def _document() -> dict[str, Any]:
    return vtn_document()


@cache
def _checks(path: str, method: str, status: int) -> Draft202012Validator | None:
    """Checks an operation's answer by our own document; None where that has none of the status."""
    operation = _document()["paths"][f"{BASE_PATH}{path}"][method.lower()]
    response = operation["responses"].get(str(status))
    if response is None:
        return None
    schema = response["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": _document()["components"]})


@dataclass(frozen=True)
class OutsideStand:
    """One object of each type, and who calls: the business logic, the VEN that owns, another VEN."""

    vtn: OutsideVtn
    bl: OutsideClient
    owner: OutsideClient
    other: OutsideClient
    objects: Mapping[str, Any]

    def path(self, route: VtnRoute, object_id: str | None = None) -> str:
        """The path of an operation, of what is there or of another id."""
        ids = {each.parameter: self.objects[each.object_type]["id"] for each in COLLECTIONS}
        return re.sub(r"\{(\w+)\}", lambda match: object_id or ids[match[1]], route.path)

    def chosen(self) -> dict[str, Any]:
        """The fields of a body that refer to what is there, and a name that nobody has."""
        name = f"name-{uuid4().hex}"
        return {
            "programID": self.objects["PROGRAM"]["id"],
            "eventID": self.objects["EVENT"]["id"],
            "venID": self.objects["VEN"]["id"],
            "clientID": self.objects["VEN"]["clientID"],
            "programName": name,
            "venName": name,
            "resourceName": name,
            "objectOperations": [],
        }

    def state(self) -> dict[str, Any]:
        """All that there is: every item of the VTN's table, by its key."""
        cloud = self.vtn.cloud
        pages = cloud.client("dynamodb").get_paginator("scan")
        items = [
            item
            for page in pages.paginate(TableName=cloud.output(StackOutput.VTN_TABLE), ConsistentRead=True)
            for item in page["Items"]
        ]
        return {f"{item[VTN.partition]['S']} {item[str(VTN.sort)]['S']}": item for item in items}

    def gone(self, route: VtnRoute, object_id: str) -> None:
        """Delete what a call has made."""
        assert route.collection is not None
        writer = self.owner if route.collection.writes.bl is None else self.bl
        path = f"{route.collection.path}/{object_id}"
        assert writer.call(route_of(route, Verb.DELETE), path).status_code == 200


def route_of(route: VtnRoute, verb: Verb) -> VtnRoute:
    """Another operation on the same objects."""
    return next(each for each in VTN_ROUTES if each.collection is route.collection and each.verb is verb)


def furnish(vtn: OutsideVtn) -> OutsideStand:
    """The VTN with its clients and one object of each type."""
    bl, owner, other = (
        vtn.client(name, role) for name, role in (("bl", Role.BL), ("owner", Role.VEN), ("other", Role.VEN))
    )
    word = uuid4().hex[:8]
    program = bl.made("/programs", programName=f"program-{word}")
    event = bl.made("/events", programID=program["id"])
    ven = owner.made("/vens", objectType="VEN_VEN_REQUEST", venName=f"ven-{word}")
    resource = {"objectType": "VEN_RESOURCE_REQUEST", "resourceName": "meter", "venID": ven["id"]}
    other.made("/vens", objectType="VEN_VEN_REQUEST", venName=f"other-{word}")
    objects = {
        "PROGRAM": program,
        "EVENT": event,
        "VEN": ven,
        "RESOURCE": owner.made("/resources", **resource),
        "REPORT": owner.made("/reports", eventID=event["id"], clientName="client", resources=[]),
        "SUBSCRIPTION": owner.made("/subscriptions", clientName="client", objectOperations=[]),
    }
    return OutsideStand(vtn, bl, owner, other, objects)
