"""A fleet's target called in merit order: each VEN up to its offer, until the sum is met. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, MutableMapping, Sequence

from lambdas.dispatch_event.logic.eligibility import Offer
from lambdas.dispatch_event.logic.unavailability import LEAST_CALL_W


def call_in_order(requested_w: float, offers: Sequence[Offer]) -> dict[str, int]:
    """Call *offers* in their order, W, so that *requested_w* can be expected.

    A VEN that is known to deliver a part of its calls is called for more, up to its offer. The last one is
    called partly; what would be too little to be of use is made up from the VEN before it. Whoever is not
    called is not in it. A request for more than there is calls what there is.
    """
    calls: dict[str, int] = {}
    left_w = requested_w
    before: Offer | None = None
    for offer in offers:
        ven_id, offer_w, performance = offer
        if left_w < 0.5:
            break
        if offer_w * performance < left_w:
            calls[ven_id] = offer_w
            left_w -= offer_w * performance
            before = offer
            continue
        dispatched_w = min(offer_w, max(1, round(left_w / performance)))
        if dispatched_w < LEAST_CALL_W and before is not None:
            dispatched_w += _made_room(calls, before, LEAST_CALL_W - dispatched_w, performance)
        calls[ven_id] = dispatched_w
        break
    return calls


def _made_room(calls: MutableMapping[str, int], before: Offer, more_w: int, performance: float) -> int:
    """Take from the VEN before what the last one needs more, W; nothing when that has too little itself."""
    less_w = math.ceil(more_w * performance / before.performance)
    if calls[before.ven_id] - less_w < LEAST_CALL_W:
        return 0
    calls[before.ven_id] -= less_w
    return more_w


def top_up(calls: MutableMapping[str, int], gap_w: float, offers: Sequence[Offer]) -> float:
    """Raise *calls* in merit order until *gap_w* more can be expected; returns what is still missing, W.

    Whoever was not called is called for at least `LEAST_CALL_W`; so the last one may make it a little more.
    The last is not the next in merit order but, of those that are left, the one with the least spare that
    is enough: a house of relays gives all or nothing, and part of a big one would be too much.
    """
    for place, offer in enumerate(offers):
        if gap_w < 1.0:
            break
        if _spare_w(calls, offer) * offer.performance >= gap_w:
            enough = (left for left in offers[place:] if _spare_w(calls, left) * left.performance >= gap_w)
            gap_w -= _raise(calls, min(enough, key=lambda left: _spare_w(calls, left)), gap_w)
        else:
            gap_w -= _raise(calls, offer, gap_w)
    return max(0.0, gap_w)


def _spare_w(calls: Mapping[str, int], offer: Offer) -> int:
    return offer.offer_w - calls.get(offer.ven_id, 0)


def _raise(calls: MutableMapping[str, int], offer: Offer, gap_w: float) -> float:
    """Raise one call by what *gap_w* needs of it; returns what can be expected of that, W."""
    now_w, performance = calls.get(offer.ven_id, 0), offer.performance
    more_w = min(offer.offer_w - now_w, max(round(gap_w / performance), LEAST_CALL_W - now_w))
    if more_w <= 0 or now_w + more_w < LEAST_CALL_W:
        return 0.0
    calls[offer.ven_id] = now_w + more_w
    return more_w * performance
