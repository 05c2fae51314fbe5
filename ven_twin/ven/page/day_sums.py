"""The energy of each day at the grid connection, by a tariff its cost and CO2; the change by events. Pure.

Interpretation: a meter nets what is drawn and fed in over a quarter hour, as most of them do. Days are those
of the site, on the VEN's time. The change by events is used power less that of the house without events, so
that it has the payback too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from itertools import groupby, zip_longest
from typing import NamedTuple

import msgspec

from contracts.wire.units import S_PER_DAY, S_PER_H, kwh
from ven_twin.house.tariff import Tariff
from ven_twin.ven.storage.power_store import MINUTE_S, ActedEvent, PowerMean
from ven_twin.webkit.formatting import local

KWH_DIGITS = 3
MONEY_DIGITS = 4
"""Of money and of CO2."""
PAYBACK_MAX_S = S_PER_DAY
"""An event's change is counted for so long after its end, or until the next one begins."""
_COLUMNS = (
    "day",
    "measured_h",
    "bought_kwh",
    "fed_in_kwh",
    "changed_kwh",
    "currency",
    "cost",
    "changed_cost",
    "co2_kg",
    "changed_co2_kg",
)


class DaySum(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A day of the site (ISO 8601): *measured_s* of it, and its energy, kWh.

    *changed_kwh* is the energy that was bought more for events, net of what is fed in: below zero less.
    *cost* and *changed_cost* are in the tariff's currency, *co2_kg* and *changed_co2_kg* kg; None where no
    tariff has them.
    """

    day: str
    measured_s: float
    bought_kwh: float
    fed_in_kwh: float
    changed_kwh: float
    cost: float | None = None
    changed_cost: float | None = None
    co2_kg: float | None = None
    changed_co2_kg: float | None = None


class EventChange(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The change by an event and its payback, as far as lived, until *until_ts*, UTC s; units as of a day."""

    event_id: str
    until_ts: float
    changed_kwh: float
    changed_cost: float | None = None
    changed_co2_kg: float | None = None


class DaySums(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The days, newest first, and the events of the last week; *currency* is None without a tariff."""

    currency: str | None
    days: tuple[DaySum, ...]
    events: tuple[EventChange, ...]


class Sums(NamedTuple):
    """Energy, kWh, money and CO2, kg, over a time; money and CO2 None where they are not known."""

    measured_s: float = 0.0
    bought_kwh: float = 0.0
    fed_in_kwh: float = 0.0
    changed_kwh: float = 0.0
    cost: float | None = None
    changed_cost: float | None = None
    co2_kg: float | None = None
    changed_co2_kg: float | None = None


def day_sums(quarters: Iterable[PowerMean], zone: tzinfo | None, tariff: Tariff | None) -> Iterator[DaySum]:
    """Each day of *quarters*, which go by time; days without any are left out."""
    for day, means in groupby(quarters, lambda mean: local(mean.ts, zone).date()):
        total = sums(means, zone, tariff)
        yield DaySum(
            day=day.isoformat(),
            measured_s=round(total.measured_s),
            bought_kwh=_kwh(total.bought_kwh),
            fed_in_kwh=_kwh(total.fed_in_kwh),
            changed_kwh=_kwh(total.changed_kwh),
            cost=_money(total.cost),
            changed_cost=_money(total.changed_cost),
            co2_kg=_money(total.co2_kg),
            changed_co2_kg=_money(total.changed_co2_kg),
        )


def event_changes(
    minutes: Sequence[PowerMean], acted: Sequence[ActedEvent], zone: tzinfo | None, tariff: Tariff | None
) -> Iterator[EventChange]:
    """The change by each of the *acted* events, which go by their start, out of the *minutes* of that time.

    A minute in which one event ends and another begins belongs to the later one.
    """
    starts_ts = [_minute(event.start_ts) for event in acted]
    for event, start_ts, next_ts in zip_longest(acted, starts_ts, starts_ts[1:]):
        until_ts = _minute(event.end_ts) + PAYBACK_MAX_S if next_ts is None else next_ts
        until_ts = min(until_ts, _minute(event.end_ts) + PAYBACK_MAX_S)
        lived = [minute for minute in minutes if start_ts <= minute.ts < until_ts]
        if lived:
            changed = sums(lived, zone, tariff)
            yield EventChange(
                event_id=event.event_id,
                until_ts=until_ts,
                changed_kwh=_kwh(changed.changed_kwh),
                changed_cost=_money(changed.changed_cost),
                changed_co2_kg=_money(changed.changed_co2_kg),
            )


def sums(means: Iterable[PowerMean], zone: tzinfo | None, tariff: Tariff | None) -> Sums:
    """The energy of *means*, and by *tariff* its cost and CO2: each mean at the prices of its start."""
    steps = [_step(mean, zone, tariff) for mean in means]
    return Sums._make(map(_total, zip(*steps, strict=True))) if steps else Sums()


def csv(currency: str | None, days: Iterable[DaySum]) -> str:
    """The days as a file, oldest first. RFC 4180."""
    rows = [_COLUMNS, *(_row(day, currency) for day in sorted(days, key=lambda day: day.day))]
    return "".join(",".join(row) + "\r\n" for row in rows)


def _row(day: DaySum, currency: str | None) -> list[str]:
    energy = (day.measured_s / S_PER_H, day.bought_kwh, day.fed_in_kwh, day.changed_kwh)
    money = (day.cost, day.changed_cost, day.co2_kg, day.changed_co2_kg)
    return [day.day, *map(_cell, energy), currency or "", *map(_cell, money)]


def _cell(value: float | None) -> str:
    return "" if value is None else f"{round(value, MONEY_DIGITS) + 0.0:.15g}"


def _step(mean: PowerMean, zone: tzinfo | None, tariff: Tariff | None) -> Sums:
    used_kwh, baseline_kwh = kwh(mean.used_kw, mean.measured_s), kwh(mean.baseline_kw, mean.measured_s)
    bought_kwh, fed_in_kwh = max(0.0, used_kwh), max(0.0, -used_kwh)
    energy = Sums(mean.measured_s, bought_kwh, fed_in_kwh, used_kwh - baseline_kwh)
    if tariff is None:
        return energy
    prices = tariff.prices_at(local(mean.ts, zone))
    changed = (used_kwh - baseline_kwh, fed_in_kwh - max(0.0, -baseline_kwh))
    return energy._replace(
        cost=prices.cost(used_kwh, fed_in_kwh),
        changed_cost=prices.cost(*changed),
        co2_kg=prices.emitted_kg(used_kwh),
        changed_co2_kg=prices.emitted_kg(changed[0]),
    )


def _total(column: tuple[float | None, ...]) -> float | None:
    """The sum; None where one of them is not known."""
    there = [value for value in column if value is not None]
    return sum(there) if len(there) == len(column) else None


def _minute(ts: float) -> float:
    return ts // MINUTE_S * MINUTE_S


def _kwh(energy_kwh: float) -> float:
    return round(energy_kwh, KWH_DIGITS) + 0.0


def _money(amount: float | None) -> float | None:
    return None if amount is None else round(amount, MONEY_DIGITS) + 0.0
