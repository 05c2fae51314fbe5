"""A VEN on a Raspberry Pi: it reports, says what it can shed, answers commands and obeys events.

    pip install aiomqtt
    python raspberry_pi.py --ven-id ven-1 --host ENDPOINT --tls tls

Your own hardware goes into `used_kw` and `set_shed_kw`. It obeys events in kW, and knows one command, ping.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiomqtt


class Ven:
    """The state of the VEN. Its boot id begins with the time, so that later boots sort after earlier ones."""

    def __init__(self, ven_id: str, can_shed_kw: float = 2.0) -> None:
        self.ven_id, self.can_shed_kw, self.shed_kw = ven_id, can_shed_kw, 0.0
        self.boot_id, self.seq = f"{int(time.time()):08x}", 0
        self.events: dict[str, Any] = {}
        self.phases: dict[str, str] = {}
        self.active: str | None = None

    def used_kw(self) -> float:
        """Read the meter."""
        return 2.7 - self.shed_kw

    def set_shed_kw(self, kw: float) -> None:
        """Switch so much off that the house draws *kw* less."""
        self.shed_kw = min(kw, self.can_shed_kw)

    def row(self, measured_s: float) -> dict[str, Any]:
        """A row of telemetry: means over the last *measured_s*."""
        row = {
            "timestamp": int(time.time()),
            "bootId": self.boot_id,
            "seq": self.seq,
            "measuredS": measured_s,
        }
        row |= {"usedPowerKw": self.used_kw(), "shedPowerKw": self.shed_kw, "eventId": self.active}
        self.seq += 1
        return row

    def reported(self) -> dict[str, Any]:
        """The reported shadow: without `shedAvailabilityKw` no event in kW reaches this VEN."""
        status = "shedding" if self.active else "normal"
        metrics = {"shedAvailabilityKw": self.can_shed_kw, "sustainS": 3600, "activeEventId": self.active}
        return {"state": {"reported": {"ven": {"status": status}, "metrics": metrics}}}

    def take(self, state: dict[str, Any]) -> None:
        """Take up what the shadow desires. A higher revision replaces a lower, null takes an event away."""
        for event_id, event in (state.get("drEvents") or {}).items():
            before = self.events.get(event_id) or {}
            if event is None or event.get("revision", 0) >= before.get("revision", 0):
                self.events[event_id] = event

    def begin_and_end(self) -> Iterator[dict[str, Any]]:
        """Enter the phase that each event is in now; yields the acks of the transitions."""
        needed_kw, active = 0.0, None
        for event_id, event in list(self.events.items()):
            phase, kw = self.phase(event_id, event or {"intervals": []})
            if phase == "active":
                needed_kw, active = max(needed_kw, kw), event_id
            if phase != self.phases.get(event_id):
                self.phases[event_id] = phase
                revision = (event or {}).get("revision", 0)
                ack = {"op": "event", "ok": True, "status": "success", "event_id": event_id, "phase": phase}
                ack |= {"ts": int(time.time()), "correlationId": f"{event_id}:{revision}:{phase}"}
                yield ack | {"requested_shed_kw": kw, "actual_shed_kw": min(kw, self.can_shed_kw)}
        self.active = active
        self.set_shed_kw(needed_kw)

    def phase(self, event_id: str, event: dict[str, Any]) -> tuple[str, float]:
        """The phase of an event now, and the kW to shed."""
        if not event["intervals"]:
            return "cancelled", 0.0
        at_s = time.time() - event["startTs"] - self.offset_s(event_id, event.get("randomizeStartS", 0))
        if at_s < 0:
            return "near" if at_s > -3600 else "far", 0.0
        for interval in event["intervals"]:
            if at_s < interval["durationS"]:
                return "active", interval["value"] if interval["signal"] == "shedKw" else 0.0
            at_s -= interval["durationS"]
        return "completed", 0.0

    def offset_s(self, event_id: str, randomize_s: float) -> float:
        """This VEN's share of a randomised start, which settlement knows too."""
        digest = hashlib.sha256(f"{self.ven_id}\0{event_id}".encode()).digest()
        return (2 * int.from_bytes(digest[:8], "big") / 2**64 - 1) * randomize_s


async def listen(client: aiomqtt.Client, ven: Ven) -> None:
    """Answer commands, and take up what is desired."""
    async for message in client.messages:
        topic, value = str(message.topic), json.loads(message.payload)
        if topic.endswith("/get/accepted"):
            ven.take(value["state"].get("desired", {}))
        elif topic.endswith("/update/delta"):
            ven.take(value["state"])
        elif topic.startswith("ven/cmd/"):
            answer = {"op": value["op"], "ts": int(time.time()), "correlationId": value["correlationId"]}
            if value["op"] == "ping":
                answer |= {"ok": True, "status": "success", "pong": True}
            else:
                answer |= {"ok": False, "status": "rejected", "field": "op", "error": "this VEN knows ping"}
            await client.publish(f"ven/ack/{ven.ven_id}", json.dumps(answer), 1)


async def work(client: aiomqtt.Client, ven: Ven, shadow: str, interval_s: float) -> None:
    """Look at the events each second, and report each interval and at each change."""
    reported_at = time.monotonic() - interval_s
    while True:
        acks = list(ven.begin_and_end())
        for ack in acks:
            await client.publish(f"ven/ack/{ven.ven_id}", json.dumps(ack), 1)
        measured_s = time.monotonic() - reported_at
        if acks or measured_s >= interval_s:
            reported_at = time.monotonic()
            row = json.dumps(ven.row(round(measured_s, 3)))
            await client.publish(f"ven/telemetry/{ven.ven_id}", row, 1)
            await client.publish(f"{shadow}/update", json.dumps(ven.reported()), 1)
        await asyncio.sleep(1 - time.time() % 1)


async def main() -> None:
    """Connect, and again when the connection is lost."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ven-id", required=True)
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=8883)
    parser.add_argument("--tls", type=Path, default=Path("tls"))
    parser.add_argument("--interval", type=float, default=30.0)
    options = parser.parse_args()
    context = ssl.create_default_context(cafile=options.tls / "ca.pem")
    context.load_cert_chain(options.tls / "certificate.pem", options.tls / "private_key.pem")
    ven, shadow = Ven(options.ven_id), f"$aws/things/{options.ven_id}/shadow"
    while True:
        try:
            async with aiomqtt.Client(
                options.host, options.port, identifier=options.ven_id, tls_context=context
            ) as client:
                topics = [f"ven/cmd/{ven.ven_id}", f"{shadow}/get/accepted", f"{shadow}/update/delta"]
                await client.subscribe([(topic, 1) for topic in topics])
                await client.publish(f"{shadow}/get", b"", 1)
                async with asyncio.TaskGroup() as group:
                    group.create_task(listen(client, ven))
                    group.create_task(work(client, ven, shadow, options.interval))
        except* (aiomqtt.MqttError, OSError) as lost:
            print("connection lost, trying again in 5 s:", *lost.exceptions)
            await asyncio.sleep(5)


if __name__ == "__main__":
    asyncio.run(main())
