"""The outbox against a plain list: whatever is put, sent, acknowledged and put back, in any order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ven_twin.ven.storage.outbox import Outbox
from ven_twin.ven.storage.rows import Message

CAP_BYTES = 6 * 70
ROW_BYTES = 64
SHED_ORDER = [("telemetry",), ("loads", "status"), ("ack", "event")]
"""Kinds that go first, then, and last; a message displaces its equals and what goes before them."""

kinds = st.sampled_from([kind for equals in SHED_ORDER for kind in equals])
messages = st.builds(
    lambda kind, size: Message(kind, "t", bytes(size)), kinds, st.sampled_from([0, 5, 6, 40, 75, 500])
)
picks = st.integers(0, 5)
steps = st.one_of(
    st.tuples(st.just("put"), st.lists(messages, max_size=4)),
    st.tuples(st.just("send"), st.integers(0, 4)),
    st.tuples(st.sampled_from(["ack", "quarantine", "release"]), picks),
    st.tuples(st.just("reconnect"), st.just(0)),
)


@dataclass
class PlainOutbox:
    """The same without a file: rows in order, and those in flight."""

    rows: dict[int, Message] = field(default_factory=dict)
    in_flight: set[int] = field(default_factory=set)
    last_id: int = 0
    shed: dict[str, int] = field(default_factory=dict)
    quarantined: int = 0

    def size_bytes(self) -> int:
        """Bytes of all rows."""
        return sum(_size_bytes(message) for message in self.rows.values())

    def put(self, message: Message, new: set[int]) -> int | None:
        """Make room for a message, if that can be; all of it or nothing."""
        excess = self.size_bytes() + _size_bytes(message) - CAP_BYTES
        order = sorted(self.rows, key=lambda row_id: (_rank(self.rows[row_id].kind), row_id))
        victims = []
        for row_id in order:
            stays = row_id in self.in_flight | new or _rank(self.rows[row_id].kind) > _rank(message.kind)
            if excess > 0 and not stays:
                victims.append(row_id)
                excess -= _size_bytes(self.rows[row_id])
        if excess > 0:
            self._count(message.kind)
            return None
        for row_id in victims:
            self._count(self.rows.pop(row_id).kind)
        self.last_id += 1
        new.add(self.last_id)
        self.rows[self.last_id] = message
        return self.last_id

    def put_all(self, together: list[Message]) -> list[int | None]:
        """Put messages one after the other; those that come together do not displace each other."""
        new: set[int] = set()
        return [self.put(message, new) for message in together]

    def send(self, limit: int) -> list[int]:
        """Hand out the oldest that are not in flight."""
        sent = [row_id for row_id in self.rows if row_id not in self.in_flight][:limit]
        self.in_flight |= set(sent)
        return sent

    def _count(self, kind: str) -> None:
        self.shed[kind] = self.shed.get(kind, 0) + 1


def _size_bytes(message: Message) -> int:
    return len(message.topic) + len(message.payload) + ROW_BYTES


def _rank(kind: str) -> int:
    return next(rank for rank, equals in enumerate(SHED_ORDER) if kind in equals)


@given(st.lists(steps, max_size=30))
def test_the_outbox_is_a_list_that_sheds_the_least_at_its_cap(script: list[tuple[str, Any]]) -> None:
    """Rows leave oldest first, once; only an ack or a reason takes one away; what is shed is counted."""
    plain = PlainOutbox()
    with Outbox(":memory:", cap_bytes=CAP_BYTES) as outbox:
        for step, detail in script:
            if step == "put":
                assert outbox.put_all(detail) == plain.put_all(detail)
            elif step == "send":
                sent = outbox.window(detail)
                assert [row.id for row in sent] == plain.send(detail)
                assert [Message(row.kind, row.topic, row.payload) for row in sent] == [
                    plain.rows[row.id] for row in sent
                ]
            elif step == "reconnect":
                outbox.release()
                plain.in_flight.clear()
            else:
                row_id = sorted(plain.rows)[detail] if detail < len(plain.rows) else 1_000
                _end(outbox, plain, step, row_id)
            counts = outbox.counts
            assert (counts.depth, counts.size_bytes) == (len(plain.rows), plain.size_bytes())
            assert (counts.shed, counts.quarantined) == (plain.shed, plain.quarantined)


def _end(outbox: Outbox, plain: PlainOutbox, step: str, row_id: int) -> None:
    """Acknowledge a row, quarantine it or put it back; of one that waits nothing changes."""
    in_flight = row_id in plain.in_flight
    if step == "ack":
        outbox.acked(row_id)
    elif step == "release":
        outbox.release(row_id)
    elif in_flight:
        outbox.quarantine(row_id, "bad")
        plain.quarantined += 1
    plain.in_flight.discard(row_id)
    if in_flight and step != "release":
        del plain.rows[row_id]
