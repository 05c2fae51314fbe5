"""The API's query strings."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from contracts.wire.ids import Target
from contracts.wire.telemetry import Timestamp

PAGE_MAX = 1000
DEFAULT_SPAN_S = 3600
"""The span of telemetry without *from*, s."""

Cursor = Annotated[str, Meta(min_length=1, max_length=512)]
Limit = Annotated[int, Meta(ge=1, le=PAGE_MAX)]


class VensQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The VENs to list: all, those that are (not) online, those of a group."""

    online: bool | None = None
    group: Target | None = None
    limit: Limit = 100
    cursor: Cursor | None = None


class TelemetryQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows of [*from*, *to*), UTC s; the last hour when neither is given."""

    from_ts: Timestamp | None = msgspec.field(name="from", default=None)
    to_ts: Timestamp | None = msgspec.field(name="to", default=None)
    limit: Limit = 100
    cursor: Cursor | None = None


class PageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page to list."""

    limit: Limit = 100
    cursor: Cursor | None = None


class FleetQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The number of VENs to list; the totals are over all of them."""

    limit: Limit = PAGE_MAX
