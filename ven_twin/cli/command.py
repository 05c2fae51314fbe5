"""``ven-twin cmd``: one operation to one VEN, and its ack."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts import records
from contracts.errors import FieldError
from contracts.names import Output, check_ven_id
from ven_twin.cli.console import print_json, refused
from ven_twin.cli.places import (
    LOCAL,
    JsonOption,
    ProfileOption,
    RegionOption,
    StageOption,
    VenOption,
    connect,
)

if TYPE_CHECKING:
    from ven_twin.io.cloud import Cloud

POLL_S = 0.1


def cmd(
    ven_id: VenOption,
    op: Annotated[
        str,
        typer.Option(
            "--op", help="ping, get, set, enable, disable, setLoad, shedLoad, shedPanel, event, restore."
        ),
    ],
    *,
    data: Annotated[str, typer.Option("--data", help="The operation's data, a JSON object.")] = "{}",
    timeout_s: Annotated[
        float, typer.Option("--timeout", help="How long to wait for the ack, s.", min=0.1)
    ] = 10.0,
    stage: StageOption = LOCAL,
    profile: ProfileOption = None,
    region: RegionOption = None,
    json_output: JsonOption = False,
) -> None:
    """Send one operation to a VEN and print its ack. Exit 1 when it is refused or does not come."""
    check_ven_id(ven_id, "--ven-id")
    body = _object(data)
    cloud = connect(stage, profile, region)
    issued = cloud.invoke(Output.ISSUE_COMMAND, {"venId": ven_id, "op": op, "data": body})
    refusal = refused(issued)
    if refusal is not None:
        if json_output:
            print_json(issued)
            raise typer.Exit(1)
        raise refusal
    ack = wait_for_ack(cloud, ven_id, issued["correlationId"], timeout_s)
    if ack is None:
        missing = {
            "ok": False,
            "error": f"no ack from {ven_id} within {timeout_s:g} s",
            "correlationId": issued["correlationId"],
        }
        if json_output:
            print_json(missing)
        else:
            typer.echo(
                f"ven-twin: {missing['error']}: is it running? (ven-twin run --ven-id {ven_id})", err=True
            )
        raise typer.Exit(1)
    if json_output:
        print_json(ack)
    else:
        from rich.console import Console

        Console().print_json(data=ack)
    if not ack.get("ok"):
        raise typer.Exit(1)


def wait_for_ack(cloud: Cloud, ven_id: str, correlation_id: str, timeout_s: float) -> dict[str, Any] | None:
    """The ack that was recorded for a command, or None when none was in time."""
    deadline = time.monotonic() + timeout_s
    key = {records.COMMANDS.partition: ven_id, str(records.COMMANDS.sort): correlation_id}
    while True:
        row = cloud.item(Output.COMMANDS_TABLE, key)
        if row is not None and "ack" in row:
            ack: dict[str, Any] = row["ack"]
            return ack
        if time.monotonic() > deadline:
            return None
        time.sleep(POLL_S)


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise FieldError("--data", f"not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise FieldError("--data", f"expected a JSON object, got {type(value).__name__}")
    return value
