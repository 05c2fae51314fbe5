"""``make homes``: how homes differ, each figure beside its reference.

A hundred homes of a mixed climate are drawn with the seeds from 1 on and live through a week in each season;
the same weeks of one house a hundred times over (the standard house, by its seeds) are beside them. Trips and
hot water are of a year.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from itertools import chain
from statistics import fmean, pstdev
from typing import NamedTuple

import numpy as np

from harness.homes.cold_week import GAS_SHARES, ColdWeek, cold_week
from harness.homes.load import WEEKS, correlation, live
from harness.homes.people import car_year, spread, water_year
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.weather import read_weather
from ven_twin.simulation.homes.distributions import MIXED
from ven_twin.simulation.homes.neighbourhood import drawn_homes, worlds

CAR_HOMES = 1_000
"""A quarter of homes have a car: so many are drawn for the trips of some."""
MOST_CARS = 60


class Row(NamedTuple):
    """A figure, its reference in words, and whether it is as it should be; None where there is no target."""

    what: str
    figure: str
    reference: str
    met: bool | None = None


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table; exit with 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m harness.homes", description=__doc__)
    parser.add_argument("--homes", type=int, default=100, help="homes that live through weeks")
    parser.add_argument("--days", type=int, default=7, help="days of each season")
    chosen = parser.parse_args(arguments)
    began_s = time.monotonic()
    rows = [*_cars(), *_water(chosen.homes), *_loads(chosen.homes, chosen.days)]
    for row in rows:
        mark = "" if row.met is None else "met" if row.met else "MISSED"
        sys.stdout.write(f"{row.what:58}{row.figure:>22}   {mark:7}{row.reference}\n")
    sys.stdout.write(f"in {time.monotonic() - began_s:.0f} s\n")
    sys.exit(1 if any(row.met is False for row in rows) else 0)


def _cars() -> list[Row]:
    weather = read_weather()
    profiles = drawn_homes(CAR_HOMES, 1, MIXED, weather)
    years = (car_year(*home) for home in zip(profiles, worlds(profiles, weather), strict=True))
    cars = [year for _, year in zip(range(MOST_CARS), (year for year in years if year), strict=False)]
    car_sds_h = [pstdev(car.plugs_h) for car in cars]
    plugs_h = list(chain.from_iterable(car.plugs_h for car in cars))
    used = list(chain.from_iterable(car.used_soc for car in cars))
    idle = fmean(car.idle for car in cars)
    return [
        Row(
            f"car plugged in, sd over working days ({len(cars)} cars)",
            f"{pstdev(plugs_h):.2f} h",
            "2 to 4 h; EVI-Pro 3.67 h",
            2.0 <= pstdev(plugs_h) <= 4.0,
        ),
        Row(
            "  one car's own sd, mean",
            f"{fmean(car_sds_h):.2f} h",
            "was 0.28 h",
            2.0 <= fmean(car_sds_h) <= 4.0,
        ),
        Row(
            "state of charge used by a day's trips, mean and sd",
            f"{fmean(used):.2f}, {pstdev(used):.2f}",
            "EVI-Pro 0.15, 0.15 (arrival at 0.85, sd 0.15)",
        ),
        Row("days without a trip", f"{idle:.0%}", "> 5 %; was none", idle > 0.05),
    ]


def _water(homes: int) -> list[Row]:
    weather = read_weather()
    profiles = drawn_homes(homes, 1, MIXED, weather)
    years = [water_year(environment) for environment in worlds(profiles, weather)]
    standard = [water_year(load_environment(load_profile(), seed)) for seed in range(10)]
    draws = fmean(spread(year.draws_d) for year in years)
    litres = fmean(spread(year.litres_d) for year in years)
    share = fmean(
        fmean(year.litres_d) / environment.habits.hot_water_l_d  # type: ignore[attr-defined]
        for year, environment in zip(years, worlds(profiles, weather), strict=True)
    )
    quiet = fmean(year.quiet_nights for year in years)
    return [
        Row("hot-water draws a day, coefficient of variation", f"{draws:.2f}", "> 0.3; was 0", draws > 0.3),
        Row("  litres a day", f"{litres:.2f}", "was 0.2", litres > 0.3),
        Row(
            "  draws of the standard house",
            f"{fmean(spread(year.draws_d) for year in standard):.2f}",
            "> 0.3",
            fmean(spread(year.draws_d) for year in standard) > 0.3,
        ),
        Row("hot water of the year over hot_water_l_d", f"{share:.3f}", "1", abs(share - 1.0) < 0.03),
        Row("nights without a draw from 1 to 5 h", f"{quiet:.0%}", "most; was none", quiet > 0.5),
    ]


def _loads(homes: int, days: int) -> list[Row]:
    weather = read_weather()
    profiles = drawn_homes(homes, 1, MIXED, weather)
    environments = worlds(profiles, weather)
    alike = [load_profile()] * homes
    alike_worlds = [load_environment(load_profile(), seed) for seed in range(homes)]
    weeks = {name: live(profiles, environments, first, days) for name, first in WEEKS.items()}
    same = {name: live(alike, alike_worlds, first, days) for name, first in WEEKS.items()}
    year = correlation(np.mean([week.shapes for week in weeks.values()], axis=0))
    year_same = correlation(np.mean([week.shapes for week in same.values()], axis=0))
    rows = [
        Row(
            f"correlation of the mean days of {homes} homes, four weeks",
            f"{year:.2f}",
            f"<= 0.6; was 0.94; one house's seeds {year_same:.2f}",
            year <= 0.6,
        )
    ]
    of: Callable[[str], str] = lambda name: f"{correlation(weeks[name].shapes):.2f}"  # noqa: E731
    rows += [
        Row(f"  of the week in {name}", of(name), f"one house's seeds {correlation(same[name].shapes):.2f}")
        for name in WEEKS
    ]
    rows += _january(cold_week(profiles, environments, weeks["January"], days))
    summer = weeks["July"].diversity
    rows.append(
        Row(
            "diversity factor of a week in July, quarter-hours",
            f"{summer:.2f}",
            "2.2 to 3.2, five to seventy customers (Kersting, table 2.2)",
            2.2 <= summer <= 3.2,
        )
    )
    rows += [
        Row(
            f"  in {name}; own peak of the mean home",
            f"{week.diversity:.2f}; {week.home_peaks_kw.mean():.1f} kW",
            note,
        )
        for name, week in weeks.items()
        for note in [PEAKS.get(name, "")]
    ]
    return rows


def _january(week: ColdWeek) -> list[Row]:
    """January's correlation, taken apart."""
    pumps, set_back, heating = week.pumps, week.set_back, week.heating
    groups = [
        ("heating alone", heating, f"{week.heating_share:.0%} of the energy"),
        ("all but heating", week.rest, ""),
        (f"the {pumps.sum()} with heat pumps", week.shapes[pumps], ""),
        (f"the {(~pumps).sum()} with electric furnaces", week.shapes[~pumps], ""),
        (f"the {set_back.sum()} that set back", week.shapes[set_back], ""),
        ("heating of those", heating[set_back], ""),
        (f"the {(~set_back).sum()} that do not", week.shapes[~set_back], ""),
        ("heating of those", heating[~set_back], "one weather heats them all"),
    ]
    rows = [
        Row(f"    January, {what}", f"{correlation(shapes):.2f}", note)
        for what, shapes, note in groups
        if len(shapes) > 1
    ]
    return rows + [
        Row(f"    January, if {share:.0%} burnt gas", f"{week.with_gas(share):.2f}", "the fan left out")
        for share in GAS_SHARES
    ]


PEAKS = {
    "January": "peak of an all-electric home, ElectriCities of NC: 18 kW at 1,500 sf, 20 at 1,800",
    "July": "15 kW at 1,500 sf, 16 at 1,800",
}


if __name__ == "__main__":
    main()
