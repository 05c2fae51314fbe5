"""docs/reference/functions.md, and the measurements beside it that it and the gate are made of."""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from cdk.lambda_function import FULL_PROCESSOR_MB
from harness.functions.loads.events import SETTLED
from harness.functions.measure import HALF, Measured, share_of
from harness.functions.stack import HOOK_S, ROOT, StackFunction

PAGE = ROOT / "docs" / "reference" / "functions.md"
DATA = PAGE.with_suffix(".json")
SMALLEST_MB = 256
"""Memory of the functions that need little; 0.145 of a processor comes with it."""
COLUMNS = (
    "function",
    "memory, MB",
    "share",
    "worst load",
    "calls of AWS",
    "import, s",
    "handler, s",
    "at its share, s",
    "limit, s",
    "headroom",
    "memory used, MB",
)
_CPUS = Path("/proc/cpuinfo")


class Measurements(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Every load as it was measured by one run of ``make functions``, on what, and how often each."""

    date: str
    python: str
    processor: str
    tries: int
    loads: tuple[Measured, ...]


def read_measurements() -> Measurements:
    """The measurements that are written down."""
    return msgspec.json.decode(DATA.read_bytes(), type=Measurements)


def measurements(loads: Iterable[Measured], tries: int) -> Measurements:
    """*loads* as measured today on this machine."""
    return Measurements(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        python=platform.python_version(),
        processor=_processor(),
        tries=tries,
        loads=tuple(loads),
    )


def write(results: Measurements, functions: Mapping[str, StackFunction]) -> None:
    """Write the page and the measurements."""
    DATA.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    PAGE.write_text(page(results, functions), encoding="utf-8")


def page(results: Measurements, functions: Mapping[str, StackFunction]) -> str:
    """The whole page."""
    rows = [_row(measured, functions[measured.function]) for measured in results.loads]
    return f"""# Functions

Made by `make functions`, which writes the table and, beside it, [functions.json](functions.json): the
figures that the tests judge `cdk/functions.py` by. Measured on {results.date} with Python {results.python}
on a machine with {results.processor}; memory and timeouts are the template's of `stage=dev`.

Each row is one of the worst loads that the documentation allows (`harness/functions/loads/`). It runs in
a process of its own that starts as Lambda starts a function: the handler's module is imported, clients are
made, then one event meets a sandbox without connections. AWS is in another process, behind HTTPS, with
answers that make the function do the most. *Import* and *handler* are the process's CPU time, all threads
together, on a whole core of that machine, the least of {results.tries} runs; waiting is none, and pauses are
not lived through. A core of Lambda is another one, and may be slower: the headroom is for that.

{FULL_PROCESSOR_MB:,} MB of memory come with one processor, less with its share. Import runs at a whole one;
the handler's CPU divided by the share has to stay **below half of the timeout**. AWS IoT waits {HOOK_S:g} s
for `admit_ven`, its cold start included, so its import counts. The sweep of `rotate_ven` ends by its own
clock when 25 s are left, which the last VEN has to stay below half of. *Memory used* is the most that the
process took, and has to stay below the function's.

| {" | ".join(COLUMNS)} |
|---|--:|--:|---|{"--:|" * (len(COLUMNS) - 4)}
{chr(10).join(rows)}

Rows of *a house's* messages are no worst loads: ordinary ones, in a sandbox that is warm by then, the mean
of many times. `ven-twin cost` reckons with them, between one message and ten.

`make test` measures the heaviest load of each function anew. It refuses one that takes more than half of
its limit, one that was never measured, and a function without a load.

## An event's first settlement

{_settlement(results, functions)}
"""


def _row(measured: Measured, function: StackFunction) -> str:
    share = share_of(measured, function)
    cells = [
        f"`{function.name}`",
        f"{function.memory_mb:,}",
        f"{function.share:.3f}",
        measured.load,
        f"{measured.calls:,}",
        f"{measured.import_s:.2f}",
        f"{measured.handler_s:.2f}",
        f"{share.seconds:.1f}",
        f"{share.limit_s:g}",
        f"{share.headroom:.0f} ×",
        f"{measured.peak_mb:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _settlement(results: Measurements, functions: Mapping[str, StackFunction]) -> str:
    """The settlement of 16 VENs at the function's share, and at the smallest."""
    (measured,) = (entry for entry in results.loads if entry.load.startswith(SETTLED))
    function, smallest = functions[measured.function], SMALLEST_MB / FULL_PROCESSOR_MB
    ven_day_ms = measured.handler_s / 16 / 20 * 1000
    rows = [
        _at_share(measured.handler_s / share, share, memory, function.timeout_s)
        for share, memory in (
            (function.share, f"{function.memory_mb:,} MB, as deployed"),
            (smallest, f"{SMALLEST_MB} MB"),
        )
    ]
    return f"""\
The whole handler with 16 VENs and their 20 days of rows every 30 s, of which no day is kept yet: header,
plan, acks, 920,000 rows, the report, each day as an item, the VENs' performance, their shadows. It costs
{measured.handler_s:.1f} s of CPU, {ven_day_ms:.0f} ms a VEN and day, in {measured.calls:,} calls, and
holds {measured.peak_mb:.0f} MB at the most.

| processor | seconds | of the {function.timeout_s:g} s that the function has |
|---|--:|--:|
{chr(10).join(rows)}

Half is {HALF * function.timeout_s:g} s. Each day is kept as soon as it is made, so that a settlement which is
cut short goes on from there."""


def _at_share(seconds: float, share: float, memory: str, timeout_s: float) -> str:
    return f"| {share:.3f} ({memory}) | {seconds:.1f} | {seconds / timeout_s:.0%} |"


def _processor() -> str:
    """The processor's name, or the machine's kind where none is told."""
    lines = _CPUS.read_text(encoding="utf-8").splitlines() if _CPUS.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
