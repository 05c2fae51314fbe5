"""A VEN through drop, repeat, reorder, restart and expiry: its shadow converges, its events happen once.

Beside ``test_core_events``, which knows restarts that forget: here the VEN remembers as its memory does, and
what it announces is held against what the cloud said.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.wire.events import DrEvent, Interval, Phase, Signal
from contracts.wire.shadow import difference
from harness.faults.shadow_service import Shadow
from ven_twin.control.schedule import EventOrigin
from ven_twin.control.shadow_sync import pruned
from ven_twin.control.ven_state import EXPIRED, VenState
from ven_twin.ven.storage.persisted_state import PersistedState, lasting, read_state, write_state

VEN = "ven-1"
LOADS = frozenset({"ev1", "hvac1"})
START_TS = 1_800_000_000
OVER = frozenset({Phase.COMPLETED, Phase.CANCELLED, Phase.OPTED_OUT})
RANK = {Phase.FAR: 0, Phase.NEAR: 1, Phase.ACTIVE: 2} | dict.fromkeys(OVER, 3)
IDS = ("e1", "e2", "e3")


class VenMachine(RuleBasedStateMachine):
    """The cloud desires, the network garbles, the VEN's process dies; time passes."""

    @initialize()
    def begin(self) -> None:
        """A VEN that was just started, and a thing without a shadow."""
        self.now, self.service = float(START_TS), Shadow()
        self.ven, self.disk = VenState(VEN, LOADS), b""
        self.down: list[tuple[str, dict[str, Any]]] = []
        self.up: list[dict[str, Any]] = []
        self.bodies: dict[tuple[str, int], DrEvent] = {}
        self.said: dict[str, list[tuple[int, Phase]]] = defaultdict(list)
        self.in_force_at: dict[tuple[str, int], list[float]] = defaultdict(list)
        self._beat()

    # ── the cloud ───────────────────────────────────────────────────────────────────────────────────

    @rule(event_id=st.sampled_from(IDS), in_s=st.integers(-1200, 5400), long_s=st.integers(1, 1200))
    def issue(self, event_id: str, in_s: int, long_s: int) -> None:
        """An event, or a new revision of one, that starts when it likes; it may be over already."""
        interval = Interval(duration_s=long_s, signal=Signal.SHED_KW, value=2.0)
        self._desire(event_id, int(self.now) + in_s, (interval,))

    @rule(event_id=st.sampled_from(IDS))
    def cancel(self, event_id: str) -> None:
        """A revision with nothing to do."""
        self._desire(event_id, int(self.now), ())

    @rule(interval_s=st.integers(1, 60), enabled=st.booleans())
    def set(self, interval_s: int, enabled: bool) -> None:
        """Settings, all of them good."""
        desired = {"report_interval_seconds": interval_s, "loads": {"ev1": {"enabled": enabled}}}
        self._tell({"state": {"desired": desired}})

    # ── the network ─────────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: self.down)
    @rule(pick=st.integers(0, 99), fate=st.sampled_from(["arrive", "repeat", "drop"]))
    def downwards(self, pick: int, fate: str) -> None:
        """Any message for the VEN: it arrives, arrives and will come again, or is lost."""
        index = pick % len(self.down)
        message = self.down[index]
        if fate != "repeat":
            del self.down[index]
        if fate != "drop":
            self._hear(*message)

    @precondition(lambda self: self.up)
    @rule(pick=st.integers(0, 99), fate=st.sampled_from(["arrive", "drop"]))
    def upwards(self, pick: int, fate: str) -> None:
        """Any update of the VEN's: it arrives, or the connection is lost with it."""
        request = self.up.pop(pick % len(self.up))
        if fate == "arrive":
            self._tell(request)

    @rule()
    def reconnect(self) -> None:
        """A new connection: what was under way is gone, the whole is read."""
        self._reconnect()

    # ── the VEN ─────────────────────────────────────────────────────────────────────────────────────

    @rule(down_s=st.integers(0, 1800))
    def killed(self, down_s: int) -> None:
        """The process is killed and started again later; it knows what is on its disk."""
        self.now += down_s
        self.ven = read_state(self.disk, VEN, LOADS).state
        self.up.clear()
        self._beat()

    @rule(seconds=st.one_of(st.integers(1, 60), st.integers(60, 4000)))
    def live(self, seconds: int) -> None:
        """Time passes; the VEN wakes when something is due."""
        until = self.now + seconds
        while (due := self.ven.schedule.next_change_ts(self.now)) is not None and due < until:
            self.now = due
            self._beat()
        self.now = until
        self._beat()

    # ── what holds ──────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def at_most_one_event_is_in_force(self) -> None:
        """And it is one that is active, not over, of the newest revision that this VEN has seen."""
        held = self.ven.in_force(self.now)
        if held is not None:
            assert held.phase(self.now) is Phase.ACTIVE
            assert not held.expired
            assert not held.event.cancelled

    @invariant()
    def an_expired_event_never_starts(self) -> None:
        """What was over before it came was never in force and never announced active."""
        for event_id, held in self.ven.schedule.events.items():
            if held.expired:
                assert (event_id, held.event.revision) not in self.in_force_at
                assert (held.event.revision, Phase.ACTIVE) not in self.said[event_id]

    @invariant()
    def phases_are_announced_once_each_and_in_order(self) -> None:
        """Of one revision each phase once, in the order of its life; after the last none."""
        for said in self.said.values():
            by_revision: dict[int, list[Phase]] = defaultdict(list)
            for revision, phase in said:
                by_revision[revision].append(phase)
            for phases in by_revision.values():
                ranks = [RANK[phase] for phase in phases]
                assert ranks == sorted(set(ranks)), said

    @invariant()
    def an_event_takes_effect_once_a_revision(self) -> None:
        """What the VEN has said is over is not in force again for the same revision."""
        held = self.ven.in_force(self.now)
        for event_id, ended in self._ended.items():
            if held is not None and held.event.event_id == event_id:
                assert held.event.revision > ended

    def teardown(self) -> None:
        """When the network is quiet, reported is what was desired last, and the schedule is the latest."""
        if not hasattr(self, "service"):
            return
        self._reconnect()
        for _ in range(10):
            while self.up or self.down:
                if self.up:
                    self._tell(self.up.pop(0))
                while self.down:
                    self._hear(*self.down.pop(0))
        errors = self.ven.errors
        for event_id in self.service.delta.get("drEvents", {}):
            assert errors[f"drEvents.{event_id}"] == EXPIRED
        assert set(self.service.delta) <= {"drEvents"}
        for event_id, body in self.service.desired.get("drEvents", {}).items():
            held = self.ven.schedule.events[event_id]
            assert held.event == self.bodies[event_id, body["revision"]]

    # ── how it goes ─────────────────────────────────────────────────────────────────────────────────

    @property
    def _ended(self) -> dict[str, int]:
        """Events that the VEN has said are over, with the revision that was."""
        return {
            event_id: max(revision for revision, phase in said if phase in OVER)
            for event_id, said in self.said.items()
            if any(phase in OVER for _, phase in said)
        }

    def _desire(self, event_id: str, start_ts: int, intervals: tuple[Interval, ...]) -> None:
        revision = sum(known == event_id for known, _ in self.bodies)
        event = DrEvent(event_id=event_id, revision=revision, start_ts=start_ts, intervals=intervals)
        self.bodies[event_id, revision] = event
        body = {"revision": 0, **event.to_shadow()}
        self._tell({"state": {"desired": {"drEvents": {event_id: body}}}})

    def _tell(self, request: dict[str, Any]) -> None:
        self.down += self.service.update(request, int(self.now))

    def _hear(self, suffix: str, document: dict[str, Any]) -> None:
        copy = self.ven.shadow
        copy = copy.on_accepted(document) if suffix == "update/accepted" else copy.on_delta(document)
        self.ven = self.ven.with_shadow(copy, self.now)
        self._beat()

    def _reconnect(self) -> None:
        self.up.clear()
        suffix, document = self.service.get({}, int(self.now))
        copy = self.ven.shadow.disconnected()
        copy = copy.on_get(document) if suffix == "get/accepted" else copy.on_missing()
        self.ven = self.ven.with_shadow(copy, self.now)
        self._beat()

    def _beat(self) -> None:
        """What the twin does whenever it wakes: announce and remember in one write, report when it may."""
        self.ven, transitions = self.ven.advance(self.now)
        for transition in transitions:
            held = transition.scheduled
            self.said[held.event.event_id].append((held.event.revision, transition.phase))
        held_now = self.ven.in_force(self.now)
        if held_now is not None:
            assert held_now.source is EventOrigin.SHADOW
            self.in_force_at[held_now.event.event_id, held_now.event.revision].append(self.now)
        memory = PersistedState(state=lasting(self.ven), boot_id="b", saved_ts=self.now)
        self.disk = write_state(memory)
        copy = self.ven.shadow
        if copy.synchronized and not self.up:
            patch = difference(copy.reported, pruned(self.ven.reported_settings()))
            if patch:
                self.up.append({"state": {"reported": patch}})


TestVenMachine = VenMachine.TestCase
TestVenMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
