"""A randomised start: nobody's time begins before it was dispatched, and who had its time is done."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts.api.requests import DispatchEvent
from contracts.errors import FieldError
from contracts.wire.events import Interval, Phase, Signal
from contracts.wire.units import instant_text
from lambdas.dispatch_event.logic.delivery import deliveries, running_event
from lambdas.dispatch_event.logic.outcome import Outcome
from lambdas.dispatch_event.logic.plan import Planned, plan_event
from lambdas.settle_event.logic.timeline import event_timeline
from lambdas.shared.rows import EventRow
from tests.unit.lambdas.dispatch.running import START, event, rebalanced, row_of, shed, ven

FLEET = tuple(ven(f"ven-{number}", 1.0) for number in range(40))
TEN_MIN = (Interval(duration_s=600, signal=Signal.SHED_KW, value=40.0),)
SPREAD_S = 600


def planned(
    *, now: float = float(START), before: Planned | None = None, spread_s: int = SPREAD_S, **fields: Any
) -> Planned:
    """40 kW of 40 VENs for ten minutes, as requested at *now*."""
    request = DispatchEvent(intervals=TEN_MIN, randomize_start_s=spread_s, **fields)
    return plan_event(request, "e1", FLEET, now=now, retention_days=30, token="t", before=before)


def offset_s(row: EventRow, ven_id: str) -> float:
    """A VEN's share of the start."""
    return row.start_offset_s(ven_id)


@pytest.mark.parametrize("requested_ts", [None, START, START + 599, START - 60])
@pytest.mark.parametrize("now", [float(START), START - 0.5])
def test_all_forty_vens_have_their_ten_minutes(requested_ts: int | None, now: float) -> None:
    """Ten minutes ± ten for an event from now: it starts in ten minutes, so that the first VEN starts now."""
    row, plan = planned(start_ts=requested_ts, now=now)
    assert (row.start_ts, row.end_ts, row.over_ts) == (START + 600, START + 1200, START + 1800)
    timeline = event_timeline(row, [plan])
    assert len(timeline.vens) == 40
    for assignment in plan.assignments:
        share_s = offset_s(row, assignment.ven_id)
        shadow = row.for_ven(assignment)
        assert shadow.phase(now, offset_s=share_s) is not Phase.ACTIVE
        assert shadow.remaining_s(now, offset_s=share_s) == 600.0
        window = timeline.vens[assignment.ven_id].window
        assert window.start_ts >= START
        assert window.duration_s == pytest.approx(600.0, abs=1e-6)
    shed_kwh = sum(of.shared_kwh(of.window) for of in timeline.vens.values())
    assert shed_kwh == pytest.approx(40.0 / 6.0)


def test_the_answer_says_that_a_requested_start_was_moved() -> None:
    """Whoever names a start too near is told the true one, and why; without a start nothing was promised."""
    note = planned(start_ts=START + 60).plan.note
    assert note == (
        f"starts at {instant_text(START + 600)}, not at {instant_text(START + 60)}: "
        "with ±600 s no VEN's own start may be past"
    )
    assert planned().plan.note is None


def test_a_start_that_is_far_enough_or_not_spread_stays() -> None:
    """Ten minutes ahead are enough for ± ten; without a spread an event may begin now, or have begun."""
    assert planned(start_ts=START + 600).row.start_ts == START + 600
    assert planned(start_ts=START - 300, spread_s=0).row.start_ts == START - 300
    with pytest.raises(FieldError, match="past by more than the event lasts"):
        planned(start_ts=START - 600)


def test_a_revision_leaves_a_start_where_it_was_moved_to() -> None:
    """Revised while it runs, with the start as first requested or with none, the times stay."""
    before = planned(start_ts=START)
    for requested_ts in (None, START, START + 600):
        row = planned(start_ts=requested_ts, now=START + 700.0, before=before).row
        assert row.start_ts == START + 600
    later = planned(start_ts=START + 5000, now=START + 700.0, before=before).row
    assert later.start_ts == START + 5000


def test_a_revision_before_the_first_start_may_draw_it_nearer() -> None:
    """Nobody has begun: the earliest start that all can keep is now plus the spread."""
    before = planned(start_ts=START + 7200)
    assert planned(start_ts=START + 60, before=before).row.start_ts == START + 600
    assert planned(start_ts=START + 60, before=before, spread_s=30).row.start_ts == START + 60


@pytest.mark.parametrize("spread_s", [0, 300])
def test_the_spread_cannot_be_changed_once_a_ven_has_begun(spread_s: int) -> None:
    """Another spread would move the times of VENs that are in theirs."""
    with pytest.raises(FieldError, match="stays 600: the event has begun") as refusal:
        planned(now=START + 1.0, before=planned(), spread_s=spread_s)
    assert refusal.value.field == "randomizeStartS"


