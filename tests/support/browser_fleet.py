"""A fleet of real twins on a real local cloud, with the operator's page before it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contracts.store.keys import EVENT_SORT_KEY, EVENTS
from contracts.store.stack import StackOutput
from local_cloud import deploy, process
from tests.e2e.conftest import System, start_cloud, until
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.running_cloud import cloud_of

VENS = ("ven-1", "ven-2", "ven-3")
HOUSES = ("--house-speed", "10", "--house-start", "2026-07-15T22:30:00Z", "--report-interval", "1")


class Fleet:
    """A local cloud with twins in it, and the operator's page."""

    def __init__(self, home: Path, vens: Sequence[str] = VENS, houses: Sequence[str] = HOUSES) -> None:
        self.home = home
        self.vens = vens
        self.houses = houses
        self.processes: list[subprocess.Popen[bytes]] = []
        self.url = ""

    def start(self) -> None:
        """Start all of it; returns when every VEN has said what it offers."""
        runtime = start_cloud(self.home)
        self.system = System(self.home, runtime, cloud_of(runtime))
        deploy.deploy(runtime, self.vens)
        self.run("fleet", "run", *self.houses)
        until(self._offered, "the offers of all VENs")
        self.serve()

    def serve(self, port: str = "0") -> None:
        """Start the page's server."""
        self.server = self.run("fleet", "serve", "--port", port)
        log = self.home / f"{len(self.processes)}.log"
        self.url = until(lambda: _address(log), "the page's address")

    def run(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command that goes on."""
        with (self.home / f"{len(self.processes) + 1}.log").open("wb") as log:
            started = subprocess.Popen(
                [sys.executable, "-m", "ven_twin.cli", *arguments],
                env={**self.system.environment, "PYTHONUNBUFFERED": "1"},
                stdout=log,
                stderr=log,
            )
        self.processes.append(started)
        return started

    def stop(self) -> None:
        """End all of it."""
        for child in self.processes:
            if child.poll() is None:
                child.terminate()
        for child in self.processes:
            child.wait(GIVE_UP_S)
        process.stop(self.home / "cloud")

    def event(self, event_id: str) -> dict[str, Any]:
        """An event as the cloud has it."""
        shown: dict[str, Any] = self.system.json("event", "show", event_id)["event"]
        return shown

    def copy_event(self, event_id: str, starts_ts: Sequence[int]) -> list[str]:
        """Store an event with all its parts once more at each of these times; the ids of the copies."""
        parts = list(self.system.cloud.event_items(event_id))
        ids = [f"past-{ts}" for ts in starts_ts]
        copies = [
            {**part, "eventId": copy_id, **({"startTs": ts} if part["part"] == EVENT_SORT_KEY else {})}
            for copy_id, ts in zip(ids, starts_ts, strict=True)
            for part in parts
        ]
        self.system.cloud.put_items(StackOutput.EVENTS_TABLE, copies)
        return ids

    def delete_event(self, event_id: str) -> None:
        """Take an event's header away, as if there had never been one."""
        key = {str(EVENTS.partition): event_id, str(EVENTS.sort): EVENT_SORT_KEY}
        self.system.cloud.delete_items(StackOutput.EVENTS_TABLE, [key])

    def _offered(self) -> bool:
        return all(self.system.offer_kw(ven_id) is not None for ven_id in self.vens)


def _address(log: Path) -> str | None:
    words = log.read_text().split()
    return next((word.rstrip(",") for word in words if word.startswith("http://")), None)
