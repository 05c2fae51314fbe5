"""``ven-twin fleet run``: many twins, in one process or some."""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import FieldError, VenTwinError
from contracts.wire.ids import VenId
from ven_twin.cli.connection import (
    LOCAL,
    BasicIngestOption,
    BatchOption,
    ProfileOption,
    RegionOption,
    ReportIntervalOption,
    StageOption,
    batch_seconds,
    connect,
    stack_vens,
    with_cloud,
    with_options,
)
from ven_twin.cli.console import console, echo
from ven_twin.cli.exit_codes import ExitCode
from ven_twin.cli.fleet_choice import FleetChoice
from ven_twin.cli.fleet_vtn import FLEET, FleetVtn, choice_and_vtn
from ven_twin.cli.house_time import (
    AfternoonOption,
    HouseSpanOption,
    HouseSpeedOption,
    HouseStartOption,
    HouseTime,
    house_time,
)
from ven_twin.cli.vtn_options import VTN_STAGE

if TYPE_CHECKING:
    from ven_twin.cli.fleet_members import Members, Tell
    from ven_twin.operations.aggregator.cloud import Cloud

PastDaysOption = Annotated[
    int,
    typer.Option("--past-days", help="Write so many days of their past first, for baselines.", min=0, max=45),
]


@partial(with_options, name="choose", options=FLEET, make=choice_and_vtn)
def run_fleet(
    *,
    choose: Callable[[], tuple[FleetChoice, FleetVtn]],
    house_speed: HouseSpeedOption = None,
    house_start: HouseStartOption = None,
    house_span: HouseSpanOption = None,
    afternoon: AfternoonOption = False,
    past_days: PastDaysOption = 0,
    report_interval: ReportIntervalOption = None,
    batch: BatchOption = None,
    basic_ingest: BasicIngestOption = None,
    stage: StageOption = LOCAL,
    profile: ProfileOption = None,
    region: RegionOption = None,
) -> None:
    """Run many twins, each with a house and a family of its own. Ctrl-C restores the loads.

    With `--count` they are VENs beyond the stack's: each claims an identity when it has none, and keeps it.

    Examples:
        ven-twin fleet run --afternoon --past-days 14
        ven-twin fleet run --vens home-1,home-2 --houses standard,leaky
        ven-twin fleet run --count 200 --processes 2
        ven-twin fleet run --count 200 --shard 0/4
        ven-twin fleet run --count 20 --vtn https://vtn.example.org/3.1.0 --client-id v --client-secret-file v
    """
    from contracts.api.event_text import parse_seconds
    from ven_twin.cli.fleet_members import Members

    lives = house_time(house_start, house_speed, house_span, afternoon=afternoon)
    interval_s = parse_seconds(report_interval, "--report-interval") if report_interval else None
    batch_s, (choice, vtn) = batch_seconds(batch, stage), choose()
    if past_days and (stage != LOCAL or vtn.without_aws):
        reason = "is for the local cloud: ven-twin history backfill --yes writes elsewhere"
        raise FieldError("--past-days", reason)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    cloud = None if vtn.without_aws else connect(stage, profile, region)
    homes = choice.homes(cloud)
    links = vtn.links(homes)
    if past_days and cloud is not None:
        _write_past(cloud, homes, past_days, lives)
    large = choice.count is not None
    members = Members(
        homes,
        lives,
        interval_s,
        VTN_STAGE if vtn.without_aws else stage,
        profile,
        region,
        batch_s=batch_s,
        basic_ingest=basic_ingest,
        claimed=large,
        quiet=large,
        links=links,
        without_aws=vtn.without_aws,
    )
    left = _run_large(cloud, members, choice) if large else _run_all(members, choice, lambda _: None)
    if left:
        raise VenTwinError("; ".join(left))
    if choice.in_array:
        # After an end with 0 Batch would not start again what Spot has ended. Source: AWS Batch, job states.
        raise typer.Exit(ExitCode.INTERRUPTED)


@with_cloud
def remove_fleet(
    *,
    count: Annotated[int, typer.Option("--count", help="So many of those VENs, twin-1 and on.", min=1)],
    cloud: Callable[[], Cloud],
) -> None:
    """Take VENs of `fleet run --count` out of the stack: certificates, things, rows, and their folders here.

    Their telemetry stays until its time is over.

    Examples:
        ven-twin fleet remove --count 200
    """
    from ven_twin.cli.fleet_display import FleetDisplay
    from ven_twin.cli.fleet_identities import numbered_vens, remove_all

    stack, display, gone = cloud(), FleetDisplay(count), list[None]()

    def done() -> None:
        gone.append(None)
        display.step("taking VENs out", len(gone), count)

    with display.shown():
        removed = remove_all(stack, numbered_vens(stack, count), done)
    echo(f"{removed} of {count} VENs were in the stack, and are out.")


def _run_large(cloud: Cloud | None, members: Members, choice: FleetChoice) -> list[str]:
    """Run VENs that claim their identities, where there is an AWS, and show how far they are."""
    from ven_twin.cli.fleet_display import FleetDisplay
    from ven_twin.cli.fleet_identities import claim_all, without_identity

    display = FleetDisplay(len(members.homes))
    with display.shown():
        if cloud is not None and (missing := without_identity(cloud, [*members.homes])):
            done: list[None] = []

            def made() -> None:
                done.append(None)
                display.step("claiming identities", len(done), len(missing))

            claim_all(cloud, missing, made, per_s=_claims_per_s(cloud, choice))
        left = _run_all(members, choice, display.counts)
    echo(f"{len(members.homes) - len(left)} VENs have given their loads back and are gone.")
    return left


def _claims_per_s(cloud: Cloud, choice: FleetChoice) -> float | None:
    """The claims that this part makes in a second, of those that AWS takes of all; None without a limit."""
    from ven_twin.cli.fleet_identities import CLAIMS_PER_S

    if choice.claims_per_s is None and cloud.stage == LOCAL:
        return None
    return (choice.claims_per_s or CLAIMS_PER_S) / choice.shard[1]


def _run_all(members: Members, choice: FleetChoice, tell: Tell) -> list[str]:
    """Run them in as many processes as were chosen; the reasons of those that ended by themselves."""
    from ven_twin.cli.fleet_members import run_members

    processes = min(choice.processes, len(members.homes))
    if processes == 1:
        return run_members(members, tell)
    from ven_twin.cli.fleet_shards import spread

    homes = list(members.homes.items())
    return spread([members._replace(homes=dict(homes[n::processes])) for n in range(processes)], tell)


def _write_past(cloud: Cloud, dealt: dict[VenId, tuple[str, int]], days: int, lives: HouseTime) -> None:
    """Write the past of each house, as it lives from now on."""
    from ven_twin.cli.history import Home, fill, fill_fleet

    filled = []
    with console.status("") as status:
        for number, (ven_id, (house, seed)) in enumerate(dealt.items(), 1):
            status.update(f"writing {days} days of the past of {ven_id}, {number} of {len(dealt)} …")
            filled.append(fill(cloud, Home(ven_id, house, seed), days, lives))
        if len(dealt) == len(stack_vens(cloud)):
            fill_fleet(cloud, filled)
    echo(f"{days} days of the past of {len(dealt)} VENs are stored.")
