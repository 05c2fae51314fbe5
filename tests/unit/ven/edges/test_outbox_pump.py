"""What goes to the wire, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from tests.support.waiting import GIVE_UP_S
from ven_twin.ven.mqtt.outbox_pump import OutboxPump
from ven_twin.ven.mqtt.send_window import unsendable
from ven_twin.ven.storage.outbox import Outbox


class FakeWire:
    """Takes what is sent and hands out packet ids."""

    def __init__(self) -> None:
        self.receive_maximum: int | None = None
        self.packet_max_bytes: int | None = None
        self.sent: list[bytes] = []
        self.arrived = asyncio.Event()

    def send(self, topic: str, payload: bytes, qos: int) -> int | None:  # noqa: ARG002
        """Take a message."""
        self.sent.append(payload)
        self.arrived.set()
        return len(self.sent) if qos else None

    async def has(self, count: int) -> None:
        """Wait until *count* messages were sent."""
        async with asyncio.timeout(GIVE_UP_S):
            while len(self.sent) < count:
                self.arrived.clear()
                await self.arrived.wait()


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    """An outbox in memory."""
    with Outbox(":memory:") as memory:
        yield memory


@asynccontextmanager
async def pumping(outbox: Outbox, wire: FakeWire) -> AsyncIterator[OutboxPump]:
    """A pump at work."""
    pump = OutboxPump(outbox, lambda: None)
    task = asyncio.ensure_future(pump.run(wire))
    yield pump
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_urgent_message_overtakes_the_outbox(outbox: Outbox) -> None:
    """What is to be sent now does not queue behind what the outbox has stored up."""
    wire = FakeWire()
    wire.receive_maximum = 3
    for n in range(5):
        outbox.put("telemetry", "t", b"%d" % n)
    async with pumping(outbox, wire) as pump:
        await wire.has(1)
        urgent = asyncio.ensure_future(pump.send_now("t", b"now", 1))
        await asyncio.sleep(0)
        pump.puback(1, 0)
        await wire.has(2)
        assert wire.sent == [b"0", b"now"]
        assert await urgent is True


async def test_an_urgent_message_fails_with_its_connection(outbox: Outbox) -> None:
    """Whoever waits to send is told when the connection goes."""
    wire = FakeWire()
    wire.receive_maximum = 1
    async with pumping(outbox, wire) as pump:
        assert await pump.send_now("t", b"first", 1) is True
        second = asyncio.ensure_future(pump.send_now("t", b"second", 1))
        await asyncio.sleep(0)
        pump.connection_lost(by_peer=True)
        assert await second is False


async def test_an_unknown_puback_changes_nothing(outbox: Outbox) -> None:
    """A PUBACK for a packet id that is not in flight deletes no row."""
    wire = FakeWire()
    outbox.put("telemetry", "t", b"x")
    async with pumping(outbox, wire) as pump:
        await wire.has(1)
        pump.puback(999, 0)
        assert outbox.depth == 1


async def test_a_lost_link_accuses_no_message(outbox: Outbox) -> None:
    """Only the peer ending the connection makes a message suspect; silence does not, however often."""
    wire = FakeWire()
    outbox.put("telemetry", "t", b"x")
    async with pumping(outbox, wire) as pump:
        for attempt in range(10):
            pump.wake()
            await wire.has(attempt + 1)
            assert pump.connection_lost(by_peer=False) is False
    assert outbox.depth == 1


async def test_after_a_loss_the_suspect_goes_alone(outbox: Outbox) -> None:
    """The oldest message is sent by itself until it is acknowledged, so that it can be told from the rest."""
    wire = FakeWire()
    for n in range(3):
        outbox.put("telemetry", "t", b"%d" % n)
    async with pumping(outbox, wire) as pump:
        await wire.has(3)
        pump.connection_lost(by_peer=True)
        pump.wake()
        await wire.has(4)
        assert wire.sent[3:] == [b"0"]
        pump.puback(4, 0)
        await wire.has(6)
        assert wire.sent[3:] == [b"0", b"1", b"2"]


@pytest.mark.parametrize(
    ("topic", "payload", "objection"),
    [
        ("", b"", "its topic has 0 bytes and 0 slashes"),
        ("t" * 257, b"", "its topic has 257 bytes and 0 slashes"),
        ("a/b/c/d/e/f/g/h/i", b"", "its topic has 17 bytes and 8 slashes"),
        ("ven/+/x", b"", "its topic has a wildcard"),
        ("ven/#", b"", "its topic has a wildcard"),
        ("t", bytes(131073), "its payload has 131073 bytes, at most 131072 are taken"),
        ("$aws/things/ven-1/shadow/update", bytes(131072), None),
    ],
)
def test_what_the_broker_would_not_take_is_not_sent(
    topic: str, payload: bytes, objection: str | None
) -> None:
    """AWS IoT ends the connection over such a message; it is better never sent."""
    assert unsendable(topic, payload) == objection


def test_the_brokers_own_packet_limit_counts() -> None:
    """A broker that takes less than 128 KB says so in CONNACK."""
    assert unsendable("t", bytes(1000), packet_max_bytes=1024) is None
    assert unsendable("t", bytes(1020), packet_max_bytes=1024) is not None
