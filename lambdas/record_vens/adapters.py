"""The tables that `record_vens` changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.store.keys import COMMANDS, EVENTS, VENS
from contracts.wire.ids import EventId, VenId
from lambdas.record_vens.logic.changes import Change, TableName
from lambdas.record_vens.settings import RecordSettings
from lambdas.shared import clients
from lambdas.shared.called_vens import CalledVens, called_vens
from lambdas.shared.tables import Table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class RecordAdapters:
    """The tables by the names that changes have for them, and the VENs that events have called."""

    client: DynamoDBClient
    tables: Mapping[TableName, Table]
    called: CalledVens

    def apply(self, ven_id: VenId, changes: Iterable[Change]) -> bool:
        """Make *changes* that follow from a VEN's message, each when its condition holds.

        Errors of AWS pass through.

        Returns:
            False when one is to an event that has not called the VEN: that one is left out.
        """
        called = True
        for change in changes:
            if change.table is TableName.EVENTS and not self.called.has(
                EventId(change.key.partition), ven_id
            ):
                called = False
                continue
            self.tables[change.table].update(change.key, change.values, once=change.once, when=change.when)
        return called


def open_adapters(settings: RecordSettings) -> RecordAdapters:
    """Open the tables that the settings name."""
    dynamodb = clients.dynamodb()
    events = clients.table(settings.events_table, EVENTS)
    return RecordAdapters(
        dynamodb,
        {
            TableName.VENS: clients.table(settings.vens_table, VENS),
            TableName.COMMANDS: clients.table(settings.commands_table, COMMANDS),
            TableName.EVENTS: events,
        },
        called_vens(events),
    )
