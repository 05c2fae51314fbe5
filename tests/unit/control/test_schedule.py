"""The event state machine: what is taken up, what is in force, what is said."""

from __future__ import annotations

import pytest

from contracts.wire.events import NEAR_S, Phase, Signal
from tests.support.ven_states import NOW, VEN, event
from ven_twin.control.schedule import ENDED_MAX, OPEN_MAX, EventOrigin, Schedule, ScheduleVerdict


def holding(*events: tuple[object, EventOrigin] | object) -> Schedule:
    """A schedule to which these events were offered at NOW."""
    schedule = Schedule()
    for one in events:
        offered, source = one if isinstance(one, tuple) else (one, EventOrigin.SHADOW)
        schedule, _ = schedule.offer(offered, source, VEN, NOW)
    return schedule


def test_schedule_takes_up_an_event_that_is_news() -> None:
    """An event that was not known is accepted and in force when its time has come."""
    schedule, verdict = Schedule().offer(event(), EventOrigin.SHADOW, VEN, NOW)
    assert verdict is ScheduleVerdict.ACCEPTED
    held = schedule.in_force(NOW)
    assert held is not None
    assert held.event == event()


@pytest.mark.parametrize(("revision", "verdict"), [(3, ScheduleVerdict.REPEATED), (2, ScheduleVerdict.STALE)])
def test_schedule_does_nothing_on_a_repeat_or_an_older_revision(
    revision: int, verdict: ScheduleVerdict
) -> None:
    """The same revision, or an older one, changes nothing, whatever else it says (defect 4)."""
    schedule = holding(event(revision=3))
    after, said = schedule.offer(event(revision=revision, kw=9.0), EventOrigin.COMMAND, VEN, NOW + 1)
    assert said is verdict
    assert after == schedule


def test_schedule_refuses_an_event_that_was_over_before_it_came() -> None:
    """An expired event is refused each time that it comes, and nothing is said of it."""
    schedule = Schedule()
    for _ in range(2):
        schedule, verdict = schedule.offer(event(starts_in_s=-600), EventOrigin.SHADOW, VEN, NOW)
        assert verdict is ScheduleVerdict.EXPIRED
    assert schedule.announce(NOW)[1] == ()
    assert schedule.open_ids(NOW) == ()


def test_schedule_takes_up_nothing_older_than_what_was_refused_as_over() -> None:
    """A newer revision that came too late still counts over an older one."""
    schedule = holding(event(revision=1, starts_in_s=-600))
    assert schedule.offer(event(), EventOrigin.COMMAND, VEN, NOW)[1] is ScheduleVerdict.STALE
    assert schedule.in_force(NOW) is None
    late = event(revision=2, starts_in_s=-700)
    assert schedule.offer(late, EventOrigin.SHADOW, VEN, NOW)[1] is ScheduleVerdict.EXPIRED
    assert schedule.offer(event(revision=2), EventOrigin.SHADOW, VEN, NOW)[1] is ScheduleVerdict.ACCEPTED


def test_schedule_runs_a_late_event_for_the_rest_of_its_time() -> None:
    """Late means shorter: the end stays where it was (defect 4)."""
    schedule = holding(event(starts_in_s=-500))
    assert schedule.in_force(NOW + 99) is not None
    assert schedule.in_force(NOW + 100) is None


def test_schedule_lets_a_newer_revision_take_the_place_of_an_older() -> None:
    """What counts is the newest revision."""
    schedule = holding(event(), event(revision=1, kw=5.0, durations_s=(60,)))
    held = schedule.in_force(NOW)
    assert held is not None
    assert held.event.intervals[0].value == 5.0
    assert schedule.in_force(NOW + 60) is None


def test_schedule_ends_an_event_whose_new_revision_has_no_intervals() -> None:
    """A cancellation ends the event at once, and is said once (defect 2)."""
    schedule, _ = holding(event()).announce(NOW)
    schedule, _ = schedule.offer(event(revision=1, durations_s=()), EventOrigin.SHADOW, VEN, NOW + 10)
    assert schedule.in_force(NOW + 10) is None
    schedule, said = schedule.announce(NOW + 10)
    assert [transition.phase for transition in said] == [Phase.CANCELLED]
    assert schedule.announce(NOW + 1000)[1] == ()


