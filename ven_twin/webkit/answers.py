"""Requests and answers of the pages' servers: JSON, files and problems."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.api.problems import PROBLEM_JSON
from contracts.errors import FieldError, WireError
from contracts.wire import codec
from ven_twin.webkit.problems import PageProblemError
from ven_twin.webkit.static_files import StaticFile

T = TypeVar("T", bound=msgspec.Struct)
Endpoint = Callable[[Request], Awaitable[Response]]

JSON = "application/json"
CSV = "text/csv; charset=utf-8"
EVENT_STREAM = "text/event-stream"
BODY_MAX_BYTES = 16 * 1024
NO_STORE = {"cache-control": "no-store"}


def application(paths: Mapping[str, Mapping[str, Endpoint]], *, failed: str) -> Starlette:
    """The application that answers at *paths*, each with its endpoints by method.

    Every refusal is a problem; *failed* is the detail of one whose cause is not for the caller.
    """

    async def on_failure(_: Request, error: Exception) -> Response:
        del error  # the server logs it
        return problem(PageProblemError(500, failed))

    app = Starlette(
        routes=[Route(path, _by_method(ends), methods=list(ends)) for path, ends in paths.items()],
        exception_handlers={
            HTTPException: _http_problem,
            PageProblemError: _problem,
            OSError: _unavailable,
            Exception: on_failure,
        },
    )
    app.router.redirect_slashes = False
    return app


def as_json(value: object, status: int = 200) -> Response:
    """*value* as JSON that is not cached."""
    return Response(codec.encode(value), status, headers={**NO_STORE, "content-type": JSON})


def csv(text: str, name: str) -> Response:
    """A file that a browser saves under *name*, which has no character but those of ids and a dot."""
    disposition = f'attachment; filename="{name}"'
    return Response(text, headers={**NO_STORE, "content-type": CSV, "content-disposition": disposition})


def problem(error: PageProblemError) -> Response:
    """The answer of a refusal."""
    content = {**NO_STORE, "content-type": PROBLEM_JSON}
    return Response(codec.encode(error.problem), error.problem.status, headers={**content, **error.headers})


def file(static: StaticFile | None, request: Request, headers: Mapping[str, str] | None = None) -> Response:
    """A file, or 304 where the browser has it. Raises ProblemError where there is none."""
    if static is None:
        raise PageProblemError(404, f"there is nothing at {path_of(request)!r}")
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    etag = f'{static.etag[:-1]}-gzip"' if zipped else static.etag
    sent = {"etag": etag, "cache-control": "no-cache", "content-type": static.content_type}
    sent |= {"vary": "accept-encoding", **(headers or {})}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=sent)
    content = static.path.read_bytes()
    if not zipped:
        return Response(content, headers=sent)
    return Response(gzip.compress(content, mtime=0), headers={**sent, "content-encoding": "gzip"})


async def body(request: Request, kind: type[T], *, most_bytes: int = BODY_MAX_BYTES) -> T:
    """The body as a *kind*. Raises ProblemError, which names the field."""
    if media_type(request) != JSON:
        raise PageProblemError(415, f"send {JSON}", field="Content-Type")
    raw = await read(request, most_bytes=most_bytes)
    try:
        return codec.decode(kind, raw)
    except FieldError as error:
        raise PageProblemError(400, error.reason, field=error.field) from None
    except WireError as error:
        raise PageProblemError(400, str(error), field="body") from None


async def read(request: Request, *, most_bytes: int = BODY_MAX_BYTES) -> bytes:
    """The body, as long as it is small."""
    length = request.headers.get("content-length", "")
    raw = bytearray()
    if not _exceeds(length, most_bytes):
        try:
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > most_bytes:
                    break
            else:
                return bytes(raw)
        except ClientDisconnect:
            raise PageProblemError(400, "the body did not arrive", field="body") from None
    raise PageProblemError(413, f"at most {most_bytes} bytes are accepted", field="body")


def _exceeds(length: str, most_bytes: int) -> bool:
    """Judge a Content-Length; one that is no number says nothing."""
    digits = length.isascii() and length.isdigit()
    return digits and (len(length) > 20 or int(length) > most_bytes)


def path_of(request: Request) -> str:
    """The path of a call as a text shows it. `Request.url` is not read: it may be no URL at all."""
    return str(request.scope["path"])[:80]


def media_type(request: Request) -> str:
    """The media type of the body, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _by_method(ends: Mapping[str, Endpoint]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await ends["GET" if request.method == "HEAD" else request.method](request)

    return endpoint


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, PageProblemError)  # noqa: S101 - registered for no other
    return problem(error)


async def _unavailable(_: Request, error: Exception) -> Response:
    """The system has no descriptor, memory or disk for the call now."""
    reason = getattr(error, "strerror", None) or type(error).__name__
    return problem(PageProblemError(503, f"not now: {reason}", headers={"retry-after": "5"}))


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for no other
    path = path_of(request)
    details = {404: f"there is nothing at {path!r}", 405: f"{request.method} is not accepted at {path!r}"}
    detail = details.get(error.status_code, str(error.detail))
    return problem(PageProblemError(error.status_code, detail, headers=dict(error.headers or {})))
