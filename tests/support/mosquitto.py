"""A real broker: mosquitto on a free loopback port, with mutual TLS."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority, Pair

AS_ROOT = "user root" if os.getuid() == 0 else ""
"""The setting by which it may read a test's files."""


def binary() -> str:
    """Where mosquitto is; skips the test when it is nowhere."""
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip("mosquitto is not installed: apt-get update && apt-get install -y mosquitto")
    return found


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Mosquitto:
    """Started and stopped by the test, on the same port each time."""

    folder: Path
    authority: Authority
    server: Pair
    port: int = field(default_factory=free_port)

    async def start(self) -> None:
        """Run until ``kill``; returns once it accepts connections."""
        self._write_files()
        self._process = await asyncio.create_subprocess_exec(
            binary(),
            *("-c", str(self.folder / "mosquitto.conf")),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._drain = asyncio.ensure_future(self._read_log())
        started = asyncio.ensure_future(self._started.wait())
        await asyncio.wait({started, self._drain}, timeout=GIVE_UP_S, return_when=asyncio.FIRST_COMPLETED)
        if not started.done():
            started.cancel()
            await self.kill()
            raise AssertionError(f"mosquitto did not start: {self._last}")

    async def terminate(self) -> None:
        """End it in good order: what it has promised to deliver is on disk."""
        self._process.terminate()
        await self._process.wait()
        await self._drain

    async def kill(self) -> None:
        """End it as a crash would."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._drain

    def _write_files(self) -> None:
        self._started, self._last = asyncio.Event(), "it said nothing"
        self.folder.mkdir(exist_ok=True)
        for name, text in (
            ("ca.pem", self.authority.certificate),
            ("server.pem", self.server.certificate),
            ("server.key", self.server.key),
            ("mosquitto.conf", self._settings()),
        ):
            (self.folder / name).write_text(text)

    def tls_listener(self) -> str:
        """The settings of the listener that asks for a certificate."""
        return f"""
listener {self.port} 127.0.0.1
cafile {self.folder}/ca.pem
certfile {self.folder}/server.pem
keyfile {self.folder}/server.key
require_certificate true
use_identity_as_username true
"""

    def _settings(self) -> str:
        return f"""{self.tls_listener()}
persistence true
persistence_location {self.folder}/
autosave_interval 1
autosave_on_changes true
max_queued_messages 0
log_dest stderr
log_type all
{AS_ROOT}
"""

    async def _read_log(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(asyncio.CancelledError):
            async for line in self._process.stdout:
                self._last = line.decode(errors="replace").strip()
                if b" running" in line:
                    self._started.set()
