"""The shadow service of many things beside a broker: ``python -m harness.crowd.shadows PORT``.

A line ``SHED_KW DURATION_S`` on standard input desires an event of every thing that has read its shadow.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import defaultdict

from contracts.errors import WireError
from contracts.wire import codec
from contracts.wire.ids import VenId
from contracts.wire.topics import Topics
from harness.faults.frames import PUBLISH, SUBACK, Frames, connect, kind, publish, published, subscribe
from harness.faults.shadow_service import Shadow

EVENT_ID = "evt-crowd"


class CrowdShadows:
    """Every thing's shadow, over one connection to the broker's plain listener."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._shadows: defaultdict[str, Shadow] = defaultdict(Shadow)
        self._writer, self._packet_id = writer, 0

    def answer(self, topic: str, payload: bytes) -> None:
        """Answer the request on *topic*."""
        thing, name = topic.split("/")[2], topic.rpartition("/")[2]
        try:
            request = codec.load_object(payload or b"{}")
        except WireError:
            request = {}
        now_ts, shadow = int(time.time()), self._shadows[thing]
        answers = [shadow.get(request, now_ts)] if name == "get" else shadow.update(request, now_ts)
        self._send(thing, answers)

    def desire(self, shed_kw: float, duration_s: int) -> None:
        """Desire an event of every thing, from now on."""
        now_ts = int(time.time())
        interval = {"durationS": duration_s, "signal": "shedKw", "value": shed_kw}
        event = {"revision": 0, "startTs": now_ts, "intervals": [interval]}
        for thing, shadow in self._shadows.items():
            patch = {"state": {"desired": {"drEvents": {EVENT_ID: event}}}}
            self._send(thing, shadow.update(patch, now_ts))

    def _send(self, thing: str, answers: list[tuple[str, codec.JsonDict]]) -> None:
        for suffix, document in answers:
            self._packet_id = self._packet_id % 65_535 + 1
            topic = Topics(VenId(thing)).shadow(suffix)
            self._writer.write(publish(topic, codec.encode(document), packet_id=self._packet_id))


async def serve(port: int) -> None:
    """Answer until standard input ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(connect("shadow-service"))
    writer.write(subscribe("$aws/things/+/shadow/get", "$aws/things/+/shadow/update"))
    shadows, frames = CrowdShadows(writer), Frames()
    loop = asyncio.get_running_loop()

    def orders() -> None:
        line = sys.stdin.readline()
        if not line:
            reading.cancel()
            return
        shed_kw, duration_s = line.split()
        shadows.desire(float(shed_kw), int(duration_s))

    async def read() -> None:
        while received := await reader.read(64 * 1024):
            for packet in frames.feed(received):
                if kind(packet) == SUBACK:
                    sys.stdout.write("ready\n")
                    sys.stdout.flush()
                elif kind(packet) == PUBLISH:
                    shadows.answer(*published(packet, 4)[:2])

    reading = asyncio.ensure_future(read())
    loop.add_reader(sys.stdin, orders)
    await asyncio.gather(reading, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
