"""CPU of the command line: its help beside an empty program of typer's, a listing beside boto3's client."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from harness.bench.figure import Figure

REPEATS = 7
EMPTY = "import typer\napp = typer.Typer()\n@app.command()\ndef main() -> None:\n    'Do nothing.'\napp()\n"
CLIENT = "import boto3; boto3.client('dynamodb', region_name='us-east-1')"


def run() -> Iterator[Figure]:
    """Measure, each the least of some runs, in turn: the machine's load is in none of them alone."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY)
        help_s, empty_s = _cpu_s(["-m", "ven_twin.cli", "--help"], [str(empty), "--help"])
    yield Figure("ven-twin --help, CPU", help_s, "s", "<= 1.1 x", empty_s, "an empty program of typer's")
    # Without a local cloud it ends where it would have read: what it loads is what is measured.
    list_s, client_s = _cpu_s(["-m", "ven_twin.cli", "event", "list"], ["-c", CLIENT])
    yield Figure("ven-twin event list, CPU", list_s, "s", "<= 0.7 x", client_s, "boto3's client of DynamoDB")


def _cpu_s(*commands: Sequence[str]) -> list[float]:
    """The least CPU of each Python command, s."""
    least = [float("inf")] * len(commands)
    for _ in range(REPEATS + 1):  # the first compiles
        for place, command in enumerate(commands):
            before = getrusage(RUSAGE_CHILDREN)
            subprocess.run([sys.executable, *command], capture_output=True, check=False)
            after = getrusage(RUSAGE_CHILDREN)
            spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            least[place] = min(least[place], spent_s)
    return least
