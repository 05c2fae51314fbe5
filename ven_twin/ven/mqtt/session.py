"""The MQTT session: connect, subscribe, serve, and after a loss decide on the next connection.

    stopped ──run──▶ connecting ──CONNACK, SUBACK──▶ connected
                      ▲   ▲  │                           │
          after a     │   │  └──────────── Loss ─────────┤
          delay       │   └── renewed: at once ──────────┤
                      │                                  ▼
                   backoff, refused ◀──── any other ── _after ──── stopped ──▶ stopped
                                                         └── taken over ─────▶ duplicate_client

| loss | next state | delay |
|---|---|---|
| stopped | stopped | none: `run` ends |
| renewed | connecting | none: with the new certificate |
| taken over, or the pattern of it (guard 13) | duplicate_client | none: `run` ends |
| refused (guard 14) | refused | 10 to 300 s: someone has to change something |
| any other, also what the system refuses | backoff | 1 to 64 s, full jitter (guard 5) |

Guards that live elsewhere: 1 ``outbox``; 3, 4, 12, 15 ``outbox_pump``; 5, 13 ``backoff``; 10, 11 ``inbox``;
2, 6 to 9, 16 ``gmqtt_link``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from sqlite3 import Connection

from ven_twin.ven.errors import IdentityError
from ven_twin.ven.identity.identity_files import Identity, credentials
from ven_twin.ven.mqtt.backoff import TAKEOVER_LIMIT, Backoff, TakeoverWatch
from ven_twin.ven.mqtt.batching import Pace
from ven_twin.ven.mqtt.connect_gate import ConnectGate
from ven_twin.ven.mqtt.gmqtt_link import ALPN, GmqttLink, or_lose, watch
from ven_twin.ven.mqtt.inbox import Inbox, OnMessage, Subscriptions, or_log
from ven_twin.ven.mqtt.outbox_pump import OutboxPump
from ven_twin.ven.mqtt.reason_codes import Loss, LossKind, Protocol, transport_loss
from ven_twin.ven.mqtt.send_window import unsendable
from ven_twin.ven.mqtt.session_status import SessionState, SessionStatus
from ven_twin.ven.storage.outbox import Outbox
from ven_twin.ven.storage.rows import Message

CONNECT_TIMEOUT_S = 10.0
PUBACK_TIMEOUT_S = 30.0
HANDLERS_TIMEOUT_S = 2.0
RENEW_DRAIN_S = 2.0
REFUSED_FLOOR_S = 10.0
REFUSED_CAP_S = 300.0
OnConnected = Callable[[bool], Awaitable[None]]

logger = logging.getLogger(__name__)


class MqttSession:
    """Keeps a VEN connected, subscribed and heard: ``run`` it in a task, ``publish`` when you like, ``stop``.

    Messages reach *on_message* one at a time, in the order in which they arrived, and are acknowledged when
    it returns; it therefore must not wait for another message. They may come more than once, and before
    *on_connected*, which is told whether the broker still had the session. Neither ends the session by
    raising. Everything runs in one event loop; the caller closes the outbox after ``stop``.

    Raises:
        ValueError: more than eight subscriptions.
    """

    def __init__(  # noqa: PLR0917 - the order in which one says it: where, who, what, and to whom
        self,
        endpoint: str,
        port: int,
        identity: Identity,
        client_id: str,
        subscriptions: Sequence[str],
        outbox: Outbox,
        on_message: OnMessage,
        on_connected: OnConnected,
        *,
        rng: random.Random,
        keepalive_s: int = 60,
        protocol: Protocol = "5",
        session_expiry_s: int = 3600,
        takeover_limit: int | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        puback_timeout_s: float = PUBACK_TIMEOUT_S,
        gate: ConnectGate | None = None,
        rule_topics: Mapping[str, str] | None = None,
    ) -> None:
        self._gate = ConnectGate() if gate is None else gate
        self._endpoint, self._port = endpoint, port
        self._identity, self._client_id = identity, client_id
        self._outbox, self._subscriptions = outbox, Subscriptions(subscriptions, outbox)
        self._inbox = Inbox(on_message)
        self._on_connected = on_connected
        self._keepalive_s = keepalive_s
        self._protocol: Protocol = protocol
        self._session_expiry_s = session_expiry_s
        self._connect_timeout_s = connect_timeout_s
        self._puback_timeout_s = puback_timeout_s
        self._backoff = Backoff(rng)
        self._slow_backoff = Backoff(rng, cap_s=REFUSED_CAP_S, floor_s=REFUSED_FLOOR_S, first_exponent=4)
        self._takeovers = TakeoverWatch(
            TAKEOVER_LIMIT[protocol] if takeover_limit is None else takeover_limit
        )
        self._pump = OutboxPump(outbox, self._notify, rule_topics or {})
        self._link: GmqttLink | None = None
        self._stop, self._hurry, self._changed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._drains = False
        self._finished = asyncio.Event()
        self._finished.set()
        self._status = SessionStatus(SessionState.STOPPED, time.time(), reason="not started")

    @property
    def status(self) -> SessionStatus:
        """The status of the session."""
        puback_s = self._pump.last_puback_s
        return replace(
            self._status,
            last_puback_age_s=None if puback_s is None else time.monotonic() - puback_s,
            in_flight=self._pump.in_flight,
            outbox_depth=self._outbox.depth,
        )

    async def until(self, reached: Callable[[SessionStatus], bool]) -> SessionStatus:
        """Wait for a status; it is checked whenever the state, the outbox or the window changes."""
        while not reached(self.status):
            await self._changed.wait()
        return self.status

    def publish(self, kind: str, topic: str, payload: bytes) -> int | None:
        """Put a message in the outbox and on its way; None when the outbox shed it or the disk is full."""
        row_ids = self.publish_all([Message(kind, topic, payload)])
        return row_ids[0] if row_ids else None

    def publish_all(
        self,
        messages: Sequence[Message],
        *,
        also: Callable[[Connection], object] | None = None,
        durable: bool = False,
    ) -> list[int | None] | None:
        """As `publish`, all of it in one transaction with *also*; None when the disk took nothing of it."""
        row_ids = self._outbox.put_all(messages, also=also, durable=durable)
        self._pump.wake()
        self._notify()
        return row_ids

    def keep_pace(self, pace: Pace) -> None:
        """Send telemetry at *pace* from now on; of a session that drains nothing waits."""
        self._pump.keep_pace(pace.at_once() if self._drains else pace)

    def hurry(self) -> None:
        """Send now the telemetry that waits."""
        self._pump.hurry()

    async def publish_now(self, topic: str, payload: bytes, qos: int = 1) -> bool:
        """Send ahead of the outbox and keep nothing; True once written, False when it cannot be sent."""
        if self._status.state is not SessionState.CONNECTED or self._stop.is_set():
            return False  # guard 15: gmqtt raises AttributeError here
        objection = unsendable(topic, payload)
        if objection is not None:
            logger.warning("message to %s not sent: %s", topic, objection)
            return False
        return await self._pump.send_now(topic, payload, qos)

    async def run(self) -> None:
        """Connect, and connect again, until stopped, cancelled or displaced by a client of the same id."""
        self._finished.clear()
        try:
            while not self._stop.is_set():
                delay_s = await self._one_connection()
                if delay_s is None:
                    return
                await self._pause(delay_s)
        finally:
            self._pump.connection_lost(by_peer=False)  # again, for when this was cancelled
            if self._status.state is not SessionState.DUPLICATE_CLIENT:
                self._enter(SessionState.STOPPED, "stopped")
            await self._inbox.finish(HANDLERS_TIMEOUT_S)
            self._finished.set()

    @contextlib.asynccontextmanager
    async def running(self, drain_s: float) -> AsyncIterator[asyncio.Task[None]]:
        """Run in a task while the block lasts, then `stop`; its errors are raised at the end of the block."""
        task = asyncio.create_task(self.run())
        try:
            yield task
        finally:
            try:
                await self.stop(drain_s)
            except BaseException:  # the stopping was cut short
                task.cancel()
                raise
            finally:
                await asyncio.wait({task})
        task.result()

    async def _pause(self, delay_s: float) -> None:
        """Wait before the next attempt, unless told to stop or to hurry."""
        self._hurry.clear()
        waits = [asyncio.ensure_future(event.wait()) for event in (self._stop, self._hurry)]
        try:
            await asyncio.wait(waits, timeout=delay_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def stop(self, drain_s: float) -> None:
        """Let the outbox drain for at most *drain_s* while there is a connection, then disconnect and end."""
        self._drains = True
        self.keep_pace(self._pump.pace)
        live = (SessionState.CONNECTING, SessionState.CONNECTED)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_s):
                await self.until(lambda s: not s.outbox_depth or s.state not in live)
        self._stop.set()
        if self._link is not None:
            self._link.lose(Loss(LossKind.STOPPED, "stopped"))
        await self._finished.wait()

    async def renew(self) -> None:
        """Leave the connection and open another at once, with the certificate that the identity has by now.

        What is in flight is waited for, so that little is sent twice; the outbox keeps the rest.
        """
        link = self._link
        if link is None or self._status.state is not SessionState.CONNECTED:
            return  # the next attempt will use it
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RENEW_DRAIN_S):
                await self.until(lambda s: not s.in_flight or s.state is not SessionState.CONNECTED)
        link.lose(Loss(LossKind.RENEWED, "connecting with a new certificate"))

    def retry(self) -> None:
        """Do not wait any longer before the next attempt to connect."""
        self._hurry.set()

    async def _one_connection(self) -> float | None:
        """Connect and serve until the connection is lost; how long to wait now, None to end."""
        self._enter(SessionState.CONNECTING, self._status.reason)
        link = self._link = GmqttLink(
            self._client_id, self._protocol, self._session_expiry_s, self._inbox.deliver, self._pump
        )
        try:
            async with self._gate.turn(link.lost) as is_ours:
                if is_ours:
                    await self._open(link)
            if not link.lost.done():
                self._status = replace(self._status, connects=self._status.connects + 1)
                await self._serve(link)
        except IdentityError as error:
            link.lose(Loss(LossKind.REFUSED, str(error)))
        except OSError as error:  # no descriptor, no disk, no memory: now, and not for ever
            link.lose(transport_loss(error, connected=False))
        finally:
            self._link = None
            await link.close()
        return self._after(link.lost.result(), link.stood_s())

    async def _open(self, link: GmqttLink) -> None:
        """Open the connection with the certificate of now."""
        context, certificate_id = credentials(self._identity, alpn=ALPN.get(self._port, ()))
        self._status = replace(self._status, certificate_id=certificate_id)
        await link.open(
            self._endpoint, self._port, context, self._keepalive_s, timeout_s=self._connect_timeout_s
        )

    async def _serve(self, link: GmqttLink) -> None:
        objection, self._status = None, replace(self._status, reason=None)
        if self._subscriptions.missing(session_present=link.session_present):
            objection = await self._subscriptions.subscribe(link)
        if link.lost.done():
            return
        self._status = replace(self._status, failed_attempts=0)
        self._enter(SessionState.CONNECTED, objection)
        logger.info("connected to %s as %s", self._endpoint, self._client_id)
        watching = watch(link, self._pump, self._puback_timeout_s)
        announcing = or_log("on_connected", self._on_connected(link.session_present))
        work = (self._pump.run(link), watching, announcing)
        tasks = [asyncio.ensure_future(or_lose(link, coroutine)) for coroutine in work]
        try:
            await asyncio.wait({link.lost})
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _after(self, loss: Loss, stood_s: float | None) -> float | None:
        """Count a loss and decide by the table above: the delay before the next attempt, None to end."""
        if self._pump.connection_lost(by_peer=loss.kind is LossKind.CLOSED):
            self._takeovers.exonerate()
        if loss.kind is LossKind.STOPPED:
            return None
        if loss.kind is LossKind.RENEWED:
            self._enter(SessionState.CONNECTING, loss.reason)
            return 0.0
        self._status = self._status.after_loss(stood=stood_s is not None)
        if stood_s is not None:
            self._backoff.connection_stood(stood_s)
            self._slow_backoff.connection_stood(stood_s)
        duplicate = self._takeovers.verdict(loss, stood_s)
        if duplicate is not None:  # guard 13: stop and say so
            reason = f"another client uses the id {self._client_id!r}: {duplicate}; stop one of them"
            self._enter(SessionState.DUPLICATE_CLIENT, reason)
            logger.error("not connecting again: %s", reason)
            return None
        refused = loss.kind is LossKind.REFUSED  # guard 14: logged, and tried again, slowly
        delay_s = (self._slow_backoff if refused else self._backoff).next_delay_s()
        self._enter(SessionState.REFUSED if refused else SessionState.BACKOFF, loss.reason)
        logger.warning("%s; connecting again in %.1f s", loss.reason, delay_s)
        return delay_s

    def _enter(self, state: SessionState, reason: str | None) -> None:
        self._status = self._status.entered(state, reason, time.time())
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
