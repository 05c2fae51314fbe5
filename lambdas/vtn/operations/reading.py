"""Reads: lists, and one object by its id."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.openadr.objects import OadrEvent, OadrObject, OadrProgram, OadrSubscription
from contracts.openadr.parameters import EventsQuery, PageOf
from contracts.store.vtn_keys import GRANTING_TYPES, SHARED_TYPES
from contracts.wire import codec
from lambdas.shared.object_privacy import VtnCaller, without_tokens
from lambdas.shared.vtn_problems import absent
from lambdas.shared.vtn_rows import StoredObject, etag_of, stored
from lambdas.vtn.adapters import VtnAdapters
from lambdas.vtn.logic.calls import read_id, read_vtn_query
from lambdas.vtn.logic.listing import filters, is_wanted, page
from lambdas.vtn.logic.request import VtnRequest
from lambdas.vtn.logic.responses import (
    VtnResponse,
    array,
    names_tag,
    read_answer,
    unchanged,
)
from lambdas.vtn.warm_collections import entry_of

IF_NONE_MATCH = "if-none-match"


def search(request: VtnRequest, adapters: VtnAdapters) -> VtnResponse:
    """The objects that the caller may see and that pass the filters, in the order of their creation."""
    query = read_vtn_query(request.collection.query, request.call.query)
    if request.collection.object_type in SHARED_TYPES:
        return _search_shared(request, adapters, query)
    caller = request.caller
    wanted = (
        record for record in _owned(request, adapters) if is_wanted(record.value, query, record.program_id)
    )
    body = array(view_of(record, caller) for record in page(wanted, query))
    return read_answer(body, request.header(IF_NONE_MATCH))


def read(request: VtnRequest, adapters: VtnAdapters) -> VtnResponse:
    """One object."""
    record = find_visible(request, adapters)
    return read_answer(view_of(record, request.caller), request.header(IF_NONE_MATCH))


def find_visible(request: VtnRequest, adapters: VtnAdapters) -> StoredObject[OadrObject]:
    """The object that the path names, as it is stored.

    Raises:
        VtnProblemError: there is none, or the caller may not see it.
    """
    name, object_id = read_id(request.parameters)
    object_type = request.collection.object_type
    owner = None if object_type in SHARED_TYPES else request.owner
    record = adapters.book.find(object_type, object_id, of_client=owner)
    if record is None or not is_visible(record, request.caller):
        raise absent(name)
    return record


def is_visible(record: StoredObject[OadrObject], caller: VtnCaller) -> bool:
    """True of an object that *caller* may see, which was looked for among its client's own if it is owned.

    Interpretation: a fleet's total is the business logic's alone, as a VEN would take it for its own value.
    """
    value = record.value
    if not isinstance(value, OadrProgram | OadrEvent):
        return True
    return caller.is_bl or (not record.is_total and caller.sees(value.targets))


def view_of(record: StoredObject[OadrObject], caller: VtnCaller) -> bytes:
    """An object as *caller* is answered it."""
    value = record.value
    if isinstance(value, OadrSubscription) and value.client_id != caller.client.client_id:
        return codec.encode(without_tokens(value))
    if isinstance(value, OadrProgram | OadrEvent):
        return entry_of(record.body).answer(caller)
    return record.body


def _search_shared(request: VtnRequest, adapters: VtnAdapters, query: PageOf) -> VtnResponse:
    """Programs or events: of the same objects, for one reader and query, there is one answer.

    With *active* it is another one whenever an event ends.
    """
    caller, if_none_match = request.caller, request.header(IF_NONE_MATCH)
    collection = adapters.collections[request.collection.object_type]
    objects = collection.at(adapters.book.version(collection.object_type), adapters.book)
    is_active = isinstance(query, EventsQuery) and bool(query.active)
    ends_past = objects.ends_past(request.now) if is_active else None
    counting = None if caller.is_bl else sorted(caller.granted & objects.targets)
    asking = etag_of(counting, filters(query), ends_past)
    etag = objects.tags.get(asking)
    if etag is not None and names_tag(if_none_match, etag):
        return unchanged(etag)
    wanted = (
        entry
        for entry in objects.entries.values()
        if entry.is_wanted(query, caller) and not (is_active and entry.is_over(request.now))
    )
    body = array(entry.answer(caller) for entry in page(wanted, query))
    if etag is None:
        etag = etag_of(body)
        objects.note(asking, etag)
    return read_answer(body, if_none_match, etag)


def _owned(request: VtnRequest, adapters: VtnAdapters) -> Iterator[StoredObject[OadrObject]]:
    """The owned objects that the caller may see. A VEN's VENs and resources have been read already."""
    object_type = request.collection.object_type
    if request.owner is None:
        yield from adapters.book.objects(object_type)
    elif object_type in GRANTING_TYPES:
        caller = request.caller
        yield from map(stored, caller.vens if object_type == "VEN" else caller.resources)
    else:
        yield from adapters.book.owned(request.owner, object_type)
