"""Live MQTT connections that the cloud ends: by request, and some time after their certificate is inactive.

Source: AWS IoT Developer Guide, DeleteConnection (the client is sent a DISCONNECT, and the reason in the
lifecycle event is ``API_INITIATED_DISCONNECT``); AWS IoT API Reference,
UpdateCertificate ("within a few minutes").
"""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any
from urllib.parse import unquote

from local_cloud.overrides import Original

PATH = "/connections/"
STILL_CONNECTED_S = 120.0
"""The time for which a connection outlives its certificate, s. Interpretation of "a few minutes"."""


def ended_by_request(handle: Original, iot: ModuleType) -> Original:
    """The emulator's *handle* of the data plane, with DeleteConnection. *iot* is the emulator's module."""

    async def handle_request(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        if method != "DELETE" or not path.startswith(PATH):
            return await handle(method, path, headers, body, query)
        client_id = unquote(path.removeprefix(PATH))
        key = (iot.get_account_id(), iot.get_region(), client_id)
        session = iot._connected_clients.get(key)  # noqa: SLF001 - the emulator's own record
        if session is None:
            return iot.error_response_json("ResourceNotFoundException", "The client is not connected.", 404)
        if _first(query, "preventWillMessage") == "true":
            session._will_topic = None  # noqa: SLF001
        if _first(query, "cleanSession") == "true":
            session._persist_session = False  # noqa: SLF001
        await _end(session, "API_INITIATED_DISCONNECT", iot)
        return iot.json_response({})

    return handle_request


def ended_by_deactivation(handle: Original, iot: ModuleType) -> Original:
    """The emulator's *handle* of a certificate, after which an inactive one's connections end in a while."""

    def handle_certificate(method: str, path: str, body: bytes, query: Any) -> Any:
        answer = handle(method, path, body, query)
        if method in {"PUT", "DELETE"} and answer[0] == 200:
            certificate_id = path.rpartition("/")[2]
            if method == "DELETE" or not _is_active(certificate_id, iot):
                asyncio.get_running_loop().call_later(STILL_CONNECTED_S, _forget, certificate_id, iot)
        return answer

    return handle_certificate


def _forget(certificate_id: str, iot: ModuleType) -> None:
    """End the connections of a certificate, unless it is active again."""
    if _is_active(certificate_id, iot):
        return
    for session in list(iot._connected_clients.values()):  # noqa: SLF001
        if session.certificate_id == certificate_id:
            task = asyncio.ensure_future(_end(session, "AUTH_ERROR", iot))
            _ending.add(task)
            task.add_done_callback(_ending.discard)


_ending: set[asyncio.Future[None]] = set()
"""Tasks that end sessions: one that nothing refers to may be collected before it is done."""


def _is_active(certificate_id: str, iot: ModuleType) -> bool:
    """True when the certificate is active in any account and region."""
    records = iot._certificates._data.values()  # noqa: SLF001
    return any(
        record["certificateId"] == certificate_id and record["status"] == "ACTIVE" for record in records
    )


async def _end(session: Any, reason: str, iot: ModuleType) -> None:
    """End *session* from the broker's side: an MQTT 5 client is told, any other sees the close."""
    session._forced_disconnect_reason = reason  # noqa: SLF001
    if session.protocol_version == iot.MQTT_5:
        await session.send_bytes(iot._make_disconnect(ADMINISTRATIVE_ACTION))  # noqa: SLF001
    await session._send({"type": "websocket.close", "code": 1000})  # noqa: SLF001
    await session.cleanup()


ADMINISTRATIVE_ACTION = 0x98
"""Source: MQTT 5.0, section 3.14.2.1, disconnect reason codes."""


def _first(query: Any, name: str) -> str:
    value = query.get(name, "")
    return str(value[0] if isinstance(value, list) else value).lower()
