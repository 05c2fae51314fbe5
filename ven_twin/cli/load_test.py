"""``ven-twin fleet load-test``: a large fleet as an array job of AWS Batch, its cost first."""

from __future__ import annotations

from collections.abc import Callable
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.api.event_text import parse_duration, parse_seconds
from contracts.errors import FieldError
from ven_twin.cli.connection import LOCAL, deal_houses, with_deployment
from ven_twin.cli.console import echo
from ven_twin.cli.fleet_choice import HOUSES, ClaimsOption, FleetSeedOption, HousesOption
from ven_twin.cli.tables import Column, table_lines

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud
    from ven_twin.operations.load_test.sizing import LoadTestSize
    from ven_twin.operations.load_test.submission import Deployed

COSTS = ("cost", "USD", "of")


@with_deployment
def load_test(
    *,
    count: Annotated[int, typer.Option("--count", help="So many VENs, twin-1 and on; each claims.", min=1)],
    run_for: Annotated[str, typer.Option("--for", help="For so long all of them run: 30m, 2h.")] = "1h",
    report_interval: Annotated[
        str, typer.Option("--report-interval", help="Between two telemetry rows: 2s, 5m.")
    ] = "30s",
    claims_per_s: ClaimsOption = None,
    per_shard: Annotated[
        int | None,
        typer.Option("--per-shard", help="VENs a shard; as many as it has room for when left out.", min=1),
    ] = None,
    houses: HousesOption = HOUSES,
    seed: FleetSeedOption = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it takes and costs, start nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before spending.")] = False,
    cloud: Callable[[], Cloud],
) -> None:
    """Run a large fleet on AWS Batch against a stage: what it takes and costs comes first, and a question.

    The stage needs its load test deployed beside it, with an image: see docs/guides/scale.md.

    Examples:
        ven-twin fleet load-test --count 100000 --for 1h --dry-run
        ven-twin fleet load-test --count 100000 --for 1h --stage dev
    """
    from ven_twin.cli.fleet_identities import CLAIMS_PER_S, check_claims_per_s
    from ven_twin.cli.machine_limits import check_account
    from ven_twin.operations.load_test.submission import check_region, deployed, submit

    run_s, interval_s = parse_duration(run_for, "--for"), parse_seconds(report_interval, "--report-interval")
    claims = CLAIMS_PER_S if claims_per_s is None else claims_per_s
    check_claims_per_s(claims)
    check_account(count)
    deal_houses((), houses)
    stack = cloud()
    if stack.stage == LOCAL:
        raise FieldError("--stage", "a load test runs on AWS: here it is ven-twin fleet run --count")
    check_region(stack)
    there = deployed(stack)
    size = _sized(stack, there, count, per_shard=per_shard, claims=claims, run_s=run_s)
    _show(size, claims, interval_s, stack.region[0] or "")
    if dry_run:
        echo("Nothing was started.")
        return
    if not yes:
        typer.confirm(f"Start {size.shards} shards against stage {stack.stage}?", abort=True, err=True)
    parameters = {"claims": f"{claims:g}", "interval": report_interval, "houses": houses, "seed": str(seed)}
    job_id = submit(stack, there, size, parameters)
    _say_how_on(stack.stage, job_id, count)


def _sized(
    stack: Cloud, there: Deployed, count: int, *, per_shard: int | None, claims: float, run_s: float
) -> LoadTestSize:
    """The size, within what array, stack and account allow. Raises FieldError."""
    from ven_twin.operations.load_test.sizing import check_vcpus, load_test_size
    from ven_twin.operations.load_test.submission import spot_vcpus

    size = load_test_size(count, there.shard, per_shard=per_shard, claims_per_s=claims, run_s=run_s)
    check_vcpus(size, there.most_vcpus, "the load test's stack has")
    allowed = spot_vcpus(stack)
    if isinstance(allowed, str):
        echo(f"The account's quota of Fargate Spot (L-36FBB829) was not answered: {allowed}", err=True)
    else:
        check_vcpus(size, allowed, "the account's quota of Fargate Spot (L-36FBB829) is")
    return size


def _show(size: LoadTestSize, claims: float, interval_s: float, region: str) -> None:
    """Print its size, its times and its bill, for a person's eyes."""
    from ven_twin.operations.load_test.costs import items, vens_usd
    from ven_twin.operations.prices import price_table
    from ven_twin.webkit.formatting import counted, duration

    prices = price_table()
    shards, vens = items(size), vens_usd(size, interval_s, prices)
    echo(
        f"{counted(size.count, 'VEN')} in {counted(size.shards, 'shard')} of {size.shard.vcpus:g} vCPU and "
        f"{size.shard.memory_mb / 1024:g} GB: {size.vcpus:g} vCPU, {size.memory_gb:g} GB, Fargate Spot."
    )
    echo(
        f"All have claimed after {duration(size.claims_s)}, at {claims:g} a second; houses are warm "
        f"{duration(size.start_s)} later; all run for {duration(size.run_s)}."
    )
    rows = [(item.name, f"{item.usd:.2f}", item.how) for item in shards]
    rows.append(("the VENs", f"{vens:.2f}", f"as ven-twin cost has it, for {duration(size.run_s)}"))
    rows.append(("together", f"{sum(item.usd for item in shards) + vens:.2f}", ""))
    columns = [Column(name, place == 1, name) for place, name in enumerate(COSTS)]
    echo("\n".join(table_lines(columns, rows, get_terminal_size().columns)))
    other = "" if region == prices.region else f" The stage is in {region}, whose prices differ."
    echo(
        f"By list prices of {prices.collected} for {prices.region}, without tax and free tier. Spot is up "
        f"to 70 % less than these processors and memory. Not in it: what a claim itself costs.{other}"
    )


def _say_how_on(stage: str, job_id: str, count: int) -> None:
    """Print the commands that watch the load test, stop it and clear it away."""
    echo(f"Job {job_id} is submitted. Then:")
    for what, how in (
        ("watch", f"ven-twin fleet watch --stage {stage}; aws batch describe-jobs --jobs {job_id}"),
        ("stop", f"aws batch terminate-job --job-id {job_id} --reason over"),
        ("clear away", f"ven-twin fleet remove --count {count} --stage {stage}"),
    ):
        echo(f"  {what + ':':12}{how}")
