"""Threads in virtual time: one runs at a time, sleeping takes no time, the clock moves when all sleep."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

R = TypeVar("R")


class VirtualTime:
    """A clock that stands while anybody works, and jumps to the next who wakes.

    Attributes:
        now_s: seconds since the start.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self._turn: list[tuple[float, int, threading.Event]] = []
        self._number = itertools.count()
        self._lock = threading.Lock()

    def sleep(self, duration_s: float) -> None:
        """Let the others work until *duration_s* have passed."""
        mine = threading.Event()
        with self._lock:
            heapq.heappush(self._turn, (self.now_s + duration_s, next(self._number), mine))
            self._pass_on()
        mine.wait()

    def run(self, *jobs: Callable[[], R]) -> list[R]:
        """Run *jobs* at once; returns what each returned, in their order. The first failure is raised."""
        results: list[R | None] = [None] * len(jobs)
        failures: list[BaseException] = []

        def work(index: int, mine: threading.Event) -> None:
            mine.wait()
            try:
                results[index] = jobs[index]()
            except BaseException as error:  # noqa: BLE001 - raised below, in the test's own thread
                failures.append(error)
            with self._lock:
                self._pass_on()

        threads = []
        for index in range(len(jobs)):
            mine = threading.Event()
            heapq.heappush(self._turn, (self.now_s, next(self._number), mine))
            threads.append(threading.Thread(target=work, args=(index, mine)))
        for thread in threads:
            thread.start()
        with self._lock:
            self._pass_on()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        return [result for result in results if result is not None]

    def _pass_on(self) -> None:
        if self._turn:
            at_s, _, whose = heapq.heappop(self._turn)
            self.now_s = max(self.now_s, at_s)
            whose.set()


@dataclass
class RateLimiter:
    """A service that takes so many calls a second, and throttles the others.

    Attributes:
        per_s: calls a second, by operation; one that is not named is unlimited. A second's calls may come at
            once.
        throttled: how many calls were turned away, by operation.
    """

    clock: VirtualTime
    per_s: dict[str, float]
    throttled: dict[str, int] = field(default_factory=dict)
    _tokens: dict[str, tuple[float, float]] = field(default_factory=dict)

    def takes(self, operation: str) -> bool:
        """True when the call is within its rate."""
        rate = self.per_s.get(operation)
        if rate is None:
            return True
        tokens, at_s = self._tokens.get(operation, (rate, self.clock.now_s))
        tokens = min(rate, tokens + (self.clock.now_s - at_s) * rate)
        taken = tokens >= 1.0
        self._tokens[operation] = (tokens - taken, self.clock.now_s)
        if not taken:
            self.throttled[operation] = self.throttled.get(operation, 0) + 1
        return taken
