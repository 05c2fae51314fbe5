"""The course of a house that nobody curtails: it is lived once, and never mistaken for another."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.control.test_house_pair import EVENING_TS, STEP_S, evening
from ven_twin.control.free_course import FreeCourse
from ven_twin.house.control import FREE, Control


def test_a_step_that_is_wanted_again_is_not_lived_again() -> None:
    """Trials of many levels share the counterfactual's course, step by step."""
    house, site = evening()
    course = FreeCourse()
    for minute in range(3):
        env = site.environment(EVENING_TS + minute * STEP_S, STEP_S)
        stepped, after = course.step(house, {}, env, STEP_S)
        assert stepped == house.step({}, env, STEP_S)
        again, same = course.step(house, {}, env, STEP_S)
        assert again is stepped
        assert same is after
        house, course = stepped.house, after


@pytest.mark.parametrize("other", ["house", "controls", "environment", "duration"])
def test_another_step_is_another_s(other: str) -> None:
    """Another house, other controls, another world, another length: each is lived for itself."""
    house, site = evening()
    env = site.environment(EVENING_TS, STEP_S)
    course = FreeCourse()
    course.step(house, {}, env, STEP_S)
    step = {
        "house": (house.step({}, env, STEP_S).house, {}, env, STEP_S),
        "controls": (house, {"ev1": Control(limit_kw=0.0)}, env, STEP_S),
        "environment": (house, {}, msgspec.structs.replace(env, outdoor_c=env.outdoor_c + 9.0), STEP_S),
        "duration": (house, {}, env, 2 * STEP_S),
    }[other]
    assert course.step(*step)[0] == step[0].step(*step[1:])


def test_what_leaves_a_circuit_alone_is_not_what_limits_it() -> None:
    """A control is compared by what it says."""
    house, site = evening()
    env = site.environment(EVENING_TS, STEP_S)
    course = FreeCourse()
    first, _ = course.step(house, {"ev1": FREE}, env, STEP_S)
    assert course.step(house, {"ev1": Control()}, env, STEP_S)[0] is first
