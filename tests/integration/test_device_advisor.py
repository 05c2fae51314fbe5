"""The cases of AWS IoT Device Advisor, by their names, against a broker on loopback.

Device Advisor itself runs on AWS; each test here asks of the session or the twin what the case of its name
asks. The names are AWS's, capitals and all. ``MQTT_Long_Duration`` is ``make soak``; here it is a few
keep-alives long. ``Security_Device_Policies`` is judged on the template, in ``tests/infrastructure``.
"""
# ruff: noqa: N802 - the cases' own names

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import random
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from harness.faults.broker import Broker
from harness.faults.shadow_service import ShadowService
from tests.integration.conftest import Hasty, MakeVen
from tests.support.mosquitto import Mosquitto
from tests.support.scripted_broker import CONNECT, PINGREQ, PUBACK, PUBLISH, SUBSCRIBE, ScriptedBroker
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority, Pair, _key_pem, _pem
from ven_twin.ven.identity.identity_files import Identity, ssl_context
from ven_twin.ven.mqtt import gmqtt_link
from ven_twin.ven.runtime import Twin
from ven_twin.ven.settings import TwinSettings

BOTH = pytest.mark.parametrize("protocol", ["5", "3.1.1"])
TELEMETRY = "ven/telemetry/ven-1"
PAYLOAD_MAX_BYTES = 128 * 1024


class Drawn(Hasty):
    """Real jitter, in a two-hundredth of the time; remembers what was drawn."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__()
        self.drawn: list[float] = []
        self._chance = random.Random(seed)

    def uniform(self, a: float, b: float) -> float:
        """Drawn as for real, returned small."""
        self.asked.append((a, b))
        self.drawn.append(self._chance.uniform(a, b))
        return self.drawn[-1] / 200.0


def _jittered(rng: Drawn, retries: int) -> None:
    """Delays of 1 s and more that are not alike, below ceilings that double up to the cap."""
    assert len(rng.drawn) >= retries
    assert len(set(rng.drawn)) == len(rng.drawn)
    assert min(rng.drawn) >= 1.0
    ceilings = [ceiling for _, ceiling in rng.asked[:retries]]
    assert ceilings == [min(64.0, 2.0**n) for n in range(2, 2 + retries)]


# ── TLS ─────────────────────────────────────────────────────────────────────────────────────────────────


@BOTH
async def test_TLS_Connect(mosquitto: Mosquitto, make_ven: MakeVen, protocol: str) -> None:
    """The device completes the TLS handshake with its certificate, and connects."""
    ven = make_ven(mosquitto.port, protocol=protocol)
    assert (await ven.is_connected()).connects == 1


@pytest.mark.parametrize(
    "suite",
    [
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-AES128-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES128-SHA256",
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
    ],
)
async def test_TLS_Support_AWS_IoT_Cipher_Suites(  # noqa: PLR0917 - fixtures
    broker: ScriptedBroker,
    make_ven: MakeVen,
    authority: Authority,
    tmp_path: Path,
    identity: Identity,
    suite: str,
) -> None:
    """The device offers the suites that AWS IoT recommends; where the broker takes one alone, that one."""
    assert suite in {offered["name"] for offered in ssl_context(identity).get_ciphers()}
    if suite.startswith("TLS_"):
        ven = make_ven(broker.port)
        await ven.is_connected()
        return
    pair = _rsa_server(authority) if "-RSA-" in suite else authority.issue("localhost")
    (tmp_path / "suite.pem").write_text(pair.certificate + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "suite.pem")
    context.load_verify_locations(cadata=authority.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(suite)
    async with ScriptedBroker(context) as picky:
        ven = make_ven(picky.port)
        await ven.is_connected()
        await ven.session.stop(0)


async def test_TLS_Receive_Maximum_Size_Fragments(broker: ScriptedBroker, make_ven: MakeVen) -> None:
    """The device takes TLS records of the largest size: a message of many records arrives whole."""
    ven = make_ven(broker.port)
    await ven.is_connected()
    payload = random.Random(1).randbytes(PAYLOAD_MAX_BYTES)
    broker.peers[0].publish("ven/cmd/ven-1", payload)
    assert await ven.next_message() == ("ven/cmd/ven-1", payload)


async def test_TLS_Large_Size_Server_Cert(make_ven: MakeVen, authority: Authority, tmp_path: Path) -> None:
    """The device takes a server certificate of many kilobytes."""
    large = _rsa_server(authority, names=600)
    assert len(large.certificate) > 16 * 1024
    real = Mosquitto(tmp_path / "large", authority, large)
    await real.start()
    ven = make_ven(real.port)
    await ven.is_connected()
    await ven.session.stop(0)
    await real.kill()


@pytest.mark.parametrize(
    "case", ["TLS_Unsecure_Server_Cert", "TLS_Incorrect_Subject_Name_Server_Cert", "TLS_Expired_Server_Cert"]
)
async def test_TLS_refuses(make_ven: MakeVen, authority: Authority, tmp_path: Path, case: str) -> None:
    """The device ends the connection when it cannot trust the server's certificate; it sends no CONNECT."""
    server = {
        "TLS_Unsecure_Server_Cert": lambda: Authority().issue("localhost"),
        "TLS_Incorrect_Subject_Name_Server_Cert": lambda: authority.issue("other", host="other.example"),
        "TLS_Expired_Server_Cert": lambda: authority.issue("localhost", days=-1),
    }[case]()
    (tmp_path / "impostor.pem").write_text(server.certificate + server.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "impostor.pem")
    async with ScriptedBroker(context) as impostor:
        ven = make_ven(impostor.port, rng=Hasty(3600))
        status = await ven.until(lambda status: status.state == "refused")
        assert "certificate is not trusted" in (status.reason or "")
        assert not [peer for peer in impostor.peers if peer.packets]
        await ven.session.stop(0)


