"""A command planned: its message, its row, its answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from contracts.api.requests import CommandIssued, IssueCommand
from contracts.errors import FieldError, OversizeError
from contracts.wire import codec
from contracts.wire.commands import (
    DURATION_MAX_S,
    OLDER_DURATION,
    EventCommand,
    SetConfig,
    VenCommand,
    command_from,
)
from contracts.wire.ids import CorrelationId
from contracts.wire.shadow import check_state
from lambdas.shared import rows


@dataclass(frozen=True, slots=True)
class PlannedCommand:
    """One command, ready to be recorded and then published."""

    message: bytes
    row: Mapping[str, object]
    answer: CommandIssued

    def same_as(self, row: Mapping[str, object] | None) -> bool:
        """True when *row*, of the same correlation id, is of this very command."""
        return row is not None and all(row.get(name) == self.row[name] for name in ("op", "data"))


def plan_command(
    request: IssueCommand, *, correlation_id: CorrelationId, now: float, retention_days: int
) -> PlannedCommand:
    """The command in canonical form, with the older names beside it that VENs in the field read.

    Raises:
        FieldError: the operation is unknown, or its data is not what it takes.
    """
    body = {"op": request.op, "data": request.data, "correlationId": correlation_id}
    command = command_from(body, ven_id=request.ven_id)
    data = canonical_data(command)
    sent = data | older_data(command, data, now=now)
    message = codec.encode(
        {"op": command.op, "correlationId": correlation_id, "venId": request.ven_id, "data": sent}
    )
    if len(message) > codec.PAYLOAD_MAX_BYTES:
        raise FieldError("data", f"makes {len(message)} bytes, at most {codec.PAYLOAD_MAX_BYTES} are allowed")
    row = {
        "venId": request.ven_id,
        "correlationId": correlation_id,
        "op": command.op,
        "data": data,
        "issuedTs": now,
        "expiresTs": rows.expires_ts(now, retention_days),
    }
    answer = CommandIssued(ven_id=request.ven_id, op=command.op, correlation_id=correlation_id, issued_ts=now)
    return PlannedCommand(message, row, answer)


def canonical_data(command: VenCommand) -> dict[str, object]:
    """A command's data under its canonical names, without absent values."""
    if isinstance(command, SetConfig):
        return _settings(command)
    fields: dict[str, object] = msgspec.to_builtins(command)
    return {name: value for name, value in fields.items() if value is not None and name != "correlationId"}


def older_data(command: VenCommand, data: Mapping[str, object], *, now: float) -> dict[str, object]:
    """The names that a command's data is sent under beside the canonical ones.

    A VEN of the earlier system takes an event without a duration of such a name for one of an hour; so an
    event with an end has its length from its start, or from *now*.
    """
    older = {alias: data[name] for name, alias in command.older.items() if name in data}
    if isinstance(command, EventCommand) and command.end_ts is not None:
        start_ts = command.start_ts if command.start_ts is not None else int(now)
        if 0 < command.end_ts - start_ts <= DURATION_MAX_S:
            older[OLDER_DURATION["durationS"]] = command.end_ts - start_ts
    return older


def _settings(command: SetConfig) -> dict[str, object]:
    """Settings within a shadow's limits, since a VEN puts them into its shadow."""
    try:
        check_state(command.settings)
    except OversizeError as error:
        raise FieldError("data", str(error)) from None
    return command.settings
