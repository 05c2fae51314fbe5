"""Calls that fail for no fault of the caller's, at a set rate by a seed, and MQTT connections that end.

A call fails before it took effect, or after: its caller cannot tell which, and has to do it again. It is
answered with one of the errors by which its service owns to a fault, by botocore's model of the operation;
or its connection ends, at once or after a silence. Source: AWS Common Errors (``InternalFailure`` 500,
``ServiceUnavailable`` 503) for the services whose models name none.
"""

from __future__ import annotations

import asyncio
import random
import re
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from local_cloud.limits import service_model
from local_cloud.overrides import Original, replace_in
from local_cloud.refusals import HANDLED, Handler
from local_cloud.requests import Request, read
from local_cloud.runtime import CloudWeather

if TYPE_CHECKING:
    from botocore.model import OperationModel

COMMON_ERRORS = (("InternalFailure", 500), ("ServiceUnavailable", 503))
OWNS_TO_A_FAULT = re.compile(r"Internal|Service(Unavailable|Failure|Exception)")
"""Beginnings of the names of errors that are the service's own."""
FORMS = ("error",) * 6 + ("ended",) * 3 + ("silent",)
"""Forms of a failure, as often as they come."""
SILENT_S = 60.0
"""The silence before a connection ends, s of AWS's time."""
ENDED = "x-local-cloud-connection-ends"
"""Header of an answer that never goes out: its connection ends instead."""
Asgi = Callable[[Any, Any, Callable[[Any], Awaitable[None]]], Awaitable[None]]


def errors_of(operation: OperationModel | None) -> list[tuple[str, int]]:
    """The errors of *operation* by which its service owns to a fault, and their status."""
    shapes = [] if operation is None else operation.error_shapes
    errors = [shape.metadata.get("error", {}) | {"name": shape.name} for shape in shapes]
    faults = [error for error in errors if OWNS_TO_A_FAULT.match(error["name"])]
    by_model = [(error.get("code") or error["name"], error.get("httpStatusCode") or 500) for error in faults]
    return by_model or list(COMMON_ERRORS)


class Failures:
    """Calls that fail, each service's by a sequence of its own."""

    def __init__(self, weather: CloudWeather, service: str, responses: ModuleType) -> None:
        self._random = random.Random(f"{weather.seed} {service}")  # noqa: S311 - a seed repeats the weather
        self._weather, self._service, self._responses = weather, service, responses
        self._lock = threading.Lock()

    def failing(self, handle: Handler) -> Handler:
        """The emulator's *handle* of the service, of whose calls some fail."""

        async def handle_request(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
            form, took_effect, choice = self._draw()
            if form is None:
                return await handle(method, path, headers, body, query)
            request = Request(method=method, path=path, headers=headers, body=body, query=query)
            operation = (read(self._service, request) or (None,))[0]
            if took_effect:
                await handle(method, path, headers, body, query)
            if form == "error":
                return self._answer(operation, choice)
            if form == "silent":
                await asyncio.sleep(SILENT_S / self._weather.speed)
            return 200, {ENDED: "1"}, b""

        return handle_request

    def _draw(self) -> tuple[str | None, bool, float]:
        """The form of this call's failure or None, whether it takes effect all the same, and a number."""
        with self._lock:
            fails = self._random.random() < self._weather.failing
            form, took_effect = self._random.choice(FORMS), self._random.random() < 0.5
            return form if fails else None, took_effect, self._random.random()

    def _answer(self, operation: OperationModel | None, choice: float) -> Any:
        errors = errors_of(operation)
        code, status = errors[int(choice * len(errors))]
        message = "An internal error occurred. Try again."
        metadata = service_model(self._service).metadata
        if metadata["protocol"] == "query":
            return self._responses.error_response_xml(code, message, status, str(metadata["xmlNamespace"]))
        return self._responses.error_response_json(code, message, status)


def let_calls_fail(
    weather: CloudWeather, handlers: MutableMapping[str, Handler], responses: ModuleType
) -> None:
    """Let calls of every service that the project calls fail. *responses* is the emulator's module."""
    for name, service in HANDLED.items():
        replace_in(handlers, name, Failures(weather, service, responses).failing)  # type: ignore[arg-type]


class ConnectionEndsError(Exception):
    """The connection of a call ends here. The server closes it."""


def ending_connections(app: Asgi) -> Asgi:
    """The emulator's *app*, in which a connection ends where a failure says so."""

    async def answer(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start" and _ends(message):
                raise ConnectionEndsError
            await send(message)

        try:
            await app(scope, receive, sending)
        except ConnectionEndsError:
            await _close(send)

    return answer


async def _close(send: Any) -> None:
    """Close the connection of hypercorn's *send* without an answer, which ASGI has no word for."""
    from hypercorn.events import Closed  # noqa: PLC0415 - the server's

    stream = send.__self__
    stream.closed = True
    await stream.send.__self__.send(Closed())


def _ends(message: Any) -> bool:
    return any(name.decode("latin-1").lower() == ENDED for name, _ in message.get("headers", ()))


class Drops:
    """MQTT connections that end at a packet, before it took effect or after."""

    def __init__(self, weather: CloudWeather) -> None:
        self._random = random.Random(f"{weather.seed} mqtt")  # noqa: S311 - a seed repeats the weather
        self._share = weather.dropping

    def dropping(self, dispatch: Original) -> Original:
        """The emulator's *dispatch* of a packet, at some of which the connection ends."""

        async def dispatch_packet(session: Any, packet_type: int, flags: int, body: bytes) -> Any:
            ends, took_effect = self._random.random() < self._share, self._random.random() < 0.5
            if ends and not took_effect:
                return False
            goes_on = await dispatch(session, packet_type, flags, body)
            return False if ends else goes_on

        return dispatch_packet
