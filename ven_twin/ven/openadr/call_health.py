"""The health of a VTN's calls: it tells of changes, or polls find some of which it has not told. Pure.

A poll that finds a change which is not new, and of which nobody has told, says that nobody tells.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Protocol

from contracts.openadr.objects import OadrEvent
from contracts.openadr.times import read_date_time
from ven_twin.ven.openadr.book import BookOfEvents

LATE_S = 60.0
"""News older than this came without a word. Interpretation: a VTN tries again within seconds."""


class VtnTeller(Protocol):
    """A way in which a VTN tells that something has changed, beside the polls."""

    async def renew(self) -> None:
        """Ask for it, where it is time to. Raises VtnBusyError."""

    def doubt(self) -> None:
        """It did not tell of a change."""

    def lapse(self) -> None:
        """The VTN was away, and may have forgotten: ask again next time."""


class CallHealth:
    """The calls of a VTN, or messages of its broker, since it was last asked for them; times are UTC s."""

    def __init__(self) -> None:
        self.is_healthy = False
        self._since_ts = self._called_ts = 0.0

    def began(self, now_ts: float) -> None:
        """The VTN tells from now on."""
        self.is_healthy, self._since_ts = True, now_ts

    def ended(self) -> None:
        """It tells no more."""
        self.is_healthy = False

    def called(self, now_ts: float) -> None:
        """It has told of something."""
        self._called_ts = now_ts

    def missed(self, before: BookOfEvents, listed: Iterable[OadrEvent], now_ts: float) -> bool:
        """True where a poll that found *listed* has found a change of which it should have told."""
        if not self.is_healthy:
            return False
        since_ts = max(self._since_ts, self._called_ts)
        return any(since_ts < changed_ts < now_ts - LATE_S for changed_ts in _changes_ts(before, listed))


def _changes_ts(before: BookOfEvents, listed: Iterable[OadrEvent]) -> Iterator[float]:
    """The times at which the events that are new or other than *before* were changed."""
    for event in listed:
        booked = before.events.get(event.id)
        if booked is None or booked.event != event:
            with contextlib.suppress(ValueError):  # a time that there is not
                yield read_date_time(event.modification_date_time) or 0.0
