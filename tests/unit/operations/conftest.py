"""The operator's page before a cloud side that is an object here; no sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_socket

from contracts.api.fleet import Fleet
from contracts.api.requests import CommandIssued, EventDispatched
from contracts.api.resources import Event, EventSummary, SentCommand
from tests.support.fleets import crowd, event
from ven_twin.operations.aggregator.cloud import CloudError
from ven_twin.operations.aggregator.protocol import RefusedError
from ven_twin.operations.fleet.app import FleetPage
from ven_twin.webkit.settings import WebSettings

ORIGIN = "http://127.0.0.1:8090"


@pytest.fixture(autouse=True)
def _no_sockets() -> Iterator[None]:
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@dataclass
class Desk:
    """A cloud side of which everything that is asked is known; it may be gone."""

    listed: list[EventSummary] = field(default_factory=lambda: [event("evt-evening")])
    gone: str | None = None
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def fleet(self) -> Fleet:
        """A crowd."""
        self._ask("fleet")
        return crowd()

    def events(self, *, page: int = 1000) -> Iterator[EventSummary]:
        """What is listed."""
        self._ask("events", page)
        return iter(self.listed)

    def event(self, event_id: str) -> Event:
        """One of those that are listed, without parts."""
        self._ask("event", event_id)
        found = self._found(event_id)
        return Event(**{name: getattr(found, name) for name in found.__struct_fields__})

    def create_event(self, asked: Mapping[str, Any]) -> EventDispatched:
        """Taken as it is."""
        self._ask("create", asked)
        return self._dispatched(asked.get("eventId", "evt-made"))

    def revise_event(self, event_id: str, asked: Mapping[str, Any], *, etag: str) -> EventDispatched:
        """Taken, if *etag* is the event's."""
        self._ask("revise", event_id, asked)
        self._check(event_id, etag)
        return self._dispatched(event_id)

    def cancel_event(self, event_id: str, *, etag: str | None = None) -> EventDispatched:
        """Taken, if *etag* is the event's."""
        self._ask("cancel", event_id)
        self._check(event_id, etag)
        return self._dispatched(event_id)

    def delete_event(self, event_id: str, *, etag: str | None = None) -> None:
        """Taken, if *etag* is the event's."""
        self._ask("delete", event_id)
        self._check(event_id, etag)

    def report(self, event_id: str) -> dict[str, Any]:
        """The smallest report that there is."""
        self._ask("report", event_id)
        found = self._found(event_id)
        if found.end_ts > found.created_ts + 500:
            raise RefusedError("eventId", "is not over before 12", "conflict")
        known = {"eventId": f"<b>{event_id}", "startTs": found.start_ts, "endTs": found.end_ts}
        return {**known, "revision": 0, "settledTs": 0, "askedKw": 1.0, "delivered": {}, "vens": []}

    def report_parts(self, event_id: str) -> Iterator[dict[str, Any]]:
        """None."""
        self._ask("parts", event_id)
        return iter(())

    def send_command(self, ven_id: str, op: str, data: Mapping[str, Any]) -> CommandIssued:
        """Never asked by the page."""
        raise NotImplementedError

    def command(self, ven_id: str, correlation_id: str) -> SentCommand | None:
        """Never asked by the page."""
        raise NotImplementedError

    def _ask(self, *what: Any) -> None:
        self.asked.append(what)
        if self.gone is not None:
            raise CloudError(self.gone)

    def _found(self, event_id: str) -> EventSummary:
        for each in self.listed:
            if each.event_id == event_id:
                return each
        raise RefusedError("eventId", f"no event {event_id!r}", "notFound")

    def _check(self, event_id: str, etag: str | None) -> None:
        if self._found(event_id).etag != etag:
            raise RefusedError("ifMatch", "the event's etag is 2f by now", "preconditionFailed")

    @staticmethod
    def _dispatched(event_id: str) -> EventDispatched:
        known = {"start_ts": 0, "end_ts": 60, "requested_kw": 1.0, "etag": "2f", "assignments": ()}
        return EventDispatched(event_id=event_id, revision=0, **known)  # type: ignore[arg-type]


@pytest.fixture
def desk() -> Desk:
    """A cloud side with one event."""
    return Desk()


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    """Calls the page on loopback."""
    page = FleetPage(lambda: desk, "here", WebSettings(usual_port=8090))
    transport = httpx.ASGITransport(page.application(), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as caller:
        yield caller
