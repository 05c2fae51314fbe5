"""Bodies and queries that are refused, and what a body may be declared as."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.openadr.tokens import BASE_PATH
from lambdas.shared.vtn_problems import VtnProblemError
from lambdas.vtn.logic.responses import ANSWER_MAX_BYTES, answered
from tests.support.vtn import Vtn, VtnClient, subscription, vtn_event
from tests.unit.lambdas.vtn.bodies import Furnished, furnish


@pytest.fixture
def stand(vtn: Vtn) -> Furnished:
    """A VTN with one object of each type."""
    return furnish(vtn)


BAD = [
    ("/programs", {}, "programName"),
    ("/programs", {"programName": ""}, "programName"),
    ("/programs", {"programName": 3}, "programName"),
    ("/programs", {"programName": "x", "targets": "a"}, "targets"),
    ("/programs", {"programName": "x", "targets": [""]}, "targets"),
    ("/programs", {"programName": "x", "intervalPeriod": {"start": "yesterday"}}, "intervalPeriod.start"),
    (
        "/programs",
        {"programName": "x", "intervalPeriod": {"start": "2026-02-30T00:00:00Z"}},
        "intervalPeriod",
    ),
    ("/programs", {"programName": "x", "intervalPeriod": {"duration": "1h"}}, "intervalPeriod.duration"),
    ("/events", {}, "programID"),
    ("/events", {"programID": "no id"}, "programID"),
    ("/events", {"programID": "p", "priority": -1}, "priority"),
    ("/events", {"programID": "p", "intervals": [{"id": 0}]}, "payloads"),
    ("/events", {"programID": "p", "intervals": [{"payloads": []}]}, "id"),
    ("/events", {"programID": "p", "duration": "PT"}, "duration"),
    ("/vens", {"objectType": "BL_VEN_REQUEST", "venName": "x"}, "clientID"),
    ("/vens", {"objectType": "PROGRAM", "venName": "x"}, "objectType"),
    ("/resources", {"objectType": "BL_RESOURCE_REQUEST", "resourceName": "x"}, "venID"),
    ("/subscriptions", {"clientName": "x"}, "objectOperations"),
    ("/subscriptions", {"clientName": "x", "objectOperations": [{"objects": ["PRICE"]}]}, "objects"),
]


@pytest.mark.parametrize(("path", "body", "field"), BAD, ids=[f"{path} {field}" for path, _, field in BAD])
def test_a_wrong_body_is_400_and_names_the_field(
    vtn: Vtn, stand: Furnished, path: str, body: dict[str, Any], field: str
) -> None:
    """Required, mistyped and malformed alike; nothing is changed."""
    before, told = stand.bl.get(path).json, len(vtn.told.changes)
    answer = stand.bl.call("POST", path, body)
    assert answer.status == 400
    assert field in answer.json["detail"]
    assert stand.bl.get(path).json == before
    assert len(vtn.told.changes) == told


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"x"', '{"programName": NaN}', "[" * 100, '{"programName": 1e999}']
)
def test_what_is_no_json_object_is_400(stand: Furnished, text: str) -> None:
    """Whatever the bytes are, the answer is a problem."""
    answer = stand.bl.call("POST", "/programs", text)
    assert answer.status == 400
    assert set(answer.json) == {"type", "title", "status", "detail", "instance"}
    assert answer.headers["Content-Type"] == "application/json"


def test_a_body_that_is_too_large_is_400(stand: Furnished) -> None:
    """As it comes, and as it would be stored: numbers may grow."""
    program = stand.objects["PROGRAM"]["id"]
    assert stand.bl.post("/programs", programName="x", extra="x" * 300_000).status == 400
    values = ",".join(["1e9"] * 60_000)
    intervals = f'[{{"id": 0, "payloads": [{{"type": "X", "values": [{values}]}}]}}]'
    answer = stand.bl.call("POST", "/events", f'{{"programID": "{program}", "intervals": {intervals}}}')
    assert answer.status == 400
    assert "at most" in answer.json["detail"]


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "text/plain", None])
@pytest.mark.parametrize("is_base64", [True, False])
def test_a_body_is_read_whatever_it_is_declared_as(
    vtn: Vtn, stand: Furnished, content_type: str | None, is_base64: bool
) -> None:
    """Charset, another content type, none at all, base64 of the gateway."""
    headers = {"authorization": "Bearer bl.write_programs"}
    event = vtn_event(
        "POST", f"{BASE_PATH}/programs", {"programName": "ümlaut"}, headers=headers, is_base64=is_base64
    )
    del event["headers"]["content-type"]
    if content_type is not None:
        event["headers"]["Content-Type"] = content_type
    assert stand.bl.client_id == "bl"
    assert vtn.answer(event).json["programName"] == "ümlaut"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 51}, "limit"),
        ({"limit": -1}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"limit": [1, 2]}, "limit"),
        ({"skip": -1}, "skip"),
        ({"skip": 2**31}, "skip"),
        ({"programID": "no id"}, "programID"),
        ({"active": "perhaps"}, "active"),
        ({"targets": ""}, "targets"),
    ],
)
def test_a_wrong_query_is_400_and_names_the_parameter(
    stand: Furnished, query: dict[str, Any], field: str
) -> None:
    """Out of range, mistyped, twice."""
    answer = stand.bl.get("/events", **query)
    assert answer.status == 400
    assert field in answer.json["detail"]


def test_unknown_parameters_are_ignored(stand: Furnished) -> None:
    """Clients of 3.0 send more of them."""
    assert len(stand.bl.get("/events", targetType="GROUP", targetValues=["a", "b"], limit=50).json) == 1


def test_a_reference_to_nothing_is_409(stand: Furnished) -> None:
    """A program, event or VEN that is not there is named by the field that refers to it."""
    report = {"clientName": "x", "resources": []}
    cases: list[tuple[VtnClient, str, dict[str, Any], str]] = [
        (stand.bl, "/events", {"programID": "none"}, "programID"),
        (stand.ven, "/reports", {"eventID": "none", **report}, "eventID"),
        (stand.ven, "/resources", {"venID": "none", "resourceName": "x"}, "venID"),
        (stand.bl, "/resources", {"venID": "none", "resourceName": "x"}, "venID"),
        (stand.ven, "/subscriptions", subscription(programID="none"), "programID"),
    ]
    for client, path, body, field in cases:
        answer = client.call("POST", path, body)
        assert (answer.status, answer.json["detail"].partition(":")[0]) == (409, field)


def test_more_than_a_function_can_answer_is_400() -> None:
    """The client is told to ask for fewer, where Lambda would cut the answer off."""
    with pytest.raises(VtnProblemError, match="limit"):
        answered(200, b"x" * (ANSWER_MAX_BYTES + 1))
