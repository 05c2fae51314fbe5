"""Objects made, replaced and deleted, with what depends on them.

Interpretation: a program's events go with it, and a VEN's resources with the VEN. Reports stay when their
event goes: they say what was measured. A subscription on a program that is gone is told of nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_lambda_powertools import Logger

from contracts.api.oadr_programs import ALLOCATION, has_totals
from contracts.openadr.objects import (
    OadrEvent,
    OadrObject,
    OadrProgram,
    OadrResource,
    OadrVen,
    ObjectOperation,
)
from contracts.store.vtn_changes import VtnChange
from lambdas.shared import clients
from lambdas.shared.chance import chance
from lambdas.shared.oadr_problems import VtnProblemKind
from lambdas.shared.vtn_problems import VtnProblemError
from lambdas.shared.vtn_rows import StoredObject, etag_of, program_of
from lambdas.shared.vtn_stamps import RANDOM_DIGITS, Stamp
from lambdas.shared.vtn_writes import ObjectChange
from lambdas.vtn.adapters import VtnAdapters
from lambdas.vtn.logic.calls import read_json
from lambdas.vtn.logic.request import VtnRequest
from lambdas.vtn.logic.responses import VtnResponse, answered, check_if_match
from lambdas.vtn.operations.drafts import DRAFTERS, Draft
from lambdas.vtn.operations.reading import find_visible, view_of

logger = Logger()
IF_MATCH = "if-match"
TOGETHER = 20
"""Dependants that go in one transaction."""


def create(request: VtnRequest, adapters: VtnAdapters) -> VtnResponse:
    """Make an object."""
    body = read_json(request.call)
    stamp = Stamp.new(request.now, chance(RANDOM_DIGITS))

    def attempt() -> StoredObject[OadrObject] | None:
        made = DRAFTERS[request.collection.object_type](Draft(body, stamp, request.caller, None), adapters)
        return made if adapters.book.write([ObjectChange(None, made)]) else None

    made = adapters.book.until_written(attempt)
    _tell(adapters, "CREATE", [made])
    return _answer(request, made)


def update(request: VtnRequest, adapters: VtnAdapters) -> VtnResponse:
    """Replace an object; with If-Match only the one that the client has read."""
    body = read_json(request.call)

    def attempt() -> list[StoredObject[OadrObject]] | None:
        before = find_visible(request, adapters)
        check_if_match(request.header(IF_MATCH), etag_of(view_of(before, request.caller)))
        _check_is_a_clients(before)
        draft = Draft(body, Stamp.again(before.value, request.now), request.caller, before)
        after = DRAFTERS[request.collection.object_type](draft, adapters)
        _check_meaning(before.value, after.value)
        changes = [ObjectChange(before, after), *_moved(before.value, after.value, adapters)]
        return [change.either for change in changes] if adapters.book.write(changes) else None

    changed = adapters.book.until_written(attempt)
    _tell(adapters, "UPDATE", changed)
    return _answer(request, changed[0])


def _check_is_a_clients(record: StoredObject[OadrObject]) -> None:
    """Refuse to change one VEN's share of a DR event: it follows from that."""
    if record.share_of is not None:
        detail = f"id: it is a VEN's share of the DR event {record.share_of}, and changes with that alone"
        raise VtnProblemError(VtnProblemKind.CONFLICT, detail)


def _check_meaning(before: OadrObject, after: OadrObject) -> None:
    """Refuse a program another meaning of its values: VENs may have read its events by the old one."""
    if not isinstance(before, OadrProgram) or not isinstance(after, OadrProgram):
        return
    if has_totals(before.attributes) != has_totals(after.attributes):
        detail = (
            f"attributes.{ALLOCATION}: values for each VEN and a fleet's total are two programs: make another"
        )
        raise VtnProblemError(VtnProblemKind.CONFLICT, detail)


def delete(request: VtnRequest, adapters: VtnAdapters) -> VtnResponse:
    """Delete an object and what cannot be without it, and answer it."""
    first = find_visible(request, adapters)
    check_if_match(request.header(IF_MATCH), etag_of(view_of(first, request.caller)))
    _check_is_a_clients(first)
    _delete_dependants(first.value, adapters)

    def attempt() -> StoredObject[OadrObject] | None:
        before = find_visible(request, adapters)
        check_if_match(request.header(IF_MATCH), etag_of(view_of(before, request.caller)))
        return before if adapters.book.write([ObjectChange(before, None)]) else None

    gone = adapters.book.until_written(attempt)
    _tell(adapters, "DELETE", [gone])
    _delete_dependants(gone.value, adapters)  # those that were made meanwhile; from now on there can be none
    return _answer(request, gone)


def _delete_dependants(value: OadrObject, adapters: VtnAdapters) -> None:
    """Delete a program's events, or a VEN's resources, a few at a time."""

    def attempt() -> bool | None:
        records = dependants_of(value, adapters)
        for first in range(0, len(records), TOGETHER):
            some = records[first : first + TOGETHER]
            if not adapters.book.write([ObjectChange(record, None) for record in some]):
                return None
            _tell(adapters, "DELETE", some)
        return True

    adapters.book.until_written(attempt)


def dependants_of(value: OadrObject, adapters: VtnAdapters) -> list[StoredObject[OadrObject]]:
    """The events of a program, or the resources of a VEN, as they are stored."""
    match value:
        case OadrProgram():
            return [
                record
                for record in adapters.book.objects("EVENT")
                if isinstance(record.value, OadrEvent) and record.value.program_id == value.id
            ]
        case OadrVen():
            return [
                record
                for record in adapters.book.resources(value.client_id)
                if isinstance(record.value, OadrResource) and record.value.ven_id == value.id
            ]
        case _:
            return []


def _moved(before: OadrObject, after: OadrObject, adapters: VtnAdapters) -> list[ObjectChange]:
    """The resources of a VEN that gets another client: they go with it."""
    if (
        not isinstance(before, OadrVen)
        or not isinstance(after, OadrVen)
        or before.client_id == after.client_id
    ):
        return []
    resources = dependants_of(before, adapters)
    if len(resources) > TOGETHER:
        detail = f"clientID: a VEN with more than {TOGETHER} resources has its client for good"
        raise VtnProblemError(VtnProblemKind.CONFLICT, detail)
    return [ObjectChange(record, record.of_client(after.client_id)) for record in resources]


def _tell(
    adapters: VtnAdapters, operation: ObjectOperation, objects: Sequence[StoredObject[OadrObject]]
) -> None:
    """Pass on what has been written. That cannot be taken back, so that a failure is logged alone."""
    changes = [
        VtnChange(
            operation=operation,
            object=record.value,
            program_id=program_of(record),
            is_total=record.is_total,
        )
        for record in objects
    ]
    try:
        adapters.changes.pass_on(changes)
    except Exception as error:  # noqa: BLE001 - whatever it is, the change is done
        logger.error("untold", error=clients.error_code(error), count=len(changes))  # noqa: TRY400 - no text of it


def _answer(request: VtnRequest, record: StoredObject[OadrObject]) -> VtnResponse:
    body = view_of(record, request.caller)
    return answered(request.route.status, body, etag_of(body))
