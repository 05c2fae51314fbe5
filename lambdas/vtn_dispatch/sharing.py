"""The shares of a DR event at the VTN as its plan has them now, however often it is looked at.

    the DR event's header and plan ──▶ its VENs of OpenADR, each with its share
        │ an event of the VTN whose values are for each VEN ──▶ they read that event itself
        │ as they have it, but for the dead band ─────────────▶ nothing
        │ no share, or cancelled ─────────────────────────────▶ DELETE
        ▼ ────────────────────────────────────────────────────▶ CREATE, UPDATE
    the header again: where it has changed meanwhile, once more

Subscribers are told of each, as of any change of the VTN. An event that is over stays for the reports on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, cast

from contracts.api.oadr_programs import has_totals
from contracts.api.reports import PAYBACK_AFTER_S
from contracts.api.requests import Assignment
from contracts.errors import FieldError
from contracts.openadr.ids import ObjectId
from contracts.openadr.oadr_vens import is_oadr_ven
from contracts.openadr.objects import OadrEvent, OadrObject, OadrProgram, ObjectOperation
from contracts.store.vtn_changes import VtnChange
from contracts.store.vtn_keys import name_key
from contracts.wire.ids import EventId, ProgramId
from lambdas.shared import parallel
from lambdas.shared.chance import chance
from lambdas.shared.event_book import PlanMissingError
from lambdas.shared.invocation import count, logger
from lambdas.shared.oadr_problems import VtnProblemKind
from lambdas.shared.rows import EventRow
from lambdas.shared.vtn_problems import VtnProblemError
from lambdas.shared.vtn_rows import StoredObject, stored
from lambdas.shared.vtn_stamps import RANDOM_DIGITS, Stamp
from lambdas.shared.vtn_writes import ObjectChange
from lambdas.vtn_dispatch.adapters import VtnDispatchAdapters
from lambdas.vtn_dispatch.joining import NotJoinedError
from lambdas.vtn_dispatch.logic.shares import is_as_good, share_id, share_of

ATTEMPTS = 6
"""Repeats because the DR event was changed in between, or one of its shares was."""
TOGETHER = 8
"""Shares that go in one transaction. Functions that have read the events before read so many anew by id."""


class _Origin(NamedTuple):
    """The origin of a DR event: the *event* of the VTN, or None of one that an operator has made.

    *is_read* tells that VENs of OpenADR read that event themselves.
    """

    event: OadrEvent | None = None
    is_read: bool = False


@dataclass(frozen=True, slots=True)
class Sharing:
    """Brings the shares of DR events to the VTN at *now_ts*, UTC s."""

    adapters: VtnDispatchAdapters
    now_ts: float

    def bring(self, event_id: EventId) -> None:
        """Have every VEN of OpenADR told its share of a DR event.

        Raises:
            NotJoinedError: others were changing it all the time.
        """
        for _ in range(ATTEMPTS):
            header = self.adapters.dr_event(event_id)
            if header is None or not self._written(header):
                if header is None:
                    return
                continue
            newest = self.adapters.dr_event(event_id)
            if newest is None or (newest.revision, newest.gone) == (header.revision, header.gone):
                return
        raise NotJoinedError(event_id)

    def sweep(self) -> None:
        """Take away the shares of DR events that are gone, or over for so long that no report is awaited."""
        by_event: dict[EventId, list[ObjectId]] = {}
        for event, event_id in self.adapters.shares():
            by_event.setdefault(event_id, []).append(event.id)
        for event_id, ids in by_event.items():
            header = self.adapters.dr_event(event_id)
            if header is not None and self.now_ts < header.over_ts + PAYBACK_AFTER_S:
                continue
            records = [record for record in map(self._share, ids) if record is not None]
            self._write([ObjectChange(record, None) for record in records])

    def _written(self, header: EventRow) -> bool:
        """True once the shares are as *header* has them; False when one of them has changed meanwhile."""
        assignments = self._assignments(header)
        origin = _Origin() if not assignments else self._origin(header)
        if not assignments or origin.is_read or header.gone:
            return True
        try:
            return self._write(list(self._changes(header, assignments, origin.event)))
        except VtnProblemError as error:
            if error.kind is not VtnProblemKind.CONFLICT:
                raise
            logger.warning("not shared: its program is gone", extra={"event_id": header.event_id})
            return True

    def _assignments(self, header: EventRow) -> list[Assignment]:
        """The assignments of the VENs of OpenADR, without values of those that have no part any more."""
        try:
            plan = self.adapters.events.plan(header)
        except PlanMissingError:
            return []
        called = {assignment.ven_id: assignment for assignment in plan.assignments}
        vens = sorted(filter(is_oadr_ven, plan.ven_ids))
        return [called.get(ven_id) or Assignment(ven_id=ven_id, values=()) for ven_id in vens]

    def _origin(self, header: EventRow) -> _Origin:
        row = self.adapters.origin(header.event_id)
        if row is None:
            return _Origin()
        event = self.adapters.event(row.oadr_event_id)
        program = None if event is None else self.adapters.program(event.program_id)
        if event is None or program is None:  # which is about to cancel the DR event
            return _Origin(is_read=header.cancelled_ts is None)
        try:
            return _Origin(event, is_read=not has_totals(program.attributes))
        except FieldError:
            return _Origin(event, is_read=True)

    def _changes(
        self, header: EventRow, assignments: Iterable[Assignment], origin: OadrEvent | None
    ) -> Iterator[ObjectChange]:
        ended = header.cancelled_ts is not None or header.deleted_ts is not None
        program_id = None if ended else origin.program_id if origin else self._program(header.program)
        listed = list(assignments)
        before = parallel.over([share_id(header, one.ven_id) for one in listed], self._share)
        for assignment, record in zip(listed, before, strict=True):
            event = None if record is None else cast("OadrEvent", record.value)
            share = program_id and share_of(
                header,
                assignment,
                program_id=program_id,
                now_ts=self.now_ts,
                before=event,
                name=origin.event_name if origin else None,
                reports=origin.report_descriptors if origin else None,
            )
            if not share:
                if record is not None:
                    yield ObjectChange(record, None)
            elif event is None or not is_as_good(event, share):
                yield ObjectChange(record, stored(share, share_of=header.event_id))

    def _program(self, name: ProgramId) -> ObjectId:
        """The VTN's program of that name, which is made where there is none."""
        key = name_key("PROGRAM", name)
        item = self.adapters.vtn.table.get(key)
        if item is None:
            stamp = Stamp.new(self.now_ts, chance(RANDOM_DIGITS))
            made = OadrProgram(
                id=stamp.id,
                created_date_time=stamp.created,
                modification_date_time=stamp.modified,
                program_name=name,
            )
            try:
                self._write([ObjectChange(None, stored(made))])
            except VtnProblemError:  # another was faster
                item = self.adapters.vtn.table.get(key)
                if item is None:
                    raise
            else:
                return stamp.id
        return ObjectId(item["of"])

    def _share(self, object_id: ObjectId) -> StoredObject[OadrObject] | None:
        return self.adapters.vtn.find("EVENT", object_id)

    def _write(self, changes: list[ObjectChange]) -> bool:
        """Write *changes*, some at a time, and tell of them; False when one of them was changed meanwhile."""
        for first in range(0, len(changes), TOGETHER):
            some = changes[first : first + TOGETHER]
            if not self.adapters.vtn.write(some):
                return False
            self.adapters.changes.pass_on([_change_of(change) for change in some])
            count(OadrSharesWritten=len(some))
        return True


def _change_of(change: ObjectChange) -> VtnChange:
    operation: ObjectOperation = (
        "CREATE" if change.before is None else "DELETE" if change.after is None else "UPDATE"
    )
    value = change.either.value
    program_id = value.program_id if isinstance(value, OadrEvent) else value.id
    return VtnChange(operation=operation, object=value, program_id=program_id)
