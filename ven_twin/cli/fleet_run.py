"""``ven-twin fleet run``: many twins, in one process or some."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import FieldError, VenTwinError
from contracts.wire.ids import VenId
from contracts.wire.topics import check_ven_id
from ven_twin.cli.connection import (
    LOCAL,
    BasicIngestOption,
    BatchOption,
    Options,
    ProfileOption,
    RegionOption,
    ReportIntervalOption,
    StageOption,
    batch_seconds,
    connect,
    deal_houses,
    some_vens,
    split_names,
    stack_vens,
    with_cloud,
    with_options,
)
from ven_twin.cli.console import console, echo
from ven_twin.cli.exit_codes import ExitCode
from ven_twin.cli.house_time import (
    AfternoonOption,
    HouseSpanOption,
    HouseSpeedOption,
    HouseStartOption,
    HouseTime,
    house_time,
)
from ven_twin.cli.shards import array_shard, named_shard

if TYPE_CHECKING:
    from ven_twin.cli.fleet_members import Members, Tell
    from ven_twin.operations.aggregator.cloud import Cloud

VensOption = Annotated[
    str | None, typer.Option("--vens", help="VENs, by commas; every one of the stack when left out.")
]
CountOption = Annotated[
    int | None,
    typer.Option(
        "--count", help="So many VENs that are not in the stack, twin-1 and on; each claims.", min=1
    ),
]
ProcessesOption = Annotated[
    int, typer.Option("--processes", help="Spread them over so many processes.", min=1, max=64)
]
ShardOption = Annotated[
    str | None, typer.Option("--shard", help="The part of them that runs here: 0/4, 1/4 and on.")
]
ShardsOption = Annotated[
    int | None,
    typer.Option(
        "--shards", help="In an array job of AWS Batch: so many parts, of which it says the one here."
    ),
]
ClaimsOption = Annotated[
    float | None,
    typer.Option("--claims-per-s", help="Identities claimed in a second by all parts together; on AWS 5."),
]
FleetSeedOption = Annotated[
    int,
    typer.Option(
        "--seed", help="The seed of their people; another number deals others.", min=0, max=1_000_000
    ),
]
HousesOption = Annotated[str, typer.Option("--houses", help="Their houses in turn, by commas.")]
HOUSES = "standard,flat,leaky"
PastDaysOption = Annotated[
    int,
    typer.Option("--past-days", help="Write so many days of their past first, for baselines.", min=0, max=45),
]
WHICH: Options = {
    "vens": (VensOption, None),
    "count": (CountOption, None),
    "shard": (ShardOption, None),
    "shards": (ShardsOption, None),
    "claims_per_s": (ClaimsOption, None),
    "processes": (ProcessesOption, 1),
    "houses": (HousesOption, HOUSES),
    "seed": (FleetSeedOption, 0),
}


@dataclass(frozen=True, slots=True)
class FleetChoice:
    """The VENs that the options choose: those that are named, or *count* new ones, or all of the stack.

    Attributes:
        shard: the part of them that runs here, and of how many.
        claims_per_s: identities that all parts together claim in a second; None as the cloud takes them.
        in_array: whether this is a job of AWS Batch's, which it ends, or Spot, and starts again after that.
    """

    named: Sequence[VenId]
    count: int | None
    shard: tuple[int, int]
    processes: int
    houses: str
    seed: int
    claims_per_s: float | None
    in_array: bool = False

    def homes(self, cloud: Cloud) -> dict[VenId, tuple[str, int]]:
        """The VENs of this part, each with its house and the seed of that."""
        from ven_twin.cli.fleet_identities import numbered_vens

        if self.count is None:
            ven_ids = self.named or some_vens(stack_vens(cloud))
        else:
            ven_ids = numbered_vens(cloud, self.count)
        first, shards = self.shard
        dealt = deal_houses(ven_ids, self.houses, self.seed)
        return {ven_id: dealt[ven_id] for ven_id in list(ven_ids)[first::shards]}


def fleet_choice(
    *,
    vens: str | None,
    count: int | None,
    shard: str | None,
    shards: int | None,
    claims_per_s: float | None,
    processes: int,
    houses: str,
    seed: int,
) -> FleetChoice:
    """The choice that the options make, judged before any cloud is reached. Raises FieldError."""
    from ven_twin.cli.fleet_identities import check_claims_per_s
    from ven_twin.cli.machine_limits import check_account, check_machine

    if vens and count is not None:
        raise FieldError("--count", "is of VENs that are not in the stack; --vens names others: give one")
    deal_houses((), houses)
    chosen = array_shard(shards, shard) if shards is not None else named_shard(shard)
    if claims_per_s is not None:
        check_claims_per_s(claims_per_s)
    if count is not None:
        check_account(count)
        check_machine(-(-count // chosen[1]), processes)
    named = [check_ven_id(name, "--vens") for name in split_names(vens, "--vens")] if vens else []
    return FleetChoice(named, count, chosen, processes, houses, seed, claims_per_s, shards is not None)


@partial(with_options, name="choose", options=WHICH, make=fleet_choice)
def run_fleet(
    *,
    choose: Callable[[], FleetChoice],
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
    """
    from contracts.api.event_text import parse_seconds
    from ven_twin.cli.fleet_members import Members

    lives = house_time(house_start, house_speed, house_span, afternoon=afternoon)
    interval_s = parse_seconds(report_interval, "--report-interval") if report_interval else None
    batch_s, choice = batch_seconds(batch, stage), choose()
    if past_days and stage != LOCAL:
        reason = "is for the local cloud: ven-twin history backfill --yes writes elsewhere"
        raise FieldError("--past-days", reason)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    cloud = connect(stage, profile, region)
    homes = choice.homes(cloud)
    if past_days:
        _write_past(cloud, homes, past_days, lives)
    large = choice.count is not None
    members = Members(
        homes,
        lives,
        interval_s,
        stage,
        profile,
        region,
        batch_s=batch_s,
        basic_ingest=basic_ingest,
        claimed=large,
        quiet=large,
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


def _run_large(cloud: Cloud, members: Members, choice: FleetChoice) -> list[str]:
    """Run VENs that claim their identities, and show how far they are."""
    from ven_twin.cli.fleet_display import FleetDisplay
    from ven_twin.cli.fleet_identities import claim_all, without_identity

    display = FleetDisplay(len(members.homes))
    with display.shown():
        if missing := without_identity(cloud, [*members.homes]):
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
    from ven_twin.cli.fleet_members import run_members, spread

    processes = min(choice.processes, len(members.homes))
    if processes == 1:
        return run_members(members, tell)
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
