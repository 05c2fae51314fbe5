"""Batches on the wire: what waits, what goes together, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from contracts.wire.telemetry_batch import BATCH_MAX_ROWS
from tests.support.telemetry_rows import TOPIC, put, seqs_of
from ven_twin.ven.mqtt import outbox_pump
from ven_twin.ven.mqtt.batching import Pace
from ven_twin.ven.mqtt.outbox_pump import OutboxPump
from ven_twin.ven.storage.outbox import Outbox

PEACE = Pace(batches=True, wait_s=240.0)
BY_RULE = "$aws/rules/ven_twin_dev_telemetry/ven/telemetry/ven-1"
NOT_AUTHORIZED, QUOTA, BAD_PAYLOAD = 0x87, 0x97, 0x99


class Link:
    """A pump with a broker that keeps what it gets, on a clock that is set."""

    def __init__(self, outbox: Outbox, monkeypatch: pytest.MonkeyPatch, **options: object) -> None:
        self.outbox, self.now_s = outbox, 1000.0
        self.receive_maximum = self.packet_max_bytes = None
        self.sent: list[tuple[str, bytes]] = []
        self.unacked: list[int] = []
        self._packets = count(1)
        monkeypatch.setattr(outbox_pump.time, "monotonic", lambda: self.now_s)
        self.pump = OutboxPump(outbox, lambda: None, **options)
        self.pump.keep_pace(PEACE)
        self.pump.begin(self)

    def send(self, topic: str, payload: bytes, qos: int) -> int | None:  # noqa: ARG002
        """Take a message."""
        self.sent.append((topic, payload))
        self.unacked.append(next(self._packets))
        return self.unacked[-1]

    def step(self, after_s: float = 0.0) -> float | None:
        """Let time pass, and the pump work; when it is due again."""
        self.now_s += after_s
        return self.pump.send_what_may_go(self)

    def ack(self, code: int = 0) -> None:
        """Acknowledge the oldest message under way, and let the pump work."""
        self.pump.puback(self.unacked.pop(0), code)
        self.step()

    def lose(self) -> None:
        """The broker ends the connection; there is another at once."""
        self.pump.connection_lost(by_peer=True)
        self.unacked.clear()
        self.pump.begin(self)
        self.step(1.0)

    @property
    def rows(self) -> list[list[int]]:
        """The rows of each message of telemetry."""
        return [seqs_of(payload) for topic, payload in self.sent if topic.endswith(TOPIC)]

    def heard(self) -> None:
        """A first row was sent and acknowledged, so that the next may wait."""
        put(self.outbox, 0)
        self.step()
        self.ack()
        self.sent.clear()


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    """An outbox in memory."""
    with Outbox(":memory:") as memory:
        yield memory


@pytest.fixture
def link(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> Link:
    """A connection in peace, on which a row has gone."""
    link = Link(outbox, monkeypatch)
    link.heard()
    return link


def test_in_peace_rows_go_together_when_the_oldest_has_waited(link: Link) -> None:
    """Eight rows of 30 s are one message after four minutes, and one PUBACK takes all of them out."""
    for seq in range(1, 9):
        put(link.outbox, seq)
        assert link.step(30.0) == 1270.0
    assert link.sent == []
    link.step(30.0)
    assert link.rows == [list(range(1, 9))]
    assert link.outbox.depth == 8
    link.ack()
    assert link.outbox.depth == 0


def test_acks_overtake_the_rows_that_wait(link: Link) -> None:
    """An event's ack waits for no telemetry, however many rows there are before it."""
    put(link.outbox, *range(1, 40))
    link.outbox.put("event", "ven/ack/ven-1", b"ack")
    link.step()
    assert link.sent == [("ven/ack/ven-1", b"ack")]


def test_when_peace_ends_what_waits_goes_and_then_each_row(link: Link) -> None:
    """From 15 min before an event on each row is a message, at once."""
    put(link.outbox, 1, 2)
    link.step()
    link.pump.keep_pace(PEACE.at_once())
    link.step()
    put(link.outbox, 3)
    link.step()
    assert link.rows == [[1, 2], [3]]


def test_what_is_announced_sends_what_waits(link: Link) -> None:
    """A hurry sends the rows so far, and those after it wait their time."""
    put(link.outbox, 1, 2)
    link.step()
    link.pump.hurry()
    put(link.outbox, 3)
    assert link.step(100.0) == 1340.0
    assert link.rows == [[1, 2]]


def test_as_many_rows_as_a_batch_has_do_not_wait(link: Link) -> None:
    """At a row a second a minute is all that waits."""
    put(link.outbox, *range(1, BATCH_MAX_ROWS), interval_s=1)
    link.step()
    assert link.rows == []
    put(link.outbox, BATCH_MAX_ROWS, interval_s=1)
    link.step()
    assert [seq for rows in link.rows for seq in rows] == list(range(1, BATCH_MAX_ROWS + 1))
    assert len(link.rows) <= 3


