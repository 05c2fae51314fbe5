"""Puts the fleet's figures out every few minutes, for the dashboard and the alarm on silent VENs.

The metrics have no dimension of a VEN or an event: each would be billed as a metric of its own. The ids of
silent VENs stand in the log line beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from contracts.api.fleet import Fleet, fleet_at
from contracts.store import views
from lambdas.shared import clock, rows, settings
from lambdas.watch_fleet.adapters import open_adapters
from lambdas.watch_fleet.logic import PresenceRow, silent
from lambdas.watch_fleet.settings import WatchSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

NAMED = 20
"""How many silent VENs the log line names."""

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Count VENs online, shedding, opted out and silent; sum up requested, delivered and sheddable kW."""
    fleet, quiet = watch(clock.utc_now())
    for name, unit, value in (
        ("VensKnown", MetricUnit.Count, fleet.total),
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
    return {"known": fleet.total, "online": fleet.online, "silent": quiet[:NAMED]}


def watch(now_ts: float) -> tuple[Fleet, list[str]]:
    """The fleet at *now_ts*, and the ids of its silent VENs."""
    adapters = open_adapters(settings.read(WatchSettings))
    items = adapters.all_vens()
    latest = adapters.latest([item["venId"] for item in items if "online" in item])
    fleet = fleet_at([views.ven(item) for item in items], latest, now_ts=now_ts, limit=0)
    received_ts = {ven_id: row.received_ts or row.timestamp for ven_id, row in latest.items()}
    return fleet, silent(rows.read_all(PresenceRow, items), received_ts, now_ts)
