"""``make bench``: print every figure as it is measured; ``ARGS="physics"`` runs one benchmark."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from harness.bench.figure import Figure

console = Console(highlight=False)


def _benchmarks() -> list[str]:
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def _figures(benchmark: str) -> Iterator[Figure]:
    yield from importlib.import_module(f"harness.bench.bench_{benchmark}").run()


def main() -> None:
    """Run the benchmarks named on the command line, or all."""
    wanted = sys.argv[1:] or _benchmarks()
    unknown = set(wanted) - set(_benchmarks())
    if unknown:
        names = ", ".join(_benchmarks())
        sys.exit(f"bench: no benchmark {', '.join(sorted(unknown))}; there are {names}")
    for benchmark in wanted:
        console.print(f"[bold]{benchmark}[/]")
        for figure in _figures(benchmark):
            beside = ""
            if figure.ratio is not None:
                beside = (
                    f"{figure.ratio:8.2f} x {figure.reference_name} ({figure.reference:.3g} {figure.unit})"
                )
            line = f"  {figure.name:36} {figure.value:10.3f} {figure.unit:12} {figure.aim:10} {beside}"
            console.print(line.rstrip(), soft_wrap=True)


if __name__ == "__main__":
    main()
