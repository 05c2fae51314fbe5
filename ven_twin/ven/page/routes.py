"""The local API's routes as data: the application and its OpenAPI document are made of this one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from ven_twin.ven.page import calls, view
from ven_twin.ven.page.health import Health, Live
from ven_twin.ven.page.metrics import TEXT
from ven_twin.ven.page.ven_rules import VenRules
from ven_twin.webkit.answers import EVENT_STREAM, JSON

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
    problems: Mapping[int, str] = {}


DISK_REFUSED = "The VEN's disk does not take it."
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
    PageRoute("GET", "/api/chart", "chart", "Power over the last hour", view.Chart),
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


def kinds() -> list[Any]:
    """Every Struct of a body or an answer."""
    return [kind for route in ROUTES for kind in (route.answer, route.body) if kind is not None]