# ── MQTT ────────────────────────────────────────────────────────────────────────────────────────────────


@BOTH
async def test_MQTT_Connect(broker: ScriptedBroker, make_ven: MakeVen, protocol: str) -> None:
    """The device sends one valid CONNECT, within seconds, asking for a persistent session."""
    make_ven(broker.port, protocol=protocol)
    (packet,) = (await broker.peer(0)).of(CONNECT)
    assert packet.level == (5 if protocol == "5" else 4)
    assert not packet.flags & 0x02


@BOTH
@pytest.mark.parametrize(
    "case", ["MQTT_Connect_Jitter_Backoff_Retries", "MQTT_Connect_Exponential_Backoff_Retries"]
)
async def test_MQTT_Connect_backs_off(
    broker: ScriptedBroker, make_ven: MakeVen, protocol: str, case: str
) -> None:
    """No CONNACK comes: the device tries again at least five times, with jitter, ever later."""
    assert case
    broker.script.connack = lambda _attempt: None
    rng = Drawn()
    make_ven(broker.port, protocol=protocol, rng=rng, connect_timeout_s=0.05)
    await broker.peer(5)
    _jittered(rng, 5)


@BOTH
async def test_MQTT_Reconnect_Backoff_Retries_On_Server_Disconnect(
    broker: ScriptedBroker, make_ven: MakeVen, protocol: str
) -> None:
    """The broker ends the connection: the device comes back with jitter and back-off, at least five times."""
    rng = Drawn()
    ven = make_ven(broker.port, protocol=protocol, rng=rng, takeover_limit=0)
    for attempt in range(5):
        peer = await broker.peer(attempt)
        await peer.received(SUBSCRIBE)
        if protocol == "5":
            peer.disconnect(0x8B)
        else:
            peer.close()
    await broker.peer(5)
    await ven.is_connected()
    _jittered(rng, 5)


@BOTH
async def test_MQTT_Reconnect_Backoff_Retries_On_Unstable_Connection(
    broker: ScriptedBroker, make_ven: MakeVen, protocol: str
) -> None:
    """The link breaks again and again: the device comes back with jitter and back-off."""
    rng = Drawn()
    ven = make_ven(broker.port, protocol=protocol, rng=rng)
    for attempt in range(5):
        peer = await broker.peer(attempt)
        await peer.received(SUBSCRIBE)
        peer.cut()
    await broker.peer(5)
    await ven.is_connected()
    _jittered(rng, 5)


