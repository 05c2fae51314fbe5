"""Whatever is done to the clock of its host, and whenever, a VEN's events start and end once and on time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from contracts.wire.events import NEAR_S, DrEvent, Interval, Phase, Signal
from ven_twin.control.schedule import EventOrigin
from ven_twin.control.ven_state import VenState
from ven_twin.ven.clock import VenClock

NOW = 1_800_000_000
VEN = "ven-1"
ORDER = [Phase.FAR, Phase.NEAR, Phase.ACTIVE, Phase.COMPLETED]


@dataclass
class World:
    """True time, the host's clock beside it, and a VEN that holds one event."""

    start_ts: int
    duration_s: int
    true_s: float = 0.0
    set_by_s: float = 0.0
    said: list[tuple[Phase, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start the VEN."""
        self.clock = VenClock(lambda: NOW + self.true_s + self.set_by_s, lambda: self.true_s)
        interval = Interval(duration_s=self.duration_s, signal=Signal.SHED_KW, value=2.0)
        event = DrEvent(event_id="e1", start_ts=self.start_ts, intervals=(interval,))
        schedule, _ = VenState(VEN, frozenset()).schedule.offer(event, EventOrigin.SHADOW, VEN, NOW)
        self.ven = VenState(VEN, frozenset(), schedule=schedule)

    def pass_time(self, seconds: float, *, cloud: bool) -> None:
        """Live so long, looking when something is due; with the cloud its time is heard each time."""
        until_s = self.true_s + seconds
        while True:
            now_ts = self.clock.now_ts()
            self.ven, transitions = self.ven.advance(now_ts)
            self.said += [(each.phase, self.true_s) for each in transitions]
            if self.true_s >= until_s:
                return
            due_ts = self.ven.schedule.next_change_ts(now_ts)
            wait_s = 60.0 if due_ts is None else min(60.0, due_ts - now_ts)
            self.true_s = min(until_s, self.true_s + max(0.001, wait_s))
            if cloud:
                self.clock.on_cloud_time(int(NOW + self.true_s), self.true_s)


steps = st.lists(
    st.tuples(st.floats(0, 2000), st.sampled_from([-7200.0, -3600.0, 0.0, 3600.0, 7200.0]), st.booleans()),
    max_size=8,
)


@given(starts_in_s=st.integers(1, 6000), duration_s=st.integers(1, 3000), steps=steps)
def test_no_jump_starts_ends_or_repeats_an_event(
    starts_in_s: int, duration_s: int, steps: list[tuple[float, float, bool]]
) -> None:
    """Each phase is announced once, in order, within a second of the time at which it truly begins."""
    world = World(NOW + starts_in_s, duration_s)
    for seconds, jump_s, cloud in steps:
        world.pass_time(seconds, cloud=cloud)
        world.set_by_s += jump_s
    world.pass_time(starts_in_s + duration_s + 10, cloud=False)
    begins_s: dict[Any, float] = {
        Phase.FAR: 0.0,
        Phase.NEAR: max(0.0, starts_in_s - NEAR_S),
        Phase.ACTIVE: float(starts_in_s),
        Phase.COMPLETED: float(starts_in_s + duration_s),
    }
    phases = [phase for phase, _ in world.said]
    assert phases == (ORDER if starts_in_s > NEAR_S else ORDER[1:])
    for phase, said_s in world.said:
        assert abs(said_s - begins_s[phase]) < 1.0


@given(
    starts_in_s=st.integers(1, 6000),
    duration_s=st.integers(1, 3000),
    wrong_by_s=st.sampled_from([-7200.0, 7200.0]),
    mended_after_s=st.floats(0, 6000),
)
@example(starts_in_s=5000, duration_s=3000, wrong_by_s=7200.0, mended_after_s=0.0)
def test_a_clock_that_is_put_right_repeats_no_phase(
    starts_in_s: int, duration_s: int, wrong_by_s: float, mended_after_s: float
) -> None:
    """A host that began with a wrong clock is believed once the cloud agrees; nothing said recurs."""
    world = World(NOW + starts_in_s, duration_s, set_by_s=wrong_by_s)
    world.pass_time(mended_after_s, cloud=False)
    world.set_by_s = 0.0
    world.pass_time(12_000, cloud=True)
    phases = [phase for phase, _ in world.said]
    assert phases == sorted(set(phases), key=ORDER.index)
    assert phases[-1] is Phase.COMPLETED
    assert abs(world.clock.now_ts() - (NOW + world.true_s)) < 1.0
