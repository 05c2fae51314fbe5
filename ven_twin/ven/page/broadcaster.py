"""Sends the VEN's state to every open page: encoded once, with never more than one message waiting.

A slow page receives the newest state and none of those between. A change of more than figures (an event's
phase, a switch, the connection) is sent at once, figures once a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable

from ven_twin.ven.clock import monotonic_s
from ven_twin.ven.page.view import VenView
from ven_twin.webkit.listeners import Listeners

PERIOD_S = 1.0
AT_ONCE_S = 0.2
"""The least time between two messages."""
SILENT_S = 4.0
"""Without a message for so long, four periods, a page shows its VEN as lost."""
SLACK_S = 0.1
"""The twin ticks every second; a tick that is a little early is not put off to the next."""


class Broadcaster:
    """The open pages. *encode* makes the message of a state."""

    def __init__(self, encode: Callable[[], tuple[VenView, bytes]]) -> None:
        self._encode = encode
        self._pages = Listeners()
        self._sent_s = float("-inf")
        self._sent_status: Hashable = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def open_pages(self) -> int:
        """The number of open pages."""
        return len(self._pages)

    def notify(self) -> None:
        """Send the VEN's new state, now or when it is due."""
        if not self._pages or self._pages.closed or self._timer is not None:
            return
        since_s = monotonic_s() - self._sent_s
        if since_s < AT_ONCE_S:
            self._timer = asyncio.get_running_loop().call_later(AT_ONCE_S - since_s, self._on_timer)
            return
        view, message = self._encode()
        status = status_key(view)
        if since_s < PERIOD_S - SLACK_S and status == self._sent_status:
            return
        self._sent_status, self._sent_s = status, monotonic_s()
        self._pages.put(message)

    def _on_timer(self) -> None:
        self._timer = None
        self.notify()

    def close(self) -> None:
        """End every page's stream."""
        if self._timer is not None:
            self._timer.cancel()
        self._pages.close()

    def listen(self) -> AsyncIterator[bytes]:
        """The messages of one page, the present state first.

        Raises:
            FullError: too many pages are open.
        """
        return self._pages.listen(lambda: self._encode()[1])


def status_key(view: VenView) -> Hashable:
    """All of a view that is no mere figure."""
    return (
        view.cloud.state,
        view.ven.participates,
        view.ven.reason,
        view.past_mark,
        view.prices,
        tuple((event.event_id, event.phase, event.in_force) for event in view.events),
        tuple((circuit.enabled, circuit.by_hand, circuit.state) for circuit in view.circuits),
    )
