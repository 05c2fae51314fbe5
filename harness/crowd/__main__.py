"""``python -m harness.crowd --vens 200``: many twins in one process, beside as many plain sessions."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.support.mosquitto import Mosquitto, free_port
from ven_twin.testing.pki import Authority

console = Console(highlight=False, soft_wrap=True)
EVENT = (1.0, 600)
"""The request of a VEN, kW, and its length, s."""


class QuietBroker(Mosquitto):
    """Mosquitto that writes nothing down, with a plain listener for the shadow service."""

    plain_port: int = 0

    def _settings(self) -> str:
        return f"""
per_listener_settings true
{self.tls_listener()}
listener {self.plain_port} 127.0.0.1
allow_anonymous true
max_queued_messages 0
max_inflight_messages 0
log_dest stderr
log_type information
{"user root" if os.getuid() == 0 else ""}
"""


async def measure(
    kind: str, folder: Path, count: int, rest_s: float, event_s: float
) -> dict[str, dict[str, Any]]:
    """The figures of *count* VENs of a *kind*, a dictionary for each phase.

    At rest they are measured once each has an offer, which a twin searches first.
    """
    authority = Authority()
    broker = QuietBroker(folder / "broker", authority, authority.issue("localhost"))
    broker.plain_port = free_port()
    for number in range(count):
        name = f"ven-{number:05}"
        authority.identity(folder / "tls" / name, name)
    await broker.start()
    shadows = await _module("harness.crowd.shadows", str(broker.plain_port))
    figures: dict[str, dict[str, Any]] = {}
    try:
        await _line(shadows)
        members = await _module("harness.crowd.members", kind, str(folder), str(broker.port), str(count))
        for phase in ("opened", "connected", "offering"):
            figures[phase] = json.loads(await _line(members))
        _order(members, f"rest {rest_s}")
        figures["at rest"] = json.loads(await _line(members))
        if kind == "twins":
            _order(members, f"event {event_s}")
            _order(shadows, f"{EVENT[0]} {EVENT[1]}")
            figures["in an event"] = json.loads(await _line(members))
        _end(members)
        await members.wait()
    finally:
        _end(shadows)
        await shadows.wait()
        await broker.kill()
    return figures


async def _module(*command: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-m", *command, stdin=PIPE, stdout=PIPE)


async def _line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise SystemExit("crowd: a process ended before its time; what it said stands above")
    return line.decode()


def _order(process: asyncio.subprocess.Process, line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n".encode())


def _end(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.close()


def main() -> None:
    """Measure twins and plain sessions, and print each phase."""
    parser = argparse.ArgumentParser(prog="crowd", description=__doc__)
    parser.add_argument("--vens", type=int, default=200)
    parser.add_argument("--rest-s", type=float, default=60.0, help="measured at rest, s")
    parser.add_argument("--event-s", type=float, default=30.0, help="measured in the event, s")
    parser.add_argument("--kinds", default="plain,twins")
    options = parser.parse_args()
    for kind in options.kinds.split(","):
        with tempfile.TemporaryDirectory() as folder:
            phases = asyncio.run(measure(kind, Path(folder), options.vens, options.rest_s, options.event_s))
        for name, figures in phases.items():
            words = "  ".join(f"{figure} {value:.3f}" for figure, value in figures.items())
            console.print(f"{options.vens} {kind:6} {name:12} {words}")


if __name__ == "__main__":
    main()
