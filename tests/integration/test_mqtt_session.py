"""The session against mosquitto over mutual TLS: what a VEN host sees."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.integration.conftest import Hasty, MakeVen
from tests.support.mosquitto import Mosquitto, free_port
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority
from ven_twin.ven.identity.identity_files import Identity, save
from ven_twin.ven.mqtt.session import MqttSession, SessionStatus
from ven_twin.ven.storage.outbox import Outbox


async def test_what_is_published_arrives(mosquitto: Mosquitto, make_ven: MakeVen) -> None:
    """A durable publish reaches a subscriber, and its PUBACK empties the outbox."""
    ven = make_ven(mosquitto.port, subscriptions=["echo/#"])
    await ven.is_connected()
    ven.session.publish("telemetry", "echo/1", b"one")
    assert await ven.next_message() == ("echo/1", b"one")
    status = await ven.is_drained()
    assert (status.connects, status.unexpected_disconnects, status.reason) == (1, 0, None)
    assert status.last_puback_age_s is not None
    assert 0 <= status.last_puback_age_s < 1


@pytest.mark.parametrize("qos", [0, 1])
async def test_publish_now_bypasses_the_outbox(mosquitto: Mosquitto, make_ven: MakeVen, qos: int) -> None:
    """A message that is not durable goes out at once and is never in the outbox."""
    ven = make_ven(mosquitto.port, subscriptions=["echo/#"])
    await ven.is_connected()
    assert await ven.session.publish_now("echo/now", b"x", qos=qos) is True
    assert ven.session.status.outbox_depth == 0
    assert await ven.next_message() == ("echo/now", b"x")


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_an_idle_session_sends_at_once(mosquitto: Mosquitto, make_ven: MakeVen, protocol: str) -> None:
    """From publish to the handler of the echo it takes milliseconds: nothing polls."""
    ven = make_ven(mosquitto.port, subscriptions=["echo/#"], protocol=protocol)
    await ven.is_connected()
    loop = asyncio.get_running_loop()
    taken_s = []
    for n in range(20):
        before_s = loop.time()
        ven.session.publish("telemetry", "echo/1", b"%d" % n)
        await ven.next_message()
        taken_s.append(loop.time() - before_s)
        await ven.is_drained()
    assert sorted(taken_s)[10] < 0.02


async def test_a_broker_restart_loses_nothing(mosquitto: Mosquitto, make_ven: MakeVen) -> None:
    """What is published before, while and after the broker is down arrives when it is back."""
    ven = make_ven(mosquitto.port, subscriptions=["echo/#"])
    await ven.is_connected()
    expected = {b"%d" % n for n in range(60)}
    for n in range(20):
        ven.session.publish("telemetry", "echo/1", b"%d" % n)
    await mosquitto.terminate()
    await ven.until(lambda status: status.state != "connected")
    for n in range(20, 40):
        ven.session.publish("telemetry", "echo/1", b"%d" % n)
    await mosquitto.start()
    for n in range(40, 60):
        ven.session.publish("telemetry", "echo/1", b"%d" % n)
    arrived: set[bytes] = set()
    while not expected <= arrived:
        arrived.add((await ven.next_message())[1])
    await ven.is_drained()
    assert ven.session.status.unexpected_disconnects == 1


async def test_a_killed_process_loses_nothing(
    mosquitto: Mosquitto, make_ven: MakeVen, tmp_path: Path
) -> None:
    """What one process put in the outbox and never sent, the next one sends."""
    with Outbox(tmp_path / "shared.db") as first:
        first.put("event", "echo/1", b"from before")
    with Outbox(tmp_path / "shared.db") as second:
        ven = make_ven(mosquitto.port, subscriptions=["echo/#"], outbox=second)
        assert await ven.next_message() == ("echo/1", b"from before")
        await ven.is_drained()
        await ven.session.stop(0)


async def test_a_kept_session_delivers_what_came_meanwhile(
    mosquitto: Mosquitto, make_ven: MakeVen, authority: Authority, tmp_path: Path
) -> None:
    """A command sent while the VEN was away is delivered on reconnect, without a new SUBSCRIBE."""
    ven = make_ven(mosquitto.port)
    await ven.is_connected()
    await ven.session.stop(0)
    cloud_identity = authority.identity(tmp_path / "cloud", "cloud")
    with Outbox(":memory:") as memory:
        cloud = make_ven(
            mosquitto.port, identity=cloud_identity, client_id="cloud", subscriptions=[], outbox=memory
        )
        cloud.session.publish("event", "ven/cmd/ven-1", b"while you were away")
        await cloud.is_drained()
        again = make_ven(mosquitto.port)
        assert await again.next_message() == ("ven/cmd/ven-1", b"while you were away")
        assert await asyncio.wait_for(again.connected.get(), GIVE_UP_S) is True
        await again.session.stop(0)
        await cloud.session.stop(0)


async def test_of_two_clients_with_one_id_one_gives_way(mosquitto: Mosquitto, make_ven: MakeVen) -> None:
    """Two sessions with one client id do not throw each other off for ever: one stops and says so."""
    first = make_ven(mosquitto.port)
    await first.is_connected()
    with Outbox(":memory:") as memory:
        second = make_ven(mosquitto.port, outbox=memory)
        ends = [asyncio.ensure_future(ven.until(_displaced)) for ven in (first, second)]
        (gave_way,), (remains,) = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        assert "another client uses the id 'ven-1'" in (gave_way.result().reason or "")
        remains.cancel()
        await (second if gave_way is ends[0] else first).is_connected()
        await second.session.stop(0)


def _displaced(status: SessionStatus) -> bool:
    return status.state == "duplicate_client"


async def test_stop_drains_the_outbox(mosquitto: Mosquitto, make_ven: MakeVen) -> None:
    """Stop waits for the acknowledgement of what is in the outbox before it disconnects."""
    ven = make_ven(mosquitto.port)
    await ven.is_connected()
    for n in range(30):
        ven.session.publish("telemetry", "echo/1", b"%d" % n)
    await ven.session.stop(5)
    status = ven.session.status
    assert (status.state, status.outbox_depth, status.in_flight) == ("stopped", 0, 0)
    assert status.unexpected_disconnects == 0


async def test_a_cancelled_session_leaves_nothing(
    mosquitto: Mosquitto, identity: Identity, outbox: Outbox
) -> None:
    """Cancelling run closes the transport, releases the outbox's rows, and leaves no task."""

    async def ignore(*_: object) -> None:
        return

    session = MqttSession(
        "localhost", mosquitto.port, identity, "ven-1", ["a"], outbox, ignore, ignore, rng=random.Random(1)
    )
    before = asyncio.all_tasks()
    running = asyncio.ensure_future(session.run())
    await asyncio.wait_for(session.until(lambda status: status.state == "connected"), GIVE_UP_S)
    link = session._link
    assert link is not None
    session.publish("telemetry", "t", b"x")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert link._handler.current_connection._protocol.closed.done()
    assert asyncio.all_tasks() == before
    assert session.status.state == "stopped"
    assert len(outbox.window(5)) == outbox.depth, "what was not acknowledged is waiting again"


