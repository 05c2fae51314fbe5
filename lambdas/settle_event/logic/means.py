"""Means of loads that have gaps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import mul
from typing import NamedTuple, cast

Quarters = Sequence[float | None]
"""A load in quarter hours, None where it is not known."""


def has_gap(load: Quarters) -> bool:
    """Tell a long load with a gap: adding up is sooner done than looking for None."""
    try:
        sum(cast("Sequence[float]", load))
    except TypeError:
        return True
    return False


class Shares(NamedTuple):
    """The quarter hours of a frame that a window has part of: those from *first* to before *after*.

    With the seconds of each and of all, and how many must be known for a mean to count. *alike* tells that
    the window has as much of each, and enough of all.
    """

    first: int
    after: int
    seconds: Sequence[float]
    whole_s: float
    least_s: float
    alike: bool


def shared_mean(kw: Quarters, shares: Shares) -> float | None:
    """The mean, by time, of a load over a window; None when too little of it is known."""
    first, after, shares_s, whole_s, least_s, alike = shares
    within_kw = kw[first:after]
    if None in within_kw:
        pairs = [
            (load_kw, share_s)
            for load_kw, share_s in zip(within_kw, shares_s, strict=True)
            if load_kw is not None
        ]
        within_kw, shares_s = [load_kw for load_kw, _ in pairs], [share_s for _, share_s in pairs]
        whole_s = sum(shares_s)
    elif alike:
        return sum(cast("Sequence[float]", within_kw)) / len(shares_s)
    if whole_s <= 0 or whole_s < least_s:
        return None
    total_kws: float = sum(map(mul, within_kw, shares_s))
    return total_kws / whole_s


def shared_means(loads: Sequence[Quarters], shares: Shares) -> list[float | None]:
    """The same of several loads."""
    if shares.alike:
        first, after, count = shares.first, shares.after, len(shares.seconds)
        try:
            return [sum(kw[first:after]) / count for kw in cast("Sequence[Sequence[float]]", loads)]
        except TypeError:  # A gap: dearer to look for than to meet, in the days of a thousand VENs.
            pass
    return [shared_mean(kw, shares) for kw in loads]


def mean_loads(loads: Iterable[Quarters], weights: Sequence[float] = ()) -> tuple[float | None, ...]:
    """The mean of *loads* in each quarter hour, of those that are known there; alike without *weights*."""
    columns = list(zip(*loads, strict=True))
    if not weights:
        try:
            return tuple([sum(column) / len(column) for column in cast("list[tuple[float, ...]]", columns)])
        except TypeError:  # A gap, as above.
            pass
    return tuple([weighted_mean(column, weights) for column in columns])


def weighted_mean(values: Sequence[float | None], weights: Sequence[float] = ()) -> float | None:
    """The mean of those of *values* that are known; None when none is."""
    if not weights:
        if None not in values:
            return sum(cast("Sequence[float]", values)) / len(values) if values else None
        measured = [value for value in values if value is not None]
        return sum(measured) / len(measured) if measured else None
    pairs = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None]
    total = sum(weight for _, weight in pairs)
    return sum(value * weight for value, weight in pairs) / total if total > 0 else None


def sum_or_none(values: Sequence[float | None]) -> float | None:
    """The sum of *values*, None where one is not known."""
    return None if None in values else sum(cast("Sequence[float]", values))
