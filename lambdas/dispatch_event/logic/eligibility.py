"""Who can be counted on, for how much, and in which order they are called. Pure.

Merit order: who sustains the rest of the event before who does not; then who performed better, in coarse
classes; then who was called for the least of late, which is the rotation; ties by a hash of event and VEN,
so that they do not always hit the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import NamedTuple

from lambdas.shared.rows import VenRow

W_PER_KW = 1000
LEAST_CALL_W = 50
"""Nobody is called for less, where there is a choice. As much is the least that a twin offers."""
PERFORMANCE_FLOOR, PERFORMANCE_CEILING = 0.5, 1.0
"""Within these a known performance is believed. Interpretation: below, more would be called than there is
evidence for; above, an event is not made smaller because somebody gave more than was asked."""
GOOD, FAIR = 0.9, 0.7
"""From these on a performance is of the first, and of the second class."""
_MOST_WH = 2**29 - 1
_TIES = 2**21


class Offer(NamedTuple):
    """A VEN that can be counted on: what it offers, W, and what part of a call it is known to deliver."""

    ven_id: str
    offer_w: int
    performance: float


class Fleet(NamedTuple):
    """A fleet sorted out: *offers* in merit order, and why the others are not counted on.

    *available_w* is what can be counted on of what is offered. *reachable* are VENs that a behaviour (a
    level, an import limit) may go to: all but those that said no. *heard* is whether any VEN has said what
    it can shed.
    """

    offers: list[Offer]
    available_w: float
    unavailable: dict[str, str]
    reachable: list[str]
    heard: bool


def sort_out(fleet: Iterable[VenRow], event_id: str, *, at_ts: float, remaining_s: float) -> Fleet:
    """*fleet* as it stands for an event from *at_ts* on, with *remaining_s* of it to come."""
    seed, crc = zlib.crc32(event_id.encode()), zlib.crc32
    keyed: list[tuple[float, str, int, float]] = []
    unavailable: dict[str, str] = {}
    reachable: list[str] = []
    heard, available_w = False, 0.0
    for ven in fleet:
        ven_id, offer_kw = ven.ven_id, ven.shed_availability_kw
        why = why_unavailable(ven, at_ts)
        if why is not None:
            heard = heard or offer_kw is not None
            unavailable[ven_id] = why
            if not ven.online:
                reachable.append(ven_id)
            continue
        reachable.append(ven_id)
        if offer_kw is None or offer_kw < LEAST_CALL_W / W_PER_KW:
            heard = heard or offer_kw is not None
            unavailable[ven_id] = _without_offer(offer_kw)
            continue
        heard = True
        offer_w = int(offer_kw * W_PER_KW + 1e-6)
        known, sustain_s = ven.performance, ven.sustain_s
        performance = 1.0 if known is None else believed(known)
        available_w += offer_w * performance
        rank = 0 if sustain_s is not None and sustain_s >= remaining_s else 3
        if performance < GOOD:
            rank += 1 if performance >= FAIR else 2
        called_wh = min(int(ven.dispatched_kwh * 1000.0), _MOST_WH)
        tie = (crc(ven_id.encode(), seed) * 0x9E3779B1 >> 11) % _TIES
        # One float, exact below 2**53, and plain tuples: sorted several times as fast as anything else.
        keyed.append((float(((rank << 29) | called_wh) << 21 | tie), ven_id, offer_w, performance))
    keyed.sort()
    return Fleet([Offer(*each[1:]) for each in keyed], available_w, unavailable, reachable, heard)


def why_unavailable(ven: VenRow, at_ts: float) -> str | None:
    """Why a VEN is not counted on for an event from *at_ts* on, or None when it is."""
    if not ven.online:
        return "offline"
    if ven.enabled is False:
        return "disabled"
    opted_out = ven.opt_out
    if opted_out is None:
        return None
    if opted_out.until_ts is None or opted_out.until_ts > at_ts:
        return f"opted out: {opted_out.reason}"
    return None


def believed(performance: float | None) -> float:
    """What part of a call is counted on, from what part was delivered of late; all of it when unknown."""
    if performance is None:
        return 1.0
    return min(PERFORMANCE_CEILING, max(PERFORMANCE_FLOOR, performance))


def _without_offer(offer_kw: float | None) -> str:
    if offer_kw is None:
        return "has not said what it can shed"
    return "offers nothing" if offer_kw * W_PER_KW < 1 else f"offers less than {LEAST_CALL_W} W"