async def test_an_absent_broker_is_a_reason_to_back_off(make_ven: MakeVen) -> None:
    """A refused TCP connection stands in the status, and stop does not wait for the delay to pass."""
    ven = make_ven(free_port(), rng=Hasty(3600))
    status = await ven.until(lambda status: status.state == "backoff")
    assert (status.reason or "").startswith("no connection: ") or "Refused" in (status.reason or "")
    assert status.connects == 0
    await asyncio.wait_for(ven.session.stop(2 * GIVE_UP_S), GIVE_UP_S)


@pytest.mark.parametrize("wrong", ["unknown CA", "expired", "other name"])
async def test_a_broker_that_is_not_who_it_should_be_is_refused(
    make_ven: MakeVen, authority: Authority, tmp_path: Path, wrong: str
) -> None:
    """A certificate of an unknown CA, one that expired, or one for another host ends in a refusal, said."""
    server = {
        "unknown CA": lambda: Authority().issue("localhost"),
        "expired": lambda: authority.issue("localhost", days=-1),
        "other name": lambda: authority.issue("elsewhere", host="elsewhere.example"),
    }[wrong]()
    impostor = Mosquitto(tmp_path / "impostor", authority, server)
    await impostor.start()
    ven = make_ven(impostor.port, rng=Hasty(3600))
    status = await ven.until(lambda status: status.state == "refused")
    assert (status.reason or "").startswith("the broker's certificate is not trusted: ")
    assert status.connects == 0
    await ven.session.stop(0)
    await impostor.kill()


async def test_a_ca_without_key_usage_is_accepted(make_ven: MakeVen, tmp_path: Path) -> None:
    """A private CA that lacks KeyUsage and subject key identifier works on every Python, 3.13 included."""
    plain = Authority(strict=False)
    real = Mosquitto(tmp_path / "plain", plain, plain.issue("localhost"))
    await real.start()
    ven = make_ven(real.port, identity=plain.identity(tmp_path / "plain-identity"))
    await ven.is_connected()
    await ven.session.stop(0)
    await real.kill()


async def test_a_renewed_certificate_is_used_from_the_next_connection_on(
    mosquitto: Mosquitto, make_ven: MakeVen, authority: Authority, identity: Identity
) -> None:
    """The files are read for each connection: a rotation needs no restart, a bad file ends nothing."""
    good = authority.issue("ven-1", host=None)
    save(identity.ca.parent, authority.certificate, "not a certificate", good.key)
    ven = make_ven(mosquitto.port)
    status = await ven.until(lambda status: status.state == "refused")
    assert "certificate and key cannot be used together" in (status.reason or "")
    save(identity.ca.parent, authority.certificate, good.certificate, good.key)
    await ven.is_connected()
