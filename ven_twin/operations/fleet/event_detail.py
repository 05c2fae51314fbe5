"""One event by VEN: what each was called for, what it delivers, what it said. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from contracts.api.fleet import Fleet, FleetVen
from contracts.api.resources import Event, PhaseReached, VenParticipation
from contracts.wire.events import Phase, Signal
from ven_twin.webkit.formatting import NO_REASON, PHASES, opt_out_reason, share

WORDS: Mapping[str, str] = {str(phase): words for phase, words in PHASES.items()}
"""Beside the phases there are "accepted" and "refused", which are words."""
OVER = (Phase.COMPLETED, Phase.CANCELLED, Phase.OPTED_OUT)


class VenAnswer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """What a VEN said when it reached a phase: when (UTC s), and why where it gave a reason.

    *words* are those of the phase.
    """

    phase: str
    words: str
    ts: int
    why: str | None = None


class EventVenView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A VEN's part. Values are by interval, in the signal's unit; powers are kW.

    *deliveredKw* is what it delivers now while it sheds, and afterwards what it says it shed at the end;
    *deliveredKwh* what it says it delivered. *share* is what it delivered of the most that it was called
    for, where that is a reduction. *optOut* is the reason for which it left; *unavailable* says why it is
    not counted on. *why* says the first of these that there is, or why it refused, in words.
    """

    ven_id: str
    values: tuple[float, ...]
    sheds: bool
    delivered_kw: float | None
    delivered_kwh: float | None
    share: float | None
    answers: tuple[VenAnswer, ...]
    opt_out: str | None
    unavailable: str | None
    why: str


class EventDetail(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """An event by VEN; *settled* says whether there is a report.

    *called* VENs have a share of it, *tookPart* of them answered and have not left. *deliveredKw* is the
    sum of what the parts have of it.
    """

    event_id: str
    settled: bool
    called: int
    took_part: int
    delivered_kw: float | None
    parts: tuple[EventVenView, ...]


def detail(event: Event, fleet: Fleet | None) -> EventDetail:
    """The parts of *event*, with what *fleet* says of now."""
    live = {ven.ven_id: ven for ven in fleet.vens if ven.event_id == event.event_id} if fleet else {}
    sheds = all(interval.signal is Signal.SHED_KW for interval in event.intervals)
    parts = tuple(_part(part, live.get(part.ven_id), sheds=sheds) for part in event.vens)
    called = [part for part in parts if part.values]
    delivered_kw = [part.delivered_kw for part in parts if part.delivered_kw is not None]
    return EventDetail(
        event_id=event.event_id,
        settled=event.settled,
        called=len(called),
        took_part=sum(bool(part.answers) and part.opt_out is None for part in called),
        delivered_kw=sum(delivered_kw) if delivered_kw else None,
        parts=parts,
    )


def _part(part: VenParticipation, live: FleetVen | None, *, sheds: bool) -> EventVenView:
    ended = next((part.phases[phase] for phase in OVER if phase in part.phases), None)
    left = part.phases.get(Phase.OPTED_OUT)
    delivered_kwh = ended.data.get("deliveredKwh") if ended else None
    delivered_kw = live.delivered_kw if live else ended.actual_shed_kw if ended else None
    answers = tuple(
        VenAnswer(phase=phase, words=WORDS.get(phase, phase), ts=said.ts, why=_why(said))
        for phase, said in sorted(part.phases.items(), key=lambda item: (item[1].ts, item[1].received_ts))
    )
    opt_out = (_why(left) or NO_REASON) if left else None
    return EventVenView(
        ven_id=part.ven_id,
        values=part.values,
        sheds=live is not None,
        delivered_kw=delivered_kw,
        delivered_kwh=delivered_kwh if isinstance(delivered_kwh, int | float) else None,
        share=share(delivered_kw, max(part.values, default=0.0)) if sheds else None,
        answers=answers,
        opt_out=opt_out,
        unavailable=part.unavailable,
        why=_words(opt_out, part.unavailable, answers),
    )


def _words(opt_out: str | None, unavailable: str | None, answers: Iterable[VenAnswer]) -> str:
    if opt_out is not None:
        return f"{PHASES[Phase.OPTED_OUT]}: {opt_out_reason(opt_out)}"
    if unavailable is not None:
        return f"not counted on: {unavailable}"
    return next((answer.why for answer in answers if answer.why), "")


def _why(said: PhaseReached) -> str | None:
    reason = said.error or said.data.get("reason")
    return str(reason) if reason else None
