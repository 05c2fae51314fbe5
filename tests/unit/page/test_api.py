"""The local API: what it does, and how it refuses."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.ven_stand import START_TS
from tests.unit.page.conftest import Caller
from ven_twin.ven.page.routes import ROUTES
from ven_twin.webkit.answers import BODY_MAX_BYTES

BODIES: dict[str, dict[str, Any]] = {
    "/api/events": {"kw": 2, "durationS": 60},
    "/api/restore": {},
    "/api/opt-out": {"reason": "economic"},
    "/api/opt-in": {},
    "/api/circuits/ev1": {"enabled": False},
}
READS = [
    "/",
    "/live",
    "/metrics",
    "/openapi.json",
    "/api/state",
    "/api/history",
    "/api/history.csv",
    "/api/events",
]


def problem(answer: httpx.Response, status: int, field: str | None = None) -> dict[str, Any]:
    """The problem that *answer* is; it names the field."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    value: dict[str, Any] = answer.json()
    assert (value["status"], value.get("field")) == (status, field)
    assert value["title"]
    assert value["detail"]
    return value


@pytest.mark.parametrize("path", READS)
async def test_what_is_read_is_answered(caller: Caller, path: str) -> None:
    """Every page and figure answers, with the headers that keep other sites from it."""
    answer = await caller.get(path)
    assert answer.status_code == 200
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in answer.headers


async def test_the_page_has_no_inline_script_or_style(caller: Caller) -> None:
    """The policy forbids them, so a page that had one would be dead."""
    page = (await caller.get("/")).text
    assert "<script>" not in page
    assert "style=" not in page
    assert "http" not in page.replace("http-equiv", ""), "nothing is fetched from elsewhere"


async def test_an_opt_out_ends_what_the_event_does(caller: Caller) -> None:
    """The reason and its end stand in the state; the event is left, and told so, with its reason."""
    await caller.post("/api/events", {"kw": 2, "durationS": 600, "eventId": "e1"})
    caller.stand.live(3)
    assert (await caller.get("/api/state")).json()["events"][0]["phase"] == "active"
    done = await caller.post("/api/opt-out", {"reason": "mustRun", "untilTs": int(START_TS) + 900})
    ven = done.json()["ven"]
    assert (ven["takesPart"], ven["reason"], ven["untilTs"]) == (False, "mustRun", START_TS + 900)
    caller.stand.live(2)
    state = (await caller.get("/api/state")).json()
    assert [event["phase"] for event in state["events"]] == ["optedOut"]
    assert all(circuit["curtailedKw"] == 0 for circuit in state["circuits"])
    past = (await caller.get("/api/events")).json()["past"]
    assert (past[0]["eventId"], past[0]["ended"], past[0]["reason"]) == ("e1", "optedOut", "mustRun")
    assert (await caller.post("/api/opt-in")).json()["ven"]["takesPart"] is True


async def test_a_switch_in_an_event_takes_the_circuit_out_of_it(caller: Caller) -> None:
    """The circuit says that it was switched by hand, and is curtailed no more."""
    await caller.post("/api/events", {"kw": 4, "durationS": 600})
    caller.stand.live(3)
    state = (await caller.get("/api/state")).json()
    curtailed = next(circuit["id"] for circuit in state["circuits"] if circuit["state"] == "curtailed")
    await caller.post(f"/api/circuits/{curtailed}", {"enabled": True})
    caller.stand.live(2)
    circuits = {c["id"]: c for c in (await caller.get("/api/state")).json()["circuits"]}
    assert (circuits[curtailed]["byHand"], circuits[curtailed]["curtailedKw"]) == (True, 0)


async def test_an_event_made_here_goes_the_way_of_the_command(caller: Caller) -> None:
    """It is announced to the cloud like any other, and restore ends it."""
    made = await caller.post("/api/events", {"kw": 2, "durationS": 600})
    event_id = made.json()["eventId"]
    assert made.status_code == 201
    caller.stand.live(60)
    assert caller.stand.phases(event_id) == ["active"]
    done = await caller.post("/api/restore", {"eventId": event_id})
    assert done.json() == {"ended": [event_id]}
    caller.stand.live(1)
    assert caller.stand.phases(event_id) == ["active", "cancelled"]
    past = (await caller.get("/api/events")).json()["past"][0]
    assert past["ended"] == "cancelled"
    assert past["askedKw"] == 2
    assert past["deliveredKwh"] == pytest.approx(past["deliveredKw"] * 60 / 3600, abs=1e-4), past


