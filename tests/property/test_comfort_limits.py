"""Comfort is a guarantee: no shed takes a home past a limit, whatever is requested of it and for how long."""

from __future__ import annotations

from datetime import date

from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.wire.events import Interval, Signal
from contracts.wire.ids import EventId, VenId
from contracts.wire.units import S_PER_DAY, S_PER_H
from harness.comfort.homes import home
from harness.comfort.limits import past_by_shed
from ven_twin.control.house_pair import HousePair
from ven_twin.control.release import NO_RELEASE, begin
from ven_twin.control.ven_state import LoadShed
from ven_twin.house.house_environment import warmed_up

STEP_S = 60.0
AFTER_MIN = 6 * 60
COLDEST = date(2026, 2, 5)

requests = st.one_of(
    st.tuples(st.just(Signal.LEVEL), st.sampled_from([1.0, 2.0, 3.0])),
    st.tuples(st.just(Signal.SHED_KW), st.floats(0.5, 15.0)),
    st.tuples(st.just(Signal.IMPORT_LIMIT_KW), st.floats(0.0, 8.0)),
)
commands = st.dictionaries(
    st.sampled_from(["hvac1", "heater1", "ev1", "dryer1", "lights1"]), st.floats(0.1, 10.0), max_size=3
)


@given(
    number=st.integers(0, 59),
    day=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    start_h=st.integers(0, 23),
    minutes=st.integers(1, 600),
    request=requests,
    limit_kw=st.one_of(st.none(), st.floats(0.2, 8.0)),
    commanded=commands,
    staged=st.booleans(),
)
@example(
    number=0,
    day=COLDEST,
    start_h=2,
    minutes=120,
    request=(Signal.LEVEL, 3.0),
    limit_kw=None,
    commanded={},
    staged=True,
)
@example(
    number=1,
    day=date(2026, 1, 15),
    start_h=6,
    minutes=240,
    request=(Signal.LEVEL, 3.0),
    limit_kw=None,
    commanded={},
    staged=False,
)
@example(
    number=3,
    day=date(2026, 7, 15),
    start_h=15,
    minutes=600,
    request=(Signal.LEVEL, 3.0),
    limit_kw=1.0,
    commanded={"heater1": 4.5, "hvac1": 5.0},
    staged=True,
)
@settings(max_examples=12)
def test_no_shed_takes_a_home_past_a_comfort_limit(
    *,
    number: int,
    day: date,
    start_h: int,
    minutes: int,
    request: tuple[Signal, float],
    limit_kw: float | None,
    commanded: dict[str, float],
    staged: bool,
) -> None:
    """Air, tank and the car's need stay within their limits, or at least as near to them as without the shed.

    A limit and commands hold for house and counterfactual; the event and what comes after it for the house.
    """
    house, environment = home(number)
    start_ts = (day - date(1970, 1, 1)).days * S_PER_DAY + (start_h + 5) * S_PER_H
    warmed = warmed_up(house, environment, start_ts)
    pair, release = HousePair(warmed, warmed), NO_RELEASE
    interval = Interval(duration_s=minutes * 60, signal=request[0], value=request[1])
    for minute in range(minutes + AFTER_MIN):
        at_ts = start_ts + minute * STEP_S
        env = environment.environment(at_ts, STEP_S)
        if minute == minutes:
            release = begin(
                EventId("e1"), VenId(f"ven-{number}"), at_ts, pair.plan, pair.views, staged=staged
            )
        # Commands come in the midst of the event, and some outlast it.
        load_sheds = {
            name: LoadShed(kw, at_ts + 60.0)
            for name, kw in commanded.items()
            if minutes // 3 <= minute < minutes + 30
        }
        pair = pair.planned(
            env,
            STEP_S,
            interval if minute < minutes else None,
            limit_kw=limit_kw,
            load_sheds=load_sheds,
            waiting=release.waiting(at_ts),
            above_baseline_kw=release.cap_kw(at_ts),
            easing_c=release.easing_c(at_ts),
        )
        pair, _ = pair.step(env, STEP_S)
        assert past_by_shed(pair, env) == {}, f"minute {minute}"
