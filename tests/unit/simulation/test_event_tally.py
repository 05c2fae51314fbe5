"""The account of a run's events: given, taken and paid, by circuit, until when, at which price."""

from __future__ import annotations

from datetime import UTC

import pytest

from contracts.wire.events import DrEvent, Interval, Signal
from contracts.wire.ids import EventId
from ven_twin.control.comfort import WITHIN, Beyond
from ven_twin.house.library import load_profile
from ven_twin.house.tariff import EnergyPrices, Tariff
from ven_twin.simulation.event_report import cut_text, events_html, line
from ven_twin.simulation.event_tally import EventTally
from ven_twin.simulation.ledger import Ledger
from ven_twin.simulation.scenario import Minute

HOUR = 3600
START = 1_784_134_800
"""Wednesday 15 July 2026, 17:00 UTC."""
USD = Tariff(currency="USD", price=0.2)


def event(name: str, from_h: float, hours: float = 1.0) -> DrEvent:
    """2 kW less, from so many hours after START."""
    intervals = (Interval(duration_s=int(hours * HOUR), signal=Signal.SHED_KW, value=2.0),)
    return DrEvent(event_id=EventId(name), start_ts=int(START + from_h * HOUR), intervals=intervals)


def counted(
    *events: DrEvent, hours: int = 30, price: float | None = None, hot: Beyond = WITHIN
) -> list[EventTally]:
    """A run in which each event takes 1 kW off the car and the house draws 0.5 kW more after it."""
    ledger = Ledger(events, prices_at=None if price is None else lambda _: EnergyPrices(price, 0.0))
    for step in range(hours * 60):
        at_s = START + 60.0 * step
        acting = next((one for one in events if one.start_ts <= at_s < one.end_ts), None)
        over = any(one.end_ts <= at_s for one in events)
        car_kw = 3.0 if acting else 4.5 if over else 4.0
        used, free = {"ev1": car_kw, "fridge1": 0.1}, {"ev1": 4.0, "fridge1": 0.1}
        minute = Minute(
            at_s,
            used,
            sum(used.values()),
            sum(free.values()),
            20.0,
            requested_kw=2.0 if acting else None,
            event_id=acting.event_id if acting else None,
            free_circuits_kw=free,
            beyond=hot if acting else WITHIN,
        )
        ledger.count(minute)
    return ledger.tallies


def test_energy_by_circuit_adds_up_to_the_house() -> None:
    """The car gave 1 kWh and took 12 after; the fridge had no part in it."""
    (tally,) = counted(event("a", 0))
    assert tally.circuits_kwh == pytest.approx({"ev1": 1.0, "fridge1": 0.0})
    assert tally.circuits_after_kwh == pytest.approx({"ev1": 12.0, "fridge1": 0.0})
    assert sum(tally.circuits_kwh.values()) == pytest.approx(tally.delivered_kwh)
    assert sum(tally.circuits_after_kwh.values()) == pytest.approx(tally.payback_24h_kwh)
    assert (tally.rebound_is_whole, tally.payback_is_whole, cut_text(tally, UTC)) == (True, True, None)


def test_no_minute_counts_for_two_events_and_the_cut_is_told() -> None:
    """Three hours after the first the second begins: 1.5 kWh are the first's, and both counts end there."""
    first, second = counted(event("a", 0), event("b", 4))
    assert (first.rebound_4h_kwh, first.payback_24h_kwh) == pytest.approx((1.5, 1.5))
    assert (first.rebound_is_whole, first.payback_until_s) == (False, START + 4 * HOUR)
    assert cut_text(first, UTC) == (
        "rebound and payback counted until 2026-07-15 21:00, when the next event began"
    )
    assert second.payback_is_whole
    assert second.payback_24h_kwh == pytest.approx(12.0)


def test_an_event_after_four_hours_cuts_the_payback_alone() -> None:
    """Its rebound is whole by then."""
    first, _ = counted(event("a", 0), event("b", 10))
    assert (first.rebound_is_whole, first.payback_is_whole) == (True, False)
    assert first.rebound_4h_kwh == pytest.approx(2.0)
    assert str(cut_text(first, UTC)).startswith("payback counted until 2026-07-16 03:00")


@pytest.mark.parametrize(
    ("used_kw", "baseline_kw", "cost"),
    [
        (1.0, 2.0, -0.3),
        (-3.0, 2.0, -0.3 * 2 - 0.1 * 3),
        (2.0, -3.0, 0.3 * 2 + 0.1 * 3),
        (-3.0, -1.0, -0.1 * 2),
    ],
)
def test_what_is_fed_in_earns_the_export_price(used_kw: float, baseline_kw: float, cost: float) -> None:
    """Of 5 kW less, 2 are not drawn at 0.3 a kWh and 3 are fed in at 0.1; over an hour."""
    tally = EventTally(event("e", 0.0))
    for step in range(60):
        minute = Minute(START + 60.0 * step, {}, used_kw, baseline_kw, 25.0, event_id="e")
        tally.during(minute, EnergyPrices(0.3, 0.1))
    assert tally.cost == pytest.approx(cost)


def test_the_cost_is_what_was_bought_more_at_its_price() -> None:
    """11 kWh more at 0.20 USD are 2.20 USD; without a tariff there is no money anywhere."""
    (tally,) = counted(event("a", 0), price=0.2)
    assert (tally.bought_kwh, tally.cost) == pytest.approx((11.0, 2.2))
    assert "bought 11.000 kWh more and paid 2.20 USD more" in line(tally, USD, UTC)
    assert "paid" not in line(tally, None, UTC)
    circuits = load_profile("standard").circuits
    assert "2.20 USD" in "".join(events_html([tally], circuits, USD, UTC))
    assert "No money" in "".join(events_html([tally], circuits, None, UTC))


def test_minutes_of_comfort_are_told_by_kind() -> None:
    """An hour of air past its limit is an hour past its setpoints; what is in the counterfactual is none."""
    (tally,) = counted(event("a", 0), hot=Beyond(air_setpoints=True, air_limits=True))
    assert tally.lost_min == {
        "air_setpoints": 60.0,
        "air_limits": 60.0,
        "tank_setpoints": 0.0,
        "tank_limits": 0.0,
    }
    assert "60 min beyond the setpoints, 60 beyond the limits" in line(tally, None, UTC)
