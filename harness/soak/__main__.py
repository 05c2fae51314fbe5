"""``make soak``: run a twin for an hour, or for ``ARGS="--minutes 90"``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from harness.soak.soak import REPORT_INTERVAL_S, SoakResult, soak

console = Console(highlight=False, soft_wrap=True)


def main() -> None:
    """Run the soak, print its result, and exit 1 when it fails."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long; an hour by default")
    parser.add_argument("--json", type=Path, help="write the samples and counts to this file")
    parser.add_argument("--brief", action="store_true", help="only the outcome")
    options = parser.parse_args()
    if options.minutes < 1:
        parser.error(f"--minutes: at least 1, got {options.minutes:g}")
    progress = (lambda _: None) if options.brief else console.print
    with tempfile.TemporaryDirectory() as folder:
        soaked = soak(Path(folder), options.minutes, progress)
    for line in shown(soaked):
        console.print(line)
    if options.json:
        options.json.write_text(json.dumps(as_json(soaked), indent=2) + "\n")
    if soaked.objections:
        console.print(soaked.log[-4000:], markup=False)
        sys.exit("soak: " + "; ".join(soaked.objections))


def shown(soaked: SoakResult) -> list[str]:
    """The outcome, one figure a line."""
    settled = soaked.settled
    first_mb, last_mb = settled[0].rss_kb / 1024.0, settled[-1].rss_kb / 1024.0
    grown = f"{soaked.growth:+.2%}, {soaked.slope_kb_h:+.0f} KB/h"
    return [
        f"soak of {soaked.minutes:g} min, a row every {REPORT_INTERVAL_S} s, through the local cloud",
        f"  rows stored               {soaked.rows} (seq 0 to {soaked.last_seq})",
        f"  gaps in seq               {len(soaked.missing)}",
        f"  connections               {soaked.connects}",
        f"  unexpected disconnects    {soaked.unexpected_disconnects}",
        f"  events shed to the end    {soaked.completed} of {soaked.events}",
        f"  memory after warm-up      {first_mb:.1f} MB, at the end {last_mb:.1f} MB: {grown}",
        f"  CPU                       {soaked.cpu_percent:.2f} % of a core",
    ]


def as_json(soaked: SoakResult) -> dict[str, object]:
    """Counts and samples, without the log."""
    return {
        "minutes": soaked.minutes,
        "rows": soaked.rows,
        "lastSeq": soaked.last_seq,
        "missing": list(soaked.missing),
        "connects": soaked.connects,
        "unexpectedDisconnects": soaked.unexpected_disconnects,
        "events": soaked.events,
        "completed": soaked.completed,
        "growth": soaked.growth,
        "slopeKbAnHour": soaked.slope_kb_h,
        "cpuPercent": soaked.cpu_percent,
        "samples": [[round(s.at_s, 1), s.rss_kb, round(s.cpu_s, 2)] for s in soaked.samples],
    }


if __name__ == "__main__":
    main()
