"""Tells every open page of the VEN's state: encoded once, sent to all, never more than one message waiting.

A page that is slow is given the newest state and not those between. A state that differs in more than its
figures (an event's phase, a switch, the connection) goes out at once, the figures once a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable

from ven_twin.ven.clock import monotonic_s
from ven_twin.ven.page.view import VenView
from ven_twin.webkit.listeners import Listeners

PERIOD_S = 1.0
AT_ONCE_S = 0.2
"""Between two messages, even when what changed matters."""
SILENT_S = 4.0
"""A page that hears nothing for so long, four periods, takes its VEN for lost."""
SLACK_S = 0.1
"""The twin looks at its house every second; one that is a little early is not put off to the next."""


class Broadcaster:
    """The open pages. *encode* makes the message of a state."""

    def __init__(self, encode: Callable[[], tuple[VenView, bytes]]) -> None:
        self._encode = encode
        self._pages = Listeners()
        self._sent_s = float("-inf")
        self._said: Hashable = None
        self._again: asyncio.TimerHandle | None = None

    @property
    def open_pages(self) -> int:
        """How many pages are open."""
        return len(self._pages)

    def tell(self) -> None:
        """The VEN has a new state."""
        if not self._pages or self._pages.closed or self._again is not None:
            return
        since_s = monotonic_s() - self._sent_s
        if since_s < AT_ONCE_S:
            self._again = asyncio.get_running_loop().call_later(AT_ONCE_S - since_s, self._tell_again)
            return
        snapshot, message = self._encode()
        said = standing(snapshot)
        if since_s < PERIOD_S - SLACK_S and said == self._said:
            return
        self._said, self._sent_s = said, monotonic_s()
        self._pages.put(message)

    def _tell_again(self) -> None:
        self._again = None
        self.tell()

    def close(self) -> None:
        """End every page's stream."""
        if self._again is not None:
            self._again.cancel()
        self._pages.close()

    def listen(self) -> AsyncIterator[bytes]:
        """The messages of one page, the present state first.

        Raises:
            FullError: so many are open that one more is refused.
        """
        return self._pages.listen(lambda: self._encode()[1])


def standing(snapshot: VenView) -> Hashable:
    """What of a state is no mere figure."""
    return (
        snapshot.cloud.state,
        snapshot.ven.takes_part,
        snapshot.ven.reason,
        snapshot.past_mark,
        tuple((event.event_id, event.phase, event.in_force) for event in snapshot.events),
        tuple((circuit.enabled, circuit.by_hand, circuit.state) for circuit in snapshot.circuits),
    )
