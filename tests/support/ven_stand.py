"""A twin on a stand: no network, a clock that is set by hand, killed and started again at will."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts.wire import codec
from contracts.wire.topics import Topics
from ven_twin.ven.clock import VenClock
from ven_twin.ven.identity.identity_files import Identity
from ven_twin.ven.runtime import Twin
from ven_twin.ven.settings import TwinSettings

VEN = "ven-1"
START_TS = 1_800_000_000.0
TOPICS = Topics(VEN)


@dataclass
class Stand:
    """A VEN's folder, the clocks of its host, and what the VEN has sent so far.

    Attributes:
        system_ts: what the host's clock shows.
        steady_s: time since the host was started.
    """

    folder: Path
    system_ts: float = START_TS
    steady_s: float = 1000.0
    sent: list[dict[str, Any]] = field(default_factory=list)
    version: int = 0

    def start(self, **options: Any) -> Twin:
        """Start the VEN's process."""
        settings: dict[str, Any] = {"ven_id": VEN, "endpoint": "nowhere", "state_dir": self.folder}
        nobody = Identity(self.folder, self.folder, self.folder)
        clock = VenClock(lambda: self.system_ts, lambda: self.steady_s)
        self.twin = Twin.open(TwinSettings(**settings, **options), nobody, ven_clock=clock)
        self.twin._finish_commands()
        return self.twin

    def kill(self) -> None:
        """End the process as SIGKILL does: what is not on disk is gone."""
        self.collect()
        self.twin._outbox._db.close()

    def kill_unread(self) -> None:
        """As `kill`, with what it has sent still in its outbox."""
        self.twin._outbox._db.close()

    def live_nowhere(self, seconds: float) -> None:
        """Let time pass without the VEN."""
        self.system_ts += seconds
        self.steady_s += seconds

    def collect(self) -> list[dict[str, Any]]:
        """Take what the VEN has sent out of its outbox, as a broker would."""
        for row in self.twin._outbox.window(1000):
            self.sent.append({"topic": row.topic, **json.loads(row.payload)})
            self.twin._outbox.acked(row.id)
        return self.sent

    def phases(self, event_id: str) -> list[str]:
        """The phases that were announced of an event."""
        return [row["phase"] for row in self.collect() if row.get("event_id") == event_id and "phase" in row]

    def acks(self, correlation_id: str) -> list[dict[str, Any]]:
        """The answers to a command."""
        return [row for row in self.collect() if row.get("correlationId") == correlation_id]

    def live(self, seconds: float, step_s: float = 1.0) -> None:
        """Let time pass, and the VEN with it."""
        while seconds > 0:
            self.system_ts += min(step_s, seconds)
            self.steady_s += min(step_s, seconds)
            seconds -= step_s
            self.twin._tick()

    async def command(self, **message: Any) -> None:
        """A command comes in."""
        await self.twin._on_message(TOPICS.command, codec.encode(message))

    async def shadow(self, suffix: str, **document: Any) -> None:
        """A message about the shadow comes in."""
        self.version += 1
        message = {"version": self.version, **document}
        await self.twin._on_message(TOPICS.shadow(suffix), codec.encode(message))

    async def desire(self, **desired: Any) -> None:
        """The whole shadow is read, and this is desired."""
        await self.shadow("get/accepted", state={"desired": desired})

    @property
    def event_id(self) -> str | None:
        """The event that is acted on."""
        return self.twin._engine.house.acting
