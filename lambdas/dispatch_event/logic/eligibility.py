"""Eligibility: the VENs that can be counted on, for how much, and in which order they are called. Pure.

A VEN that tells offers by duration is counted on for what it keeps for the rest of the event, any other for
the one offer that it tells, whatever the event's length.

Merit order: who sustains the rest of the event before who does not; then who performed better, in coarse
classes; then who was called for the least of late, which is the rotation; ties by a hash of event and VEN,
so that they do not always hit the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from contracts.wire.ids import EventId, VenId
from lambdas.shared.rows import VenRow

W_PER_KW = 1000
LEAST_CALL_W = 50
"""Nobody is called for less, where there is a choice."""
PERFORMANCE_FLOOR, PERFORMANCE_CEILING = 0.5, 1.0
"""Within these a known performance is believed. Interpretation: below, more would be called than there is
evidence for; above, an event is not made smaller because somebody delivered more than was dispatched."""
GOOD, FAIR = 0.9, 0.7
"""From these on a performance is of the first, and of the second class."""
LEAST_TRUST = 0.1
"""The share of its offer that a VEN is called for, however little it delivered: by that it can show that it
is back. Interpretation: a tenth is not missed."""
_MOST_WH = 2**29 - 1
_TIES = 2**21


class Reason(StrEnum):
    """A reason; its value is the words for people, with a place for the detail where it has one."""

    QUARANTINED = "quarantined"
    REVOKED = "revoked"
    OFFLINE = "offline"
    DISABLED = "disabled"
    OPTED_OUT = "opted out: {}"
    NO_OFFER = "reports no metrics.shedAvailabilityKw in its shadow"
    NO_LOAD_UP = "reports no metrics.loadUpAvailabilityKw in its shadow"
    OFFERS_NOTHING = "offers nothing"
    OFFERS_TOO_LITTLE = f"offers less than {LEAST_CALL_W} W"
    NO_TELEMETRY = "no telemetry"
    SILENT = "silent for {} s"
    LEFT = "left the event"
    IN_OTHER_EVENT = "in event {}"
    DELIVERS_NOTHING = "delivers nothing"
    REMOVED = "is no VEN of its targets any more"
    SHADOW_FULL = "its shadow is full"
    DONE = "has had its own time of the event"


class Unavailable(NamedTuple):
    """The reason why one VEN is not counted on; *detail* fills the place in its words."""

    reason: Reason
    detail: str = ""

    @property
    def text(self) -> str:
        """The reason in words, as plans and answers carry it."""
        return self.reason.value.format(self.detail)


class Offer(NamedTuple):
    """A VEN that can be counted on: its offer, W, and the share of a call that it is known to deliver."""

    ven_id: VenId
    offer_w: int
    performance: float


class RankedFleet(NamedTuple):
    """A fleet ranked for an event: *offers* in merit order, and why the others are not counted on.

    *available_w* is what can be counted on of what is offered. *reachable* are VENs that a behaviour (a
    level, an import limit) may go to: all but those that refuse. *heard* is whether any VEN has reported
    its flexibility.
    """

    offers: list[Offer]
    available_w: float
    unavailable: dict[VenId, Unavailable]
    reachable: list[VenId]
    heard: bool


def rank_fleet(
    fleet: Iterable[VenRow], event_id: EventId, *, at_ts: float, remaining_s: float, loads_up: bool = False
) -> RankedFleet:
    """Rank *fleet* for an event from *at_ts* on, with *remaining_s* of it to come.

    Of an event that *loads_up* the rows are as `VenRow.offering` has them.
    """
    seed = zlib.crc32(event_id.encode())
    keyed: list[tuple[float, Offer]] = []
    unavailable: dict[VenId, Unavailable] = {}
    reachable: list[VenId] = []
    heard, available_w = False, 0.0
    for ven in fleet:
        ven_id, (offer_kw, sustain_s) = ven.ven_id, ven.credible_offer(remaining_s)
        heard = heard or offer_kw is not None
        reason = unavailability(ven, at_ts)
        if reason is not None:
            unavailable[ven_id] = reason
            if reason.reason is Reason.OFFLINE:
                reachable.append(ven_id)
            continue
        reachable.append(ven_id)
        if offer_kw is None or offer_kw < LEAST_CALL_W / W_PER_KW:
            unavailable[ven_id] = Unavailable(_without_offer(offer_kw, loads_up=loads_up))
            continue
        offer_w = trusted_w(offer_kw, ven.performance)
        performance = believed(ven.performance)
        available_w += offer_w * performance
        # By a float first: sorted several times as fast as by anything else.
        lasts = sustain_s is not None and sustain_s >= remaining_s
        merit = _merit(ven, performance, seed, lasts=lasts)
        keyed.append((merit, Offer(ven_id, offer_w, performance)))
    keyed.sort()
    return RankedFleet([offer for _, offer in keyed], available_w, unavailable, reachable, heard)


def _merit(ven: VenRow, performance: float, seed: int, *, lasts: bool) -> float:
    """The place in merit order as one float, exact below 2**53; the least is called first."""
    rank = 0 if lasts else 3
    if performance < GOOD:
        rank += 1 if performance >= FAIR else 2
    called_wh = int(ven.dispatched_kwh * 1000.0)
    called_wh = min(called_wh, _MOST_WH)
    tie = (zlib.crc32(ven.ven_id.encode(), seed) * 0x9E3779B1 >> 11) % _TIES
    return float(((rank << 29) | called_wh) << 21 | tie)


def unavailability(ven: VenRow, at_ts: float) -> Unavailable | None:
    """The reason not to count on a VEN for an event from *at_ts* on, or None."""
    if ven.revoked_ts is not None or ven.quarantined_ts is not None:
        return Unavailable(Reason.QUARANTINED if ven.revoked_ts is None else Reason.REVOKED)
    if not ven.online:
        return Unavailable(Reason.OFFLINE)
    if ven.enabled is False:
        return Unavailable(Reason.DISABLED)
    opted_out = ven.opt_out
    if opted_out is None:
        return None
    if opted_out.until_ts is None or opted_out.until_ts > at_ts:
        return Unavailable(Reason.OPTED_OUT, str(opted_out.reason))
    return None


def trusted_w(offer_kw: float, performance: float | None) -> int:
    """The part of an offer that a VEN may be called for, W: less of it than all below `PERFORMANCE_FLOOR`."""
    offer_w = int(offer_kw * W_PER_KW + 1e-6)
    if performance is None or performance >= PERFORMANCE_FLOOR:
        return offer_w
    return min(offer_w, max(LEAST_CALL_W, int(offer_w * max(LEAST_TRUST, performance / PERFORMANCE_FLOOR))))


def believed(performance: float | None) -> float:
    """The share of a call to count on, from the share delivered of late; all of it when unknown."""
    if performance is None or performance >= PERFORMANCE_CEILING:
        return PERFORMANCE_CEILING
    return max(PERFORMANCE_FLOOR, performance)


def _without_offer(offer_kw: float | None, *, loads_up: bool) -> Reason:
    if offer_kw is None:
        return Reason.NO_LOAD_UP if loads_up else Reason.NO_OFFER
    return Reason.OFFERS_NOTHING if offer_kw * W_PER_KW < 1 else Reason.OFFERS_TOO_LITTLE
