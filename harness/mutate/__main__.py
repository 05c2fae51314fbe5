"""``make mutate``: a seeded sample of mutants, and whether the tests notice them.

``ARGS="--seed 7 --count 40 --only dispatch"`` for less. Exit 1 when an area with a target scores below it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from harness.mutate import report
from harness.mutate.areas import AREAS, files_by_area
from harness.mutate.reach import BrokenTestsError, measured_reach
from harness.mutate.sample import equivalent_mutants, sample
from harness.mutate.tree import Tree
from harness.mutate.trial import MutantTrial, try_all

CHECKOUT = Path(__file__).resolve().parents[2]

console = Console(highlight=False, markup=False, soft_wrap=True)


def main() -> None:
    """Try the sample, print the report, and exit 1 when a target is missed."""
    options = _options()
    try:
        files = files_by_area(CHECKOUT, options.only)
    except LookupError as error:
        sys.exit(f"mutate: {error.args[0]}")
    shares = sample(CHECKOUT, files, count=options.count, seed=options.seed)
    trials: list[MutantTrial] = []
    interrupted = False
    try:
        with Tree.copied_from(CHECKOUT) as tree, TemporaryDirectory(prefix="mutate-log-") as folder:
            console.print("Measuring which tests run which lines, as far as the cache does not know it")
            reach = measured_reach(
                CHECKOUT, tree, Path(folder), processes=options.processes, progress=console.print
            )
        for test in reach.failing:
            console.print(f"left out, it fails without a mutant: {test}")
        for trial in try_all(CHECKOUT, shares, equivalent_mutants(), reach, processes=options.processes):
            trials.append(trial)
            for line in report.survivor(trial, (CHECKOUT / trial.mutant.path).read_text()):
                console.print(line)
    except BrokenTestsError as error:
        sys.exit(f"mutate: {error}")
    except KeyboardInterrupt:
        interrupted = True
    console.print(report.table(trials))
    if interrupted:
        sys.exit("mutate: interrupted, so this is a part of the sample; the checkout is as it was")
    if low := report.below_target(trials):
        sys.exit(f"mutate: below the target: {', '.join(low)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mutate", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--count", type=int, default=165, help="mutants, in equal shares over the areas")
    parser.add_argument(
        "--only", action="append", default=[], metavar="AREA",
        help=f"an area ({', '.join(AREAS)}), or files with this in their path; may be repeated",
    )  # fmt: skip
    parser.add_argument("-p", "--processes", type=int, default=2, help="mutants at a time")
    options = parser.parse_args()
    if options.count < 1 or options.processes < 1:
        parser.error("at least one mutant and one process, as in --count 40 --processes 2")
    return options


if __name__ == "__main__":
    main()
