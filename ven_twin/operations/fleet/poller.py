"""Reads the fleet and its events from the cloud side, again and again, while a page or a screen is open."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from contracts.api.oadr_events import OadrEventState
from contracts.errors import VenTwinError
from ven_twin.operations.aggregator.protocol import Aggregator
from ven_twin.operations.fleet.aggregator_threads import Reach, ReconnectingAggregator
from ven_twin.operations.fleet.fleet_state import SILENT_S, FleetAnswers, FleetState, fleet_state
from ven_twin.ven.clock import monotonic_s, now_ts

PERIOD_S = 2.0
EVENTS_MAX = 100
DEAD_LETTERS_PERIOD_S = 10.0
"""Dead letters are counted no more often: a call a queue, of what changes by the minute."""
OADR_EVENTS_READ, UNACTED_MAX = 100, 20
"""Of so many events of the VTN, the latest, so many are shown that no VEN acts on."""
UNACTED = frozenset({OadrEventState.NOT_ACTED_ON, OadrEventState.REFUSED})

logger = logging.getLogger(__name__)


class FleetPoller:
    """The latest answers of the cloud side. One request at a time, from one thread.

    A slow cloud is polled less often: the pause is at least as long as its answer took.
    """

    def __init__(self, reach: Reach, place: str, *, period_s: float = PERIOD_S) -> None:
        self._connection = ReconnectingAggregator(reach)
        self._place = place
        self._period_s = period_s
        self._answers = FleetAnswers()
        self._wanted = threading.Event()
        self._soon = threading.Event()

    def state(self) -> FleetState:
        """The fleet as it is shown now."""
        return fleet_state(self._answers, self._place, now_ts())

    def start(self, on_state: Callable[[FleetState], None]) -> None:
        """Start the thread; it calls *on_state* after every answer."""
        threading.Thread(target=self._run, args=(on_state,), name="fleet-poller", daemon=True).start()

    def resume(self) -> None:
        """Poll, at once and then by the period.

        An answer of before the pause is not shown as the present one: events may have begun since.
        """
        if self._wanted.is_set():
            return
        if self._answers.heard_ts is None or now_ts() - self._answers.heard_ts > SILENT_S:
            self._answers = FleetAnswers()
        self._soon.set()
        self._wanted.set()

    def pause(self) -> None:
        """Stop polling until `resume`."""
        self._wanted.clear()

    def poll_soon(self) -> None:
        """Poll at once: an event was changed."""
        self._soon.set()

    def poll(self) -> None:
        """Poll once. A failure stands in the state."""
        before = self._answers
        self._answers = replace(before, asking_ts=now_ts())
        try:
            self._answers = self._connection.call(lambda aggregator: _read(aggregator, before))
        except VenTwinError as error:
            self._answers = replace(before, asking_ts=None, error=str(error))
        except Exception as error:
            logger.exception("the fleet could not be read")
            self._answers = replace(before, asking_ts=None, error=f"the answer cannot be read: {error}")

    def _run(self, on_state: Callable[[FleetState], None]) -> None:
        while True:
            self._wanted.wait()
            self._soon.clear()
            begun_s = monotonic_s()
            self.poll()
            on_state(self.state())
            took_s = monotonic_s() - begun_s
            self._soon.wait(max(took_s, self._period_s - took_s))


def _read(aggregator: Aggregator, before: FleetAnswers) -> FleetAnswers:
    fleet = aggregator.fleet()
    events = tuple(islice(aggregator.events(page=EVENTS_MAX + 1), EVENTS_MAX + 1))
    letters, counted_ts, unacted = before.dead_letters, before.counted_ts, before.unacted
    if counted_ts is None or not 0.0 <= now_ts() - counted_ts < DEAD_LETTERS_PERIOD_S:
        letters, counted_ts = aggregator.dead_letters(), now_ts()
        latest = islice(aggregator.oadr_events(), OADR_EVENTS_READ)
        unacted = tuple(event for event in latest if event.state in UNACTED)[:UNACTED_MAX]
    return FleetAnswers(
        fleet=fleet,
        events=events[:EVENTS_MAX],
        more_events=len(events) > EVENTS_MAX,
        heard_ts=now_ts(),
        dead_letters=letters,
        counted_ts=counted_ts,
        unacted=unacted,
    )
