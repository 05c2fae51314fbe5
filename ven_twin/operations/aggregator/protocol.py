"""The operator's calls to the cloud side, whichever way it is reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol, cast

import msgspec

from contracts.api.fleet import Fleet
from contracts.api.groups import GroupBody, GroupChange, GroupChanged, GroupDetail, GroupSummary
from contracts.api.oadr_events import OadrEventStatus
from contracts.api.parameters import PAGE_MAX
from contracts.api.programs import Program, ProgramBody, ProgramChanged
from contracts.api.reports import EventReport, VenReport
from contracts.api.requests import CommandIssued, EventDispatched, RefusalCode, Refused, VenQuarantined
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
from contracts.errors import FieldError
from contracts.wire.ids import CorrelationId, EventId, GroupName, ProgramId, VenId


class RefusedError(FieldError):
    """The cloud side refused, and changed nothing. Show the field and the reason.

    Attributes:
        code: the kind of refusal, as in `contracts.api.requests.Refused`, or of a problem of the API.
    """

    def __init__(self, field: str, reason: str, code: str) -> None:
        super().__init__(field, reason)
        self.code = code

    @property
    def refused(self) -> Refused:
        """The refusal for a program, as the functions answer it."""
        return Refused(error=self.reason, field=self.field, code=cast("RefusalCode", self.code))


class Aggregator(Protocol):
    """DR events, commands and the fleet.

    Every method raises RefusedError when the cloud side says no, and CloudError when it cannot be asked.
    """

    def create_event(self, event: NewEvent) -> EventDispatched:
        """Create an event."""

    def revise_event(self, event_id: EventId, body: EventBody, *, etag: str) -> EventDispatched:
        """Replace an event by *body*, if it is still what *etag* says."""

    def cancel_event(self, event_id: EventId, *, etag: str | None = None) -> EventDispatched:
        """Cancel an event, if it is still what *etag* says, where one is given."""

    def delete_event(self, event_id: EventId, *, etag: str | None = None) -> None:
        """Delete an event, if it is still what *etag* says, where one is given."""

    def event(self, event_id: EventId) -> Event:
        """An event with all its VENs' parts."""

    def events(
        self, from_ts: int | None = None, to_ts: int | None = None, *, page: int = PAGE_MAX
    ) -> Iterator[EventSummary]:
        """The events that start in [from_ts, to_ts), the newest start first, read as they are taken.

        Each end is open without a time; *page* of them are requested at a time.
        """

    def report(self, event_id: EventId) -> EventReport:
        """An event's report; it is settled now when it is over and was not."""

    def ven_reports(self, event_id: EventId) -> Iterator[VenReport]:
        """The VENs' reports that are stored beside an event's, when they are too many for it."""

    def send_command(self, ven_id: VenId, command: NewCommand) -> CommandIssued:
        """Send one operation to one VEN."""

    def quarantine(self, ven_id: VenId, *, quarantined: bool) -> VenQuarantined:
        """Quarantine a VEN, or let it in again."""

    def command(self, ven_id: VenId, correlation_id: CorrelationId) -> SentCommand | None:
        """A command with its ack, or None."""

    def groups(self) -> Iterator[GroupSummary]:
        """The groups, in the order of their names."""

    def group(self, group: GroupName) -> GroupDetail:
        """A group with all its VENs."""

    def set_group(self, group: GroupName, body: GroupBody, *, etag: str | None) -> GroupChanged:
        """Replace the VENs of a group, if it is still what *etag* says; make one without."""

    def change_group(self, group: GroupName, change: GroupChange) -> GroupChanged:
        """Add VENs to a group and remove others, whatever others do to it."""

    def delete_group(self, group: GroupName, *, etag: str | None = None) -> None:
        """Delete a group, if it is still what *etag* says, where one is given."""

    def programs(self) -> tuple[Program, ...]:
        """Every program, in the order of their names."""

    def set_program(self, program: ProgramId, rules: ProgramBody, *, etag: str | None) -> ProgramChanged:
        """Replace the rules of a program, if it is still what *etag* says; make one without."""

    def delete_program(self, program: ProgramId, *, etag: str | None = None) -> None:
        """Delete a program, if it is still what *etag* says, where one is given."""

    def oadr_events(self) -> Iterator[OadrEventStatus]:
        """The events of the stage's VTN, that which was made last first, and what became of each."""

    def fleet(self) -> Fleet:
        """The fleet now."""

    def fleet_history(self, from_ts: int, to_ts: int) -> Iterator[FleetSample]:
        """The samples of the fleet in [from_ts, to_ts), oldest first, read as they are taken."""

    def telemetry(
        self, ven_id: VenId, from_ts: int, to_ts: int, *, circuits: bool = False
    ) -> Iterator[TelemetryRow]:
        """A VEN's rows in [from_ts, to_ts), oldest first, read as they are taken.

        Each has the power of its *circuits* where that is requested.
        """

    def circuits(self, ven_id: VenId) -> Circuits | None:
        """A VEN's circuits as it last described them, or None."""

    def dead_letters(self) -> Mapping[str, int] | None:
        """Dead letters by queue, those without any too; None where the caller cannot know."""


def whole_report(aggregator: Aggregator, event_id: EventId) -> EventReport:
    """An event's report with the reports of all its VENs. Raises as `Aggregator.report`."""
    report = aggregator.report(event_id)
    if report.vens:
        return report
    return msgspec.structs.replace(report, vens=tuple(aggregator.ven_reports(event_id)))
