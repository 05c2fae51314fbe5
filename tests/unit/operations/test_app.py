"""The server of the operator's page: what it asks of the cloud side, and what it refuses by itself."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.support.fleets import event
from tests.unit.operations.conftest import FakeAggregator

BODY = {"intervals": [{"signal": "shedKw", "value": 2.5, "durationS": 600}]}
MATCH = {"if-match": '"1f0a"'}
CHANGES = [
    ("POST", "/api/events"),
    ("PUT", "/api/events/evt-evening"),
    ("POST", "/api/events/evt-evening/cancel"),
    ("DELETE", "/api/events/evt-evening"),
]


def problem(answer: httpx.Response, status: int, field: str | None, words: str = "") -> None:
    """The answer is a problem of that field."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem.get("field") == field
    assert words in problem["detail"]


async def test_an_event_is_created_as_it_was_requested(
    client: httpx.AsyncClient, aggregator: FakeAggregator
) -> None:
    """All that the page gives reaches the cloud side, and nothing that is absent."""
    body = {**BODY, "eventId": "evt-mine", "targets": ["north"], "startTs": 1_800_000_060}
    answer = await client.post("/api/events", json=body)
    assert (answer.status_code, answer.json()["eventId"]) == (201, "evt-mine")
    (_, request) = aggregator.calls[0]
    assert {name: json.loads(json.dumps(request[name])) for name in body} == body
    await client.post("/api/events", json=BODY)
    assert {"eventId", "startTs"}.isdisjoint(aggregator.calls[1][1])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "intervals"),
        ({"intervals": []}, "intervals"),
        ({"intervals": [{"signal": "shedKw", "value": -1, "durationS": 60}]}, "intervals[0].value"),
        ({"intervals": [{"signal": "shedKw", "value": 1, "durationS": 0}]}, "intervals[0].durationS"),
        ({"intervals": [{"signal": "please", "value": 1, "durationS": 60}]}, "intervals[0].signal"),
        ({**BODY, "allocation": "luck"}, "allocation"),
        ({**BODY, "priority": -1}, "priority"),
        ({**BODY, "more": 1}, "more"),
    ],
)
async def test_a_refusal_names_its_field(
    client: httpx.AsyncClient, aggregator: FakeAggregator, body: Any, field: str
) -> None:
    """Before the cloud is called."""
    problem(await client.post("/api/events", json=body), 400, field)
    assert aggregator.calls == []


async def test_a_change_is_conditional(client: httpx.AsyncClient, aggregator: FakeAggregator) -> None:
    """Revise, cancel and delete need the etag that the page has seen, and are refused with an old one."""
    for method, path in CHANGES[1:]:
        answer = await client.request(method, path, json=BODY)
        problem(answer, 428, "If-Match")
        answer = await client.request(method, path, json=BODY, headers={"if-match": '"old"'})
        problem(answer, 412, None, "changed the event meanwhile")
        answer = await client.request(method, path, json=BODY, headers=MATCH)
        assert answer.status_code in {200, 204}
    assert [call[0] for call in aggregator.calls] == [
        "revise",
        "revise",
        "cancel",
        "cancel",
        "delete",
        "delete",
    ]


async def test_an_unknown_event_is_none(client: httpx.AsyncClient) -> None:
    """Whatever the call."""
    for method, path in (
        ("GET", "/api/events/none"),
        ("GET", "/events/none/report"),
        ("POST", "/api/events/none/cancel"),
        ("DELETE", "/api/events/none"),
    ):
        problem(await client.request(method, path, headers=MATCH), 404, "eventId", "no event 'none'")


async def test_a_cloud_that_is_gone_is_a_problem_in_one_line(
    client: httpx.AsyncClient, aggregator: FakeAggregator
) -> None:
    """And the next call is tried anew."""
    aggregator.gone = "the local cloud does not run"
    for method, path in CHANGES:
        answer = await client.request(method, path, json=BODY, headers=MATCH)
        problem(answer, 502, None, "the cloud is not reached: the local cloud does not run")
    aggregator.gone = None
    assert (await client.get("/api/events/evt-evening")).status_code == 200


async def test_a_report_is_a_page_that_runs_nothing(
    client: httpx.AsyncClient, aggregator: FakeAggregator
) -> None:
    """It may stand in a frame of this page alone; what stands in it from outside is text."""
    aggregator.listed = [event("evt-over", after_s=-900)]
    answer = await client.get("/events/evt-over/report")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert "&lt;b&gt;evt-over" in answer.text
    assert "<b>evt-over" not in answer.text


