"""``make lifecycle``: deploy, change, destroy under weather for ten seeds; ``ARGS="--seeds 2"`` for less."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from harness.lifecycle.lifecycle import live
from local_cloud.runtime import CloudWeather, DeployError

console = Console(highlight=False, soft_wrap=True)


def main() -> None:
    """Live through each seed, print a line for it, and exit 1 when one is not clean."""
    parser = argparse.ArgumentParser(prog="lifecycle", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="how many; ten by default")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument(
        "--failing", type=float, default=CloudWeather().failing, help="share of calls that fail"
    )
    options = parser.parse_args()
    if options.seeds < 1:
        parser.error(f"--seeds: at least 1, got {options.seeds}")
    console.print("seed  deploy  change  destroy  outcome")
    unclean = 0
    for seed in range(options.first, options.first + options.seeds):
        line, clean = _line(CloudWeather(seed=seed, failing=options.failing))
        console.print(line, markup=False)
        unclean += not clean
    if unclean:
        sys.exit(f"lifecycle: {unclean} of {options.seeds} seeds were not clean")


def _line(weather: CloudWeather) -> tuple[str, bool]:
    """A seed's line, and whether nothing was wrong with it."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            lived = live(Path(folder), weather)
        except DeployError as error:
            return f"{weather.seed:4}  {error}", False
    outcome = "; ".join(lived.objections) or "clean"
    times = f"{lived.deploy_s:5.1f}s  {lived.change_s:5.1f}s  {lived.destroy_s:6.1f}s"
    return f"{lived.seed:4}  {times}  {outcome}", not lived.objections


if __name__ == "__main__":
    main()
