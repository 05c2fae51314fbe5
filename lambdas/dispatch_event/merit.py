"""A fleet's target called in merit order: each VEN up to its offer, until the sum is met. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, MutableMapping, Sequence

from lambdas.dispatch_event.fleet import LEAST_CALL_W, Offer


def call_in_order(asked_w: float, offers: Sequence[Offer]) -> dict[str, int]:
    """What each of *offers*, in their order, is called for, W, so that *asked_w* can be expected.

    A VEN that is known to deliver a part of its calls is called for more, up to its offer. The last one is
    called partly; what would be too little to be of use is made up from the VEN before it. Whoever is not
    called is not in it. Asking for more than there is calls what there is.
    """
    calls: dict[str, int] = {}
    left_w = asked_w
    before: Offer | None = None
    for each in offers:
        ven_id, offer_w, performance = each
        if left_w < 0.5:
            break
        if offer_w * performance < left_w:
            calls[ven_id] = offer_w
            left_w -= offer_w * performance
            before = each
            continue
        call_w = min(offer_w, max(1, round(left_w / performance)))
        if call_w < LEAST_CALL_W and before is not None:
            call_w += _made_room(calls, before, LEAST_CALL_W - call_w, performance)
        calls[ven_id] = call_w
        break
    return calls


def _made_room(calls: MutableMapping[str, int], before: Offer, more_w: int, performance: float) -> int:
    """Take from the VEN before what the last one needs more, W; nothing when that has too little itself."""
    less_w = math.ceil(more_w * performance / before.performance)
    if calls[before.ven_id] - less_w < LEAST_CALL_W:
        return 0
    calls[before.ven_id] -= less_w
    return more_w


def top_up(calls: MutableMapping[str, int], gap_w: float, offers: Iterable[Offer]) -> float:
    """Raise *calls* in merit order until *gap_w* more can be expected; returns what is still missing, W.

    Whoever was not called is called for at least `LEAST_CALL_W`; so the last one may make it a little more.
    """
    for ven_id, offer_w, performance in offers:
        if gap_w < 1.0:
            break
        now_w = calls.get(ven_id, 0)
        spare_w = offer_w - now_w
        more_w = min(spare_w, max(round(gap_w / performance), LEAST_CALL_W - now_w))
        if more_w > 0 and now_w + more_w >= LEAST_CALL_W:
            calls[ven_id] = now_w + more_w
            gap_w -= more_w * performance
    return max(0.0, gap_w)
