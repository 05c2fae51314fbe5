"""``make functions``: measures every load and writes docs/reference/functions.md and functions.json.

``ARGS="store_telemetry record_vens"`` measures these alone, and keeps what is written down of the others.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from rich.console import Console

from harness.functions.loads import worst_loads
from harness.functions.measure import TRIES, breaches, measure, share_of
from harness.functions.page import PAGE, measurements, read_measurements, write
from harness.functions.server import aws_side
from harness.functions.stack import ROOT, functions_of, synthesized

console = Console(highlight=False)


def main() -> None:
    """Measure, write, and fail when a function has too little."""
    functions = {function.name: function for function in functions_of(synthesized())}
    only = frozenset(sys.argv[1:])
    before = [load for load in read_measurements().loads if only and load.function not in only]
    results = []
    with tempfile.TemporaryDirectory() as folder, aws_side(Path(folder)) as aws:
        for name, loads in worst_loads().items():
            if only and name not in only:
                results += [load for load in before if load.function == name]
                continue
            for measured in measure(functions[name], loads, aws, tries=TRIES):
                share = share_of(measured, functions[name])
                console.print(
                    f"  {name:16} {share.seconds:6.1f} s of {share.limit_s:3g}  {measured.load}",
                    soft_wrap=True,
                )
                results.append(measured)
    write(measurements(results, TRIES), functions)
    console.print(f"written: {PAGE.relative_to(ROOT)}")
    refused = [line for function in functions.values() for line in breaches(function, results)]
    if refused:
        sys.exit("\n".join(refused))


if __name__ == "__main__":
    main()
