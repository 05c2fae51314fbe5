"""A house that follows prices: events first, residents first, and as before when the prices are gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest

from contracts.openadr.price_curves import PriceCurve
from contracts.wire.events import Signal
from contracts.wire.shadow import LoadSetting, OptOut
from tests.support.priced_house import EVENING, curve_of
from tests.support.ven_states import NOW, VEN, event
from ven_twin.control.pricing.response import NO_PRICES
from ven_twin.control.schedule import EventOrigin, ScheduledEvent
from ven_twin.control.ven_state import VenState
from ven_twin.ven.house_clock import HouseClock
from ven_twin.ven.house_runtime import HouseRuntime
from ven_twin.ven.startup import warm_house

MIDNIGHT_TS = datetime(2026, 1, 20, 5, tzinfo=UTC).timestamp()
DEAR_TS = MIDNIGHT_TS + 17.5 * 3600
TICK_S = 60.0
CURVE = curve_of(MIDNIGHT_TS - 86_400, EVENING * 3)


@cache
def standing(at_ts: float) -> HouseRuntime:
    """The standard house at a time, which is its clock's start."""
    return warm_house("standard", HouseClock(at_ts, 0.0))


def state_of(house: HouseRuntime) -> VenState:
    """The state of a VEN of which nothing is asked."""
    return VenState(VEN, house.load_ids)


def lived(
    house: HouseRuntime,
    minutes: int,
    state: VenState,
    scheduled: ScheduledEvent | None = None,
    *,
    from_min: int = 0,
) -> HouseRuntime:
    """The house after some minutes, ticked each minute from one on."""
    for minute in range(from_min, from_min + minutes):
        now_s, now_ts = minute * TICK_S, house.clock.origin_ts + minute * TICK_S
        house = house.with_prices(state, now_s, now_ts).replan(state, scheduled, now_s, now_ts)
        house = house.advance(state, now_s + TICK_S)
    return house


def asked_for(kw: float, signal: Signal = Signal.SHED_KW) -> ScheduledEvent:
    """An event of an hour from `DEAR_TS` on."""
    lasting = event(starts_in_s=round(DEAR_TS) - NOW, durations_s=(3600,), kw=kw, signal=signal)
    return ScheduledEvent(lasting, EventOrigin.OPENADR, 0.0)


def battery_kw(house: HouseRuntime) -> float:
    """The battery's power in the last step."""
    return house.flow.circuits_kw["batt1"]


def test_in_a_dear_hour_the_battery_covers_the_house_and_its_counterfactual() -> None:
    """Prices are how a house is used and no event: there is no reduction to report, and none to release."""
    house = standing(DEAR_TS).following(CURVE)
    after = lived(house, 5, state_of(house))
    assert battery_kw(after) < -0.3
    assert after.flow.used_kw == pytest.approx(0.0, abs=0.01)
    assert after.flow.baseline_kw == after.flow.used_kw
    assert after.pair.house is after.pair.counterfactual
    assert after.is_at_rest
    assert after.acting is None


def test_without_prices_nothing_of_a_house_is_other() -> None:
    """Nor when it had some, and has none any more."""
    house = standing(DEAR_TS)
    plain = lived(house, 5, state_of(house))
    assert plain.prices is NO_PRICES
    gone = house.following(CURVE).following(None)
    assert gone.prices is NO_PRICES
    assert lived(gone, 5, state_of(house)) == plain


def test_prices_that_are_withdrawn_leave_the_house_as_it_usually_is() -> None:
    """From the next tick on: a battery in backup mode gives nothing."""
    house = standing(DEAR_TS).following(CURVE)
    after = lived(house, 5, state_of(house)).following(None)
    assert battery_kw(lived(after, 1, state_of(house), from_min=5)) == 0.0


def test_a_shed_comes_on_top_of_prices() -> None:
    """The event's kW are off what the house draws by its prices: it exports, as it may."""
    house = standing(DEAR_TS).following(CURVE)
    before = lived(house, 3, state_of(house))
    shed = asked_for(1.5)
    after = lived(before, 3, state_of(house), shed, from_min=3)
    assert after.flow.baseline_kw - after.flow.used_kw == pytest.approx(1.5, abs=0.05)


def test_a_load_up_comes_before_prices_that_say_wait() -> None:
    """Asked for more, the house draws at least that in the dearest hour, and its battery does not undo it."""
    house = standing(DEAR_TS).following(CURVE)
    before = lived(house, 10, state_of(house))
    more = asked_for(2.0, Signal.LOAD_UP_KW)
    after = lived(before, 3, state_of(house), more, from_min=10)
    assert after.flow.used_kw - after.flow.baseline_kw > 1.8


def test_after_an_event_prices_are_followed_again() -> None:
    """What the event used up stays used up; the battery goes on as planned."""
    house = standing(DEAR_TS).following(CURVE)
    shed = asked_for(1.5)
    after = lived(lived(house, 5, state_of(house), shed), 20, state_of(house), from_min=5)
    assert after.acting is None
    assert battery_kw(after) < -0.3
    assert after.prices.controls["batt1"].covers


@pytest.mark.parametrize("reason", ["opted out", "disabled"])
def test_a_resident_who_takes_no_part_is_left_alone(reason: str) -> None:
    """Prices are of a program as events are."""
    house = standing(DEAR_TS).following(CURVE)
    state = state_of(house)
    left = OptOut(reason="guests") if reason == "opted out" else None
    settings = replace(state.settings, opt_out=left, enabled=reason != "disabled")
    after = lived(house, 3, replace(state, settings=settings))
    assert after.prices.controls == {}
    assert battery_kw(after) == 0.0
    again = lived(after, 1, state, from_min=3)
    assert battery_kw(again) < 0.0


def test_a_circuit_that_a_resident_has_set_is_theirs() -> None:
    """Switched off it stays off; a ceiling holds."""
    house = standing(MIDNIGHT_TS + 4 * 3600).following(CURVE)
    state = state_of(house)
    off = replace(state, settings=replace(state.settings, loads={"batt1": LoadSetting(enabled=False)}))
    assert battery_kw(lived(house, 2, off)) == 0.0


def test_a_plan_is_made_anew_each_quarter_of_an_hour_and_when_prices_change() -> None:
    """And not within ten seconds of the wall, however fast the house lives."""
    house = standing(DEAR_TS).following(CURVE)
    state = state_of(house)
    first = house.with_prices(state, 0.0, DEAR_TS)
    assert first.prices.planned_ts == DEAR_TS
    assert first.with_prices(state, 890.0, DEAR_TS + 890).prices is first.prices
    later = first.with_prices(state, 900.0, DEAR_TS + 900)
    assert later.prices.planned_ts == DEAR_TS + 900
    other: PriceCurve = curve_of(MIDNIGHT_TS, (0.3,) * 24)
    changed = first.following(other).with_prices(state, 1.0, DEAR_TS + 1)
    assert changed.prices.planned_ts == DEAR_TS + 1
    fast = replace(house, clock=replace(house.clock, speed=600.0)).with_prices(state, 0.0, DEAR_TS)
    assert fast.with_prices(state, 9.0, DEAR_TS + 9).prices is fast.prices
    assert fast.with_prices(state, 10.0, DEAR_TS + 10).prices is not fast.prices


def test_prices_that_are_over_move_nothing() -> None:
    """The curve has ended, and nobody has said so."""
    over = curve_of(DEAR_TS - 7200, (0.4, 0.1))
    house = standing(DEAR_TS).following(over)
    after = lived(house, 2, state_of(house))
    assert after.prices.controls == {}
    assert battery_kw(after) == 0.0
