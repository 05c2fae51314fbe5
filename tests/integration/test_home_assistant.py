"""A twin in Home Assistant by a real broker; one that is away, slow or hostile changes nothing for it."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from contracts.wire import codec
from tests.support.mosquitto import AS_ROOT, Mosquitto, free_port
from tests.support.ven_stand import START_TS, Stand
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority
from ven_twin.ven.home_assistant import bridge
from ven_twin.ven.home_assistant.bridge import HomeAssistantBridge, bridging
from ven_twin.ven.home_assistant.broker import HomeBroker, read_broker
from ven_twin.ven.mqtt.gmqtt_link import GmqttLink, LinkOptions, NoOutbox

STATE, AVAILABLE = "ven-twin/ven-1/state", "ven-twin/ven-1/availability"
TICKS = 10
GROWTH_MAX_KB = 64 * 1024
"""A packet of the flood is four times as large, and would be kept whole."""
SWITCH = "ven-twin/ven-1/opt_out/set"


class HomeMosquitto(Mosquitto):
    """A home's broker: without TLS, for anybody in the house."""

    def _settings(self) -> str:
        return f"listener {self.port} 127.0.0.1\nallow_anonymous true\nlog_dest stderr\nlog_type all\n"


class HomeMosquittoWithTls(HomeMosquitto):
    """One that shows a certificate, and asks for none."""

    def _settings(self) -> str:
        files = (
            f"{name} {self.folder}/server.{end}" for name, end in (("certfile", "pem"), ("keyfile", "key"))
        )
        return super()._settings() + "\n".join([*files, AS_ROOT]) + "\n"