def _done_and_rest() -> tuple[str, str, float]:
    """A VEN that is done first, one that is not, of the event below, and a time at which that is so."""
    row, _ = event({}, shed(1.0, duration_s=600), randomize_start_s=600)
    shares = sorted((offset_s(row, f"ven-{number}"), f"ven-{number}") for number in range(40))
    (first_s, first), (second_s, _) = shares[0], shares[1]
    assert first_s < second_s < 0
    return first, shares[-1][1], START + 600 + (first_s + second_s) / 2


def test_who_had_its_own_time_is_done_and_neither_gone_nor_replaced() -> None:
    """Out of the event before the others end, it counts as delivered, is called as before, not limited."""
    done, rest, now = _done_and_rest()
    running = event({done: [1.0], rest: [1.0]}, shed(2.0, duration_s=600), randomize_start_s=600)
    vens = (ven(done, 1.0), ven(rest, 1.0), ven("z", 5.0))
    rows = [
        row_of(done, 0.0, at_ts=now, event_id=None),
        row_of(rest, 1.0, at_ts=now),
        row_of("z", 0.0, at_ts=now, event_id=None),
    ]
    at = running_event(*running, now)
    assert at is not None
    seen = deliveries(at, {each.ven_id: each for each in vens}, {row.boot_id: row for row in rows})
    assert (seen[done].done, seen[done].unavailable, seen[done].delivered_w) == (True, None, 1000)
    assert (seen[rest].done, seen[rest].delivered_w) == (False, 1000)
    assert rebalanced(running, vens, rows, now=now).outcome is Outcome.IN_TOLERANCE


@pytest.mark.parametrize("state", [{"online": False}, {"enabled": False}, None])
def test_whatever_becomes_of_one_that_is_done_changes_nothing(state: dict[str, Any] | None) -> None:
    """Offline, disabled or removed after its own end, it has delivered all the same."""
    done, rest, now = _done_and_rest()
    running = event({done: [1.0], rest: [1.0]}, shed(2.0, duration_s=600), randomize_start_s=600)
    gone = () if state is None else (ven(done, 1.0, **state),)
    vens = (*gone, ven(rest, 1.0), ven("z", 5.0))
    rows = [row_of(rest, 0.4, at_ts=now), row_of("z", 0.0, at_ts=now, event_id=None)]
    assert rebalanced(running, vens, rows, now=now).outcome is Outcome.IN_TOLERANCE
    running = (msgspec.structs.replace(running[0], intervals=shed(3.0, duration_s=600)), running[1])
    after = rebalanced(running, vens, rows, now=now)
    assert after.plan is not None
    calls = {assignment.ven_id: assignment.values for assignment in after.plan.assignments}
    assert calls[done] == (1.0,)
    assert done not in after.plan.limits
    assert done not in after.plan.unavailable


def test_nobody_is_called_whose_own_time_is_over() -> None:
    """A VEN that would have begun early has nothing left of the event: another makes it up."""
    done, rest, now = _done_and_rest()
    running = event({rest: [1.0]}, shed(3.0, duration_s=600), randomize_start_s=600)
    late = next(f"late-{number}" for number in range(40) if offset_s(running[0], f"late-{number}") > 100)
    vens = (ven(done, 5.0, dispatched_kwh=0.0), ven(rest, 1.0), ven(late, 5.0))
    rows = [row_of(each.ven_id, 0.0, at_ts=now, event_id=None) for each in vens]
    after = rebalanced(running, vens, rows, now=now)
    assert after.plan is not None
    assert done not in {assignment.ven_id for assignment in after.plan.assignments}
    assert late in {assignment.ven_id for assignment in after.plan.assignments}
    assert after.plan.unavailable[done] == "has had its own time of the event"


def test_a_ven_is_not_judged_by_an_interval_that_it_has_left_for_its_next() -> None:
    """Early by its share, it delivers 2 kW of its second interval while the first, of 1 kW, is in force."""
    row, _ = event({}, shed(1.0, 2.0, duration_s=600), randomize_start_s=300)
    early = next(f"ven-{n}" for n in range(40) if offset_s(row, f"ven-{n}") < -200)
    running = event({early: [1.0, 2.0]}, shed(1.0, 2.0, duration_s=600), randomize_start_s=300)
    now = START + 590.0
    at = running_event(*running, now)
    assert at is not None
    seen = deliveries(at, {early: ven(early, 2.0)}, {early: row_of(early, 2.0, at_ts=now)})
    assert (seen[early].observed, seen[early].delivered_w) == (False, 1000)
    assert rebalanced(running, (ven(early, 2.0),), [row_of(early, 2.0, at_ts=now)], now=now).plan is None
