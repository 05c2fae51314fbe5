"""The forecast of a VEN's flexibility: ``metrics.forecast`` as far as it is believed. Pure.

A forecast is no offer: nothing is dispatched by it. It tells whoever plans an event where the offers of the
hours to come will probably be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from contracts.wire.offers import json_figure
from contracts.wire.telemetry import LARGEST_POWER_KW

POINTS_MAX = 24
"""So many times of a VEN are stored, the earliest ones; a VEN of ours tells six."""
TS_MAX = 2**40
"""No later time is believed, UTC s."""


class ForecastPoint(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """The kW that a VEN can probably shed from *ts* (UTC s) on for a quarter hour.

    *sure_kw* is what it expects to shed whatever comes, *likely_kw* what it expects in half of all cases.
    """

    ts: int
    likely_kw: float
    sure_kw: float


Forecast = tuple[ForecastPoint, ...]
"""By time, each time once."""


def read_forecast(points: object) -> Forecast:
    """Read ``metrics.forecast``, whatever it is; none of what is no list.

    A point without a time or a kW is passed over. Powers beyond `LARGEST_POWER_KW` or below 0 count as the
    bound, and what is sure is no more than what is likely.
    """
    if not isinstance(points, list | tuple):
        return ()
    by_ts = {point.ts: point for point in _points(points)}
    return tuple(by_ts[ts] for ts in sorted(by_ts)[:POINTS_MAX])


def _points(points: list[object] | tuple[object, ...]) -> Iterator[ForecastPoint]:
    for entry in points:
        if not isinstance(entry, Mapping):
            continue
        ts, likely_kw, sure_kw = (json_figure(entry.get(name)) for name in ("ts", "likelyKw", "sureKw"))
        if ts is None or likely_kw is None or sure_kw is None or not 0 <= ts <= TS_MAX:
            continue
        likely_kw = min(max(likely_kw, 0.0), LARGEST_POWER_KW)
        yield ForecastPoint(round(ts), likely_kw, min(max(sure_kw, 0.0), likely_kw))
