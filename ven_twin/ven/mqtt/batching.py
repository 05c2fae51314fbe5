"""Batches of telemetry: how long rows wait for one another, and which of them go as one message. Pure.

    a row comes ──▶ a pace of waiting? ──no──▶ goes at once
                          │ yes
                          ▼
                        waits ──▶ the oldest waits for `wait_s`, or a batch is full ──▶ all go, as batches
                          ▲
    a new connection ─────┘ once a row has gone on it, and all that was there: until then none waits

Other messages overtake the rows that wait. Nothing here is lost when the process ends: what waits is in the
outbox, and the next run may send it in other batches, as (venId, bootId, seq) tells rows apart.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from contracts.errors import WireError
from contracts.wire import codec
from contracts.wire.telemetry import Telemetry
from contracts.wire.telemetry_batch import BATCH_MAX_ROWS, batch_of, fitting
from ven_twin.ven.storage.rows import OutboxRow

TELEMETRY = "telemetry"
"""The kind of rows that may wait, and go in batches."""
BATCH_MAX_BYTES = 5 * 1024
"""A batch stays below, its topic with it. Source: AWS IoT Core pricing, messages are metered by 5 KB."""


class Pace(NamedTuple):
    """The way in which telemetry goes out.

    Attributes:
        batches: whether several rows may be one message.
        wait_s: so long a row may wait for others, s; 0 for none that waits.
    """

    batches: bool = False
    wait_s: float = 0.0

    def at_once(self) -> Pace:
        """The same without waiting."""
        return self._replace(wait_s=0.0)


AT_ONCE = Pace()
"""Each row by itself, as soon as it is there: for consumers that know no batches."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The rows that wait. Times are monotonic seconds.

    Attributes:
        pace: how telemetry goes out.
        begun: whether a row has gone on this connection.
        heard: whether with it all has gone that was there.
        since_s: when the oldest row that waits came; None when none waits.
    """

    pace: Pace = AT_ONCE
    begun: bool = False
    heard: bool = False
    since_s: float | None = None

    @property
    def holds(self) -> bool:
        """True when a row that comes now is to wait."""
        return self.pace.wait_s > 0 and self.heard

    def counted(self, rows: int, now_s: float) -> Waiting:
        """Take note that so many *rows* wait at *now_s*."""
        if not rows:
            return self if self.since_s is None else self.let_go()
        return self if self.since_s is not None else replace(self, since_s=now_s)

    def due_s(self, rows: int) -> float | None:
        """The time at which the *rows* that wait go, at once when it is past; None when none waits."""
        if self.since_s is None or not rows:
            return None
        return self.since_s + self.pace.wait_s if self.holds and rows < BATCH_MAX_ROWS else self.since_s

    def let_go(self) -> Waiting:
        """None waits any more."""
        return replace(self, since_s=None)

    def connected(self) -> Waiting:
        """A new connection: what has waited goes at once, and so does the first row that comes."""
        return replace(self, begun=False, heard=False)

    def sent(self) -> Waiting:
        """A row has gone on this connection."""
        return self if self.begun else replace(self, begun=True)

    def drained(self) -> Waiting:
        """All has gone that may go."""
        return replace(self, heard=True) if self.begun and not self.heard else self


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message to send, and the rows of the outbox that it stands for."""

    row_ids: tuple[int, ...]
    kind: str
    topic: str
    payload: bytes

    @classmethod
    def of(cls, row: OutboxRow) -> Self:
        """*row* as it is."""
        return cls((row.id,), row.kind, row.topic, row.payload)


def parcels(
    rows: Sequence[OutboxRow], alone: Container[int] = (), payload_max: Callable[[str], int] | None = None
) -> list[Parcel]:
    """*rows* as messages, in the order of the first row of each: telemetry in batches, all else as it is.

    Args:
        rows: of the outbox.
        alone: the ids of rows that are each a message of its own.
        payload_max: the largest payload that the broker takes on a topic, bytes.
    """
    ready: list[Parcel] = []
    runs: dict[str, list[tuple[OutboxRow, Telemetry]]] = {}
    for row in rows:
        telemetry = _read(row.payload) if row.kind == TELEMETRY and row.id not in alone else None
        if telemetry is None:
            ready.append(Parcel.of(row))
        else:
            runs.setdefault(row.topic, []).append((row, telemetry))
    for topic, run in runs.items():
        room = BATCH_MAX_BYTES - len(topic)
        ready += _batches(run, room if payload_max is None else min(room, payload_max(topic)))
    return sorted(ready, key=lambda parcel: parcel.row_ids)


def _batches(run: Sequence[tuple[OutboxRow, Telemetry]], room: int) -> Iterator[Parcel]:
    """The rows of one topic, cut into messages of *room* bytes."""
    while run:
        parcel = _first_batch(run[:BATCH_MAX_ROWS], room)
        yield parcel
        run = run[len(parcel.row_ids) :]


def _first_batch(run: Sequence[tuple[OutboxRow, Telemetry]], room: int) -> Parcel:
    """As many of the first rows as one message takes; one by itself stays as it is."""
    first, rows = run[0][0], [telemetry for _, telemetry in run]
    count = fitting(rows)
    while count > 1:
        payload = codec.encode(batch_of(rows[:count]))
        if len(payload) <= room:
            return Parcel(tuple(row.id for row, _ in run[:count]), first.kind, first.topic, payload)
        count = min(count - 1, max(1, count * room // len(payload)))
    return Parcel.of(first)


def _read(payload: bytes) -> Telemetry | None:
    """The row in *payload*; None when it is none that this release writes."""
    try:
        return codec.decode(Telemetry, payload)
    except WireError:
        return None
