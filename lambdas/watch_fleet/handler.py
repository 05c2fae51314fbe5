"""Puts the fleet's figures out every few minutes, for the dashboard and the alarm on silent VENs.

The same figures are stored as a sample, one item in five minutes whatever the number of VENs: days and weeks
of the whole fleet are read from those.

The metrics have no dimension of a VEN or an event: each would be billed as a metric of its own. The ids of
silent VENs stand in the log line beside them.
"""

from __future__ import annotations

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.api.fleet import Fleet, fleet_at, uncalled_vens
from contracts.api.resources import TelemetryRow
from contracts.store import views
from lambdas.shared import clients, clock, rows, settings
from lambdas.shared.called_vens import called_vens
from lambdas.shared.invocation import Event, count, entry, logger, measure
from lambdas.watch_fleet.adapters import WatchAdapters, open_adapters
from lambdas.watch_fleet.logic import PresenceRow, sample, silent
from lambdas.watch_fleet.settings import WatchSettings

NAMED = 20
"""How many silent VENs the log line names."""

clients.at_init(__package__, clients.dynamodb)


@entry
def handler(event: Event, context: LambdaContext) -> dict[str, object]:  # noqa: ARG001 - Lambda's signature
    """Count VENs online, shedding, opted out and silent; sum up requested, delivered and sheddable kW."""
    environment = settings.read(WatchSettings)
    adapters = open_adapters(environment)
    fleet, latest, quiet = watch(adapters, clock.utc_now())
    count(
        VensKnown=fleet.total,
        VensOnline=fleet.online,
        VensShedding=fleet.shedding,
        VensOptedOut=fleet.opted_out,
        VensSilent=len(quiet),
    )
    measure(FlexibilityKw=fleet.flexibility_kw, AskedKw=fleet.requested_kw, DeliveredKw=fleet.delivered_kw)
    if quiet:
        logger.warning("VENs are silent", extra={"count": len(quiet), "ven_ids": quiet[:NAMED]})
    adapters.store(sample(fleet, latest.values()), environment.retention_days)
    return {"known": fleet.total, "online": fleet.online, "silent": quiet[:NAMED]}


def watch(adapters: WatchAdapters, now_ts: float) -> tuple[Fleet, dict[str, TelemetryRow], list[str]]:
    """The fleet at *now_ts*, the latest row of each VEN that was ever online, and the ids of the silent."""
    items = adapters.all_vens()
    latest = adapters.latest([item["venId"] for item in items if "online" in item])
    vens = [views.ven(item) for item in items]
    uncalled = uncalled_vens(latest, called_vens(adapters.events).of)
    count(VensInOtherEvents=len(uncalled))
    if uncalled:
        named = sorted(uncalled)[:NAMED]
        logger.warning("VENs report events that have not called them", extra={"ven_ids": named})
    fleet = fleet_at(vens, latest, now_ts=now_ts, uncalled=uncalled, limit=0)
    received_ts = {ven_id: row.received_ts or row.timestamp for ven_id, row in latest.items()}
    return fleet, latest, silent(rows.read_all(PresenceRow, items), received_ts, now_ts)
