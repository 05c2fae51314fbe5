"""Which rows go as one message, and how long they wait for one another."""

from __future__ import annotations

import pytest

from contracts.wire import codec
from contracts.wire.telemetry_batch import BATCH_MAX_ROWS, read_batch
from tests.support.telemetry_rows import TOPIC, VEN, row, seqs_of
from ven_twin.ven.mqtt.batching import AT_ONCE, BATCH_MAX_BYTES, TELEMETRY, Pace, Waiting, parcels
from ven_twin.ven.storage.rows import OutboxRow

PEACE = Pace(batches=True, wait_s=240.0)


def stored(*seqs: int, **fields: object) -> list[OutboxRow]:
    """Rows as the outbox has them, numbered alike."""
    return [OutboxRow(seq, TELEMETRY, TOPIC, codec.encode(row(seq, **fields))) for seq in seqs]


def test_rows_become_one_message_that_stands_for_each() -> None:
    """The cloud reads of a batch what it would have read of its rows; of circuits their power."""
    (batch,) = parcels(stored(*range(1, 9)))
    assert batch.row_ids == tuple(range(1, 9))
    assert (batch.kind, batch.topic) == (TELEMETRY, TOPIC)
    read = read_batch(batch.payload, ven_id=VEN)
    assert [read.row(place) for place in range(8)] == [row(seq, circuits=()) for seq in range(1, 9)]
    assert read.samples.circuits_kw["hvac1"] == tuple(0.125 * seq for seq in range(1, 9))


def test_a_row_alone_goes_as_it_is() -> None:
    """Nothing is gained by a batch of one, and its circuits would be less."""
    (only,) = parcels(stored(7))
    assert (only.row_ids, only.payload) == ((7,), codec.encode(row(7)))


def test_a_message_stays_below_what_is_metered_as_one() -> None:
    """The backlog of a house with ten circuits is cut into messages of 5 KB at most, none of them small."""
    sent = parcels(stored(*range(1, 241)))
    sizes = [len(parcel.payload) + len(parcel.topic) for parcel in sent]
    assert max(sizes) <= BATCH_MAX_BYTES
    assert min(len(parcel.row_ids) for parcel in sent[:-1]) >= 25
    assert [seq for parcel in sent for seq in seqs_of(parcel.payload)] == list(range(1, 241))


def test_a_broker_that_takes_less_gets_smaller_messages() -> None:
    """The broker's own packet limit counts for a batch, too."""
    sent = parcels(stored(*range(1, 9)), payload_max=lambda _: 1000)
    assert all(len(parcel.payload) <= 1000 for parcel in sent if len(parcel.row_ids) > 1)
    assert max(len(parcel.row_ids) for parcel in sent) > 1


def test_other_messages_stay_by_themselves_in_their_order() -> None:
    """An ack between rows is no part of a batch, and a message has the place of its first row."""
    ack, snapshot = OutboxRow(3, "ack", "ven/ack/ven-1", b"{}"), OutboxRow(6, "loads", "ven/loads/ven-1", b"")
    sent = parcels([*stored(1, 2), ack, *stored(4, 5), snapshot])
    assert [parcel.row_ids for parcel in sent] == [(1, 2, 4, 5), (3,), (6,)]
    assert sent[1].payload == b"{}"


def test_rows_that_go_alone_do_so() -> None:
    """A row under suspicion is in no batch; the rows around it are."""
    assert [parcel.row_ids for parcel in parcels(stored(1, 2, 3, 4), alone={2})] == [(1, 3, 4), (2,)]


def test_a_row_that_cannot_be_read_goes_alone() -> None:
    """What an older release or a damaged program wrote is the cloud's to judge."""
    odd = OutboxRow(2, TELEMETRY, TOPIC, b'{"seq": "x"}')
    assert [parcel.row_ids for parcel in parcels([*stored(1), odd, *stored(3)])] == [(1, 3), (2,)]


def test_rows_of_two_runs_are_two_messages() -> None:
    """A batch has one boot."""
    rows = [*stored(1, 2), *stored(3, 4, boot_id="b2")]
    assert [parcel.row_ids for parcel in parcels(rows)] == [(1, 2), (3, 4)]


def test_the_first_row_of_a_connection_does_not_wait() -> None:
    """The cloud sees at once that the VEN is back; what comes then waits."""
    waiting = Waiting(PEACE).connected()
    assert not waiting.holds
    assert waiting.counted(3, 100.0).due_s(3) == 100.0
    assert not waiting.sent().holds
    assert waiting.sent().drained().holds
    assert not waiting.drained().holds


def test_rows_wait_until_the_oldest_has_waited_long_enough() -> None:
    """Later rows do not put the time off."""
    waiting = Waiting(PEACE).sent().drained().counted(1, 100.0).counted(5, 220.0)
    assert waiting.due_s(5) == 340.0
    assert waiting.let_go().due_s(0) is None


@pytest.mark.parametrize("pace", [AT_ONCE, PEACE.at_once()])
def test_at_full_rate_nothing_waits(pace: Pace) -> None:
    """What has waited when peace ends is due at once."""
    waiting = Waiting(pace, heard=True)
    assert not waiting.holds
    assert waiting.counted(1, 100.0).due_s(1) == 100.0


def test_a_full_batch_does_not_wait() -> None:
    """Nothing is gained by waiting for a row that does not fit in."""
    waiting = Waiting(PEACE).sent().drained().counted(BATCH_MAX_ROWS, 100.0)
    assert waiting.due_s(BATCH_MAX_ROWS) == 100.0
