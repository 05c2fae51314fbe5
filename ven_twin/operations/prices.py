"""AWS's list prices, of `prices.toml`: one table for everything that says what something costs."""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

import msgspec

from contracts.errors import FieldError

TABLE = Path(__file__).with_suffix(".toml")


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another price, *usd* for what is *above* a quantity in a month."""

    above: float
    usd: float


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price: *usd* for *per* of *unit*.

    Attributes:
        usd: US dollars.
        per: how many of the unit that buys.
        unit: what is counted.
        source: where the figure was read.
        date: of the source; the first of January where the year alone is known.
        sure: how far the figure can be relied on.
        tiers: other prices of larger quantities, in their order.
    """

    usd: float
    per: int
    unit: str
    source: str
    date: dt.date
    sure: Literal["high", "medium", "low"]
    tiers: tuple[Tier, ...] = ()

    def of(self, quantity: float) -> float:
        """The price of *quantity*, which is a month's, USD."""
        tiers = (Tier(0.0, self.usd), *self.tiers)
        ends = (*(tier.above for tier in self.tiers), math.inf)
        return sum(
            tier.usd * max(0.0, min(quantity, end) - tier.above) / self.per
            for tier, end in zip(tiers, ends, strict=True)
        )


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
    """The project's price table. Raises FieldError for one that is not well formed."""
    return _decoded(TABLE.read_text(encoding="utf-8"), TABLE.name)


def read_price_table(path: Path, option: str) -> PriceTable:
    """The price table of *path*, with the names and units of the project's own.

    Raises:
        FieldError: it cannot be read, is no TOML, or lacks a price or has one that is none; names the
        *option*,
            the file and the key.
    """
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise FieldError(option, f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise FieldError(option, f"{path} is no text in UTF-8") from None
    try:
        table = _decoded(text, str(path))
        _compare(table, price_table(), str(path))
    except FieldError as error:
        raise FieldError(option, f"{error.field}: {error.reason}") from None
    return table


def _decoded(text: str, name: str) -> PriceTable:
    """The table of a text. Raises FieldError, which names the key."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FieldError(name, f"is no TOML: {error}") from None
    header: dict[str, object] = {}
    for key, kind, example in (("region", str, '"us-east-1"'), ("collected", dt.date, "2026-11-28")):
        if key not in table:
            raise FieldError(f"{name}: {key}", f"is missing: write {key} = {example}")
        header[key] = table.pop(key)
        if not isinstance(header[key], kind):
            raise FieldError(f"{name}: {key}", f"{header[key]!r} is none: write {key} = {example}")
    prices = {key: _price(f"{name}: {key}", value) for key, value in table.items()}
    return msgspec.convert({**header, "prices": prices}, PriceTable)


def _price(where: str, value: object) -> Price:
    """One price. Raises FieldError."""
    try:
        price = msgspec.convert(value, Price)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        key = path.removeprefix(".").rstrip("`")
        raise FieldError(f"{where}.{key}" if key else where, reason.replace("Object", "it")) from None
    numbers = {"usd": price.usd} | {f"tiers.{tier.above:g}": tier.usd for tier in price.tiers}
    for key, number in numbers.items():
        if not (math.isfinite(number) and number >= 0):
            raise FieldError(f"{where}.{key}", f"{number:g} is no price: write US dollars, 0 or more")
    if price.per < 1:
        raise FieldError(f"{where}.per", f"{price.per} is no number of units: write 1 or more")
    above = [0.0, *(tier.above for tier in price.tiers)]
    if any(after <= before or not math.isfinite(after) for before, after in pairwise(above)):
        raise FieldError(f"{where}.tiers", "each begins above the one before it")
    return price


def _compare(table: PriceTable, ours: PriceTable, name: str) -> None:
    """Hold names and units to the project's. Raises FieldError."""
    for key in ours.prices:
        if key not in table.prices:
            raise FieldError(f"{name}: {key}", "is missing: every price of ven_twin/operations/prices.toml")
    for key, price in table.prices.items():
        if key not in ours.prices:
            names = ", ".join(ours.prices)
            raise FieldError(f"{name}: {key}", f"is no price that is known: {names}")
        if price.unit != ours.prices[key].unit:
            raise FieldError(f"{name}: {key}.unit", f"{price.unit!r} is not {ours.prices[key].unit!r}")


def how_sure(table: PriceTable) -> str:
    """The reliance on the prices, in a sentence."""
    by_sureness = {
        sure: [name for name, price in table.prices.items() if price.sure == sure]
        for sure in ("high", "medium", "low")
    }
    low = f" ({', '.join(by_sureness['low'])})" if by_sureness["low"] else ""
    high, medium, few = (len(names) for names in by_sureness.values())
    return (
        f"List prices of {table.region}, USD, no free tier, collected {table.collected}: of "
        f"{len(table.prices)} prices {high} are sure, {medium} of one public source, {few} unsure{low}; "
        "nobody has seen AWS's live price pages for them."
    )