async def test_an_event_that_runs_has_no_report_yet(client: httpx.AsyncClient) -> None:
    """The refusal of the cloud side is passed on, as a sentence that names the event."""
    answer = await client.get("/events/evt-evening/report")
    problem(answer, 409, "eventId", "evt-evening is not over before 12")


@pytest.mark.parametrize("event_id", ["evt-evening", "none", "%2E%2E"])
async def test_a_refused_report_may_stand_where_the_report_would(
    client: httpx.AsyncClient, event_id: str
) -> None:
    """The page reads the reason in its frame; of any other refusal nobody makes a frame."""
    for path, frames in (
        (f"/events/{event_id}/report", "'self'"),
        (f"/api/events/{event_id}/report", "'none'"),
    ):
        answer = await client.get(path)
        assert answer.status_code in {404, 409}
        assert f"frame-ancestors {frames}" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == ("SAMEORIGIN" if frames == "'self'" else "DENY")


@pytest.mark.parametrize(
    ("headers", "status", "field"),
    [
        ({"origin": "http://evil.example"}, 403, "Origin"),
        ({"origin": "http://127.0.0.1:8080"}, 403, "Origin"),
        ({"sec-fetch-site": "cross-site"}, 403, "Sec-Fetch-Site"),
        ({"host": "evil.example:8090"}, 421, "Host"),
    ],
)
async def test_another_site_changes_nothing(
    client: httpx.AsyncClient, aggregator: FakeAggregator, headers: dict[str, str], status: int, field: str
) -> None:
    """Nor does the page of a VEN on the same machine, or a name that points here."""
    for method, path in CHANGES:
        answer = await client.request(method, path, json=BODY, headers={**MATCH, **headers})
        problem(answer, status, field)
    assert aggregator.calls == []


async def test_a_form_is_refused(client: httpx.AsyncClient, aggregator: FakeAggregator) -> None:
    """A form of another site is no JSON by its content type."""
    headers = {"content-type": "text/plain", **MATCH}
    for method, path in CHANGES[:2]:
        problem(await client.request(method, path, content=b"{}", headers=headers), 415, "Content-Type")
    assert aggregator.calls == []


async def test_groups_and_programs_are_read(client: httpx.AsyncClient, aggregator: FakeAggregator) -> None:
    """All of them with their counts and rules, and the VENs of one; nothing is read before."""
    assert aggregator.calls == []
    shown = (await client.get("/api/definitions")).json()
    assert [(group["group"], group["venCount"]) for group in shown["groups"]] == [("north", 25)]
    assert [program["program"] for program in shown["programs"]] == ["default", "summer-peak"]
    assert (await client.get("/api/groups/north")).json()["vens"][0] == "ven-1"
    problem(await client.get("/api/groups/south"), 404, "group", "no group 'south'")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("PATCH", "/api/events", 405), ("GET", "/api/nothing", 404), ("GET", "/static/../app.py", 404)],
)
async def test_what_is_not_there_is_a_problem(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    """By the same form as every other refusal."""
    problem(await client.request(method, path), status, None)


async def test_the_page_and_its_files_are_served(client: httpx.AsyncClient) -> None:
    """Its own modules and those that it shares with the VEN's page."""
    page = await client.get("/")
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    for name in (
        "kit/look.css",
        "kit/dom.js",
        "kit/uplot/uPlot.iife.min.js",
        "fleet/page.js",
        "fleet/fleet.css",
    ):
        assert (await client.get(f"/static/{name}")).status_code == 200, name


async def test_the_cloud_is_not_called_while_no_page_is_open(
    client: httpx.AsyncClient, aggregator: FakeAggregator
) -> None:
    """The page, its files and its state as it is known cost no call."""
    for path in ("/", "/static/kit/look.css", "/api/state"):
        assert (await client.get(path)).status_code == 200
    assert aggregator.calls == []


async def test_the_page_is_alive_whatever_becomes_of_the_cloud(
    client: httpx.AsyncClient, aggregator: FakeAggregator
) -> None:
    """A probe of the server asks nobody else."""
    aggregator.gone = "no cloud"
    answer = await client.get("/live")
    assert (answer.status_code, answer.json()) == (200, {"alive": True})
    assert aggregator.calls == []
