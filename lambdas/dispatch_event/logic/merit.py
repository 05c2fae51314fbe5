"""A fleet's target called: in merit order, each VEN up to its offer, or in proportion to the offers. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, MutableMapping, Sequence

from contracts.wire.ids import VenId
from lambdas.dispatch_event.logic.eligibility import LEAST_CALL_W, W_PER_KW, Offer


def call_in_order(requested_w: float, offers: Sequence[Offer]) -> dict[VenId, int]:
    """Call *offers* in their order, W, so that *requested_w* can be expected.

    A VEN that is known to deliver a part of its calls is called for more, up to its offer. The last one is
    called partly; what would be too little to be of use is made up from the VEN before it. Whoever is not
    called is not in it. A request for more than there is calls what there is.
    """
    calls: dict[VenId, int] = {}
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


def _made_room(calls: MutableMapping[VenId, int], before: Offer, more_w: int, performance: float) -> int:
    """Take from the VEN before what the last one needs more, W; nothing when that has too little itself."""
    less_w = math.ceil(more_w * performance / before.performance)
    if calls[before.ven_id] - less_w < LEAST_CALL_W:
        return 0
    calls[before.ven_id] -= less_w
    return more_w


def top_up(calls: MutableMapping[VenId, int], gap_w: float, offers: Sequence[Offer]) -> float:
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


def _spare_w(calls: Mapping[VenId, int], offer: Offer) -> int:
    return offer.offer_w - calls.get(offer.ven_id, 0)


def _raise(calls: MutableMapping[VenId, int], offer: Offer, gap_w: float) -> float:
    """Raise one call by what *gap_w* needs of it; returns what can be expected of that, W."""
    now_w, performance = calls.get(offer.ven_id, 0), offer.performance
    more_w = min(offer.offer_w - now_w, max(round(gap_w / performance), LEAST_CALL_W - now_w))
    if more_w <= 0 or now_w + more_w < LEAST_CALL_W:
        return 0.0
    calls[offer.ven_id] = now_w + more_w
    return more_w * performance


def call_in_proportion(requested_w: int, offers: Sequence[Offer]) -> dict[VenId, int]:
    """Call *offers* in proportion, W, so that *requested_w* can be expected; see `shares_w`."""
    counted_on_w = [int(offer_w * performance) for _, offer_w, performance in offers]
    calls = {}
    for (ven_id, _, performance), share_w in zip(offers, shares_w(requested_w, counted_on_w), strict=True):
        if share_w:  # at most what is counted on of the offer, so the call is within the offer
            calls[ven_id] = share_w if performance == 1.0 else round(share_w / performance)
    return calls


def allocate(requested_kw: float, offers_kw: Mapping[VenId, float]) -> dict[VenId, float]:
    """Each VEN's share of *requested_kw*, kW, in whole watts; see `shares_w`."""
    ven_ids = sorted(offers_kw)
    offers_w = [int(offers_kw[ven_id] * W_PER_KW + 1e-6) for ven_id in ven_ids]
    shares = shares_w(round(requested_kw * W_PER_KW), offers_w)
    return {ven_id: share_w / W_PER_KW for ven_id, share_w in zip(ven_ids, shares, strict=True)}


def shares_w(requested_w: int, offers_w: Sequence[int]) -> list[int]:
    """Shares of *requested_w* in proportion to the offers, none more than its offer, in their order, W.

    A request for more than there is allocates what there is. The shares add up exactly: what rounding down
    leaves goes, watt by watt, to those who lost most by it, the first of equals first.
    """
    total_w = sum(offers_w)
    requested_w = min(requested_w, total_w)
    if not total_w:
        return [0] * len(offers_w)
    shares = [requested_w * offer_w // total_w for offer_w in offers_w]
    left_w = requested_w - sum(shares)
    if left_w:
        lost = [requested_w * offer_w % total_w for offer_w in offers_w]
        for index in sorted(range(len(lost)), key=lost.__getitem__, reverse=True)[:left_w]:
            shares[index] += 1
    return shares
