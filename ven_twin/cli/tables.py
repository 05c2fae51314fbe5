"""Tables for people, at any width: an id is never broken, so that it can be copied. Pure.

    wide      event                     phase      start     request
              evt-20260714-170000-ab12  completed  17:00:00  3.00 kW less for 2 h

    narrow    evt-20260714-170000-ab12
                completed, start 17:00:00, 3.00 kW less for 2 h

The last column takes more lines where it is long; an id that is longer than its column has a line of its own.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

GAP, LEAST_GAP = "  ", " "
"""Between columns, and where it is narrow."""
INDENT = "  "
LEAST_TEXT = 12
"""The last column is wrapped to no less."""
LEAST_ID = 8
"""Longer ids have a line of their own before the others would have no room."""


class Column(NamedTuple):
    """A column: its heading, and the word before its value in the narrow form."""

    heading: str
    right: bool = False
    label: str = ""


def table_lines(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """The lines of a table whose first column has ids, at most *width* wide but for a longer id."""
    widths = [max(map(len, cells)) for cells in zip([one.heading for one in columns], *rows, strict=True)]
    gaps, over = len(widths) - 1, sum(widths) - width
    gap = GAP if over + len(GAP) * gaps - _slack(widths) <= 0 else LEAST_GAP
    over += len(gap) * gaps
    for place, least in ((-1, LEAST_TEXT), (0, LEAST_ID)):
        less = min(max(over, 0), max(widths[place] - least, 0))
        widths[place] -= less
        over -= less
    if over > 0:
        return [line for row in rows for line in _record(columns, row, width)]
    heading = [one.heading for one in columns]
    return [line for row in (heading, *rows) for line in _row(columns, row, widths, gap)]


def _slack(widths: Sequence[int]) -> int:
    """The columns that the text and the ids can do without."""
    return max(widths[-1] - LEAST_TEXT, 0) + max(widths[0] - LEAST_ID, 0)


def _row(columns: Sequence[Column], row: Sequence[str], widths: Sequence[int], gap: str) -> Iterator[str]:
    """A row in its columns."""
    first, *middle, last = row
    if len(first) > widths[0]:
        yield first
        first = ""
    wrapped = textwrap.wrap(last, max(1, widths[-1]), break_on_hyphens=False) or [""]
    for index, text in enumerate(wrapped):
        cells = [first, *middle, text] if index == 0 else [*[""] * (len(row) - 1), text]
        aligned = (
            cell.rjust(size) if column.right else cell.ljust(size)
            for column, cell, size in zip(columns, cells, widths, strict=True)
        )
        yield gap.join(aligned).rstrip()


def _record(columns: Sequence[Column], row: Sequence[str], width: int) -> Iterator[str]:
    """A row as a paragraph under its id."""
    first, *rest = row
    yield first
    texts = [
        f"{column.label} {cell}".strip()
        for column, cell in zip(columns[1:], rest, strict=True)
        if cell.strip() and cell != "–"
    ]
    yield from textwrap.wrap(
        ", ".join(texts), width, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False
    )
