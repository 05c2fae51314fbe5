"""``make bench``: print every figure as it is measured, and write docs/performance.md of all of them.

``ARGS="physics"`` runs one benchmark, and writes nothing.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from rich.console import Console

from harness.bench.figure import Figure
from harness.bench.page import PAGE, Machine, performance_page

console = Console(highlight=False)


def _benchmarks() -> list[str]:
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def _module(benchmark: str) -> ModuleType:
    return importlib.import_module(f"harness.bench.bench_{benchmark}")


def _figures(benchmark: str) -> Iterator[Figure]:
    yield from _module(benchmark).run()


def _title(benchmark: str) -> str:
    """The first line of a benchmark's documentation."""
    return (_module(benchmark).__doc__ or "").partition("\n")[0]


def main() -> None:
    """Run the benchmarks named on the command line, or all."""
    wanted = sys.argv[1:] or _benchmarks()
    unknown = set(wanted) - set(_benchmarks())
    if unknown:
        names = ", ".join(_benchmarks())
        sys.exit(f"bench: no benchmark {', '.join(sorted(unknown))}; there are {names}")
    machine, results = Machine.here(), dict[str, tuple[str, list[Figure]]]()
    for benchmark in wanted:
        console.print(f"[bold]{benchmark}[/]")
        figures: list[Figure] = []
        results[benchmark] = (_title(benchmark), figures)
        for figure in _figures(benchmark):
            figures.append(figure)
            beside = ""
            if figure.ratio is not None:
                beside = (
                    f"{figure.ratio:8.2f} x {figure.reference_name} ({figure.reference:.3g} {figure.unit})"
                )
            line = f"  {figure.name:36} {figure.value:10.3f} {figure.unit:12} {figure.aim:10} {beside}"
            console.print(line.rstrip(), soft_wrap=True)
    if not sys.argv[1:]:
        today = datetime.now(UTC).date().isoformat()
        PAGE.write_text(performance_page(machine, today, results), encoding="utf-8")
        console.print(f"{PAGE.name} is written.")


if __name__ == "__main__":
    main()
