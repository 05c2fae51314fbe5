"""A load up stores what a house can hold: air between the resident's setpoints, no store beyond full."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.wire.events import Interval, Signal
from contracts.wire.units import S_PER_DAY, S_PER_H
from harness.comfort.homes import home
from harness.comfort.limits import past_by_shed
from ven_twin.control.house_pair import HousePair
from ven_twin.house.devices.ev import Ev
from ven_twin.house.devices.heat_pump import Mode
from ven_twin.house.house_environment import warmed_up

STEP_S = 60.0
AFTER_MIN = 6 * 60


@given(
    number=st.integers(0, 59),
    day=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    start_h=st.integers(0, 23),
    minutes=st.integers(1, 300),
    kw=st.floats(0.5, 15.0),
    limit_kw=st.one_of(st.none(), st.floats(0.5, 8.0)),
)
@settings(max_examples=12)
def test_no_load_up_takes_a_home_past_what_it_can_store(
    *, number: int, day: date, start_h: int, minutes: int, kw: float, limit_kw: float | None
) -> None:
    """No comfort limit, no setpoint of the other season, no store above full, no import above the limit."""
    house, environment = home(number)
    start_ts = (day - date(1970, 1, 1)).days * S_PER_DAY + (start_h + 5) * S_PER_H
    warmed = warmed_up(house, environment, start_ts)
    pair = HousePair(warmed, warmed)
    interval = Interval(duration_s=minutes * 60, signal=Signal.LOAD_UP_KW, value=kw)
    for minute in range(minutes + AFTER_MIN):
        env = environment.environment(start_ts + minute * STEP_S, STEP_S)
        pair = pair.planned(env, STEP_S, interval if minute < minutes else None, limit_kw=limit_kw)
        pair, flow = pair.step(env, STEP_S)
        if pair.plan.raised and limit_kw is not None:
            assert flow.used_kw <= max(limit_kw, flow.baseline_kw) + 1e-6
        assert past_by_shed(pair, env) == {}
        _check_air(pair)
        if pair.house.battery is not None:
            assert pair.house.battery.soc <= pair.house.battery.spec.full_soc + 1e-9
        for load in pair.house.loads:
            if isinstance(load, Ev):
                assert load.soc <= max(load.spec.full_soc, load.spec.start_soc) + 1e-9


def _check_air(pair: HousePair) -> None:
    """Air that a machine cools or heats is still between the setpoints that the resident chose."""
    hvac = pair.house.hvac
    if hvac is None:
        return
    if hvac.mode is Mode.COOL:
        assert hvac.air_c >= hvac.spec.heating_c
    elif hvac.mode is not Mode.OFF:
        assert hvac.air_c <= hvac.spec.cooling_c
