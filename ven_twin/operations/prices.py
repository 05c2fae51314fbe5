"""AWS's list prices, of `prices.toml`: one table for everything that says what something costs."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

TABLE = Path(__file__).with_suffix(".toml")


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price: *usd* for *per* of *unit*.

    Attributes:
        usd: US dollars.
        per: how many of the unit that buys.
        unit: what is counted.
        source: where the figure was read.
        date: of the source; the first of January where the year alone is known.
        sure: how far the figure can be relied on.
    """

    usd: float
    per: int
    unit: str
    source: str
    date: dt.date
    sure: Literal["high", "medium", "low"]

    def of(self, quantity: float) -> float:
        """The price of *quantity*, USD."""
        return self.usd * quantity / self.per


class PriceTable(msgspec.Struct, frozen=True, kw_only=True):
    """The prices by name, of one region.

    Attributes:
        region: AWS's name of it.
        collected: the day on which the table was put together.
        prices: by name.
    """

    region: str
    collected: dt.date
    prices: Mapping[str, Price]


@dataclass(frozen=True, slots=True)
class BillItem:
    """A line of a bill: a quantity of what has a price in the table."""

    name: str
    how: str
    quantity: float
    price: str

    @property
    def listed(self) -> Price:
        """Its price."""
        return price_table().prices[self.price]

    @property
    def usd(self) -> float:
        """Its share of the bill."""
        return self.listed.of(self.quantity)


@cache
def price_table() -> PriceTable:
    """The project's price table. Raises msgspec.ValidationError for one that is not well formed."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    header = {name: table.pop(name) for name in ("region", "collected")}
    return msgspec.convert({**header, "prices": table}, PriceTable)
