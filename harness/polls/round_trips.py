"""Round trips of single calls, one after the other, beside one that has nothing to do."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx

from harness.polls.stand import VtnStand

TIMES = 100
LIMIT = 50


class RoundTrip(NamedTuple):
    """A call's round trip that 95 of 100 do not exceed, and the function's own time on the mean, ms."""

    words: str
    p95_ms: float
    function_ms: float


def round_trips(stand: VtnStand) -> Iterator[RoundTrip]:
    """The round trips; own times include the local cloud's DynamoDB and KMS."""
    url, http, ven = stand.url, stand.http, stand.vens[7]
    page = f"{url}/events?limit={LIMIT}"
    tag = {"If-None-Match": http.get(page, headers=ven).headers["etag"]}
    body = {**stand.event, "targets": ["group-7"]}
    calls: tuple[tuple[str, str, int, Callable[[], httpx.Response]], ...] = (
        ("GET /auth/server, for nothing", "vtn", 200, lambda: http.get(f"{url}/auth/server")),
        ("POST /auth/token", "vtn_token", 200, lambda: http.post(f"{url}/auth/token", data=stand.form)),
        (f"GET /events, {LIMIT} of all", "vtn", 200, lambda: http.get(page, headers=ven)),
        ("GET /events, 304", "vtn", 304, lambda: http.get(page, headers={**ven, **tag})),
        (
            "POST /events",
            "vtn",
            201,
            lambda: http.post(f"{url}/events", json=body, headers=stand.operator),
        ),
    )
    for words, function, status, call in calls:
        yield _measured(stand, words, function, status, call)


def _measured(
    stand: VtnStand, words: str, function: str, status: int, call: Callable[[], httpx.Response]
) -> RoundTrip:
    spent_ms = []
    call()
    before = stand.counts()
    for _ in range(TIMES):
        begun = time.perf_counter()
        answer = call()
        spent_ms.append(1e3 * (time.perf_counter() - begun))
        if answer.status_code != status:
            raise AssertionError(f"{words}: {answer.status_code}")
    after, name = stand.counts(), f"ms.{function}"
    function_ms = (after[name] - before.get(name, 0.0)) / TIMES
    return RoundTrip(words, statistics.quantiles(spent_ms, n=20)[-1], function_ms)
