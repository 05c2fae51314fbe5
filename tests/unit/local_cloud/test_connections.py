"""Connections of a certificate that is inactive, in the local cloud."""

from __future__ import annotations

import asyncio
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from local_cloud import connections


class Session:
    """A session of the emulator's broker."""

    def __init__(self, certificate_id: str) -> None:
        self.certificate_id, self.protocol_version = certificate_id, 4
        self.ended = asyncio.Event()
        self._forced_disconnect_reason = ""

    async def _send(self, message: dict[str, Any]) -> None:
        assert message["type"] == "websocket.close"

    async def cleanup(self) -> None:
        """Forget the session."""
        self.ended.set()


@pytest.mark.parametrize("again", [False, True])
async def test_a_deactivated_certificates_connection_ends_after_a_while(
    again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own connection ends and no other; made active again before that, it goes on."""
    monkeypatch.setattr(connections, "STILL_CONNECTED_S", 0.0)
    iot: Any = ModuleType("iot")
    record = {"certificateId": "a", "status": "ACTIVE"}
    one, other = Session("a"), Session("b")
    iot.MQTT_5, iot._connected_clients = 5, {1: one, 2: other}
    iot._certificates = SimpleNamespace(_data={"a": record})

    def put(_method: str, _path: str, _body: bytes, _query: Any) -> tuple[int]:
        record["status"] = "INACTIVE"
        return (200,)

    connections.ended_by_deactivation(put, iot)("PUT", "/certificates/a", b"", {})
    if again:
        record["status"] = "ACTIVE"
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    else:
        await one.ended.wait()
    assert one.ended.is_set() is not again
    assert not other.ended.is_set()
