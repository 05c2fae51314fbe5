"""An event's report: asked, delivered and against which baseline."""

from __future__ import annotations

from typing import Literal

import msgspec

Baseline = Literal["meter_before", "clone"]


class Delivered(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """What was delivered against one baseline, over the whole event.

    *baseline_kw* and *delivered_kw* are time-weighted means, *delivered_kwh* the integral over time;
    a negative delivery is a rise. *intervals_kw* are the means by interval, None where nothing was stored.
    """

    baseline_kw: float
    delivered_kw: float
    delivered_kwh: float
    intervals_kw: tuple[float | None, ...] = ()


class Quality(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """How much of the event the stored telemetry covers.

    *coverage* is the part of the event's seconds within a row's reach, 0 to 1; *longest_gap_s* the
    longest time that no row covers.
    """

    rows: int
    coverage: float
    longest_gap_s: float


class VenReport(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """One VEN's part. A baseline that could not be worked out is absent, and *notes* say why."""

    ven_id: str
    asked_kw: float
    used_kw: float | None
    delivered: dict[Baseline, Delivered]
    quality: Quality
    acknowledged: bool
    opted_out: bool = False
    response_s: float | None = None
    restored: bool | None = None
    rebound_kwh: float | None = None
    notes: tuple[str, ...] = ()


class EventReport(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The settled event; totals are sums over the VENs that delivered data."""

    event_id: str
    revision: int
    start_ts: int
    end_ts: int
    settled_ts: int
    asked_kw: float
    delivered: dict[Baseline, Delivered]
    vens: tuple[VenReport, ...]
    cancelled: bool = False
    notes: tuple[str, ...] = ()
