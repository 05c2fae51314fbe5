"""A twin without AWS beside a VTN on loopback, started and killed at will."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.loopback_vtn import CLIENT, SECRET, LoopbackVtn
from tests.support.waiting import GIVE_UP_S
from ven_twin.ven.clock import VenClock
from ven_twin.ven.openadr import attaching
from ven_twin.ven.openadr.attaching import being_ven_of
from ven_twin.ven.openadr.link import VtnLink, read_link
from ven_twin.ven.runtime import Twin
from ven_twin.ven.settings import TwinSettings

AFTERNOON_TS = 1_784_154_600.0


class VenOnStand:
    """A twin without AWS in a folder of its own, with a VTN."""

    def __init__(self, folder: Path, vtn: LoopbackVtn) -> None:
        self.folder, self.vtn = folder / "ven", vtn
        self.secret = folder / "secret"
        self.secret.write_text(SECRET)
        self.secret.chmod(0o600)
        self.steady = time.monotonic

    def link(self, **options: Any) -> VtnLink:
        """The link by the options of the command."""
        return read_link(
            self.vtn.url,
            client_id=CLIENT,
            secret_file=self.secret,
            poll_s=options.pop("poll_s", 1.0),
            **options,
        )

    def open(self) -> Twin:
        """The twin, which does not run yet."""
        settings = TwinSettings(
            ven_id="ven-1",  # type: ignore[arg-type]
            endpoint="",
            state_dir=self.folder,
            house_start_ts=AFTERNOON_TS,
            house_speed=10,
        )
        return Twin.open(settings, None, ven_clock=VenClock())

    @asynccontextmanager
    async def running(self, **options: Any) -> AsyncIterator[Twin]:
        """The twin, running; it ends in good order."""
        twin = self.open()
        async with being_ven_of(twin, self.link(**options), self.folder):
            running = asyncio.ensure_future(twin.run())
            try:
                yield twin
            finally:
                twin.stop()
                await running

    @asynccontextmanager
    async def killed(self, **options: Any) -> AsyncIterator[Twin]:
        """The twin, running; it ends as by SIGKILL: what is not on disk is gone."""
        twin = self.open()
        attached = contextlib.AsyncExitStack()
        await attached.enter_async_context(being_ven_of(twin, self.link(**options), self.folder))
        running = asyncio.ensure_future(twin.run())
        try:
            yield twin
        finally:
            twin._watchers.clear()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(attaching, "_leave", _leave_nothing)
                await attached.aclose()


async def _leave_nothing(_: object) -> None:
    """Whoever is killed takes no leave."""


async def until(ready: Callable[[], Any]) -> Any:
    """Wait for the thing; what it gave."""
    begun_s = time.monotonic()
    while not (value := ready()):
        assert time.monotonic() - begun_s < GIVE_UP_S
        await asyncio.sleep(0.05)
    return value


def add_event(vtn: LoopbackVtn, *levels: int, seconds: int = 600, in_s: float = 0.0, **fields: Any) -> str:
    """An event of an interval for each level, from now or in a while; its id."""
    start = datetime.fromtimestamp(int(time.time() + in_s), UTC).isoformat()
    intervals = [
        {"id": n, "payloads": [{"type": "SIMPLE", "values": [level]}]} for n, level in enumerate(levels)
    ]
    period = {"start": start, "duration": f"PT{seconds}S"}
    (program,) = vtn.objects["programs"]
    return vtn.add("events", programID=program, intervals=intervals, intervalPeriod=period, **fields)


def acting(twin: Twin) -> str | None:
    """The event that is acted on."""
    return twin.snapshot().house.acting


def payloads(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The payloads of a report's intervals, by type; of one resource."""
    (resource,) = report["resources"]
    return [
        {payload["type"]: payload["values"] for payload in interval["payloads"]}
        for interval in resource["intervals"]
    ]


def reports_of(vtn: LoopbackVtn, kind: str) -> list[dict[str, Any]]:
    """The reports with payloads of a type."""
    return [report for report in vtn.all("reports") if report["payloadDescriptors"][0]["payloadType"] == kind]


def page(port: int, path: str) -> Any:
    """The answer of the VEN's page; None where it does not, or not with 200."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=GIVE_UP_S) as answer:
            return json.load(answer)
    except OSError:
        return None
