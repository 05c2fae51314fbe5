"""The worst documented loads of every function. A function of the stack without one here fails the gate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from harness.functions.load import WorstLoad
from harness.functions.loads import (
    calls,
    events,
    identities,
    messages,
    openadr,
    vtn,
    vtn_dispatching,
    vtn_members,
    vtn_notifications,
    vtn_reporting,
)


@cache
def worst_loads() -> Mapping[str, tuple[WorstLoad, ...]]:
    """The loads of each function, by its folder in `lambdas/`."""
    loads: defaultdict[str, list[WorstLoad]] = defaultdict(list)
    modules = (
        identities,
        events,
        messages,
        calls,
        openadr,
        vtn,
        vtn_dispatching,
        vtn_members,
        vtn_notifications,
        vtn_reporting,
    )
    for load in (load for module in modules for load in module.LOADS):
        loads[load.function].append(load)
    return {function: tuple(loads[function]) for function in sorted(loads)}
