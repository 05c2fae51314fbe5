"""A report's words of its VEN for the fleet's row: offer, opt-out, and how long they count. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from contracts.openadr.report_values import OPTED_OUT
from contracts.wire.events import MAX_DURATION_S
from lambdas.vtn_dispatch.logic.readings import SiteReading

FRESH_S = 3600.0
"""A VEN is counted on for so long after a report, or twice as long as an interval of it. Interpretation: one
that is asked for a report each quarter of an hour may miss some."""
REPORT_INTERVAL_S = 1.0, 3600.0


class RowWords(NamedTuple):
    """The words of one report.

    Attributes:
        fresh_ts: until when the VEN counts as being there, UTC s.
        interval_s: the length of what it measures at once.
        offer_kw: what it offers now, or None.
        sustain_s: for how long, as far as it tells.
        battery_soc: its battery's charge, as a share.
        peak_kw: the most that it drew.
        has_state: True where it says whether it takes part.
        opted_out_until_ts: until when it does not; None where it does.
    """

    fresh_ts: float
    interval_s: float
    offer_kw: float | None = None
    sustain_s: float | None = None
    battery_soc: float | None = None
    peak_kw: float = 0.0
    has_state: bool = False
    opted_out_until_ts: float | None = None


def row_words(readings: Sequence[SiteReading], *, now_ts: float) -> RowWords:
    """The words of *readings*, in the order of their time; there is one at least."""
    lengths_s = [reading.end_ts - reading.start_ts for reading in readings]
    ahead_ts = max((reading.end_ts for reading in readings if reading.offer_kw is not None), default=now_ts)
    offer_kw, sustain_s = _offer([reading for reading in readings if reading.offer_kw is not None], now_ts)
    charges = [reading.battery_soc for reading in readings if reading.battery_soc is not None]
    states = [reading for reading in readings if reading.state is not None]
    return RowWords(
        fresh_ts=max(now_ts + max(FRESH_S, 2 * max(lengths_s)), min(ahead_ts, now_ts + MAX_DURATION_S)),
        interval_s=min(max(min(lengths_s), REPORT_INTERVAL_S[0]), REPORT_INTERVAL_S[1]),
        offer_kw=offer_kw,
        sustain_s=sustain_s,
        battery_soc=charges[-1] if charges else None,
        peak_kw=max((reading.used_kw for reading in readings if reading.used_kw is not None), default=0.0),
        has_state=bool(states),
        opted_out_until_ts=_out_until_ts(states, now_ts),
    )


def _offer(offers: Sequence[SiteReading], now_ts: float) -> tuple[float | None, float | None]:
    """The offer now, kW, and the time left of it, s; None where there is none.

    It is that of the interval of now, else of the last before it, else of the first after it. It lasts as
    long as the intervals that follow offer no less.
    """
    begun = [reading for reading in offers if reading.start_ts <= now_ts]
    first = (begun or [*offers[:1]])[-1:]
    if not first:
        return None, None
    kw, until_ts = first[0].offer_kw or 0.0, first[0].end_ts
    for reading in offers:
        if reading.start_ts == until_ts and (reading.offer_kw or 0.0) >= kw:
            until_ts = reading.end_ts
    return kw, until_ts - now_ts if first[0].start_ts <= now_ts < until_ts else None


def _out_until_ts(states: Iterable[SiteReading], now_ts: float) -> float | None:
    """The end of the last interval that is not over and that the VEN takes no part in."""
    return max(
        (reading.end_ts for reading in states if reading.state == OPTED_OUT and reading.end_ts > now_ts),
        default=None,
    )
