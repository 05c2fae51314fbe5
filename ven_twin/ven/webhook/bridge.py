"""The twin's end of the webhook: moments into a file at each tick, and from there to the worker.

                 ┌─ nothing waits ◀──────────── taken ───────────────┐
    tick ──▶ waits ──▶ worker posts ──▶ 2xx ─────────────────────────┤
                 ▲          └──▶ no answer, 3xx, 5xx, 408, 425, 429 ──▶ a pause, longer each time
                 └───────────────────────────────────────────────────┘
                            └──▶ another 4xx: so `REFUSALS_MAX` times, then this one is given up

Order is kept: nothing overtakes what waits before it. The twin waits for nothing here: a tick compares a few
values, and writes when there is a moment to tell.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from contracts.wire import codec
from ven_twin.ven import clock
from ven_twin.ven.mqtt.backoff import Backoff
from ven_twin.ven.mqtt.session_status import SessionState
from ven_twin.ven.runtime import Twin
from ven_twin.ven.webhook.changes import NotifiedState, VenReading, changes_since
from ven_twin.ven.webhook.receiver import Receiver
from ven_twin.ven.webhook.store import NotificationStore, WaitingRow
from ven_twin.ven.webhook.worker import Post, PostOutcome
from ven_twin.ven.worker_process import worker_process

WORKER = "ven_twin.ven.webhook.worker"
ANSWER_S = 20.0
"""A worker that takes longer for a notification is ended: its own time-outs are of single steps."""
IDLE_S = 5.0
"""A worker that has nothing to do for so long is ended; an event's moments often come together."""
PAUSE_MAX_S = 300.0
REFUSALS_MAX = 5
"""Interpretation: a refusal may be a mistake of the receiver's that somebody is about to correct."""
AGAIN = frozenset({408, 425, 429})
"""Refusals that ask to try again. Source: RFC 9110, RFC 8470, RFC 6585."""

logger = logging.getLogger(__name__)


class WebhookBridge:
    """Tells a twin's resident for as long as `run` runs."""

    def __init__(self, twin: Twin, receiver: Receiver, store: NotificationStore) -> None:
        self._twin = twin
        self._receiver = receiver
        self._store = store
        snapshot = twin.snapshot()
        self._tariff = snapshot.tariff
        self._zone = _zone(snapshot.house.time_zone)
        self._down_ts: float | None = snapshot.now_ts
        self._notified = store.notified() or NotifiedState(
            opted_out=snapshot.state.settings.opted_out(snapshot.now_ts)
        )
        self._came = asyncio.Event()
        self._backoff = Backoff(random.Random(), cap_s=PAUSE_MAX_S)  # noqa: S311 - spreads attempts
        self._logged = ""
        self._refusals = 0
        twin.watch(self._on_tick)

    async def run(self) -> None:
        """Deliver what waits, until cancelled."""
        while True:
            self._came.clear()
            if self._store.first(clock.now_ts()) is None:
                await self._came.wait()
                continue
            try:
                why = await self._deliver()
            except (OSError, ValueError) as error:  # it cannot be started, or writes no lines
                why = f"its worker fails: {error}"
            if why is not None:
                self._say(f"{self._receiver.place} takes no notifications: {why}; {self._store.count()} wait")
                await asyncio.sleep(self._backoff.next_delay_s())

    async def _deliver(self) -> str | None:
        """Post by one worker until nothing waits for a while; the reason why that failed, or None."""
        async with worker_process(WORKER) as process:
            _write(process, codec.encode(self._receiver))
            while (row := await self._next()) is not None:
                _write(process, codec.encode(Post(id=row.id, body=bytes(row.body).decode())))
                why = self._judge(row, await _outcome(process))
                if why is not None:
                    return why
            return None

    async def _next(self) -> WaitingRow | None:
        """The next row that waits, also when it comes within `IDLE_S`; or None."""
        self._came.clear()
        row = self._store.first(clock.now_ts())
        if row is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(IDLE_S):
                    await self._came.wait()
            row = self._store.first(clock.now_ts())
        return row

    def _judge(self, row: WaitingRow, outcome: PostOutcome) -> str | None:
        """Delete a row that was taken, or that is refused too often; the reason to pause, or None."""
        status = outcome.status
        if status is not None and 200 <= status < 300:
            self._store.done(row)
            self._refusals = 0
            self._backoff = Backoff(random.Random(), cap_s=PAUSE_MAX_S)  # noqa: S311 - as above
            self._say(f"{self._receiver.place} takes notifications")
            return None
        if status is None:
            return outcome.why or "it gave no answer"
        if 300 <= status < 400:
            return f"it answers {status}, a redirect, which is not followed"
        if 400 <= status < 500 and status not in AGAIN:
            self._refusals += 1
            if self._refusals >= REFUSALS_MAX:
                logger.warning("%s refused notification %s: given up", self._receiver.place, row.id)
                self._store.done(row)
                self._refusals = 0
        return f"it answers {status}"

    def _on_tick(self) -> None:
        """Put what is owing into the file. Never raises: the twin goes on without its webhook."""
        try:
            notified, notifications = changes_since(
                self._notified, self._reading(), self._receiver.link_after_s
            )
            if notified == self._notified:
                return
            if self._store.put(notified, notifications, clock.now_ts()):
                self._notified = notified
                self._came.set()
        except Exception:
            logger.exception("the resident could not be notified")

    def _reading(self) -> VenReading:
        snapshot = self._twin.snapshot()
        state, now_ts = snapshot.state, snapshot.now_ts
        if snapshot.session.state is SessionState.CONNECTED:
            self._down_ts = None
        elif self._down_ts is None:
            self._down_ts = now_ts
        return VenReading(
            ven_id=state.ven_id,
            now_ts=now_ts,
            scheduled=state.schedule.events.values(),
            past=snapshot.engine.past,
            opt_out=state.settings.opt_out if state.settings.opted_out(now_ts) else None,
            down_ts=self._down_ts,
            zone=self._zone,
            tariff=self._tariff,
        )

    def _say(self, text: str) -> None:
        """Log *text*, unless it was the last that was logged."""
        if text != self._logged:
            self._logged = text
            logger.info("%s", text)


def _zone(name: str | None) -> ZoneInfo:
    with contextlib.suppress(ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(name or "Etc/UTC")
    return ZoneInfo("Etc/UTC")


def _write(process: asyncio.subprocess.Process, line: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    process.stdin.write(line + b"\n")


async def _outcome(process: asyncio.subprocess.Process) -> PostOutcome:
    """The worker's answer. Raises ValueError where there is none that can be read."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    try:
        async with asyncio.timeout(ANSWER_S):
            line = await process.stdout.readline()
    except TimeoutError:
        return PostOutcome(why=f"no whole answer within {ANSWER_S:.0f} s")
    try:
        return msgspec.json.decode(line, type=PostOutcome)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None


@contextlib.asynccontextmanager
async def notifying(twin: Twin, receiver: Receiver, folder: Path) -> AsyncIterator[None]:
    """Tell *receiver* what becomes of *twin*'s events for as long as the block lasts."""
    with contextlib.closing(NotificationStore(folder)) as store:
        running = asyncio.ensure_future(WebhookBridge(twin, receiver, store).run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
