"""One test for each pitfall of gmqtt 0.8.0, by its number; each fails when its guard is taken out."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from pathlib import Path

import gmqtt.mqtt.utils
import pytest

from tests.integration.conftest import Hasty, MakeVen
from tests.support.mosquitto import Mosquitto
from tests.support.scripted_broker import CONNECT, PUBACK, PUBLISH, SUBSCRIBE, Packet, ScriptedBroker
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority
from ven_twin.ven.identity.identity_files import save
from ven_twin.ven.mqtt import outbox_pump

QUIET_S = 0.3
RATE_PASSED_S = 1.2
"""By then the window of a second is past, and what holds back is the count under way."""
"""How long a test listens for something that must not happen."""


def payloads(packets: list[Packet]) -> list[bytes]:
    """What the messages carried."""
    return [packet.payload for packet in packets]


async def no_further_connection(broker: ScriptedBroker, known: int) -> None:
    """Nothing connects for a while."""
    with pytest.raises(TimeoutError):
        await broker.until(lambda: len(broker.peers) > known, QUIET_S)


async def test_guard_01_a_lost_session_loses_no_message(broker: ScriptedBroker, make_ven: MakeVen) -> None:
    """What was sent but not acknowledged is sent again after CONNACK with session_present=0."""
    broker.script.puback = lambda _packet: None
    ven = make_ven(broker.port)
    for n in range(3):
        ven.session.publish("telemetry", "ven/telemetry/ven-1", b"%d" % n)
    first = await broker.peer(0)
    await first.received(PUBLISH, 3)
    broker.script.puback = lambda _packet: 0
    first.cut()
    second = await broker.peer(1)
    assert payloads(await second.received(PUBLISH, 3)) == [b"0", b"1", b"2"]
    await ven.is_drained()


async def test_guard_01_a_row_goes_only_on_puback(broker: ScriptedBroker, make_ven: MakeVen) -> None:
    """A message on the wire is still in the outbox until its PUBACK has come."""
    broker.script.puback = lambda _packet: None
    ven = make_ven(broker.port)
    ven.session.publish("telemetry", "ven/telemetry/ven-1", b"x")
    peer = await broker.peer(0)
    (message,) = await peer.received(PUBLISH)
    assert ven.session.status.outbox_depth == 1
    peer.ack(message)
    await ven.is_drained()


async def test_guard_02_packet_ids_do_not_leak_over_connections(
    broker: ScriptedBroker, make_ven: MakeVen
) -> None:
    """However many connections ended with messages unacknowledged, the next has all packet ids to give."""
    broker.script.receive_maximum = 4
    broker.script.puback = lambda _packet: None
    ven = make_ven(broker.port)
    for n in range(4):
        ven.session.publish("telemetry", "ven/telemetry/ven-1", b"%d" % n)
    for attempt in range(4):
        peer = await broker.peer(attempt)
        await peer.received(PUBLISH, 1)
        peer.cut()
    broker.script.puback = lambda _packet: 0
    last = await broker.peer(4)
    assert payloads(await last.received(PUBLISH, 4)) == [b"0", b"1", b"2", b"3"]
    assert max(packet.mid for packet in last.packets) < 4
    await ven.is_drained()


async def test_guard_03_no_more_in_flight_than_the_broker_takes(
    broker: ScriptedBroker, make_ven: MakeVen
) -> None:
    """With Receive Maximum 6 the broker never holds more than 6 unacknowledged, and gets all 20."""
    broker.script.receive_maximum = 6
    held: deque[Packet] = deque()
    most = 0

    def hold(packet: Packet) -> None:
        nonlocal most
        held.append(packet)
        most = max(most, len(held))

    broker.script.puback = hold
    ven = make_ven(broker.port)
    for n in range(20):
        ven.session.publish("telemetry", "ven/telemetry/ven-1", b"%d" % n)
    peer = await broker.peer(0)
    for n in range(20):
        await peer.received(PUBLISH, n + 1)
        peer.ack(held.popleft())
    await ven.is_drained()
    assert 1 < most <= 6


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_guard_03_no_more_a_second_than_aws_takes(
    broker: ScriptedBroker, make_ven: MakeVen, protocol: str
) -> None:
    """No second sees more than 100 publishes, beyond which AWS IoT discards, nor does the burst dawdle."""
    ven = make_ven(broker.port, protocol=protocol)
    await ven.is_connected()
    for n in range(190):
        ven.session.publish("telemetry", "ven/telemetry/ven-1", b"%d" % n)
    await ven.is_drained()
    at_s = [packet.at_s for packet in broker.peers[0].of(PUBLISH)]
    assert all(later - earlier > 0.95 for earlier, later in zip(at_s, at_s[100:], strict=False))
    assert at_s[-1] - at_s[0] < 3


@pytest.mark.parametrize(
    ("code", "name", "attempts"),
    [
        (0x80, "unspecified error", 1),
        (0x87, "not authorized", 1),
        (0x90, "topic name invalid", 1),
        (0x91, "packet identifier in use", 5),
        (0x97, "quota exceeded", 5),
    ],
)
async def test_guard_04_a_refused_message_is_put_aside_with_the_reason(  # noqa: PLR0917
    broker: ScriptedBroker,
    make_ven: MakeVen,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    name: str,
    attempts: int,
) -> None:
    """A PUBACK that refuses is no success: the message is kept with the reason, if need be after retries."""
    monkeypatch.setattr(outbox_pump, "RETRY_PAUSE_S", 0.001)
    broker.script.puback = lambda packet: code if packet.payload == b"bad" else 0
    ven = make_ven(broker.port)
    ven.session.publish("telemetry", "ven/telemetry/ven-1", b"bad")
    ven.session.publish("telemetry", "ven/telemetry/ven-1", b"good")
    await ven.is_drained()
    (aside,) = ven.outbox.quarantined()
    assert aside.payload == b"bad"
    assert aside.reason == f"the broker refused it: {name} (0x{code:02X})"
    assert payloads(broker.peers[0].of(PUBLISH)).count(b"bad") == attempts


async def test_guard_04_a_retryable_refusal_is_retried(
    broker: ScriptedBroker, make_ven: MakeVen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message refused with "quota exceeded" goes out again on the same connection and is then gone."""
    monkeypatch.setattr(outbox_pump, "RETRY_PAUSE_S", 0.001)
    answers = iter([0x97, 0])
    broker.script.puback = lambda _packet: next(answers)
    ven = make_ven(broker.port)
    ven.session.publish("telemetry", "ven/telemetry/ven-1", b"x")
    await ven.is_drained()
    assert payloads(broker.peers[0].of(PUBLISH)) == [b"x", b"x"]
    assert ven.outbox.counts.quarantined == 0


