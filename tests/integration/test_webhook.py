"""A resident's receiver on loopback; one that is dead, slow or hostile changes nothing for the VEN."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import pytest

from tests.support.mosquitto import free_port
from tests.support.receivers import LoopbackReceiver, receiving
from tests.support.ven_stand import START_TS, Stand
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority
from ven_twin.ven import worker_process
from ven_twin.ven.mqtt.backoff import Backoff
from ven_twin.ven.webhook import bridge, worker
from ven_twin.ven.webhook.bridge import WebhookBridge, notifying
from ven_twin.ven.webhook.receiver import Receiver
from ven_twin.ven.webhook.store import NotificationStore
from ven_twin.ven.webhook.worker import Post, post

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "guides"
GUIDE, EXAMPLE = GUIDES / "notifications.md", GUIDES / "examples" / "notification_receiver.py"
POST = Post(id="n1", body='{"kind":"test"}')


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between attempts are short."""
    monkeypatch.setattr(Backoff, "next_delay_s", lambda _: 0.1)
    monkeypatch.setattr(bridge, "IDLE_S", 0.2)


async def living(stand: Stand, ready: Callable[[], Any]) -> Any:
    """Let the VEN live until something is ready; that."""
    begun_s = time.monotonic()
    while not (value := ready()):
        assert time.monotonic() - begun_s < GIVE_UP_S
        stand.live(1)
        await asyncio.sleep(0.05)
    return value


async def with_event(stand: Stand, seconds: int = 5) -> None:
    """An event that begins now."""
    interval = {"durationS": seconds, "signal": "shedKw", "value": 1.0}
    event = {"eventId": "evt-1", "startTs": int(stand.system_ts), "intervals": [interval], "revision": 0}
    await stand.desire(drEvents={"evt-1": event})


def kinds(receiver: LoopbackReceiver) -> list[str]:
    """The notifications that came, each id once."""
    by_id = {each.json()["id"]: each.json()["kind"] for each in list(receiver.received)}
    return list(by_id.values())


@asynccontextmanager
async def notified_at(stand: Stand, url: str) -> AsyncIterator[None]:
    """The VEN with a webhook."""
    async with notifying(stand.twin, Receiver(url=url), stand.folder):
        yield


async def test_a_receiver_that_fails_for_a_while_has_all_in_order(stand: Stand) -> None:
    """Errors, redirects and throttling are tried again; nothing overtakes."""
    with receiving() as receiver:
        receiver.answer = lambda before: [500, 302, 429, 503][before] if before < 4 else 200
        async with notified_at(stand, receiver.url):
            await with_event(stand)
            await living(stand, lambda: "ended" in kinds(receiver))
    assert kinds(receiver) == ["announced", "begun", "ended"]
    assert {each.path for each in receiver.received} == {"/"}


async def test_what_waits_survives_a_restart(tmp_path: Path) -> None:
    """A VEN that is killed while its receiver is dead tells it all, by the next run, in order and once."""
    stand = Stand(tmp_path / "ven")
    stand.start(house_start_ts=1_784_154_600.0)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{bound.getsockname()[1]}/"
        async with notified_at(stand, dead):
            await with_event(stand, 60)
            stand.live(5)
            await asyncio.sleep(0.3)
    stand.kill()
    stand.live_nowhere(10)
    stand.start(house_start_ts=1_784_154_600.0)
    with receiving() as receiver:
        async with notified_at(stand, receiver.url):
            await living(stand, lambda: "ended" in kinds(receiver))
    stand.twin.close()
    assert [each.json()["kind"] for each in receiver.received] == ["announced", "begun", "ended"]


