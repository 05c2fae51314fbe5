"""The tables that `watch_fleet` reads."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.api.resources import TelemetryRow, Ven
from contracts.store import views
from contracts.store.items import Item
from contracts.store.keys import EVENTS, LATEST_ROW, TELEMETRY, VENS
from contracts.wire.ids import VenId
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


def open_adapters(settings: WatchSettings) -> WatchAdapters:
    """Open the tables that the settings name."""
    return WatchAdapters(
        clients.table(settings.vens_table, VENS),
        clients.table(settings.telemetry_table, TELEMETRY),
        clients.table(settings.events_table, EVENTS),
    )
