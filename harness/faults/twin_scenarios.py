"""Faults of a whole twin: its link, its process, its clock; judged by the messages in the cloud."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import msgspec

from contracts.wire.codec import JsonDict
from harness.faults import weather
from harness.faults.oracle import OracleVerdict
from harness.faults.outcome import FaultOutcome
from harness.faults.proxy import Fault
from harness.faults.rig import VEN, Rig
from harness.faults.shadow_service import ShadowService
from harness.faults.twin_process import TwinConfig

CONVERGES_WITHIN_S = 40.0
TURNS = 8
UP_PACKETS_A_LOSS = 10.0
TWO_HOURS_S = 7200.0
EARLY_S, LATE_S = 0.1, 2.5


@dataclass(slots=True)
class TwinVerdict:
    """The fate of a twin's telemetry, shadow and commands, as counts.

    Attributes:
        rows: telemetry rows in the cloud, each once.
        gaps: numbers below the highest of a run of the twin that never came.
        runs: processes of the twin.
        converged: true when the reported state equals the desired one, or carries its errors.
        commands: commands sent, each of them twice.
        unanswered: commands without an ack.
        answered_differently: commands with more than one ack, other than by redelivery.
        phases: event phases announced.
        phases_twice: phases of an event announced again, other than by redelivery.
        untimely: events that did not start and end when they should.
    """

    rows: int = 0
    gaps: int = 0
    runs: int = 0
    converged: bool = False
    commands: int = 0
    unanswered: int = 0
    answered_differently: int = 0
    phases: int = 0
    phases_twice: int = 0
    untimely: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """True when every count of a fault is 0 and the shadow converged."""
        wrong = self.gaps + self.unanswered + self.answered_differently + self.phases_twice
        return self.converged and not wrong and not self.untimely


class TwinRig(Rig):
    """A rig whose producer is a whole twin, with a shadow service beside the broker."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.cloud = ShadowService(self.broker.plain_port, VEN)
        await self.cloud.start()
        self._stack.push_async_callback(self.cloud.stop)
        self.commanded: list[str] = []
        self.clock = self.folder / "clock"
        self.clock.write_text("0")
        return self

    async def start(self, **options: Any) -> asyncio.subprocess.Process:
        """Start the twin's process."""
        defaults = {"state": str(self.folder / "state"), "identity": str(self.folder / "tls")}
        config = TwinConfig(port=self.proxy.port, clock=str(self.clock), **(defaults | options))
        (self.folder / "config.json").write_bytes(msgspec.json.encode(config))
        with (self.folder / "twin.log").open("ab") as log:
            run = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "harness.faults.twin_process", str(self.folder / "config.json")),
                stdout=log,
                stderr=log,
            )
        self.runs.append(run)
        return run

    async def reporting(self) -> None:
        """Wait until the twin has reported something."""
        if not await self.cloud.until(lambda: "ven" in self.cloud.shadow.reported, 30):
            raise AssertionError("the twin never reported")

    def command(self, op: str, **data: Any) -> None:
        """Send a command, and the same once more: QoS 1 may deliver twice."""
        correlation_id = f"c{len(self.commanded)}"
        self.commanded.append(correlation_id)
        for _ in range(2):
            self.cloud.command(op=op, correlationId=correlation_id, data=data)

    async def settled(self) -> bool:
        """Wait until the twin is in step with what is desired, every command answered, nothing waiting."""
        self.proxy.fault = Fault()
        self.proxy.cut()
        deadline_s = time.monotonic() + CONVERGES_WITHIN_S
        while time.monotonic() < deadline_s:
            if self._in_step() and not self._unanswered():
                return True
            await asyncio.sleep(0.1)
        return self._in_step()

    async def end(self) -> None:
        """SIGTERM: what it has left to say goes out."""
        self.runs[-1].send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            await self.runs[-1].wait()

    def judged(self, *, converged: bool) -> TwinVerdict:
        """The oracle's table for a twin."""
        seqs = defaultdict(set)
        for boot_id, seq in self.ingestion.delivered:
            seqs[boot_id].add(seq)
        answers, phases = defaultdict(set), defaultdict(set)
        for raw in self.ingestion.acks:
            ack = json.loads(raw)
            if "phase" in ack:
                phases[ack["event_id"], ack["phase"]].add(raw)
            elif ack.get("correlationId"):
                answers[ack["correlationId"]].add(raw)
        return TwinVerdict(
            rows=sum(map(len, seqs.values())),
            gaps=sum(max(numbers) + 1 - len(numbers) for numbers in seqs.values()),
            runs=len(self.runs),
            converged=converged,
            commands=len(self.commanded),
            unanswered=len(self._unanswered()),
            answered_differently=sum(len(raws) > 1 for raws in answers.values()),
            phases=len(phases),
            phases_twice=sum(len(raws) > 1 for raws in phases.values()),
        )

    def _unanswered(self) -> set[str]:
        return set(self.commanded) - {json.loads(raw).get("correlationId") for raw in self.ingestion.acks}

    def _in_step(self) -> bool:
        shadow = self.cloud.shadow
        errors = shadow.reported.get("shadow_errors", {})
        open_events = shadow.delta.get("drEvents", {})
        return all(key == "drEvents" for key in shadow.delta) and all(
            f"drEvents.{event_id}" in errors for event_id in open_events
        )


