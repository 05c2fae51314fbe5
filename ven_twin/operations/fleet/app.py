"""Serves the operator's page: one watch of the fleet for all open pages, and the calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from contracts.api.resources import BODY_MAX_BYTES, EventBody, NewEvent
from contracts.wire import codec
from ven_twin.operations.fleet.askers import Reach
from ven_twin.operations.fleet.calls import FleetCalls
from ven_twin.operations.fleet.fleet_rules import fleet_rules
from ven_twin.operations.fleet.fleet_state import FleetState
from ven_twin.operations.fleet.fleet_view import Beat, fleet_view
from ven_twin.operations.fleet.power_history import FleetPoint, FleetPowerHistory
from ven_twin.operations.fleet.watch import PERIOD_S, FleetPoll
from ven_twin.webkit import answers, guard
from ven_twin.webkit.answers import EVENT_STREAM, NO_STORE, Endpoint, as_json
from ven_twin.webkit.listeners import FullError, Listeners
from ven_twin.webkit.problems import PageProblemError
from ven_twin.webkit.settings import WebSettings
from ven_twin.webkit.static_files import static_files

FOLDER = Path(__file__).parent / "static"
BEAT_S = 2.0
"""An open page hears so often, also while the cloud says nothing."""
PAGE_CSP = {"content-security-policy": f"{guard.CSP}; frame-src 'self'"}
"""The page shows reports in a frame."""
REPORT_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
"""A report is one file with its style in it, and without any script."""


class FleetPage:
    """What answers. Nothing is asked of the cloud as long as no page is open."""

    def __init__(
        self, reach: Reach, place: str, settings: WebSettings, *, period_s: float = PERIOD_S
    ) -> None:
        self._settings = settings
        self._calls = FleetCalls(reach)
        self._watch = FleetPoll(reach, place, period_s=period_s)
        self._ring = FleetPowerHistory()
        self._pages = Listeners()
        self._beating: asyncio.Task[None] | None = None
        self._files = static_files(FOLDER, "fleet/")

    def application(self) -> guard.Guard:
        """The ASGI application."""
        paths: dict[str, dict[str, Endpoint]] = {
            "/": {"GET": self._page},
            "/static/{path:path}": {"GET": self._static},
            "/api/state": {"GET": self._state},
            "/api/stream": {"GET": self._stream},
            "/api/rules": {"GET": self._rules},
            "/api/chart": {"GET": self._chart},
            "/api/events": {"POST": self._create},
            "/api/events/{eventId}": {"GET": self._detail, "PUT": self._revise, "DELETE": self._delete},
            "/api/events/{eventId}/cancel": {"POST": self._cancel},
            "/events/{eventId}/report": {"GET": self._report},
        }
        app = answers.application(paths, failed="the page's server could not answer; its log says why")
        return guard.Guard(app, self._settings, answers.problem)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to ask, as soon as somebody looks; pages are told in *loop*."""
        self._beating = loop.create_task(self._beat())

        def told(board: FleetState) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._tell, board)

        self._watch.start(told)

    def close(self) -> None:
        """End every page's stream."""
        if self._beating is not None:
            self._beating.cancel()
        self._pages.close()

    def _tell(self, board: FleetState) -> None:
        """The cloud has said something, or that it cannot."""
        if board.cloud.reached and board.fleet is not None:
            self._ring.add(
                FleetPoint(board.ts, board.requested_kw, board.delivered_kw, board.fleet.flexibility_kw)
            )
        self._pages.put(_message(fleet_view(board)))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            if self._pages:
                board = self._watch.board()
                self._pages.put(_message(Beat(ts=board.ts, cloud=board.cloud)))

    async def _page(self, request: Request) -> Response:
        return answers.file(self._files["fleet/index.html"], request, PAGE_CSP)

    async def _static(self, request: Request) -> Response:
        return answers.file(self._files.get(request.path_params["path"]), request)

    async def _state(self, _: Request) -> Response:
        return as_json(fleet_view(self._watch.board()))

    async def _rules(self, _: Request) -> Response:
        return as_json(fleet_rules())

    async def _chart(self, _: Request) -> Response:
        return as_json(self._ring.chart())

    async def _stream(self, request: Request) -> Response:
        if request.method == "HEAD":
            return Response(media_type=EVENT_STREAM, headers=NO_STORE)
        try:
            messages = self._pages.listen(lambda: _message(fleet_view(self._watch.board())))
        except FullError:
            raise PageProblemError(503, "too many pages are open", headers={"retry-after": "10"}) from None
        return StreamingResponse(self._looking(messages), media_type=EVENT_STREAM, headers=NO_STORE)

    async def _looking(self, messages: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """*messages* of one page, while which somebody looks."""
        self._watch.look(wanted=True)
        try:
            async with aclosing(messages) as sent:  # type: ignore[type-var]
                async for message in sent:
                    yield message
        finally:
            if not self._pages:
                self._watch.look(wanted=False)

    async def _create(self, request: Request) -> Response:
        asked = await answers.body(request, NewEvent, most_bytes=BODY_MAX_BYTES)
        return self._changed(as_json(await self._calls.create(asked), 201))

    async def _revise(self, request: Request) -> Response:
        asked = await answers.body(request, EventBody, most_bytes=BODY_MAX_BYTES)
        return self._changed(as_json(await self._calls.revise(_event_id(request), asked, _etag(request))))

    async def _cancel(self, request: Request) -> Response:
        return self._changed(as_json(await self._calls.cancel(_event_id(request), _etag(request))))

    async def _delete(self, request: Request) -> Response:
        await self._calls.delete(_event_id(request), _etag(request))
        return self._changed(Response(status_code=204, headers=NO_STORE))

    async def _detail(self, request: Request) -> Response:
        return as_json(await self._calls.detail(_event_id(request), self._watch.board().fleet))

    async def _report(self, request: Request) -> Response:
        text = await self._calls.report(_event_id(request))
        headers = {**NO_STORE, "content-security-policy": REPORT_CSP, "x-frame-options": "SAMEORIGIN"}
        return Response(text, media_type="text/html; charset=utf-8", headers=headers)

    def _changed(self, answer: Response) -> Response:
        self._watch.again()
        return answer


def _message(value: object) -> bytes:
    return b"data: " + codec.encode(value) + b"\n\n"


def _event_id(request: Request) -> str:
    event_id: str = request.path_params["eventId"]
    return event_id


def _etag(request: Request) -> str:
    """The etag that a change is conditional on. Raises ProblemError without one."""
    etag = request.headers.get("if-match", "").strip().removeprefix('"').removesuffix('"')
    if not etag:
        raise PageProblemError(428, "is required: the event's etag", field="If-Match")
    return etag
