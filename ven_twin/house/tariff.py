"""The price of energy to a resident: flat, or by time of day. Pure.

A house file has it as ``[tariff]``; without it no money is shown.

    [tariff]
    currency = "USD"
    price = 0.12                    # a kWh, at all times that no period names
    export_price_kwh = 0.05         # a kWh that is fed in; 0 when left out
    co2_kg_kwh = 0.38               # emitted for a kWh that is drawn; no CO2 is shown when left out
    incentive_kwh = 0.50            # a program pays for a kWh that settles; no pay is shown when left out

    [[tariff.periods]]
    from = "14:00"
    until = "19:00"
    days = "weekdays"               # or "weekends"; every day when left out
    price = 0.31
    export_price_kwh = 0.20         # in this period; the tariff's when left out
    co2_kg_kwh = 0.55               # in this period; the tariff's when left out

A house with net metering has as its export price what it pays. Fixed charges and charges on the peak are no
energy and are not in it. Interpretation: a kWh that is fed in saves what one that is drawn emits.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from ven_twin.house.errors import WHOLE_FILE, ProfileError

Price = Annotated[float, Meta(ge=-100.0, le=100_000.0)]
"""Of a kWh, in the tariff's currency. Wholesale prices below zero occur."""
Emission = Annotated[float, Meta(ge=0.0, le=10.0)]
"""For a kWh, kg of CO2. Lignite emits about 1."""
Days = Literal["all", "weekdays", "weekends"]
MOST_PERIODS = 48
SATURDAY = 5
MINUTES_A_DAY = 24 * 60
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_FIELD = re.compile(r"(?:unknown|required) field `(\w+)`")

StructT = TypeVar("StructT", bound=msgspec.Struct)


class EnergyPrices(NamedTuple):
    """The prices at a time: of a kWh that is drawn, and of one that is fed in; its CO2, kg, where known."""

    price: float
    export_price: float
    co2_kg: float | None = None

    def cost(self, bought_kwh: float, fed_in_kwh: float) -> float:
        """The cost of *bought_kwh* more, net of what is fed in, of which *fed_in_kwh* more was fed in."""
        return (bought_kwh + fed_in_kwh) * self.price - fed_in_kwh * self.export_price

    def emitted_kg(self, bought_kwh: float) -> float | None:
        """The CO2 of *bought_kwh* more, net of what is fed in; None where it is not known."""
        return None if self.co2_kg is None else bought_kwh * self.co2_kg


class TariffPeriod(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time of day with a price of its own; one that ends before it begins goes over midnight."""

    begins: str = msgspec.field(name="from")
    until: str
    price: Price
    export_price_kwh: Price | None = None
    co2_kg_kwh: Emission | None = None
    days: Days = "all"

    def covers(self, at: datetime) -> bool:
        """True when local *at* is within; after midnight it is still the day that it began on."""
        minute, start, end = at.hour * 60 + at.minute, _minute(self.begins), _minute(self.until)
        over_midnight = end <= start
        within = minute >= start or minute < end if over_midnight else start <= minute < end
        day = (at.weekday() - (over_midnight and minute < end)) % 7
        return within and (self.days == "all" or (day >= SATURDAY) is (self.days == "weekends"))


class Tariff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The price of a kWh, *price* where none of *periods* is; of several that are the first counts.

    *export_price_kwh* is what a kWh that is fed in earns, in a period without an export price of its own too;
    *co2_kg_kwh* likewise. *incentive_kwh* is what a program pays for a kWh that settles.
    """

    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
    price: Price
    export_price_kwh: Price = 0.0
    co2_kg_kwh: Emission | None = None
    incentive_kwh: Price | None = None
    periods: tuple[TariffPeriod, ...] = ()

    def price_at(self, at: datetime) -> float:
        """The price of a kWh at a local time."""
        return self.prices_at(at).price

    def prices_at(self, at: datetime) -> EnergyPrices:
        """The prices of what is drawn and fed in at a local time."""
        period = next((period for period in self.periods if period.covers(at)), None)
        if period is None:
            return EnergyPrices(self.price, self.export_price_kwh, self.co2_kg_kwh)
        export_price, co2_kg = period.export_price_kwh, period.co2_kg_kwh
        return EnergyPrices(
            period.price,
            self.export_price_kwh if export_price is None else export_price,
            self.co2_kg_kwh if co2_kg is None else co2_kg,
        )


def tariff_in(text: str, source: str) -> Tariff:
    """The tariff of a house file, or of a file that has nothing else. Raises as `read_tariff`."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(source, WHOLE_FILE, None, f"must be TOML: {error}") from error
    return read_tariff(raw.get("tariff"), source)


def read_tariff(table: object, source: str) -> Tariff:
    """The tariff in a ``[tariff]`` table. *source* is what errors call its file.

    Raises:
        ProfileError: a key is missing or unknown, or a value is not allowed; names the key and what is.
    """
    if not isinstance(table, Mapping):
        raise ProfileError(source, "tariff", table, "a table, such as price = 0.15 and currency = 'USD'")
    periods = table.get("periods", [])
    if not isinstance(periods, list) or len(periods) > MOST_PERIODS:
        allowed = f"at most {MOST_PERIODS} tables, each written [[tariff.periods]]"
        raise ProfileError(source, "tariff.periods", periods, allowed)
    read = tuple(_period(period, f"tariff.periods[{index}]", source) for index, period in enumerate(periods))
    tariff = _convert(Tariff, {**table, "periods": []}, "tariff", source)
    return msgspec.structs.replace(tariff, periods=read)


def _period(table: object, key: str, source: str) -> TariffPeriod:
    period = _convert(TariffPeriod, table, key, source)
    for name, text in (("from", period.begins), ("until", period.until)):
        if not _TIME.fullmatch(text):
            raise ProfileError(source, f"{key}.{name}", text, "a time of day from 00:00 to 24:00")
    if period.begins == period.until:
        raise ProfileError(source, f"{key}.until", period.until, "another time than from")
    return period


_ALLOWED = {
    "currency": "three capital letters, such as USD",
    "price": "a number from -100 to 100000, the price of a kWh",
    "export_price_kwh": "a number from -100 to 100000, the price of a kWh that is fed in",
    "co2_kg_kwh": "a number from 0 to 10, the kg of CO2 for a kWh",
    "incentive_kwh": "a number from -100 to 100000, what a program pays for a kWh",
    "from": "a time of day in quotes, such as '14:00'",
    "until": "a time of day in quotes, such as '19:00'",
    "days": "'all', 'weekdays' or 'weekends'",
}


def _convert(kind: type[StructT], table: object, under: str, source: str) -> StructT:
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        text = str(error)
        name = text.rpartition("`$.")[2].rstrip("`") if "`$." in text else ""
        field = _FIELD.search(text)
        if field is not None:
            name = field[1]
        value = table.get(name) if isinstance(table, Mapping) else table
        there = ", ".join(field.encode_name for field in msgspec.structs.fields(kind))
        allowed = f"a table with {there}"
        if name:
            allowed = _ALLOWED.get(name, f"there are {there}")
        raise ProfileError(source, f"{under}.{name}" if name else under, value, allowed) from error


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
