"""Prices in one line: now, the dearest hours, and where there are none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.openadr.price_curves import PriceCurve, PriceKind, PriceStep
from ven_twin.webkit.price_words import price_line

NOON_TS = datetime(2026, 7, 15, 12, tzinfo=UTC).timestamp()


def curve(
    *prices: float, begin_h: float = 0.0, kind: PriceKind = PriceKind.PRICE, **fields: Any
) -> PriceCurve:
    """A curve of two hours each from noon."""
    begin_ts = NOON_TS + begin_h * 3600
    steps = [PriceStep(begin_ts + n * 7200, begin_ts + (n + 1) * 7200, one) for n, one in enumerate(prices)]
    return PriceCurve(kind=kind, steps=tuple(steps), **fields)


@pytest.mark.parametrize(
    ("prices", "line"),
    [
        (
            curve(0.12, 0.2, 0.45, 0.2, currency="EUR"),
            "Price 0.12 EUR/kWh now; dearest 16:00 to 18:00 at 0.45",
        ),
        (curve(0.45, 0.12, currency="EUR"), "Price 0.45 EUR/kWh now, the dearest, until 14:00"),
        (curve(-0.05), "Price −0.05 per kWh now, until 14:00"),
        (
            curve(310, 420, kind=PriceKind.GHG),
            "Greenhouse gas 310 g/kWh now; dearest 14:00 to 16:00 at 420",
        ),
        (curve(0.3, begin_h=5, currency="USD"), "Price 0.3 USD/kWh from Wed 17:00 on"),
        (curve(0.3, begin_h=-5), "Price: none ahead"),
    ],
)
def test_prices_are_one_line(prices: PriceCurve, line: str) -> None:
    """Now, and when it is dearest."""
    assert price_line(prices, NOON_TS, UTC) == line
