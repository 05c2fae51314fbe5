"""The Device Shadow service over MQTT, beside a broker that has none: get, update and delta of one VEN.

Versions, merging, 404, 409 and 413 as AWS has them; a request that is wrong otherwise gets 400.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from typing import Any

from contracts.errors import FieldError, OversizeError, WireError
from contracts.wire import codec
from contracts.wire.codec import JsonDict, JsonObject
from contracts.wire.ids import VenId
from contracts.wire.shadow import check_state, merge
from contracts.wire.topics import Topics
from harness.faults.frames import PUBLISH, SUBACK, Frames, connect, kind, publish, published, subscribe


class Shadow:
    """One thing's classic shadow, in memory. Pure but for the time of its answers."""

    def __init__(self) -> None:
        self.state: JsonDict = {}
        self.version = 0

    @property
    def desired(self) -> JsonDict:
        """The desired state."""
        return dict(self.state.get("desired", {}))

    @property
    def reported(self) -> JsonDict:
        """The reported state."""
        return dict(self.state.get("reported", {}))

    @property
    def delta(self) -> JsonDict:
        """The desired values that differ from the reported ones."""
        return differing(self.desired, self.reported)

    def get(self, request: JsonObject, now_ts: int) -> tuple[str, JsonDict]:
        """Topic suffix and document of the answer."""
        if not self.version:
            return "get/rejected", _with_token(
                request, {"code": 404, "message": "No shadow", "timestamp": now_ts}
            )
        state = {**self.state, **({"delta": self.delta} if self.delta else {})}
        return "get/accepted", _with_token(request, self._document(state, now_ts))

    def update(self, request: JsonObject, now_ts: int) -> list[tuple[str, JsonDict]]:
        """Every message that an update causes: accepted, and the delta where there is one; or rejected."""
        code = self._refusal(request)
        if code is not None:
            return [
                ("update/rejected", _with_token(request, {"code": code, "message": "", "timestamp": now_ts}))
            ]
        self.state = merge(self.state, request["state"])
        self.version += 1
        accepted = _with_token(request, self._document(request["state"], now_ts))
        messages = [("update/accepted", accepted)]
        if self.delta:
            messages.append(("update/delta", self._document(self.delta, now_ts)))
        return messages

    def _refusal(self, request: JsonObject) -> int | None:
        state = request.get("state")
        if not isinstance(state, Mapping):
            return 400
        if request.get("version", self.version) != self.version:
            return 409
        try:
            check_state(merge(self.state, state))
        except OversizeError:
            return 413
        except FieldError:
            return 400
        return None

    def _document(self, state: JsonObject, now_ts: int) -> JsonDict:
        return {"state": state, "version": self.version, "timestamp": now_ts}


def differing(desired: JsonObject, reported: JsonObject) -> JsonDict:
    """The values of *desired* that *reported* does not have."""
    out: JsonDict = {}
    for key, value in desired.items():
        reported_value = reported.get(key)
        if isinstance(value, Mapping) and isinstance(reported_value, Mapping):
            if below := differing(value, reported_value):
                out[key] = below
        elif key not in reported or reported_value != value:
            out[key] = value
    return out


def _with_token(request: JsonObject, document: JsonDict) -> JsonDict:
    token = request.get("clientToken")
    return document if token is None else {**document, "clientToken": token}


class ShadowService:
    """Answers for one VEN on a broker's plain listener, and speaks for the cloud on the same connection."""

    def __init__(self, port: int, ven_id: VenId) -> None:
        self.shadow = Shadow()
        self._port, self._topics, self._packet_id = port, Topics(ven_id), 0
        self._changed = asyncio.Event()

    async def start(self) -> None:
        """Connect and subscribe to the VEN's requests."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(connect("shadow-service"))
        self._writer.write(subscribe(self._topics.shadow("get"), self._topics.shadow("update")))
        subscribed = asyncio.Event()
        self._reading = asyncio.ensure_future(self._serve(subscribed))
        async with asyncio.timeout(5):
            await subscribed.wait()

    async def stop(self) -> None:
        """Leave."""
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        self._writer.transport.abort()

    def desire(self, **desired: Any) -> None:
        """Write into the desired state, as an operator does."""
        self._publish_answers(self.shadow.update({"state": {"desired": desired}}, int(time.time())))

    def command(self, **message: Any) -> None:
        """Send a command."""
        self._publish(self._topics.command, json.dumps(message).encode())

    async def until(self, holds: Any, deadline_s: float) -> bool:
        """Wait for something that an update brings about; whether it came in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                while not holds():
                    await self._changed.wait()
        return bool(holds())

    async def _serve(self, subscribed: asyncio.Event) -> None:
        frames = Frames()
        with contextlib.suppress(OSError):
            while received := await self._reader.read(64 * 1024):
                for packet in frames.feed(received):
                    if kind(packet) == SUBACK:
                        subscribed.set()
                    elif kind(packet) == PUBLISH:
                        self._answer(*published(packet, 4)[:2])

    def _answer(self, topic: str, payload: bytes) -> None:
        try:
            request = codec.load_object(payload or b"{}")
        except WireError:
            request = {}
        now_ts = int(time.time())
        if topic.endswith("/get"):
            self._publish_answers([self.shadow.get(request, now_ts)])
        else:
            self._publish_answers(self.shadow.update(request, now_ts))

    def _publish_answers(self, messages: list[tuple[str, JsonDict]]) -> None:
        for suffix, document in messages:
            self._publish(self._topics.shadow(suffix), codec.encode(document))
        self._changed.set()
        self._changed = asyncio.Event()

    def _publish(self, topic: str, payload: bytes) -> None:
        self._packet_id = self._packet_id % 65_535 + 1
        self._writer.write(publish(topic, payload, packet_id=self._packet_id))
