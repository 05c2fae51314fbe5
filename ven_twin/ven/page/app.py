"""The application that serves one twin's page and API."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from contracts.wire import codec
from ven_twin.ven.errors import IdentityInvalidError
from ven_twin.ven.identity.validity import valid_until_ts
from ven_twin.ven.page import health, openapi
from ven_twin.ven.page.broadcaster import Broadcaster
from ven_twin.ven.page.calls import VenCalls
from ven_twin.ven.page.metrics import metrics
from ven_twin.ven.page.power_history import PowerHistory
from ven_twin.ven.page.presenter import power, snapshot
from ven_twin.ven.page.routes import ROUTES, PageRoute
from ven_twin.ven.page.ven_rules import ven_rules
from ven_twin.ven.page.view import VenView
from ven_twin.ven.runtime import Twin
from ven_twin.webkit import answers, guard
from ven_twin.webkit.answers import EVENT_STREAM, NO_STORE, Endpoint, as_json
from ven_twin.webkit.listeners import FullError
from ven_twin.webkit.problems import PageProblemError
from ven_twin.webkit.settings import WebSettings
from ven_twin.webkit.static_files import static_files

FOLDER = Path(__file__).parent / "static"
DAY_S = 86_400

logger = logging.getLogger(__name__)


class Page:
    """What answers: a method an operation of `ROUTES` that is no mere call, and the open pages."""

    def __init__(self, twin: Twin, settings: WebSettings) -> None:
        self._twin = twin
        self._settings = settings
        self._calls = VenCalls(twin)
        self._files = static_files(FOLDER)
        self.ring = PowerHistory()
        self.hub = Broadcaster(self._encoded)
        twin.watch(self._look)

    def application(self) -> guard.Guard:
        """The ASGI application."""
        paths: dict[str, dict[str, Endpoint]] = {}
        for route in ROUTES:
            paths.setdefault(route.path, {})[route.method] = self._endpoint(route)
        paths["/static/{path:path}"] = {"GET": self._static}
        if self._settings.token is not None:
            paths["/login"] = {"GET": self._login_form, "POST": self._login}
        app = answers.application(paths, failed="the VEN could not answer; its log says why")
        return guard.Guard(app, self._settings, answers.problem)

    def _look(self) -> None:
        """Called by the twin after each look at its house. Never raises: the twin goes on without a page."""
        try:
            moment = self._twin.moment()
            self.ring.add(moment.now_ts, power(moment))
            self.hub.tell()
        except Exception:
            logger.exception("the page could not be told of the VEN's state")

    def _encoded(self) -> tuple[VenView, bytes]:
        shown = snapshot(self._twin.moment())
        return shown, b"data: " + codec.encode(shown) + b"\n\n"

    def _endpoint(self, route: PageRoute) -> Endpoint:
        own: Endpoint | None = getattr(self, f"_{_snake(route.operation)}", None)
        if own is not None:
            return own
        do: Callable[..., Any] = getattr(self._calls, _snake(route.operation))

        async def answer(request: Request) -> Response:
            given = [] if route.body is None else [await answers.body(request, route.body)]
            return as_json(do(*given, *request.path_params.values()), route.status)

        return answer

    async def _page(self, request: Request) -> Response:
        return self._file("index.html", request)

    async def _static(self, request: Request) -> Response:
        return self._file(request.path_params["path"], request)

    def _file(self, name: str, request: Request) -> Response:
        return answers.file(self._files.get(name), request)

    async def _live(self, _: Request) -> Response:
        found = health.live(self._twin.moment())
        return as_json(found, 200 if found.alive else 503)

    async def _health(self, _: Request) -> Response:
        found = self._judged()
        return as_json(found, 200 if found.answers_events else 503)

    def _judged(self) -> health.Health:
        moment = self._twin.moment()
        try:
            until_ts = valid_until_ts(moment.certificate)
        except IdentityInvalidError:
            until_ts = None
        return health.health(moment, until_ts)

    async def _metrics(self, _: Request) -> Response:
        connects = self._twin.status.connects
        text = metrics(self._calls.state(), self._judged(), connects=connects, open_pages=self.hub.open_pages)
        return Response(text, headers={"content-type": "text/plain; version=0.0.4; charset=utf-8"})

    async def _openapi(self, _: Request) -> Response:
        return as_json(openapi.document())

    async def _rules(self, _: Request) -> Response:
        return as_json(ven_rules())

    async def _chart(self, _: Request) -> Response:
        return as_json(self.ring.chart())

    async def _stream(self, request: Request) -> Response:
        try:
            messages = self.hub.listen()
        except FullError:
            raise PageProblemError(503, "too many pages are open", headers={"retry-after": "10"}) from None
        if request.method == "HEAD":
            return Response(media_type=EVENT_STREAM, headers=NO_STORE)
        return StreamingResponse(messages, media_type=EVENT_STREAM, headers=NO_STORE)

    async def _login_form(self, request: Request) -> Response:
        return self._file("login.html", request)

    async def _login(self, request: Request) -> Response:
        if answers.media_type(request) != "application/x-www-form-urlencoded":
            raise PageProblemError(415, "a form is taken here", field="Content-Type")
        given = parse_qs((await answers.read(request)).decode("utf-8", "replace")).get("token", [""])[0]
        if not guard.matches(given, self._settings):
            raise PageProblemError(401, "that is not the token", field="token")
        answer = RedirectResponse("/", 303)
        session = guard.session_of(given)
        answer.set_cookie(guard.COOKIE, session, max_age=DAY_S, httponly=True, samesite="strict", path="/")
        return answer


def _snake(operation: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", operation).lower()
