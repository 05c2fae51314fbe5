"""The cloud side reached by its tables and functions, with the caller's own rights to these."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from contracts.api.fleet import Fleet, fleet_at
from contracts.api.requests import CommandIssued, EventDispatched
from contracts.api.resources import PAGE_MAX, Event, EventSummary, SentCommand
from contracts.store import keys, views
from contracts.store.stack import StackOutput
from ven_twin.operations.aggregator.cloud import Cloud
from ven_twin.operations.aggregator.protocol import RefusedError

T = TypeVar("T")


class DirectAggregator:
    """An `Aggregator` over one stage's stack."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def create_event(self, asked: Mapping[str, Any]) -> EventDispatched:
        """Have `dispatch_event` create it."""
        return self._dispatch({"action": "create", **asked})

    def revise_event(self, event_id: str, asked: Mapping[str, Any], *, etag: str) -> EventDispatched:
        """Have `dispatch_event` revise it."""
        return self._dispatch({**asked, "action": "revise", "eventId": event_id, "ifMatch": etag})

    def cancel_event(self, event_id: str, *, etag: str | None = None) -> EventDispatched:
        """Have `dispatch_event` cancel it."""
        return self._dispatch({"action": "cancel", "eventId": event_id, "ifMatch": etag})

    def delete_event(self, event_id: str, *, etag: str | None = None) -> None:
        """Have `dispatch_event` delete it."""
        self._dispatch({"action": "delete", "eventId": event_id, "ifMatch": etag})

    def event(self, event_id: str) -> Event:
        """Read from the events table."""
        event, _ = views.event_of_parts(self._cloud.parts(event_id), now_ts=time.time())
        if event is None:
            raise RefusedError("eventId", f"no event {event_id!r}", "notFound")
        return event

    def events(self, *, page: int = PAGE_MAX) -> Iterator[EventSummary]:
        """Read from the index of the events table."""
        for header in self._cloud.events(page):
            event = views.event_summary(header, time.time())
            if event is not None:
                yield event

    def report(self, event_id: str) -> dict[str, Any]:
        """Have `settle_event` settle it, or say what it has settled."""
        return _taken(self._cloud.invoke(StackOutput.SETTLE_EVENT, {"eventId": event_id}))

    def report_parts(self, event_id: str) -> Iterator[dict[str, Any]]:
        """Read from the events table."""
        return self._cloud.parts(event_id)

    def send_command(self, ven_id: str, op: str, data: Mapping[str, Any]) -> CommandIssued:
        """Have `issue_command` send it."""
        answer = self._cloud.invoke(StackOutput.ISSUE_COMMAND, {"venId": ven_id, "op": op, "data": data})
        return msgspec.convert(_taken(answer), CommandIssued)

    def command(self, ven_id: str, correlation_id: str) -> SentCommand | None:
        """Read from the commands table."""
        key = {keys.COMMANDS.partition: ven_id, str(keys.COMMANDS.sort): correlation_id}
        item = self._cloud.item(StackOutput.COMMANDS_TABLE, key)
        return None if item is None else views.command(item)

    def fleet(self) -> Fleet:
        """Computed of the tables as the API computes it."""
        vens = [views.ven(item) for item in self._cloud.items(StackOutput.VENS_TABLE)]
        online = [ven.ven_id for ven in vens if ven.online]
        latest = {item["venId"]: views.row(item) for item in self._cloud.latest_rows(online)}
        return fleet_at(vens, latest, now_ts=time.time())

    def _dispatch(self, request: Mapping[str, Any]) -> EventDispatched:
        return msgspec.convert(
            _taken(self._cloud.invoke(StackOutput.DISPATCH_EVENT, request)), EventDispatched
        )


def _taken(answer: dict[str, Any]) -> dict[str, Any]:
    """A function's answer. Raises RefusedError when it is a refusal."""
    if answer.get("ok") is False:
        field = str(answer.get("field") or "request")
        raise RefusedError(field, str(answer.get("error", "refused")), str(answer.get("code", "badRequest")))
    return answer
