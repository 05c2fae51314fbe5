"""``ven-twin program``: the rules that events are settled by."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from contracts.api.programs import HOLIDAYS, Program, ProgramBody, ProgramChanged
from contracts.api.reports import Baseline
from contracts.errors import FieldError
from contracts.wire.ids import ProgramId, counting_key
from contracts.wire.topics import check_ven_id
from ven_twin.cli.connection import JsonOption, with_aggregator
from ven_twin.cli.console import echo, print_answer, print_json, refusals
from ven_twin.cli.tables import Column, table_lines
from ven_twin.cli.tree import CommandGroup
from ven_twin.cli.usage import naming

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.protocol import Aggregator

app = CommandGroup("Programs, the rules that events are settled by: list, show, set, delete.")

BASELINES: tuple[str, ...] = get_args(Baseline)
STAGES_HOLIDAYS = "the stage's"

ProgramArgument = Annotated[
    str, typer.Argument(metavar="PROGRAM", help="The program's name, such as summer-peak.")
]


@app.command("list")
@with_aggregator
def list_programs(*, json_output: JsonOption = False, aggregator: Callable[[], Aggregator]) -> None:
    """List the programs with the rules of each.

    Examples:
        ven-twin program list
    """
    with refusals(json_output=json_output):
        programs = aggregator().programs()
    if json_output:
        print_json(programs)
        return
    columns = [Column("program"), Column("baseline"), Column("holidays", label="holidays"), Column("by")]
    rows = [
        (program.program, program.baseline, program.holidays or STAGES_HOLIDAYS, _maker(program))
        for program in sorted(programs, key=lambda program: counting_key(program.program))
    ]
    for line in table_lines(columns, rows, shutil.get_terminal_size().columns):
        echo(line)


@app.command()
@with_aggregator
def show(
    program: ProgramArgument, *, json_output: JsonOption = False, aggregator: Callable[[], Aggregator]
) -> None:
    """Show the rules of a program.

    Examples:
        ven-twin program show default
    """
    from ven_twin.operations.aggregator.protocol import RefusedError

    name = _name(program)
    with naming("program", "PROGRAM"), refusals(json_output=json_output):
        there = {rules.program: rules for rules in aggregator().programs()}
        if name not in there:
            reason = f"no program {name!r}; there are {', '.join(there)}"
            raise RefusedError("program", reason, "notFound")
    rules = there[name]
    holidays = rules.holidays or STAGES_HOLIDAYS
    text = f"Program {name} settles by {rules.baseline}, with {holidays} holidays; made by {_maker(rules)}."
    print_answer(rules, text, json_output=json_output)


@app.command("set")
@with_aggregator
def set_program(
    program: ProgramArgument,
    *,
    baseline: Annotated[str, typer.Option("--baseline", help=f"{', '.join(BASELINES)}.")],
    holidays: Annotated[
        str | None,
        typer.Option("--holidays", help="auto, nerc, none, or a country's: US, GB-ENG; else the stage's."),
    ] = None,
    json_output: JsonOption = False,
    aggregator: Callable[[], Aggregator],
) -> None:
    """Make a program, or replace its rules; events that there are keep theirs until they are revised.

    When somebody else changes the program meanwhile, nothing is done.

    Examples:
        ven-twin program set summer-peak --baseline caiso_10_of_10
        ven-twin program set winter --baseline nyiso_5_of_10 --holidays nerc
    """
    name = _name(program)
    if baseline not in BASELINES:
        raise FieldError("--baseline", f"{baseline!r} is none of {', '.join(BASELINES)}")
    if holidays is not None and not HOLIDAYS.search(holidays):
        allowed = "none of auto, nerc, none, and no country with its part, like US or GB-ENG"
        raise FieldError("--holidays", f"{holidays!r} is {allowed}")
    rules = ProgramBody(baseline=cast("Baseline", baseline), holidays=holidays)
    with naming("program", "PROGRAM"), refusals(json_output=json_output):
        reached = aggregator()
        etags = (stored.etag for stored in reached.programs() if stored.program == name)
        changed = reached.set_program(name, rules, etag=next(etags, None))
    text = f"Program {name} settles by {baseline}. Use it: ven-twin event create --program {name}"
    print_answer(changed, f"{text} --shed-kw 1kW --duration 1h", json_output=json_output)


@app.command()
@with_aggregator
def delete(
    program: ProgramArgument, *, json_output: JsonOption = False, aggregator: Callable[[], Aggregator]
) -> None:
    """Delete a program. Refused while an event that is not over uses it; default gets its first rules back.

    Examples:
        ven-twin program delete winter
    """
    name = _name(program)
    with naming("program", "PROGRAM"), refusals(json_output=json_output):
        aggregator().delete_program(name)
    print_answer(ProgramChanged(program=name), f"Program {name} is deleted.", json_output=json_output)


def _name(text: str) -> ProgramId:
    return ProgramId(check_ven_id(text, "PROGRAM"))


def _maker(program: Program) -> str:
    if program.etag is None:
        return "the system"
    return "the deployment" if program.from_stack else "an operator"
