"""The same call for many VENs, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

CONNECTIONS = 16
"""Calls at once, and a client's connections for them."""


def over(items: Sequence[A], call: Callable[[A], B]) -> list[B]:
    """``call(item)`` for every item, in the order of the items.

    Every call is made even when one fails; then the first failure is raised, so that a repeat finds
    as little as possible left to do.
    """
    if len(items) <= 1:
        return [call(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - most requests are about one VEN

    with ThreadPoolExecutor(max_workers=min(len(items), CONNECTIONS)) as pool:
        futures = [pool.submit(call, item) for item in items]
    return [future.result() for future in futures]
