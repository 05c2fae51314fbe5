"""``make busy``: the README's flows beside eight busy processes; ``ARGS="--runs 2 --flows 0"`` for less."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from harness.busy.flows import FlowOutcome, busy, first_run, fleet, interrupted

console = Console(highlight=False, soft_wrap=True)


def main() -> None:
    """Run the flows, print a line each, and exit 1 when one was not as it should be."""
    parser = argparse.ArgumentParser(prog="busy", description=__doc__)
    parser.add_argument("--load", type=int, default=8, help="busy processes beside the flows")
    parser.add_argument("--runs", type=int, default=10, help="times `up --once`")
    parser.add_argument("--flows", type=int, default=10, help="fleets of twenty homes")
    parser.add_argument("--interrupts", type=int, default=30, help="interrupts, one each second of the first")
    options = parser.parse_args()
    with busy(options.load):
        failed = _repeat("up --once", options.runs, lambda home, _: first_run(home))
        failed += _repeat("a fleet of 20", options.flows, lambda home, _: fleet(home))
    failed += _repeat("up, interrupted", options.interrupts, lambda home, at: interrupted(home, at + 1.0))
    if failed:
        sys.exit(f"busy: {failed} flows were not as they should be")


def _repeat(name: str, times: int, flow: Callable[[Path, int], FlowOutcome]) -> int:
    """Run a flow so many times, each in a folder of its own; how many had an objection."""
    outcomes = []
    for number in range(times):
        with tempfile.TemporaryDirectory() as folder:
            outcome = flow(Path(folder), number)
        outcomes.append(outcome)
        figures = "  ".join(f"{figure} {value:.2f}" for figure, value in outcome.figures.items())
        judged = "; ".join(outcome.objections) or "as it should be"
        console.print(f"{name} {number + 1:3}  {outcome.took_s:6.1f} s  {figures}  {judged}")
    failed = sum(1 for outcome in outcomes if outcome.objections)
    if outcomes:
        took_s = [outcome.took_s for outcome in outcomes]
        console.print(
            f"{name}: {times - failed} of {times}; {min(took_s):.1f} to {max(took_s):.1f} s, "
            f"median {statistics.median(took_s):.1f} s"
        )
    return failed


if __name__ == "__main__":
    main()
