"""The VENs of ``ven-twin fleet run``: which they are, and which part of them runs here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import FieldError
from contracts.wire.ids import VenId
from ven_twin.cli.connection import Options, deal_houses, some_vens, split_vens, stack_vens
from ven_twin.cli.shards import array_shard, named_shard

if TYPE_CHECKING:
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

    def homes(self, cloud: Cloud | None) -> dict[VenId, tuple[str, int]]:
        """The VENs of this part, each with its house and the seed of that; *cloud* is None without AWS.

        Raises:
            FieldError: there is no AWS whose VENs they could be, and none are named or counted.
        """
        from ven_twin.cli.fleet_identities import counted_vens, numbered_vens

        ven_ids = self.named
        if self.count is not None:
            ven_ids = counted_vens(self.count) if cloud is None else numbered_vens(cloud, self.count)
        elif cloud is not None:
            ven_ids = ven_ids or some_vens(stack_vens(cloud))
        if not ven_ids:
            raise FieldError("--count", "say how many VENs, or name them by --vens: a VTN alone has no stack")
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

    if vens is not None and count is not None:
        raise FieldError("--count", "is of VENs that are not in the stack; --vens names others: give one")
    deal_houses((), houses)
    chosen = array_shard(shards, shard) if shards is not None else named_shard(shard)
    if claims_per_s is not None:
        check_claims_per_s(claims_per_s)
    if count is not None:
        check_account(count)
        check_machine(-(-count // chosen[1]), processes)
    named = [] if vens is None else split_vens(vens, "--vens")
    return FleetChoice(named, count, chosen, processes, houses, seed, claims_per_s, shards is not None)
