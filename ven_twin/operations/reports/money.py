"""An event in money and CO2 by a tariff: the cost to the residents, and the pay of the program. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

import msgspec

from contracts.api.reports import EventReport
from ven_twin.house.tariff import EnergyPrices, Tariff
from ven_twin.operations.reports.texts import site_zone
from ven_twin.webkit.formatting import fixed, local

SMALL = 0.1
"""Amounts below are shown with four decimals: an event of a minute in one house is worth less than a cent."""


class EventMoney(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """An event at a tariff; each figure None where it is not known.

    Attributes:
        currency: of the amounts.
        amount: the cost to the residents over event and payback; below zero they saved it.
        incentive: what the program pays for the energy that settles.
        co2_kg: CO2 emitted more over event and payback, kg; below zero less.
    """

    currency: str
    amount: float | None = None
    incentive: float | None = None
    co2_kg: float | None = None


def event_money(report: EventReport, tariff: Tariff) -> EventMoney:
    """The event at *tariff*: each step of what was bought at its middle's prices, by the sites' clock."""
    steps = list(_bought(report, tariff))
    emitted = [prices.emitted_kg(bought_kwh) for prices, bought_kwh, _ in steps]
    emitted_kg = [kg for kg in emitted if kg is not None]
    return EventMoney(
        currency=tariff.currency,
        amount=sum(prices.cost(bought, fed_in) for prices, bought, fed_in in steps) if steps else None,
        incentive=_incentive(report, tariff),
        co2_kg=sum(emitted_kg) if steps and len(emitted_kg) == len(emitted) else None,
    )


def money_tiles(report: EventReport, tariff: Tariff | None) -> Iterator[tuple[str, str, str]]:
    """Cost and pay for a page: the name, the amount, and of what it is."""
    at = None if tariff is None else event_money(report, tariff)
    if at is not None and at.amount is not None:
        side = "less" if at.amount < 0 else "more"
        yield "Cost", money(at.amount), f"{at.currency} {side}, to the residents"
    if at is not None and at.incentive is not None:
        yield "Pay", money(at.incentive), f"{at.currency} of the program, for what settles"


def bought_kwh(report: EventReport) -> float | None:
    """The energy that all residents bought more over event and payback; None where it is not known."""
    if report.bought is None:
        return None
    return sum(energy_kwh or 0.0 for energy_kwh in report.bought.kwh)


def money(amount: float) -> str:
    """An amount without its sign and currency."""
    return fixed(abs(amount), 2 if abs(amount) >= SMALL or amount == 0 else 4)


def _bought(report: EventReport, tariff: Tariff) -> Iterator[tuple[EnergyPrices, float, float]]:
    """Each step with its prices, what was bought more and what of it was fed in more, kWh."""
    if report.bought is None:
        return
    zone, bought = site_zone(report), report.bought
    middles = (bought.start_ts + (step + 0.5) * bought.step_s for step in range(len(bought.kwh)))
    for at_ts, energy_kwh, fed_in_kwh in zip_longest(middles, bought.kwh, bought.fed_in_kwh, fillvalue=0.0):
        yield tariff.prices_at(local(at_ts, zone)), energy_kwh or 0.0, fed_in_kwh


def _incentive(report: EventReport, tariff: Tariff) -> float | None:
    """The pay for what settles. Interpretation: what settles below zero costs its residents nothing."""
    if tariff.incentive_kwh is None or report.settled_by is None:
        return None
    return tariff.incentive_kwh * max(0.0, report.delivered[report.settled_by].delivered_kwh)
