"""The API as a WSGI application, for tools that speak HTTP: what API Gateway does, in the process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from tests.support.api_world import Api, event_of

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


def application(api: Api) -> Callable[[dict[str, Any], StartResponse], Iterable[bytes]]:
    """A WSGI application over *api*; whoever calls is taken as signed."""

    def call(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        headers = {
            name.removeprefix("HTTP_").replace("_", "-"): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        headers |= {"Content-Type": environ["CONTENT_TYPE"]} if environ.get("CONTENT_TYPE") else {}
        length = int(environ.get("CONTENT_LENGTH") or 0)
        raw = environ["wsgi.input"].read(length) if length else b""
        answer = api.send(
            event_of(
                environ["REQUEST_METHOD"],
                environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
                query=environ.get("QUERY_STRING", ""),
                headers=headers,
                body=raw.decode("utf-8", "replace") if raw else None,
            )
        )
        body = answer.text.encode()
        start(
            f"{answer.status} {HTTPStatus(answer.status).phrase}",
            [*answer.headers.items(), ("Content-Length", str(len(body)))],
        )
        return [body]

    return call
