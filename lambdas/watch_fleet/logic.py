"""The VENs that have gone silent, and a sample of the fleet. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from contracts.api.fleet import FRESH_S, Fleet
from contracts.api.resources import FleetSample, TelemetryRow
from contracts.openadr.oadr_vens import is_oadr_ven
from contracts.wire.ids import VenId

SILENT_S = 900.0
"""A VEN that has once been there is silent when nothing has come of it for so long. Interpretation: thirty
rows at the usual interval, and longer than a reconnect takes at its slowest."""


class PresenceRow(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Presence in a VEN's row; *online* is None until it has connected once."""

    ven_id: VenId
    online: bool | None = None
    presence_ts: float | None = None


def sample(fleet: Fleet, latest: Iterable[TelemetryRow]) -> FleetSample:
    """The fleet's powers together, of *latest* those rows that are fresh."""
    fresh = [row for row in latest if fleet.ts - (row.received_ts or row.timestamp) <= FRESH_S]
    return FleetSample(
        timestamp=int(fleet.ts),
        online=fleet.online,
        measured=len(fresh),
        used_kw=round(sum(row.used_power_kw for row in fresh), 3),
        baseline_kw=round(sum(row.baseline_power_kw for row in fresh), 3),
        requested_kw=fleet.requested_kw,
        delivered_kw=fleet.delivered_kw,
        flexibility_kw=fleet.flexibility_kw,
    )


def silent(vens: Iterable[PresenceRow], received_ts: Mapping[str, float], now_ts: float) -> list[str]:
    """Ids of the VENs that were there once and have been silent for `SILENT_S`, in order.

    A VEN of OpenADR reports when it is asked to, and is never silent. *received_ts* is when the cloud
    received a VEN's latest row, UTC s; absent without one.
    """
    return sorted(
        ven.ven_id
        for ven in vens
        if ven.online is not None
        and not is_oadr_ven(ven.ven_id)
        and now_ts - max(received_ts.get(ven.ven_id, 0.0), ven.presence_ts or 0.0) > SILENT_S
    )
