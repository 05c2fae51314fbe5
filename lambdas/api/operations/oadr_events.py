"""Events of the stage's VTN, as far as the stage's own VENs have to do with them."""

from __future__ import annotations

from contracts.api.oadr_events import OadrEventPage
from contracts.openadr.ids import ObjectId
from lambdas.api.adapters import ApiAdapters
from lambdas.api.logic.operation import OperationRequest, OperationResult


def list_oadr_events(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """A page of the VTN's events, that which was made last first; none of a stage that is no VTN."""
    after: str | None = request.position(str)
    below = None if after is None else ObjectId(after)
    rows, goes_on = adapters.oadr_events.page(below, request.query.limit)
    following = request.cursor(rows[-1].oadr_event_id) if goes_on else None
    return OperationResult(OadrEventPage(items=tuple(row.status for row in rows), next=following))
