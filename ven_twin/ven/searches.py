"""The searches of the VENs of a process: one after the other, for a share of a core at most.

    no offer yet ─▶ until there is one ─▶ behind the others
    all others, in turn ─▶ the whole offer, then the forecast ─▶ behind the others

A search is some tenths of a second of work, and has about a megabyte at hand. A thousand that go on side by
side would take a core and a gigabyte, and end no sooner.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from ven_twin.ven.engine import StepTime, VenEngine

VENS_IN_TICKS = 25
"""So many VENs of a process search in their ticks, as one alone does; more take turns.
Interpretation: those that search in ticks take up to a fifth of a core."""
SHARE = 0.08
"""Of a core, for all VENs together. Interpretation: with the ticks of a thousand it stays below 15 %."""
FIRST_SHARE = 0.2
"""And so much while there are VENs without an offer, which nobody can plan with."""
LEAST_PAUSE_S, IDLE_S = 0.002, 1.0

logger = logging.getLogger(__name__)


class Searcher(Protocol):
    """A VEN, as its searches are seen from here."""

    @property
    def has_offered(self) -> bool:
        """True once a search has told what there is to offer."""

    def search(self) -> bool:
        """Go on with offer and forecast by a slice, or begin them when it is time; False when all is done."""

    def set_search_aside(self) -> None:
        """Give up a search that is under way; what it has told stays."""


class EngineSearcher:
    """The searches of an engine that *get* has, and *put* takes back.

    Args:
        get: the engine as it is now.
        put: goes on with another one.
        now: the time.
    """

    def __init__(
        self, get: Callable[[], VenEngine], put: Callable[[VenEngine], None], now: Callable[[], StepTime]
    ) -> None:
        self._get, self._put, self._now = get, put, now

    @property
    def has_offered(self) -> bool:
        """True once a search has told what there is to offer."""
        return bool(self._get().house.offering.offer.levels)

    def search(self) -> bool:
        """Go on with offer and forecast by a slice, or begin them when it is time; False when all is done."""
        searched = self._get().searched(self._now())
        done = not searched.house.searches
        self._put(searched.with_house(searched.house.without_search()) if done else searched)
        return not done

    def set_search_aside(self) -> None:
        """Give up a search that is under way; what it has told stays."""
        engine = self._get()
        self._put(engine.with_house(engine.house.set_search_aside()))


class Searches:
    """Gives each VEN its turn; made for one event loop, at its first use."""

    def __init__(
        self,
        share: float = SHARE,
        first_share: float = FIRST_SHARE,
        *,
        cpu_s: Callable[[], float] = time.thread_time,
    ) -> None:
        self._share, self._first_share = share, first_share
        self._cpu_s = cpu_s
        self._new: deque[Searcher] = deque()
        self._others: deque[Searcher] = deque()
        self._turns: asyncio.Task[None] | None = None

    def join(self, searcher: Searcher) -> None:
        """Let a VEN that runs have its turns."""
        self._new.append(searcher)
        if self._turns is None or self._turns.done():
            self._turns = asyncio.ensure_future(self._go_round())

    def leave(self, searcher: Searcher) -> None:
        """Give a VEN no more turns."""
        for queue in (self._new, self._others):
            if searcher in queue:
                queue.remove(searcher)

    async def _go_round(self) -> None:
        idle = 0
        while self._new or self._others:
            first = bool(self._new)
            searcher = self._new.popleft() if first else self._others[0]
            self._others.append(searcher) if first else self._others.rotate(-1)
            worked = await self._turn(searcher, first=first)
            idle = 0 if worked else idle + 1
            if idle >= len(self._others) and not self._new:
                idle = 0
                await asyncio.sleep(IDLE_S)

    async def _turn(self, searcher: Searcher, *, first: bool) -> bool:
        """Let a VEN search to its end, or when it has no offer until it has; False when nothing was due."""
        slices, share = 0, self._first_share if first else self._share
        while searcher in self._others:
            begun_s = self._cpu_s()
            try:
                goes_on = searcher.search()
            except Exception:
                logger.exception("a search has failed; the VEN keeps the offer that it has")
                searcher.set_search_aside()
                return slices > 0
            used_s = self._cpu_s() - begun_s
            if first and searcher.has_offered:
                searcher.set_search_aside()
                goes_on = False
            slices += goes_on
            await asyncio.sleep(max(LEAST_PAUSE_S, used_s / share - used_s))
            if not goes_on:
                break
        return slices > 0
