"""A fleet's target shared out by what each VEN offers. Pure."""

from __future__ import annotations

from collections.abc import Mapping

W_PER_KW = 1000


def allocate(asked_kw: float, offers_kw: Mapping[str, float]) -> dict[str, float]:
    """Each VEN's share of *asked_kw*, kW, in proportion to what it offers and never more than that.

    Asking for more than there is allocates what there is. Shares are whole watts that add up exactly:
    what rounding down leaves goes, watt by watt, to those who lost most by it.
    """
    offers_w = {ven_id: int(offer_kw * W_PER_KW) for ven_id, offer_kw in offers_kw.items()}
    total_w = sum(offers_w.values())
    asked_w = min(round(asked_kw * W_PER_KW), total_w)
    if not total_w:
        return dict.fromkeys(offers_w, 0.0)
    shares_w = {ven_id: asked_w * offer_w // total_w for ven_id, offer_w in offers_w.items()}
    lost = sorted(offers_w, key=lambda ven_id: (-(asked_w * offers_w[ven_id] % total_w), ven_id))
    for ven_id in lost[: asked_w - sum(shares_w.values())]:
        shares_w[ven_id] += 1
    return {ven_id: share_w / W_PER_KW for ven_id, share_w in shares_w.items()}
