"""A twin's own work: a tick at rest and in an event, a message until its PUBACK, a row read."""

from __future__ import annotations

import asyncio
import random
import ssl
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from math import inf
from pathlib import Path
from typing import Annotated, Any

import gmqtt
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

from contracts.wire.ids import VenId
from contracts.wire.telemetry import LATEST_TS, read_telemetry
from contracts.wire.topics import Topics
from harness.bench.bench_storage import message_of as telemetry_message
from harness.bench.figure import Figure
from tests.support.mosquitto import Mosquitto
from ven_twin.testing.pki import Authority
from ven_twin.ven.engine import StepTime, VenEngine
from ven_twin.ven.house_clock import HouseClock
from ven_twin.ven.identity import identity_files
from ven_twin.ven.identity.identity_files import Identity, credentials
from ven_twin.ven.mqtt.session import MqttSession
from ven_twin.ven.mqtt.session_status import SessionState
from ven_twin.ven.startup import start_engine, warm_house
from ven_twin.ven.storage.mending_outbox import MendingOutbox
from ven_twin.ven.storage.rows import Message

EVENING_TS = 1_764_450_000.0
SECONDS, REPEATS = 120, 5
MESSAGES, BURSTS = 80, 5
"""A twin sends 90 messages a second at most, so that a burst waits for nothing but its PUBACKs."""
ROWS = 2_000
VEN = VenId("ven-0")


def run() -> Iterator[Figure]:
    """CPU times, the best of some runs."""
    yield from _ticks()
    yield from asyncio.run(_pubacks())
    yield _reading()


def _ticks() -> Iterator[Figure]:
    """A second of the standard house, with its rows, and without the search for its offer."""
    clock = HouseClock(EVENING_TS, 0.0, 1.0, inf)
    house = warm_house("standard", clock, 7)
    engine = start_engine(VEN, house, "boot", 0.0).searching_in_turns()
    event = {"revision": 0, "startTs": int(EVENING_TS) + 1}
    event["intervals"] = [{"durationS": 3600, "signal": "shedKw", "value": 1.0}]  # type: ignore[assignment]
    document = {"version": 1, "state": {"desired": {"drEvents": {"evt": event}}}}
    acting, _ = engine.on_shadow("get/accepted", document, {}, EVENING_TS, answers_us=True)
    env = house.environment.environment(EVENING_TS, 1.0)
    step_us = _best_us(lambda: [house.first.step({}, env, 1.0) for _ in range(SECONDS)], SECONDS)
    name = "a house-step of its ten circuits"
    for what, begun, aim in (("at rest", engine, "<= 5 x"), ("in an event", acting, "<= 8 x")):
        ticked_us = _best_us(lambda begun=begun: _lived(begun), SECONDS)  # type: ignore[misc]
        yield Figure(f"a tick {what}", ticked_us, "µs", aim, step_us, name)


def _lived(engine: VenEngine) -> None:
    for second in range(1, SECONDS + 1):
        engine, _ = engine.tick(StepTime(float(second), EVENING_TS + second))


def _best_us(work: Callable[[], object], of: int) -> float:
    times_s = []
    for _ in range(REPEATS):
        began_s = time.thread_time()
        work()
        times_s.append(time.thread_time() - began_s)
    return min(times_s) / of * 1e6


async def _pubacks() -> list[Figure]:
    """Messages that go one after the other, each until its PUBACK, over TLS on loopback."""
    with tempfile.TemporaryDirectory() as name:
        folder, authority = Path(name), Authority()
        broker = Mosquitto(folder / "broker", authority, authority.issue("localhost"))
        authority.identity(folder / "tls", VEN)
        identity = identity_files.load(folder / "tls")
        await broker.start()
        try:
            bare_us = await _bare_us(broker.port, credentials(identity)[0])
            ours_us = await _ours_us(broker.port, identity, folder)
        finally:
            await broker.kill()
    return [
        Figure("publish to PUBACK, outbox", ours_us, "µs", "<= 2 x", bare_us, "gmqtt's publish to PUBACK")
    ]


