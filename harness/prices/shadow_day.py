"""A VEN's day at speed, with the twin's own loop: how many shadow updates, rows and snapshots it sends.

    python -m harness.prices.shadow_day 2026-07-14T00 6      from midnight UTC, six hours

The twin's clock is one that jumps to whatever is due next, and a shadow service answers in its process. The
first `LEAD_IN_S` are lived and not counted: a twin that has just started has more to say. A whole day takes
some twelve minutes of CPU, so it is lived in pieces; `add` puts them together.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import sys
import tempfile
from collections import Counter
from pathlib import Path

import msgspec

from contracts.wire import codec
from contracts.wire.ids import VenId
from contracts.wire.shadow import BATCH_MAX_S
from contracts.wire.units import S_PER_H, S_PER_MIN
from harness.faults.shadow_service import Shadow
from ven_twin.ven.clock import VenClock
from ven_twin.ven.identity.identity_files import Identity
from ven_twin.ven.mqtt.shadow_client import ShadowClient
from ven_twin.ven.runtime import Twin
from ven_twin.ven.settings import TwinSettings
from ven_twin.ven.shadow_reporter import ShadowReporter

LEAD_IN_S = 10 * S_PER_MIN
LEAST_WAIT_S = 0.001
"""As the twin's own loop."""
HOUSE = "standard"


class LivedHours(msgspec.Struct, frozen=True, rename="camel"):
    """Hours of a VEN's life as they were counted.

    Attributes:
        start: their beginning, ISO 8601.
        hours: how many.
        updates: shadow updates of the VEN.
        record_kb: KB of the shadow's record over all of them, each rounded up, as AWS meters an operation.
        rows: telemetry rows.
        snapshots: snapshots of the circuits.
        record_max_bytes: the largest record.
    """

    start: str
    hours: float
    updates: int
    record_kb: int
    rows: int
    snapshots: int
    record_max_bytes: int


class LivedTwin:
    """A twin whose clock jumps, with a shadow service in the process."""

    def __init__(self, start_ts: float, folder: Path, batch_s: float = BATCH_MAX_S) -> None:
        self.now_ts = start_ts
        clock = VenClock(system=lambda: self.now_ts, steady=lambda: self.now_ts - start_ts)
        settings = TwinSettings(
            ven_id=VenId("ven-1"), endpoint="nowhere", state_dir=folder, house=HOUSE, batch_s=batch_s
        )
        nobody = Identity(folder / "ca", folder / "certificate", folder / "key")
        self._twin = Twin.open(settings, nobody, ven_clock=clock)
        self._twin._shadow = ShadowClient(self._twin._engine.topics, self._serve)
        self._twin._reporter = ShadowReporter(self._twin._shadow, clock.monotonic_s)
        self._shadow = Shadow()
        self._answers: list[tuple[str, codec.JsonDict]] = []
        self.counts: Counter[str] = Counter()
        self.record_max_bytes = 0

    async def _serve(self, topic: str, payload: bytes) -> bool:
        """Answer an update or a read, and count it."""
        request, now_ts = codec.load_object(payload), int(self.now_ts)
        if topic.endswith("/get"):
            self._answers.append(self._shadow.get(request, now_ts))
            return True
        self._answers += self._shadow.update(request, now_ts)
        record = {"reported": self._shadow.reported, "desired": self._shadow.desired}
        size = len(codec.encode(record))
        self.record_max_bytes = max(self.record_max_bytes, size)
        self.counts["updates"] += 1
        self.counts["record_kb"] += math.ceil(size / 1024)
        return True

    async def live(self, until_ts: float) -> None:
        """Live until *until_ts*."""
        twin = self._twin
        while self.now_ts < until_ts:
            seqs = twin._engine.row_seq, twin._engine.loads_seq
            twin._tick()
            self.counts["rows"] += twin._engine.row_seq - seqs[0]
            self.counts["snapshots"] += twin._engine.loads_seq - seqs[1]
            due_s = await twin._reporter.sync(twin.snapshot())
            while self._answers:
                suffix, document = self._answers.pop(0)
                await twin._on_message(twin._engine.topics.shadow(suffix), codec.encode(document))
                due_s = await twin._reporter.sync(twin.snapshot())
            now = twin._now()
            self.now_ts += max(LEAST_WAIT_S, min(twin._engine.due_s(now), due_s - now.s))

    async def connect(self) -> None:
        """Read the shadow, as on each connect."""
        await self._twin._on_connected(session_present=False)

    def close(self) -> None:
        """Close the twin's files."""
        self._twin.close()


async def lived(start: dt.datetime, hours: float) -> LivedHours:
    """The count of so many *hours* from *start*."""
    with tempfile.TemporaryDirectory() as folder:
        twin = LivedTwin(start.timestamp() - LEAD_IN_S, Path(folder))
        try:
            await twin.connect()
            await twin.live(start.timestamp())
            twin.counts.clear()
            await twin.live(start.timestamp() + hours * S_PER_H)
        finally:
            twin.close()
    counts = twin.counts
    return LivedHours(
        start=start.isoformat(),
        hours=hours,
        updates=counts["updates"],
        record_kb=counts["record_kb"],
        rows=counts["rows"],
        snapshots=counts["snapshots"],
        record_max_bytes=twin.record_max_bytes,
    )


def main() -> None:
    """Live the hours of the command line, and print their count."""
    start = dt.datetime.fromisoformat(sys.argv[1])
    start = start.replace(tzinfo=dt.UTC) if start.tzinfo is None else start
    counted = asyncio.run(lived(start, float(sys.argv[2])))
    sys.stdout.write(msgspec.json.encode(counted).decode() + "\n")


if __name__ == "__main__":
    main()
