"""``python -m harness.polls --vens 1000 --minutes 10``: every VEN asks the VTN for its events once a minute.

Each poll carries the tag of the answer before. An event is added each minute, so that some polls find news.
Before that it measures how soon who is called hears of an event. `--minutes 0` leaves the polls out.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console

from harness.polls.round_trips import LIMIT, round_trips
from harness.polls.stand import TIMEOUT_S, VtnStand, vtn_stand
from harness.polls.wake_ups import wake_ups
from ven_twin.testing.pki import Authority

console = Console(highlight=False, soft_wrap=True)
PERIOD_S = 60.0


@dataclass
class Polls:
    """The polls so far: their statuses, and their round trips, ms."""

    statuses: Counter[int] = field(default_factory=Counter)
    round_trips_ms: list[float] = field(default_factory=list)


async def poll(stand: VtnStand, minutes: int) -> Polls:
    """Poll for *minutes*, the VENs spread evenly over each."""
    polls = Polls()
    tags: dict[int, str] = {}

    async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S) as http:

        async def one(number: int, headers: dict[str, str]) -> None:
            tag = {"If-None-Match": tags[number]} if number in tags else {}
            begun = time.perf_counter()
            try:
                answer = await http.get(f"{stand.url}/events?limit={LIMIT}", headers={**headers, **tag})
            except httpx.HTTPError:
                polls.statuses[0] += 1
                return
            polls.round_trips_ms.append(1e3 * (time.perf_counter() - begun))
            polls.statuses[answer.status_code] += 1
            tags[number] = answer.headers.get("etag", "")

        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for minute in range(minutes):
                body = {**stand.event, "targets": [f"group-{minute}"]}
                group.create_task(_add(http, stand, body))
                for number, headers in enumerate(stand.vens):
                    due = begun + PERIOD_S * (minute + number / len(stand.vens))
                    await asyncio.sleep(max(0.0, due - time.monotonic()))
                    group.create_task(one(number, headers))
    return polls


async def _add(http: httpx.AsyncClient, stand: VtnStand, body: dict[str, object]) -> None:
    answer = await http.post(f"{stand.url}/events", json=body, headers=stand.operator)
    answer.raise_for_status()


def main() -> None:
    """Poll, print, and fail where an answer is none."""
    parser = argparse.ArgumentParser(prog="harness.polls")
    parser.add_argument("--vens", type=int, default=1000)
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--minutes", type=int, default=10)
    options, authority = parser.parse_args(), Authority()
    with (
        tempfile.TemporaryDirectory() as folder,
        vtn_stand(
            Path(folder) / "cloud",
            vens=options.vens,
            events=options.events,
            metered=True,
            callback_ca_pem=authority.certificate,
        ) as stand,
    ):
        for words, p95_ms, function_ms in round_trips(stand):
            console.print(f"  {words:30} round trip p95 {p95_ms:6.1f} ms, own time {function_ms:6.1f} ms")
        for what, p50_s, worst_s in wake_ups(stand, authority, Path(folder)):
            console.print(f"  {what:36} p50 {p50_s:5.2f} s, worst {worst_s:5.2f} s")
        if not options.minutes:
            return
        before = stand.counts()
        polls = asyncio.run(poll(stand, options.minutes))
        after = stand.counts()
    spent = {name: after[name] - before.get(name, 0.0) for name in after if name.endswith(".vtn")}
    count = sum(polls.statuses.values())
    for status, number in sorted(polls.statuses.items()):
        console.print(f"  {status or 'no answer':>10} {number:8,}")
    p50, p95 = (statistics.quantiles(polls.round_trips_ms, n=20)[place] for place in (9, 18))
    console.print(
        f"  round trip, p50 {p50:.0f} ms, p95 {p95:.0f} ms, worst {max(polls.round_trips_ms):.0f} ms"
    )
    for name, amount in sorted(spent.items()):
        console.print(f"  {name:30} {amount:10,.1f} {amount / count:8.2f} a poll")
    if any(status in {0, *range(500, 600)} for status in polls.statuses):
        raise SystemExit("a poll was not answered")


if __name__ == "__main__":
    main()
