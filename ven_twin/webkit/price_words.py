"""Prices in one line for people: what a kWh costs now, and when it is dearest. Pure.

Price 0.12 EUR/kWh now; dearest 17:00 to 20:00 at 0.45
"""

from __future__ import annotations

from datetime import tzinfo

from contracts.openadr.price_curves import PriceCurve, PriceKind, PriceStep
from contracts.wire.units import S_PER_DAY
from ven_twin.webkit.formatting import MINUS, local, period

DIGITS = 4


def price_line(curve: PriceCurve, now_ts: float, zone: tzinfo | None = None) -> str:
    """The prices of *curve* in the day from *now_ts* on, times in *zone*; the reader's own without."""
    name = "Price" if curve.kind is PriceKind.PRICE else "Greenhouse gas"
    ahead = [step for step in curve.steps if now_ts < step.end_ts and step.start_ts < now_ts + S_PER_DAY]
    if not ahead:
        return f"{name}: none ahead"
    first = ahead[0]
    if first.start_ts > now_ts:
        day = local(first.start_ts, zone)
        return f"{name} {_figure(first.price)} {curve.unit} from {day:%a} {day:%H:%M} on"
    words = f"{name} {_figure(first.price)} {curve.unit} now"
    dearest = max(ahead, key=lambda step: (step.price, -step.start_ts))
    if len(ahead) == 1:
        return f"{words}, until {local(first.end_ts, zone):%H:%M}"
    if dearest is first:
        return f"{words}, the dearest, until {local(first.end_ts, zone):%H:%M}"
    return f"{words}; dearest {_span(dearest, zone)} at {_figure(dearest.price)}"


def _span(step: PriceStep, zone: tzinfo | None) -> str:
    return period(round(step.start_ts), round(step.end_ts), zone)


def _figure(price: float) -> str:
    """A price with as many digits as it needs."""
    text = f"{abs(price):.{DIGITS}f}".rstrip("0").rstrip(".")
    return f"{MINUS}{text}" if price < 0 and text != "0" else text
