"""Query strings of OpenADR's operations. Parameters that nobody knows are ignored.

Filters are joined by *and*; *targets* and *objects* come any number of times, and any of them matches.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from contracts.openadr.ids import CheckedObjectId, Name, OadrTarget, spelling
from contracts.openadr.objects import ObjectType

LIMIT_MAX = 50
"""Objects an answer. Source: the official document."""


class PageOf(msgspec.Struct, rename=spelling, frozen=True, kw_only=True):
    """The window of an answer: after *skip*, at most *limit*; without *limit* all of it."""

    skip: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    limit: Annotated[int, Meta(ge=0, le=LIMIT_MAX)] | None = None


class ProgramsQuery(PageOf, frozen=True, kw_only=True):
    """The programs to list."""

    targets: tuple[OadrTarget, ...] = ()


class EventsQuery(PageOf, frozen=True, kw_only=True):
    """The events to list; *active* leaves out what is over."""

    program_id: CheckedObjectId | None = None
    targets: tuple[OadrTarget, ...] = ()
    active: bool | None = None


class ReportsQuery(PageOf, frozen=True, kw_only=True):
    """The reports to list; *programID* is of their events."""

    program_id: CheckedObjectId | None = None
    event_id: CheckedObjectId | None = None
    client_name: Name | None = None


class SubscriptionsQuery(PageOf, frozen=True, kw_only=True):
    """The subscriptions to list; *objects* are what they tell of."""

    program_id: CheckedObjectId | None = None
    client_name: Name | None = None
    objects: tuple[ObjectType, ...] = ()


class OadrVensQuery(PageOf, frozen=True, kw_only=True):
    """The VENs to list."""

    ven_name: Name | None = None
    targets: tuple[OadrTarget, ...] = ()


class ResourcesQuery(PageOf, frozen=True, kw_only=True):
    """The resources to list."""

    ven_id: CheckedObjectId | None = None
    resource_name: Name | None = None
    targets: tuple[OadrTarget, ...] = ()