def test_schedule_keeps_a_cancellation_that_comes_before_its_event() -> None:
    """A late older revision does not start what was cancelled; nothing is said of what never was."""
    schedule = holding(event(revision=1, durations_s=()))
    assert schedule.announce(NOW)[1] == ()
    schedule, verdict = schedule.offer(event(), EventOrigin.SHADOW, VEN, NOW)
    assert verdict is ScheduleVerdict.STALE
    assert schedule.in_force(NOW) is None


@pytest.mark.parametrize("over", [Phase.OPTED_OUT, Phase.COMPLETED])
def test_schedule_does_not_cancel_what_is_over(over: Phase) -> None:
    """A cancellation that comes after the end leaves the end as it was."""
    schedule = holding(event())
    later = NOW + 10 if over is Phase.OPTED_OUT else NOW + 700
    if over is Phase.OPTED_OUT:
        schedule = schedule.end(["e1"], over, NOW + 5)
    schedule, _ = schedule.offer(event(revision=1, durations_s=()), EventOrigin.SHADOW, VEN, later)
    assert schedule.events["e1"].phase(later) is over


def test_schedule_says_each_phase_once_and_in_the_order_of_the_starts() -> None:
    """Each transition is announced when it comes, and not again."""
    schedule = holding(event("b", starts_in_s=NEAR_S + 10), event("a", starts_in_s=5))
    said = []
    for at in (NOW, NOW, NOW + 5, NOW + 10, NOW + 605, NOW + NEAR_S + 10, NOW + NEAR_S + 610):
        schedule, transitions = schedule.announce(at)
        said += [(transition.scheduled.event.event_id, transition.phase) for transition in transitions]
    assert said == [
        ("a", Phase.NEAR),
        ("b", Phase.FAR),
        ("a", Phase.ACTIVE),
        ("b", Phase.NEAR),
        ("a", Phase.COMPLETED),
        ("b", Phase.ACTIVE),
        ("b", Phase.COMPLETED),
    ]


def test_schedule_does_not_announce_a_phase_again_for_a_new_revision() -> None:
    """A revision that changes the kW of a running event is no second start."""
    schedule, _ = holding(event()).announce(NOW)
    schedule, _ = schedule.offer(event(revision=1, kw=4.0), EventOrigin.SHADOW, VEN, NOW + 1)
    assert schedule.announce(NOW + 1)[1] == ()


def test_schedule_acts_on_the_lowest_priority_number_of_those_active() -> None:
    """Of several active events one is acted on; the others wait (defect 8)."""
    schedule = holding(event("low", priority=5), event("high", priority=1, durations_s=(60,)), event("none"))
    assert _in_force(schedule, NOW) == "high"
    assert _in_force(schedule, NOW + 60) == "low"


def test_schedule_gives_a_tie_to_the_newer() -> None:
    """Of two events of one priority the one that starts later wins."""
    schedule = holding(event("older", starts_in_s=-20), event("newer", starts_in_s=-10))
    assert _in_force(schedule, NOW) == "newer"


def test_schedule_moves_a_randomised_start_with_its_end() -> None:
    """The whole event moves by this VEN's share, the same each time it is asked."""
    spread = event(starts_in_s=1000, randomize_s=600)
    offset_s = spread.start_offset_s(VEN)
    assert offset_s != 0
    schedule = holding(spread)
    start = spread.start_ts + offset_s
    assert schedule.in_force(start - 0.01) is None
    assert schedule.in_force(start) is not None
    assert schedule.in_force(start + 599.9) is not None
    assert schedule.in_force(start + 600) is None


def test_schedule_knows_when_a_phase_or_an_interval_next_changes() -> None:
    """Near, start, each interval's end: nothing has to poll for them."""
    schedule = holding(event(starts_in_s=NEAR_S + 100, durations_s=(60, 30)))
    found, at = [], float(NOW)
    while (following := schedule.next_change_ts(at)) is not None:
        at = following
        found.append(at - NOW)
    assert found == [100, NEAR_S + 100, NEAR_S + 160, NEAR_S + 190]


def test_schedule_waits_for_nothing_of_an_event_that_was_ended() -> None:
    """An event that was left has no changes to come."""
    schedule = holding(event()).end(["e1"], Phase.OPTED_OUT, NOW)
    assert schedule.next_change_ts(NOW) is None


