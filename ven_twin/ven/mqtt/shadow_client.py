"""The client of the shadow service: one update under way at a time, at most one a second."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping

from contracts.errors import OversizeError
from contracts.wire import codec
from contracts.wire.shadow import STATE_MAX_BYTES, check_state, difference
from contracts.wire.topics import Topics
from ven_twin.control.shadow_sync import ShadowCopy, one_patch, worth_saying, worth_saying_after_s

UPDATE_PERIOD_S = 1.0
HEARTBEAT_S = 15 * 60.0
ANSWER_TIMEOUT_S = 10.0
NEW_S = 5 * 60.0
"""So long after the shadow was read nothing waits: at first a VEN has more to say."""

Send = Callable[[str, bytes], Awaitable[bool]]


class ShadowClient:
    """Publishes what the VEN reports, and reads the whole shadow when it has to.

    Times are monotonic seconds. An update that is not answered in time is given up and the shadow is
    read again, so that what the service holds is known and not guessed. What a command wanted to be
    desired is sent once, and again only when no answer came. Whatever fails is tried again a period later.
    """

    def __init__(self, topics: Topics, send: Send) -> None:
        self._topics = topics
        self._send = send
        self._token: str | None = None
        self._get_token: str | None = None
        self._get_s: float | None = None
        self._read_s = self._tried_s = self._sent_s = float("-inf")
        self._desired: dict[str, object] = {}
        self._under_way: dict[str, object] = {}

    def disconnected(self) -> None:
        """Nothing that was under way will be answered."""
        self._give_up()
        self._get_s = None

    def enqueue(self, desired: Mapping[str, object]) -> None:
        """Patch the desired state with the next update: a command or a resident has changed it."""
        self._desired = one_patch(self._desired, desired)

    @property
    def pending(self) -> Mapping[str, object]:
        """The patch of the desired state that the service has not confirmed yet."""
        return one_patch(self._under_way, self._desired)

    @property
    def is_idle(self) -> bool:
        """True while no answer is waited for, and nothing is to be desired."""
        return self._token is None and not self._desired

    async def get(self, now_s: float) -> None:
        """Request the whole shadow."""
        self._get_s = self._read_s = now_s
        self._get_token = _token()
        await self._send(self._topics.shadow("get"), codec.encode({"clientToken": self._get_token}))

    def requested_s(self, document: Mapping[str, object]) -> float | None:
        """Time of the request that *document* answers; None when it answers nothing that is under way."""
        token = document.get("clientToken")
        if token is not None and token == self._get_token:
            return self._get_s
        return self._sent_s if token is not None and token == self._token else None

    def on_message(self, suffix: str, document: Mapping[str, object]) -> bool:
        """Take up a message on the topic *suffix* below ``shadow/``; True for the answer to an own update."""
        if suffix in ("get/accepted", "get/rejected"):
            self._get_s = None
        return suffix in ("update/accepted", "update/rejected") and self._on_update(document)

    def _on_update(self, document: Mapping[str, object]) -> bool:
        if self._token is None or document.get("clientToken") != self._token:
            return False
        self._token, self._under_way = None, {}
        return True

    def due_s(
        self, copy: ShadowCopy, reported: Mapping[str, object], now_s: float, *, quiet: bool = False
    ) -> float:
        """Time of the next work, monotonic s; while it is *quiet*, offers alone may wait."""
        if self._token is not None:
            return self._sent_s + ANSWER_TIMEOUT_S
        if not copy.synchronized:
            again_s = max(now_s, self._read_s + UPDATE_PERIOD_S)
            return again_s if self._get_s is None else self._get_s + ANSWER_TIMEOUT_S
        soon_s = max(now_s, self._tried_s + UPDATE_PERIOD_S)
        if self._desired:
            return soon_s
        if quiet and now_s >= self._read_s + NEW_S:
            wait_s = worth_saying_after_s(copy.reported, reported)
        else:
            wait_s = 0.0 if worth_saying(copy.reported, reported) else HEARTBEAT_S
        return max(soon_s, self._sent_s + min(wait_s, HEARTBEAT_S))

    async def sync(
        self, copy: ShadowCopy, reported: Mapping[str, object], now_s: float, *, quiet: bool = False
    ) -> float | None:
        """Publish what has changed, or read the shadow anew, when that is due at *now_s*.

        Returns the time of the next work, monotonic s, when nothing was due.
        """
        due_s = self.due_s(copy, reported, now_s, quiet=quiet)
        if now_s < due_s:
            return due_s
        if self._token is not None or not copy.synchronized:
            self._give_up()
            await self.get(now_s)
            return None
        await self.publish(copy, reported, now_s)
        return None

    async def publish(self, copy: ShadowCopy, reported: Mapping[str, object], now_s: float) -> bool:
        """Send now what of *reported* the service does not hold yet. Returns whether it was written.

        Raises:
            OversizeError: the shadow would be larger than the service takes.
        """
        self._tried_s = now_s
        _check(copy, reported)
        state: dict[str, object] = {"reported": difference(copy.reported, reported)}
        if self._desired:
            state["desired"] = self._desired
        token = _token()
        body = codec.encode({"state": state, "clientToken": token})
        if not await self._send(self._topics.shadow("update"), body):
            return False
        self._token, self._sent_s = token, now_s
        self._under_way, self._desired = self._desired, {}
        return True

    def _give_up(self) -> None:
        """Expect no answer any more; what was wanted with that update is wanted still."""
        self._token = None
        self._desired, self._under_way = one_patch(self._under_way, self._desired), {}


def _check(copy: ShadowCopy, reported: Mapping[str, object]) -> None:
    """Hold the whole document to the service's size; of its form only what is ours can be put right here."""
    check_state({"reported": reported})
    size = len(codec.encode({"reported": reported, "desired": copy.desired}))
    if size > STATE_MAX_BYTES:
        raise OversizeError("shadow state bytes", size, STATE_MAX_BYTES)


def _token() -> str:
    return secrets.token_hex(8)
