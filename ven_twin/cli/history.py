"""``ven-twin history``: a past for a twin, so that day-matching baselines have something to match."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.api.resources import FLEET_SAMPLE_S
from contracts.errors import FieldError
from contracts.store.keys import FLEET_PARTITION, TELEMETRY, day_row_id, fleet_row_id, telemetry_item
from contracts.store.stack import StackOutput
from contracts.wire.ids import VenId, counting_key
from contracts.wire.topics import check_ven_id
from ven_twin.cli.connection import (
    LOCAL,
    JsonOption,
    ProfileOption,
    RegionOption,
    StageOption,
    connect,
    deal_houses,
    house_errors,
    some_vens,
    stack_vens,
)
from ven_twin.cli.console import echo, print_json
from ven_twin.cli.house_time import (
    AfternoonOption,
    HouseSpanOption,
    HouseSpeedOption,
    HouseStartOption,
    HouseTime,
    house_time,
)
from ven_twin.cli.tree import CommandGroup

if TYPE_CHECKING:
    from ven_twin.house.house import House
    from ven_twin.house.house_environment import HouseEnvironment
    from ven_twin.operations.aggregator.cloud import Cloud
    from ven_twin.simulation.history import SimulatedPast

app = CommandGroup("A past for a twin, so that baselines have days to match.")
VensArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[VEN]...", help="VENs; all of the stack when left out.")
]
DEFAULT_HOUSE = "standard"
HousesOption = Annotated[
    str | None,
    typer.Option("--houses", help="Their houses in turn, as fleet run has them; in place of --house."),
]

DAY_S = 86_400
RETENTION_DAYS = 60
"""How long the rows live: longer than any baseline looks back."""
MOST_DAYS = 45
"""As far as baselines look back."""
WRITERS = 8


@dataclass(frozen=True, slots=True)
class Home:
    """A VEN, and the house that stands behind it."""

    ven_id: VenId
    house: str
    seed: int | None


@dataclass(frozen=True, slots=True)
class Filled:
    """The rows written for a VEN, between these times (UTC s), and the kW that each has used, by its end."""

    ven_id: VenId
    rows: int
    from_ts: int
    until_ts: int
    used_kw: Mapping[int, float]


@app.command()
def backfill(
    ven_ids: VensArgument = None,
    *,
    days: Annotated[int, typer.Option("--days", help="How many days back.", min=1, max=MOST_DAYS)] = 14,
    house: Annotated[
        str | None,
        typer.Option(
            "--house",
            help="A packaged house or a house file's path, as run has it.",
            show_default=DEFAULT_HOUSE,
        ),
    ] = None,
    house_seed: Annotated[
        int | None, typer.Option("--house-seed", help="The seed of its people's habits, as run has it.")
    ] = None,
    houses: HousesOption = None,
    house_start: HouseStartOption = None,
    house_speed: HouseSpeedOption = None,
    house_span: HouseSpanOption = None,
    afternoon: AfternoonOption = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask: needed where the stage is not local.")
    ] = False,
    stage: StageOption = LOCAL,
    profile: ProfileOption = None,
    region: RegionOption = None,
    json_output: JsonOption = False,
) -> None:
    """Write what twins would have reported in the days before they first ran: no event, five-minute means.

    The house, its people and its weather are those that it runs with. The rows end where the VEN's own
    begin; written again they are the same rows. With all VENs, the whole fleet has its samples, too.

    Examples:
        ven-twin history backfill --days 14
        ven-twin history backfill ven-1 ven-2 --days 5
        ven-twin history backfill --days 21 --afternoon
    """
    if stage != LOCAL and not yes:
        raise FieldError("--yes", f"is needed to write a made-up past into stage {stage}")
    lives = house_time(house_start, house_speed, house_span, afternoon=afternoon)
    cloud = connect(stage, profile, region)
    all_vens = stack_vens(cloud)
    homes = _homes(all_vens, ven_ids, house, house_seed, houses)
    began_s = time.monotonic()
    filled = [fill(cloud, home, days, lives) for home in homes]
    if len(homes) == len(all_vens):
        fill_fleet(cloud, filled)
    took_s = time.monotonic() - began_s
    if json_output:
        print_json(
            [{"venId": f.ven_id, "rows": f.rows, "fromTs": f.from_ts, "untilTs": f.until_ts} for f in filled]
        )
        return
    for ven in sorted(filled, key=lambda ven: counting_key(ven.ven_id)):
        echo(f"{ven.ven_id:16}  {ven.rows:6} rows, {_day(ven.from_ts)} to {_day(ven.until_ts)}")
    echo(f"Written in {took_s:.1f} s. An event is settled by its program's baseline from now on.")


def _homes(
    all_vens: list[VenId], ven_ids: list[str] | None, house: str | None, seed: int | None, houses: str | None
) -> list[Home]:
    """Each VEN with the house that it runs with. Raises FieldError when one is not known."""
    for option, value in (("--house", house), ("--house-seed", seed)):
        if houses is not None and value is not None:
            raise FieldError(option, "does not go with --houses, which deals both: leave one of the two out")
    named = [check_ven_id(ven_id, "VEN") for ven_id in ven_ids or all_vens]
    for ven_id in (wanted := some_vens(named)):
        if ven_id not in all_vens:
            there_are = ", ".join(all_vens) or "none"
            raise FieldError("VEN", f"there is no VEN {ven_id!r}; there are {there_are}")
    if houses is None:
        return [Home(ven_id, house or DEFAULT_HOUSE, seed) for ven_id in wanted]
    dealt = deal_houses(all_vens, houses)
    return [Home(ven_id, *dealt[ven_id]) for ven_id in wanted]


def fill(cloud: Cloud, home: Home, days: int, lives: HouseTime) -> Filled:
    """Write a VEN's past of so many *days*, and drop what settlement had made of those days.

    Raises:
        FieldError: there is no such house.
    """
    from ven_twin.control.reporting import Sender
    from ven_twin.house.library import load_environment, load_profile
    from ven_twin.house.profile import build_house
    from ven_twin.simulation.history import BOOT_ID, ROW_S, rows

    with house_errors("--house"):
        profile = load_profile(home.house)
        built = build_house(profile)
    now_ts = time.time()
    first_reported_ts = cloud.first_telemetry_ts(home.ven_id, BOOT_ID)
    until_ts = min(now_ts, now_ts if first_reported_ts is None else first_reported_ts - 1)
    # From midnight, so that the same days are lived from the same start whenever this is run.
    from_ts = (int(until_ts) // DAY_S - days) * DAY_S
    past = _past(built, load_environment(profile, home.seed), from_ts, until_ts, lives)
    items = [
        telemetry_item(
            row, received_ts=float(row.timestamp), expires_ts=row.timestamp + RETENTION_DAYS * DAY_S
        )
        for row in rows(past, Sender(VenId(home.ven_id), BOOT_ID, profile.panel))
    ]
    with ThreadPoolExecutor(WRITERS) as pool:
        shares = [items[first::WRITERS] for first in range(WRITERS)]
        list(pool.map(lambda share: cloud.put_items(StackOutput.TELEMETRY_TABLE, share), shares))
    made = [
        {TELEMETRY.partition: home.ven_id, str(TELEMETRY.sort): day_row_id(day)}
        for day in range(from_ts // DAY_S, int(now_ts) // DAY_S + 1)
    ]
    cloud.delete_items(StackOutput.TELEMETRY_TABLE, made)
    used_kw = {item["timestamp"]: item["usedPowerKw"] for item in items}
    return Filled(home.ven_id, len(items), from_ts, from_ts + len(items) * ROW_S, used_kw)


def fill_fleet(cloud: Cloud, filled: Sequence[Filled]) -> None:
    """Write the samples of the whole fleet that the cloud would have taken in that time."""
    ends = set.intersection(*(set(home.used_kw) for home in filled)) if filled else set()
    samples = []
    for end_ts in sorted(ends):
        used_kw = round(sum(home.used_kw[end_ts] for home in filled), 3)
        at = {"timestamp": end_ts - FLEET_SAMPLE_S, "online": len(filled), "measured": len(filled)}
        powers = {"usedKw": used_kw, "baselineKw": used_kw, "askedKw": 0.0, "deliveredKw": 0.0}
        key = {"venId": FLEET_PARTITION, "rowId": fleet_row_id(end_ts - FLEET_SAMPLE_S)}
        samples.append({**key, **at, **powers, "expiresTs": end_ts + RETENTION_DAYS * DAY_S})
    with ThreadPoolExecutor(WRITERS) as pool:
        shares = [samples[first::WRITERS] for first in range(WRITERS)]
        list(pool.map(lambda share: cloud.put_items(StackOutput.TELEMETRY_TABLE, share), shares))


def _past(
    house: House, environment: HouseEnvironment, from_ts: int, until_ts: float, lives: HouseTime
) -> SimulatedPast:
    """The past of a house that lives so, and whose time starts where its past ends."""
    from ven_twin.simulation.history import RepeatedSpan, SimulatedPast

    start_ts = until_ts if lives.start_ts is None else lives.start_ts
    span = None if lives.span_s == inf else RepeatedSpan(start_ts, lives.span_s, lives.speed)
    shift_s = _shift_s(start_ts - until_ts)
    return SimulatedPast(house, environment, from_ts, until_ts, shift_s, span)


def _shift_s(house_ahead_s: float) -> int:
    """House time less wall time, to the quarter hour: run again within minutes, it is the same past."""
    return round(house_ahead_s / 900) * 900


def _day(ts: int) -> str:
    return f"{datetime.fromtimestamp(ts, UTC):%Y-%m-%d %H:%M} UTC"
