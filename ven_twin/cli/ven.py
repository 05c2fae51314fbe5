"""``ven-twin ven``: a VEN that misbehaves is left out, and let in again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.wire.topics import check_ven_id
from ven_twin.cli.connection import JsonOption, VenArgument, with_aggregator
from ven_twin.cli.console import echo, print_json, refusals
from ven_twin.cli.tree import CommandGroup

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.protocol import Aggregator

app = CommandGroup("Leave a VEN out that misbehaves, and let it in again.")


@app.command()
@with_aggregator
def quarantine(
    ven_id: VenArgument,
    *,
    release: Annotated[bool, typer.Option("--release", help="Let it in again.")] = False,
    json_output: JsonOption = False,
    aggregator: Callable[[], Aggregator],
) -> None:
    """Quarantine a VEN: no event calls it, and what it sends is dropped and counted.

    Examples:
        ven-twin ven quarantine ven-9
        ven-twin ven quarantine ven-9 --release
    """
    checked_id = check_ven_id(ven_id, "VEN")
    with refusals(json_output=json_output):
        answer = aggregator().quarantine(checked_id, quarantined=not release)
    if json_output:
        print_json(answer)
    elif answer.quarantined_ts is None:
        echo(f"{checked_id} is let in again; what it sends is stored within a minute.")
    else:
        echo(
            f"{checked_id} is quarantined: no event calls it, and what it sends is dropped within a minute. "
            f"Let it in again: ven-twin ven quarantine {checked_id} --release"
        )
