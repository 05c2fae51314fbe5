"""The VEN's session with its cloud, as the runtime uses it; and that of a VEN that has no AWS.

`ven_twin.ven.mqtt.session` is the one with AWS IoT. Where a VTN of OpenADR is the only cloud, nothing goes by
MQTT: what the engine would publish goes nowhere, and only the state that it writes with it is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from sqlite3 import Connection
from typing import Protocol

from ven_twin.ven.mqtt.batching import Pace
from ven_twin.ven.mqtt.session_status import SessionState, SessionStatus
from ven_twin.ven.storage.outbox import Outbox
from ven_twin.ven.storage.rows import Message


class VenSession(Protocol):
    """The session with the cloud; what each method does stands at `MqttSession`'s."""

    @property
    def status(self) -> SessionStatus:
        """The status of the session."""
        ...

    def running(self, drain_s: float) -> AbstractAsyncContextManager[asyncio.Task[None]]:
        """Run in a task while the block lasts."""
        ...

    def publish_all(
        self,
        messages: Sequence[Message],
        *,
        also: Callable[[Connection], object] | None = None,
        durable: bool = False,
    ) -> list[int | None] | None:
        """Send messages, and write *also* with them in one transaction."""
        ...

    async def publish_now(self, topic: str, payload: bytes, qos: int = 1) -> bool:
        """Send ahead of all that waits, and keep nothing."""
        ...

    def keep_pace(self, pace: Pace) -> None:
        """Send telemetry at *pace* from now on."""
        ...

    def hurry(self) -> None:
        """Send now the telemetry that waits."""
        ...


class VtnOnlySession:
    """The session of a VEN without AWS: it sends nothing, and its status is that of the link to the VTN."""

    def __init__(self, outbox: Outbox, now_ts: Callable[[], float]) -> None:
        self._outbox, self._now_ts = outbox, now_ts
        self._status = SessionStatus(SessionState.CONNECTING, now_ts())

    @property
    def status(self) -> SessionStatus:
        """The status of the link to the VTN."""
        return self._status

    def enter(self, state: SessionState, reason: str | None) -> None:
        """Show the link in *state*, for *reason*."""
        self._status = self._status.entered(state, reason, self._now_ts())

    @contextlib.asynccontextmanager
    async def running(self, drain_s: float) -> AsyncIterator[asyncio.Task[None]]:
        """Have a task that lasts as long as the block; there is nothing to drain."""
        del drain_s
        task = asyncio.ensure_future(_for_ever())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self.enter(SessionState.STOPPED, "stopped")

    def publish_all(
        self,
        messages: Sequence[Message],
        *,
        also: Callable[[Connection], object] | None = None,
        durable: bool = False,
    ) -> list[int | None] | None:
        """Write *also*; the messages go nowhere."""
        del messages
        return self._outbox.put_all([], also=also, durable=durable)

    async def publish_now(self, topic: str, payload: bytes, qos: int = 1) -> bool:
        """Send nothing: there is nobody who would take it."""
        del topic, payload, qos
        return False

    def keep_pace(self, pace: Pace) -> None:
        """Have nothing that waits."""

    def hurry(self) -> None:
        """Have nothing that waits."""


async def _for_ever() -> None:
    await asyncio.Event().wait()
