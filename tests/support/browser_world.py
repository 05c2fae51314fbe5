"""A real VEN process with its page, a real broker, and the shadow service at the other end of it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from contracts.wire.ids import VenId
from contracts.wire.topics import Topics
from tests.support.mosquitto import Mosquitto, free_port
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority
from ven_twin.ven.mqtt.session import MqttSession
from ven_twin.ven.storage.outbox import Outbox

VEN = VenId("ven-1")
HOUSE = ("--house-speed", "30", "--house-start", "2026-07-15T22:30:00Z", "--report-interval", "1")


@dataclass
class Shadow:
    """The classic shadow of one thing, as far as a VEN uses it: get, update with merge, delta."""

    state: dict[str, Any] = field(default_factory=lambda: {"desired": {}, "reported": {}})
    version: int = 1

    def update(self, document: dict[str, Any]) -> dict[str, Any]:
        """Merge *document* in; what ``update/accepted`` says."""
        self.version += 1
        for section, patch in document["state"].items():
            self.state[section] = _merged(self.state[section], patch or {})
        token = {"clientToken": document["clientToken"]} if "clientToken" in document else {}
        return {"state": document["state"], "version": self.version, "timestamp": int(time.time()), **token}

    def delta(self) -> dict[str, Any]:
        """The desired state that is not reported."""
        reported = self.state["reported"]
        return {key: value for key, value in self.state["desired"].items() if reported.get(key) != value}


class Cloud:
    """The cloud's end of the broker: commands down, and the shadow service."""

    def __init__(self, session: MqttSession, ven_id: VenId) -> None:
        self.session = session
        self.topics = Topics(ven_id)
        self.shadow = Shadow()
        self.messages: list[dict[str, Any]] = []

    async def on_message(self, topic: str, payload: bytes) -> None:
        """Serve the shadow; keep all other messages."""
        message = json.loads(payload)
        suffix = topic.removeprefix(self.topics.shadow(""))
        if suffix == "get":
            answer = {
                "state": self.shadow.state,
                "version": self.shadow.version,
                "timestamp": int(time.time()),
            }
            token = {"clientToken": message["clientToken"]} if "clientToken" in message else {}
            await self._publish("get/accepted", {**answer, **token})
        elif suffix == "update":
            await self._publish("update/accepted", self.shadow.update(message))
        else:
            self.messages.append(message)

    async def desire(self, **desired: Any) -> None:
        """Write into the desired state, as the dispatcher does."""
        accepted = self.shadow.update({"state": {"desired": desired}})
        await self._publish("update/accepted", accepted)
        delta = {"state": self.shadow.delta(), "version": self.shadow.version, "timestamp": int(time.time())}
        await self._publish("update/delta", delta)

    async def event(self, event_id: str, *, kw: float = 3.0, after_s: int = 0, duration_s: int = 300) -> None:
        """Dispatch an event by the shadow."""
        interval = {"durationS": duration_s, "signal": "shedKw", "value": kw}
        value = {"revision": 0, "startTs": int(time.time()) + after_s, "intervals": [interval]}
        await self.desire(drEvents={event_id: value})

    def command(self, **message: Any) -> None:
        """Send a command."""
        self.session.publish("event", self.topics.command, json.dumps(message).encode())

    @property
    def reported(self) -> dict[str, Any]:
        """The VEN's reported state."""
        reported: dict[str, Any] = self.shadow.state["reported"]
        return reported

    async def _publish(self, suffix: str, document: dict[str, Any]) -> None:
        await self.session.publish_now(self.topics.shadow(suffix), json.dumps(document).encode())


