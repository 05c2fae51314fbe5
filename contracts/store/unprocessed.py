"""Batches of which DynamoDB leaves some: the rest is tried again after growing, jittered pauses. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import TypeVar

from contracts.errors import VenTwinError

L = TypeVar("L", bound=Sized)
ATTEMPTS = 5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0


class TableBusyError(VenTwinError):
    """DynamoDB has left some of a batch each time. Nothing is lost: repeat the request later.

    Attributes:
        table: the table's name.
        left: how many keys or items are left.
    """

    def __init__(self, table: str, left: int) -> None:
        self.table, self.left = table, left
        super().__init__(f"{table} is too busy: {left} of a batch are left; try again later")


def until_processed(
    batch: L,
    attempt: Callable[[L], L],
    *,
    pause: Callable[[float], None],
    attempts: int = ATTEMPTS,
) -> L:
    """Call *attempt* with *batch*, then with what it has left, until nothing is; returns the rest.

    At most *attempts* calls. Before each repeat *pause* waits, jittered, for at most 0.1 s, 0.2 s and so on
    to 2 s. Source: DynamoDB API Reference, BatchGetItem and BatchWriteItem, which recommend an exponential
    backoff for what was left unprocessed.
    """
    for number in range(attempts):
        if not batch:
            break
        if number:
            pause(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (number - 1)))
        batch = attempt(batch)
    return batch
