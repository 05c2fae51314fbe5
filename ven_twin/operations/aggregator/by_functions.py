"""The cloud side reached by its tables and functions, with the caller's own rights to these."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec

from contracts.api.fleet import Fleet, fleet_at, uncalled_vens
from contracts.api.groups import ChangeGroup, GroupBody, GroupChange, GroupChanged, GroupDetail, GroupSummary
from contracts.api.oadr_events import OadrEventStatus
from contracts.api.parameters import PAGE_MAX
from contracts.api.programs import ChangeProgram, Program, ProgramBody, ProgramChanged
from contracts.api.reports import EventReport, VenReport
from contracts.api.requests import (
    CommandIssued,
    DispatchEvent,
    EventDispatched,
    IssueCommand,
    QuarantineVen,
    Refused,
    SettleEvent,
    VenQuarantined,
)
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
from contracts.store import definitions, keys, views
from contracts.store.definitions import read_group
from contracts.store.oadr_events import OADR_EVENTS, OADR_PARTITION, read_oadr_event
from contracts.store.stack import StackOutput
from contracts.wire.ids import CorrelationId, EventId, GroupName, ProgramId, VenId
from contracts.wire.telemetry import LATEST_TS
from ven_twin.operations.aggregator.cloud import Cloud
from ven_twin.operations.aggregator.cloud_errors import CloudError, is_denied
from ven_twin.operations.aggregator.protocol import RefusedError
from ven_twin.operations.dead_letters import DeadLetters

T = TypeVar("T")
GROUPS = EventId(keys.GROUPS_PARTITION)


class DirectAggregator:
    """An `Aggregator` over one stage's stack."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def create_event(self, event: NewEvent) -> EventDispatched:
        """Have `dispatch_event` create it."""
        return self._dispatch(DispatchEvent(action="create", **msgspec.structs.asdict(event)))

    def revise_event(self, event_id: EventId, body: EventBody, *, etag: str) -> EventDispatched:
        """Have `dispatch_event` revise it."""
        terms = msgspec.structs.asdict(body)
        return self._dispatch(DispatchEvent(action="revise", event_id=event_id, if_match=etag, **terms))

    def cancel_event(self, event_id: EventId, *, etag: str | None = None) -> EventDispatched:
        """Have `dispatch_event` cancel it."""
        return self._dispatch(DispatchEvent(action="cancel", event_id=event_id, if_match=etag))

    def delete_event(self, event_id: EventId, *, etag: str | None = None) -> None:
        """Have `dispatch_event` delete it."""
        self._dispatch(DispatchEvent(action="delete", event_id=event_id, if_match=etag))

    def event(self, event_id: EventId) -> Event:
        """Read from the events table."""
        event, _ = views.event_of_items(self._cloud.event_items(event_id), now_ts=time.time())
        if event is None:
            raise RefusedError("eventId", f"no event {event_id!r}", "notFound")
        return event

    def events(
        self, from_ts: int | None = None, to_ts: int | None = None, *, page: int = PAGE_MAX
    ) -> Iterator[EventSummary]:
        """Read from the index of the events table."""
        for header in self._cloud.events(page, from_ts or 0, to_ts or LATEST_TS + 1):
            event = views.event_summary(header, time.time())
            if event is not None:
                yield event

    def report(self, event_id: EventId) -> EventReport:
        """Have `settle_event` settle it, or answer with the report that there is."""
        return self._invoke(StackOutput.SETTLE_EVENT, SettleEvent(event_id=event_id), EventReport)

    def ven_reports(self, event_id: EventId) -> Iterator[VenReport]:
        """Read from the events table."""
        for item in self._cloud.event_items(event_id):
            if "report" in item and "venId" in item:
                yield msgspec.convert(item["report"], VenReport)

    def send_command(self, ven_id: VenId, command: NewCommand) -> CommandIssued:
        """Have `issue_command` send it."""
        request = IssueCommand(ven_id=ven_id, **msgspec.structs.asdict(command))
        return self._invoke(StackOutput.ISSUE_COMMAND, request, CommandIssued)

    def quarantine(self, ven_id: VenId, *, quarantined: bool) -> VenQuarantined:
        """Have `issue_command` set it."""
        request = QuarantineVen(ven_id=ven_id, quarantined=quarantined)
        return self._invoke(StackOutput.ISSUE_COMMAND, request, VenQuarantined)

    def command(self, ven_id: VenId, correlation_id: CorrelationId) -> SentCommand | None:
        """Read from the commands table."""
        key = {keys.COMMANDS.partition: ven_id, str(keys.COMMANDS.sort): correlation_id}
        item = self._cloud.item(StackOutput.COMMANDS_TABLE, key)
        return None if item is None else views.command(item)

    def groups(self) -> Iterator[GroupSummary]:
        """Read from the events table."""
        for row in map(read_group, self._cloud.event_items(GROUPS, definitions.GROUP_HEADERS)):
            if row is not None and row.deleted_ts is None:
                yield row.summary

    def group(self, group: GroupName) -> GroupDetail:
        """Read from the events table."""
        key = {str(keys.EVENTS.partition): GROUPS, str(keys.EVENTS.sort): f"{keys.GROUP_SORT_PREFIX}{group}"}
        row = read_group(self._cloud.item(StackOutput.EVENTS_TABLE, key))
        if row is None or row.deleted_ts is not None:
            raise RefusedError("group", f"no group {group!r}", "notFound")
        vens = definitions.read_members(self._cloud.event_items(GROUPS, definitions.member_range(row)))
        return GroupDetail(**msgspec.structs.asdict(row.summary), vens=vens)

    def set_group(self, group: GroupName, body: GroupBody, *, etag: str | None) -> GroupChanged:
        """Have `dispatch_event` set it."""
        request = ChangeGroup(group=group, group_action="set", vens=body.vens, if_match=etag)
        return self._invoke(StackOutput.DISPATCH_EVENT, request, GroupChanged)

    def change_group(self, group: GroupName, change: GroupChange) -> GroupChanged:
        """Have `dispatch_event` change it."""
        request = ChangeGroup(group=group, group_action="change", add=change.add, remove=change.remove)
        return self._invoke(StackOutput.DISPATCH_EVENT, request, GroupChanged)

    def delete_group(self, group: GroupName, *, etag: str | None = None) -> None:
        """Have `dispatch_event` delete it."""
        request = ChangeGroup(group=group, group_action="delete", if_match=etag)
        self._invoke(StackOutput.DISPATCH_EVENT, request, GroupChanged)

    def programs(self) -> tuple[Program, ...]:
        """Read from the events table."""
        rows = self._cloud.event_items(EventId(keys.PROGRAMS_PARTITION), definitions.PROGRAM_ROWS)
        return definitions.all_programs(rows)

    def set_program(self, program: ProgramId, rules: ProgramBody, *, etag: str | None) -> ProgramChanged:
        """Have `dispatch_event` set it."""
        request = ChangeProgram(program=program, rules=rules, if_match=etag)
        return self._invoke(StackOutput.DISPATCH_EVENT, request, ProgramChanged)

    def delete_program(self, program: ProgramId, *, etag: str | None = None) -> None:
        """Have `dispatch_event` delete it."""
        request = ChangeProgram(program=program, rules=None, if_match=etag)
        self._invoke(StackOutput.DISPATCH_EVENT, request, ProgramChanged)

    def oadr_events(self) -> Iterator[OadrEventStatus]:
        """Read from the events table."""
        items = list(self._cloud.event_items(EventId(OADR_PARTITION), OADR_EVENTS))
        return (read_oadr_event(item).status for item in reversed(items))

    def fleet(self) -> Fleet:
        """Computed of the tables as the API computes it."""
        members = definitions.all_members(self._cloud.event_items(GROUPS, definitions.GROUPS_WHOLE))
        groups = definitions.groups_by_ven(members)
        items = self._cloud.items(StackOutput.VENS_TABLE)
        vens = [views.ven(item, groups.get(item["venId"], ())) for item in items]
        online = [ven.ven_id for ven in vens if ven.online]
        latest = {item["venId"]: views.row(item) for item in self._cloud.latest_rows(online)}
        uncalled = uncalled_vens(latest, self._called_by)
        return fleet_at(vens, latest, now_ts=time.time(), uncalled=uncalled)

    def fleet_history(self, from_ts: int, to_ts: int) -> Iterator[FleetSample]:
        """Read from the telemetry table."""
        items = self._cloud.rows(keys.FLEET_PARTITION, from_ts, to_ts, _names(FleetSample))
        return map(views.fleet_sample, items)

    def telemetry(
        self, ven_id: VenId, from_ts: int, to_ts: int, *, circuits: bool = False
    ) -> Iterator[TelemetryRow]:
        """Read from the telemetry table."""
        names = [name for name in _names(TelemetryRow) if circuits or name != keys.CIRCUITS_KW]
        return map(views.row, self._cloud.rows(ven_id, from_ts, to_ts, names))

    def circuits(self, ven_id: VenId) -> Circuits | None:
        """Read from the telemetry table."""
        snapshot = views.flowing(self._cloud.circuits_row(ven_id), self._cloud.newest_row(ven_id))
        return None if snapshot is None else views.circuits(snapshot)

    def dead_letters(self) -> Mapping[str, int] | None:
        """Counted by SQS; None where the caller's rights do not reach the queues."""
        try:
            return DeadLetters(self._cloud).count()
        except CloudError as error:
            if is_denied(error):
                return None
            raise

    def _called_by(self, event_id: EventId) -> frozenset[VenId] | None:
        """The VENs of an event; None when there is none, or none any more."""
        event, _ = views.event_of_items(self._cloud.event_items(event_id), now_ts=time.time())
        return None if event is None else frozenset(ven.ven_id for ven in event.vens)

    def _dispatch(self, request: DispatchEvent) -> EventDispatched:
        return self._invoke(StackOutput.DISPATCH_EVENT, request, EventDispatched)

    def _invoke(self, function: StackOutput, request: msgspec.Struct, kind: type[T]) -> T:
        """The answer of *function* as a *kind*. Raises RefusedError when it is a refusal."""
        answer = self._cloud.invoke(function, request)
        if answer.get("ok") is False:
            refused = msgspec.convert(answer, Refused)
            raise RefusedError(refused.field or "request", refused.error, refused.code)
        return msgspec.convert(answer, kind)


def _names(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The attributes that are read of an item for a *kind*."""
    return tuple(field.encode_name for field in msgspec.structs.fields(kind))
