"""What the emulator leaves open and AWS does not: closed here, in the emulator's own process.

Pinned to ministack 1.5.33. Each override asserts that the private name it replaces is still there;
``tests/integration/test_hardening.py`` fails for each that stops biting.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from importlib import metadata
from typing import Any

from contracts.codec import PAYLOAD_MAX_BYTES
from contracts.errors import FieldError, OversizeError
from contracts.shadow import CLIENT_TOKEN_MAX_BYTES, check_state, merge

PINNED = "1.5.33"
SCHEDULER_TICK_S = 1
"""Between two looks at the schedules. The emulator's own is 10 s; AWS fires within the minute."""
KEEP_ALIVE_GRACE = 1.5
"""A silent client is gone after so many keep-alives. Source: MQTT 3.1.1 section 3.1.2.10."""
TOPIC_MAX_SLASHES = 7
_CONNECT, _PUBLISH = 1, 3


def harden(bind_host: str) -> None:
    """Close every gap, before the emulator starts.

    Raises:
        RuntimeError: this is not the pinned emulator, or a name that is replaced here is gone.
    """
    from ministack.services import iot, scheduler  # noqa: PLC0415 - reads its environment when imported

    version = metadata.version("ministack")
    if version != PINNED:
        raise RuntimeError(
            f"the local cloud is written for ministack {PINNED}, found {version}: run make setup"
        )
    _listen_on(iot, bind_host)
    _require_client_certificate(iot)
    _enforce_keep_alive(iot)
    _hold_packets_to_limits(iot)
    _hold_shadow_to_limits(iot)
    _replace(scheduler, "_SCHEDULE_TICK_INTERVAL", lambda _: SCHEDULER_TICK_S)


def _replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    if not hasattr(owner, name):
        raise RuntimeError(f"ministack no longer has {owner.__name__}.{name}, which the local cloud replaces")
    setattr(owner, name, make(getattr(owner, name)))


def _listen_on(iot: Any, host: str) -> None:
    """The MQTT listener binds every interface whatever BIND_HOST says; bind *host* instead."""

    async def start() -> None:
        port = iot._mtls_port()  # noqa: SLF001 - the emulator's own setting
        if iot._mtls_server is not None or port is None:  # noqa: SLF001
            return
        loop = asyncio.get_running_loop()
        iot._mtls_server = await loop.create_server(iot._MtlsAcceptor, host=host, port=port)  # noqa: SLF001
        iot._mtls_loop = loop  # noqa: SLF001

    _replace(iot, "_mtls_start_locked", lambda _: start)


def _require_client_certificate(iot: Any) -> None:
    """AWS IoT takes no MQTT client without a certificate on this port; the emulator takes it as optional."""

    def strict(build: Callable[[], ssl.SSLContext]) -> Callable[[], ssl.SSLContext]:
        def context() -> ssl.SSLContext:
            made = build()
            made.verify_mode = ssl.CERT_REQUIRED
            return made

        return context

    _replace(iot, "_mtls_build_ssl_context", strict)


