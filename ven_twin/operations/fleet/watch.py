"""Asks the cloud side for the fleet and its events, again and again, as long as somebody looks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from contracts.errors import VenTwinError
from ven_twin.operations.aggregator.protocol import Aggregator
from ven_twin.operations.fleet.askers import PollingThread, Reach
from ven_twin.operations.fleet.fleet_state import FleetAnswers, FleetState, board
from ven_twin.ven.clock import monotonic_s, now_ts

PERIOD_S = 2.0
EVENTS_MAX = 100
STALE_S = 30.0
"""What is older when somebody looks again is not shown any more."""

logger = logging.getLogger(__name__)


class FleetPoll:
    """What the cloud side says, for whoever looks. One question at a time, from a thread of its own.

    A cloud that takes long to answer is asked less often: at least as long as it took is waited.
    """

    def __init__(self, reach: Reach, place: str, *, period_s: float = PERIOD_S) -> None:
        self._asker = PollingThread(reach)
        self._place = place
        self._period_s = period_s
        self._seen = FleetAnswers()
        self._wanted = threading.Event()
        self._soon = threading.Event()

    def board(self) -> FleetState:
        """What is to be shown now."""
        return board(self._seen, self._place, now_ts())

    def start(self, told: Callable[[FleetState], None]) -> None:
        """Begin, in a thread; *told* is called there of every answer."""
        threading.Thread(target=self._run, args=(told,), name="watch", daemon=True).start()

    def look(self, *, wanted: bool) -> None:
        """Whether somebody looks: nobody, and nothing is asked."""
        if not wanted:
            self._wanted.clear()
        elif not self._wanted.is_set():
            if self._seen.heard_ts is None or now_ts() - self._seen.heard_ts > STALE_S:
                self._seen = FleetAnswers()
            self._soon.set()
            self._wanted.set()

    def again(self) -> None:
        """Something was changed: ask at once."""
        self._soon.set()

    def ask(self) -> None:
        """Ask once. What goes wrong is said on the board."""
        before = self._seen
        self._seen = replace(before, asking_ts=now_ts())
        try:
            self._seen = self._asker.ask(_question)
        except VenTwinError as error:
            self._seen = replace(before, asking_ts=None, error=str(error))
        except Exception as error:
            logger.exception("the fleet could not be read")
            self._seen = replace(before, asking_ts=None, error=f"the answer cannot be read: {error}")

    def _run(self, told: Callable[[FleetState], None]) -> None:
        while True:
            self._wanted.wait()
            self._soon.clear()
            begun_s = monotonic_s()
            self.ask()
            told(self.board())
            took_s = monotonic_s() - begun_s
            self._soon.wait(max(took_s, self._period_s - took_s))


def _question(aggregator: Aggregator) -> FleetAnswers:
    fleet = aggregator.fleet()
    events = tuple(islice(aggregator.events(page=EVENTS_MAX + 1), EVENTS_MAX + 1))
    return FleetAnswers(
        fleet=fleet, events=events[:EVENTS_MAX], more_events=len(events) > EVENTS_MAX, heard_ts=now_ts()
    )
