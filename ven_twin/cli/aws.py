"""``ven-twin aws``: what an account lets a deployment do, looked at before, and proved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from ven_twin.cli.cloud import DEFAULT_VENS, VensOption
from ven_twin.cli.connection import JsonOption, split_names, with_deployment
from ven_twin.cli.console import console, print_json

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud
    from ven_twin.operations.aws_check.finding import Finding

app = typer.Typer(
    help="An AWS account: checked before anything is deployed, and proved by a throw-away stage.",
    no_args_is_help=True,
)
MARKS = {"green": "[green]✓[/]", "wrong": "[red]✗[/]", "not answered": "[yellow]?[/]"}


@app.command()
@with_deployment
def check(
    *,
    vens: VensOption = DEFAULT_VENS,
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Look whether the account would take the stack, and change nothing. Exit 1 when something is wrong."""
    from contracts.wire.topics import check_ven_id
    from ven_twin.operations.aws_check.check import check as checked
    from ven_twin.operations.aws_check.finding import Verdict

    ven_ids = split_names(vens, "--vens")
    for ven_id in ven_ids:
        check_ven_id(ven_id, "--vens")
    stack = cloud()
    with console.status("looking at the account"):
        findings = list(checked(stack, ven_ids))
    if json_output:
        print_json(findings)
    else:
        show_findings(findings)
    wrong = sum(finding.verdict is Verdict.WRONG for finding in findings)
    if wrong:
        if not json_output:
            lines = "one line is" if wrong == 1 else f"{wrong} lines are"
            typer.echo(f"{lines[0].upper()}{lines[1:]} wrong: a deployment would fail. Nothing was created.")
        raise typer.Exit(1)
    if not json_output:
        silent = sum(finding.verdict is Verdict.UNANSWERED for finding in findings)
        but = f", as far as it was answered ({silent} not)" if silent else ""
        typer.echo(f"Nothing stands against it{but}: {_deployment(stack.stage, ven_ids)}")


def show_findings(findings: Sequence[Finding]) -> None:
    """The table of *findings*, for a person's eyes."""
    table = Table(box=None, pad_edge=False)
    for name in ("", "checked", "answer", "what to do"):
        table.add_column(name, overflow="fold")
    for finding in findings:
        detail = finding.detail
        if finding.verdict == "not answered":
            detail = f"not answered: {detail}"
        table.add_row(MARKS[finding.verdict], finding.subject, detail, finding.remedy)
    console.print(table)


def _deployment(stage: str, ven_ids: Sequence[str]) -> str:
    vens = ",".join(ven_ids)
    if stage == "local":
        return f"ven-twin cloud deploy --vens {vens}"
    return f"npx cdk deploy -c stage={stage} -c vens={vens}"
