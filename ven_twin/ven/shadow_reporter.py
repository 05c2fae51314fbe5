"""The reported shadow of a VEN that runs, said where it is news.

What is reported is made, and held against what the service has, only when something of it may be worth
saying: power and state of charge drift with each second, and an update of their own is not made for them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from contracts.errors import OversizeError
from ven_twin.control import reporting
from ven_twin.control.ven_state import VenState
from ven_twin.ven import reported_state
from ven_twin.ven.mqtt.shadow_client import ShadowClient
from ven_twin.ven.snapshot import VenSnapshot

logger = logging.getLogger(__name__)


class ShadowReporter:
    """Brings the shadow up to date; times are monotonic seconds."""

    def __init__(self, client: ShadowClient, now_s: Callable[[], float]) -> None:
        self._client, self._now_s = client, now_s
        self._objection: str | None = None
        self._looked_at: tuple[VenState, tuple[object, ...]] | None = None
        self._due_s = 0.0

    async def sync(self, snapshot: VenSnapshot) -> float:
        """Bring the shadow up to date where that is due; the time of its next work.

        What comes in meanwhile wakes the loop, so that what is reported is made once a beat.
        """
        state, steady, quiet = snapshot.state, _steady(snapshot), snapshot.engine.is_quiet(snapshot.now_ts)
        if self._is_as_looked_at(state, steady) and self._now_s() < self._due_s:
            return self._due_s
        reported, objection, due_s = reported_state.reported(snapshot), None, None
        try:
            due_s = await self._client.sync(state.shadow, reported, self._now_s(), quiet=quiet)
        except OversizeError as error:
            objection = f"the shadow cannot be updated: {error}"
        if objection is not None and objection != self._objection:
            logger.error("%s", objection)
        self._objection = objection
        self._looked_at = None
        if due_s is None:
            return self._client.due_s(state.shadow, reported, self._now_s(), quiet=quiet)
        if self._client.is_idle and state.shadow.synchronized:
            self._looked_at, self._due_s = (state, steady), due_s
        return due_s

    def _is_as_looked_at(self, state: VenState, steady: tuple[object, ...]) -> bool:
        """True where nothing was due when the VEN was last looked at, and nothing steady is another now."""
        if self._looked_at is None or not self._client.is_idle:
            return False
        return self._looked_at[0] is state and self._looked_at[1] == steady


def _steady(snapshot: VenSnapshot) -> tuple[object, ...]:
    """All of what `reported_state.reported` tells, beside the state, that is news when it changes."""
    state, house, skew_s = snapshot.state, snapshot.house, snapshot.clock_skew_s
    scheduled = state.in_force(snapshot.now_ts)
    return (
        snapshot.engine.is_quiet(snapshot.now_ts),
        reporting.status_of(state, snapshot.now_ts),
        scheduled and scheduled.event.event_id,
        snapshot.session.certificate_id,
        snapshot.outbox.lost,
        skew_s and round(skew_s / reported_state.SKEW_STEP_S),
        house.offering.offer,
        house.offering.load_up,
        house.with_rebound(snapshot.engine.last_event),
    )