def test_a_backlog_goes_at_once_in_few_messages(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day without a connection is 2,880 rows, and at most 100 messages."""
    put(outbox, *range(2880))
    link = Link(outbox, monkeypatch)
    while outbox.depth:
        link.step(1.0)
        while link.unacked:
            link.ack()
    assert [seq for rows in link.rows for seq in rows] == list(range(2880))
    assert len(link.sent) <= 100


def test_without_batches_each_row_is_the_message_of_before(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Consumers that know no batches get none, not even of a backlog."""
    link = Link(outbox, monkeypatch)
    link.pump.keep_pace(Pace())
    put(outbox, 1, 2, 3)
    link.step()
    assert link.rows == [[1], [2], [3]]


def test_the_window_counts_messages(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that takes one message at a time gets one batch, and the others in their order."""
    put(outbox, *range(100))
    link = Link(outbox, monkeypatch)
    link.receive_maximum = 3
    link.pump.begin(link)
    link.step()
    assert len(link.sent) == 1
    while outbox.depth:
        link.ack()
    assert [seq for rows in link.rows for seq in rows] == list(range(100))
    assert len(link.sent) <= 5


def test_a_row_that_ends_the_connection_is_found_in_its_batch(link: Link) -> None:
    """The rows of a batch are sent one by one, and the fifth is put aside after five losses; no other is."""
    put(link.outbox, *range(1, 9))
    link.step(0.1)
    link.step(240.0)
    assert link.rows == [list(range(1, 9))]
    losses = 0
    while link.outbox.depth:
        if 5 in link.rows[-1]:
            link.lose()
            losses += 1
        else:
            link.ack()
        assert losses < 10
    assert [aside.reason for aside in link.outbox.quarantined()] == [
        "the connection ended 5 times as it was sent"
    ]
    acked = {rows[0] for rows in link.rows if len(rows) == 1} - {5}
    assert acked == {1, 2, 3, 4, 6, 7, 8}
    assert losses == 6


def test_a_batch_that_is_refused_is_sent_row_by_row(link: Link) -> None:
    """The one row that the broker refuses is put aside, and the others arrive."""
    put(link.outbox, 1, 2, 3)
    link.step()
    link.step(240.0)
    link.ack(BAD_PAYLOAD)
    while link.outbox.depth:
        link.ack(BAD_PAYLOAD if link.rows[-len(link.unacked)] == [2] else 0)
    assert link.rows == [[1, 2, 3], [1], [2], [3]]
    assert len(link.outbox.quarantined()) == 1


def test_a_batch_that_is_put_off_is_tried_again_as_one(link: Link) -> None:
    """A quota that is over is no row's fault."""
    put(link.outbox, 1, 2, 3)
    link.step()
    link.step(240.0)
    link.ack(QUOTA)
    link.step(1.0)
    assert link.rows == [[1, 2, 3], [1, 2, 3]]


def test_rows_that_were_shed_keep_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full outbox sheds rows that wait; what is left goes on as before, in batches again."""
    with Outbox(":memory:", cap_bytes=30_000) as outbox:
        link = Link(outbox, monkeypatch)
        link.heard()
        put(outbox, *range(1, 8))
        link.step()
        link.step(240.0)
        link.lose()
        link.pump.connection_lost(by_peer=True)
        link.unacked.clear()
        put(outbox, *range(8, 60))
        link.sent.clear()
        link.pump.begin(link)
        while outbox.depth:
            link.step(1.0)
            link.ack()
        assert link.rows[-1][-1] == 59
        assert max(map(len, link.rows)) > 5


@pytest.fixture
def by_rule(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> Link:
    """A connection that may use Basic Ingest."""
    return Link(outbox, monkeypatch, rule_topics={TOPIC: BY_RULE})


def test_telemetry_goes_to_the_rule_and_the_rest_where_it_belongs(by_rule: Link) -> None:
    """Only topics that have a rule are another."""
    put(by_rule.outbox, 1)
    by_rule.outbox.put("ack", "ven/ack/ven-1", b"ack")
    by_rule.step()
    assert [topic for topic, _ in by_rule.sent] == [BY_RULE, "ven/ack/ven-1"]


def test_a_refused_rule_is_used_no_more_and_nothing_is_lost(by_rule: Link) -> None:
    """A stack whose policy does not know Basic Ingest yet gets the rows by their usual topic."""
    put(by_rule.outbox, 1)
    by_rule.step()
    by_rule.ack(NOT_AUTHORIZED)
    assert [topic for topic, _ in by_rule.sent] == [BY_RULE, TOPIC]
    by_rule.ack()
    assert (by_rule.outbox.depth, by_rule.outbox.counts.lost) == (0, 0)


def test_a_connection_that_ends_twice_over_a_rule_does_not_end_again(by_rule: Link) -> None:
    """AWS IoT ends a connection over a topic that the policy does not allow: two are enough to tell."""
    put(by_rule.outbox, 1)
    by_rule.step()
    by_rule.lose()
    by_rule.lose()
    assert [topic for topic, _ in by_rule.sent] == [BY_RULE, BY_RULE, TOPIC]
    by_rule.ack()
    assert (by_rule.outbox.depth, by_rule.outbox.counts.lost) == (0, 0)


def test_a_rule_that_has_worked_on_a_connection_is_not_suspected_of_its_end(by_rule: Link) -> None:
    """A network that breaks costs no money."""
    put(by_rule.outbox, 1)
    by_rule.step()
    by_rule.ack()
    for seq in (2, 3, 4):
        put(by_rule.outbox, seq)
        by_rule.step(240.0)
        by_rule.step()
        by_rule.lose()
        by_rule.ack()
    assert {topic for topic, _ in by_rule.sent} == {BY_RULE}


def test_a_day_of_peace_is_a_message_every_four_minutes(link: Link) -> None:
    """2,880 rows of 30 s are 360 messages at most, of eight or nine rows, each far below 5 KB."""
    for seq in range(1, 2881):
        put(link.outbox, seq)
        due_s = link.step(30.0)
        if due_s is not None and due_s < link.now_s + 30.0:
            link.step(due_s - link.now_s)
            link.now_s = 1000.0 + 30.0 * seq
        while link.unacked:
            link.ack()
    assert 320 <= len(link.sent) <= 360
    assert max(len(payload) for _, payload in link.sent) < 2000
