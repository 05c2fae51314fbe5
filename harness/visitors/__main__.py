"""``make visitors``: each siege for five minutes; ``ARGS="--seconds 60 --only streams"`` for less."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from harness.visitors.fleet_page import FLEET_SIEGES, run_fleet_siege
from harness.visitors.siege import Visit
from harness.visitors.twin_page import TWIN_SIEGES, run_twin_siege

VISITORS = 1500
console = Console(highlight=False, soft_wrap=True)


def main() -> None:
    """Run the sieges, print a line for each, and exit 1 when one fails."""
    parser = argparse.ArgumentParser(prog="visitors", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="how long each lasts")
    parser.add_argument("--visitors", type=int, default=VISITORS, help="how many come")
    parser.add_argument("--only", default="", help="sieges with this in their name")
    options = parser.parse_args()
    failed = []
    for name in [name for name in (*TWIN_SIEGES, *FLEET_SIEGES) if options.only in name]:
        run = run_twin_siege if name in TWIN_SIEGES else run_fleet_siege
        with tempfile.TemporaryDirectory() as folder:
            visit = asyncio.run(run(name, Path(folder), seconds=options.seconds, visitors=options.visitors))
        console.print(shown(name, visit))
        failed += [f"{name}: {objection}" for objection in visit.objections]
    if failed:
        sys.exit("visitors: " + "; ".join(failed))


def shown(name: str, visit: Visit) -> str:
    """The figures of one siege, in one line."""
    live_ms = [1000.0 * seconds for seconds in visit.live_s] or [float("nan")]
    median_ms, slowest_ms = statistics.median(live_ms), max(live_ms)
    return (
        f"{name:18} {visit.visits:7} visits  /live {len(visit.live_s)} times, "
        f"{len(visit.live_failed)} failed, median {median_ms:.0f} ms, slowest {slowest_ms:.0f} ms; "
        f"{visit.links} connections beside, event {'late' if visit.untimely else 'on time'}, "
        f"{visit.rows} messages, at most {visit.descriptors} descriptors  {visit.note}"
    )


if __name__ == "__main__":
    main()
