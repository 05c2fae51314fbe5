"""An event of the VTN brought to the stage's own VENs as it is now, however often it is looked at.

    the VTN's event, and the row of what became of it
        │ as it was, and nothing is due ───────────────────────▶ done
        │ gone ────────────────────▶ its DR event is cancelled ─▶ withdrawn
        │ not to be acted on ──────▶ its DR event is cancelled ─▶ not acted on, with the reason
        │ none yet, or all ended ──▶ create ┐
        ▼ its DR event goes on ────▶ revise ┴──▶ dispatched, or refused with the reason
    the VTN's event again: where it has changed meanwhile, once more

Two that look at one event at a time may carry out an older state after a newer one. Whoever did so reads the
newer one at its end, and brings that.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from contracts.api.oadr_events import OadrEventState
from contracts.api.oadr_programs import names_rules, program_id_of, sharing_rules
from contracts.api.requests import DispatchEvent, RefusalCode, Refused
from contracts.errors import VenTwinError
from contracts.openadr.dr_events import event_id_of
from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import OadrEvent, OadrProgram
from contracts.store.oadr_events import OadrEventRow
from contracts.wire import codec
from contracts.wire.ids import EventId
from lambdas.shared import rows
from lambdas.shared.rows import EventRow
from lambdas.vtn_dispatch.adapters import VtnDispatchAdapters
from lambdas.vtn_dispatch.logic.terms import Wanted, named_targets, nth_event_id, wanted

ATTEMPTS = 6
"""Repeats because the VTN's event was changed in between, or its DR event was."""
PAUSE_S = 0.1
"""Twice as long is the longest pause before the second attempt, and each is twice the last: 6 s together."""
BEING_DISPATCHED = "it is being dispatched"
CANCELLED_HERE = "its DR event was cancelled or deleted by the stage's operator"
NO_PROGRAM = "its program is gone"


class NotJoinedError(VenTwinError):
    """The event could not be brought in now, and is to be looked at once more."""


class _Place(NamedTuple):
    """The DR event to write, and how many there were before it."""

    event_id: EventId
    generation: int
    is_there: bool


