"""All VENs poll once a minute, each with the tag of the answer before, and an event is added each minute."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import httpx

from harness.polls.round_trips import LIMIT
from harness.polls.stand import GROUPS, TIMEOUT_S, VtnStand

PERIOD_S = 60.0
NO_ANSWER = 0


@dataclass
class Polls:
    """The polls so far: their statuses by minute, and their round trips, ms."""

    statuses: dict[int, Counter[int]] = field(default_factory=dict)
    round_trips_ms: list[float] = field(default_factory=list)

    def count(self, minute: int, status: int) -> None:
        """Count a poll of *minute*."""
        self.statuses.setdefault(minute, Counter())[status] += 1

    @property
    def in_all(self) -> Counter[int]:
        """The statuses of all minutes."""
        return sum(self.statuses.values(), Counter[int]())

    def lines(self) -> Iterator[str]:
        """The statuses of each minute, in words."""
        for minute, statuses in sorted(self.statuses.items()):
            words = (f"{status or 'no answer'} {number:6,}" for status, number in sorted(statuses.items()))
            yield f"minute {minute + 1:3}   {'   '.join(words)}"


async def poll(stand: VtnStand, pages: Sequence[str], minutes: int, *, is_for_one: bool) -> Polls:
    """Poll *pages*, by group, for *minutes*, the VENs spread evenly over each.

    Each minute's event is for two groups of VENs; with *is_for_one* for the last VEN alone.
    """
    polls, tags = Polls(), dict[int, str]()
    async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S) as http:

        async def one(minute: int, number: int, headers: dict[str, str]) -> None:
            tag = {"If-None-Match": tags[number]} if number in tags else {}
            begun = time.perf_counter()
            try:
                answer = await http.get(pages[number % GROUPS], headers={**headers, **tag})
            except httpx.HTTPError:
                polls.count(minute, NO_ANSWER)
                return
            polls.round_trips_ms.append(1e3 * (time.perf_counter() - begun))
            polls.count(minute, answer.status_code)
            tags[number] = answer.headers.get("etag", "")

        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for minute in range(minutes):
                groups = [f"group-{minute % GROUPS}", f"group-{(minute + 1) % GROUPS}"]
                targets = [f"house-{len(stand.vens) - 1}"] if is_for_one else groups
                group.create_task(_add(http, stand, {**stand.event, "targets": targets}))
                for number, headers in enumerate(stand.vens):
                    due = begun + PERIOD_S * (minute + number / len(stand.vens))
                    await asyncio.sleep(max(0.0, due - time.monotonic()))
                    group.create_task(one(minute, number, headers))
    return polls


def newest_pages(stand: VtnStand) -> list[str]:
    """By group, the address of the page that begins before its newest events, and has room for others."""
    pages = []
    for headers in stand.vens[:GROUPS]:
        answer = stand.http.get(f"{stand.url}/events", headers=headers)
        count = len(answer.raise_for_status().json())
        pages.append(f"{stand.url}/events?skip={max(0, count - LIMIT // 2)}&limit={LIMIT}")
    return pages


async def _add(http: httpx.AsyncClient, stand: VtnStand, body: dict[str, object]) -> None:
    answer = await http.post(f"{stand.url}/events", json=body, headers=stand.operator)
    answer.raise_for_status()
