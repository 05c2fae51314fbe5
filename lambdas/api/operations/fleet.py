"""The fleet now."""

from __future__ import annotations

from contracts.api.fleet import fleet_at
from contracts.api.resources import TelemetryRow, Ven
from contracts.store import views
from contracts.store.keys import LATEST_ROW
from lambdas.api.adapters import ApiAdapters
from lambdas.api.logic.operation import OperationRequest, OperationResult
from lambdas.shared import rows


def get_fleet(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """Every VEN, and the latest row of those that are online."""
    vens = [views.ven(item) for item in adapters.vens.scan(rows.attributes(Ven))]
    online = [ven.ven_id for ven in vens if ven.online]
    names = ("venId", *rows.attributes(TelemetryRow))
    latest = adapters.telemetry.get_many(online, names, sort=LATEST_ROW)
    by_ven = {item["venId"]: views.row(item) for item in latest}
    return OperationResult(fleet_at(vens, by_ven, now_ts=request.now, limit=request.query.limit))
