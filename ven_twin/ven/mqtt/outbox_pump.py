"""From the outbox through the send window to the wire and, by PUBACK, out of the outbox."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from contracts.wire.telemetry_batch import BATCH_MAX_ROWS
from ven_twin.ven.mqtt.basic_ingest import BasicIngest
from ven_twin.ven.mqtt.batching import TELEMETRY, Pace, Parcel, Waiting, parcels
from ven_twin.ven.mqtt.reason_codes import NOT_AUTHORIZED, describe, is_refusal, is_retryable
from ven_twin.ven.mqtt.send_window import InFlight, SendWindow, payload_max_bytes, unsendable
from ven_twin.ven.storage.outbox import Outbox

RETRY_PAUSE_S = 1.0
_REFUSALS_MAX = 5
_SUSPECT_LOSSES_MAX = 5
_SUSPECT_WITHIN_S = 2.0
_ROWS_AT_ONCE = 4 * BATCH_MAX_ROWS
"""Rows of a backlog that are read at a time, where they go in batches."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Urgent:
    topic: str
    payload: bytes
    qos: int
    sent: asyncio.Future[bool]


class Wire(Protocol):
    """The connection as the pump uses it."""

    @property
    def receive_maximum(self) -> int | None:
        """The number of unacknowledged messages that the broker takes, if it said so."""

    @property
    def packet_max_bytes(self) -> int | None:
        """The largest packet that the broker takes, if it said so."""

    def send(self, topic: str, payload: bytes, qos: int) -> int | None:
        """Write a PUBLISH; its packet id, None for QoS 0."""


