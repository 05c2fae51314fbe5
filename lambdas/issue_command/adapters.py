"""The tables and the broker that `issue_command` works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.store.keys import COMMANDS, VENS
from lambdas.issue_command.settings import CommandSettings
from lambdas.shared import clients
from lambdas.shared.tables import Table

if TYPE_CHECKING:
    from types_boto3_iot_data import IoTDataPlaneClient


@dataclass(frozen=True, slots=True)
class CommandAdapters:
    """The VENs, the commands to them, and AWS IoT's data plane."""

    vens: Table
    commands: Table
    iot: IoTDataPlaneClient


def open_adapters(settings: CommandSettings) -> CommandAdapters:
    """Open the tables that the settings name."""
    return CommandAdapters(
        clients.table(settings.vens_table, VENS),
        clients.table(settings.commands_table, COMMANDS),
        clients.iot_data(),
    )
