"""The time that telemetry rows measured. Pure.

    stamps          …… 10 ── 40 ── 70 ……………………… 160 ── 190      whole seconds, rounded down
    measuredS             30    30    30  (asleep)   30    30
    spans           [10,40) [40,70)            [130,160) [160,190)

A row ends in the second of its timestamp and begins `measuredS` before. Rows of one boot that follow one
another by their seq are a chain: one begins where the one before ends, to the millisecond. A chain begins as
early as it can with no row ending before its stamp. Rows end where events start and end, which is at whole
seconds, so that a chain lies where it was lived. Where chain and stamps do not agree to a second, there is
time between that nobody measured, and another chain begins.

A row without `measuredS` reaches back to the row before where no seq is missing between the two, however long
that is. Where one is missing, or nothing is known of it, it reaches back over one usual spacing of the rows.

No span begins before the one before it ends, so that no VEN has measured more time than has passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from operator import le, lt, sub
from statistics import median_low
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from lambdas.shared.power_traces import PowerRow

REACH = 1.5
"""Up to so many usual spacings a row is only late. Interpretation: room for jitter, not for a lost row."""
NEIGHBOURS = 5
"""The spacings to either side that say what is usual: the report interval may change at any time."""
STRETCH = 64
"""Gaps that are looked at together: where all are about alike, none of them is."""
LONE_REACH_S = 60.0
"""The reach of a row when there is no other to take a spacing from."""
AGREES_S = 1.05
"""The distance that the stamps of a chain may be from its times: a second of rounding, and what a clock is
corrected by in an hour."""


class RowSpans(NamedTuple):
    """Rows in order, and where the time of each begins and ends, UTC s."""

    rows: Sequence[PowerRow]
    starts_s: Sequence[float]
    ends_s: Sequence[float]


def row_spans(rows: Sequence[PowerRow]) -> RowSpans:
    """The spans of *rows*, without the rows that cover nothing of their own."""
    stamps = [row.timestamp for row in rows]
    if _is_chain(rows, stamps):
        measured_s = [row.measured_s for row in rows]
        try:
            return _without_overlap(rows, *_of_chain(stamps, cast("list[float]", measured_s)))
        except TypeError:  # A row without `measuredS`: dearer to look for than to meet.
            pass
    if not all(map(lt, stamps, stamps[1:])):
        rows = sorted(rows, key=lambda row: (row.timestamp, row.boot_id or "", row.seq or 0))
    rows = _without_repeats(rows)
    return _without_overlap(rows, *_of_any(rows))


def _is_chain(rows: Sequence[PowerRow], stamps: Sequence[int]) -> bool:
    """Tell rows of one boot, in order, of which none is missing."""
    boots, seqs = [row.boot_id for row in rows], [row.seq for row in rows]
    return (
        bool(seqs)
        and (first := seqs[0]) is not None
        and boots.count(boots[0]) == len(rows)
        and seqs == list(range(first, first + len(rows)))
        and stamps == sorted(stamps)
    )


def _without_repeats(rows: Sequence[PowerRow]) -> Sequence[PowerRow]:
    """*rows* without those that were sent again: of those with one boot and seq the first."""
    seen: set[tuple[str | None, int]] = set()
    once = []
    for row in rows:
        if row.seq is not None:
            if (row.boot_id, row.seq) in seen:
                continue
            seen.add((row.boot_id, row.seq))
        once.append(row)
    return once


def _of_any(rows: Sequence[PowerRow]) -> tuple[list[float], list[float]]:
    """Starts and ends of rows of any kind, which may overlap."""
    stamps = [row.timestamp for row in rows]
    usual_s = _lengths_s(stamps)
    follows = [False, *(_follows(before, row) for before, row in pairwise(rows))]
    starts_s: list[float] = []
    ends_s: list[float] = []
    at = 0
    while at < len(rows):
        after = at
        lengths_s: list[float] = []
        while after < len(rows) and (after == at or follows[after]):
            length_s = rows[after].measured_s
            if length_s is None:
                break
            lengths_s.append(length_s)
            after += 1
        if lengths_s:
            starts, ends = _of_chain(stamps[at:after], lengths_s)
            starts_s += starts
            ends_s += ends
            at = after
            continue
        starts_s.append(ends_s[-1] if follows[at] else stamps[at] - usual_s[at])
        ends_s.append(float(stamps[at]))
        at += 1
    return starts_s, ends_s


def _follows(before: PowerRow, row: PowerRow) -> bool:
    return (
        row.seq is not None
        and before.seq is not None
        and row.seq == before.seq + 1
        and row.boot_id == before.boot_id
    )


def _of_chain(stamps: Sequence[int], lengths_s: Sequence[float]) -> tuple[list[float], list[float]]:
    """Starts and ends of rows that follow one another, in chains that agree with the stamps."""
    lived_s = list(accumulate(lengths_s))
    offsets_s = list(map(sub, lived_s, stamps))
    least_s = min(offsets_s)
    if max(offsets_s) - least_s <= AGREES_S:
        ends_s = [end_s - least_s for end_s in lived_s]
        return [ends_s[0] - lengths_s[0], *ends_s[:-1]], ends_s
    starts_s: list[float] = []
    ends_s = []
    for first, after in pairwise(_chain_edges(offsets_s)):
        shift_s = min(offsets_s[first:after])
        ends = [end_s - shift_s for end_s in lived_s[first:after]]
        starts_s.append(ends[0] - lengths_s[first])
        starts_s += ends[:-1]
        ends_s += ends
    return starts_s, ends_s


def _chain_edges(offsets_s: Sequence[float]) -> list[int]:
    """The rows at which chains begin, and the end of the last: within a chain the offsets agree."""
    edges, low_s, high_s = [0], offsets_s[0], offsets_s[0]
    for at, offset_s in enumerate(offsets_s):
        low_s, high_s = min(low_s, offset_s), max(high_s, offset_s)
        if high_s - low_s > AGREES_S:
            edges.append(at)
            low_s = high_s = offset_s
    return [*edges, len(offsets_s)]


def _without_overlap(rows: Sequence[PowerRow], starts_s: list[float], ends_s: list[float]) -> RowSpans:
    """The spans, each cut where it overlaps one before; without those of which nothing is left."""
    # A chain's spans meet in the same floats, which is seen at once.
    apart = starts_s[1:] == ends_s[:-1] or all(map(le, ends_s, starts_s[1:]))
    if apart and all(map(lt, starts_s, ends_s)):
        return RowSpans(rows, starts_s, ends_s)
    left, starts, ends = [], [], []
    reached_s = float("-inf")
    for row, start_s, end_s in zip(rows, starts_s, ends_s, strict=True):
        if end_s > reached_s:
            left.append(row)
            starts.append(max(start_s, reached_s))
            ends.append(end_s)
            reached_s = end_s
    return RowSpans(left, starts, ends)


def _lengths_s(times: Sequence[int]) -> list[float]:
    """The time before each row that it covers by the usual spacing, s."""
    if not times:
        return []
    gaps_s = list(map(sub, times[1:], times))
    lengths_s = [_usual_s(gaps_s, 0)]
    for first in range(0, len(gaps_s), STRETCH):
        after = first + STRETCH
        stretch_s = gaps_s[first:after]
        # As in `_reached_s`, and the least around a stretch is never above the least around one of its gaps.
        if max(stretch_s) <= REACH * min(gaps_s[max(0, first - NEIGHBOURS) : after + NEIGHBOURS]):
            lengths_s += map(float, stretch_s)
        else:
            lengths_s += (_reached_s(gaps_s, at) for at in range(first, first + len(stretch_s)))
    return lengths_s


def _reached_s(gaps_s: Sequence[int], at: int) -> float:
    gap_s = gaps_s[at]
    # The usual spacing is never below the least around it, which is found sooner.
    if gap_s <= REACH * min(gaps_s[max(0, at - NEIGHBOURS) : at + NEIGHBOURS + 1]):
        return float(gap_s)
    usual_s = _usual_s(gaps_s, at)
    return float(gap_s) if gap_s <= REACH * usual_s else usual_s


def _usual_s(gaps_s: Sequence[int], at: int) -> float:
    """The usual spacing of rows at the gap *at*, s: that before it or that after it, if they differ.

    So a change of the report interval is no gap, and a gap is no change of the report interval.
    """
    before = [gap_s for gap_s in gaps_s[max(0, at - NEIGHBOURS) : at + 1] if gap_s > 0]
    after = [gap_s for gap_s in gaps_s[at : at + NEIGHBOURS + 1] if gap_s > 0]
    telling = [side for side in (before, after) if len(side) >= 3] or [before + after]
    return float(max(median_low(side) if side else LONE_REACH_S for side in telling))