async def test_guard_05_reconnects_back_off_with_full_jitter(
    broker: ScriptedBroker, make_ven: MakeVen
) -> None:
    """Each delay is drawn between 1 s and a ceiling that doubles up to the cap."""
    ven = make_ven(broker.port)
    for attempt in range(7):
        (await broker.peer(attempt)).cut()
    await broker.peer(7)
    assert ven.rng.asked == [(1, 4), (1, 8), (1, 16), (1, 32), (1, 64), (1, 64), (1, 64)]


async def test_guard_06_gmqtt_does_not_reconnect_by_itself(
    broker: ScriptedBroker, make_ven: MakeVen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a cut nobody connects but the supervisor, when its delay is over."""
    monkeypatch.setitem(gmqtt.mqtt.utils.DEFAULT_CONFIG, "reconnect_delay", 0.05)
    ven = make_ven(broker.port, rng=Hasty(delay_s=3600))
    (await broker.peer(0)).cut()
    await ven.until(lambda status: status.state == "backoff")
    await no_further_connection(broker, 1)


async def test_guard_07_stop_leaves_no_zombie(
    broker: ScriptedBroker, make_ven: MakeVen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stop takes the transport down although the broker no longer answers, and nothing comes back later."""
    monkeypatch.setitem(gmqtt.mqtt.utils.DEFAULT_CONFIG, "reconnect_delay", 0.05)
    ven = make_ven(broker.port)
    peer = await broker.peer(0)
    await ven.is_connected()
    link = ven.session._link
    assert link is not None
    peer.stop_reading()
    await asyncio.wait_for(ven.session.stop(0), GIVE_UP_S)
    assert link._handler.current_connection._protocol.closed.done()
    assert ven.session.status.state == "stopped"
    await no_further_connection(broker, 1)


async def test_guard_07_stop_during_a_delay_leaves_no_zombie(
    broker: ScriptedBroker, make_ven: MakeVen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped between two connections, the session is over: no connection comes up behind its back."""
    monkeypatch.setitem(gmqtt.mqtt.utils.DEFAULT_CONFIG, "reconnect_delay", 0.05)
    ven = make_ven(broker.port, rng=Hasty(delay_s=3600))
    (await broker.peer(0)).cut()
    await ven.until(lambda status: status.state == "backoff")
    await asyncio.wait_for(ven.session.stop(2 * GIVE_UP_S), GIVE_UP_S)
    await no_further_connection(broker, 1)


async def test_guard_08_a_connack_that_never_comes_is_not_waited_for(
    broker: ScriptedBroker, make_ven: MakeVen
) -> None:
    """Without CONNACK the attempt is over after its deadline, its transport closed, and another is made."""
    broker.script.connack = lambda attempt: None if attempt == 0 else 0
    ven = make_ven(broker.port, connect_timeout_s=0.2)
    mute = await broker.peer(0)
    status = await ven.until(lambda status: status.state == "backoff")
    assert status.reason == "no CONNACK within 0.2 s"
    await mute.gone()
    await ven.is_connected()


async def test_guard_08_a_handshake_that_hangs_is_not_waited_for(make_ven: MakeVen) -> None:
    """A broker that takes the TCP connection and never answers the TLS handshake is given up, too."""
    silent: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    server = await asyncio.start_server(lambda _reader, writer: silent.put_nowait(writer), "127.0.0.1", 0)
    ven = make_ven(server.sockets[0].getsockname()[1], connect_timeout_s=0.2, rng=Hasty(3600))
    status = await ven.until(lambda status: status.state == "backoff")
    assert status.reason == "no CONNACK within 0.2 s"
    (await silent.get()).close()
    server.close()
    await server.wait_closed()


async def test_guard_09_a_silent_link_is_dropped_at_one_and_a_half_keepalives(
    broker: ScriptedBroker, make_ven: MakeVen
) -> None:
    """A half-open link is noticed at 1.5 times the keepalive, not at twice."""
    broker.script.pingresp = False
    ven = make_ven(broker.port, keepalive_s=1, subscriptions=[])
    peer = await broker.peer(0)
    loop = asyncio.get_running_loop()
    heard_s = loop.time()
    await peer.gone()
    assert 1.3 < loop.time() - heard_s < 1.8
    await broker.peer(1)
    assert ven.session.status.unexpected_disconnects == 1


async def test_guard_09_a_link_without_pubacks_is_dropped(broker: ScriptedBroker, make_ven: MakeVen) -> None:
    """PINGRESP alone is not life: when PUBACK stays away, the message goes out again on a new connection."""
    broker.script.puback = lambda _packet: None if len(broker.peers) == 1 else 0
    ven = make_ven(broker.port, puback_timeout_s=0.2)
    ven.session.publish("telemetry", "ven/telemetry/ven-1", b"x")
    second = await broker.peer(1)
    assert payloads(await second.received(PUBLISH)) == [b"x"]
    await ven.is_drained()
    assert len(broker.peers[0].of(PUBLISH)) == 1, "MQTT 5 forbids sending again on a live connection"


async def test_guard_10_subscribes_when_and_only_when_the_session_is_new(
    broker: ScriptedBroker, make_ven: MakeVen
) -> None:
    """One SUBSCRIBE with every filter after session_present=0, none after session_present=1."""
    broker.script.session_present = lambda attempt: attempt == 1
    ven = make_ven(broker.port)
    for attempt, expected in enumerate([False, True, False]):
        assert await asyncio.wait_for(ven.connected.get(), GIVE_UP_S) is expected
        peer = await broker.peer(attempt)
        filters = [packet.filters for packet in peer.of(SUBSCRIBE)]
        assert filters == ([] if expected else [("ven/cmd/ven-1", "$aws/things/ven-1/shadow/update/delta")])
        peer.cut()


async def test_guard_10_a_subscription_cut_off_before_suback_is_made_again(
    broker: ScriptedBroker, make_ven: MakeVen
) -> None:
    """A session that the broker kept, but whose SUBSCRIBE it never acknowledged, is subscribed."""
    broker.script.session_present = lambda attempt: attempt > 0
    broker.script.suback = lambda packet: None if len(broker.peers) == 1 else [1] * len(packet.filters)
    ven = make_ven(broker.port)
    first = await broker.peer(0)
    await first.received(SUBSCRIBE)
    first.cut()
    await ven.is_connected()
    assert len(broker.peers[1].of(SUBSCRIBE)) == 1


async def test_guard_10_a_refused_subscription_is_said(broker: ScriptedBroker, make_ven: MakeVen) -> None:
    """A filter that SUBACK refuses stands in the status by name, while the session goes on."""
    broker.script.suback = lambda _packet: [1, 0x87]
    ven = make_ven(broker.port)
    status = await ven.is_connected()
    assert status.reason == (
        "subscription refused: $aws/things/ven-1/shadow/update/delta: not authorized (0x87)"
    )


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_guard_11_a_message_is_acknowledged_after_its_handler_ran(
    broker: ScriptedBroker, make_ven: MakeVen, protocol: str
) -> None:
    """No PUBACK while the handler is at work; one as soon as it is done."""
    started, finish = asyncio.Event(), asyncio.Event()

    async def on_message(_topic: str, _payload: bytes) -> None:
        started.set()
        await finish.wait()

    ven = make_ven(broker.port, on_message=on_message, protocol=protocol)
    await ven.is_connected()
    peer = await broker.peer(0)
    peer.publish("ven/cmd/ven-1", b"{}", mid=7)
    await asyncio.wait_for(started.wait(), GIVE_UP_S)
    assert await ven.session.publish_now("ven/ack/ven-1", b"after the PUBACK, had there been one")
    await peer.received(PUBLISH)
    assert peer.of(PUBACK) == []
    finish.set()
    (ack,) = await peer.received(PUBACK)
    assert ack.mid == 7


async def test_guard_11_a_handler_that_fails_is_not_fatal(
    broker: ScriptedBroker, make_ven: MakeVen, caplog: pytest.LogCaptureFixture
) -> None:
    """The message is acknowledged all the same, the log says where but not what, and the next one arrives."""
    seen: asyncio.Queue[bytes] = asyncio.Queue()

    async def on_message(_topic: str, payload: bytes) -> None:
        seen.put_nowait(payload)
        if payload == b"secret":
            raise ValueError(payload)

    ven = make_ven(broker.port, on_message=on_message)
    await ven.is_connected()
    peer = await broker.peer(0)
    peer.publish("ven/cmd/ven-1", b"secret", mid=1)
    peer.publish("ven/cmd/ven-1", b"next", mid=2)
    assert [packet.mid for packet in await peer.received(PUBACK, 2)] == [1, 2]
    assert [seen.get_nowait(), seen.get_nowait()] == [b"secret", b"next"]
    assert "handler of ven/cmd/ven-1 failed: ValueError at " in caplog.text
    assert "secret" not in caplog.text


async def test_guard_12_an_oversize_message_does_not_block_those_behind_it(
    broker: ScriptedBroker, make_ven: MakeVen
) -> None:
    """Under 3.1.1 a payload above 128 KB is put aside unsent, and the next one goes."""
    ven = make_ven(broker.port, protocol="3.1.1")
    ven.session.publish("telemetry", "ven/telemetry/ven-1", bytes(128 * 1024 + 1))
    ven.session.publish("telemetry", "ven/telemetry/ven-1", bytes(128 * 1024))
    await ven.is_drained()
    assert [len(payload) for payload in payloads(broker.peers[0].of(PUBLISH))] == [128 * 1024]
    (aside,) = ven.outbox.quarantined()
    assert aside.reason == "its payload has 131073 bytes, at most 131072 are taken"


async def test_guard_12_a_message_that_ends_the_connection_is_put_aside(
    broker: ScriptedBroker, make_ven: MakeVen
) -> None:
    """After five connections lost as it was sent, a message no longer holds up the rest."""

    def choke(packet: Packet) -> int | None:
        if packet.payload.startswith(b"poison"):
            broker.peers[-1].close()
            return None
        return 0

    broker.script.puback = choke
    ven = make_ven(broker.port, protocol="3.1.1")
    for payload in (b"before", b"poison 1", b"poison 2", b"behind"):
        ven.session.publish("telemetry", "ven/telemetry/ven-1", payload)
    await ven.is_drained()
    aside = ven.outbox.quarantined()
    assert [row.payload for row in aside] == [b"poison 2", b"poison 1"]
    assert aside[0].reason == "the connection ended 5 times as it was sent"
    assert ven.session.status.state == "connected", "ten clean closes, but no duplicate client"


async def test_guard_13_a_session_taken_over_is_not_fought_for(
    broker: ScriptedBroker, make_ven: MakeVen
) -> None:
    """After 0x8E the session ends, says that another client has its id, and does not connect again."""
    ven = make_ven(broker.port)
    await ven.is_connected()
    (await broker.peer(0)).disconnect(0x8E)
    status = await ven.until(lambda status: status.state == "duplicate_client")
    assert status.reason == (
        "another client uses the id 'ven-1': the broker says: session taken over (0x8E); stop one of them"
    )
    assert ven.running is not None
    await asyncio.wait_for(ven.running, GIVE_UP_S)
    await no_further_connection(broker, 1)


async def test_guard_13_a_repeated_takeover_is_recognised_without_0x8e(
    broker: ScriptedBroker, make_ven: MakeVen
) -> None:
    """MQTT 3.1.1 has no 0x8E: six clean closes within seconds of CONNACK, one after another, say the same."""
    ven = make_ven(broker.port, protocol="3.1.1")
    for attempt in range(6):
        peer = await broker.peer(attempt)
        await ven.until(lambda status, n=attempt: status.connects == n + 1)  # type: ignore[misc]
        peer.close()
    status = await ven.until(lambda status: status.state == "duplicate_client")
    assert "within 10 s of CONNACK 6 times" in (status.reason or "")
    await no_further_connection(broker, 6)


@pytest.mark.parametrize(
    ("protocol", "code", "reason"),
    [("3.1.1", 5, "CONNACK rc=5: not authorized"), ("5", 0x87, "CONNACK rc=135: not authorized")],
)
async def test_guard_14_a_refusal_is_said_and_tried_again_slowly(
    broker: ScriptedBroker, make_ven: MakeVen, protocol: str, code: int, reason: str
) -> None:
    """A refused CONNECT stands in the status and is repeated, 10 s later or more."""
    broker.script.connack = lambda attempt: code if attempt == 0 else 0
    ven = make_ven(broker.port, protocol=protocol)
    status = await ven.until(lambda status: status.state == "refused")
    assert status.reason == reason
    assert ven.rng.asked == [(10, 16)]
    await ven.is_connected()


async def test_guard_14_a_broker_without_this_mqtt_version_is_said(
    broker: ScriptedBroker, make_ven: MakeVen
) -> None:
    """rc=1 to MQTT 5, after which gmqtt waits for ever, is a refusal with a reason."""
    broker.script.connack = lambda _attempt: 1
    ven = make_ven(broker.port, rng=Hasty(3600))
    status = await ven.until(lambda status: status.state == "refused")
    assert status.reason == "CONNACK rc=1: the broker does not speak MQTT 5"


async def test_guard_14_a_certificate_that_the_broker_refuses_is_said(
    mosquitto: Mosquitto, make_ven: MakeVen, authority: Authority, tmp_path: Path
) -> None:
    """A TLS alert is a refusal in the status, although TLS 1.3 lets it come after the handshake."""
    stranger = Authority().issue("ven-1")
    mixed = save(tmp_path / "stranger", authority.certificate, stranger.certificate, stranger.key)
    ven = make_ven(mosquitto.port, identity=mixed)
    status = await ven.until(lambda status: status.state == "refused")
    assert (status.reason or "").startswith("the broker refused the TLS handshake: ")


async def test_guard_15_publishing_before_connecting_is_safe(
    broker: ScriptedBroker, make_ven: MakeVen
) -> None:
    """A durable publish waits for the connection; one that is not durable says that it was not sent."""
    ven = make_ven(broker.port, start=False)
    ven.session.publish("telemetry", "ven/telemetry/ven-1", b"early")
    assert (
        await asyncio.wait_for(ven.session.publish_now("ven/ack/ven-1", b"now or never"), GIVE_UP_S) is False
    )
    ven.start()
    peer = await broker.peer(0)
    assert payloads(await peer.received(PUBLISH)) == [b"early"]


async def test_guard_15_unacknowledged_messages_push_back(broker: ScriptedBroker, make_ven: MakeVen) -> None:
    """Of 500 messages 90 go out while no PUBACK comes; the rest waits in the outbox."""
    broker.script.puback = lambda _packet: None
    ven = make_ven(broker.port)
    for n in range(500):
        ven.session.publish("telemetry", "ven/telemetry/ven-1", b"%d" % n)
    peer = await broker.peer(0)
    await peer.received(PUBLISH, 90)
    with pytest.raises(TimeoutError):
        await broker.until(lambda: len(peer.of(PUBLISH)) > 90, RATE_PASSED_S)
    assert ven.session.status.in_flight == 90
    assert ven.session.status.outbox_depth == 500


async def test_guard_16_no_log_at_any_level_holds_a_payload(
    broker: ScriptedBroker, make_ven: MakeVen, caplog: pytest.LogCaptureFixture
) -> None:
    """With everything at DEBUG nothing sent or received shows, not even of a packet gone wrong."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("gmqtt.session").setLevel(logging.DEBUG)
    ven = make_ven(broker.port)
    await ven.is_connected()
    peer = await broker.peer(0)
    ven.session.publish("telemetry", "ven/telemetry/ven-1", b"MARKER out")
    peer.publish("ven/cmd/ven-1", b"MARKER in", mid=1)
    peer.send(PUBLISH, b"\x00\x01t\x02\xff\xffMARKER malformed")
    await ven.next_message()
    peer.cut()
    await (await broker.peer(1)).received(CONNECT)
    await ven.is_drained()
    assert "MARKER" not in caplog.text
    assert "PRIVATE KEY" not in caplog.text
    assert all(record.levelno >= logging.WARNING for record in caplog.records if "gmqtt" in record.name)
