"""The operator's page before a cloud side that is an object here; no sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import pytest
import pytest_socket

from contracts.api.fleet import Fleet
from contracts.api.groups import GroupBody, GroupChange, GroupChanged, GroupDetail, GroupSummary
from contracts.api.oadr_events import OadrEventStatus
from contracts.api.programs import Program, ProgramBody, ProgramChanged
from contracts.api.reports import EventReport, VenReport
from contracts.api.requests import CommandIssued, EventDispatched, VenQuarantined
from contracts.api.resources import (
    Circuits,
    Event,
    EventBody,
    EventSummary,
    FleetSample,
    NewCommand,
    NewEvent,
    SentCommand,
    TelemetryRow,
)
from tests.support import fleets
from ven_twin.operations.aggregator.cloud_errors import CloudError
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
class FakeAggregator:
    """A cloud side that records its calls; it may be gone."""

    listed: list[EventSummary] = field(default_factory=lambda: [fleets.event("evt-evening")])
    gone: str | None = None
    letters: dict[str, int] | None = field(default_factory=lambda: {"telemetry": 0, "vens": 0})
    samples: list[FleetSample] = field(default_factory=list)
    rows: list[TelemetryRow] = field(default_factory=list)
    snapshot: Circuits | None = None
    oadr: list[OadrEventStatus] = field(default_factory=list)
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def fleet(self) -> Fleet:
        """A crowd."""
        self._record("fleet")
        return fleets.crowd()

    def events(
        self, from_ts: int | None = None, to_ts: int | None = None, *, page: int = 1000
    ) -> Iterator[EventSummary]:
        """The listed events that start in that time."""
        times = () if from_ts is None and to_ts is None else (from_ts, to_ts)
        self._record("events", page, *times)
        starts = range(from_ts or 0, to_ts or 2**33)
        return iter([event for event in self.listed if event.start_ts in starts])

    def groups(self) -> Iterator[GroupSummary]:
        """One, of those VENs of the crowd that are in any."""
        self._record("groups")
        return iter([fleets.SUMMARY])

    def group(self, group: str) -> GroupDetail:
        """The one that there is."""
        self._record("group", group)
        if group != "north":
            raise RefusedError("group", f"no group {group!r}", "notFound")
        return fleets.NORTH

    def set_group(self, group: str, body: GroupBody, *, etag: str | None) -> GroupChanged:
        """Not called by the page."""
        raise NotImplementedError

    def change_group(self, group: str, change: GroupChange) -> GroupChanged:
        """Not called by the page."""
        raise NotImplementedError

    def delete_group(self, group: str, *, etag: str | None = None) -> None:
        """Not called by the page."""
        raise NotImplementedError

    def programs(self) -> tuple[Program, ...]:
        """The default one, and one of an operator."""
        self._record("programs")
        return fleets.PROGRAMS

    def set_program(self, program: str, rules: ProgramBody, *, etag: str | None) -> ProgramChanged:
        """Not called by the page."""
        raise NotImplementedError

    def delete_program(self, program: str, *, etag: str | None = None) -> None:
        """Not called by the page."""
        raise NotImplementedError

    def oadr_events(self) -> Iterator[OadrEventStatus]:
        """Those that there are now."""
        self._record("OpenADR events")
        return iter(self.oadr)

    def dead_letters(self) -> dict[str, int] | None:
        """As many as there are now."""
        self._record("dead letters")
        return self.letters

    def event(self, event_id: str) -> Event:
        """One of those that are listed, without VENs."""
        self._record("event", event_id)
        event = self._listed(event_id)
        return Event(**{name: getattr(event, name) for name in event.__struct_fields__})

    def create_event(self, event: NewEvent) -> EventDispatched:
        """Taken as it is."""
        self._record("create", msgspec.to_builtins(event))
        return self._dispatched(event.event_id or "evt-made")

    def revise_event(self, event_id: str, body: EventBody, *, etag: str) -> EventDispatched:
        """Taken, if *etag* is the event's."""
        self._record("revise", event_id, msgspec.to_builtins(body))
        self._check(event_id, etag)
        return self._dispatched(event_id)

    def cancel_event(self, event_id: str, *, etag: str | None = None) -> EventDispatched:
        """Taken, if *etag* is the event's."""
        self._record("cancel", event_id)
        self._check(event_id, etag)
        return self._dispatched(event_id)

    def delete_event(self, event_id: str, *, etag: str | None = None) -> None:
        """Taken, if *etag* is the event's."""
        self._record("delete", event_id)
        self._check(event_id, etag)

    def report(self, event_id: str) -> EventReport:
        """The smallest report that there is."""
        self._record("report", event_id)
        event = self._listed(event_id)
        if event.end_ts > event.created_ts + 500:
            raise RefusedError("eventId", "is not over before 12", "conflict")
        fields = {"eventId": f"<b>{event_id}", "startTs": event.start_ts, "endTs": event.end_ts}
        rest = {"revision": 0, "settledTs": 0, "askedKw": 1.0, "delivered": {}, "vens": []}
        return msgspec.convert(fields | rest, EventReport)

    def ven_reports(self, event_id: str) -> Iterator[VenReport]:
        """None."""
        self._record("parts", event_id)
        return iter(())

    def send_command(self, ven_id: str, command: NewCommand) -> CommandIssued:
        """Not called by the page."""
        raise NotImplementedError

    def quarantine(self, ven_id: str, *, quarantined: bool) -> VenQuarantined:
        """Not called by the page."""
        raise NotImplementedError

    def command(self, ven_id: str, correlation_id: str) -> SentCommand | None:
        """Not called by the page."""
        raise NotImplementedError

    def fleet_history(self, from_ts: int, to_ts: int) -> Iterator[FleetSample]:
        """The samples of that time."""
        self._record("fleet history", from_ts, to_ts)
        return iter(sample for sample in self.samples if from_ts <= sample.timestamp < to_ts)

    def telemetry(
        self, ven_id: str, from_ts: int, to_ts: int, *, circuits: bool = False
    ) -> Iterator[TelemetryRow]:
        """The rows of that time, of any VEN."""
        self._record("telemetry", ven_id, from_ts, to_ts, *(["circuits"] if circuits else []))
        rows = (row for row in self.rows if from_ts <= row.timestamp < to_ts)
        return rows if circuits else (msgspec.structs.replace(row, circuits_kw={}) for row in rows)

    def circuits(self, ven_id: str) -> Circuits | None:
        """The latest snapshot, of any VEN."""
        self._record("circuits", ven_id)
        return self.snapshot

    def _record(self, *call: Any) -> None:
        self.calls.append(call)
        if self.gone is not None:
            raise CloudError(self.gone)

    def _listed(self, event_id: str) -> EventSummary:
        for event in self.listed:
            if event.event_id == event_id:
                return event
        raise RefusedError("eventId", f"no event {event_id!r}", "notFound")

    def _check(self, event_id: str, etag: str | None) -> None:
        if self._listed(event_id).etag != etag:
            raise RefusedError("ifMatch", "the event's etag is 2f by now", "preconditionFailed")

    @staticmethod
    def _dispatched(event_id: str) -> EventDispatched:
        fields = {"start_ts": 0, "end_ts": 60, "requested_kw": 1.0, "etag": "2f", "assignments": ()}
        return EventDispatched(event_id=event_id, revision=0, **fields)  # type: ignore[arg-type]


@pytest.fixture
def aggregator() -> FakeAggregator:
    """A cloud side with one event."""
    return FakeAggregator()


@pytest.fixture
async def client(aggregator: FakeAggregator) -> AsyncIterator[httpx.AsyncClient]:
    """Calls the page on loopback."""
    page = FleetPage(lambda: aggregator, "here", WebSettings(usual_port=8090))
    transport = httpx.ASGITransport(page.application(), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as caller:
        yield caller
