"""``ven-twin dlq``: what could not be handled, and trying it again."""

from __future__ import annotations

import base64
import shutil
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from contracts.errors import FieldError
from ven_twin.cli.connection import JsonOption, with_cloud
from ven_twin.cli.console import echo, print_answer, print_json
from ven_twin.cli.tables import Column, table_lines
from ven_twin.cli.tree import CommandGroup
from ven_twin.webkit.formatting import dated_clock, local

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud
    from ven_twin.operations.dead_letters import QueuedDeadLetter

app = CommandGroup("Dead letters: messages that could not be handled.")

QueueOption = Annotated[
    str | None,
    typer.Option(
        "--queue",
        help="telemetry, vens, shadows, orders, changes, deliveries, rule-errors or failed-starts;"
        " all when left out.",
    ),
]


@app.command("list")
@with_cloud
def list_letters(
    *,
    queue: QueueOption = None,
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """List the dead letters with what is wrong with each; all of them stay where they are.

    Examples:
        ven-twin dlq list
        ven-twin dlq list --queue telemetry
    """
    from ven_twin.operations.dead_letters import DeadLetters

    dead = DeadLetters(cloud())
    letters = [letter for name in dead.names(queue) for letter in dead.look(name)]
    if json_output:
        print_json([_as_json(letter) for letter in letters])
        return
    if not letters:
        echo("There are no dead letters.")
        return
    columns = [Column("id"), *(Column(name) for name in ("queue", "since", "about", "what is wrong"))]
    now_ts = time.time()
    rows = [
        (
            letter.message_id,
            letter.queue,
            f"{dated_clock(letter.sent_ts, now_ts)} {local(letter.sent_ts):%Z}",
            letter.letter.about,
            letter.letter.why or "reads well now: redrive it",
        )
        for letter in letters
    ]
    for line in table_lines(columns, rows, shutil.get_terminal_size().columns):
        echo(line)


@app.command()
@with_cloud
def redrive(
    *,
    queue: QueueOption = None,
    message_id: Annotated[
        list[str] | None, typer.Option("--id", help="Only this letter; repeat for more.")
    ] = None,
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Send dead letters to where they failed, to be tried again. What fails again comes back here.

    Examples:
        ven-twin dlq redrive --queue telemetry
    """
    from ven_twin.operations.dead_letters import DeadLetters

    dead = DeadLetters(cloud())
    gone: list[QueuedDeadLetter] = []
    left: dict[str, str] = {}
    for name in dead.names(queue):
        went, stayed = dead.redrive(name, message_id or ())
        gone += went
        left |= stayed
    done = {letter.message_id for letter in gone} | left.keys()
    unknown = [name for name in message_id or () if name not in done]
    if unknown and not done:
        raise FieldError("--id", f"no dead letter {', '.join(unknown)}: see ven-twin dlq list")
    left |= dict.fromkeys(unknown, "there is no such dead letter")
    print_answer(
        {"redriven": [letter.message_id for letter in gone], "kept": left},
        "\n".join([f"{len(gone)} redriven.", *(f"  {name}: {why}" for name, why in left.items())]),
        json_output=json_output,
    )
    if left:
        raise typer.Exit(1)


def _as_json(dead: QueuedDeadLetter) -> dict[str, object]:
    letter: dict[str, object] = msgspec.to_builtins(dead.letter)
    raw = base64.b64decode(dead.letter.raw).decode(errors="replace") if dead.letter.raw else None
    fields = {"queue": dead.queue, "id": dead.message_id, "sentTs": dead.sent_ts, "body": dead.body}
    return fields | letter | ({"text": raw} if raw is not None else {})