class _ImpatientReader:
    """A stream reader that gives up on a client that has been silent for longer than it promised."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._patience_s: float | None = None

    async def read(self, size: int) -> bytes:
        try:
            received = await asyncio.wait_for(self._reader.read(size), self._patience_s)
        except TimeoutError:
            raise ConnectionResetError("keep-alive exceeded") from None
        if self._patience_s is None and received:
            keep_alive_s = _keep_alive_s(received)
            self._patience_s = keep_alive_s * KEEP_ALIVE_GRACE if keep_alive_s else None
        return received


def _keep_alive_s(packet: bytes) -> int:
    """The keep-alive in a CONNECT packet, s; 0 where there is none to read."""
    if not packet or packet[0] >> 4 != _CONNECT:
        return 0
    start = 1
    while start < min(len(packet), 5) and packet[start] & 0x80:
        start += 1
    start += 1
    name_length = int.from_bytes(packet[start : start + 2])
    at = start + 2 + name_length + 2
    return int.from_bytes(packet[at : at + 2])


def _enforce_keep_alive(iot: Any) -> None:
    """Without this a device that falls silent never goes offline, and its will is never sent."""

    def impatient(serve: Callable[..., Any]) -> Callable[..., Any]:
        async def serve_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await serve(_ImpatientReader(reader), writer)

        return serve_connection

    _replace(iot, "_mtls_serve_conn", impatient)


def _hold_packets_to_limits(iot: Any) -> None:
    """AWS IoT closes the connection on QoS 2, more than 128 KB of payload, or more than 7 slashes."""

    def limited(dispatch: Callable[..., Any]) -> Callable[..., Any]:
        async def dispatch_packet(session: Any, packet_type: int, flags: int, body: bytes) -> Any:
            if packet_type == _PUBLISH and not _publish_within_limits(flags, body):
                return False
            return await dispatch(session, packet_type, flags, body)

        return dispatch_packet

    _replace(iot._WSSession, "_dispatch_packet", limited)  # noqa: SLF001


def _publish_within_limits(flags: int, body: bytes) -> bool:
    qos = flags >> 1 & 0b11
    topic_bytes = int.from_bytes(body[:2])
    topic = body[2 : 2 + topic_bytes]
    slashes = topic.count(b"/") - (3 if topic.startswith(b"$aws/rules/") else 0)
    payload_bytes = len(body) - 2 - topic_bytes
    # The reserved shadow topics of a named shadow have eight levels; AWS does not count its own.
    own = topic.startswith(b"$aws/things/")
    return qos < 2 and payload_bytes <= PAYLOAD_MAX_BYTES and (own or slashes <= TOPIC_MAX_SLASHES)


def _hold_shadow_to_limits(iot: Any) -> None:
    """The emulator stores any shadow; AWS refuses those past its limits, with 400 or 413."""

    def checked(update: Callable[..., Any]) -> Callable[..., Any]:
        def update_thing_shadow(thing_name: str, shadow_name: str, request: Any) -> Any:
            refusal = _shadow_refusal(request) or _merged_refusal(iot, thing_name, shadow_name, request)
            if refusal is not None:
                return iot._shadow_error(*refusal)  # noqa: SLF001
            return update(thing_name, shadow_name, request)

        return update_thing_shadow

    _replace(iot, "update_thing_shadow", checked)


def _shadow_refusal(request: Any) -> tuple[int, str] | None:
    """What AWS answers to a request that is wrong in itself. Source: Device Shadow error messages."""
    if not isinstance(request, dict) or not isinstance(request.get("state"), dict):
        return None  # the emulator's own check
    token, version, state = request.get("clientToken"), request.get("version"), request["state"]
    sections = {key: state.get(key) or {} for key in ("desired", "reported")}
    if token is not None and (not isinstance(token, str) or len(token.encode()) > CLIENT_TOKEN_MAX_BYTES):
        return 400, "Invalid clientToken"
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        return 400, "Invalid version"
    if not all(isinstance(section, dict) for section in sections.values()):
        return 400, "State contains an invalid node: desired and reported are objects"
    return _limits_refusal(sections)


def _merged_refusal(iot: Any, thing_name: str, shadow_name: str, request: Any) -> tuple[int, str] | None:
    """413 when the shadow that the request would make is too large."""
    status, document = iot.get_thing_shadow(thing_name, shadow_name)
    if status != 200 or not isinstance(request, dict) or not isinstance(request.get("state"), dict):
        return None
    kept = {key: value for key, value in document["state"].items() if key != "delta"}
    return _limits_refusal(merge(kept, request["state"]))


def _limits_refusal(state: dict[str, Any]) -> tuple[int, str] | None:
    try:
        check_state(state)
    except OversizeError as error:
        return (413, "Payload too large") if "bytes" in error.what else (400, "JSON contains too many levels")
    except FieldError as error:
        return 400, f"State contains an invalid node: {error.field}"
    return None
