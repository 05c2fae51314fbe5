"""Ten minutes without the VTN: events go on as they were read, reports wait, calls are few."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.loopback_vtn import BASE, CLIENT, SECRET, LoopbackVtn
from tests.support.virtual_loop import VirtualLoop, run_virtually
from ven_twin.ven import clock
from ven_twin.ven.clock import VenClock
from ven_twin.ven.mqtt.session_status import SessionState
from ven_twin.ven.openadr.attaching import being_ven_of
from ven_twin.ven.openadr.bridge import PAUSE_MAX_S
from ven_twin.ven.openadr.link import read_link
from ven_twin.ven.runtime import Twin
from ven_twin.ven.settings import TwinSettings

START_TS = 1_784_154_600.0
OUTAGE_S = 600.0
POLL_S = 30.0


class OutageStand:
    """A VEN and a VTN in virtual time, and the calls that came to nothing."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.loop, self.folder = VirtualLoop(), folder
        self.vtn = LoopbackVtn(url=f"http://127.0.0.1:1{BASE}", now_ts=self.now_ts)
        self.vtn.add("programs", programName="summer")
        self.is_down = False
        self.lost_s: list[float] = []
        self.secret = folder / "secret"
        self.secret.write_text(SECRET)
        self.secret.chmod(0o600)
        patch.setattr(clock, "monotonic_s", lambda: self.loop.now_s)
        patch.setattr(clock, "now_ts", self.now_ts)
        real = httpx.AsyncClient
        transport = httpx.MockTransport(self.answer)
        patch.setattr(httpx, "AsyncClient", lambda **options: real(transport=transport, **options))

    def now_ts(self) -> float:
        """The time of both."""
        return START_TS + self.loop.now_s

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """The VTN's answer, or none."""
        if self.is_down:
            self.lost_s.append(self.loop.now_s)
            raise httpx.ConnectError("down", request=request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        target = request.url.raw_path.decode()
        status, more, body = self.vtn.answer(request.method, target, headers, request.content)
        self.vtn.calls.append((request.method, request.url.path.removeprefix(BASE), status))
        return httpx.Response(
            status, headers=more, content=b"" if body is None else json.dumps(body).encode()
        )

    def add_event(self, level: int, *, in_s: float, seconds: int) -> str:
        """An event that wants a report."""
        start = datetime.fromtimestamp(self.now_ts() + in_s, UTC).isoformat()
        (program,) = self.vtn.objects["programs"]
        return self.vtn.add(
            "events",
            programID=program,
            intervalPeriod={"start": start, "duration": f"PT{seconds}S"},
            intervals=[{"id": 0, "payloads": [{"type": "SIMPLE", "values": [level]}]}],
            reportDescriptors=[{"payloadType": "USAGE"}],
        )

    def run(self, course: Callable[[Twin], Any]) -> None:
        """Run the VEN, and *course* beside it."""

        async def work() -> None:
            settings: Any = {"ven_id": "ven-1", "endpoint": "", "state_dir": self.folder / "ven"}
            ven_clock = VenClock(self.now_ts, lambda: self.loop.now_s)
            twin = Twin.open(TwinSettings(**settings), None, ven_clock=ven_clock)
            link = read_link(self.vtn.url, client_id=CLIENT, secret_file=self.secret, poll_s=POLL_S)
            async with being_ven_of(twin, link, self.folder / "ven"):
                running = asyncio.ensure_future(twin.run())
                try:
                    await course(twin)
                finally:
                    twin.stop()
                    await running

        run_virtually(self.loop, work())


def acting(twin: Twin) -> str | None:
    """The event that is acted on."""
    return twin.snapshot().house.acting


def test_ten_minutes_without_the_vtn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One event ends in them and one begins; what was decided there meanwhile holds within two minutes."""
    stand = OutageStand(tmp_path, monkeypatch)

    async def course(twin: Twin) -> None:
        await asyncio.sleep(5.0)
        first = stand.add_event(2, in_s=10, seconds=300)
        second = stand.add_event(1, in_s=370, seconds=1200)
        await asyncio.sleep(65.0)
        assert acting(twin) == first
        stand.is_down = True
        await asyncio.sleep(200.0)
        assert acting(twin) == first
        assert twin.status.state is SessionState.BACKOFF
        await asyncio.sleep(60.0)
        assert acting(twin) is None
        await asyncio.sleep(60.0)
        assert acting(twin) == second
        stand.vtn.delete("events", second)
        third = stand.add_event(3, in_s=OUTAGE_S, seconds=600)
        await asyncio.sleep(OUTAGE_S - 320.0)
        assert acting(twin) == second
        assert stand.vtn.all("reports") == []
        stand.is_down = False
        await asyncio.sleep(PAUSE_MAX_S + 5.0)
        assert twin.status.state is SessionState.CONNECTED
        assert acting(twin) is None
        assert third in twin.snapshot().state.schedule.events
        reports = stand.vtn.all("reports")
        assert [report["eventID"] for report in reports] == [first]
        await asyncio.sleep(PAUSE_MAX_S)
        assert [report["eventID"] for report in stand.vtn.all("reports")].count(first) == 1

    stand.run(course)
    pauses = [later - earlier for earlier, later in zip(stand.lost_s, stand.lost_s[1:], strict=False)]
    assert max(pauses) <= PAUSE_MAX_S
    assert len(stand.lost_s) <= 40