class OutboxPump:
    """Sends what waits as far as the window allows, and settles each message by its PUBACK.

    Telemetry may wait for more of it, by its `Pace`; a PUBACK settles all rows of a batch.

    A row whose sending ends the connection again and again is sent alone, and put aside after five times
    (guard 12): the rows behind it are not to wait for ever. So the rows of a batch are sent one by one, when
    the connection ended as it was sent or it was refused.

    *rule_topics* are topics of Basic Ingest by the usual ones, see `ven_twin.ven.mqtt.basic_ingest`.
    """

    def __init__(
        self, outbox: Outbox, on_progress: Callable[[], None], rule_topics: Mapping[str, str] | None = None
    ) -> None:
        self._outbox = outbox
        self._on_progress = on_progress
        self._window = SendWindow()
        self._waiting = Waiting()
        self._basic_ingest = BasicIngest(rule_topics or {})
        self._urgent: deque[_Urgent] = deque()
        self._wake = asyncio.Event()
        self._not_before_s = 0.0
        self._refusals: Counter[int] = Counter()
        self._suspect: int | None = None
        self._suspect_losses = 0
        self._one_at_a_time = False
        self._alone: set[int] = set()
        self.last_puback_s: float | None = None

    @property
    def in_flight(self) -> int:
        """Messages sent and not yet acknowledged."""
        return len(self._window)

    @property
    def unacked_since_s(self) -> float | None:
        """Send time of the oldest message in flight, by the monotonic clock."""
        return None if self._window.oldest is None else self._window.oldest.sent_at_s

    @property
    def pace(self) -> Pace:
        """The pace at which telemetry goes out."""
        return self._waiting.pace

    def wake(self) -> None:
        """Look at the outbox now."""
        self._wake.set()

    def keep_pace(self, pace: Pace) -> None:
        """Send telemetry at *pace* from now on; what has waited for longer goes now."""
        if pace != self._waiting.pace:
            self._waiting = replace(self._waiting, pace=pace)
            self.wake()

    def hurry(self) -> None:
        """Send now what waits."""
        if self._outbox.waiting:
            self._let_go()
            self.wake()

    async def run(self, wire: Wire) -> None:
        """Send until cancelled; idle, it waits for ``wake`` and does nothing else."""
        self.begin(wire)
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            resume_at_s = self.send_what_may_go(wire)
            delay_s = None if resume_at_s is None else max(0.0, resume_at_s - time.monotonic())
            timer = None if delay_s is None else loop.call_later(delay_s, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                if timer is not None:
                    timer.cancel()

    def begin(self, wire: Wire) -> None:
        """Begin on a new connection: nothing is under way, and what has waited goes at once."""
        self._window.reopen(wire.receive_maximum)
        self._waiting, self._basic_ingest = self._waiting.connected(), self._basic_ingest.connected()

    async def send_now(self, topic: str, payload: bytes, qos: int) -> bool:
        """Send ahead of the outbox, within the window; False when the connection went before it could go."""
        urgent = _Urgent(topic, payload, qos, asyncio.get_running_loop().create_future())
        self._urgent.append(urgent)
        self.wake()
        return await urgent.sent

    def puback(self, packet_id: int, code: int) -> None:
        """Settle a message: delete, retry or put aside, as the reason code says (guards 1, 4)."""
        message = self._window.acked(packet_id)
        if message is None:
            return
        self.last_puback_s = time.monotonic()
        if message.row_ids:
            self._settle(message, code)
        elif is_refusal(code):
            logger.warning("publish to %s refused: %s", message.topic, describe(code))
        self.wake()
        self._on_progress()

    def connection_lost(self, *, by_peer: bool) -> bool:
        """Take everything out of flight; True when a message was put aside as the likely cause."""
        convicted = self._suspicion(by_peer=by_peer)
        self._window.reopen(None)
        self._outbox.release()
        while self._urgent:
            sent = self._urgent.popleft().sent
            if not sent.done():
                sent.set_result(False)
        return convicted

    def _suspicion(self, *, by_peer: bool) -> bool:
        oldest = self._window.oldest
        if not by_peer or oldest is None or time.monotonic() - oldest.sent_at_s > _SUSPECT_WITHIN_S:
            return False
        self._one_at_a_time = True
        if not oldest.row_ids:
            return False
        if self._basic_ingest.uses(oldest.topic):
            self._by_rules(self._basic_ingest.lost(oldest.topic), "the connection ended as one was sent")
        if len(oldest.row_ids) > 1:
            self._alone.update(oldest.row_ids)
            return False
        (row_id,) = oldest.row_ids
        self._suspect_losses = self._suspect_losses + 1 if row_id == self._suspect else 1
        self._suspect = row_id
        if self._suspect_losses < _SUSPECT_LOSSES_MAX:
            return False
        self._put_aside(
            row_id, oldest.topic, f"the connection ended {self._suspect_losses} times as it was sent"
        )
        self._suspect = None
        return True

    def send_what_may_go(self, wire: Wire) -> float | None:
        """Fill the window; when to look again, or None when an event will say so."""
        while True:
            now_s = time.monotonic()
            if now_s < self._not_before_s:
                return self._not_before_s
            room = self._window.room(now_s)
            if self._one_at_a_time:
                room = min(room, 1 - len(self._window))
            if room <= 0:
                return self._window.opens_at_s()
            if self._urgent:
                self._send_urgent(wire, self._urgent.popleft(), now_s)
                continue
            passed_over = self._outbox.waiting
            ready = self._ready(wire, room)
            for parcel in ready:
                self._send_parcel(wire, parcel, now_s)
            if not ready:
                self._waiting = self._waiting.drained()
            self._waiting = self._waiting.counted(self._outbox.waiting, now_s)
            due_s = self._waiting.due_s(self._outbox.waiting)
            if due_s is not None and due_s <= now_s:
                self._let_go()
            elif not ready and self._outbox.waiting == passed_over:
                return due_s

    def _let_go(self) -> None:
        self._outbox.let_go()
        self._waiting = self._waiting.let_go()

    def _ready(self, wire: Wire, room: int) -> list[Parcel]:
        """The next messages out of the outbox, no more than there is *room* for."""
        waiting = self._waiting
        limit = min(room * BATCH_MAX_ROWS, _ROWS_AT_ONCE) if waiting.pace.batches else room
        rows = self._outbox.window(limit, without=TELEMETRY if waiting.holds else None)
        if not waiting.pace.batches:
            return [Parcel.of(row) for row in rows]
        ready = parcels(rows, self._alone, partial(payload_max_bytes, packet_max_bytes=wire.packet_max_bytes))
        for parcel in ready[room:]:
            for row_id in parcel.row_ids:
                self._outbox.release(row_id)
        return ready[:room]

    def _send_urgent(self, wire: Wire, urgent: _Urgent, now_s: float) -> None:
        if urgent.sent.done():  # its sender no longer waits
            return
        packet_id = wire.send(urgent.topic, urgent.payload, urgent.qos)
        self._window.sent(packet_id, InFlight((), urgent.topic, now_s))
        urgent.sent.set_result(True)

    def _send_parcel(self, wire: Wire, parcel: Parcel, now_s: float) -> None:
        topic = self._basic_ingest.topic(parcel.topic)
        objection = unsendable(topic, parcel.payload, wire.packet_max_bytes)
        if objection is not None:
            self._refused(parcel.row_ids, topic, objection)
            return
        packet_id = wire.send(topic, parcel.payload, 1)
        self._window.sent(packet_id, InFlight(parcel.row_ids, topic, now_s))
        if parcel.kind == TELEMETRY:
            self._waiting = self._waiting.sent()

    def _settle(self, message: InFlight, code: int) -> None:
        self._alone = {row_id for row_id in self._alone if row_id > message.row_ids[-1]}  # others were shed
        self._one_at_a_time = bool(self._alone)
        if self._suspect in message.row_ids:
            self._suspect = None
        if not is_refusal(code):
            self._basic_ingest = self._basic_ingest.acked(message.topic)
            for row_id in message.row_ids:
                self._refusals.pop(row_id, None)
                self._outbox.acked(row_id)
            return
        if code == NOT_AUTHORIZED and self._basic_ingest.uses(message.topic):
            self._by_rules(self._basic_ingest.refused(message.topic), describe(code))
            self._release(message.row_ids)
            return
        first = message.row_ids[0]
        self._refusals[first] += 1
        refusals = self._refusals[first]
        if is_retryable(code) and refusals < _REFUSALS_MAX:
            self._release(message.row_ids)
            self._not_before_s = time.monotonic() + RETRY_PAUSE_S * 2 ** (refusals - 1)
            return
        self._refused(message.row_ids, message.topic, f"the broker refused it: {describe(code)}")

    def _refused(self, row_ids: tuple[int, ...], topic: str, reason: str) -> None:
        """Put the row that cannot be sent aside; of several each is sent by itself, to tell which."""
        self._refusals.pop(row_ids[0], None)
        if len(row_ids) == 1:
            self._put_aside(row_ids[0], topic, reason)
            return
        self._alone.update(row_ids)
        self._release(row_ids)

    def _release(self, row_ids: tuple[int, ...]) -> None:
        for row_id in row_ids:
            self._outbox.release(row_id)

    def _by_rules(self, basic_ingest: BasicIngest, reason: str) -> None:
        """Go on with *basic_ingest*; say so when that ends it."""
        if self._basic_ingest.topics and not basic_ingest.topics:
            logger.warning("publishing without Basic Ingest from now on: %s", reason)
        self._basic_ingest = basic_ingest

    def _put_aside(self, row_id: int, topic: str, reason: str) -> None:
        self._refusals.pop(row_id, None)
        self._alone.discard(row_id)
        self._outbox.quarantine(row_id, reason)
        logger.warning("message %d to %s put aside: %s", row_id, topic, reason)
        self._on_progress()
