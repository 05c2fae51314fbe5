"""A fleet's target shared out in proportion to what each VEN offers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lambdas.dispatch_event.logic.eligibility import Offer
from lambdas.dispatch_event.logic.unavailability import W_PER_KW


def call_in_proportion(requested_w: int, offers: Sequence[Offer]) -> dict[str, int]:
    """Call *offers* in proportion, W, so that *requested_w* can be expected; see `shares_w`."""
    counted_on_w = [int(offer_w * performance) for _, offer_w, performance in offers]
    calls = {}
    for (ven_id, _, performance), share_w in zip(offers, shares_w(requested_w, counted_on_w), strict=True):
        if share_w:  # at most what is counted on of the offer, so the call is within the offer
            calls[ven_id] = share_w if performance == 1.0 else round(share_w / performance)
    return calls


def allocate(requested_kw: float, offers_kw: Mapping[str, float]) -> dict[str, float]:
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
