"""``ven-twin listen``: telemetry as it is stored."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import FieldError
from contracts.store import keys
from contracts.store.items import Item
from contracts.store.stack import StackOutput
from contracts.wire.ids import VenId
from contracts.wire.topics import check_ven_id
from ven_twin.cli.connection import JsonOption, stack_vens, with_cloud
from ven_twin.cli.console import echo, print_json
from ven_twin.webkit.formatting import clock, power

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud

POLL_S = 1.0


@with_cloud
def listen(
    ven_id: Annotated[
        str | None, typer.Argument(metavar="VEN", help="One VEN; every one when left out.")
    ] = None,
    *,
    rows: Annotated[int | None, typer.Option("--rows", help="Stop after so many rows.", min=1)] = None,
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Print telemetry as it is stored, from now on, until Ctrl-C.

    Examples:
        ven-twin listen
        ven-twin listen ven-1 --rows 3 --json
    """
    if ven_id is not None:
        ven_id = check_ven_id(ven_id, "VEN")
    stack = cloud()
    if ven_id is not None and stack.item(StackOutput.VENS_TABLE, {keys.VENS.partition: ven_id}) is None:
        raise FieldError("VEN", f"no VEN {ven_id!r}")
    try:
        print_telemetry(stack, ven_id, rows, json_output=json_output)
    except KeyboardInterrupt:
        if rows is not None:  # it was interrupted before it was done
            raise


def print_telemetry(
    cloud: Cloud, ven_id: VenId | None, rows: int | None = None, *, json_output: bool = False
) -> None:
    """Print the telemetry of one VEN or of all, at most *rows* of it."""
    since = keys.telemetry_row_id(int(time.time()), "", 0)
    last: dict[str, str] = {}
    printed = 0
    if not json_output:
        echo(f"{'time':8}  {'VEN':16}  {'used':>9}  {'baseline':>9}  {'shed':>9}  event")
    while True:
        vens = [ven_id] if ven_id else stack_vens(cloud)
        for name in vens:
            for row in cloud.telemetry_after(name, last.get(name, since)):
                last[name] = row[str(keys.TELEMETRY.sort)]
                print_json(row) if json_output else echo(_line(row))
                printed += 1
                if printed == rows:
                    return
        time.sleep(POLL_S)


def _line(row: Item) -> str:
    used_kw, baseline_kw, shed_kw = row["usedPowerKw"], row["baselinePowerKw"], row["shedPowerKw"]
    figures = "  ".join(f"{power(value):>9}" for value in (used_kw, baseline_kw, shed_kw))
    return f"{clock(row['timestamp'])}  {row['venId']:16}  {figures}  {row.get('eventId') or ''}"
