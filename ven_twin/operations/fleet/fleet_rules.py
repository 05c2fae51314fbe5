"""The rules of the operator's page: the words of a VEN's status, and the ranges of the form for an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from contracts.api.requests import Allocation
from contracts.api.resources import EventBody
from contracts.wire.events import MAX_INTERVALS, Interval, Signal
from ven_twin.operations.fleet import power_history
from ven_twin.operations.fleet.fleet_state import ListedStatus
from ven_twin.operations.fleet.poller import PERIOD_S
from ven_twin.operations.fleet.texts import NO_VENS, STATUSES
from ven_twin.webkit.formatting import LEVELS
from ven_twin.webkit.rules import Bounds, Choice, CommonRules, bounds

SILENT_S = 4.0
"""Without a message for so long, two heartbeats, a page shows its server as lost."""
ALLOCATIONS: Mapping[Allocation, str] = {
    "merit": "by merit: who has most, in turn",
    "proportional": "in proportion to the offers",
    "each": "not at all: the value is for each VEN",
}
ALLOCATED: Mapping[Allocation, str] = {
    "merit": "by merit",
    "proportional": "in proportion",
    "each": "the same for each",
}
Filter = Literal["shedding", "ready", "out", "silent"]
FILTERS: Mapping[ListedStatus, Filter] = {
    ListedStatus.SHEDDING: "shedding",
    ListedStatus.READY: "ready",
    ListedStatus.OPTED_OUT: "out",
    ListedStatus.DISABLED: "out",
    ListedStatus.SILENT: "silent",
    ListedStatus.OFFLINE: "silent",
}
"""The button that lists a VEN of a status; one that was never seen is listed with all."""


class StatusRule(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A status of a VEN: its words, and the filter that lists it."""

    value: ListedStatus
    words: str
    filter: Filter | None


class SignalRule(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A signal in the form: its words, its range in steps, and a value to begin with."""

    value: Signal
    words: str
    minimum: float
    maximum: float
    step: float
    suggested: float


class AllocationRule(Choice, rename="camel", frozen=True, kw_only=True):
    """An allocation of an event: its words in the form, and in short beside an event."""

    short: str


class FormRules(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The ranges and defaults of an event, as `contracts.api.resources.EventBody` has them."""

    signals: tuple[SignalRule, ...]
    intervals_max: int
    duration_s: Bounds
    priority: Bounds
    randomize_start_s: Bounds
    program: str
    allocation: Allocation
    allocations: tuple[AllocationRule, ...]


class FleetRules(CommonRules, rename="camel", frozen=True, kw_only=True):
    """The rules of the operator's page; *statuses* stand in the order in which VENs are sorted by them.

    *noVens* is shown of a fleet without any.
    """

    statuses: tuple[StatusRule, ...]
    no_vens: str
    form: FormRules


def fleet_rules(period_s: float = PERIOD_S) -> FleetRules:
    """The rules as they stand in the code, for a page whose cloud is polled each *period_s*, s."""
    return FleetRules(
        silent_s=SILENT_S,
        chart_span_s=power_history.SPAN_S,
        chart_apart_s=power_history.APART_S,
        chart_gap_s=power_history.gap_s(period_s),
        statuses=tuple(
            StatusRule(value=status, words=STATUSES[status], filter=FILTERS.get(status))
            for status in ListedStatus
        ),
        no_vens=NO_VENS,
        form=_form(),
    )


def _form() -> FormRules:
    defaults = EventBody(intervals=())
    kw = bounds(Interval, "value")
    last = len(LEVELS) - 1
    levels = f"Level, 0 {LEVELS[0]} to {last} {LEVELS[last]}"
    return FormRules(
        signals=(
            _signal(Signal.SHED_KW, "Draw less, kW in all", kw.maximum, step=0.1, suggested=1),
            _signal(Signal.LOAD_UP_KW, "Draw more, kW in all", kw.maximum, step=0.1, suggested=1),
            _signal(Signal.IMPORT_LIMIT_KW, "Import at most, kW each", kw.maximum, step=0.1, suggested=3),
            _signal(Signal.LEVEL, levels, last, step=1, suggested=1),
        ),
        intervals_max=MAX_INTERVALS,
        duration_s=bounds(Interval, "duration_s"),
        priority=bounds(EventBody, "priority"),
        randomize_start_s=bounds(EventBody, "randomize_start_s"),
        program=defaults.program,
        allocation=defaults.allocation,
        allocations=tuple(
            AllocationRule(value=value, words=words, short=ALLOCATED[value])
            for value, words in ALLOCATIONS.items()
        ),
    )


def _signal(signal: Signal, words: str, maximum: float, *, step: float, suggested: float) -> SignalRule:
    least = bounds(Interval, "value").minimum
    return SignalRule(
        value=signal, words=words, minimum=least, maximum=maximum, step=step, suggested=suggested
    )
