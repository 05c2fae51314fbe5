"""``ven-twin simulate``: days of a house in seconds, without a network."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import FieldError
from ven_twin.cli.connection import JsonOption, house_errors
from ven_twin.cli.console import echo, print_json, progress
from ven_twin.installation import home
from ven_twin.webkit.formatting import energy, power

if TYPE_CHECKING:
    from ven_twin.house.profile import Profile
    from ven_twin.simulation.scenario import Scenario

MOST_DAYS = 3650
MOST_HOUSES = 100_000
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2089, 12, 31)
A_SUMMER_TUESDAY = "2026-07-14"

HouseOption = Annotated[
    str | None,
    typer.Option("--house", help="A packaged house or a house file's path; standard when left out."),
]
ClimateOption = Annotated[
    str | None,
    typer.Option("--climate", help="Of the homes that --homes draws, see house new; mixed when left out."),
]
DaysOption = Annotated[
    int, typer.Option("--days", help="How many days to live through.", min=1, max=MOST_DAYS)
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", help="The seed of all chance; the house's when left out.", min=0)
]
HousesOption = Annotated[
    int | None,
    typer.Option(
        "--homes",
        help="So many homes that differ, drawn with the next seeds, and their aggregate; with --house, "
        "houses of that profile. Needs numpy, and takes no --event.",
        min=1,
        max=MOST_HOUSES,
    ),
]
EventOption = Annotated[
    list[str] | None,
    typer.Option(
        "--event", help="START/DURATION/SIGNAL, such as 17:00/2h/3kW for each day; repeat for more."
    ),
]
WeatherOption = Annotated[
    Path | None, typer.Option("--weather", help="A year of weather: EPW or TMY3; the house's when left out.")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="Where to write; in .ven-twin/simulations when left out.")
]
ParquetOption = Annotated[
    bool, typer.Option("--parquet", help="Write trace.parquet in place of trace.csv; needs pyarrow.")
]


def simulate(
    *,
    house: HouseOption = None,
    days: DaysOption = 1,
    start: Annotated[
        str, typer.Option("--first-day", help="The first day, an ISO 8601 date.")
    ] = A_SUMMER_TUESDAY,
    seed: SeedOption = None,
    houses: HousesOption = None,
    climate: ClimateOption = None,
    event: EventOption = None,
    weather: WeatherOption = None,
    out: OutOption = None,
    parquet: ParquetOption = False,
    json_output: JsonOption = False,
) -> None:
    """Live through days of a house offline: a trace of every minute, and a page with plots.

    The same options give the same trace. Times of day are the house's local standard time; an event's
    SIGNAL is 3kW (draw less), loadup=3kW (draw more), limit=5kW (import at most) or level=1, 2, 3.

    Examples:
        ven-twin simulate --days 3 --event 17:00/2h/3kW
        ven-twin simulate --house leaky --first-day 2026-01-12 --event 2026-01-12T17:00/90m/limit=5kW
        ven-twin simulate --homes 100 --climate cold
    """
    first = _first_day(start, days)
    if houses is not None:
        _check_houses(event)
    if climate is not None and (houses is None or house is not None):
        raise FieldError("--climate", "is of the homes that --homes draws: give --homes, and no --house")
    if houses is not None and house is None:
        from ven_twin.cli.simulate_many import DrawnHomes, live_homes

        drawn = DrawnHomes(houses, 1 if seed is None else seed, climate, weather)
        live_homes(drawn, first, days, out, parquet=parquet, json_output=json_output)
        return
    profile, scenario = _scenario(house or "standard", days, first, seed, event or [], weather=weather)
    used_seed = profile.seed if seed is None else seed
    name = profile.name if houses is None else f"{profile.name}-{houses}"
    folder = out or home() / "simulations" / f"{name}-{first}"
    try:
        with progress(f"House {profile.name}", scenario.steps, quiet=json_output) as tick:
            if houses is None:
                totals, lines = _one(profile, scenario, used_seed, folder, tick, parquet=parquet)
            else:
                from ven_twin.cli.simulate_many import live_alike

                totals, lines = live_alike(profile, scenario, houses, folder, tick, parquet=parquet)
    except OSError as error:
        raise FieldError("--out", f"{folder} cannot be written to: {error.strerror or error}") from None
    if json_output:
        print_json({"house": profile.name, "seed": used_seed, "start": str(first), **totals})
    else:
        echo("\n".join([*lines, f"Trace   {totals['trace']}", f"Report  {totals['report']}"]))


def _first_day(text: str, days: int) -> date:
    try:
        first = date.fromisoformat(text)
    except ValueError:
        raise FieldError("--first-day", f"{text!r} is no ISO 8601 date, such as {A_SUMMER_TUESDAY}") from None
    if first < FIRST_DAY or (LAST_DAY - first).days < days:
        raise FieldError("--first-day", f"{text!r} and {days} days are not within {FIRST_DAY} and {LAST_DAY}")
    return first


def _scenario(
    house: str,
    days: int,
    first: date,
    seed: int | None,
    event_texts: list[str],
    *,
    weather: Path | None,
) -> tuple[Profile, Scenario]:
    from contracts.wire.units import S_PER_DAY
    from ven_twin.house.errors import PhysicsError
    from ven_twin.house.library import load_environment, load_profile
    from ven_twin.house.profile import build_house
    from ven_twin.simulation.event_schedule import parse_house_event, schedule
    from ven_twin.simulation.scenario import Scenario

    events = [parse_house_event(text, "--event") for text in event_texts]
    try:
        with house_errors("--house"):
            profile = load_profile(house)
            built = build_house(profile)
            environment = load_environment(profile, seed, weather)
    except PhysicsError as error:
        raise FieldError("--weather", str(error)) from None
    except OSError as error:
        raise FieldError("--weather", f"{weather} cannot be read: {error.strerror or error}") from None
    offset_h = environment.weather.utc_offset_h
    scheduled = schedule(events, first, days, offset_h, "--event")
    start_s = (first - date(1970, 1, 1)).days * S_PER_DAY - offset_h * 3600
    return profile, Scenario(built, environment, start_s, days, scheduled)


def _check_houses(events: list[str] | None) -> None:
    """Refuse what does not go with --homes."""
    if events:
        reason = "does not go with --homes: many houses run without events; leave one of the two out"
        raise FieldError("--event", reason)
    try:
        import_module("numpy")  # by name: an extra, which a host that runs twins has not
    except ImportError:
        reason = "needs numpy: pip install numpy, or leave --homes out for one house"
        raise FieldError("--homes", reason) from None


def _one(
    profile: Profile,
    scenario: Scenario,
    seed: int,
    folder: Path,
    tick: Callable[[int], None],
    *,
    parquet: bool,
) -> tuple[dict[str, object], list[str]]:
    """The totals of one house, and its lines for a person."""
    from ven_twin.house.sizing import undersized
    from ven_twin.simulation.event_report import line as event_line
    from ven_twin.simulation.folder import simulate as simulate_into
    from ven_twin.simulation.folder import summary
    from ven_twin.simulation.report import lived_on_text
    from ven_twin.simulation.trace import house_zone

    zone = house_zone(scenario.environment.weather.utc_offset_h)
    written = simulate_into(profile, scenario, seed, folder, parquet=parquet, tick=tick)
    ledger = written.ledger
    lines = [f"Used {ledger.used_kwh / scenario.days:.1f} kWh a day, at most {ledger.peak_kw:.1f} kW."]
    lines += [f"{words}." for words in undersized(profile, scenario.environment.weather)]
    lines += [
        f"Event {tally.event.event_id}: requested {power(tally.requested_kw)}, "
        f"delivered {power(tally.delivered_kw)} ({energy(tally.sign * tally.delivered_kwh)} kWh), "
        f"{event_line(tally, profile.tariff, zone)}"
        for tally in ledger.tallies
    ]
    if scenario.lives_on_s:
        lines.append(f"{lived_on_text(scenario).capitalize()}; the figures of a day are without that.")
    return summary(written, scenario, profile.tariff), lines
