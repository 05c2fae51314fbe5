"""The VENs that have gone silent. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from contracts.wire.ids import VenId

SILENT_S = 900.0
"""A VEN that has once been there is silent when nothing has come of it for so long. Interpretation: thirty
rows at the usual interval, and longer than a reconnect takes at its slowest."""


class PresenceRow(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Presence in a VEN's row; *online* is None until it has connected once."""

    ven_id: VenId
    online: bool | None = None
    presence_ts: float | None = None


def silent(vens: Iterable[PresenceRow], received_ts: Mapping[str, float], now_ts: float) -> list[str]:
    """Ids of the VENs that were there once and have been silent for `SILENT_S`, in order.

    *received_ts* is when the cloud received a VEN's latest row, UTC s; absent without one.
    """
    return sorted(
        ven.ven_id
        for ven in vens
        if ven.online is not None
        and now_ts - max(received_ts.get(ven.ven_id, 0.0), ven.presence_ts or 0.0) > SILENT_S
    )