async def _bare_us(port: int, context: ssl.SSLContext) -> float:
    client, acked = gmqtt.Client(VEN, clean_session=True), asyncio.Event()
    await client.connect("localhost", port, ssl=context, keepalive=60)
    handler: Any = client._package_handler
    handle = handler._handle_puback_packet

    def puback(cmd: int, packet: bytes) -> None:
        handle(cmd, packet)
        acked.set()

    handler._handle_puback_packet = puback
    payload, topic = telemetry_message(0, 0), Topics(VEN).telemetry

    async def send() -> None:
        acked.clear()
        client.publish(topic, payload, qos=1)
        await acked.wait()

    try:
        return await _bursts_us(send)
    finally:
        await client.disconnect()


async def _bursts_us(send: Callable[[], Awaitable[object]]) -> float:
    """CPU time of a message, µs: the least of some bursts."""
    times_s = []
    for _ in range(BURSTS):
        began_s = time.thread_time()
        for _ in range(MESSAGES):
            await send()
        times_s.append(time.thread_time() - began_s)
        await asyncio.sleep(1.1)
    return min(times_s) / MESSAGES * 1e6


async def _ours_us(port: int, identity: Identity, folder: Path) -> float:
    async def ignore(*_: object) -> None:
        """Nothing comes in."""

    payload, topic = telemetry_message(0, 0), Topics(VEN).telemetry
    with MendingOutbox.open(folder / "outbox.sqlite") as outbox:
        session = MqttSession(
            "localhost", port, identity, VEN, (), outbox, ignore, ignore, rng=random.Random(1)
        )
        async with session.running(1.0):
            await session.until(lambda status: status.state is SessionState.CONNECTED)

            async def send() -> None:
                session.publish_all([Message("telemetry", topic, payload)])
                await session.until(lambda status: not status.outbox_depth)

            return await _bursts_us(send)


def _reading() -> Figure:
    """A row of eight circuits, decoded and validated, beside pydantic's strict model with the same bounds."""
    raw = telemetry_message(0, 0)
    model = TypeAdapter(TelemetryModel)
    assert model.validate_json(raw).seq == read_telemetry(raw, ven_id=VEN).seq
    ours_us = _best_us(lambda: [read_telemetry(raw, ven_id=VEN) for _ in range(ROWS)], ROWS)
    theirs_us = _best_us(lambda: [model.validate_json(raw) for _ in range(ROWS)], ROWS)
    return Figure("a telemetry row read", ours_us, "µs", "<= 0.4 x", theirs_us, "pydantic's strict model")


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, alias_generator=to_camel)


Power = Annotated[float, Field(ge=-10_000, le=10_000)]
PositivePower = Annotated[float, Field(ge=0, le=10_000)]
Text = Annotated[str, Field(max_length=64)]
Name = Annotated[str, Field(min_length=1, max_length=64)]


class LoadModel(_Strict):
    """A circuit."""

    id: Name
    name: Text
    type: Text
    capacity_kw: PositivePower
    current_power_kw: Power
    shed_capability_kw: PositivePower
    enabled: bool = True
    priority: Annotated[int, Field(ge=-(2**53), le=2**53)]


class TelemetryModel(_Strict):
    """A row of telemetry, bounded as `contracts.wire.telemetry.Telemetry` is."""

    ven_id: Name
    timestamp: Annotated[int, Field(ge=946_684_800, le=LATEST_TS)]
    boot_id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
    seq: Annotated[int, Field(ge=0, le=2**53)]
    used_power_kw: Power
    shed_power_kw: PositivePower
    baseline_power_kw: Power
    schema_version: Text = "1.0"
    event_id: Text | None = None
    requested_reduction_kw: Power | None = None
    battery_soc: Annotated[float, Field(ge=0, le=1)] | None = None
    panel_amperage_rating: Annotated[float, Field(ge=0, le=4000)] = 0.0
    panel_voltage: Annotated[float, Field(ge=0, le=1000)] = 0.0
    panel_max_kw: PositivePower = 0.0
    current_amps: Power = 0.0
    panel_utilization_percent: Annotated[float, Field(ge=0, le=1000)] = 0.0
    measured_s: Annotated[float, Field(gt=0, le=86_400)] | None = None
    outdoor_c: Annotated[float, Field(ge=-90, le=60)] | None = None
    loads: tuple[LoadModel, ...] = ()
