"""Everything at once: a broker that cuts, withholds acknowledgements and forgets sessions."""

from __future__ import annotations

import gc
import random
from collections import Counter

import gmqtt
import pytest

from tests.integration.conftest import MakeVen
from tests.support.scripted_broker import Packet, ScriptedBroker
from ven_twin.ven.mqtt.send_window import IN_FLIGHT_MAX

MESSAGES = 240


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_an_unreliable_broker_loses_nothing(
    broker: ScriptedBroker, make_ven: MakeVen, protocol: str
) -> None:
    """Each message is acknowledged in the end, only what was in flight comes twice, and none is put aside."""
    chance = random.Random(20)
    acknowledged: Counter[bytes] = Counter()

    def whim(packet: Packet) -> int | None:
        draw = chance.random()
        if draw < 0.02:
            broker.peers[-1].cut()
            return None
        if draw < 0.04:
            return None
        acknowledged[packet.payload] += 1
        return 0

    broker.script.puback = whim
    broker.script.session_present = lambda _attempt: chance.random() < 0.5
    ven = make_ven(broker.port, protocol=protocol, puback_timeout_s=0.3)
    for n in range(MESSAGES):
        ven.session.publish("telemetry", "ven/telemetry/ven-1", b"%d" % n)
    status = await ven.until(lambda status: status.outbox_depth == 0)
    assert len(acknowledged) == MESSAGES
    assert acknowledged.total() <= MESSAGES + status.unexpected_disconnects * IN_FLIGHT_MAX
    assert status.unexpected_disconnects >= 3
    assert ven.outbox.counts.quarantined == 0


async def test_a_hundred_connections_leave_no_client_behind(
    broker: ScriptedBroker, make_ven: MakeVen
) -> None:
    """A VEN that reconnects for months does not grow: each connection's client is freed."""
    ven = make_ven(broker.port)
    for attempt in range(100):
        (await broker.peer(attempt)).cut()
    await broker.peer(100)
    gc.collect()
    clients = [each for each in gc.get_objects() if type(each) is gmqtt.Client]
    assert len(clients) <= 2
    assert ven.session.status.state in {"connecting", "connected"}
