"""An event over a fleet, second by second: planned, stored, written into shadows, acted on, reported. Pure.

The paces are those of the code (`fan_out`, `cdk.stage`), the planner's time is measured. VENs are a fluid: of
so many a second, not each by itself. A report that AWS refuses waits for room.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cdk.shadow_pace import MAP_ABOVE_VENS, SHADOW_WRITERS, SHADOW_WRITES_PER_S, map_writers
from harness.scale.limits import updates_per_s, writers_per_s
from harness.scale.planner import MeasuredPlan
from harness.scale.quotas import Quotas
from lambdas.shared.fan_out import CHUNK_VENS, DIRECT_VENS
from ven_twin.operations.bill.measured import CALL_S

READS_A_CHUNK = 3
"""Header before and after; of a map run the part of the plan, too."""
GIVE_UP_S = 7_200


@dataclass(frozen=True, slots=True)
class EventCourse:
    """The course of an event for now over *vens*, s after its request.

    Attributes:
        way: into the shadows.
        planned_s: until the plan is made and stored.
        written_s: until the last shadow has it.
        active_s: until the last VEN acts on it.
        reported_s: until the last VEN's report of that is in; None where other updates leave no room.
        most_waiting: reports that were refused and wait for room, in the worst second.
        spread_s: the least ``randomizeStartS`` with which none is refused; None where there is no room.
    """

    vens: int
    way: str
    planned_s: float
    written_s: float
    active_s: float
    reported_s: float | None
    most_waiting: float
    spread_s: float | None


def course(vens: int, quotas: Quotas, plans: list[MeasuredPlan], *, randomize_s: float = 0.0) -> EventCourse:
    """The course over *vens*, all of which are called, whose starts are spread by ± *randomize_s*."""
    way, pace = way_and_pace(vens, quotas)
    planned_s = _planned_s(vens, quotas, plans)
    peace = vens * updates_per_s()
    room = quotas.shadow_per_s - pace - peace
    written = active = reported = waiting = most = 0.0
    written_s = active_s = 0.0
    reported_s: float | None = None
    for second in range(GIVE_UP_S):
        wrote = min(pace, vens - written)
        written += wrote
        started = min(1.0, (second + 1) / (2 * randomize_s)) if randomize_s else 1.0
        acts = written * started
        waiting += acts - active
        active = acts
        served = min(waiting, max(0.0, quotas.shadow_per_s - peace - wrote))
        waiting -= served
        most = max(most, waiting)
        reported += served
        if written >= vens and not written_s:
            written_s = second + 1.0
        if active >= vens - 1e-6 and not active_s:
            active_s = second + 1.0
        if reported >= vens - 1e-6:
            reported_s = second + 1.0
            break
    return EventCourse(
        vens=vens,
        way=way,
        planned_s=planned_s,
        written_s=planned_s + written_s,
        active_s=planned_s + active_s,
        reported_s=None if reported_s is None else planned_s + reported_s,
        most_waiting=most,
        spread_s=vens / room / 2 if room > 0 else None,
    )


def way_and_pace(vens: int, quotas: Quotas) -> tuple[str, float]:
    """The way of so many into the shadows, and the shadows a second by it."""
    chunk_s = CHUNK_VENS / SHADOW_WRITES_PER_S + READS_A_CHUNK * CALL_S
    if vens <= DIRECT_VENS:
        return "itself", float(DIRECT_VENS)
    if map_writers(quotas.shadow_per_s) and vens > MAP_ABOVE_VENS:
        return "map run", map_writers(quotas.shadow_per_s) * CHUNK_VENS / chunk_s
    return "queue", SHADOW_WRITERS * CHUNK_VENS / chunk_s


def _planned_s(vens: int, quotas: Quotas, plans: list[MeasuredPlan]) -> float:
    """Planning, in proportion to the measured fleet that is next in size, and the plan's writes."""
    of = next((plan for plan in plans if plan.vens >= vens), plans[-1])
    share = vens / of.vens
    return share * (of.cpu_s + of.write_units / quotas.partition_writes_per_s)


def courses(
    counts: Iterator[int] | tuple[int, ...], quotas: Quotas, plans: list[MeasuredPlan]
) -> list[EventCourse]:
    """The course of an event over each count."""
    return [course(vens, quotas, plans) for vens in counts]


def within_half(quotas: Quotas) -> bool:
    """True when all writers of the stage together stay within half of the quota."""
    return writers_per_s(quotas) <= quotas.shadow_per_s / 2
