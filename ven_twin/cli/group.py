"""``ven-twin group``: VENs under one name that events may target."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.api.groups import CALL_VENS_MAX, GroupBody, GroupChange, GroupChanged
from contracts.errors import FieldError
from contracts.wire.ids import GroupName, VenId, counting_key
from contracts.wire.topics import check_ven_id
from ven_twin.cli.connection import JsonOption, with_aggregator
from ven_twin.cli.console import echo, print_answer, print_json, refusals
from ven_twin.cli.tables import Column, table_lines
from ven_twin.cli.tree import CommandGroup
from ven_twin.cli.usage import naming
from ven_twin.webkit.formatting import counted, dated_clock

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.protocol import Aggregator

app = CommandGroup("Groups of VENs that events may target: list, show, set, add, remove, delete.")

GroupArgument = Annotated[str, typer.Argument(metavar="GROUP", help="The group's name, such as north.")]
VensArgument = Annotated[list[str], typer.Argument(metavar="VEN...", help="The VENs, such as home-1 home-2.")]


@app.command("list")
@with_aggregator
def list_groups(*, json_output: JsonOption = False, aggregator: Callable[[], Aggregator]) -> None:
    """List the groups with how many VENs each has.

    Examples:
        ven-twin group list
        ven-twin group list --stage dev --json
    """
    with refusals(json_output=json_output):
        groups = list(aggregator().groups())
    if json_output:
        print_json(groups)
        return
    if not groups:
        echo("There are no groups. Make one: ven-twin group set north ven-1 ven-2")
        return
    columns = [Column("group"), Column("VENs", right=True), Column("changed"), Column("by")]
    now_ts = time.time()
    rows = [
        (
            group.group,
            str(group.ven_count),
            dated_clock(group.changed_ts, now_ts),
            "the deployment" if group.from_stack else "an operator",
        )
        for group in sorted(groups, key=lambda group: counting_key(group.group))
    ]
    for line in table_lines(columns, rows, shutil.get_terminal_size().columns):
        echo(line)


@app.command()
@with_aggregator
def show(
    group: GroupArgument, *, json_output: JsonOption = False, aggregator: Callable[[], Aggregator]
) -> None:
    """Show the VENs of a group, one a line.

    Examples:
        ven-twin group show north
    """
    name = _name(group)
    with naming("group", "GROUP"), refusals(json_output=json_output):
        whole = aggregator().group(name)
    if json_output:
        print_json(whole)
        return
    for ven_id in sorted(whole.vens, key=counting_key):
        echo(ven_id)
    if not whole.vens:
        echo(f"There is no VEN in {name}. Add one: ven-twin group add {name} ven-1")


@app.command("set")
@with_aggregator
def set_group(
    group: GroupArgument,
    vens: VensArgument,
    *,
    json_output: JsonOption = False,
    aggregator: Callable[[], Aggregator],
) -> None:
    """Make a group of these VENs, or replace those that it has.

    When somebody else changes the group meanwhile, nothing is done.

    Examples:
        ven-twin group set north home-1 home-2
    """
    name, body = _name(group), GroupBody(vens=_vens(vens))
    with naming("group", "GROUP"), refusals(json_output=json_output):
        reached = aggregator()
        etags = (summary.etag for summary in reached.groups() if summary.group == name)
        changed = reached.set_group(name, body, etag=next(etags, None))
    _show_changed(changed, json_output=json_output)


@app.command()
@with_aggregator
def add(
    group: GroupArgument,
    vens: VensArgument,
    *,
    json_output: JsonOption = False,
    aggregator: Callable[[], Aggregator],
) -> None:
    """Add VENs to a group; those that it has stay.

    Examples:
        ven-twin group add north home-3
    """
    _change(aggregator, group, GroupChange(add=_vens(vens)), json_output=json_output)


@app.command()
@with_aggregator
def remove(
    group: GroupArgument,
    vens: VensArgument,
    *,
    json_output: JsonOption = False,
    aggregator: Callable[[], Aggregator],
) -> None:
    """Remove VENs from a group; the others stay.

    Examples:
        ven-twin group remove north home-3
    """
    _change(aggregator, group, GroupChange(remove=_vens(vens)), json_output=json_output)


@app.command()
@with_aggregator
def delete(
    group: GroupArgument, *, json_output: JsonOption = False, aggregator: Callable[[], Aggregator]
) -> None:
    """Delete a group; its VENs stay. Refused while an event that is not over targets it.

    Examples:
        ven-twin group delete north
    """
    name = _name(group)
    with naming("group", "GROUP"), refusals(json_output=json_output):
        aggregator().delete_group(name)
    deleted = GroupChanged(group=name, ven_count=0)
    print_answer(deleted, f"Group {name} is deleted.", json_output=json_output)


def _change(
    aggregator: Callable[[], Aggregator], group: str, change: GroupChange, *, json_output: bool
) -> None:
    name = _name(group)
    with naming("group", "GROUP"), refusals(json_output=json_output):
        changed = aggregator().change_group(name, change)
    _show_changed(changed, json_output=json_output)


def _show_changed(changed: GroupChanged, *, json_output: bool) -> None:
    text = f"Group {changed.group} has {counted(changed.ven_count, 'VEN')}."
    target = f"Target it: ven-twin event create --target {changed.group} --shed-kw 1kW --duration 1h"
    print_answer(changed, f"{text} {target}", json_output=json_output)


def _name(text: str) -> GroupName:
    return GroupName(check_ven_id(text, "GROUP"))


def _vens(names: list[str]) -> tuple[VenId, ...]:
    """The VENs that were typed. Raises FieldError for one that is no id, or too many."""
    if len(names) > CALL_VENS_MAX:
        raise FieldError("VEN", f"{len(names)} at once, at most {CALL_VENS_MAX}: add the others after them")
    return tuple(dict.fromkeys(check_ven_id(name, "VEN") for name in names))
