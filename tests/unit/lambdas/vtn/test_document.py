"""The VTN's OpenAPI document, every answer by it, and both by the official one where that is at hand."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from contracts.api import openapi_vtn
from contracts.openadr.operations import COLLECTIONS, Verb
from contracts.wire import codec
from lambdas.shared.vtn_rows import KINDS
from tests.support.oadr_official import validator
from tests.support.vtn import Vtn
from tests.unit.lambdas.vtn.bodies import PATHS, Furnished, furnish
from tests.unit.lambdas.vtn.test_objects import EVENT


def test_the_document_is_valid_and_answered_to_anybody(vtn: Vtn) -> None:
    """Generators of clients take it."""
    answer = vtn.call("GET", "/openapi.json")
    assert answer.status == 200
    assert list(OpenAPIV31SpecValidator(answer.json).iter_errors()) == []
    assert answer.json == json.loads(codec.encode(openapi_vtn.vtn_document()))


@pytest.fixture
def stand(vtn: Vtn) -> Furnished:
    """A VTN with objects that have every field."""
    return furnish(vtn)


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda each: each.object_type)
def test_every_answer_is_of_its_type(stand: Furnished, collection: Any) -> None:
    """By our own Structs, and by the official schemas where they are at hand; a list as each of its items."""
    kind, path = collection.object_type, PATHS[collection.object_type]
    client = stand.bl if kind in {"PROGRAM", "EVENT"} else stand.ven
    body = stand.body(kind, client) | (EVENT if kind == "EVENT" else {})
    attributes = [{"type": "X", "values": [1]}]
    if kind in {"PROGRAM", "VEN", "RESOURCE"}:
        body["attributes"] = attributes
    made = client.made(path, **body)
    one = f"{path}/{made['id']}"
    answers = [made, client.get(one).json, *client.get(path).json, *stand.bl.get(path).json]
    answers += [client.put(one, **body).json, client.delete(one).json]
    check = validator(kind.lower())
    assert set(collection.operations) == set(Verb)
    for answer in answers:
        assert msgspec.convert(answer, KINDS[kind]).id == answer["id"]
        if check is not None:
            assert [error.message for error in check.iter_errors(answer)] == []


def test_a_problem_is_the_official_one(stand: Furnished) -> None:
    """Whatever is refused."""
    check = validator("problem")
    for answer in (stand.bl.get("/events/none"), stand.bl.get("/x"), stand.bl.post("/events")):
        assert set(answer.json) == {"type", "title", "status", "detail", "instance"}
        assert answer.json["status"] == answer.status
        assert answer.headers["Content-Type"] == "application/json"
        if check is not None:
            assert [error.message for error in check.iter_errors(answer.json)] == []
