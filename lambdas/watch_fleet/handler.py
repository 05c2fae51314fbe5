"""Says every few minutes how the fleet stands, as metrics for the dashboard and the alarm on silent VENs.

The metrics have no dimension of a VEN or an event: each would be billed as a metric of its own. Which VENs
are silent stands in the log line beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from contracts.api.fleet import Fleet, fleet_at
from contracts.api.resources import TelemetryRow, Ven
from contracts.store import views
from contracts.store.keys import LATEST_ROW, TELEMETRY, VENS
from lambdas.shared import clients, clock, rows, settings
from lambdas.shared.tables import Table
from lambdas.watch_fleet.logic import Presence, silent

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

NAMED = 20
"""How many silent VENs the log line names."""

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Count who is online, sheds, opted out or is silent; sum up what is asked, delivered and on offer."""
    fleet, quiet = look(clock.utc_now())
    for name, unit, value in (
        ("VensKnown", MetricUnit.Count, fleet.known),
        ("VensOnline", MetricUnit.Count, fleet.online),
        ("VensShedding", MetricUnit.Count, fleet.shedding),
        ("VensOptedOut", MetricUnit.Count, fleet.opted_out),
        ("VensSilent", MetricUnit.Count, len(quiet)),
        ("FlexibilityKw", MetricUnit.NoUnit, fleet.flexibility_kw),
        ("AskedKw", MetricUnit.NoUnit, fleet.requested_kw),
        ("DeliveredKw", MetricUnit.NoUnit, fleet.delivered_kw),
    ):
        metrics.add_metric(name=name, unit=unit, value=value)
    if quiet:
        logger.warning("VENs are silent", extra={"count": len(quiet), "ven_ids": quiet[:NAMED]})
    return {"known": fleet.known, "online": fleet.online, "silent": quiet[:NAMED]}


def look(now_ts: float) -> tuple[Fleet, list[str]]:
    """The fleet at *now_ts*, and who is silent."""
    needs = settings.read(settings.WatchFleet)
    dynamodb = clients.dynamodb()
    vens_table = Table(dynamodb, needs.vens_table, VENS)
    telemetry = Table(dynamodb, needs.telemetry_table, TELEMETRY)
    items = list(vens_table.scan(dict.fromkeys((*rows.attributes(Ven), *rows.attributes(Presence)))))
    seen = [item["venId"] for item in items if "online" in item]
    found = telemetry.get_many(seen, ("venId", *rows.attributes(TelemetryRow)), sort=LATEST_ROW)
    latest = {item["venId"]: views.row(item) for item in found}
    fleet = fleet_at([views.ven(item) for item in items], latest, now_ts=now_ts, limit=0)
    heard_ts = {ven_id: row.received_ts or row.timestamp for ven_id, row in latest.items()}
    return fleet, silent(rows.read_all(Presence, items), heard_ts, now_ts)
