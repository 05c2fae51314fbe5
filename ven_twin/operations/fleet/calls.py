"""What the operator's page asks of the cloud side: each a question to the aggregator, and its refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from contracts.api.fleet import Fleet
from contracts.api.reports import EventReport
from contracts.api.requests import EventDispatched
from contracts.api.resources import EventBody, NewEvent
from contracts.errors import VenTwinError
from ven_twin.operations.aggregator.protocol import Aggregator, RefusedError
from ven_twin.operations.fleet.askers import PollingThreads, Reach
from ven_twin.operations.fleet.event_detail import EventDetail, detail
from ven_twin.operations.reports import page
from ven_twin.webkit.problems import PageProblemError

T = TypeVar("T")
AT_ONCE = 4
STATUS = {"notFound": 404, "conflict": 409, "preconditionFailed": 412}
CHANGED = "somebody has changed the event meanwhile: look at it again"


class FleetCalls:
    """Carries calls out on the cloud side; each raises ProblemError where that refuses or is not reached."""

    def __init__(self, reach: Reach) -> None:
        self._askers = PollingThreads(reach, AT_ONCE)

    async def create(self, asked: NewEvent) -> EventDispatched:
        """Create an event; the same id twice is one event."""
        request: dict[str, Any] = msgspec.to_builtins(asked)
        given = {name: value for name, value in request.items() if value is not None}
        return await self._ask(lambda aggregator: aggregator.create_event(given))

    async def revise(self, event_id: str, asked: EventBody, etag: str) -> EventDispatched:
        """Replace what an event asks for, if nobody else has meanwhile."""
        request: dict[str, Any] = msgspec.to_builtins(asked)
        given = {name: value for name, value in request.items() if value is not None}
        return await self._ask(lambda aggregator: aggregator.revise_event(event_id, given, etag=etag))

    async def cancel(self, event_id: str, etag: str) -> EventDispatched:
        """Cancel an event, if nobody has changed it meanwhile."""
        return await self._ask(lambda aggregator: aggregator.cancel_event(event_id, etag=etag))

    async def delete(self, event_id: str, etag: str) -> None:
        """Delete an event, if nobody has changed it meanwhile."""
        await self._ask(lambda aggregator: aggregator.delete_event(event_id, etag=etag))

    async def detail(self, event_id: str, fleet: Fleet | None) -> EventDetail:
        """An event by VEN."""
        return detail(await self._ask(lambda aggregator: aggregator.event(event_id)), fleet)

    async def report(self, event_id: str) -> str:
        """The page of an event's report, with the reports of all its VENs."""

        def question(aggregator: Aggregator) -> str:
            settled = aggregator.report(event_id)
            return page.html(msgspec.convert(_whole(settled, aggregator, event_id), EventReport))

        return await self._ask(question)

    async def _ask(self, question: Callable[[Aggregator], T]) -> T:
        try:
            return await asyncio.wrap_future(self._askers.ask(question))
        except RefusedError as error:
            if error.code == "preconditionFailed":
                raise PageProblemError(412, CHANGED) from None
            raise PageProblemError(STATUS.get(error.code, 400), error.reason, field=error.field) from None
        except VenTwinError as error:
            raise PageProblemError(502, f"the cloud is not reached: {error}") from None


def _whole(settled: dict[str, Any], aggregator: Aggregator, event_id: str) -> dict[str, Any]:
    """The report with the VENs' own, which stand beside it when there are too many of them."""
    if settled["vens"]:
        return settled
    parts = aggregator.report_parts(event_id)
    return {**settled, "vens": [part["report"] for part in parts if "report" in part and "venId" in part]}