def event(start_in_s: float, duration_s: int, kw: float) -> JsonDict:
    """An event as it stands in the shadow."""
    interval = {"durationS": duration_s, "signal": "shedKw", "value": kw}
    return {"startTs": int(time.time() + start_in_s), "intervals": [interval]}


async def beaten(rig: TwinRig) -> TwinVerdict:
    """Every link fault by turns, two SIGKILLs, each command twice; events desired, revised, cancelled."""
    rng = rig.rng
    events: dict[str, JsonDict] = {}
    await rig.start()
    await rig.reporting()
    rig.proxy.fault = weather.Everything(rng, UP_PACKETS_A_LOSS)
    rig.proxy.cut()  # its connections are drawn from now on
    kills = set(rng.sample(range(1, TURNS), 2))
    for turn in range(TURNS):
        _one_turn(rig, rng, events, turn)
        await asyncio.sleep(rng.uniform(0.5, 1.5))
        if turn in kills:
            await rig.kill_producer()
            await asyncio.sleep(rng.uniform(0.0, 1.0))
            await rig.start()
    converged = await rig.settled()
    await rig.end()
    return rig.judged(converged=converged)


def _one_turn(rig: TwinRig, rng: random.Random, events: dict[str, JsonDict], turn: int) -> None:
    """One thing that an operator does."""
    choice = turn % 4
    if choice == 0:
        event_id = f"e{turn}"
        events[event_id] = event(rng.choice((0, 1, 2)), rng.randrange(3, 7), 1.0)
        rig.cloud.desire(drEvents={event_id: events[event_id]})
    elif choice == 1:
        duration_s = rng.randrange(3, 6)
        rig.command("event", event_id=f"by-command-{turn}", shed_kw=0.5, duration_s=duration_s)
        rig.command("setLoad", loadId="ev1", priority=rng.randrange(1, 90))
    elif choice == 2:
        event_id = rng.choice(list(events))
        revision = events[event_id].get("revision", 0) + 1
        intervals = [] if rng.random() < 0.5 else [{**events[event_id]["intervals"][0], "value": 2.0}]
        events[event_id] = {**events[event_id], "revision": revision, "intervals": intervals}
        rig.cloud.desire(drEvents={event_id: events[event_id]})
        if not intervals:
            del events[event_id]
            events[f"e{turn}"] = event(1, 3, 1.0)
            rig.cloud.desire(drEvents={f"e{turn}": events[f"e{turn}"]})
    else:
        rig.cloud.desire(
            report_interval_seconds=rng.choice((1, 2)), loads={"ev1": {"enabled": rng.random() < 0.5}}
        )
        rig.command("ping")


