"""Means of loads that have gaps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import mul
from typing import NamedTuple, cast

Quarters = Sequence[float | None]
"""A load in quarter hours, None where it is not known."""


class Shares(NamedTuple):
    """The quarter hours of a frame that a window has part of.

    The number of the *first*, the seconds of each and of all, and how many must be known for a mean to count.
    """

    first: int
    seconds: Sequence[float]
    whole_s: float
    least_s: float


def shared_mean(kw: Quarters, shares: Shares) -> float | None:
    """The mean, by time, of a load over a window; None when too little of it is known."""
    first, shares_s, whole_s, least_s = shares
    within_kw = kw[first : first + len(shares_s)]
    if None in within_kw:
        pairs = [
            (load_kw, share_s)
            for load_kw, share_s in zip(within_kw, shares_s, strict=True)
            if load_kw is not None
        ]
        within_kw, shares_s = [load_kw for load_kw, _ in pairs], [share_s for _, share_s in pairs]
        whole_s = sum(shares_s)
    if whole_s <= 0 or whole_s < least_s:
        return None
    total_kws: float = sum(map(mul, within_kw, shares_s))
    return total_kws / whole_s


def mean_loads(loads: Iterable[Quarters], weights: Sequence[float] = ()) -> tuple[float | None, ...]:
    """The mean of *loads* in each quarter hour, of those that are known there; alike without *weights*."""
    all_loads = list(loads)
    columns = zip(*all_loads, strict=True)
    if weights or any(None in load for load in all_loads):
        return tuple(weighted_mean(column, weights) for column in columns)
    # Most loads have no gap: settlement takes these means for each VEN, day and rule.
    count = len(all_loads)
    return tuple(sum(column) / count for column in cast("Iterable[tuple[float, ...]]", columns))


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
