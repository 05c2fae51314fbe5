"""The system under test: the VEN's real session and outbox in a process of its own, publishing numbered rows.

``python -m harness.faults.producer CONFIG``; `Config` describes that file. Exit 0 once every row is published
and acknowledged, 3 when it stopped because another client has its id.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from contracts.wire import codec
from contracts.wire.ids import VenId
from contracts.wire.telemetry import Telemetry
from contracts.wire.topics import Topics
from ven_twin.ven import clock
from ven_twin.ven.identity import identity_files
from ven_twin.ven.mqtt.reason_codes import Protocol
from ven_twin.ven.mqtt.send_window import IN_FLIGHT_MAX, SendWindow
from ven_twin.ven.mqtt.session import MqttSession
from ven_twin.ven.storage.outbox import Outbox

VEN = VenId("ven-1")
OTHERS = Topics(VenId("ven-2")).telemetry
DUPLICATE = 3
BATCH_S = 0.0125
OVERSIZE_BYTES = 130 * 1024


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the producer.

    Attributes:
        port: of the broker, or of what stands before it, on localhost.
        identity: folder of the VEN's certificate.
        outbox: the outbox's file.
        journal: where the oracle reads what was offered and accepted.
        result: where the counts go in the end.
        messages: how many the journal is to have in all, over every run.
        rate: messages a second, for both the rows and the window.
        time_scale: how long delays before a reconnect are, a fraction of the real ones.
        denied_every: every so many goes to another VEN's topic, which the broker's policy denies.
        oversize_every: every so many is larger than AWS takes.
        plain: gmqtt with its default settings in the session's place.
    """

    port: int
    identity: str
    outbox: str
    journal: str
    result: str
    messages: int
    rate: float = 2000.0
    time_scale: float = 0.02
    cap_bytes: int = 64 * 1024 * 1024
    keepalive_s: int = 30
    puback_timeout_s: float = 0.6
    connect_timeout_s: float = 0.6
    takeover_limit: int | None = 0
    protocol: str = "5"
    denied_every: int = 0
    oversize_every: int = 0
    plain: bool = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The producer's counts at its end."""

    boot_id: str
    connects: int = 0
    unexpected_disconnects: int = 0
    shed: int = 0
    refused: int = 0
    quarantined: int = 0
    put_aside: list[tuple[str, int, str]] = []
    state: str = "stopped"


class Scaled(random.Random):
    """Real jitter, in less time."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self._scale = scale

    def uniform(self, a: float, b: float) -> float:
        """As drawn, scaled."""
        return super().uniform(a, b) * self._scale


class RowPublisher:
    """Publishes row after row, and writes the journal."""

    def __init__(self, config: Config, publish: Callable[[str, bytes], bool]) -> None:
        self._config, self._publish = config, publish
        self.boot_id = clock.new_boot_id(clock.now_ts())
        self._journal = os.open(config.journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._seq = 0

    async def publish_all(self, over: Callable[[], bool] = lambda: False) -> None:
        """Publish the rows still to come at the configured rate, or until *over* is true."""
        offered_before = Path(self._config.journal).read_text().count("o ")  # noqa: ASYNC240 - at its start
        begun_s = time.monotonic()
        left, batch = self._config.messages - offered_before, max(1, round(self._config.rate * BATCH_S))
        for number in range(left):
            self._one(offered_before + number)
            if over():
                return
            if number % batch == batch - 1:
                ahead_s = begun_s + (number + 1) / self._config.rate - time.monotonic()
                await asyncio.sleep(max(0.0, ahead_s))

    def _one(self, number: int) -> None:
        seq, self._seq = self._seq, self._seq + 1
        row = Telemetry(
            ven_id=VEN, timestamp=int(clock.now_ts()), boot_id=self.boot_id, seq=seq,
            used_power_kw=2.125, shed_power_kw=0.0, baseline_power_kw=2.125,
        )  # fmt: skip
        topic, payload = Topics(VEN).telemetry, codec.encode(row)
        if _is(number, self._config.denied_every):
            topic = OTHERS
        if _is(number, self._config.oversize_every):
            payload += b" " * OVERSIZE_BYTES
        self._write("o", seq)
        if self._publish(topic, payload):
            self._write("a", seq)

    def _write(self, what: str, seq: int) -> None:
        os.write(self._journal, f"{what} {self.boot_id} {seq}\n".encode())


def _is(number: int, every: int) -> bool:
    return bool(every) and number % every == every // 2


async def produce(config: Config) -> int:
    """The real session. Returns the exit code."""
    outbox = Outbox(config.outbox, cap_bytes=config.cap_bytes)
    session = MqttSession(
        "localhost", config.port, identity_files.load(Path(config.identity)), VEN, Topics(VEN).subscriptions,
        outbox, _ignore, _ignore, rng=Scaled(config.time_scale), keepalive_s=config.keepalive_s,
        protocol=_protocol(config), takeover_limit=config.takeover_limit,
        connect_timeout_s=config.connect_timeout_s, puback_timeout_s=config.puback_timeout_s,
    )  # fmt: skip
    session._pump._window = SendWindow(IN_FLIGHT_MAX, max(1, round(config.rate)))
    publisher = RowPublisher(
        config, lambda topic, payload: session.publish("telemetry", topic, payload) is not None
    )
    running = asyncio.ensure_future(session.run())
    await publisher.publish_all(lambda: session.status.state == "duplicate_client")
    status = await session.until(lambda s: s.outbox_depth == 0 or s.state == "duplicate_client")
    state = status.state
    await session.stop(0)
    await running
    counts = outbox.counts
    aside = [(*_id(row.payload), row.reason) for row in outbox.quarantined()]
    result = Result(
        boot_id=publisher.boot_id,
        connects=status.connects,
        unexpected_disconnects=status.unexpected_disconnects,
        shed=sum(counts.shed.values()),
        refused=counts.refused,
        quarantined=counts.quarantined,
        put_aside=aside,
        state=state,
    )
    outbox.close()
    Path(config.result).write_bytes(msgspec.json.encode(result))  # noqa: ASYNC240 - a small file, at its end
    return DUPLICATE if state == "duplicate_client" else 0


def _id(payload: bytes) -> tuple[str, int]:
    row = msgspec.json.decode(payload.strip(), type=_Numbered)
    return row.bootId, row.seq


class _Numbered(msgspec.Struct):
    bootId: str  # noqa: N815 - the wire's
    seq: int


def _protocol(config: Config) -> Protocol:
    return "5" if config.protocol == "5" else "3.1.1"


async def _ignore(*_: object) -> None:
    return


def main() -> None:
    """Read the config, and run."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    config = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Config)
    if config.plain:
        from harness.faults.plain_gmqtt import produce_plainly  # noqa: PLC0415 - the session must not see it

        sys.exit(asyncio.run(produce_plainly(config)))
    sys.exit(asyncio.run(produce(config)))


if __name__ == "__main__":
    main()