def test_schedule_gives_the_interval_in_force() -> None:
    """Each interval asks for its own, one after the other."""
    held = holding(event(durations_s=(60, 30), signal=Signal.LEVEL, kw=1.0)).events["e1"]
    assert held.interval(NOW - 1) is None
    assert held.interval(NOW) is held.event.intervals[0]
    assert held.interval(NOW + 60) is held.event.intervals[1]
    assert held.interval(NOW + 90) is None


def test_schedule_forgets_the_oldest_of_what_is_over() -> None:
    """What is over is remembered for a while, so that a repeat of it starts nothing, and not for ever."""
    schedule = holding(*[event(f"e{n}", durations_s=(n + 1,)) for n in reversed(range(ENDED_MAX + 3))])
    schedule, _ = schedule.announce(NOW + 1000)
    assert sorted(schedule.events) == sorted(f"e{n}" for n in range(3, ENDED_MAX + 3))
    assert len(schedule.events) == 16


def test_schedule_forgets_nothing_of_the_few_that_are_over() -> None:
    """One event that is over, or three, are all remembered."""
    for count in (1, 3):
        schedule, _ = holding(*[event(f"e{n}") for n in range(count)]).announce(NOW + 1000)
        assert len(schedule.events) == count


def test_schedule_ends_no_event_that_is_over_a_second_time() -> None:
    """A completed event is not cancelled afterwards, and an id that is not scheduled changes nothing."""
    schedule, _ = holding(event()).announce(NOW + 600)
    assert schedule.end(["e1", "unknown"], Phase.CANCELLED, NOW + 601) == schedule


def test_schedule_forgets_nothing_that_is_to_come() -> None:
    """However many events there are, those to come stay."""
    schedule = holding(*[event(f"e{n}", starts_in_s=100 + n) for n in range(ENDED_MAX + 9)])
    schedule, _ = schedule.announce(NOW)
    assert len(schedule.events) == ENDED_MAX + 9


def test_schedule_lets_an_event_that_came_both_ways_go_by_shadow() -> None:
    """Command first or shadow first: what is no longer desired is known to have come by shadow."""
    command, shadow = EventOrigin.COMMAND, EventOrigin.SHADOW
    by_both = [
        holding((event(), one), (event(), other)) for one, other in ((command, shadow), (shadow, command))
    ]
    assert by_both[0] == by_both[1]
    assert by_both[0].from_shadow_ids() == {"e1"}


def test_schedule_remembers_an_event_of_an_earlier_run_without_a_word() -> None:
    """What was dealt with is held as over, and not announced again."""
    schedule = Schedule().remember(event(), VEN, Phase.OPTED_OUT)
    assert schedule.in_force(NOW) is None
    assert schedule.announce(NOW)[1] == ()
    assert schedule.offer(event(), EventOrigin.SHADOW, VEN, NOW)[1] is ScheduleVerdict.REPEATED


def _in_force(schedule: Schedule, now_ts: float) -> str | None:
    held = schedule.in_force(now_ts)
    return held.event.event_id if held else None


def full() -> Schedule:
    """A schedule that holds as many open events as it may."""
    return holding(*[event(f"e{n}", starts_in_s=100 + n) for n in range(OPEN_MAX)])


def test_schedule_takes_up_sixty_four_open_events_and_no_more() -> None:
    """The 65th event that is not over is refused and not held; what a VEN remembers is bounded."""
    schedule = full()
    assert len(schedule.open_ids(NOW)) == OPEN_MAX == 64
    assert schedule.offer(event("one more"), EventOrigin.SHADOW, VEN, NOW) == (schedule, ScheduleVerdict.FULL)


def test_a_full_schedule_takes_up_revisions_and_what_follows_an_event_that_is_over() -> None:
    """Only an event that would be the 65th open one finds no room."""
    schedule = full()
    assert (
        schedule.offer(event("e0", revision=1, kw=3.0), EventOrigin.SHADOW, VEN, NOW)[1]
        is ScheduleVerdict.ACCEPTED
    )
    freed = schedule.end(["e0"], Phase.CANCELLED, NOW)
    assert freed.offer(event("one more"), EventOrigin.SHADOW, VEN, NOW)[1] is ScheduleVerdict.ACCEPTED
