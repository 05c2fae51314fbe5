"""``python -m harness.price_days``: what prices save a house, and what they cost its residents.

Each packaged house lives two days with the prices of `harness.price_days.lived.HOURS`, and the same days
without. What battery, car and tank lack at the end is bought back at the mean price.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from harness.price_days.lived import SEASONS, PricedDays, compared

HOUSES = ("standard", "flat", "leaky")
COLUMNS = (
    *("house", "days", "bill without, with", "bought back", "saved"),
    *("dear hours, kWh", "beyond comfort, min", "car short"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table; exit with 1 where a bill is higher, or a car has less than it needs."""
    parser = argparse.ArgumentParser(prog="python -m harness.price_days", description=__doc__)
    parser.add_argument("--days", type=int, default=2, help="days of each house and season")
    parser.add_argument("--houses", nargs="*", default=HOUSES, help="packaged houses, or profiles")
    chosen = parser.parse_args(arguments)
    sys.stdout.write(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n")
    is_worse = False
    for house in chosen.houses:
        for season in SEASONS:
            days = compared(house, season, chosen.days)
            is_worse = is_worse or days.saved < 0.0 or days.priced.short_soc > days.free.short_soc
            sys.stdout.write(f"{row(house, season, days)}\n")
            sys.stdout.flush()
    sys.exit(1 if is_worse else 0)


def row(house: str, season: str, days: PricedDays) -> str:
    """The row of the table."""
    free, priced = days.free, days.priced
    cells = (
        house,
        season,
        f"{free.bill:.2f}, {priced.bill:.2f}",
        f"{days.left:.2f}",
        f"{days.saved:.2f} ({days.saved / free.bill:.0%})",
        f"{free.dear_kwh:.1f}, {priced.dear_kwh:.1f}",
        f"{free.beyond_min:.0f}, {priced.beyond_min:.0f}",
        "no" if priced.short_soc <= free.short_soc else f"{priced.short_soc:.0%}",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
