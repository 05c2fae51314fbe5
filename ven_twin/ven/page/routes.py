"""The local API's routes as data, and its OpenAPI 3.1 document; the application is made of the same table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from contracts.api.openapi_document import (
    PARAMETER,
    Described,
    operation,
    path_parameter,
    query_parameter,
    ref,
    response,
)
from contracts.api.openapi_document import (
    document as assemble,
)
from contracts.api.problems import PROBLEM_JSON
from ven_twin.ven.page import calls, view
from ven_twin.ven.page.day_sums import DaySums
from ven_twin.ven.page.health import TEXT, Health, Live
from ven_twin.ven.page.ven_rules import VenRules
from ven_twin.webkit.answers import CSV, EVENT_STREAM, JSON
from ven_twin.webkit.problems import PageProblem
from ven_twin.webkit.time_series import DrawnHistory

HTML = "text/html; charset=utf-8"


class PageRoute(NamedTuple):
    """One operation.

    Attributes:
        method: of HTTP.
        path: with parameters in braces, each one segment.
        operation: its id, and in snake case the name of the method that answers.
        summary: one line.
        answer: the Struct of its answer, or None where that is no JSON.
        content: the media type of its answer.
        status: of an answer.
        body: the Struct of its body, or None.
        query: the parameters of its query string, none of which must be there, with what each means.
        problems: statuses of refusals beyond those that every such route has, and their meaning.
    """

    method: str
    path: str
    operation: str
    summary: str
    answer: type[msgspec.Struct] | None = None
    content: str = JSON
    status: int = 200
    body: type[msgspec.Struct] | None = None
    query: Mapping[str, str] = {}
    problems: Mapping[int, str] = {}


DISK_REFUSED = "The VEN's disk does not take it."
A_QUERY_IS_WRONG = "Something in the query is wrong; `field` names it."
HISTORY_QUERY: Mapping[str, str] = {
    "from": "Its begin, UTC seconds; an hour before its end when left out.",
    "to": "Its end, UTC seconds; now when left out.",
    "show": "`total`: used, baseline and target power; `circuits`: the power of every circuit.",
}
NOT_PARTICIPATING = "The VEN takes no part in events now, or holds as many as it can."

ROUTES: tuple[PageRoute, ...] = (
    PageRoute("GET", "/", "page", "The page", content=HTML),
    PageRoute(
        "GET", "/live", "live", "Liveness of the process and its loop", Live, problems={503: "It is stuck."}
    ),
    PageRoute(
        "GET",
        "/health",
        "health",
        "Health: would this VEN answer an event?",
        Health,
        problems={503: "It would not; `reasons` say why. The answer has the same form."},
    ),
    PageRoute("GET", "/metrics", "metrics", "The VEN's figures, for Prometheus", content=TEXT),
    PageRoute("GET", "/openapi.json", "openapi", "This document"),
    PageRoute("GET", "/api/state", "state", "The VEN now", view.VenView),
    PageRoute(
        "GET",
        "/api/stream",
        "stream",
        "The same as server-sent events: at once, then whenever it changes, at most every second",
        content=EVENT_STREAM,
        problems={503: "Too many pages are open."},
    ),
    PageRoute("GET", "/api/rules", "rules", "Limits, ranges and words that the page goes by", VenRules),
    PageRoute(
        "GET",
        "/api/history",
        "history",
        "Power over any stretch of time, at the detail that a chart has room for",
        DrawnHistory,
        query=HISTORY_QUERY,
        problems={400: A_QUERY_IS_WRONG},
    ),
    PageRoute(
        "GET",
        "/api/history.csv",
        "historyCsv",
        "The same as a file",
        content=CSV,
        query=HISTORY_QUERY,
        problems={400: A_QUERY_IS_WRONG},
    ),
    PageRoute(
        "GET",
        "/api/days",
        "days",
        "Energy by day, by a tariff also cost and CO2, and what events changed",
        DaySums,
    ),
    PageRoute("GET", "/api/days.csv", "daysCsv", "The days as a file", content=CSV),
    PageRoute(
        "GET", "/api/events", "events", "The events that run or come, and those that are over", calls.Events
    ),
    PageRoute(
        "POST",
        "/api/events",
        "makeEvent",
        "Make an event here, for testing",
        calls.EventCreated,
        status=201,
        body=calls.EventCall,
        problems={409: NOT_PARTICIPATING, 503: DISK_REFUSED},
    ),
    PageRoute(
        "POST",
        "/api/restore",
        "restore",
        "End events and give back what they curtail",
        calls.Restored,
        body=calls.RestoreCall,
        problems={404: "There is no such event.", 503: DISK_REFUSED},
    ),
    PageRoute(
        "POST",
        "/api/opt-out",
        "optOut",
        "Take no part in events",
        view.VenView,
        body=calls.OptOutCall,
    ),
    PageRoute("POST", "/api/opt-in", "optIn", "Take part again", view.VenView, body=calls.OptInCall),
    PageRoute(
        "POST",
        "/api/circuits/{circuitId}",
        "switch",
        "Switch a circuit by hand",
        view.VenView,
        body=calls.SwitchCall,
        problems={404: "The house has no such circuit."},
    ),
)


def kinds() -> list[type[msgspec.Struct]]:
    """Every Struct of a body or an answer."""
    return [kind for route in ROUTES for kind in (route.answer, route.body) if kind is not None]


DESCRIPTION = (
    "What the VEN's own page uses. Powers are kW, positive for import; times are UTC seconds. On loopback "
    "no token is needed; elsewhere it is `Authorization: Bearer`."
)
EVERYWHERE = {
    401: "The token is needed and missing.",
    421: "The Host header names another machine.",
    429: "Too many wrong tokens came from this address; Retry-After says when to try again.",
    503: "Too many calls run, or the machine has no descriptor or disk for it now.",
}
WITH_A_BODY = {
    400: "Something in the body is wrong; `field` names it.",
    403: "The call comes from another site.",
    413: "The body is too large.",
    415: "The body is no JSON by its content type.",
}


DESCRIBED = Described(
    "The VEN's local API",
    "1.0.0",
    DESCRIPTION,
    [{}, {"token": []}],
    {"token": {"type": "http", "scheme": "bearer"}},
)


def document() -> dict[str, object]:
    """The whole document, as JSON's own types."""
    operations = ((route.path, route.method, _operation(route)) for route in ROUTES if route.content != HTML)
    return assemble(DESCRIBED, operations, [PageProblem, *kinds()])


def _operation(route: PageRoute) -> dict[str, object]:
    refusals = {**EVERYWHERE, **(WITH_A_BODY if route.body else {}), **route.problems}
    responses = {route.status: _answer(route, f"{route.summary}.")}
    responses |= {status: _refusal(route, status, description) for status, description in refusals.items()}
    return operation(
        route.operation,
        route.summary,
        parameters=[
            *(path_parameter(name, {"type": "string"}) for name in PARAMETER.findall(route.path)),
            *(query_parameter(name, meaning) for name, meaning in route.query.items()),
        ],
        body=None if route.body is None else {"schema": ref(route.body)},
        responses=responses,
    )


def _answer(route: PageRoute, description: str) -> dict[str, object]:
    if route.answer is not None:
        schema: dict[str, object] = ref(route.answer)
    else:
        schema = {"type": "object"} if route.content == "application/json" else {"type": "string"}
    return response(description, {route.content.partition(";")[0]: schema})


def _refusal(route: PageRoute, status: int, description: str) -> dict[str, object]:
    """A problem; that a VEN is not healthy is told in the form of its health."""
    if status == 503 and route.path in {"/live", "/health"}:
        return _answer(route, description)
    return response(description, {PROBLEM_JSON: ref(PageProblem)})
