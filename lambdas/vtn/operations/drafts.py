"""An object as a call makes it, of each type, with what it refers to looked up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from contracts.api.oadr_programs import has_totals, sharing_rules
from contracts.errors import FieldError
from contracts.openadr.ids import ClientId, ObjectId
from contracts.openadr.objects import (
    OadrEvent,
    OadrEventRequest,
    OadrObject,
    OadrProgram,
    OadrProgramRequest,
    OadrReport,
    OadrReportRequest,
    OadrResource,
    OadrSubscription,
    OadrSubscriptionRequest,
    OadrVen,
    ObjectType,
)
from contracts.wire.codec import JsonObject
from lambdas.shared import parallel
from lambdas.shared.oadr_problems import VtnProblemKind
from lambdas.shared.object_privacy import VtnCaller, with_tokens_of
from lambdas.shared.vtn_problems import VtnProblemError, bad_field, unreferenced
from lambdas.shared.vtn_rows import StoredObject, stored
from lambdas.shared.vtn_stamps import Stamp
from lambdas.vtn.adapters import VtnAdapters
from lambdas.vtn.logic.calls import read_request
from lambdas.vtn.logic.making import (
    read_resource_request,
    read_ven_request,
    resource_of,
    stamped,
    ven_of,
)

CALLBACKS_MAX = 8
"""Callbacks of one subscription, all of which are checked while its client waits."""


@dataclass(frozen=True, slots=True)
class Draft:
    """All that an object is made of.

    Attributes:
        body: what the client sends.
        stamp: what the VTN says.
        caller: who sends it.
        before: the object that is replaced, or None.
    """

    body: JsonObject
    stamp: Stamp
    caller: VtnCaller
    before: StoredObject[OadrObject] | None

    @property
    def owner(self) -> ClientId:
        """The client whose the object is."""
        before = self.before.value if self.before is not None else None
        if before is None or isinstance(before, OadrProgram | OadrEvent):
            return self.caller.client.client_id
        return before.client_id


def draft_program(draft: Draft, adapters: VtnAdapters) -> StoredObject[OadrObject]:  # noqa: ARG001 - as every draft
    """A program, whose attributes for the stage's own VENs are looked at."""
    request = read_request(OadrProgramRequest, draft.body)
    try:
        sharing_rules(request.attributes)
    except FieldError as error:
        raise bad_field(FieldError(f"attributes.{error.field}", error.reason)) from None
    return stored(stamped(OadrProgram, request, draft.stamp))


def draft_event(draft: Draft, adapters: VtnAdapters) -> StoredObject[OadrObject]:
    """An event of a program that is there; the program says whose values its are.

    Interpretation: an event without values asks for reports alone, whatever the program says of values.
    """
    request = read_request(OadrEventRequest, draft.body)
    program = adapters.book.find("PROGRAM", request.program_id)
    if program is None or not isinstance(program.value, OadrProgram):
        raise unreferenced("programID")
    made = stored(stamped(OadrEvent, request, draft.stamp))
    has_values = any(interval.payloads for interval in request.intervals or ())
    return replace(made, is_total=has_values and has_totals(program.value.attributes))


def draft_report(draft: Draft, adapters: VtnAdapters) -> StoredObject[OadrObject]:
    """A report on an event that the caller may see.

    Interpretation: a report outlives its event, and may be corrected after it.
    """
    request = read_request(OadrReportRequest, draft.body)
    before = draft.before
    if before is not None and cast("OadrReport", before.value).event_id == request.event_id:
        program_id = before.program_id
    else:
        event = adapters.book.find("EVENT", request.event_id)
        if (
            event is None
            or not isinstance(event.value, OadrEvent)
            or not (draft.caller.is_bl or (not event.is_total and draft.caller.sees(event.value.targets)))
        ):
            raise unreferenced("eventID")
        program_id = event.value.program_id
    return stored(stamped(OadrReport, request, draft.stamp, client_id=draft.owner), program_id)


def draft_subscription(draft: Draft, adapters: VtnAdapters) -> StoredObject[OadrObject]:
    """A subscription whose callbacks want it, on a program that the caller may see or on all."""
    request = read_request(OadrSubscriptionRequest, draft.body)
    before = cast("OadrSubscription", draft.before.value) if draft.before is not None else None
    if request.program_id is not None and (before is None or before.program_id != request.program_id):
        program = adapters.book.find("PROGRAM", request.program_id)
        if (
            program is None
            or not isinstance(program.value, OadrProgram)
            or not draft.caller.sees(program.value.targets)
        ):
            raise unreferenced("programID")
    _check_callbacks([record.callback_url for record in request.object_operations], adapters)
    made = stamped(OadrSubscription, request, draft.stamp, client_id=draft.owner)
    if before is not None and before.client_id != draft.caller.client.client_id:
        made = with_tokens_of(made, before)
    return stored(made)


def draft_ven(draft: Draft, adapters: VtnAdapters) -> StoredObject[OadrObject]:  # noqa: ARG001 - as above
    """A VEN."""
    before = cast("OadrVen", draft.before.value) if draft.before is not None else None
    request = read_ven_request(draft.body, draft.caller)
    return stored(ven_of(request, draft.stamp, draft.caller, before))


def draft_resource(draft: Draft, adapters: VtnAdapters) -> StoredObject[OadrObject]:
    """A resource of a VEN that the caller may see, whose client's it is."""
    before = cast("OadrResource", draft.before.value) if draft.before is not None else None
    request = read_resource_request(draft.body, draft.caller)
    ven_id = request.ven_id or (before.ven_id if before is not None else _only_ven(draft.caller))
    ven = _ven(ven_id, draft.caller, adapters)
    return stored(resource_of(request, draft.stamp, ven.id, ven.client_id, before))


def _ven(ven_id: ObjectId, caller: VtnCaller, adapters: VtnAdapters) -> OadrVen:
    if not caller.is_bl:
        ven = caller.ven(ven_id)
    else:
        record = adapters.book.find("VEN", ven_id)
        ven = cast("OadrVen", record.value) if record is not None else None
    if ven is None:
        raise unreferenced("venID")
    return ven


def _only_ven(caller: VtnCaller) -> ObjectId:
    """Interpretation: a client with one VEN need not name it."""
    if len(caller.vens) != 1:
        raise VtnProblemError(
            VtnProblemKind.BAD_REQUEST, "venID: required of a client without a VEN, or with more"
        )
    return caller.vens[0].id


def _check_callbacks(urls: list[str], adapters: VtnAdapters) -> None:
    different = list(dict.fromkeys(urls))
    if len(different) > CALLBACKS_MAX:
        detail = f"objectOperations: {len(different)} callbacks, at most {CALLBACKS_MAX} are allowed"
        raise VtnProblemError(VtnProblemKind.BAD_REQUEST, detail)
    try:
        parallel.over(different, adapters.callbacks.check)
    except FieldError as error:
        raise bad_field(error) from None


Drafter = Callable[[Draft, VtnAdapters], StoredObject[OadrObject]]
DRAFTERS: dict[ObjectType, Drafter] = {
    "PROGRAM": draft_program,
    "EVENT": draft_event,
    "REPORT": draft_report,
    "SUBSCRIPTION": draft_subscription,
    "VEN": draft_ven,
    "RESOURCE": draft_resource,
}
