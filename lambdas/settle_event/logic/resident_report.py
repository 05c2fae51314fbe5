"""The fleet's part of a report on what followed the event, and on what it was to residents. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from contracts.api.aftermath import CircuitReport
from contracts.api.reports import PAYBACK_AFTER_S, EventReport, VenReport
from lambdas.settle_event.logic.aftermath import VenAftermath, fleet_aftermath, fleet_bought
from lambdas.settle_event.logic.ven_acks import MOST_CIRCUITS, by_size


def with_aftermath(
    report: EventReport,
    vens: Sequence[VenReport],
    after: Sequence[VenAftermath],
    steps: tuple[int, int, int],
    *,
    over_ts: float,
    settled_ts: int,
) -> EventReport:
    """*report* with what followed the event, which was over for all VENs at *over_ts* (UTC s).

    Args:
        report: the event's.
        vens: the VENs' parts, with their own aftermath.
        after: the aftermath of each.
        steps: of the series of what was bought.
        over_ts: see above.
        settled_ts: when this is made, UTC s.
    """
    payback_from_ts = int(over_ts) + PAYBACK_AFTER_S
    lost_min = _present(ven.comfort_minutes_lost for ven in vens)
    limits_min = _present(ven.comfort_minutes_beyond_limits for ven in vens)
    return msgspec.structs.replace(
        report,
        settled_ts=settled_ts,
        vens=tuple(vens),
        rebound_4h=fleet_aftermath([ven.rebound for ven in after]),
        payback_24h=fleet_aftermath([ven.payback for ven in after]),
        counting=settled_ts < payback_from_ts and report.end_ts > report.start_ts,
        payback_from_ts=payback_from_ts,
        bought=fleet_bought(after, steps),
        comfort_minutes_lost=sum(lost_min) if lost_min else None,
        comfort_minutes_beyond_limits=sum(limits_min) if limits_min else None,
        comfort_vens=len(lost_min),
    )


def fleet_circuits(vens: Iterable[VenReport]) -> tuple[CircuitReport, ...]:
    """The circuits of all VENs by their ids, the most first, at most `MOST_CIRCUITS`."""
    by_id: dict[str, list[CircuitReport]] = {}
    for ven in vens:
        for circuit in ven.circuits:
            by_id.setdefault(circuit.circuit_id, []).append(circuit)
    together = [
        CircuitReport(
            circuit_id=circuit_id,
            name=alike[0].name,
            delivered_kwh=_sum(circuit.delivered_kwh for circuit in alike),
            curtailed_kw=_sum(circuit.curtailed_kw for circuit in alike),
            vens=len(alike),
        )
        for circuit_id, alike in by_id.items()
    ]
    return tuple(sorted(together, key=by_size)[:MOST_CIRCUITS])


def _present(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _sum(values: Iterable[float | None]) -> float | None:
    present = _present(values)
    return sum(present) if present else None
