"""Whatever the system refuses, a descriptor, a file, the disk: the VEN goes on, and tries again."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import random
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import VenTwinError
from ven_twin.cli import identity_fetch, logs
from ven_twin.testing.pki import Authority
from ven_twin.ven.errors import IdentityExposedError, IdentityInvalidError
from ven_twin.ven.identity import identity_files
from ven_twin.ven.identity.identity_files import Identity
from ven_twin.ven.identity.renewal import Renewal
from ven_twin.ven.mqtt import session as session_module
from ven_twin.ven.mqtt.backoff import Backoff
from ven_twin.ven.mqtt.session import MqttSession
from ven_twin.ven.mqtt.session_status import SessionState
from ven_twin.ven.storage.outbox import Outbox

FETCHED = {"folder": "tls", "endpoint": "broker", "port": 8883}


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    """An identity of its own."""
    Authority().identity(tmp_path / "tls")
    return identity_files.load(tmp_path / "tls")


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Let this process open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    holes = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (sum(1 for _ in Path("/dev/fd").iterdir()) + 8, hard))
    try:
        while True:
            try:
                holes.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                break
        yield
    finally:
        for hole in holes:
            os.close(hole)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Hasty(Backoff):
    """Waits for nothing."""

    def next_delay_s(self) -> float:
        """Nothing."""
        return 0.0


def session_of(identity: Identity, outbox: Outbox) -> MqttSession:
    """A session that does not wait between two attempts."""

    async def ignore(*_: object) -> None:
        """Take no notice."""

    session = MqttSession("nowhere", 1, identity, "ven-1", [], outbox, ignore, ignore, rng=random.Random(1))
    session._backoff = session._slow_backoff = Hasty(random.Random(1))
    return session


async def test_no_error_of_the_system_ends_the_session(
    identity: Identity, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each error that there is, while the identity is read, is a loss; the next attempt comes."""
    errors = [OSError(code, os.strerror(code)) for code in errno.errorcode]
    tries = 0

    def refuse(*_: object, **__: object) -> None:
        nonlocal tries
        tries += 1
        raise errors[tries % len(errors)]

    monkeypatch.setattr(session_module, "credentials", refuse)
    session = session_of(identity, outbox)
    async with session.running(0.0) as running:
        status = await session.until(lambda s: s.failed_attempts >= len(errors) or running.done())
        assert not running.done()
        assert status.failed_attempts >= len(errors)
    assert session.status.state is SessionState.STOPPED


async def test_a_session_without_descriptors_says_so_and_tries_again(
    identity: Identity, outbox: Outbox
) -> None:
    """It is no fault of the certificate, which is neither fetched again nor waited for during minutes."""
    session = session_of(identity, outbox)
    with no_descriptors():
        async with session.running(0.0):
            status = await session.until(lambda s: s.failed_attempts >= 3 and s.state is SessionState.BACKOFF)
    assert status.reason is not None
    assert "Too many open files" in status.reason


def test_a_certificate_that_cannot_be_read_now_is_not_called_invalid(identity: Identity) -> None:
    """The error of the system passes; what is no certificate is still named."""
    with no_descriptors(), pytest.raises(OSError, match="Too many open files"):
        identity_files.credentials(identity)
    with no_descriptors(), pytest.raises(OSError, match="Too many open files"):
        identity_files.fingerprint(identity)
    with no_descriptors(), pytest.raises(OSError, match="Too many open files"):
        identity_files.ssl_context(identity)
    identity.certificate.write_text("no certificate")
    with pytest.raises(IdentityInvalidError):
        identity_files.credentials(identity)


def test_a_ven_starts_where_its_identity_cannot_be_read_now(
    identity: Identity, caplog: pytest.LogCaptureFixture
) -> None:
    """It is read again with each connection. One that others can read is refused as ever."""
    folder = identity.certificate.parent
    with no_descriptors():
        assert identity_files.load_or_trust(folder) == identity
    assert "cannot be read now: Too many open files" in caplog.text
    identity.private_key.chmod(0o644)
    with pytest.raises(IdentityExposedError):
        identity_files.load_or_trust(folder)


async def test_a_fetch_that_the_system_refuses_is_said(
    identity: Identity, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    """No process can be started: the VEN goes on with what it has."""

    async def fetch() -> None:
        raise OSError(errno.EAGAIN, "no more processes")

    renewal = Renewal(identity, session_of(identity, outbox), fetch)
    renewal.tick("0" * 64, 1.0)
    assert renewal._work is not None
    await renewal._work
    assert "could not be fetched" in caplog.text
    await renewal.end()


def fetch_at_start(tmp_path: Path, *, at_once: bool = True) -> identity_fetch.FetchedIdentity:
    """The identity as a twin has it fetched when it starts."""
    return identity_fetch.fetch_identity([], tmp_path, at_once=at_once)


def answering(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """Let the child process answer so."""

    def run_child(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, stdout=answer, stderr="")

    monkeypatch.setattr(subprocess, "run", run_child)


@pytest.mark.parametrize("content", [b"", b"{", b'{"folder":1}', b"\xff\x00"])
def test_a_damaged_note_of_the_endpoint_is_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """A power cut may leave anything in it; the twin does not end of it."""
    (tmp_path / "tls").mkdir()
    (tmp_path / "endpoint.json").write_bytes(content)
    answering(monkeypatch, json.dumps(FETCHED))
    assert fetch_at_start(tmp_path, at_once=False).endpoint == "broker"
    assert json.loads((tmp_path / "endpoint.json").read_text()) == FETCHED


def test_an_endpoint_that_the_disk_does_not_take_is_used_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk costs the note for the next start, and not this one."""
    answering(monkeypatch, json.dumps(FETCHED))
    (tmp_path / "endpoint.partial").mkdir()  # cannot be written
    assert fetch_at_start(tmp_path).port == 8883
    assert "endpoint.json cannot be written" in caplog.text


def test_a_start_without_a_child_process_goes_on_with_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a process that cannot be started nor an answer that is none ends a VEN that has an identity."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "too many open files")

    (tmp_path / "endpoint.json").write_text(json.dumps(FETCHED))
    monkeypatch.setattr(subprocess, "run", refuse)
    assert fetch_at_start(tmp_path).endpoint == "broker"
    answering(monkeypatch, "no JSON")
    assert fetch_at_start(tmp_path).endpoint == "broker"
    (tmp_path / "endpoint.json").unlink()
    with pytest.raises(VenTwinError, match="what was fetched cannot be read"):
        fetch_at_start(tmp_path)


def test_a_log_that_cannot_be_written_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk under the log in JSON: the line is lost, and what logged it goes on."""

    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    monkeypatch.setattr(sys, "stderr", Full())
    logs._JsonLines().handle(
        logging.LogRecord("ven_twin", logging.INFO, "", 1, "event e1 is active", (), None)
    )
