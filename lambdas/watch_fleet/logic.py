"""Which VENs have gone silent. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

SILENT_S = 900.0
"""A VEN that has once been there is silent when nothing has come of it for so long. Interpretation: thirty
rows at the usual interval, and longer than a reconnect takes at its slowest."""


class Presence(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """What is known of a VEN's being there; *online* is None until it has connected once."""

    ven_id: str
    online: bool | None = None
    presence_ts: float | None = None


def silent(vens: Iterable[Presence], heard_ts: Mapping[str, float], now_ts: float) -> list[str]:
    """Ids of the VENs that were there once and have not been heard of for `SILENT_S`, in order.

    Args:
        vens: every VEN.
        heard_ts: when the cloud received the latest row of each that has one, UTC s.
        now_ts: UTC s.
    """
    return sorted(
        ven.ven_id
        for ven in vens
        if ven.online is not None
        and now_ts - max(heard_ts.get(ven.ven_id, 0.0), ven.presence_ts or 0.0) > SILENT_S
    )
