"""The read model: what a resident sees of the twin's state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.support.priced_house import curve_of
from tests.support.ven_stand import START_TS, Stand
from ven_twin.control.event_history import PAST_MAX
from ven_twin.ven.page.presenter import ven_view
from ven_twin.ven.page.view import VenView


def event(start_ts: float, duration_s: int = 600, **more: Any) -> dict[str, Any]:
    """An event as it stands in the shadow."""
    interval = {"durationS": duration_s, "signal": "shedKw", "value": 3.0}
    return {"startTs": int(start_ts), "intervals": [interval], **more}


def seen(stand: Stand) -> VenView:
    """The view now."""
    return ven_view(stand.twin.snapshot())


def test_hours_that_come_again_are_told(stand: Stand) -> None:
    """The page says after how long; of a house that lives on and on there is nothing to say."""
    snapshot = stand.twin.snapshot()
    assert ven_view(snapshot).ven.house_span_s is None
    again = replace(snapshot, settings=replace(snapshot.settings, house_span_s=9000.0))
    assert ven_view(again).ven.house_span_s == 9000.0


def test_prices_that_are_followed_are_one_line(stand: Stand) -> None:
    """In the site's time; without any the page has no line."""
    assert seen(stand).prices is None
    snapshot = stand.twin.snapshot()
    prices = curve_of(snapshot.now_ts - 1800, (0.12, 0.45, 0.2))
    engine = snapshot.engine.on_vtn_prices(prices)
    line = ven_view(replace(snapshot, engine=engine)).prices
    assert line is not None
    assert line.startswith("Price 0.12 EUR/kWh now; dearest ")
    assert line.endswith(" at 0.45")


def test_the_figures_of_now_add_up(stand: Stand) -> None:
    """Grid is house, PV and battery together, and the circuits' sum; signs are as everywhere."""
    shown = seen(stand)
    power = shown.power
    assert power.pv_kw is not None
    assert power.battery_kw is not None
    assert power.pv_kw <= 0
    total_kw = power.house_kw + power.pv_kw + power.battery_kw
    assert power.grid_kw == pytest.approx(total_kw, abs=0.01)
    assert power.grid_kw == pytest.approx(sum(circuit.power_kw for circuit in shown.circuits), abs=0.01)
    assert shown.panel.amps == pytest.approx(power.grid_kw * 1000 / 240, abs=0.1)
    assert power.requested_kw is None
    assert power.target_kw is None
    assert shown.events == ()


def test_reactive_power_is_of_the_circuits_whose_power_factor_is_known(stand: Stand) -> None:
    """A row has its own where the house knows it; panel's are their sum, apparent power and power factor."""
    shown, house = seen(stand), stand.twin.snapshot().house.pair.house
    known = {
        circuit.id: circuit.power_factor for circuit in house.circuits if circuit.power_factor is not None
    }
    assert 0 < len(known) < len(shown.circuits)
    assert {row.id for row in shown.circuits if row.kvar is not None} == known.keys()
    reactive = shown.panel.reactive
    assert reactive is not None
    active_kw = sum(row.power_kw for row in shown.circuits if row.id in known)
    assert reactive.circuits == len(known)
    assert reactive.kvar == pytest.approx(sum(row.kvar or 0.0 for row in shown.circuits), abs=0.002)
    assert reactive.kva == pytest.approx((active_kw**2 + reactive.kvar**2) ** 0.5, abs=0.01)
    assert reactive.power_factor == pytest.approx(active_kw / reactive.kva, abs=0.02)


def test_indoor_temperature_stands_against_comfort(stand: Stand) -> None:
    """The setpoints and the limits come from the house."""
    comfort = seen(stand).comfort
    assert comfort is not None
    assert comfort.coolest_c < comfort.heating_c < comfort.cooling_c < comfort.warmest_c
    assert comfort.coolest_c < comfort.air_c < comfort.warmest_c
    snapshot = stand.twin.snapshot()
    assert comfort.outdoor_c == round(snapshot.house.environment.outdoor_c(snapshot.house_ts), 1)


def test_breakers_are_loaded_by_what_flows(stand: Stand) -> None:
    """The share of what the breaker carries, whichever way the power flows."""
    for circuit in seen(stand).circuits:
        carried_kw = circuit.breaker_amps * 240 / 1000
        assert circuit.breaker_load == pytest.approx(abs(circuit.power_kw) / carried_kw, abs=0.001)


async def test_a_curtailment_says_why(stand: Stand) -> None:
    """Each curtailed circuit has its reason and its kW; together they sum to the request."""
    await stand.desire(drEvents={"e1": event(START_TS)})
    stand.live(3)
    shown = seen(stand)
    curtailed = [circuit for circuit in shown.circuits if circuit.state == "curtailed"]
    assert curtailed
    assert all(circuit.reason and circuit.curtailed_kw > 0 for circuit in curtailed)
    assert shown.power.requested_kw == 3
    assert shown.power.shed_kw == pytest.approx(3, abs=0.3)
    (going,) = shown.events
    assert (going.phase, going.in_force, going.requested_kw) == ("active", True, 3)
    assert going.delivered_kw == pytest.approx(3, abs=0.3)


