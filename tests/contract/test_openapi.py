"""The API's document: one that is agreed on, valid, and made of the same table as the API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from contracts.api.openapi import document
from contracts.api.routes import ROUTES
from contracts.wire.commands import OPERATIONS
from tests.contract.export import OPENAPI, openapi

DOCUMENT: dict[str, Any] = json.loads(openapi())


def test_the_document_is_the_one_that_was_agreed() -> None:
    """What programs are written against changes in a diff that someone reads."""
    agreed = OPENAPI.read_text() if OPENAPI.exists() else ""
    assert openapi() == agreed, "if the change is meant: python -m tests.contract.export"


def test_the_document_is_valid_openapi_3_1() -> None:
    """By the specification's own schema, and with every reference leading somewhere."""
    validate(DOCUMENT, cls=OpenAPIV31SpecValidator)


def test_a_broken_document_would_be_seen() -> None:
    """The validation bites."""
    broken = json.loads(openapi())
    broken["paths"]["/vens"]["get"]["responses"] = {}
    broken["paths"]["/vens"]["get"]["parameters"] = [{"name": "x", "in": "nowhere"}]
    with pytest.raises(Exception, match="nowhere"):
        validate(broken, cls=OpenAPIV31SpecValidator)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_every_operation_says_all_that_it_answers(route: Any) -> None:
    """Its answer, the refusals that any call may meet, and those of its own, each with what it holds."""
    responses = DOCUMENT["paths"][route.path][route.method.lower()]["responses"]
    assert {str(route.answer.status), "400", "403", "429", "500", "503"} <= set(responses)
    assert set(map(str, route.problems)) <= set(responses)
    assert ("413" in responses) is ("415" in responses) is (route.body is not None)
    for status, answer in responses.items():
        assert "content" in answer or status == "204"
        if int(status) >= 400 and status != "403":
            assert "application/problem+json" in answer["content"]


def test_every_call_is_signed() -> None:
    """No operation takes a call without a signature."""
    assert DOCUMENT["security"] == [{"sigv4": []}]
    operations = [operation for path in DOCUMENT["paths"].values() for operation in path.values()]
    assert not any("security" in operation for operation in operations)


def test_every_example_is_one_that_is_taken() -> None:
    """An example is what a reader copies."""
    from contracts.wire import codec  # noqa: PLC0415

    for route in ROUTES:
        if route.body is not None:
            codec.convert(route.body.kind, route.body.example)


def test_a_command_is_one_that_a_ven_knows() -> None:
    """The document lists the operations that there are."""
    schema = DOCUMENT["components"]["schemas"]["NewCommand"]
    assert schema["properties"]["op"]["enum"] == sorted(OPERATIONS)


def test_the_document_is_made_alike_each_time() -> None:
    """No order in it depends on the run."""
    assert document() == document()


def test_what_is_always_true_or_false_is_a_constant() -> None:
    """A generator of clients that takes no list of booleans would drop the whole answer."""
    schemas = DOCUMENT["components"]["schemas"]
    oks = [ok for schema in schemas.values() if (ok := schema.get("properties", {}).get("ok"))]
    assert {"type": "boolean", "const": True, "default": True} in oks
    assert not any(text in json.dumps(schemas) for text in ("[true]", "[false]"))
    assert all(ok["type"] == "boolean" for ok in oks)