async def clock_jumps(rig: TwinRig) -> TwinVerdict:
    """The system's clock is set by ±2 h before, in and after events, and back once more before a SIGKILL.

    A VEN that starts with its host's clock set back knows no better than when it last lived: it is late by as
    long as it was down, which is measured here and allowed.
    """
    await rig.start()
    await rig.reporting()
    wanted: dict[str, tuple[float, float]] = {}
    for number, jump_s in enumerate((TWO_HOURS_S, -TWO_HOURS_S, 0.0)):
        body = event(3, 4, 1.0)
        wanted[f"e{number}"] = (body["startTs"], body["startTs"] + 4)
        rig.cloud.desire(drEvents={f"e{number}": body})
        await asyncio.sleep(rig.rng.uniform(0.5, 5.5))
        rig.clock.write_text(str(jump_s))
        await asyncio.sleep(max(0.0, body["startTs"] + 5.5 - time.time()))
    body = event(3, 6, 1.0)
    wanted["killed"] = (body["startTs"], body["startTs"] + 6)
    rig.cloud.desire(drEvents={"killed": body})
    await asyncio.sleep(max(0.0, body["startTs"] + 1.5 - time.time()))
    rig.clock.write_text(str(-TWO_HOURS_S))
    rows, down_s = len(rig.ingestion.delivered), time.monotonic()
    await rig.kill_producer()
    await rig.start()
    await rig.delivered(rows + 1)
    down_s = time.monotonic() - down_s
    await asyncio.sleep(max(0.0, body["startTs"] + 7.5 + down_s - time.time()))
    converged = await rig.settled()
    await rig.end()
    verdict = rig.judged(converged=converged)
    verdict.untimely = untimely_events(rig, wanted, {"killed": down_s})
    return verdict


def untimely_events(
    rig: TwinRig, wanted: dict[str, tuple[float, float]], late_by_s: dict[str, float]
) -> list[str]:
    """Events whose acks did not come when they should have started and ended, by a clock that was not set."""
    came: dict[tuple[str, str], float] = {}
    for raw, at_ts in zip(rig.ingestion.acks, rig.ingestion.acks_ts, strict=True):
        ack = json.loads(raw)
        if "phase" in ack:
            came.setdefault((ack["event_id"], ack["phase"]), at_ts)
    untimely = []
    for event_id, (start_ts, end_ts) in wanted.items():
        for phase, due_ts, late_s in (
            ("active", start_ts, 0.0),
            ("completed", end_ts, late_by_s.get(event_id, 0.0)),
        ):
            acked_ts = came.get((event_id, phase))
            if acked_ts is None or not -EARLY_S <= acked_ts - due_ts <= LATE_S + late_s:
                came_at = "never" if acked_ts is None else f"{acked_ts - due_ts:+.1f} s"
                untimely.append(f"{event_id} {phase}: {came_at}")
    return untimely


TWIN_SCENARIOS: dict[str, Callable[[TwinRig], Awaitable[TwinVerdict]]] = {
    "twin: link faults, SIGKILL mid-event": beaten,
    "twin: clock set by ±2 h": clock_jumps,
}


async def run_twin(name: str, seed: int, folder: Path) -> FaultOutcome:
    """One run of a twin's scenario."""
    began_s = time.monotonic()
    rig = TwinRig(folder, random.Random(f"{name}{seed}"), messages=0)
    async with rig:
        twin = await TWIN_SCENARIOS[name](rig)
        connects, deliveries = len(rig.proxy.links), len(rig.ingestion.delivered)
    rows = twin.rows
    verdict = OracleVerdict(rows + twin.gaps, rows, 0, 0, twin.gaps, 0, deliveries - rows, 0)
    note = (
        f"{twin.runs} runs of the twin, {twin.phases} phases announced,"
        f" {twin.commands} commands sent twice each; seq without gaps, reported as desired"
    )
    problem = None if twin.holds else f"{twin}"
    return FaultOutcome(name, seed, verdict, connects, time.monotonic() - began_s, problem, note)
