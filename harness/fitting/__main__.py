"""``make fitting``: fits houses of GridLAB-D and OCHRE, and writes docs/guides/fit-your-house.md's table."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.fitting import ochre_truths
from harness.fitting.scores import FittedScore, score, table
from harness.fitting.truths import HOUSES, Truth, run
from tests.support.tmy3 import write_tmy3
from ven_twin.house.weather import Weather, read_weather

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "fit-your-house.md"
BEGIN, END = "<!-- scores: begin -->", "<!-- scores: end -->"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the table between the page's markers; ``--only`` prints a choice of houses."""
    parser = argparse.ArgumentParser(prog="python -m harness.fitting", description=__doc__)
    parser.add_argument("--only", default="", help="houses whose name has this; print, and write nothing")
    chosen = parser.parse_args(arguments)
    began_s = time.monotonic()
    try:
        text = table(list(_scores(chosen.only)))
    except subprocess.CalledProcessError as error:
        sys.exit(
            f"OCHRE could not be installed or did not run, nothing is written: {error}; --only leaves it out"
        )
    sys.stdout.write(text)
    if not chosen.only:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")
        sys.stdout.write(f"{PAGE.name} written in {time.monotonic() - began_s:.0f} s\n")


def _scores(only: str) -> Iterator[FittedScore]:
    sky = read_weather()
    with tempfile.TemporaryDirectory() as name:
        weather = Path(name) / "year.tmy3"
        write_tmy3(weather)
        for house, true_house in HOUSES.items():
            if only not in house:
                continue
            truth = run(true_house, Path(name), weather)
            yield from _both(house, truth, sky, furnace=true_house.furnace)
    for house in ochre_truths.STARTS:
        if only in house:
            truth, sky = ochre_truths.run(house)
            yield from _both(house, truth, sky, furnace=False)


def _both(house: str, truth: Truth, sky: Weather, *, furnace: bool) -> Iterator[FittedScore]:
    for thermometer in (True, False):
        sys.stderr.write(f"{house}, {'with' if thermometer else 'without'} a thermometer\n")
        yield score(house, truth, sky, furnace=furnace, thermometer=thermometer)


if __name__ == "__main__":
    main()
