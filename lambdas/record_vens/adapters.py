"""The tables that `record_vens` changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.store.keys import COMMANDS, EVENTS, VENS
from lambdas.record_vens.logic.changes import Change, TableName
from lambdas.record_vens.settings import RecordSettings
from lambdas.shared import clients
from lambdas.shared.tables import Table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class RecordAdapters:
    """The tables by the names that changes have for them."""

    client: DynamoDBClient
    tables: Mapping[TableName, Table]

    def apply(self, changes: Iterable[Change]) -> None:
        """Make *changes*, each when its condition holds. Errors of AWS pass through."""
        for change in changes:
            self.tables[change.table].update(change.key, change.values, once=change.once, when=change.when)


def open_adapters(settings: RecordSettings) -> RecordAdapters:
    """Open the tables that the settings name."""
    dynamodb = clients.dynamodb()
    return RecordAdapters(
        dynamodb,
        {
            TableName.VENS: clients.table(settings.vens_table, VENS),
            TableName.COMMANDS: clients.table(settings.commands_table, COMMANDS),
            TableName.EVENTS: clients.table(settings.events_table, EVENTS),
        },
    )
