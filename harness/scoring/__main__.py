"""``make baselines``: lives the seasons, scores the baselines, writes baselines.md's tables."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from harness.scoring.lived import live_all, outdoor_c
from harness.scoring.scores import Scores, score_season
from harness.scoring.seasons import CLIMATES, Season, fresh, tuning
from harness.scoring.tables import tables

HOMES = 100
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "baselines.md"
BEGIN, END = "<!-- scores: begin -->", "<!-- scores: end -->"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the tables between the page's markers; the same code and weather give the same tables."""
    parser = argparse.ArgumentParser(prog="python -m harness.scoring", description=__doc__)
    parser.add_argument("--homes", type=int, default=HOMES)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--tuning", action="store_true", help="print the tuning seasons alone, write nothing")
    chosen = parser.parse_args(arguments)
    began_s = time.monotonic()
    seasons = [tuning(climate, chosen.homes) for climate in CLIMATES]
    if not chosen.tuning:
        seasons += [season for climate in CLIMATES for season in fresh(climate, chosen.homes)]
    for season in seasons:
        live_all(season, chosen.processes)
        sys.stderr.write(
            f"{season.climate} {season.first.year}: lived by {time.monotonic() - began_s:.0f} s\n"
        )
    with ProcessPoolExecutor(chosen.processes) as pool:
        scores = list(pool.map(_scored, seasons))
    tuned = dict(zip(CLIMATES, scores, strict=False))
    of_fresh = {
        climate: [of for season, of in zip(seasons, scores, strict=True) if _is_fresh(season, climate)]
        for climate in CLIMATES
    }
    text = tables(of_fresh, tuned, homes=chosen.homes)
    sys.stdout.write(text)
    if not chosen.tuning:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")
        sys.stdout.write(f"{PAGE.name} written in {time.monotonic() - began_s:.0f} s\n")


def _is_fresh(season: Season, climate: str) -> bool:
    return season.climate == climate and season.weather_seed is not None


def _scored(season: Season) -> Scores:
    """The scores of a season that was lived; of each home only where the season is a fresh one."""
    homes = live_all(season, 1)
    return score_season(season, homes, outdoor_c(season), singly=season.weather_seed is not None)


if __name__ == "__main__":
    main()
