"""One event by VEN: what each was called for, what it delivers, what it said. Pure."""

from __future__ import annotations

import msgspec

from contracts.api.fleet import Fleet, FleetVen
from contracts.api.resources import Event, PhaseReached, VenPart
from contracts.wire.events import Phase

OVER = (Phase.COMPLETED, Phase.CANCELLED, Phase.OPTED_OUT)


class Answer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """What a VEN said when it reached a phase: when (UTC s), and why where it gave a reason."""

    phase: str
    ts: int
    why: str | None = None


class PartFace(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A VEN's part. Values are by interval, in the signal's unit; powers are kW.

    *deliveredKw* is what it delivers now while it sheds, and afterwards what it says it shed at the end;
    *deliveredKwh* what it says it delivered. *optOut* is the reason for which it left; *unavailable* says
    why it is not counted on.
    """

    ven_id: str
    values: tuple[float, ...]
    sheds: bool
    delivered_kw: float | None
    delivered_kwh: float | None
    answers: tuple[Answer, ...]
    opt_out: str | None
    unavailable: str | None


class Detail(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """An event by VEN; *settled* says whether there is a report."""

    event_id: str
    settled: bool
    parts: tuple[PartFace, ...]


def detail(event: Event, fleet: Fleet | None) -> Detail:
    """The parts of *event*, with what *fleet* says of now."""
    live = {ven.ven_id: ven for ven in fleet.vens if ven.event_id == event.event_id} if fleet else {}
    parts = tuple(_part(part, live.get(part.ven_id)) for part in event.vens)
    return Detail(event_id=event.event_id, settled=event.settled, parts=parts)


def _part(part: VenPart, live: FleetVen | None) -> PartFace:
    ended = next((part.phases[phase] for phase in OVER if phase in part.phases), None)
    left = part.phases.get(Phase.OPTED_OUT)
    delivered_kwh = ended.data.get("deliveredKwh") if ended else None
    return PartFace(
        ven_id=part.ven_id,
        values=part.values,
        sheds=live is not None,
        delivered_kw=live.delivered_kw if live else ended.actual_shed_kw if ended else None,
        delivered_kwh=delivered_kwh if isinstance(delivered_kwh, int | float) else None,
        answers=tuple(
            Answer(phase=phase, ts=said.ts, why=_why(said))
            for phase, said in sorted(part.phases.items(), key=lambda item: (item[1].ts, item[1].received_ts))
        ),
        opt_out=(_why(left) or "no reason given") if left else None,
        unavailable=part.unavailable,
    )


def _why(said: PhaseReached) -> str | None:
    reason = said.error or said.data.get("reason")
    return str(reason) if reason else None