async def test_a_refusal_holds_the_others_up_for_a_while_only(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    """A receiver that never takes one of them gets the next after some attempts; the log has its id."""
    with receiving() as receiver:
        receiver.answer = lambda before: 400 if before < bridge.REFUSALS_MAX else 200
        async with notified_at(stand, receiver.url):
            await with_event(stand)
            await living(stand, lambda: "ended" in kinds(receiver))
    came = [each.json()["kind"] for each in receiver.received]
    assert came == ["announced"] * bridge.REFUSALS_MAX + ["begun", "ended"]
    assert "ven-1/evt-1/announced" in caplog.text


@contextmanager
def hostile(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A receiver of another kind, on loopback; its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/secret-path"
        server.shutdown(socket.SHUT_RDWR)


def flood(connection: socket.socket) -> None:
    """A header without end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        connection.sendall(b"x" * 65536)


def drip(connection: socket.socket) -> None:
    """A status line, one byte at a time."""
    for byte in b"HTTP/1.1 200 " + b"x" * 1000:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


@pytest.mark.parametrize("answer", [flood, drip, lambda _: None, lambda each: each.sendall(b"\xff" * 100)])
async def test_a_hostile_receiver_changes_nothing(
    stand: Stand,
    answer: Callable[[socket.socket], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The VEN ticks on, what waits stays, and the log has the host without the path, and no error."""
    caplog.set_level("INFO")
    monkeypatch.setattr(bridge, "ANSWER_S", 0.5)
    monkeypatch.setattr(worker_process, "END_S", 0.2)
    with hostile(answer) as url:
        async with notified_at(stand, url):
            await with_event(stand)
            await living(stand, lambda: "takes no notifications" in caplog.text)
            stand.live(10)
    with NotificationStoreOf(stand) as store:
        assert store.count() == 3
    assert stand.system_ts > START_TS
    assert "secret-path" not in caplog.text
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


class NotificationStoreOf(NotificationStore):
    """The file of a stand, for a look."""

    def __init__(self, stand: Stand) -> None:
        super().__init__(stand.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


async def test_a_tick_does_not_wait_for_a_dead_receiver(stand: Stand) -> None:
    """A tick with moments to tell takes no longer than its write, while posts hang."""
    with hostile(lambda _: time.sleep(30)) as url:
        async with notified_at(stand, url):
            await with_event(stand, 600)
            await living(stand, lambda: True)
            await asyncio.sleep(0.3)
            begun_s = time.monotonic()
            stand.live(20)
            assert time.monotonic() - begun_s < GIVE_UP_S / 4


def test_https_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate of nobody's authority gets no body; one of an authority that is trusted does."""
    authority = Authority()
    pair = authority.issue("localhost")
    files = {"certificate": pair.certificate, "key": pair.key, "ca": authority.certificate}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    with receiving(context) as receiver:
        outcome = post(Receiver(url=receiver.url), POST, 1)
        assert (outcome.status, receiver.received) == (None, [])
        assert "not trusted" in str(outcome.why)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca"))
        assert post(Receiver(url=receiver.url), POST, 1).status == 200
    assert receiver.received[0].headers["ven-twin-id"] == "n1"


def test_a_name_that_leads_to_the_internet_gets_nothing_by_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is looked at once it is connected, before a byte is sent."""
    monkeypatch.setattr(worker, "is_at_home", lambda _: False)
    with receiving() as receiver:
        outcome = post(Receiver(url=receiver.url), POST, 1)
    assert receiver.received == []
    assert "home alone" in str(outcome.why)


def test_a_secret_that_is_gone_sends_nothing(tmp_path: Path) -> None:
    """A receiver that checks signatures would refuse it for good."""
    with receiving() as receiver:
        outcome = post(Receiver(url=receiver.url, secret_file=str(tmp_path / "gone")), POST, 1)
    assert receiver.received == []
    assert "--webhook-secret-file" in str(outcome.why)


async def test_a_disk_that_takes_nothing_is_tried_again(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A moment that could not be written is owing, and is posted once the disk is back."""
    with receiving() as receiver, NotificationStoreOf(stand) as store:
        webhook = WebhookBridge(stand.twin, Receiver(url=receiver.url), store)
        with monkeypatch.context() as full:
            full.setattr(store, "put", lambda *_: False)
            await with_event(stand, 600)
            stand.live(3)
        stand.live(1)
        running = asyncio.ensure_future(webhook.run())
        await living(stand, lambda: "begun" in kinds(receiver))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert kinds(receiver) == ["announced", "begun"]


def test_the_receiver_of_the_guide_takes_what_is_signed(tmp_path: Path) -> None:
    """It prints a notification once, and answers 401 to another's, beside a caller that says nothing."""
    secrets = {name: tmp_path / name for name in ("ours", "theirs")}
    for name, file in secrets.items():
        file.write_bytes(name.encode() * 8)
        file.chmod(0o600)
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    ours, theirs = (Receiver(url=url, secret_file=str(file)) for file in secrets.values())
    command = [sys.executable, str(EXAMPLE), str(secrets["ours"]), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as guide:
        try:
            now = int(time.time())
            begun_s = time.monotonic()
            while (outcome := post(ours, POST, now)).status is None:
                assert time.monotonic() - begun_s < GIVE_UP_S
                time.sleep(0.05)
            with socket.create_connection(("127.0.0.1", port)):
                statuses = [outcome.status, post(ours, POST, now).status, post(theirs, POST, now).status]
                statuses.append(post(ours, POST, now - 3600).status)
        finally:
            guide.terminate()
        assert guide.stdout is not None
        assert guide.stdout.read() == f"{POST.body}\n"
    assert statuses == [204, 204, 401, 401]
    text = EXAMPLE.read_text()
    shown = GUIDE.read_text().split("```python\n")[1].split("```")[0]
    assert shown.strip() in text
