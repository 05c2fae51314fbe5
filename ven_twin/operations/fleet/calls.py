"""The operator's page's calls to the cloud side, and its refusals as problems."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from contracts.api.fleet import Fleet
from contracts.api.groups import GroupDetail
from contracts.api.requests import EventDispatched
from contracts.api.resources import Circuits, EventBody, FleetSample, NewEvent, TelemetryRow
from contracts.errors import VenTwinError
from contracts.wire.ids import EventId, GroupName, VenId
from ven_twin.operations.aggregator.protocol import Aggregator, RefusedError, whole_report
from ven_twin.operations.fleet import fleet_history
from ven_twin.operations.fleet.aggregator_threads import AggregatorThreads, Reach
from ven_twin.operations.fleet.event_detail import EventDetail, detail
from ven_twin.operations.fleet.fleet_history import SpanEvents
from ven_twin.operations.fleet.fleet_view import DefinitionsView
from ven_twin.operations.reports import page
from ven_twin.webkit.problems import PageProblemError
from ven_twin.webkit.time_series import EventMark, TimeWindow

T = TypeVar("T")
THREADS = 4
STATUS = {"notFound": 404, "conflict": 409, "preconditionFailed": 412}
CHANGED = "somebody has changed the event meanwhile: look at it again"


class FleetCalls:
    """Carries calls out on the cloud side; each raises ProblemError where that refuses or is not reached."""

    def __init__(self, reach: Reach) -> None:
        self._threads = AggregatorThreads(reach, THREADS)

    async def create(self, event: NewEvent) -> EventDispatched:
        """Create an event; the same id twice is one event."""
        return await self._call(lambda aggregator: aggregator.create_event(event))

    async def revise(self, event_id: EventId, body: EventBody, etag: str) -> EventDispatched:
        """Replace an event's terms, if nobody has changed it meanwhile."""
        return await self._call(lambda aggregator: aggregator.revise_event(event_id, body, etag=etag))

    async def cancel(self, event_id: EventId, etag: str) -> EventDispatched:
        """Cancel an event, if nobody has changed it meanwhile."""
        return await self._call(lambda aggregator: aggregator.cancel_event(event_id, etag=etag))

    async def delete(self, event_id: EventId, etag: str) -> None:
        """Delete an event, if nobody has changed it meanwhile."""
        await self._call(lambda aggregator: aggregator.delete_event(event_id, etag=etag))

    async def detail(self, event_id: EventId, fleet: Fleet | None) -> EventDetail:
        """Read an event by VEN."""
        return detail(await self._call(lambda aggregator: aggregator.event(event_id)), fleet)

    async def report(self, event_id: EventId) -> str:
        """Make the page of an event's report, with the reports of all its VENs.

        Why there is none yet is told as a sentence of its own: the page shows it without its field.
        """
        try:
            return await self._call(lambda aggregator: page.html(whole_report(aggregator, event_id)))
        except PageProblemError as error:
            conflict = error.problem
            if conflict.status != HTTPStatus.CONFLICT:
                raise
            detail = f"{event_id} {conflict.detail}"
            raise PageProblemError(conflict.status, detail, field=conflict.field) from None

    async def definitions(self) -> DefinitionsView:
        """Read the groups and the programs."""
        return await self._call(
            lambda aggregator: DefinitionsView(
                groups=tuple(aggregator.groups()), programs=aggregator.programs()
            )
        )

    async def group(self, group: GroupName) -> GroupDetail:
        """Read a group with its VENs."""
        return await self._call(lambda aggregator: aggregator.group(group))

    async def fleet_samples(self, window: TimeWindow) -> list[FleetSample]:
        """Read the stored samples of the fleet."""
        return await self._call(lambda aggregator: fleet_history.fleet_samples(aggregator, window))

    async def event_marks(self, window: TimeWindow) -> list[EventMark]:
        """Read the times of the events that reach into the window."""
        return await self._call(lambda aggregator: fleet_history.event_marks(aggregator, window))

    async def starting_events(self, window: TimeWindow) -> SpanEvents:
        """Read the events that start in the window."""
        return await self._call(
            lambda aggregator: fleet_history.starting_events(aggregator, window.from_ts, window.to_ts)
        )

    async def ven_rows(
        self, ven_id: VenId, window: TimeWindow, *, circuits: bool = False
    ) -> list[TelemetryRow]:
        """Read a VEN's stored rows, with the power of its circuits where that is requested."""
        return await self._call(
            lambda aggregator: fleet_history.ven_rows(aggregator, ven_id, window, circuits=circuits)
        )

    async def circuits(self, ven_id: VenId) -> Circuits | None:
        """Read a VEN's circuits as it last described them."""
        return await self._call(lambda aggregator: aggregator.circuits(ven_id))

    async def _call(self, request: Callable[[Aggregator], T]) -> T:
        try:
            return await asyncio.wrap_future(self._threads.submit(request))
        except RefusedError as error:
            if error.code == "preconditionFailed":
                raise PageProblemError(412, CHANGED) from None
            raise PageProblemError(STATUS.get(error.code, 400), error.reason, field=error.field) from None
        except PageProblemError:
            raise
        except VenTwinError as error:
            raise PageProblemError(502, f"the cloud is not reached: {error}") from None
