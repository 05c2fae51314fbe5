"""A load of a function: its event, the account that it meets, and a check that it was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.wire.codec import JsonDict
from harness.functions.account import CannedAccount

Calls = Mapping[str, int]
Done = Callable[[Any, Calls], bool]


@dataclass(frozen=True)
class WorstLoad:
    """A load.

    Attributes:
        function: the folder in `lambdas/`.
        words: the load, as the page has it.
        event: makes the event that the handler takes.
        account: makes the account.
        done: tells of an answer, and of the calls of AWS, that the load was carried out.
        environment: variables that the load needs other than the stack's.
        limit_s: a limit of its own where it is not the function's timeout.
        again: how often it is carried out once more in the sandbox, warm by then; the mean of these counts.
        in_gate: a share of a long load with its share of the limit. A load that grows by equal shares
            keeps to its limit where one share does, since what it does but once counts wholly there.
    """

    function: str
    words: str
    event: Callable[[], JsonDict]
    account: Callable[[], CannedAccount]
    done: Done
    environment: Mapping[str, str] = field(default_factory=dict)
    limit_s: float | None = None
    again: int = 0
    in_gate: WorstLoad | None = None
