"""The paths, headers and query strings of the HTTP API's routes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from contracts.api.resources import CommandId
from contracts.wire.ids import (
    CheckedEventId,
    CheckedGroupName,
    CheckedProgramId,
    CheckedVenId,
    CorrelationId,
    EventId,
    GroupName,
    ProgramId,
    Target,
    VenId,
)
from contracts.wire.telemetry import Timestamp

PAGE_MAX = 1000
DEFAULT_SPAN_S = 3600
"""The span of telemetry without *from*, s."""

Cursor = Annotated[str, Meta(min_length=1, max_length=512)]
Limit = Annotated[int, Meta(ge=1, le=PAGE_MAX)]
IdempotencyKey = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[!-~]+$(?!\n)")]
IfMatch = Annotated[str, Meta(min_length=1, max_length=256)]


class Path(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Every parameter that may stand in a path; those of a route are always there."""

    ven_id: CheckedVenId = VenId("")
    event_id: CheckedEventId = EventId("")
    correlation_id: CommandId = CorrelationId("")
    group: CheckedGroupName = GroupName("")
    program: CheckedProgramId = ProgramId("")


class Headers(msgspec.Struct, frozen=True, kw_only=True):
    """Every header that an operation may read, beside those of HTTP itself."""

    idempotency_key: IdempotencyKey | None = msgspec.field(name="Idempotency-Key", default=None)
    if_match: IfMatch | None = msgspec.field(name="If-Match", default=None)


class VensQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The VENs to list: all, those that are (not) online, those of a group."""

    online: bool | None = None
    group: Target | None = None
    limit: Limit = 100
    cursor: Cursor | None = None


class SpanQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A span of time, from *from* on and before *to*, UTC s."""

    from_ts: Timestamp | None = msgspec.field(name="from", default=None)
    to_ts: Timestamp | None = msgspec.field(name="to", default=None)
    limit: Limit = 100
    cursor: Cursor | None = None


class TelemetryQuery(SpanQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows of a time, of the last hour when none is given; with *circuits*, the power of each circuit."""

    circuits: bool = False


class PageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page to list."""

    limit: Limit = 100
    cursor: Cursor | None = None


class FleetQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The number of VENs to list; the totals are over all of them."""

    limit: Limit = PAGE_MAX
