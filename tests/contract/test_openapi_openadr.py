"""The VTN's document: one that is agreed on, valid, and the official one's equal where that is at hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from contracts.openadr.routes import VTN_ROUTES
from contracts.openadr.tokens import BASE_PATH
from tests.contract.export import OPENAPI_OF_OPENADR, openapi_of_openadr
from tests.support.oadr_official import METHODS, official, where_at_hand

DOCUMENT: dict[str, Any] = json.loads(openapi_of_openadr())
OURS = {"getOpenapi", "publishKeys"}
"""Operations that OpenADR has not."""
NEVER_ANSWERED = {
    400: "listAllMqttNotifierTopics",  # nothing can be wrong in a call without parameters
    404: ("searchVenResources", "createResource"),  # a list is empty; a reference to nothing is 409
    500: "fetchToken",  # it asks to try again: 503
}
"""Refusals that the document has of operations whose ids begin so, and that the VTN has no use for."""
SCHEMAS = {
    "programRequest": "OadrProgramRequest",
    "eventRequest": "OadrEventRequest",
    "reportRequest": "OadrReportRequest",
    "subscriptionRequest": "OadrSubscriptionRequest",
    "interval": "OadrInterval",
    "program": "OadrProgram",
    "event": "OadrEvent",
    "report": "OadrReport",
    "subscription": "OadrSubscription",
    "ven": "OadrVen",
    "resource": "OadrResource",
    "authServerInfo": "AuthServer",
    "notifiersResponse": "Notifiers",
    "mqttNotifierBindingObject": "MqttBinding",
    "notifierTopicsResponse": "NotifierTopics",
    "problem": "OadrProblem",
    "authError": "AuthError",
    "clientCredentialResponse": "TokenAnswer",
}
SAME = (
    "BlVenRequest",
    "VenVenRequest",
    "BlResourceRequest",
    "VenResourceRequest",
    "intervalPeriod",
    "valuesMap",
)
SAME += ("point", "eventPayloadDescriptor", "reportPayloadDescriptor", "reportDescriptor")
SCHEMAS |= {name: name[0].upper() + name[1:] for name in SAME}
"""The official schemas, each with the Struct for it."""
OPTIONAL_HERE = {("BlResourceRequest", "clientID"), ("VenResourceRequest", "venID")}
"""Drafts of 3.1.1 have these no more."""
LEFT_OUT = {"refresh_token", "error_uri"}
"""Optional fields that the VTN never answers."""


def test_the_document_is_the_one_that_was_agreed() -> None:
    """A change of it is seen in a diff that someone reads."""
    agreed = OPENAPI_OF_OPENADR.read_text() if OPENAPI_OF_OPENADR.exists() else ""
    assert openapi_of_openadr() == agreed, "if the change is meant: python -m tests.contract.export"


def test_the_document_is_valid_openapi_3_1() -> None:
    """By the specification's own schema, and with every reference leading somewhere."""
    validate(DOCUMENT, cls=OpenAPIV31SpecValidator)


def test_it_has_every_route_of_the_vtn() -> None:
    """Those of the table, and the two of tokens."""
    ours = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}
    routes = {(route.method, f"{BASE_PATH}{route.path}") for route in VTN_ROUTES}
    assert ours - routes == {("POST", f"{BASE_PATH}/auth/token"), ("GET", f"{BASE_PATH}/auth/jwks.json")}
    assert routes <= ours


def operations(document: dict[str, Any], base: str) -> Iterator[tuple[str, Any]]:
    """The operations of a document by id: path, method, parameters, statuses of what is done."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                listed = [*item.get("parameters", ()), *operation.get("parameters", ())]
                parameters = {(each["name"], each["in"], each.get("required", False)) for each in listed}
                done = {status for status in operation["responses"] if status.startswith("2")}
                yield operation["operationId"], (path.removeprefix(base), method, parameters, done)


@where_at_hand
def test_the_operations_are_the_official_ones() -> None:
    """Each under its id: path, method, parameters, and the statuses of what is done."""
    ours = dict(operations(DOCUMENT, BASE_PATH))
    assert ours.keys() >= OURS
    theirs = dict(operations(official() or {}, ""))
    assert {name: each for name, each in ours.items() if name not in OURS} == theirs


@where_at_hand
def test_the_official_refusals_are_answered() -> None:
    """Each operation has the document's statuses, but for a few that can never be."""
    ours = {
        operation["operationId"]: operation
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
    }
    theirs = official() or {"paths": {}}
    missing = {
        (int(status), operation["operationId"])
        for item in theirs["paths"].values()
        for method, operation in item.items()
        if method in METHODS
        for status in operation["responses"]
        if status not in ours[operation["operationId"]]["responses"]
    }
    assert [each for each in missing if not each[1].startswith(NEVER_ANSWERED.get(each[0], ()))] == []


@where_at_hand
@pytest.mark.parametrize(("name", "struct"), SCHEMAS.items(), ids=SCHEMAS)
def test_a_schema_has_the_official_fields(name: str, struct: str) -> None:
    """No field more and none less, and the same ones required; the VTN says more of its own answers."""
    ours = DOCUMENT["components"]["schemas"][struct]
    properties, required = fields(official() or {}, {"$ref": f"#/components/schemas/{name}"})
    assert set(ours["properties"]) == set(properties) - LEFT_OUT
    optional = {field for schema, field in OPTIONAL_HERE if schema == name}
    always = {field for field, each in ours["properties"].items() if each.get("default") is not None}
    assert required - set(ours.get("required", ())) - optional <= always
    if name.endswith("Request") or name in SAME:
        assert set(ours.get("required", ())) == required - optional


def fields(document: dict[str, Any], schema: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The properties of an official schema and those that are required, with all that it is made of."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    properties, required = dict(schema.get("properties", {})), set(schema.get("required", ()))
    for each in schema.get("allOf", ()):
        more, more_required = fields(document, each)
        properties |= more
        required |= more_required
    return properties, required
