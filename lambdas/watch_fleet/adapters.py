"""The tables that `watch_fleet` reads."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from contracts.api.resources import FleetSample, TelemetryRow, Ven
from contracts.store import views
from contracts.store.items import Item
from contracts.store.keys import (
    EVENTS,
    FLEET_PARTITION,
    LATEST_ROW,
    TELEMETRY,
    VENS,
    Key,
    fleet_row_id,
)
from contracts.wire.ids import VenId
from contracts.wire.units import S_PER_DAY, S_PER_MIN
from lambdas.shared import clients, rows
from lambdas.shared.tables import Table
from lambdas.watch_fleet.logic import PresenceRow
from lambdas.watch_fleet.settings import WatchSettings


@dataclass(frozen=True, slots=True)
class WatchAdapters:
    """The VENs, their telemetry, and the events that call them."""

    vens: Table
    telemetry: Table
    events: Table

    def all_vens(self) -> list[Item]:
        """Every VEN's row, as far as its view and its presence need it."""
        return list(self.vens.scan(dict.fromkeys((*rows.attributes(Ven), *rows.attributes(PresenceRow)))))

    def latest(self, ven_ids: list[VenId]) -> dict[str, TelemetryRow]:
        """The latest row of each VEN that has one, by its id."""
        items = self.telemetry.get_many(ven_ids, ("venId", *rows.attributes(TelemetryRow)), sort=LATEST_ROW)
        return {item["venId"]: views.row(item) for item in items}

    def store(self, sample: FleetSample, retention_days: int) -> None:
        """Store a sample of the fleet; another of the same minute stands in its place."""
        minute_ts = int(sample.timestamp // S_PER_MIN * S_PER_MIN)
        values = msgspec.to_builtins(msgspec.structs.replace(sample, timestamp=minute_ts))
        expires_ts = int(minute_ts + retention_days * S_PER_DAY)
        self.telemetry.update(
            Key(FLEET_PARTITION, fleet_row_id(minute_ts)), values | {"expiresTs": expires_ts}
        )


def open_adapters(settings: WatchSettings) -> WatchAdapters:
    """Open the tables that the settings name."""
    return WatchAdapters(
        clients.table(settings.vens_table, VENS),
        clients.table(settings.telemetry_table, TELEMETRY),
        clients.table(settings.events_table, EVENTS),
    )
