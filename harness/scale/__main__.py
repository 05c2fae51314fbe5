"""``make scale``: the limits and an event's course up to 1,000,000 VENs, also into docs/guides/scale.md.

``ARGS=--measure`` measures the planner anew first: half a minute.
"""

from __future__ import annotations

import argparse

import msgspec
from rich.console import Console

from harness.metrics_reference import local_template
from harness.scale import planner
from harness.scale.page import PAGE, replaced, tables

console = Console(highlight=False, soft_wrap=True)


def main() -> None:
    """Print the tables, and write them into the page."""
    parser = argparse.ArgumentParser(prog="scale", description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure the planner anew")
    if parser.parse_args().measure:
        plans = [planner.measure(vens) for vens in planner.COUNTS]
        planner.FILE.write_bytes(msgspec.json.format(msgspec.json.encode(plans), indent=1) + b"\n")
    made = tables(local_template(), planner.measured())
    console.print(made, markup=False)
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")


if __name__ == "__main__":
    main()
