"""Faults of the session, by name; every scenario runs the real processes, and the oracle judges it."""

# ruff: noqa: ASYNC110 - what is waited for is in other processes
from __future__ import annotations

import asyncio
import os
import resource
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts.wire.codec import JsonDict
from harness.faults import weather
from harness.faults.producer import DUPLICATE
from harness.faults.proxy import Fault
from harness.faults.rig import VEN, Rig
from ven_twin.testing.pki import Authority
from ven_twin.ven.identity import identity_files

LOSSES = 8
"""About how often a link fault strikes in a run."""
DISK_BYTES = 8 * 1024 * 1024
DISK_LEFT_BYTES = 48 * 1024
CAP_BYTES_A_MESSAGE = 250
"""Of the outbox that is to overflow; a row counts for about twice that."""
DUEL_RATE = 90.0
DUEL_S = 0.15
"""How long the intruder leaves the VEN a connection; scaled like the VEN's own delays, of 1 s and more."""


async def nothing(rig: Rig) -> None:
    """Start the producer and let it end by itself."""
    await rig.start()
    await rig.ended()


@dataclass(frozen=True, slots=True)
class FaultScenario:
    """One fault.

    Attributes:
        name: as the table has it.
        run: what happens.
        fault: what the link does, drawn from the seed and the number of messages between two strikes.
        options: of the producer.
        blind: see `Rig`.
        policy: the broker's ACL.
        plainly: whether plain gmqtt can be put through it, too.
    """

    name: str
    run: Callable[[Rig], Awaitable[None]] = nothing
    fault: Callable[[Any, float], Fault] = lambda _rng, _gap: Fault()
    options: JsonDict = field(default_factory=dict)
    blind: bool = False
    policy: str | None = None
    plainly: bool = True


async def _broker_restarts(rig: Rig, *, keep: bool) -> None:
    await rig.start()

    async def restart(_number: int) -> None:
        await rig.broker_down()
        if not keep:
            rig.broker.forget()
        await asyncio.sleep(rig.rng.uniform(0.0, 0.3))
        await rig.broker_up()

    await rig.at_random_times(4, restart)
    await rig.ended()


async def broker_killed_with_session(rig: Rig) -> None:
    """SIGKILL, four times; what it had saved of sessions is there again."""
    await _broker_restarts(rig, keep=True)


async def broker_killed_without_session(rig: Rig) -> None:
    """SIGKILL, four times; it has forgotten every session."""
    await _broker_restarts(rig, keep=False)


async def producer_killed(rig: Rig) -> None:
    """SIGKILL of the VEN's process, four times; another takes its place."""
    await rig.start()

    async def again(_number: int) -> None:
        await rig.kill_producer()
        await rig.start()

    await rig.at_random_times(4, again)
    await rig.ended()


async def everything(rig: Rig) -> None:
    """All link faults by turns, and both processes killed in between."""
    await rig.start()

    async def strike(number: int) -> None:
        if number % 2:
            await rig.kill_producer()
            await rig.start()
        else:
            await rig.broker_down()
            if rig.rng.random() < 0.5:
                rig.broker.forget()
            await rig.broker_up()

    await rig.at_random_times(4, strike)
    await rig.ended()


