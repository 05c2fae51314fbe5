"""``make bench``: every figure, printed as it comes; ``ARGS="physics"`` for one part."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from harness.bench.figure import Figure

console = Console(highlight=False)


def _parts() -> list[str]:
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def _figures(part: str) -> Iterator[Figure]:
    yield from importlib.import_module(f"harness.bench.bench_{part}").run()


def main() -> None:
    """Run the parts that are asked for, or all."""
    wanted = sys.argv[1:] or _parts()
    unknown = set(wanted) - set(_parts())
    if unknown:
        sys.exit(f"bench: no part {', '.join(sorted(unknown))}; there are {', '.join(_parts())}")
    for part in wanted:
        console.print(f"[bold]{part}[/]")
        for figure in _figures(part):
            beside = ""
            if figure.ratio is not None:
                beside = (
                    f"{figure.ratio:8.2f} x {figure.reference_name} ({figure.reference:.3g} {figure.unit})"
                )
            line = f"  {figure.name:36} {figure.value:10.3f} {figure.unit:12} {figure.aim:10} {beside}"
            console.print(line.rstrip(), soft_wrap=True)


if __name__ == "__main__":
    main()
