"""``ven-twin simulate``: days of a house in seconds, without a network."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import FieldError
from ven_twin.cli.connection import JsonOption, home
from ven_twin.cli.console import print_json

if TYPE_CHECKING:
    from ven_twin.house.profile import Profile
    from ven_twin.simulation.folder import Written
    from ven_twin.simulation.scenario import Scenario

MOST_DAYS = 3650
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2089, 12, 31)
A_SUMMER_TUESDAY = "2026-07-14"


def simulate(
    *,
    house: Annotated[
        str, typer.Option("--house", help="A packaged house, or a profile's path.")
    ] = "standard",
    days: Annotated[
        int, typer.Option("--days", help="How many days to live through.", min=1, max=MOST_DAYS)
    ] = 1,
    start: Annotated[
        str, typer.Option("--start", help="The first day, an ISO 8601 date.")
    ] = A_SUMMER_TUESDAY,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Of all chance; the profile's when left out.", min=0)
    ] = None,
    event: Annotated[
        list[str] | None,
        typer.Option(
            "--event", help="START/DURATION/SIGNAL, such as 17:00/2h/3kW for each day; repeat for more."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to write; in .ven-twin/simulations when left out.")
    ] = None,
    parquet: Annotated[
        bool, typer.Option("--parquet", help="Write trace.parquet in place of trace.csv; needs pyarrow.")
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """Live through days of a house offline: a trace of every minute, and a page with plots.

    The same options give the same trace. Times of day are the house's local standard time; an event's
    SIGNAL is 3kW (draw less), limit=5kW (import at most) or level=1, 2, 3.
    """
    from ven_twin.simulation.folder import summary

    first = _first_day(start, days)
    profile, scenario = _scenario(house, days, first, seed, event or [])
    used_seed = profile.seed if seed is None else seed
    folder = out or home() / "simulations" / f"{profile.name}-{first}"
    try:
        written = _run(profile, scenario, used_seed, folder, parquet=parquet, quiet=json_output)
    except OSError as error:
        raise FieldError("--out", f"{folder} cannot be written to: {error.strerror or error}") from None
    if json_output:
        print_json({"house": profile.name, "seed": used_seed, "start": str(first), **summary(written, days)})
    else:
        _say(written, days)


def _first_day(text: str, days: int) -> date:
    try:
        first = date.fromisoformat(text)
    except ValueError:
        raise FieldError("--start", f"{text!r} is no ISO 8601 date, such as {A_SUMMER_TUESDAY}") from None
    if first < FIRST_DAY or (LAST_DAY - first).days < days:
        raise FieldError("--start", f"{text!r} and {days} days are not within {FIRST_DAY} and {LAST_DAY}")
    return first


def _scenario(
    house: str, days: int, first: date, seed: int | None, asked: list[str]
) -> tuple[Profile, Scenario]:
    from contracts.wire.units import S_PER_DAY
    from ven_twin.house.errors import ProfileError
    from ven_twin.house.library import load_profile, load_site
    from ven_twin.house.profile import build_house
    from ven_twin.simulation.event_schedule import parse_house_event, schedule
    from ven_twin.simulation.scenario import Scenario

    written = [parse_house_event(text, "--event") for text in asked]
    try:
        profile = load_profile(house)
        built = build_house(profile)
    except ProfileError as error:
        raise FieldError("--house", str(error)) from None
    site = load_site(profile, seed)
    offset_h = site.weather.utc_offset_h
    events = schedule(written, first, days, offset_h, "--event")
    start_s = (first - date(1970, 1, 1)).days * S_PER_DAY - offset_h * 3600
    return profile, Scenario(built, site, start_s, days, events)


def _run(
    profile: Profile, scenario: Scenario, seed: int, folder: Path, *, parquet: bool, quiet: bool
) -> Written:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from ven_twin.simulation.folder import simulate as simulate_into

    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=quiet or not sys.stderr.isatty(),
    )
    with progress:
        task = progress.add_task(f"House {profile.name}", total=scenario.steps)
        return simulate_into(
            profile,
            scenario,
            seed,
            folder,
            parquet=parquet,
            tick=lambda step: progress.update(task, completed=step),
        )


def _say(written: Written, days: int) -> None:
    ledger = written.ledger
    typer.echo(f"Used {ledger.used_kwh / days:.1f} kWh a day, at most {ledger.peak_kw:.1f} kW.")
    for tally in ledger.tallies:
        typer.echo(
            f"Event {tally.event.event_id}: requested {tally.requested_kw:.2f} kW, "
            f"delivered {tally.delivered_kw:.2f} kW ({tally.delivered_kwh:.2f} kWh), "
            f"rebound {tally.rebound_kwh:.2f} kWh."
        )
    typer.echo(f"Trace   {written.trace}\nReport  {written.report}")
