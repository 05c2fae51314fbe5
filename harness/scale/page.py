"""The tables of docs/guides/scale.md that ``make scale`` writes, between two marks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.scale.course import course
from harness.scale.limits import limits
from harness.scale.planner import MeasuredPlan
from harness.scale.quotas import LARGE, SMALL, Quotas
from harness.scale.returning import returning
from ven_twin.cli.fleet_identities import CLAIMS_PER_S
from ven_twin.webkit.formatting import duration

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "scale.md"
BEGIN, END = "<!-- made by make scale -->", "<!-- to here -->"
COUNTS = (1, 100, 1_000, 10_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)
INTERVALS = (30.0, 300.0)


def tables(template: Mapping[str, Any], plans: list[MeasuredPlan]) -> str:
    """All tables, of the stack's *template* and the planner as it was measured."""
    made = [_limits_table(template, plans), _planner_table(plans)]
    made += [_course_table(quotas, plans) for quotas in (SMALL, LARGE)]
    return "\n\n".join([*made, _fleet_table()])


def replaced(text: str, made: str) -> str:
    """The page's *text* with what was *made* between the marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"


def shown(text: str) -> str:
    """The text between the marks of a page's *text*."""
    return text.partition(BEGIN)[2].partition(END)[0].strip()


def _limits_table(template: Mapping[str, Any], plans: list[MeasuredPlan]) -> str:
    small = limits(SMALL, template, plans, INTERVALS[0])
    columns = [
        {limit.what: limit for limit in limits(quotas, template, plans, interval_s)}
        for quotas in (SMALL, LARGE)
        for interval_s in INTERVALS
    ]
    head = ["limit", "400/s, 30 s", "400/s, 5 min", "4,000/s, 30 s", "4,000/s, 5 min", "of", "then"]
    rows = (
        [limit.what, *(_count(column[limit.what].vens) for column in columns), limit.of, limit.then]
        for limit in small
    )
    return _table(head, rows, numbers=range(1, 5))


def _planner_table(plans: list[MeasuredPlan]) -> str:
    head = ["planner", "CPU", "memory", "called", "chunks", "write units", "slices of a map run"]
    rows = (
        [
            f"{plan.vens:,} VENs",
            f"{plan.cpu_s:.2f} s",
            f"{plan.memory_mb:,.0f} MB",
            f"{plan.called:,}",
            f"{plan.chunks:,}",
            f"{plan.write_units:,}",
            f"{plan.slices:,}",
        ]
        for plan in plans
    )
    return _table(head, rows, numbers=range(1, 7))


def _course_table(quotas: Quotas, plans: list[MeasuredPlan]) -> str:
    head = [
        f"{quotas.shadow_per_s:,}/s", "way", "planned", "last shadow", "last VEN acts", "last report",
        "most reports that wait", "`randomizeStartS` for none to wait",
    ]  # fmt: skip
    rows = []
    for vens in COUNTS:
        one = course(vens, quotas, plans)
        rows.append(
            [
                f"{vens:,}",
                one.way,
                _time(one.planned_s),
                _time(one.written_s),
                _time(one.active_s),
                "no room" if one.reported_s is None else _time(one.reported_s),
                f"{one.most_waiting:,.0f}",
                "no room" if one.spread_s is None else f"{math.ceil(one.spread_s):,}",
            ]
        )
    return _table(head, rows, numbers=(0, 2, 3, 4, 5, 6, 7))


def _fleet_table() -> str:
    head = ["VENs", "all claimed", "all back after an outage", "CONNECTs in the worst second", "tries a VEN"]
    rows = []
    for vens in COUNTS:
        back = returning(vens, SMALL.connects_per_s)
        rows.append(
            [
                f"{vens:,}",
                _time(vens / CLAIMS_PER_S),
                _time(back.back_s),
                f"{math.ceil(back.most_per_s):,}",
                f"{max(1.0, back.tries):.1f}",
            ]
        )
    return _table(head, rows, numbers=range(5))


def _count(vens: float) -> str:
    """Two figures are enough of a count, and above a million it does not matter."""
    if vens > COUNTS[-1]:
        return "–"
    digits = 1 - math.floor(math.log10(vens))
    return f"{round(vens, digits):,.0f}"


def _time(seconds: float) -> str:
    return duration(max(1, round(seconds)))


def _table(
    head: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]], *, numbers: Any
) -> str:
    rule = ["--:" if place in numbers else "---" for place in range(len(head))]
    lines = [head, None, *rows]
    return "\n".join(
        f"|{'|'.join(rule)}|" if cells is None else f"| {' | '.join(cells)} |" for cells in lines
    )