@dataclass
class Observer:
    """Home Assistant's end: all messages, the last one by topic."""

    link: GmqttLink
    last: dict[str, bytes] = field(default_factory=dict)

    async def state(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for a state that is as wanted."""
        return await until(lambda: next((s for s in [self._state()] if s and wanted(s)), None))

    def _state(self) -> dict[str, Any] | None:
        text = self.last.get(STATE)
        return None if text is None else codec.load_object(text)

    def order(self, payload: bytes) -> None:
        """Turn the switch."""
        self.link.send(SWITCH, payload, 0)


async def until(result: Callable[[], Any]) -> Any:
    """Wait for the thing; what it gave."""
    begun_s = time.monotonic()
    while not (value := result()):
        assert time.monotonic() - begun_s < GIVE_UP_S
        await asyncio.sleep(0.05)
    return value


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[HomeMosquitto]:
    """The home's broker."""
    authority = Authority()
    broker = HomeMosquitto(tmp_path / "home", authority, authority.issue("localhost"))
    await broker.start()
    yield broker
    await broker.kill()


@pytest.fixture
async def observer(home: HomeMosquitto) -> AsyncIterator[Observer]:
    """Home Assistant, which has subscribed to all."""
    last: dict[str, bytes] = {}

    async def deliver(topic: str, payload: bytes) -> bool:
        last[topic] = payload
        return True

    link = GmqttLink("observer", "3.1.1", 0, deliver, NoOutbox(), options=LinkOptions(clean_session=True))
    await link.open("127.0.0.1", home.port, None, 60, timeout_s=GIVE_UP_S)
    await link.subscribe(["#"])
    yield Observer(link, last)
    await link.close()


def broker_at(port: int) -> HomeBroker:
    """A home's broker on loopback."""
    return HomeBroker(host="127.0.0.1", port=port)


async def living(stand: Stand, work: Awaitable[Any]) -> Any:
    """Do *work* while the VEN lives."""
    done = asyncio.ensure_future(work)
    while not done.done():
        stand.live(1)
        await asyncio.sleep(0.05)
    return done.result()


async def test_a_ven_is_shown_with_its_entities(
    stand: Stand, home: HomeMosquitto, observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Announced as discovery has it; power and the event in force follow; gone, it is unavailable."""
    monkeypatch.setattr(bridge, "STATE_EVERY_S", 0.1)
    async with bridging(stand.twin, broker_at(home.port)):
        state = await living(stand, observer.state(lambda state: state["powerKw"] > 0))
        assert (state["event"], state["optOut"]) == ("none", "OFF")
        await until(lambda: observer.last.get(AVAILABLE) == b"online")
        configs = {topic: json.loads(text) for topic, text in observer.last.items() if "config" in topic}
        assert set(configs) == {
            "homeassistant/sensor/ven-1/power/config",
            "homeassistant/sensor/ven-1/event/config",
            "homeassistant/switch/ven-1/opt_out/config",
        }
        power = configs["homeassistant/sensor/ven-1/power/config"]
        assert (power["state_topic"], power["unit_of_measurement"]) == (STATE, "kW")
        assert power["availability_topic"] == AVAILABLE
        assert configs["homeassistant/switch/ven-1/opt_out/config"]["command_topic"] == SWITCH
        assert len({config["unique_id"] for config in configs.values()}) == 3
        interval = {"durationS": 600, "signal": "shedKw", "value": 1.0}
        event = {"eventId": "evt-1", "startTs": int(stand.system_ts), "intervals": [interval], "revision": 0}
        await stand.desire(drEvents={"evt-1": event})
        shown = await living(stand, observer.state(lambda state: state["event"] == "evt-1"))
        assert (shown["requestedKw"], shown["ends"][:4]) == (1.0, "2027")
    await until(lambda: observer.last.get(AVAILABLE) == b"offline")


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_broker_with_tls_shows_a_certificate_that_is_checked(
    stand: Stand, tmp_path: Path, caplog: pytest.LogCaptureFixture, *, trusted: bool
) -> None:
    """By the authority that the resident named; of another one no state goes out, and the log says why."""
    caplog.set_level("INFO")
    authority, stranger = Authority(), Authority()
    broker = HomeMosquittoWithTls(tmp_path / "home", authority, authority.issue("localhost"))
    ca = tmp_path / "ca.pem"
    ca.write_text((authority if trusted else stranger).certificate)
    await broker.start()
    try:
        address = read_broker(f"mqtts://localhost:{broker.port}", str(ca))
        words = "shows ven-1" if trusted else "certificate"
        async with bridging(stand.twin, address):
            await living(stand, until(lambda: any(words in line for line in caplog.messages)))
        assert any("shows ven-1" in line for line in caplog.messages) is trusted
    finally:
        await broker.kill()


async def test_a_worker_that_is_killed_is_missed_and_replaced(
    stand: Stand, home: HomeMosquitto, observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker tells that the VEN is unavailable; another worker shows it again."""
    monkeypatch.setattr(bridge, "RESTART_S", 0.5)
    shown = HomeAssistantBridge(stand.twin, broker_at(home.port))
    running = asyncio.ensure_future(shown.run())
    await living(stand, until(lambda: observer.last.get(AVAILABLE) == b"online"))
    assert shown._process is not None
    shown._process.kill()
    await living(stand, until(lambda: observer.last.get(AVAILABLE) == b"offline"))
    await living(stand, until(lambda: observer.last.get(AVAILABLE) == b"online"))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_the_switch_is_the_residents(
    stand: Stand, home: HomeMosquitto, observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On opts out, off opts in; anything else is no order."""
    monkeypatch.setattr(bridge, "STATE_EVERY_S", 0.1)
    monkeypatch.setattr(bridge, "ORDER_EVERY_S", 0.0)
    opted_out = lambda: stand.twin.snapshot().state.settings.opted_out(stand.system_ts)  # noqa: E731
    async with bridging(stand.twin, broker_at(home.port)):
        await living(stand, observer.state(lambda state: state["optOut"] == "OFF"))
        observer.order(b"MAYBE")
        observer.order(b"ON")
        await living(stand, observer.state(lambda state: state["optOut"] == "ON"))
        assert opted_out()
        observer.order(b"OFF")
        await living(stand, observer.state(lambda state: state["optOut"] == "OFF"))
        assert not opted_out()


async def test_a_broker_that_comes_late_has_the_ven(stand: Stand, tmp_path: Path) -> None:
    """The twin lives without it, and is shown when it is there."""
    authority = Authority()
    late = HomeMosquitto(tmp_path / "late", authority, authority.issue("localhost"), free_port())
    ticks = stand.system_ts
    async with bridging(stand.twin, broker_at(late.port)):
        await living(stand, asyncio.sleep(1.0))
        assert stand.system_ts > ticks
        await late.start()
        try:
            last: dict[str, bytes] = {}

            async def deliver(topic: str, payload: bytes) -> bool:
                last[topic] = payload
                return True

            options = LinkOptions(clean_session=True)
            link = GmqttLink("observer", "3.1.1", 0, deliver, NoOutbox(), options=options)
            await link.open("127.0.0.1", late.port, None, 60, timeout_s=GIVE_UP_S)
            await link.subscribe(["#"])
            await living(stand, until(lambda: AVAILABLE in last and STATE in last))
            await link.close()
        finally:
            await late.kill()


@pytest.mark.parametrize("manners", ["silent", "flood", "garbage"])
async def test_a_hostile_broker_changes_nothing(
    stand: Stand, manners: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One that answers nothing, sends without end, or no MQTT: the VEN lives on and keeps none of it."""
    caplog.set_level("INFO")
    attacked = asyncio.Event()

    async def attack(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        attacked.set()
        try:
            if manners == "silent":
                await asyncio.sleep(GIVE_UP_S)
            writer.write(b"\x20\x02\x00\x00\x90\x03\x00\x01\x01" if manners == "flood" else b"\xff" * 4096)
            while True:  # a PUBLISH of 256 MB that never ends, or bytes that are nothing
                writer.write(b"\x30\xff\xff\xff\x7f" + b"x" * 65536)
                await writer.drain()
                await asyncio.sleep(0)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(attack, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    ticks, peak_kb = 0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with bridging(stand.twin, broker_at(port)):
        await living(stand, asyncio.wait_for(attacked.wait(), GIVE_UP_S))
        until_s = time.monotonic() + 2.0
        while time.monotonic() < until_s or ticks < TICKS:
            stand.live(1)
            ticks += 1
            await asyncio.sleep(0.02)
    server.close()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak_kb < GROWTH_MAX_KB
    assert stand.system_ts > START_TS
    assert not stand.twin.snapshot().state.settings.opted_out(stand.system_ts)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