@BOTH
async def test_MQTT_Subscribe(broker: ScriptedBroker, make_ven: MakeVen, protocol: str) -> None:
    """The device subscribes to its topics, all in one packet of at most eight filters, without wildcards."""
    make_ven(broker.port, protocol=protocol)
    (packet,) = await (await broker.peer(0)).received(SUBSCRIBE)
    assert set(packet.filters) == {"ven/cmd/ven-1", "$aws/things/ven-1/shadow/update/delta"}


@BOTH
async def test_MQTT_Subscribe_Retry_No_Suback(
    broker: ScriptedBroker, make_ven: MakeVen, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    """No SUBACK comes: the device subscribes again, on a new connection."""
    monkeypatch.setattr(gmqtt_link, "SUBACK_TIMEOUT_S", 0.1)
    broker.script.suback = lambda _packet: None if len(broker.peers) == 1 else [1, 1]
    ven = make_ven(broker.port, protocol=protocol)
    await (await broker.peer(0)).received(SUBSCRIBE)
    await (await broker.peer(1)).received(SUBSCRIBE)
    await ven.is_connected()


@BOTH
async def test_MQTT_Publish(broker: ScriptedBroker, make_ven: MakeVen, protocol: str) -> None:
    """The device publishes with QoS 1, and a PUBACK settles it."""
    ven = make_ven(broker.port, protocol=protocol)
    ven.session.publish("telemetry", TELEMETRY, b"{}")
    (packet,) = await (await broker.peer(0)).received(PUBLISH)
    assert (packet.topic, packet.flags & 0x06) == (TELEMETRY, 0x02)
    await ven.is_drained()


@BOTH
async def test_MQTT_Publish_Retry_No_Puback(broker: ScriptedBroker, make_ven: MakeVen, protocol: str) -> None:
    """No PUBACK comes: the device publishes the same message again.

    MQTT 5 forbids sending it again while the connection lives [MQTT-4.4.0-1], and this session holds 3.1.1 to
    the same: it ends the connection and sends again on the next. Device Advisor's case counts that as a retry
    only where it watches over reconnects; on MQTT 5 no conforming client can pass it otherwise.
    """
    broker.script.puback = lambda _packet: None if len(broker.peers) == 1 else 0
    ven = make_ven(broker.port, protocol=protocol, puback_timeout_s=0.2)
    ven.session.publish("telemetry", TELEMETRY, b"{}")
    first = await broker.peer(0)
    await first.gone()
    (again,) = await (await broker.peer(1)).received(PUBLISH)
    assert len(first.of(PUBLISH)) == 1, "sent again on a live connection"
    assert again.payload == b"{}"
    await ven.is_drained()


@BOTH
@pytest.mark.parametrize("size", [0, 1, PAYLOAD_MAX_BYTES])
async def test_MQTT_Client_Puback_Qos1(
    broker: ScriptedBroker, make_ven: MakeVen, protocol: str, size: int
) -> None:
    """The device acknowledges what comes with QoS 1, up to 128 KB."""
    ven = make_ven(broker.port, protocol=protocol)
    await ven.is_connected()
    broker.peers[0].publish("ven/cmd/ven-1", b"x" * size, mid=77)
    (ack,) = await broker.peers[0].received(PUBACK)
    assert ack.mid == 77


@BOTH
async def test_MQTT_No_Ack_PingResp(broker: ScriptedBroker, make_ven: MakeVen, protocol: str) -> None:
    """PINGRESP stays away: the device disconnects and connects anew."""
    broker.script.pingresp = False
    make_ven(broker.port, protocol=protocol, keepalive_s=1, subscriptions=[])
    peer = await broker.peer(0)
    await peer.gone()
    assert peer.of(PINGREQ)
    await broker.peer(1)


@BOTH
async def test_MQTT_Persistent_Session_Happy_Case(
    broker: ScriptedBroker, make_ven: MakeVen, protocol: str
) -> None:
    """The broker kept the session: the device gets what was stored, and does not subscribe again."""
    broker.script.session_present = lambda attempt: attempt > 0
    ven = make_ven(broker.port, protocol=protocol)
    await ven.is_connected()
    broker.peers[0].cut()
    second = await broker.peer(1)
    second.publish("ven/cmd/ven-1", b"stored meanwhile", mid=5)
    assert await ven.next_message() == ("ven/cmd/ven-1", b"stored meanwhile")
    await second.received(PUBACK)
    await ven.is_connected()
    assert second.of(SUBSCRIBE) == []


@BOTH
async def test_MQTT_Expired_Persistent_Session(
    broker: ScriptedBroker, make_ven: MakeVen, protocol: str
) -> None:
    """The session has expired at the broker: the device subscribes again."""
    ven = make_ven(broker.port, protocol=protocol)
    await ven.is_connected()
    broker.peers[0].cut()
    await (await broker.peer(1)).received(SUBSCRIBE)


@BOTH
async def test_MQTT_Long_Duration(broker: ScriptedBroker, make_ven: MakeVen, protocol: str) -> None:
    """An idle device stays connected by its pings, and a message after the silence goes out at once."""
    ven = make_ven(broker.port, protocol=protocol, keepalive_s=1)
    await ven.is_connected()
    await broker.peers[0].received(PINGREQ, 3)
    ven.session.publish("telemetry", TELEMETRY, b"{}")
    status = await ven.is_drained()
    assert (status.connects, status.unexpected_disconnects) == (1, 0)


# ── Shadow ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def shadow(tmp_path: Path, authority: Authority) -> AsyncIterator[ShadowService]:
    """A broker with a shadow service beside it; its `port` is the VEN's."""
    broker = Broker(tmp_path / "broker", authority, authority.issue("localhost"))
    await broker.start()
    service = ShadowService(broker.plain_port, "ven-1")
    await service.start()
    service.port = broker.port  # type: ignore[attr-defined]
    yield service
    await service.stop()
    await broker.kill()


@contextlib.asynccontextmanager
async def _a_twin(shadow: ShadowService, identity: Identity, folder: Path) -> AsyncIterator[Twin]:
    port: int = shadow.port  # type: ignore[attr-defined]
    settings = TwinSettings(ven_id="ven-1", endpoint="localhost", port=port, state_dir=folder)
    twin = Twin.open(settings, identity)
    running = asyncio.create_task(twin.run())
    yield twin
    twin.stop()
    await running


async def test_Shadow_Publish_Reported_State(
    shadow: ShadowService, identity: Identity, tmp_path: Path
) -> None:
    """After it has connected the device reports its state, although there is no shadow yet."""
    async with _a_twin(shadow, identity, tmp_path / "state"):
        assert await shadow.until(lambda: "ven" in shadow.shadow.reported, GIVE_UP_S)
        assert shadow.shadow.reported["enabled"] is True


async def test_Shadow_Update_Reported_State(
    shadow: ShadowService, identity: Identity, tmp_path: Path
) -> None:
    """Desired differs: the device reads that, applies it, and reported comes to match."""
    shadow.desire(report_interval_seconds=7)
    async with _a_twin(shadow, identity, tmp_path / "state"):
        assert await shadow.until(
            lambda: shadow.shadow.reported.get("report_interval_seconds") == 7, GIVE_UP_S
        )
        shadow.desire(enabled=False, loads={"ev1": {"enabled": False}})
        assert await shadow.until(lambda: not shadow.shadow.delta, GIVE_UP_S)
        assert shadow.shadow.reported["enabled"] is False


def _rsa_server(authority: Authority, names: int = 0) -> Pair:
    """A server certificate with an RSA key, and as many names more."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    now = dt.datetime.now(dt.UTC)
    others = [x509.DNSName(f"{number:04d}.a-name-of-some-length.example") for number in range(names)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(authority._name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), *others]), critical=False)
        .sign(authority._key, hashes.SHA256())
    )
    return Pair(_pem(certificate), _key_pem(key))
