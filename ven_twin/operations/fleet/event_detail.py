"""One event by VEN: dispatched and delivered power, and the VEN's answers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from contracts.api.fleet import Fleet, FleetVen
from contracts.api.resources import Event, PhaseReached, VenParticipation
from contracts.wire.events import Phase, loads_up
from contracts.wire.ids import EventId, VenId, counting_key
from ven_twin.webkit.formatting import NO_REASON, PHASES, opt_out_reason, share

PHASE_TEXTS: Mapping[str, str] = {str(phase): words for phase, words in PHASES.items()}
"""The answers "accepted" and "refused" are no phases, and their own text."""
OVER = (Phase.COMPLETED, Phase.CANCELLED, Phase.OPTED_OUT)


class VenAnswer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A VEN's report that it reached a phase, at *ts* (UTC s), with its reason where it has one.

    *words* are those of the phase.
    """

    phase: str
    words: str
    ts: int
    why: str | None = None


class EventVenView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A VEN in an event. Values are by interval, in the signal's unit; powers are kW.

    *deliveredKw* is delivered now while it sheds, and afterwards reported by the VEN at the end, like
    *deliveredKwh*. *share* is the delivered share of its highest dispatched reduction. *optOut* is the reason
    for which it left, *unavailable* the reason that it is not counted on. *why* has the first of these, or
    the reason of a refusal, in words.
    """

    ven_id: VenId
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
    """An event by VEN (*parts*); *settled* once it has a report.

    *called* VENs have a share of it, *tookPart* of them answered and have not left. *deliveredKw* is the sum
    over the VENs.
    """

    event_id: EventId
    settled: bool
    called: int
    participating: int = msgspec.field(name="tookPart")
    delivered_kw: float | None
    vens: tuple[EventVenView, ...] = msgspec.field(name="parts")


def detail(event: Event, fleet: Fleet | None) -> EventDetail:
    """The view of *event*; the power of VENs that shed now is that of *fleet*."""
    live = {ven.ven_id: ven for ven in fleet.vens if ven.event_id == event.event_id} if fleet else {}
    shares = all(interval.signal.is_shared for interval in event.intervals)
    sign = -1.0 if loads_up(event.intervals) else 1.0
    in_event = sorted(event.vens, key=lambda ven: counting_key(ven.ven_id))
    vens = tuple(_ven(ven, live.get(ven.ven_id), sign if shares else None) for ven in in_event)
    called = [ven for ven in vens if ven.values]
    delivered_kw = [ven.delivered_kw for ven in vens if ven.delivered_kw is not None]
    return EventDetail(
        event_id=event.event_id,
        settled=event.settled,
        called=len(called),
        participating=sum(bool(ven.answers) and ven.opt_out is None for ven in called),
        delivered_kw=sum(delivered_kw) if delivered_kw else None,
        vens=vens,
    )


def _ven(ven: VenParticipation, live: FleetVen | None, sign: float | None) -> EventVenView:
    """The view of a VEN; *sign* is that of the kW that its values request off the baseline, if they do."""
    ended = next((ven.phases[phase] for phase in OVER if phase in ven.phases), None)
    left = ven.phases.get(Phase.OPTED_OUT)
    delivered_kwh = ended.data.get("deliveredKwh") if ended else None
    delivered_kw = live.delivered_kw if live else ended.actual_shed_kw if ended else None
    answers = tuple(
        VenAnswer(phase=phase, words=PHASE_TEXTS.get(phase, phase), ts=reached.ts, why=_why(reached))
        for phase, reached in sorted(ven.phases.items(), key=lambda item: (item[1].ts, item[1].received_ts))
    )
    opt_out = (_why(left) or NO_REASON) if left else None
    return EventVenView(
        ven_id=ven.ven_id,
        values=ven.values,
        sheds=live is not None,
        delivered_kw=delivered_kw,
        delivered_kwh=delivered_kwh if isinstance(delivered_kwh, int | float) else None,
        share=None if sign is None else share(delivered_kw, sign * max(ven.values, default=0.0)),
        answers=answers,
        opt_out=opt_out,
        unavailable=ven.unavailable,
        why=_reason_text(opt_out, ven.unavailable, answers),
    )


def _reason_text(opt_out: str | None, unavailable: str | None, answers: Iterable[VenAnswer]) -> str:
    if opt_out is not None:
        return f"{PHASES[Phase.OPTED_OUT]}: {opt_out_reason(opt_out)}"
    if unavailable is not None:
        return f"not counted on: {unavailable}"
    return next((answer.why for answer in answers if answer.why), "")


def _why(reached: PhaseReached) -> str | None:
    reason = reached.error or reached.data.get("reason")
    return str(reason) if reason else None
