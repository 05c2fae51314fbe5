"""``ven-twin aws``: what an account lets a deployment do, looked at before, and proved."""

from __future__ import annotations

import secrets
import signal
import string
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from contracts.api.event_text import parse_duration
from contracts.errors import FieldError, VenTwinError
from contracts.store.stack import is_throw_away, stack_name
from contracts.wire.ids import VenId
from ven_twin.cli.cloud import DEFAULT_VENS, VensOption
from ven_twin.cli.connection import (
    LOCAL,
    JsonOption,
    ProfileOption,
    RegionOption,
    connect,
    split_vens,
    with_deployment,
    with_options,
)
from ven_twin.cli.console import console, echo, print_json
from ven_twin.cli.tree import CommandGroup
from ven_twin.installation import home

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud
    from ven_twin.operations.aws_check.finding import Finding
    from ven_twin.operations.aws_prove.deployment import Deployment
    from ven_twin.operations.aws_prove.evidence import Evidence

app = CommandGroup("An AWS account: checked before a deployment, proved by a throw-away stage.")
MARKS = {"green": Text("✓", "green"), "wrong": Text("✗", "red"), "not answered": Text("?", "yellow")}


EventLengthOption = Annotated[str, typer.Option("--duration", help="The event's length.")]
LoadOption = Annotated[str, typer.Option("--load", help="How long commands are sent without a pause.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask before spending.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="The page of evidence; prove-STAGE-DATE.md when left out.")
]
ThrowAwayOption = Annotated[
    str | None,
    typer.Option("--stage", help="local, or prove and some letters; a new name when left out."),
]


def _throw_away(stage: str | None, profile: str | None, region: str | None) -> Cloud:
    """The cloud of a stage that may be destroyed. Raises FieldError for another."""
    name = stage or f"prove{''.join(secrets.choice(string.ascii_lowercase) for _ in range(5))}"
    if name != LOCAL and not is_throw_away(name):
        raise FieldError("--stage", f"{name!r} is no throw-away stage: local, or a name such as proveabcd")
    return connect(name, profile, region)


def with_options_of_proof(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* the options of a throw-away stage; its parameter `cloud` is called for its cloud."""
    options = {
        "stage": (ThrowAwayOption, None),
        "profile": (ProfileOption, None),
        "region": (RegionOption, None),
    }
    return with_options(command, "cloud", options, _throw_away)


@app.command()
@with_deployment
def check(
    *,
    vens: VensOption = DEFAULT_VENS,
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Look whether the account would take the stack, and change nothing. Exit 1 when something is wrong.

    Examples:
        ven-twin aws check --vens ven-1,ven-2
    """
    from ven_twin.operations.aws_check.check import check as checked
    from ven_twin.operations.aws_check.finding import Verdict

    ven_ids = split_vens(vens, "--vens")
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
            echo(f"{lines[0].upper()}{lines[1:]} wrong: a deployment would fail. Nothing was created.")
        raise typer.Exit(1)
    if not json_output:
        silent = sum(finding.verdict is Verdict.UNANSWERED for finding in findings)
        but = f", as far as it was answered ({silent} not)" if silent else ""
        echo(f"Nothing stands against it{but}: {_deployment(stack.stage, ven_ids)}")


@app.command()
@with_options_of_proof
def prove(
    *,
    cloud: Callable[[], Cloud],
    duration: EventLengthOption = "1m",
    load: LoadOption = "1m",
    yes: YesOption = False,
    out: OutOption = None,
    json_output: JsonOption = False,
) -> None:
    """Deploy a throw-away stage, run everything through it, destroy it, and write what came of it.

    It costs money on AWS: an estimate comes first, and a question. Exit 1 unless all worked and is gone.

    Examples:
        ven-twin aws prove --duration 2m
        ven-twin aws prove --stage local --yes
    """
    from ven_twin.cli.prove import Proof
    from ven_twin.operations.aws_prove.evidence import page

    event_s, load_s = parse_duration(duration, "--duration"), parse_duration(load, "--load")
    stack = cloud()
    vens = (VenId(f"{stack.stage}-ven-1"), VenId(f"{stack.stage}-ven-2"))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    evidence = _new_evidence(stack, vens)
    if not yes:
        _show_estimate(event_s, load_s)
        where = f"account {evidence.account} in {evidence.region}"
        typer.confirm(f"Deploy stage {stack.stage} to {where}, and destroy it again?", abort=True, err=True)
    proof = Proof(
        stack, _deployment_of(stack, vens), evidence, vens=vens, event_s=event_s, load_s=load_s, say=_say
    )
    path = out or Path(f"prove-{stack.stage}-{evidence.begun_at[:10]}.md")
    try:
        proof.run()
    finally:
        path.write_text(page(evidence), encoding="utf-8")
        print_json(evidence) if json_output else _show_evidence(evidence, path)
    if not evidence.proved:
        raise typer.Exit(1)


def _new_evidence(stack: Cloud, vens: Sequence[VenId]) -> Evidence:
    """The evidence of a proof that may begin. Raises VenTwinError when the account does not let it."""
    from ven_twin.operations.aws_check.account import Account
    from ven_twin.operations.aws_check.check import check as checked
    from ven_twin.operations.aws_check.finding import Verdict
    from ven_twin.operations.aws_prove.evidence import Evidence

    _say("looking at the account")
    findings = list(checked(stack, vens))
    if any(finding.verdict is Verdict.WRONG for finding in findings):
        show_findings([finding for finding in findings if finding.verdict is Verdict.WRONG])
        raise VenTwinError("a deployment would fail: mend this first. Nothing was created")
    account = Account(stack)
    if account.stack_status() is not None:
        raise VenTwinError(
            f"there is a stack {stack_name(stack.stage)}: what a proof deploys, it destroys. "
            "Name another stage, or destroy that one; of a local cloud, start one with --no-deploy"
        )
    return Evidence(
        stage=stack.stage,
        account=account.caller().account,
        region=stack.region[0] or "",
        begun_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def _deployment_of(stack: Cloud, vens: tuple[VenId, VenId]) -> Deployment:
    """The way to deploy the first of *vens*; the other comes in by claim."""
    from ven_twin.cli.prove import LocalDeployment
    from ven_twin.operations.aws_prove.deployment import CdkDeployment

    if stack.stage == LOCAL:
        return LocalDeployment(vens[:1])
    return CdkDeployment(
        stack.stage,
        vens[:1],
        region=stack.region[0] or "",
        profile=stack.profile,
        output=home() / "prove" / stack.stage,
    )


def _show_estimate(event_s: int, load_s: float) -> None:
    """The estimate of the cost, for a person's eyes."""
    from ven_twin.operations.aws_prove.costs import bill, expected, total_usd
    from ven_twin.operations.prices import price_table

    usage = expected(event_s, load_s, settle_s=180.0)
    items, prices = bill(usage), price_table()
    table = Table(box=None, pad_edge=False)
    for name in ("estimate", "of", "USD"):
        table.add_column(name, justify="right" if name == "USD" else "left")
    for item in sorted(items, key=lambda item: -item.usd):
        table.add_row(item.name, item.how, f"{item.usd:.4f}")
    table.add_row("together", f"about {usage.seconds / 60:.0f} minutes", f"{total_usd(items):.4f}")
    console.print(table)
    console.print(
        f"By list prices of {prices.collected} for {prices.region}, without tax and free tier. "
        "Should AWS bill a whole month of the dashboard, its alarms and metrics, USD 10 more."
    )


def _say(step: str, detail: str = "") -> None:
    """Show a step, once."""
    global _last_step  # noqa: PLW0603 - what was shown last
    if step != _last_step:
        echo(f"… {step}{detail}", err=True)
    _last_step = step


_last_step = ""


def _show_evidence(evidence: Evidence, path: Path) -> None:
    """The steps and what is left, for a person's eyes."""
    for step in evidence.steps:
        mark = MARKS["green" if step.worked else "wrong"]
        console.print(
            Text.assemble(
                mark, f" {step.name}, {step.took_s:.1f} s{': ' if step.result else ''}{step.result}"
            )
        )
    for why in evidence.silent:
        console.print(Text.assemble(MARKS["not answered"], f" not answered: {why}"))
    console.print(f"Cost by the tag: {evidence.cost}")
    if evidence.left:
        console.print("This is left; remove it by hand:")
        for item in evidence.left:
            console.print(f"  {item.kind} {item.name}: {item.removal}", soft_wrap=True)
    console.print(f"The evidence is in {path}.")


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
