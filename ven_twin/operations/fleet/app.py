"""Serves the operator's page: one poller of the fleet for all open pages, and the calls."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from contracts.api.resources import BODY_MAX_BYTES, EventBody, NewEvent
from contracts.wire import codec
from contracts.wire.ids import EventId, GroupName
from ven_twin.operations.fleet.aggregator_threads import Reach
from ven_twin.operations.fleet.calls import FleetCalls
from ven_twin.operations.fleet.fleet_rules import fleet_rules
from ven_twin.operations.fleet.fleet_state import FleetState, listed_events
from ven_twin.operations.fleet.fleet_view import EventsView, Heartbeat, fleet_view
from ven_twin.operations.fleet.history_reader import HistoryReader
from ven_twin.operations.fleet.poller import PERIOD_S, FleetPoller
from ven_twin.operations.fleet.power_history import SPAN_S, FleetPoint, FleetPowerHistory, gap_s
from ven_twin.ven.clock import now_ts as now
from ven_twin.webkit import answers, guard
from ven_twin.webkit.answers import EVENT_STREAM, NO_STORE, Endpoint, as_json
from ven_twin.webkit.listeners import FullError, Listeners
from ven_twin.webkit.problems import PageProblemError
from ven_twin.webkit.settings import WebSettings
from ven_twin.webkit.static_files import static_files
from ven_twin.webkit.time_series import (
    read_window,
    refuse_others,
)

FOLDER = Path(__file__).parent / "static"
HEARTBEAT_S = 2.0
"""Between two messages to an open page while the cloud does not answer."""
PAGE_CSP = {"content-security-policy": f"{guard.CSP}; frame-src 'self'"}
"""The page shows reports in a frame."""
REPORT_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
"""A report is one file with its style in it, and without any script."""
REPORT = re.compile(r"/events/[^/]*/report")
REPORT_HEADERS = ((b"content-security-policy", REPORT_CSP.encode()), (b"x-frame-options", b"SAMEORIGIN"))
"""Of a refusal too: the page reads its reason in the frame."""


class FleetPage:
    """The operator's page. The cloud is polled only while a page is open."""

    def __init__(
        self, reach: Reach, place: str, settings: WebSettings, *, period_s: float = PERIOD_S
    ) -> None:
        self._settings = settings
        self._calls = FleetCalls(reach)
        self._poller = FleetPoller(reach, place, period_s=period_s)
        self._period_s = period_s
        self._power_history = FleetPowerHistory(gap_s(period_s))
        self._history_reader = HistoryReader(self._calls, self._power_history)
        self._pages = Listeners()
        self._heartbeat: asyncio.Task[None] | None = None
        self._files = static_files(FOLDER, "fleet/")

    def application(self) -> guard.Guard:
        """The ASGI application."""
        paths: dict[str, dict[str, Endpoint]] = {
            "/": {"GET": self._page},
            "/static/{path:path}": {"GET": self._static},
            "/live": {"GET": self._live},
            "/api/state": {"GET": self._state},
            "/api/stream": {"GET": self._stream},
            "/api/rules": {"GET": self._rules},
            "/api/history": {"GET": self._history},
            "/api/history.csv": {"GET": self._history_csv},
            "/api/events": {"GET": self._events, "POST": self._create},
            "/api/events/{eventId}": {"GET": self._detail, "PUT": self._revise, "DELETE": self._delete},
            "/api/events/{eventId}/cancel": {"POST": self._cancel},
            "/api/definitions": {"GET": self._definitions},
            "/api/groups/{group}": {"GET": self._group},
            "/events/{eventId}/report": {"GET": self._report},
        }
        app = answers.application(paths, failed="the page's server could not answer; its log says why")
        return guard.Guard(app, self._settings, answers.problem, _security_headers)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the poller and the heartbeat; messages are sent in *loop*."""
        self._heartbeat = loop.create_task(self._send_heartbeats())

        def on_state(state: FleetState) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._broadcast, state)

        self._poller.start(on_state)

    def close(self) -> None:
        """End every page's stream."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        self._pages.close()

    def _broadcast(self, state: FleetState) -> None:
        """Add to the chart and send the state to every open page."""
        if state.cloud.reached and state.fleet is not None:
            self._power_history.add(
                FleetPoint(state.ts, state.requested_kw, state.delivered_kw, state.fleet.flexibility_kw)
            )
        self._pages.put(_message(fleet_view(state)))

    async def _send_heartbeats(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if self._pages:
                state = self._poller.state()
                self._pages.put(_message(Heartbeat(ts=state.ts, cloud=state.cloud)))

    async def _page(self, request: Request) -> Response:
        return answers.file(self._files["fleet/index.html"], request, PAGE_CSP)

    async def _static(self, request: Request) -> Response:
        return answers.file(self._files.get(request.path_params["path"]), request)

    async def _live(self, _: Request) -> Response:
        """Liveness of this server and its loop; it calls nobody."""
        return as_json({"alive": True})

    async def _state(self, _: Request) -> Response:
        return as_json(fleet_view(self._poller.state()))

    async def _rules(self, _: Request) -> Response:
        return as_json(fleet_rules(self._period_s))

    async def _history(self, request: Request) -> Response:
        return as_json((await self._history_reader.read(request.query_params, now())).drawn())

    async def _history_csv(self, request: Request) -> Response:
        history = await self._history_reader.read(request.query_params, now())
        return answers.csv(history.csv(), f"{history.of}-power.csv")

    async def _events(self, request: Request) -> Response:
        """The events that start in a stretch of time, such as a month."""
        now_ts, fleet = now(), self._poller.state().fleet
        refuse_others(request.query_params, ("from", "to"))
        window = read_window(request.query_params, now_ts, SPAN_S)
        events, more = await self._calls.starting_events(window)
        return as_json(EventsView(events=listed_events(events, fleet, now_ts), more=more))

    async def _stream(self, request: Request) -> Response:
        if request.method == "HEAD":
            return Response(media_type=EVENT_STREAM, headers=NO_STORE)
        try:
            messages = self._pages.listen(lambda: _message(fleet_view(self._poller.state())))
        except FullError:
            raise PageProblemError(503, "too many pages are open", headers={"retry-after": "10"}) from None
        return StreamingResponse(self._polled(messages), media_type=EVENT_STREAM, headers=NO_STORE)

    async def _polled(self, messages: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Pass on the *messages* of one page; the cloud is polled meanwhile."""
        self._poller.resume()
        try:
            async with aclosing(messages) as sent:  # type: ignore[type-var]
                async for message in sent:
                    yield message
        finally:
            if not self._pages:
                self._poller.pause()

    async def _create(self, request: Request) -> Response:
        event = await answers.body(request, NewEvent, most_bytes=BODY_MAX_BYTES)
        return self._changed(as_json(await self._calls.create(event), 201))

    async def _revise(self, request: Request) -> Response:
        event = await answers.body(request, EventBody, most_bytes=BODY_MAX_BYTES)
        return self._changed(as_json(await self._calls.revise(_event_id(request), event, _etag(request))))

    async def _cancel(self, request: Request) -> Response:
        return self._changed(as_json(await self._calls.cancel(_event_id(request), _etag(request))))

    async def _delete(self, request: Request) -> Response:
        await self._calls.delete(_event_id(request), _etag(request))
        return self._changed(Response(status_code=204, headers=NO_STORE))

    async def _detail(self, request: Request) -> Response:
        return as_json(await self._calls.detail(_event_id(request), self._poller.state().fleet))

    async def _definitions(self, _: Request) -> Response:
        return as_json(await self._calls.definitions())

    async def _group(self, request: Request) -> Response:
        return as_json(await self._calls.group(GroupName(request.path_params["group"])))

    async def _report(self, request: Request) -> Response:
        text = await self._calls.report(_event_id(request))
        return Response(text, media_type="text/html; charset=utf-8", headers=NO_STORE)

    def _changed(self, answer: Response) -> Response:
        self._poller.poll_soon()
        return answer


def _security_headers(path: str) -> guard.SecurityHeaders:
    return REPORT_HEADERS if REPORT.fullmatch(path) else ()


def _message(value: object) -> bytes:
    return b"data: " + codec.encode(value) + b"\n\n"


def _event_id(request: Request) -> EventId:
    event_id: EventId = request.path_params["eventId"]
    return event_id


def _etag(request: Request) -> str:
    """The etag that a change is conditional on. Raises ProblemError without one."""
    etag = request.headers.get("if-match", "").strip().removeprefix('"').removesuffix('"')
    if not etag:
        raise PageProblemError(428, "is required: the event's etag", field="If-Match")
    return etag
