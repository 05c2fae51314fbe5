"""Writes docs/performance.md, of what a whole ``make bench`` has measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.bench.figure import Figure

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
HEAD = """# Performance

Made by `make bench` from `harness/bench`, in one run. Times are of processors unless a figure says otherwise.
**Read the ratios**: each figure stands beside something known that was measured in the same run on the same
machine. On another machine, or a busy one, figures are others; ratios move less.

Fleets of many VENs in one process are those of `make bench ARGS=crowd`, 200, and of
`make crowd ARGS="--vens 1000"`
([a fleet](guides/fleet.md#many-vens-in-one-process)).
The functions on their share of a processor are `make functions`' ([functions](reference/functions.md)).
"""


class Machine(NamedTuple):
    """A machine, and how busy it was when a run began: processes that run or wait."""

    processor: str
    cores: int
    memory_gib: float
    system: str
    python: str
    load: float

    @classmethod
    def here(cls) -> Machine:
        """This one, now."""
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return cls(
            processor=_processor(),
            cores=os.cpu_count() or 1,
            memory_gib=pages / 2**30,
            system=f"{platform.system()} {platform.release().partition('-')[0]}, {platform.machine()}",
            python=f"{platform.python_implementation()} {platform.python_version()}",
            load=os.getloadavg()[0],
        )


def _processor() -> str:
    """The processor's name; as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def performance_page(
    machine: Machine, measured_on: str, results: Mapping[str, tuple[str, Sequence[Figure]]]
) -> str:
    """The page: the machine, then a table for each benchmark.

    Args:
        machine: where it was measured.
        measured_on: the day.
        results: the title and the figures of each benchmark, by its name.
    """
    about = (
        ("measured", measured_on),
        ("processor", f"{machine.processor}, {machine.cores} of its threads"),
        ("memory", f"{machine.memory_gib:.0f} GiB"),
        ("system", machine.system),
        ("Python", machine.python),
        ("load at the start", f"{machine.load:.1f}"),
    )
    rows = [f"| {name} | {text} |" for name, text in about]
    sections = [HEAD, "\n".join(["## The machine", "", "| | |", "|---|---|", *rows])]
    sections += [_section(name, title, figures) for name, (title, figures) in results.items()]
    return "\n".join(sections).rstrip() + "\n"


def _section(name: str, title: str, figures: Sequence[Figure]) -> str:
    rows = [_row(figure) for figure in figures]
    head = ("| figure | measured | wanted | ratio | beside |", "|---|--:|--:|--:|---|")
    heading = name.replace("_", " ").capitalize()
    text = f"{title} `make bench ARGS={name}` measures it alone."
    return "\n".join(["", f"## {heading}", "", text, "", *head, *rows])


def _row(figure: Figure) -> str:
    beside = ratio = ""
    if figure.ratio is not None:
        ratio = f"{figure.ratio:.3g} ×"
        beside = f"{figure.reference_name} ({figure.reference:.3g} {figure.unit})"
    cells = (figure.name.strip(), f"{figure.value:.3g} {figure.unit}", figure.aim, ratio, beside)
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
