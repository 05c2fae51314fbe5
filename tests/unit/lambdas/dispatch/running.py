"""A running event by hand: its header and plan, VENs in the order of their names, rows of telemetry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.api.requests import Assignment
from contracts.api.resources import TelemetryRow
from contracts.store.plans import Limit, Plan
from contracts.wire.events import Interval, Signal
from lambdas.dispatch_event.logic.bookings import NOTHING_BOOKED, Bookings
from lambdas.dispatch_event.logic.eligibility import Unavailable
from lambdas.dispatch_event.logic.outcome import Rebalanced
from lambdas.dispatch_event.logic.rebalance import rebalance
from lambdas.shared.rows import EventRow, VenRow

START = 1_800_000_000
NOW = float(START + 300)
"""Five minutes into the event: by then a row can tell of the first call."""
HOUR_S = 3600


def ven(ven_id: str, offer_kw: float | None = 5.0, **fields: Any) -> VenRow:
    """A VEN that is online and sustains the event; *a* was called for less of late than *b*, and so on."""
    usual = {"online": True, "enabled": True, "sustain_s": 86_400.0, "dispatched_kwh": float(ord(ven_id[0]))}
    return VenRow(ven_id=ven_id, shed_availability_kw=offer_kw, **(usual | fields))


def row_of(ven_id: str, shed_kw: float, *, at_ts: float = NOW, event_id: str | None = "e1") -> TelemetryRow:
    """The VEN's latest row; its boot id is the VEN's name."""
    return TelemetryRow(
        timestamp=int(at_ts),
        received_ts=at_ts,
        boot_id=ven_id,
        seq=1,
        used_power_kw=1.0,
        baseline_power_kw=1.0 + shed_kw,
        shed_power_kw=shed_kw,
        event_id=event_id,
    )


def words_of(unavailable: Unavailable | None) -> str | None:
    """The words of a reason, if there is one."""
    return None if unavailable is None else unavailable.text


def shed(*kws: float, duration_s: int = HOUR_S) -> tuple[Interval, ...]:
    """Intervals that request so many kW, one after the other."""
    return tuple(Interval(duration_s=duration_s, signal=Signal.SHED_KW, value=kw) for kw in kws)


LEVEL = Interval(duration_s=HOUR_S, signal=Signal.LEVEL, value=2)


def event(
    calls: Mapping[str, Sequence[float]],
    intervals: tuple[Interval, ...],
    *,
    limits: Mapping[str, Limit] | None = None,
    seen: Mapping[str, float] | None = None,
    **fields: Any,
) -> tuple[EventRow, Plan]:
    """An event that began at START with the plan that it began with."""
    plan = Plan(
        plan_id="00000000-t",
        revision=0,
        from_ts=float(START),
        start_ts=START,
        intervals=intervals,
        assignments=tuple(
            Assignment(ven_id=ven_id, values=tuple(values), since_ts=START)
            for ven_id, values in sorted(calls.items())
        ),
        limits=dict(limits or {}),
        seen=dict(seen or {}),
    )
    header = EventRow(
        event_id="e1",
        requested="r",
        revision=0,
        start_ts=START,
        intervals=intervals,
        plan_id=plan.plan_id,
        created_ts=float(START),
        expires_ts=START + 86_400,
        **fields,
    )
    return header, plan


def rebalanced(
    running: tuple[EventRow, Plan],
    vens: Sequence[VenRow],
    rows: Sequence[TelemetryRow],
    *,
    now: float = NOW,
    bookings: Bookings = NOTHING_BOOKED,
) -> Rebalanced:
    """The event rebalanced at *now*, beside what other events have booked."""
    header, plan = running
    latest = {row.boot_id: row for row in rows}
    return rebalance(header, plan, vens, latest, now=now, token="n", bookings=bookings)


def calls_of(outcome: Rebalanced, index: int = 0) -> dict[str, float]:
    """The calls of an interval by VEN, kW, of the plan that came of it."""
    assert outcome.plan is not None, outcome.note
    return {each.ven_id: each.values[index] for each in outcome.plan.assignments}