@dataclass
class World:
    """Broker, cloud and VEN; each can be ended and started again."""

    folder: Path
    authority: Authority = field(default_factory=Authority)
    ven_id: VenId = VEN
    options: tuple[str, ...] = HOUSE

    async def start(self) -> None:
        """Start all of it; returns when the page is served and the VEN is connected."""
        self.mosquitto = Mosquitto(self.folder / "broker", self.authority, self.authority.issue("localhost"))
        await self.mosquitto.start()
        self.web_port = free_port()
        (self.folder / "ven").mkdir(mode=0o700)
        self.authority.identity(self.folder / "ven" / "tls", self.ven_id)
        self._outbox = Outbox(self.folder / "cloud.db")
        self._connected = asyncio.Event()
        session = MqttSession(
            "localhost",
            self.mosquitto.port,
            self.authority.identity(self.folder / "cloud", "cloud"),
            "cloud",
            [
                *(Topics(self.ven_id).shadow(suffix) for suffix in ("get", "update")),
                Topics(self.ven_id).ack,
            ],
            self._outbox,
            self._on_message,
            self._on_connected,
            rng=random.Random(1),
        )
        self.cloud = Cloud(session, self.ven_id)
        self._running = asyncio.create_task(session.run())
        await asyncio.wait_for(self._connected.wait(), GIVE_UP_S)
        await self.start_ven()

    async def start_ven(self) -> None:
        """Start the VEN's process."""
        log = (self.folder / "ven.log").open("ab")
        with log:
            self.ven = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "ven_twin.cli", "run", self.ven_id),
                *("--certs", str(self.folder / "ven" / "tls"), "--endpoint", "localhost"),
                *("--mqtt-port", str(self.mosquitto.port), "--state", str(self.folder / "ven")),
                *("--port", str(self.web_port), *self.options),
                env={key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
                stdout=log,
                stderr=log,
            )
        served = self.folder / "ven" / "page.url"
        await until(
            lambda: self.cloud.reported and (served.exists() or "--no-web" in self.options), "the VEN"
        )

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self.web_port}"

    async def end_ven(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the VEN's process."""
        if self.ven.returncode is None:
            self.ven.send_signal(number)
        await asyncio.wait_for(self.ven.wait(), GIVE_UP_S)

    async def calm(self) -> None:
        """End what an earlier test began.

        The VEN itself is told to take part again: its opt-out by the page may not be in the shadow yet.
        """
        async with httpx.AsyncClient(trust_env=False, timeout=GIVE_UP_S) as http:
            (await http.post(f"{self.url}/api/opt-in", json={})).raise_for_status()
        desired = self.cloud.shadow.state["desired"]
        await self.cloud.desire(
            drEvents=dict.fromkeys(desired.get("drEvents", {})),
            optOut=None,
            loads=dict.fromkeys(desired.get("loads", {})),
        )
        loads = {load_id: {"enabled": True} for load_id in self.cloud.reported.get("loads", {})}
        if loads:
            await self.cloud.desire(loads=loads)
        self.cloud.command(op="restore", correlationId=f"calm-{time.monotonic_ns()}")

    async def stop(self) -> None:
        """End all of it."""
        await self.end_ven(signal.SIGKILL)
        await self.cloud.session.stop(0)
        await self._running
        self._outbox.close()
        await self.mosquitto.kill()

    async def _on_message(self, topic: str, payload: bytes) -> None:
        await self.cloud.on_message(topic, payload)

    async def _on_connected(self, _: bool) -> None:
        self._connected.set()


async def until(condition: Callable[[], Any], what: str, give_up_s: float = GIVE_UP_S) -> Any:
    """Wait for the thing; what it gave."""
    try:
        async with asyncio.timeout(give_up_s):
            while not (result := condition()):  # noqa: ASYNC110 - of a page, a process, a file
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{what} did not come within {give_up_s:g} s") from None
    return result


def _merged(state: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """A shadow's merge: null deletes, objects merge, everything else replaces."""
    after = dict(state)
    for key, value in patch.items():
        if value is None:
            after.pop(key, None)
        elif isinstance(value, dict):
            before = after.get(key)
            after[key] = _merged(before if isinstance(before, dict) else {}, value)
        else:
            after[key] = value
    return after
