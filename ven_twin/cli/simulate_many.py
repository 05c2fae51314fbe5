"""Many houses of ``ven-twin simulate``: of one profile, or homes that are drawn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contracts.errors import FieldError
from contracts.wire.units import S_PER_DAY, S_PER_H
from ven_twin.cli.console import echo, print_json, progress
from ven_twin.cli.house import climate_and_weather
from ven_twin.installation import home
from ven_twin.simulation.homes.neighbourhood import Neighbourhood, drawn_homes, worlds
from ven_twin.simulation.many_houses.district import District
from ven_twin.simulation.many_houses.folder import (
    Houses,
    WrittenDistrict,
    district_summary,
    simulate_district,
)
from ven_twin.webkit.formatting import percent

if TYPE_CHECKING:
    from ven_twin.house.profile import Profile
    from ven_twin.simulation.scenario import Scenario

MOST_HOMES = 10_000
"""Homes that differ are lived one by one, a fortieth of a second a day each."""


class DrawnHomes(NamedTuple):
    """The homes that are drawn: how many, the first seed, their climate and weather."""

    homes: int
    seed: int
    climate: str | None
    weather: Path | None


def live_alike(
    profile: Profile,
    scenario: Scenario,
    houses: int,
    folder: Path,
    tick: Callable[[int], None],
    *,
    parquet: bool,
) -> tuple[dict[str, object], list[str]]:
    """The totals of many houses of one profile, and their lines for a person."""
    district = District(scenario.house, scenario.environment, houses, scenario.start_s, scenario.days)
    title = f"{houses:,} houses “{profile.name}”"
    written = simulate_district(title, district, folder, parquet=parquet, tick=tick)
    return _totals(written, district, "houses")


def live_homes(
    drawn: DrawnHomes, first: date, days: int, out: Path | None, *, parquet: bool, json_output: bool
) -> None:
    """Live through days of homes that are drawn, and print their totals.

    Raises:
        FieldError: too many homes, no such climate, weather that cannot be read, or a folder that cannot be
            written to.
    """
    count, seed = drawn.homes, drawn.seed
    if count > MOST_HOMES:
        allowed = f"allowed {MOST_HOMES:,}; with --house more, of that one"
        raise FieldError("--homes", f"{count:,} homes that differ are too many, {allowed}")
    climate, year = climate_and_weather(drawn.climate, drawn.weather)
    folder = out or home() / "simulations" / f"{climate}-{count}-{first}"
    profiles = drawn_homes(count, seed, climate, year)
    start_s = (first - date(1970, 1, 1)).days * S_PER_DAY - year.utc_offset_h * S_PER_H
    homes = Neighbourhood(profiles, worlds(profiles, year), start_s, days)
    title = f"{count:,} homes, {climate} climate"
    try:
        with progress(title, homes.steps, quiet=json_output) as tick:
            written = simulate_district(title, homes, folder, parquet=parquet, tick=tick)
    except OSError as error:
        raise FieldError("--out", f"{folder} cannot be written to: {error.strerror or error}") from None
    totals, lines = _totals(written, homes, "homes")
    if json_output:
        print_json({"climate": climate, "seed": seed, "start": str(first), **totals})
    else:
        echo("\n".join([*lines, f"Trace   {totals['trace']}", f"Report  {totals['report']}"]))


def _totals(written: WrittenDistrict, houses: Houses, noun: str) -> tuple[dict[str, object], list[str]]:
    ledger, days = written.ledger, houses.days
    low, middle, high = (energy / days for energy in ledger.spread_kwh)
    peak = f"{ledger.peak_kw:.1f} kW ({percent(ledger.coincidence)} of the {noun}' own peaks)"
    lines = [
        f"{houses.count} {noun} used {ledger.used_kwh / days:.1f} kWh a day, at most {peak}.",
        f"A {noun[:-1]} used {middle:.1f} kWh a day; eight of ten used {low:.1f} to {high:.1f}.",
    ]
    return district_summary(written, houses), lines
