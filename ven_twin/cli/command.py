"""``ven-twin cmd``: one operation to one VEN, and its ack."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal, cast

import msgspec
import typer

from contracts.api.event_text import parse_seconds
from contracts.api.resources import NewCommand
from contracts.errors import FieldError, VenTwinError
from contracts.wire.commands import OPERATIONS, Operation
from contracts.wire.ids import CorrelationId, VenId
from contracts.wire.topics import check_ven_id
from ven_twin.cli.connection import JsonOption, VenArgument, with_aggregator
from ven_twin.cli.console import echo, print_json, refusals

if TYPE_CHECKING:
    from contracts.wire.acks import Ack
    from ven_twin.operations.aggregator.protocol import Aggregator

POLL_S = 0.1


class NoAck(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The answer for a program when no ack came in time."""

    error: str
    correlation_id: CorrelationId
    ok: Literal[False] = False


@with_aggregator
def cmd(
    ven_id: VenArgument,
    op: Annotated[str, typer.Option("--op", help=f"{', '.join(OPERATIONS)}.")],
    *,
    data: Annotated[str, typer.Option("--data", help="The operation's data, a JSON object.")] = "{}",
    timeout: Annotated[str, typer.Option("--timeout", help="How long to wait for the ack.")] = "10s",
    json_output: JsonOption = False,
    aggregator: Callable[[], Aggregator],
) -> None:
    """Send one operation to a VEN and print its ack. Exit 1 when it is refused or does not come.

    Examples:
        ven-twin cmd ven-1 --op ping
        ven-twin cmd ven-1 --op get --data '{"what": "status"}'
        ven-twin cmd ven-1 --op setLoad --data '{"loadId": "ev1", "enabled": false}'
    """
    checked_id = check_ven_id(ven_id, "VEN")
    timeout_s = parse_seconds(timeout, "--timeout")
    # An unknown operation is refused by the cloud side, which answers with those that it knows.
    command, reached = NewCommand(op=cast("Operation", op), data=_object(data)), aggregator()
    with refusals(json_output=json_output):
        correlation_id = reached.send_command(checked_id, command).correlation_id
    ack = wait_for_ack(reached, checked_id, correlation_id, timeout_s)
    if ack is None:
        missing = NoAck(error=f"no ack from {ven_id} within {timeout_s:g} s", correlation_id=correlation_id)
        if not json_output:
            raise VenTwinError(f"{missing.error}: is it running? (ven-twin run {ven_id})")
        print_json(missing)
        raise typer.Exit(1)
    if json_output:
        print_json(ack)
    else:
        echo(json.dumps(msgspec.to_builtins(ack), indent=2))
    if not ack.ok:
        raise typer.Exit(1)


def wait_for_ack(
    reached: Aggregator, ven_id: VenId, correlation_id: CorrelationId, timeout_s: float
) -> Ack | None:
    """The ack that was recorded for a command, or None when none was in time."""
    deadline = time.monotonic() + timeout_s
    while True:
        command = reached.command(ven_id, correlation_id)
        if command is not None and command.ack is not None:
            return command.ack
        if time.monotonic() > deadline:
            return None
        time.sleep(POLL_S)


def _object(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise FieldError("--data", f"not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise FieldError("--data", f"expected a JSON object, got {type(value).__name__}")
    return value