async def duplicate_client(rig: Rig) -> None:
    """Another client takes the id each time the VEN connects, until the VEN gives way; then it is stopped."""
    run = await rig.start(rate=min(DUEL_RATE, rig.messages / 30.0))  # there is to be time for it
    await rig.delivered(rig.messages // 10)
    intruder = _Intruder(rig)
    duelling = asyncio.ensure_future(intruder.duel())
    code = await rig.ended(run)
    duelling.cancel()
    with suppress(asyncio.CancelledError):
        await duelling
    if code != DUPLICATE:
        raise AssertionError("the duel was not noticed")
    await rig.start(takeover_limit=0)  # it had stopped with its own exit code; now it publishes the rest
    await rig.ended()


class _Intruder:
    """A second client with the VEN's certificate and id."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig

    async def duel(self) -> None:
        """Connect whenever the VEN has."""
        from harness.faults.frames import connect  # noqa: PLC0415

        context, number = identity_files.ssl_context(self._rig.identity), -1
        while True:
            await asyncio.sleep(0.01)
            links = self._rig.proxy.links
            if not links or links[-1].over.is_set() or links[-1].number == number:
                continue
            number = links[-1].number
            await asyncio.sleep(DUEL_S)
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(
                    "localhost", self._rig.broker.port, ssl=context, ssl_shutdown_timeout=0.2
                )
                try:
                    writer.write(connect(VEN, clean=False))
                    await reader.read(4)
                    await links[number].over.wait()
                finally:
                    writer.transport.abort()


async def outbox_overflows(rig: Rig) -> None:
    """The broker is away for longer than the outbox has room: the oldest rows are shed, and counted."""
    await rig.start(cap_bytes=rig.messages * CAP_BYTES_A_MESSAGE)
    await rig.delivered(rig.messages // 10)
    await rig.broker_down()
    await _offered(rig, rig.messages)
    await rig.broker_up()
    await rig.ended()


async def _offered(rig: Rig, count: int) -> None:
    """Wait until so many rows were offered to the outbox."""
    while rig.journal.read_bytes().count(b"o ") < count and rig.runs[-1].returncode is None:
        await asyncio.sleep(0.05)


async def disk_full(rig: Rig) -> None:
    """The outbox's disk is full while the broker is away: refused rows are counted, others stored."""
    await rig.start()
    await rig.delivered(rig.messages // 10)
    await rig.broker_down()
    ballast = rig.outbox.parent / "ballast"
    free = os.statvfs(rig.outbox.parent)
    size = max(0, free.f_bavail * free.f_frsize - DISK_LEFT_BYTES)
    with suppress(OSError):
        ballast.write_bytes(bytes(min(size, DISK_BYTES)))
    await _offered(rig, rig.messages // 2)
    ballast.unlink(missing_ok=True)
    await _offered(rig, rig.messages * 3 // 4)
    await rig.broker_up()
    await rig.ended()


async def wrong_server(rig: Rig, kind: str) -> None:
    """The broker comes back with a certificate that must not be trusted, and later with its own."""
    await rig.start()
    await rig.delivered(rig.messages // 4)
    genuine = rig.broker.server
    impostor = {
        "expired": lambda: rig.authority.issue("localhost", days=-1),
        "wrong name": lambda: rig.authority.issue("elsewhere", host="elsewhere.example"),
        "unknown CA": lambda: Authority().issue("localhost"),
    }[kind]()
    await rig.broker_down()
    rig.broker.show(impostor)
    before = len(rig.ingestion.delivered)
    await rig.broker_up()
    refusals = len(rig.proxy.links) + 3
    while len(rig.proxy.links) < refusals and rig.runs[-1].returncode is None:
        await asyncio.sleep(0.02)
    if len(rig.ingestion.delivered) != before:
        raise AssertionError(f"the session spoke to a broker whose certificate is of the kind: {kind}")
    await rig.broker_down()
    rig.broker.show(genuine)
    await rig.broker_up()
    await rig.ended()


async def client_revoked(rig: Rig) -> None:
    """The VEN's certificate is revoked while it speaks; later it is given a new one."""
    await rig.start()
    await rig.delivered(rig.messages // 4)
    await rig.broker_down()
    rig.broker.revoked = rig.authority.revoke(rig.identity.certificate.read_text())
    before = len(rig.ingestion.delivered)
    await rig.broker_up()
    refusals = len(rig.proxy.links) + 3
    while len(rig.proxy.links) < refusals and rig.runs[-1].returncode is None:
        await asyncio.sleep(0.02)
    if len(rig.ingestion.delivered) != before:
        raise AssertionError("a revoked certificate was let in")
    rig.authority.identity(rig.folder / "tls")
    await rig.ended()


async def key_rotation(rig: Rig) -> None:
    """A new key while it speaks: it connects with the new one, then the old one is revoked."""
    await rig.start()

    async def rotate(_number: int) -> None:
        old = rig.identity.certificate.read_text()
        rig.authority.identity(rig.folder / "tls")
        rig.proxy.cut()
        rig.broker.revoked = rig.authority.revoke(old)
        await rig.broker_down()
        await rig.broker_up()

    await rig.at_random_times(3, rotate)
    await rig.ended()


DENYING = """
user ven-1
topic write ven/telemetry/ven-1
topic write ven/ack/ven-1
topic read ven/cmd/ven-1
topic read $aws/things/ven-1/shadow/#
"""


@contextmanager
def small_disk(folder: Path) -> Iterator[tuple[Path, str]]:
    """A disk of `DISK_BYTES`, and what it is: a tmpfs where that may be mounted, else a limit on files.

    The limit (RLIMIT_FSIZE, for processes started meanwhile) is no full disk: it stops a file from growing,
    with EFBIG, which SQLite reports as it reports a disk error.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700", "tmpfs", str(folder)]
    if os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0:
        try:
            yield folder, "tmpfs"
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (DISK_BYTES, hard))
    try:
        yield folder, "RLIMIT_FSIZE"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _wrong_server(kind: str) -> Callable[[Rig], Awaitable[None]]:
    return lambda rig: wrong_server(rig, kind)


SCENARIOS: tuple[FaultScenario, ...] = (
    FaultScenario("no fault"),
    FaultScenario("broker SIGKILL, session kept", broker_killed_with_session),
    FaultScenario("broker SIGKILL, session lost", broker_killed_without_session),
    FaultScenario("TCP cut mid-packet", fault=weather.CutMidPacket),
    FaultScenario("PUBACK withheld", fault=weather.WithheldPubacks),
    FaultScenario("CONNACK withheld", fault=weather.WithheldConnacks),
    FaultScenario("half-open link", fault=weather.HalfOpen, options={"keepalive_s": 1}),
    FaultScenario("late and reordered", fault=lambda rng, _gap: weather.LateAndReordered(rng)),
    FaultScenario("duplicates", fault=lambda rng, _gap: weather.Duplicates(rng)),
    FaultScenario("slow link", fault=lambda rng, _gap: weather.SlowLink(rng, 1_000_000)),
    FaultScenario("process SIGKILL", producer_killed, plainly=False),
    FaultScenario("duplicate client id", duplicate_client, options={"takeover_limit": None}, plainly=False),
    FaultScenario("outbox full", outbox_overflows, plainly=False),
    FaultScenario("disk full", disk_full, plainly=False),
    FaultScenario("server certificate expired", _wrong_server("expired"), blind=True),
    FaultScenario("server certificate of another name", _wrong_server("wrong name"), blind=True),
    FaultScenario("server certificate of an unknown CA", _wrong_server("unknown CA"), blind=True),
    FaultScenario("client certificate revoked", client_revoked, blind=True),
    FaultScenario("key rotation", key_rotation, blind=True),
    FaultScenario("policy denies a topic", options={"denied_every": 400}, policy=DENYING),
    FaultScenario("oversize payloads", options={"oversize_every": 400}),
    FaultScenario("everything by turns", everything, fault=weather.Everything, plainly=False),
)
