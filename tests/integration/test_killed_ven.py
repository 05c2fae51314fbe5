"""A real VEN process, killed, against a real broker that comes and goes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from contracts.wire.topics import Topics
from tests.integration.conftest import Hasty, MakeVen, Ven
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority
from ven_twin.ven.storage.outbox import Outbox

VEN = "ven-1"
TOPICS = Topics(VEN)


@dataclass
class Process:
    """``ven-twin run`` with an identity fetched before; everything else is told on the command line."""

    folder: Path
    port: int
    runs: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self) -> None:
        """Start the VEN."""
        arguments = ["run", VEN, "--certs", str(self.folder / "tls"), "--endpoint", "localhost"]
        arguments += ["--mqtt-port", str(self.port), "--state", str(self.folder), "--report-interval", "1"]
        log = (self.folder / f"run-{len(self.runs)}.log").open("wb")
        with log:
            run = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "ven_twin.cli", *arguments),
                env={k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
                stdout=log,
                stderr=log,
            )
        self.runs.append(run)

    async def end(self, number: signal.Signals) -> None:
        """End it, by SIGKILL as a crash would."""
        run = self.runs[-1]
        if run.returncode is None:
            run.send_signal(number)
        await asyncio.wait_for(run.wait(), GIVE_UP_S)

    async def says(self, text: str) -> None:
        """Wait until the log of this run has *text*."""
        log = self.folder / f"run-{len(self.runs) - 1}.log"
        async with asyncio.timeout(GIVE_UP_S):
            while text not in log.read_text():
                assert self.runs[-1].returncode is None, log.read_text()
                await asyncio.sleep(0.05)


@dataclass
class Cloud:
    """The other side of the broker: sends commands, and keeps what the VEN says."""

    session: Ven
    said: list[dict[str, Any]] = field(default_factory=list)

    def command(self, **message: Any) -> None:
        """Send a command."""
        self.session.session.publish("event", TOPICS.command, json.dumps(message).encode())

    async def hears(self, wanted: Any) -> dict[str, Any]:
        """Wait for a message; the first that is wanted, among those heard already too."""
        for said in self.said:
            if wanted(said):
                return said
        async with asyncio.timeout(GIVE_UP_S):
            while True:
                _, payload = await self.session.messages.get()
                said = json.loads(payload)
                self.said.append(said)
                if wanted(said):
                    return said

    @property
    def rows(self) -> list[tuple[str, int]]:
        """(bootId, seq) of the rows, in the order in which they came."""
        return [(said["bootId"], said["seq"]) for said in self.said if "usedPowerKw" in said]

    def answers(self, correlation_id: str) -> list[dict[str, Any]]:
        """The answers to a command."""
        return [said for said in self.said if said.get("correlationId") == correlation_id]

    def phases(self, event_id: str) -> list[str]:
        """The phases of an event that were announced; what a broker delivers twice is one announcement."""
        acks = [said for said in self.said if said.get("event_id") == event_id and "phase" in said]
        return [ack["phase"] for number, ack in enumerate(acks) if ack not in acks[:number]]


@pytest.fixture
async def process(tmp_path: Path, authority: Authority, mosquitto: Mosquitto) -> AsyncIterator[Process]:
    """A VEN's host."""
    (tmp_path / "ven").mkdir(mode=0o700)
    authority.identity(tmp_path / "ven" / "tls")
    made = Process(tmp_path / "ven", mosquitto.port)
    yield made
    if made.runs:
        await made.end(signal.SIGKILL)


@pytest.fixture
async def cloud(
    mosquitto: Mosquitto, make_ven: MakeVen, tmp_path: Path, authority: Authority
) -> AsyncIterator[Cloud]:
    """The cloud's end, connected."""
    with Outbox(tmp_path / "cloud.db") as outbox:
        session = make_ven(
            mosquitto.port,
            client_id="cloud",
            outbox=outbox,
            identity=authority.identity(tmp_path / "cloud", "cloud"),
            subscriptions=[TOPICS.telemetry, TOPICS.ack],
            rng=Hasty(0.3),
        )
        await session.is_connected()
        yield Cloud(session)
        await session.session.stop(0)


async def test_a_ven_killed_in_an_event_goes_on_without_the_cloud(
    process: Process, cloud: Cloud, mosquitto: Mosquitto
) -> None:
    """Killed mid-event and started with the broker gone, it ends the event on time; later all of it arrives.

    Rows come in the order of (bootId, seq), once each and without a gap within a run; every phase is
    announced once; the command is answered once, and done once although it is sent again.
    """
    await process.start()
    await cloud.hears(lambda said: "usedPowerKw" in said)
    event = {"op": "event", "correlationId": "c1", "event_id": "e1", "shed_kw": 1, "duration_s": 10}
    cloud.command(**event)
    active = await cloud.hears(lambda said: said.get("phase") == "active")
    await process.end(signal.SIGKILL)
    await mosquitto.kill()
    await process.start()
    await process.says("event e1 is completed")
    await mosquitto.start()
    completed = await cloud.hears(lambda said: said.get("phase") == "completed")
    last = cloud.rows[-1][0]
    await cloud.hears(lambda said: said.get("bootId") == last and said["seq"] >= 12)
    answers = cloud.answers("c1")
    cloud.command(**event)
    cloud.command(op="ping", correlationId="p1")
    await cloud.hears(lambda said: said.get("correlationId") == "p1")
    assert len(cloud.answers("c1")) > len(answers)
    assert all(answer == answers[0] for answer in cloud.answers("c1"))
    await process.end(signal.SIGTERM)
    assert completed["ts"] - active["ts"] in range(9, 13)
    assert completed["data"]["deliveredKwh"] > 0
    assert cloud.phases("e1") == ["active", "completed"]
    rows = list(dict.fromkeys(cloud.rows))
    assert rows == sorted(rows)
    boots = sorted({boot for boot, _ in rows})
    assert len(boots) == 2
    for boot in boots:
        seqs = [seq for of, seq in rows if of == boot]
        assert seqs == list(range(len(seqs)))


async def test_a_ven_that_starts_without_a_network_runs_its_schedule(
    process: Process, cloud: Cloud, mosquitto: Mosquitto
) -> None:
    """An event learnt of before the host was switched off starts and ends on time with no broker at all."""
    await process.start()
    await cloud.hears(lambda said: "usedPowerKw" in said)
    cloud.command(op="ping", correlationId="p1")
    now = (await cloud.hears(lambda said: said.get("correlationId") == "p1"))["ts"]
    cloud.command(op="event", correlationId="c1", event_id="e1", shed_kw=1, start_ts=now + 6, end_ts=now + 9)
    await cloud.hears(lambda said: said.get("correlationId") == "c1")
    await process.end(signal.SIGKILL)
    await mosquitto.kill()
    await process.start()
    await process.says("event e1 is completed")
    await mosquitto.start()
    await cloud.hears(lambda said: said.get("phase") == "completed")
    await process.end(signal.SIGTERM)
    times = {
        said["phase"]: said["ts"] for said in cloud.said if said.get("event_id") == "e1" and "phase" in said
    }
    assert times["active"] in range(now + 6, now + 8)
    assert times["completed"] in range(now + 9, now + 11)
