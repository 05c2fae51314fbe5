"""What the integration tests share: certificates, brokers, and sessions that must leave nothing behind."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.mosquitto import Mosquitto
from tests.support.scripted_broker import ScriptedBroker
from tests.support.ven_stand import Stand
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority
from ven_twin.ven.identity.identity_files import Identity
from ven_twin.ven.mqtt.session import MqttSession, SessionStatus
from ven_twin.ven.storage.outbox import Outbox


class Hasty(random.Random):
    """Jitter that takes no time, and remembers what it was asked for."""

    def __init__(self, delay_s: float = 0.01) -> None:
        super().__init__(1)
        self.delay_s = delay_s
        self.asked: list[tuple[float, float]] = []

    def uniform(self, a: float, b: float) -> float:
        """The same short delay, whatever the range."""
        self.asked.append((a, b))
        return self.delay_s


@dataclass
class Ven:
    """A session under test, with what came to its callbacks."""

    session: MqttSession
    outbox: Outbox
    rng: Hasty
    messages: asyncio.Queue[tuple[str, bytes]] = field(default_factory=asyncio.Queue)
    connected: asyncio.Queue[bool] = field(default_factory=asyncio.Queue)
    running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Run the session in the background."""
        self.running = asyncio.ensure_future(self.session.run())

    async def until(
        self, wanted: Callable[[SessionStatus], bool], deadline_s: float = GIVE_UP_S
    ) -> SessionStatus:
        """Wait for a status, with a deadline."""
        return await asyncio.wait_for(self.session.until(wanted), deadline_s)

    async def is_connected(self) -> SessionStatus:
        """Wait until the session is connected."""
        return await self.until(lambda status: status.state == "connected")

    async def is_drained(self) -> SessionStatus:
        """Wait until the outbox is empty."""
        return await self.until(lambda status: status.outbox_depth == 0)

    async def next_message(self) -> tuple[str, bytes]:
        """Wait for a message to arrive."""
        return await asyncio.wait_for(self.messages.get(), GIVE_UP_S)


MakeVen = Callable[..., Ven]


@pytest.fixture(scope="session")
def authority() -> Authority:
    """The CA that signed every certificate that is to be trusted."""
    return Authority()


@pytest.fixture
def identity(tmp_path: Path, authority: Authority) -> Identity:
    """The VEN's identity."""
    return authority.identity(tmp_path / "identity")


@pytest.fixture
def server_context(tmp_path: Path, authority: Authority) -> ssl.SSLContext:
    """TLS as a broker has it: it wants a client certificate."""
    pair = authority.issue("localhost")
    (tmp_path / "server.pem").write_text(pair.certificate + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    context.load_verify_locations(cadata=authority.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.fixture
async def broker(server_context: ssl.SSLContext) -> AsyncIterator[ScriptedBroker]:
    """A broker that follows a script."""
    async with ScriptedBroker(server_context) as scripted:
        yield scripted


@pytest.fixture
async def mosquitto(tmp_path: Path, authority: Authority) -> AsyncIterator[Mosquitto]:
    """A real broker, running."""
    real = Mosquitto(tmp_path / "mosquitto", authority, authority.issue("localhost"))
    await real.start()
    yield real
    await real.kill()


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """An outbox on disk."""
    with Outbox(tmp_path / "outbox.db") as on_disk:
        yield on_disk


@pytest.fixture
async def make_ven(outbox: Outbox, identity: Identity) -> AsyncIterator[MakeVen]:
    """Makes sessions; when the test is over they are stopped, and must have left no task behind."""
    made: list[Ven] = []

    def make(port: int, *, start: bool = True, rng: Hasty | None = None, **options: Any) -> Ven:
        async def on_message(topic: str, payload: bytes) -> None:
            ven.messages.put_nowait((topic, payload))

        async def on_connected(session_present: bool) -> None:
            ven.connected.put_nowait(session_present)

        rng = rng or Hasty()
        settings: dict[str, Any] = {
            "identity": identity,
            "client_id": "ven-1",
            "subscriptions": ["ven/cmd/ven-1", "$aws/things/ven-1/shadow/update/delta"],
            "outbox": outbox,
            "on_message": on_message,
            "on_connected": on_connected,
            "rng": rng,
        }
        settings |= options
        session = MqttSession("localhost", port, **settings)
        ven = Ven(session, settings["outbox"], rng)
        made.append(ven)
        if start:
            ven.start()
        return ven

    before = asyncio.all_tasks()
    yield make
    for ven in made:
        await ven.session.stop(0)
        if ven.running is not None:
            await ven.running
    left = {task for task in asyncio.all_tasks() - before if not _serves_the_test(task)}
    left.discard(asyncio.current_task())  # type: ignore[arg-type]
    assert not left, f"tasks left behind: {left}"


def _serves_the_test(task: asyncio.Task[Any]) -> bool:
    """A task of the scripted broker or of mosquitto's log, rather than of the session."""
    coroutine: Any = task.get_coro()
    return "/tests/support/" in coroutine.cr_code.co_filename


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A VEN in the middle of a summer afternoon."""
    stand = Stand(tmp_path / "ven")
    stand.start(house_start_ts=1_784_154_600.0, house_speed=10)
    stand.live(3)
    yield stand
    stand.twin.close()
