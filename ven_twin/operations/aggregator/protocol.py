"""What an operator asks of the cloud side, by whichever way it is reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from contracts.api.fleet import Fleet
from contracts.api.requests import CommandIssued, EventDispatched
from contracts.api.resources import PAGE_MAX, Event, EventSummary, SentCommand
from contracts.errors import FieldError


class RefusedError(FieldError):
    """The cloud side refused, and changed nothing. Show the field and the reason.

    Attributes:
        code: which kind of refusal, as in `contracts.api.requests.Refused`.
    """

    def __init__(self, field: str, reason: str, code: str) -> None:
        super().__init__(field, reason)
        self.code = code

    @property
    def answer(self) -> dict[str, Any]:
        """The refusal for a program, as the functions say it."""
        return {"ok": False, "error": self.reason, "field": self.field, "code": self.code}


class Aggregator(Protocol):
    """DR events, commands and the fleet.

    Every method raises RefusedError when the cloud side says no, and CloudError when it cannot be asked.
    """

    def create_event(self, asked: Mapping[str, Any]) -> EventDispatched:
        """Create the event in *asked* (as in `contracts.api.resources.NewEvent`)."""

    def revise_event(self, event_id: str, asked: Mapping[str, Any], *, etag: str) -> EventDispatched:
        """Replace what an event asks for, if it is still what *etag* says."""

    def cancel_event(self, event_id: str, *, etag: str | None = None) -> EventDispatched:
        """Cancel an event, if it is still what *etag* says, where one is given."""

    def delete_event(self, event_id: str, *, etag: str | None = None) -> None:
        """Delete an event, if it is still what *etag* says, where one is given."""

    def event(self, event_id: str) -> Event:
        """An event with all its VENs' parts."""

    def events(self, *, page: int = PAGE_MAX) -> Iterator[EventSummary]:
        """The events, the newest start first; so many are asked for at a time."""

    def report(self, event_id: str) -> dict[str, Any]:
        """What an event delivered; it is settled now when it is over and was not."""

    def report_parts(self, event_id: str) -> Iterator[dict[str, Any]]:
        """What stands beside the report of an event of so many VENs that it does not hold theirs."""

    def send_command(self, ven_id: str, op: str, data: Mapping[str, Any]) -> CommandIssued:
        """Send one operation to one VEN."""

    def command(self, ven_id: str, correlation_id: str) -> SentCommand | None:
        """A command with its ack, or None."""

    def fleet(self) -> Fleet:
        """The fleet now."""
