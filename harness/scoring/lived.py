"""A home lived through a season, with its events: what it drew, and would have drawn, by quarter hours.

What was lived is kept in ``.cache``, by the hash of the code and the weather that it follows from: a scoring
that is repeated lives nothing anew.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from itertools import chain
from pathlib import Path

from contracts.wire.events import Interval, Signal
from contracts.wire.units import S_PER_DAY
from harness.scoring.homes import home
from harness.scoring.seasons import DAYS, FROM_H, TO_H, Season
from ven_twin.control.house_pair import HousePair
from ven_twin.house.end_uses import read_end_uses
from ven_twin.house.house import House
from ven_twin.house.house_environment import HouseEnvironment, warmed_up
from ven_twin.house.profile import build_house

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "seasons"
LIVED_CODE = ("harness/scoring", "ven_twin/house", "ven_twin/control", "contracts/wire")
"""The folders that a lived season follows from."""
NOT_LIVED_CODE = ("__init__.py", "__main__.py", "scores.py", "tables.py")
STEP_S = 60
FREE_STEP_S = 180
"""The steps of a house that is left alone; against steps of a minute its hourly means differ by 1 to 2 %."""
QUARTER_S = 900
QUARTERS = 96
APART_S = 8 * 3600
"""After this long from an event's end a house and its clone are taken to be one again."""
ASK = Interval(duration_s=(TO_H - FROM_H) * 3600, signal=Signal.LEVEL, value=2.0)
"""Moderate: 60 % of the flexibility on offer."""


@dataclass(frozen=True, slots=True)
class Lived:
    """Quarter-hour means from local midnight of the first day, kW."""

    used_kw: Sequence[float]
    clone_kw: Sequence[float]


def live_all(season: Season, processes: int) -> list[Lived]:
    """The season in all its homes, from the cache as far as it is there."""
    numbers = range(season.first_home, season.first_home + season.homes)
    folder = CACHE / f"{season.climate.split()[0].lower()}-{season.first.year}-{_key(season)}"
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(partial(_cached, season, folder), numbers))


def outdoor_c(season: Season) -> list[float]:
    """Quarter-hour means of the outdoor temperature from local midnight of the first day."""
    site = _site(season, season.first_home)
    quarters = range(DAYS * QUARTERS)
    return [site.environment(season.first_ts + n * QUARTER_S, QUARTER_S).outdoor_c for n in quarters]


def live(season: Season, number: int) -> Lived:
    """Home *number* through the season.

    On an event day the house and its clone are stepped side by side until the next event or until four in the
    morning; by then they are taken to be one again.
    """
    site = _site(season, number)
    house = warmed_up(build_house(home(number)), site, season.first_ts)
    starts = [season.first_ts + day * S_PER_DAY + FROM_H * 3600 for day in season.event_days()]
    quarters_apart = {
        (start - season.first_ts) // QUARTER_S + n
        for start in starts
        for n in range((ASK.duration_s + APART_S) // QUARTER_S)
    }
    used, clone = array("f"), array("f")
    premises = HousePair(house, house)
    for quarter in range(DAYS * QUARTERS):
        from_ts = season.first_ts + quarter * QUARTER_S
        if quarter not in quarters_apart:
            house, drawn_kw = _alone(premises.counterfactual, site, from_ts)
            premises = HousePair(house, house)
            used.append(drawn_kw)
            clone.append(drawn_kw)
            continue
        ask = ASK if any(start <= from_ts < start + ASK.duration_s for start in starts) else None
        premises, used_kw, clone_kw = _apart(premises, site, from_ts, ask)
        used.append(used_kw)
        clone.append(clone_kw)
    return Lived(used, clone)


def _alone(house: House, site: HouseEnvironment, from_ts: int) -> tuple[House, float]:
    """A quarter hour of a house that nothing is requested of, and its mean power."""
    steps = range(from_ts, from_ts + QUARTER_S, FREE_STEP_S)
    drawn_kw = 0.0
    for at_s in steps:
        house, power_kw = house.step({}, site.environment(at_s, FREE_STEP_S), FREE_STEP_S)
        drawn_kw += sum(power_kw.values())
    return house, drawn_kw / len(steps)


def _apart(
    premises: HousePair, site: HouseEnvironment, from_ts: int, ask: Interval | None
) -> tuple[HousePair, float, float]:
    """A quarter hour of a house and its clone in an event or after it, and what each drew."""
    steps = range(from_ts, from_ts + QUARTER_S, STEP_S)
    used_kw = clone_kw = 0.0
    for at_s in steps:
        env = site.environment(at_s, STEP_S)
        if ask is not None or any(premises.plan.curtailed.values()):
            premises = premises.planned(env, STEP_S, ask)
        premises, flow = premises.step(env, STEP_S)
        used_kw += flow.used_kw
        clone_kw += flow.baseline_kw
    return premises, used_kw / len(steps), clone_kw / len(steps)


def _cached(season: Season, folder: Path, number: int) -> Lived:
    path = folder / f"{number}.f32"
    if not path.exists():
        lived = live(season, number)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(array("f", chain(lived.used_kw, lived.clone_kw)).tobytes())
        unfinished.rename(path)
    both = array("f", path.read_bytes())
    return Lived(both[: DAYS * QUARTERS], both[DAYS * QUARTERS :])


def _site(season: Season, number: int) -> HouseEnvironment:
    profile = home(number)
    return HouseEnvironment(season.weather, read_end_uses(), profile.habits, profile.seed)


@lru_cache
def _key(season: Season) -> str:
    """The hash of what a home's season follows from, but for the home's number."""
    digest = sha256(repr((season.first, season.weather_seed, season.weather.hours)).encode())
    for path in _code():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _code() -> Iterator[Path]:
    for folder in LIVED_CODE:
        paths = (ROOT / folder).rglob("*")
        yield from sorted(
            path
            for path in paths
            if path.suffix in {".py", ".toml", ".csv"} and path.name not in NOT_LIVED_CODE
        )
