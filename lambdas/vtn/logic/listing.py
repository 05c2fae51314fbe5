"""Filters of lists, and pages of what passes them: hidden and filtered first, then cut. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import TypeVar

import msgspec

from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import (
    OadrObject,
    OadrReport,
    OadrResource,
    OadrSubscription,
    OadrVen,
)
from contracts.openadr.parameters import (
    EventsQuery,
    OadrVensQuery,
    PageOf,
    ProgramsQuery,
    ReportsQuery,
    ResourcesQuery,
    SubscriptionsQuery,
)
from lambdas.shared.object_privacy import VtnCaller

T = TypeVar("T")


def is_wanted(value: OadrObject, query: PageOf, program_id: ObjectId | None = None) -> bool:
    """True of an owned object that passes the filters of *query*.

    *program_id* is the program of a report's event.
    """
    match value, query:
        case OadrReport(), ReportsQuery():
            return (
                _is(query.program_id, program_id)
                and _is(query.event_id, value.event_id)
                and _is(query.client_name, value.client_name)
            )
        case OadrSubscription(), SubscriptionsQuery():
            objects = {name for record in value.object_operations for name in record.objects}
            return (
                _is(query.program_id, value.program_id)
                and _is(query.client_name, value.client_name)
                and _any(query.objects, objects)
            )
        case OadrVen(), OadrVensQuery():
            return _is(query.ven_name, value.ven_name) and _any(query.targets, value.targets)
        case OadrResource(), ResourcesQuery():
            return (
                _is(query.ven_id, value.ven_id)
                and _is(query.resource_name, value.resource_name)
                and _any(query.targets, value.targets)
            )
    raise TypeError(type(query).__name__)


def is_shared_wanted(
    program_id: ObjectId | None, targets: Collection[str] | None, query: PageOf, caller: VtnCaller
) -> bool:
    """True of a program or an event that *caller* may see and that passes the filters of *query*.

    *program_id* is an event's. The time is not looked at.
    """
    match query:
        case EventsQuery():
            return _is(query.program_id, program_id) and _is_targeted(targets, query.targets, caller)
        case ProgramsQuery():
            return _is_targeted(targets, query.targets, caller)
    raise TypeError(type(query).__name__)


def page(objects: Iterable[T], query: PageOf) -> Iterator[T]:
    """Those of *objects* that *query* has on its page."""
    end = None if query.limit is None else query.skip + query.limit
    return islice(objects, query.skip, end)


def filters(query: PageOf) -> object:
    """All that *query* says, as JSON's own types."""
    return msgspec.to_builtins(query)


def _is_targeted(targets: Collection[str] | None, wanted: Collection[str], caller: VtnCaller) -> bool:
    """Interpretation: naming targets leaves out what has none."""
    if not wanted:
        return caller.sees(targets)
    return any(target in wanted and (caller.is_bl or target in caller.granted) for target in targets or ())


def _is(wanted: str | None, value: str | None) -> bool:
    return wanted is None or wanted == value


def _any(wanted: Collection[str], values: Collection[str] | None) -> bool:
    return not wanted or not set(wanted).isdisjoint(values or ())