@dataclass(frozen=True, slots=True)
class Joining:
    """Brings events of the VTN to the stage's VENs at *now_ts*, UTC s."""

    adapters: VtnDispatchAdapters
    now_ts: float

    def bring(self, object_id: ObjectId) -> OadrEventRow | None:
        """The row of the event once it is brought in; None of one that never was anything here.

        Raises:
            NotJoinedError: others were changing it all the time.
            FunctionFailedError: `dispatch_event` failed.
        """
        for number in range(ATTEMPTS):
            if number:
                self.adapters.pause(PAUSE_S * 2**number)
            event = self.adapters.event(object_id)
            program = None if event is None else self.adapters.program(event.program_id)
            try:
                row = self._looked_at(object_id, event, program)
            except NotJoinedError:
                continue
            if self._tag_now(object_id) == tag_of(event, program):
                return row
        raise NotJoinedError(object_id)

    def _looked_at(
        self, object_id: ObjectId, event: OadrEvent | None, program: OadrProgram | None
    ) -> OadrEventRow | None:
        """The row of *event* as it was read. Raises NotJoinedError where another was faster."""
        row, tag = self.adapters.rows.find(object_id), tag_of(event, program)
        if row is not None and is_settled(row, tag, self.now_ts):
            return row
        if event is None:
            return None if row is None else self._put(self._withdrawn(row), row)
        return self._brought(row, event, program, tag)

    def _put(self, row: OadrEventRow, before: OadrEventRow | None) -> OadrEventRow:
        if not self.adapters.rows.put(row, instead_of=before):
            raise NotJoinedError(row.oadr_event_id)
        return row

    def _tag_now(self, object_id: ObjectId) -> str:
        event = self.adapters.event(object_id)
        return tag_of(event, None if event is None else self.adapters.program(event.program_id))

    def _withdrawn(self, row: OadrEventRow) -> OadrEventRow:
        self._cancel(row)
        return replace(
            row,
            state=OadrEventState.WITHDRAWN,
            reason=None,
            tag=tag_of(None, None),
            renew_ts=None,
            changed_ts=self.now_ts,
            expires_ts=rows.expires_ts(self.now_ts, self.adapters.retention_days),
        )

    def _brought(
        self, row: OadrEventRow | None, event: OadrEvent, program: OadrProgram | None, tag: str
    ) -> OadrEventRow:
        """The row of *event*, which is dispatched, or cancelled where it is not to be acted on."""
        new = OadrEventRow(
            oadr_event_id=event.id,
            event_name=event.event_name,
            program=None if program is None else program_id_of(program),
            state=OadrEventState.NOT_ACTED_ON,
            event_id=None if row is None else row.event_id,
            generation=0 if row is None else row.generation,
            changed_ts=self.now_ts,
            tag=tag,
        )
        terms = Wanted(reason=NO_PROGRAM)
        if program is not None:
            ours = self.adapters.ours(named_targets(event))
            granted = self.adapters.granted(frozenset(event.targets or ()))
            terms = wanted(event, program, ours, granted, now_ts=self.now_ts)
        if terms.request is None or program is None:
            if row is not None:
                self._cancel(row)
            return self._put(replace(new, reason=terms.reason, renew_ts=terms.renew_ts), row)
        return self._written(terms.request, replace(new, renew_ts=terms.renew_ts), program, row)

    def _written(
        self, request: DispatchEvent, new: OadrEventRow, program: OadrProgram, row: OadrEventRow | None
    ) -> OadrEventRow:
        """The row of an event once *request* is carried out, over *row*: *new*, with what became of it."""
        place = self._place(new, is_changed=row is None or row.tag != new.tag)
        if place is None:
            return self._put(replace(new, reason=CANCELLED_HERE, renew_ts=None), row)
        self.define(program)
        new = replace(new, generation=place.generation)
        if not place.is_there:  # whoever is killed right after it was made leaves word of it
            begun = replace(new, state=OadrEventState.DISPATCHED, reason=BEING_DISPATCHED, tag="")
            row = self._put(replace(begun, event_id=place.event_id), row)
        action: Literal["create", "revise"] = "revise" if place.is_there else "create"
        refusal = self._dispatched(replace(request, event_id=place.event_id, action=action))
        brought = replace(
            new,
            state=OadrEventState.DISPATCHED if refusal is None else OadrEventState.REFUSED,
            reason=refusal,
            event_id=place.event_id if refusal is None or place.is_there else new.event_id,
        )
        return self._put(brought, row)

    def _place(self, row: OadrEventRow, *, is_changed: bool) -> _Place | None:
        """The DR event to write.

        None where it was cancelled here, while the VTN's event goes on as it was.
        """
        first = event_id_of(row.oadr_event_id)
        generation = row.generation
        while True:
            event_id = nth_event_id(first, generation)
            header = self.adapters.dr_event(event_id)
            if header is None or not _has_ended(header, self.now_ts):
                return _Place(event_id, generation, is_there=header is not None)
            if not is_changed and _is_cancelled(header):
                return None
            generation += 1

    def define(self, program: OadrProgram) -> None:
        """Have the program among the stage's, with the rules that its attributes name.

        Interpretation: one that names none leaves those that the stage's program of its name has.
        """
        named = program_id_of(program)
        before = self.adapters.programs.program(named)
        rules = sharing_rules(program.attributes).settled_by
        stands = before is not None and (before.baseline, before.holidays) == (rules.baseline, rules.holidays)
        if stands or (before is not None and not names_rules(program.attributes)):
            return
        request = {"program": named, "rules": msgspec.to_builtins(rules)}
        self.adapters.define(
            request if before is None or before.etag is None else {**request, "ifMatch": "*"}
        )

    def _dispatched(self, request: DispatchEvent) -> str | None:
        """Have *request* carried out; the reason of a refusal, or None.

        Raises:
            NotJoinedError: another change of the event, or of others at its time, was in the way.
        """
        answer = self.adapters.dispatch(msgspec.to_builtins(request))
        if not isinstance(answer, Refused):
            return None
        if answer.code is RefusalCode.CONFLICT:
            raise NotJoinedError(request.event_id)
        return f"{answer.field}: {answer.error}" if answer.field else answer.error

    def _cancel(self, row: OadrEventRow) -> None:
        """Cancel the DR event of *row*, unless there is none or it has ended."""
        header = None if row.event_id is None else self.adapters.dr_event(row.event_id)
        if header is None or _has_ended(header, self.now_ts):
            return
        answer = self.adapters.dispatch({"action": "cancel", "eventId": row.event_id})
        header = self.adapters.dr_event(header.event_id)
        if isinstance(answer, Refused) and header is not None and not _has_ended(header, self.now_ts):
            raise NotJoinedError(row.oadr_event_id)


def is_settled(row: OadrEventRow, tag: str, now_ts: float) -> bool:
    """True of an event that was looked at as it is, and is not to be looked at again yet."""
    return row.tag == tag and (row.renew_ts is None or now_ts < row.renew_ts)


def tag_of(event: OadrEvent | None, program: OadrProgram | None) -> str:
    """A digest of an event and its program; it changes when one of them does."""
    return hashlib.sha256(codec.encode((event, program))).hexdigest()[:32]


def _has_ended(header: EventRow, now_ts: float) -> bool:
    return _is_cancelled(header) or header.over_ts <= now_ts


def _is_cancelled(header: EventRow) -> bool:
    return header.cancelled_ts is not None or header.deleted_ts is not None
