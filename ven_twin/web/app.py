"""The application that serves one twin's page and API."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route as Path

from contracts import codec
from contracts.errors import FieldError, WireError
from ven_twin.errors import IdentityInvalidError
from ven_twin.io.validity import valid_until_ts
from ven_twin.twin import Twin
from ven_twin.web import guard, health, openapi
from ven_twin.web.calls import Calls
from ven_twin.web.faces import Snapshot
from ven_twin.web.hub import FullError, Hub
from ven_twin.web.metrics import metrics
from ven_twin.web.problems import PROBLEM_JSON, ProblemError
from ven_twin.web.ring import Ring
from ven_twin.web.routes import EVENT_STREAM, JSON, ROUTES, Route
from ven_twin.web.settings import WebSettings
from ven_twin.web.static_files import static_files
from ven_twin.web.view import power, snapshot

BODY_MAX_BYTES = 16 * 1024
RETRY_MS = 2000
NO_STORE = {"cache-control": "no-store"}
DAY_S = 86_400

logger = logging.getLogger(__name__)
Endpoint = Callable[[Request], Awaitable[Response]]


class Page:
    """What answers: a method an operation of `ROUTES` that is no mere call, and the open pages."""

    def __init__(self, twin: Twin, settings: WebSettings) -> None:
        self._twin = twin
        self._settings = settings
        self._calls = Calls(twin)
        self._files = static_files()
        self.ring = Ring()
        self.hub = Hub(self._encoded)
        twin.watch(self._look)

    def application(self) -> guard.Guard:
        """The ASGI application."""
        paths: dict[str, dict[str, Endpoint]] = {}
        for route in ROUTES:
            paths.setdefault(route.path, {})[route.method] = self._endpoint(route)
        paths["/static/{path:path}"] = {"GET": self._static}
        if self._settings.token is not None:
            paths["/login"] = {"GET": self._login_form, "POST": self._login}
        app = Starlette(
            routes=[Path(path, _by_method(ends), methods=list(ends)) for path, ends in paths.items()],
            exception_handlers={HTTPException: _http_problem, ProblemError: _problem, Exception: _failed},
        )
        app.router.redirect_slashes = False
        return guard.Guard(app, self._settings, _answer_of)

    def _look(self) -> None:
        """Called by the twin after each look at its house. Never raises: the twin goes on without a page."""
        try:
            moment = self._twin.moment()
            self.ring.add(moment.now_ts, power(moment))
            self.hub.tell()
        except Exception:
            logger.exception("the page could not be told of the VEN's state")

    def _encoded(self) -> tuple[Snapshot, bytes]:
        shown = snapshot(self._twin.moment())
        return shown, b"data: " + codec.encode(shown) + b"\n\n"

    def _endpoint(self, route: Route) -> Endpoint:
        own: Endpoint | None = getattr(self, f"_{_snake(route.operation)}", None)
        if own is not None:
            return own
        do: Callable[..., Any] = getattr(self._calls, _snake(route.operation))

        async def answer(request: Request) -> Response:
            given = [] if route.body is None else [await _body(request, route.body)]
            return _json(do(*given, *request.path_params.values()), route.status)

        return answer

    async def _page(self, request: Request) -> Response:
        return self._file("index.html", request)

    async def _static(self, request: Request) -> Response:
        return self._file(request.path_params["path"], request)

    def _file(self, name: str, request: Request) -> Response:
        file = self._files.get(name)
        if file is None:
            raise ProblemError(404, f"there is nothing at {request.url.path[:80]!r}")
        headers = {"etag": file.etag, "cache-control": "no-cache", "content-type": file.content_type}
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=304, headers=headers)
        return Response(file.path.read_bytes(), headers=headers)

    async def _live(self, _: Request) -> Response:
        found = health.live(self._twin.moment())
        return _json(found, 200 if found.alive else 503)

    async def _health(self, _: Request) -> Response:
        found = self._judged()
        return _json(found, 200 if found.answers_events else 503)

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
        return _json(openapi.document())

    async def _chart(self, _: Request) -> Response:
        return _json(self.ring.chart())

    async def _stream(self, request: Request) -> Response:
        try:
            messages = self.hub.listen()
        except FullError:
            raise ProblemError(503, "too many pages are open", headers={"retry-after": "10"}) from None
        if request.method == "HEAD":
            return Response(media_type=EVENT_STREAM, headers=NO_STORE)
        return StreamingResponse(messages, media_type=EVENT_STREAM, headers=NO_STORE)

    async def _login_form(self, request: Request) -> Response:
        return self._file("login.html", request)

    async def _login(self, request: Request) -> Response:
        if _media_type(request) != "application/x-www-form-urlencoded":
            raise ProblemError(415, "a form is taken here", field="Content-Type")
        given = parse_qs((await _read(request)).decode("utf-8", "replace")).get("token", [""])[0]
        if not guard.matches(given, self._settings):
            raise ProblemError(401, "that is not the token", field="token")
        answer = RedirectResponse("/", 303)
        session = guard.session_of(given)
        answer.set_cookie(guard.COOKIE, session, max_age=DAY_S, httponly=True, samesite="strict", path="/")
        return answer


def _by_method(ends: dict[str, Endpoint]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await ends["GET" if request.method == "HEAD" else request.method](request)

    return endpoint


async def _body(request: Request, kind: type[msgspec.Struct]) -> msgspec.Struct:
    """The body as a *kind*. Raises ProblemError, which names the field."""
    if _media_type(request) != JSON:
        raise ProblemError(415, f"send {JSON}", field="Content-Type")
    raw = await _read(request)
    try:
        return codec.decode(kind, raw)
    except FieldError as error:
        raise ProblemError(400, error.reason, field=error.field) from None
    except WireError as error:
        raise ProblemError(400, str(error), field="body") from None


async def _read(request: Request) -> bytes:
    """The body, as long as it is small."""
    length = request.headers.get("content-length", "")
    raw = bytearray()
    if not (length.isdigit() and int(length) > BODY_MAX_BYTES):
        try:
            async for part in request.stream():
                raw += part
                if len(raw) > BODY_MAX_BYTES:
                    break
            else:
                return bytes(raw)
        except ClientDisconnect:
            raise ProblemError(400, "the body did not arrive", field="body") from None
    raise ProblemError(413, f"at most {BODY_MAX_BYTES} bytes are taken", field="body")


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _json(value: object, status: int = 200) -> Response:
    return Response(codec.encode(value), status, headers={**NO_STORE, "content-type": JSON})


def _answer_of(error: ProblemError) -> Response:
    content = {**NO_STORE, "content-type": PROBLEM_JSON}
    return Response(codec.encode(error.problem), error.problem.status, headers={**content, **error.headers})


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - registered for no other
    return _answer_of(error)


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for no other
    path = request.url.path[:80]
    says = {404: f"there is nothing at {path!r}", 405: f"{request.method} is not taken at {path!r}"}
    detail = says.get(error.status_code, str(error.detail))
    return _answer_of(ProblemError(error.status_code, detail, headers=dict(error.headers or {})))


async def _failed(_: Request, error: Exception) -> Response:
    del error  # the server logs it; what it says is not for the caller
    return _answer_of(ProblemError(500, "the VEN could not answer; its log says why"))


def _snake(operation: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", operation).lower()