async def test_events_stand_in_the_order_of_their_starts(stand: Stand) -> None:
    """One in force, one that waits for it, one to come; those that are over are not among them."""
    await stand.desire(
        drEvents={
            "later": event(START_TS + 7000),
            "waits": event(START_TS, priority=5),
            "first": event(START_TS - 10, priority=1),
            "over": event(START_TS, 1),
        }
    )
    stand.live(3)
    shown = seen(stand)
    assert [(one.event_id, one.phase, one.in_force) for one in shown.events] == [
        ("first", "active", True),
        ("waits", "active", False),
        ("later", "far", False),
    ]


async def test_an_event_is_shown_with_its_steps(stand: Stand) -> None:
    """Each interval with its own start, end, signal and value."""
    steps = [
        {"durationS": 60, "signal": "level", "value": 2},
        {"durationS": 30, "signal": "importLimitKw", "value": 1.5},
    ]
    await stand.desire(drEvents={"e1": {"startTs": int(START_TS) + 100, "intervals": steps}})
    (one,) = seen(stand).events
    assert [(step.start_ts - one.start_ts, step.end_ts - one.start_ts) for step in one.intervals] == [
        (0, 60),
        (60, 90),
    ]
    assert [(step.signal, step.value) for step in one.intervals] == [("level", 2), ("importLimitKw", 1.5)]
    assert one.requested_kw is None


async def test_past_events_are_bounded_and_newest_first(stand: Stand) -> None:
    """However many end, the latest stay, and outlive the process."""
    for number in range(PAST_MAX + 3):
        await stand.command(op="event", event_id=f"e{number}", shed_kw=1, duration_s=1)
        stand.live(2)
    names = [over.event_id for over in stand.twin.snapshot().engine.past]
    assert names == [f"e{number}" for number in range(PAST_MAX + 2, 2, -1)]
    stand.kill()
    stand.start()
    assert [over.event_id for over in stand.twin.snapshot().engine.past] == names


async def test_an_event_that_was_left_before_it_was_acted_on_has_no_figures(stand: Stand) -> None:
    """Cancelled while it was to come: nothing requested, nothing delivered."""
    await stand.desire(drEvents={"e1": event(START_TS + 500)})
    stand.live(2)
    await stand.desire()
    stand.live(2)
    (over,) = stand.twin.snapshot().engine.past
    assert (over.ended, over.requested_kw, over.delivered_kwh, over.requested_kwh) == (
        "cancelled",
        None,
        None,
        None,
    )


def test_a_snapshot_is_small(stand: Stand) -> None:
    """It goes out every second, to every page."""
    assert len(msgspec.json.encode(seen(stand))) < 6000


async def test_a_circuit_has_its_rank_and_the_reason_of_its_curtailment(stand: Stand) -> None:
    """One that is curtailed by how much, a battery that discharges by its own kW, one by hand that it was."""
    await stand.desire(drEvents={"e1": event(START_TS)})
    stand.live(3)
    circuits = {circuit.id: circuit for circuit in seen(stand).circuits}
    curtailed = [circuit for circuit in circuits.values() if circuit.curtailed_kw > 0]
    for circuit in curtailed:
        assert circuit.reason is not None
        gives = circuit.type == "battery" and circuit.power_kw < 0
        assert circuit.why == (
            circuit.reason if gives else f"−{circuit.curtailed_kw:.2f} kW: {circuit.reason}"
        )
    assert all(circuit.why is None for circuit in circuits.values() if circuit not in curtailed)
    for circuit in circuits.values():
        if circuit.critical:
            assert (circuit.rank, circuit.switchable) == ("never held back", False)
    stand.twin.switch(curtailed[0].id, enabled=False)
    stand.live(2)
    off = next(circuit for circuit in seen(stand).circuits if circuit.id == curtailed[0].id)
    assert off.why == "switched by hand: out of this event"
    assert off.rank.endswith("switched off")
    assert off.switchable


def test_a_resident_sees_who_is_held_back_first_and_last(stand: Stand) -> None:
    """No numbers, nothing for those in between, and no switch for solar panels."""
    shed = [circuit for circuit in seen(stand).circuits if not circuit.critical and circuit.type != "pv"]
    by_priority = sorted(shed, key=lambda circuit: circuit.priority)
    assert by_priority[0].rank == "last to help in an event"
    assert by_priority[-1].rank == "first to help in an event"
    assert {circuit.rank for circuit in by_priority[1:-1]} == {""}
    assert {circuit.type: circuit.switchable for circuit in seen(stand).circuits}["pv"] is False
    assert all(circuit.switchable for circuit in shed)
