"""The limits of a growing fleet, by constants of the code: each grows with its quota, and an event ends."""

from __future__ import annotations

import pytest

from cdk.shadow_pace import MAP_ABOVE_VENS, SHADOW_WRITES_PER_S, map_writers
from harness.scale import planner
from harness.scale.course import course, way_and_pace, within_half
from harness.scale.limits import updates_per_s, writers_per_s
from harness.scale.page import BEGIN, END, replaced, shown
from harness.scale.quotas import LARGE, SMALL
from harness.scale.returning import returning
from lambdas.shared.fan_out import DIRECT_VENS

PLANS = planner.measured()


def test_the_planner_was_measured_up_to_a_million() -> None:
    """Each plan fits the input of a map run, and none takes what grows faster than the fleet's sorting."""
    assert [plan.vens for plan in PLANS] == list(planner.COUNTS)
    assert PLANS[-1].vens == 1_000_000
    assert all(plan.input_bytes < LARGE.input_bytes for plan in PLANS)


def test_a_small_fleet_is_planned_as_the_measured_ones_are() -> None:
    """In a process of its own: a plan in chunks of a thousand, in parts of two hundred."""
    planned = planner.measure(1_500)
    assert planned.called <= 1_500
    assert planned.chunks == -(-planned.called // 1_000)
    assert planned.slices >= planned.called / 200
    assert planned.memory_mb > 5


@pytest.mark.parametrize("quotas", [SMALL, LARGE], ids=lambda quotas: quotas.name)
def test_the_writers_take_half_of_the_quota_and_not_more(quotas: object) -> None:
    """The queue's and those of a map run together."""
    assert within_half(quotas)  # type: ignore[arg-type]
    assert writers_per_s(SMALL) == SMALL.shadow_per_s / 2
    assert writers_per_s(LARGE) == LARGE.shadow_per_s / 2


def test_a_plan_takes_the_way_that_the_functions_take() -> None:
    """Itself, the queue, and a map run where the region has room for one."""
    assert way_and_pace(DIRECT_VENS, LARGE)[0] == "itself"
    assert way_and_pace(DIRECT_VENS + 1, LARGE)[0] == way_and_pace(MAP_ABOVE_VENS, LARGE)[0] == "queue"
    assert way_and_pace(MAP_ABOVE_VENS + 1, LARGE)[0] == "map run"
    assert way_and_pace(1_000_000, SMALL)[0] == "queue"
    assert way_and_pace(1_000_000, LARGE)[1] <= map_writers(LARGE.shadow_per_s) * SHADOW_WRITES_PER_S


def test_an_events_course_is_that_of_its_writers() -> None:
    """Ten thousand by the queue in some 50 s, as two writers of a hundred a second are."""
    one = course(10_000, SMALL, PLANS)
    assert 50 <= one.written_s <= 53
    assert one.active_s == one.written_s
    assert one.reported_s is not None
    assert one.reported_s >= one.active_s


def test_spread_starts_leave_no_report_waiting() -> None:
    """With the spread that the table tells, and a second less leaves some."""
    alone = course(10_000, SMALL, PLANS)
    assert alone.most_waiting > 100
    assert alone.spread_s is not None
    spread = course(10_000, SMALL, PLANS, randomize_s=2 * alone.spread_s)
    assert spread.most_waiting < alone.most_waiting / 10


def test_a_fleet_whose_own_updates_take_the_quota_has_no_room() -> None:
    """Then the table says so, and no time."""
    vens = int(SMALL.shadow_per_s / updates_per_s()) + 1
    assert course(vens, SMALL, PLANS).reported_s is None
    assert course(vens, SMALL, PLANS).spread_s is None


def test_a_fleet_comes_back_no_faster_than_aws_takes_it() -> None:
    """Few come back with their first try; many need as many seconds as the quota says, and more tries."""
    few, many = returning(1_000, 500), returning(100_000, 500)
    assert few.tries == pytest.approx(1.0, abs=0.01)
    assert many.back_s >= 100_000 / 500
    assert many.tries > few.tries
    assert returning(100_000, 10_000_000).back_s <= 4


def test_what_is_made_stands_between_the_marks_alone() -> None:
    """The text around it is a writer's."""
    text = f"before\n{BEGIN}\nold\n{END}\nafter"
    made = replaced(text, "| new |")
    assert shown(made) == "| new |"
    assert made.startswith("before\n")
    assert made.endswith("\nafter")