async def test_an_event_while_opted_out_is_a_conflict(caller: Caller) -> None:
    """The VEN says why it does not take it, and holds nothing."""
    await caller.post("/api/opt-out", {"reason": "economic"})
    value = problem(await caller.post("/api/events", BODIES["/api/events"]), 409)
    assert "opted out" in value["detail"]
    assert (await caller.get("/api/events")).json()["open"] == []


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/events", {"durationS": 60}, "kw"),
        ("/api/events", {"kw": 0, "durationS": 60}, "kw"),
        ("/api/events", {"kw": "2", "durationS": 60}, "kw"),
        ("/api/events", {"kw": 2}, "durationS"),
        ("/api/events", {"kw": 2, "durationS": 0}, "durationS"),
        ("/api/events", {"kw": 2, "durationS": 60, "startTs": 1}, "startTs"),
        ("/api/events", {"kw": 2, "durationS": 60, "eventId": "a b"}, "eventId"),
        ("/api/events", {"kw": 2, "durationS": 60, "more": 1}, "more"),
        ("/api/opt-out", {}, "reason"),
        ("/api/opt-out", {"reason": ""}, "reason"),
        ("/api/opt-out", {"reason": "x" * 65}, "reason"),
        ("/api/opt-out", {"reason": "x", "untilTs": 1}, "untilTs"),
        ("/api/opt-in", {"reason": "x"}, "reason"),
        ("/api/circuits/ev1", {}, "enabled"),
        ("/api/circuits/ev1", {"enabled": "no"}, "enabled"),
        ("/api/restore", {"eventId": 1}, "eventId"),
    ],
)
async def test_a_wrong_field_is_named(caller: Caller, path: str, body: dict[str, Any], field: str) -> None:
    """400 with the field in the caller's spelling, and nothing is changed."""
    before = caller.stand.twin.snapshot().state
    problem(await caller.post(path, body), 400, field)
    assert caller.stand.twin.snapshot().state == before


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("raw", [b"{", b"[]", b'"x"', b"", b"\xff", b"[" * 5000])
async def test_a_body_that_is_no_object_is_refused(caller: Caller, path: str, raw: bytes) -> None:
    """400 names the body; nothing is changed."""
    before = caller.stand.twin.snapshot().state
    answer = await caller.client.post(path, content=raw, headers={"content-type": "application/json"})
    problem(answer, 400, "body")
    assert caller.stand.twin.snapshot().state == before


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
async def test_another_content_type_is_refused(caller: Caller, path: str, kind: str | None) -> None:
    """415: a form on another site can send these without asking first."""
    headers = {} if kind is None else {"content-type": kind}
    answer = await caller.client.post(path, content=b"{}", headers=headers)
    problem(answer, 415, "Content-Type")


@pytest.mark.parametrize("path", BODIES)
async def test_a_huge_body_is_refused(caller: Caller, path: str) -> None:
    """413, by the length that is announced or by what comes."""
    huge = b"{" + b" " * BODY_MAX_BYTES + b"}"
    headers = {"content-type": "application/json"}
    problem(await caller.client.post(path, content=huge, headers=headers), 413, "body")

    async def chunks() -> Any:
        for _ in range(5):
            yield b" " * (BODY_MAX_BYTES // 4)

    problem(await caller.client.post(path, content=chunks(), headers=headers), 413, "body")


@pytest.mark.parametrize("path", [*READS, *BODIES, "/health"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_a_wrong_method_lists_the_right_ones(caller: Caller, path: str, method: str) -> None:
    """405 with Allow, for each method that a path does not have."""
    generic = "/api/circuits/{circuitId}" if path.startswith("/api/circuits") else path
    methods = {route.method for route in ROUTES if route.path == generic}
    if method in methods:
        return
    answer = await caller.client.request(method, path)
    problem(answer, 405)
    allowed = {name.strip() for name in answer.headers["allow"].split(",")}
    assert allowed - {"HEAD"} == methods


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/api", "/api/state/", "/static/../app.py", "/static/%2e%2e/app.py", "/static/", "/login"],
)
async def test_an_unknown_path_is_answered_404(caller: Caller, path: str) -> None:
    """404, also where something lies beside the page's own files."""
    problem(await caller.get(path), 404)


async def test_an_unknown_circuit_or_event_is_answered_404(caller: Caller) -> None:
    """404 names it, and says what there is."""
    value = problem(await caller.post("/api/circuits/pool9", {"enabled": True}), 404, "circuitId")
    assert "ev1" in value["detail"]
    problem(await caller.post("/api/restore", {"eventId": "nothing"}), 404, "eventId")


async def test_a_failure_says_nothing_of_the_inside(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 without a trace; the log has it."""
    monkeypatch.setattr(caller.stand.twin, "snapshot", lambda: 1 / 0)
    answer = await caller.get("/api/state")
    problem(answer, 500)
    assert "division" not in answer.text


async def test_files_are_cached_until_they_change(caller: Caller) -> None:
    """A second request with the tag of the first costs no body."""
    first = await caller.get("/static/kit/look.css")
    again = await caller.get("/static/kit/look.css", headers={"if-none-match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


async def test_the_history_follows_the_house(caller: Caller) -> None:
    """A point a second from the page's start on, with the target while an event asks."""
    caller.stand.live(5)
    await caller.post("/api/events", {"kw": 2, "durationS": 600})
    caller.stand.live(5)
    answer = (await caller.get(f"/api/history?from={START_TS - 100}&to={START_TS + 100}")).json()
    chart = answer["columns"]
    assert len(answer["ts"]) == 11, "the last point stands once more at its end"
    assert chart["targetKw"][:5] == [None] * 5
    assert chart["targetKw"][-1] == pytest.approx(chart["baselineKw"][-1] - 2, abs=0.002)
    assert chart["usedKw"][-1] == pytest.approx(chart["targetKw"][-1], abs=0.3)


async def test_the_twin_goes_on_when_the_page_fails(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of the page is logged, and the house steps on."""
    monkeypatch.setattr(caller.page.history, "add", lambda *_: 1 / 0)
    rows = len(caller.stand.collect())
    caller.stand.live(40)
    assert len(caller.stand.collect()) > rows
    assert "could not be sent to the page" in caplog.text


async def test_a_file_is_zipped_for_who_takes_it_so(caller: Caller) -> None:
    """The same content either way, each with a tag of its own, so that a cache keeps them apart."""
    path = "/static/kit/look.css"
    zipped = await caller.get(path, headers={"accept-encoding": "gzip, br"})
    plain = await caller.get(path, headers={"accept-encoding": "identity"})
    assert (zipped.headers["content-encoding"], plain.headers.get("content-encoding")) == ("gzip", None)
    assert zipped.text == plain.text
    assert int(zipped.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert zipped.headers["etag"] != plain.headers["etag"]
    assert zipped.headers["vary"] == plain.headers["vary"] == "accept-encoding"
