"""Whatever becomes of the messages, a VEN's events have one outcome."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.errors import CommandRefusedError
from contracts.wire.commands import read_command
from contracts.wire.events import DrEvent, Interval, Phase, Signal
from contracts.wire.shadow import difference, merge
from ven_twin.control.command_handlers import VenFigures, carry_out
from ven_twin.control.shadow_sync import one_patch, pruned
from ven_twin.control.ven_state import EXPIRED, VenState

START_TS = 1_800_000_000
VEN = "ven-1"
LOADS = frozenset({"ev1", "hvac1"})
OVER = {Phase.COMPLETED, Phase.CANCELLED, Phase.OPTED_OUT}
EVENT_IDS = ("e1", "e1.b", "e2")
FACTS = VenFigures(status=dict, config=dict, critical=frozenset())
REFUSED = (
    {"report_interval_seconds": 0},
    {"target_power_kw": "low"},
    {"loads": {"pool1": {"enabled": False}}},
    {"optOut": {"reason": ""}},
    {"drEvents": {"bad": {"startTs": 1}}},
)
SETTINGS = (
    {"enabled": True},
    {"enabled": False},
    {"optOut": True},
    {"optOut": False},
    {"optOut": None},
    {"report_interval_seconds": 5, "target_power_kw": None},
    {"target_power_kw": 3, "loads": {"ev1": {"enabled": False}}},
)

event_ids = st.sampled_from(EVENT_IDS)
durations_s = st.lists(st.integers(1, 900), min_size=1, max_size=3)


def delta(desired: dict[str, Any], reported: dict[str, Any]) -> dict[str, Any]:
    """What of *desired* is reported otherwise; an empty object has nothing in it that could differ."""
    out = {}
    for key, value in desired.items():
        if isinstance(value, dict) and isinstance(reported.get(key), dict):
            below = delta(value, reported[key])
            out |= {key: below} if below else {}
        elif value != {} and (key not in reported or reported[key] != value):
            out[key] = value
    return out


class Service:
    """The shadow service, with the messages that are on their way from it."""

    def __init__(self) -> None:
        self.desired: dict[str, Any] = {}
        self.reported: dict[str, Any] = {}
        self.version = 0
        self.on_their_way: list[tuple[str, dict[str, Any]]] = []

    def update(self, **state: dict[str, Any]) -> int:
        """Take an update, and tell of it."""
        self.version += 1
        self.desired = merge(self.desired, state.get("desired", {}))
        self.reported = merge(self.reported, state.get("reported", {}))
        self.on_their_way.append(("accepted", {"state": state, "version": self.version}))
        differs = delta(self.desired, self.reported)
        if differs:
            self.on_their_way.append(("delta", {"state": differs, "version": self.version}))
        return self.version

    @property
    def whole(self) -> dict[str, Any]:
        """What a get is answered with."""
        return {"state": {"desired": self.desired, "reported": self.reported}, "version": self.version}


class Events(RuleBasedStateMachine):
    """A VEN, its shadow, and a network that drops, repeats and reorders what it carries."""

    @initialize()
    def begin(self) -> None:
        """Nothing is desired, and the VEN has just been started."""
        self.now = float(START_TS)
        self.service = Service()
        self.ven = VenState(VEN, LOADS)
        self.bodies: dict[tuple[str, int], DrEvent] = {}
        self.over: set[tuple[str, int]] = set()
        self.pending: dict[str, Any] = {}
        self.under_way: tuple[int, dict[str, Any]] | None = None
        self.settled = False

    @rule(
        event_id=event_ids,
        starts_in_s=st.integers(-900, 1800),
        durations=durations_s,
        randomize_s=st.sampled_from([0, 0, 300]),
        priority=st.integers(0, 2),
    )
    def cloud_issues(
        self, event_id: str, starts_in_s: int, durations: list[int], randomize_s: int, priority: int
    ) -> None:
        """An event is desired, or a newer revision of one; a first one says no more than a command can."""
        revision, start_ts = self._next(event_id), int(self.now) + starts_in_s
        intervals = tuple(
            Interval(duration_s=long_s, signal=Signal.SHED_KW, value=2.0) for long_s in durations
        )
        if revision == 0:
            self._issue(DrEvent(event_id=event_id, start_ts=start_ts, intervals=intervals[:1]))
            return
        self._issue(
            DrEvent(
                event_id=event_id,
                revision=revision,
                start_ts=start_ts,
                intervals=intervals,
                randomize_start_s=randomize_s,
                priority=priority,
            )
        )

    @rule(event_id=event_ids)
    def cloud_cancels(self, event_id: str) -> None:
        """A newer revision without intervals."""
        start_ts = int(self.now)
        self._issue(
            DrEvent(event_id=event_id, revision=self._next(event_id), start_ts=start_ts, intervals=())
        )

    @rule(event_id=event_ids)
    def cloud_deletes(self, event_id: str) -> None:
        """The key is taken away; what is desired under that id later is a newer revision."""
        self.service.update(desired={"drEvents": {event_id: None}})
        self._beat()

    @rule(patch=st.sampled_from(SETTINGS + REFUSED))
    def cloud_sets(self, patch: dict[str, Any]) -> None:
        """A setting is desired, good or bad."""
        self.service.update(desired=patch)
        self._beat()

    @precondition(lambda self: self.service.on_their_way)
    @rule(pick=st.integers(0, 99), keep=st.booleans())
    def message_comes(self, pick: int, keep: bool) -> None:
        """Any message that is on its way comes next, and perhaps once more later."""
        index = pick % len(self.service.on_their_way)
        kind, document = self.service.on_their_way[index]
        if not keep:
            del self.service.on_their_way[index]
        self._hear(kind, document)

    @precondition(lambda self: self.service.on_their_way)
    @rule()
    def every_message_comes(self) -> None:
        """The network is in a good mood: everything comes, in order."""
        while self.service.on_their_way:
            self._hear(*self.service.on_their_way.pop(0))

    @precondition(lambda self: self.service.on_their_way)
    @rule(pick=st.integers(0, 99))
    def message_is_lost(self, pick: int) -> None:
        """A message never comes."""
        del self.service.on_their_way[pick % len(self.service.on_their_way)]

    @rule()
    def ven_connects(self) -> None:
        """After a disconnect the whole is read; what was not answered is sent again."""
        if self.under_way is not None:
            self.pending, self.under_way = one_patch(self.under_way[1], self.pending), None
        copy = self.ven.shadow.disconnected().on_get(self.service.whole)
        self.ven = self.ven.with_shadow(copy, self.now)
        self._beat()

    @rule()
    def ven_restarts(self) -> None:
        """A new run knows what is desired and what was reported of it, and nothing else."""
        wanted, said = (state.get("drEvents", {}) for state in (self.service.desired, self.service.reported))
        self.over = {
            (event_id, revision)
            for event_id, revision in self.over
            if self._ended_by_itself(event_id, revision)
            or (
                "ended" in said.get(event_id, {})
                and said[event_id]["revision"] == wanted.get(event_id, {}).get("revision") == revision
            )
        }
        self.ven = VenState(VEN, LOADS)
        self.pending, self.under_way = {}, None
        self._beat()

    @precondition(lambda self: self.ven.shadow.synchronized)
    @rule(event_id=event_ids, duration_s=st.integers(1, 900), late_s=st.integers(-600, 600))
    def event_by_command(self, event_id: str, duration_s: int, late_s: int) -> None:
        """The first revision of an event by command, be it news or not."""
        body = self.bodies.get((event_id, 0))
        if body is None:
            interval = Interval(duration_s=duration_s, signal=Signal.SHED_KW, value=2.0)
            body = DrEvent(event_id=event_id, start_ts=int(self.now) - late_s, intervals=(interval,))
            self.bodies[event_id, 0] = body
        if body.intervals:
            data = {"event_id": event_id, "shed_kw": 2.0, "start_ts": body.start_ts, "end_ts": body.end_ts}
            self._command("event", data)

    @rule(op=st.sampled_from(["enable", "disable", "restore"]))
    def command(self, op: str) -> None:
        """The VEN is told directly."""
        self._command(op, {})

    @rule(patch=st.sampled_from([{"optOut": True}, {"optOut": None}, {"optOut": {"reason": "mustRun"}}]))
    def opt_out_by_command(self, patch: dict[str, Any]) -> None:
        """The resident opts out or in."""
        self._command("set", patch)

    @rule(event_id=event_ids)
    def restore_one(self, event_id: str) -> None:
        """One event is ended by command."""
        self._command("restore", {"event_id": event_id})

    @rule(seconds=st.one_of(st.integers(1, 120), st.integers(1, 3600)))
    def time_passes(self, seconds: int) -> None:
        """The clock goes on."""
        self.now += seconds
        self._beat()

    @invariant()
    def what_is_in_force_is_the_first_of_what_is_active(self) -> None:
        """Never two events at once: the one with the lowest priority number, and none when opted out."""
        held = self.ven.in_force(self.now)
        active = [one for one in self.ven.schedule.events.values() if one.phase(self.now) is Phase.ACTIVE]
        if not self.ven.settings.participates(self.now):
            assert active == []
        if held is None:
            assert active == []
        else:
            assert held.event.priority == min(one.event.priority for one in active)
            assert held.interval(self.now) is not None

    @invariant()
    def what_is_over_stays_over(self) -> None:
        """An event that ended, was cancelled or was left is not in force again for the same revision."""
        held = self.ven.in_force(self.now)
        assert held is None or (held.event.event_id, held.event.revision) not in self.over

    @invariant()
    def after_the_last_end_nothing_is_curtailed(self) -> None:
        """Whatever was missed, a VEN by itself is done when its events are (defect 2)."""
        last = max((held.end_ts for held in self.ven.schedule.events.values()), default=0.0)
        assert self.ven.in_force(max(last, self.now)) is None

    @invariant()
    def the_delta_shows_what_was_refused_and_nothing_else(self) -> None:
        """What was accepted is reported as it was written; what was refused stays open beside its reason."""
        if not self.settled:
            return
        open_paths = _paths(delta(self.service.desired, self.service.reported))
        for path in open_paths:
            assert any(_of(path, error) for error in self.ven.errors), (path, self.ven.errors)
        for error in self.ven.errors:
            assert any(_of(path, error) for path in open_paths), (error, open_paths)

    @invariant()
    def the_outcome_is_that_of_the_latest_revision(self) -> None:
        """A VEN that knows its shadow acts as if it had known nothing but the latest of everything."""
        if not self.settled:
            return
        latest = {
            event_id: self.bodies[event_id, body.get("revision", 0)]
            for event_id, body in self.service.desired.get("drEvents", {}).items()
            if event_id != "bad"
        }
        for event_id, event in latest.items():
            held = self.ven.schedule.events.get(event_id)
            assert held is not None
            assert held.event == event
            assert held.expired is (self.ven.errors.get(f"drEvents.{event_id}") == EXPIRED)
        held = self.ven.in_force(self.now)
        if self.ven.settings.participates(self.now):
            wanted = [event for event in latest.values() if self._is_on(event)]
            assert held is not None or not wanted
        if held is not None and held.event.event_id not in latest:
            assert held.event == self.bodies[held.event.event_id, 0]

    def _is_on(self, event: DrEvent) -> bool:
        active = event.phase(self.now, offset_s=event.start_offset_s(VEN)) is Phase.ACTIVE
        return active and (event.event_id, event.revision) not in self.over

    def _ended_by_itself(self, event_id: str, revision: int) -> bool:
        event = self.bodies[event_id, revision]
        return event.phase(self.now, offset_s=event.start_offset_s(VEN)) is Phase.COMPLETED

    def _next(self, event_id: str) -> int:
        return 1 + max((known for one, known in self.bodies if one == event_id), default=-1)

    def _issue(self, event: DrEvent) -> None:
        self.bodies[event.event_id, event.revision] = event
        self.service.update(desired={"drEvents": {event.event_id: event.to_shadow()}})
        self._beat()

    def _hear(self, kind: str, document: dict[str, Any]) -> None:
        copy = self.ven.shadow
        copy = copy.on_accepted(document) if kind == "accepted" else copy.on_delta(document)
        if self.under_way is not None and document["version"] == self.under_way[0] and kind == "accepted":
            self.under_way = None
        self.ven = self.ven.with_shadow(copy, self.now)
        self._beat()

    def _command(self, op: str, data: dict[str, Any]) -> None:
        raw = json.dumps({"op": op, "data": data, "correlationId": "c"}).encode()
        before = self.ven
        try:
            done = carry_out(self.ven, read_command(raw, ven_id=VEN), self.now, FACTS)
        except CommandRefusedError:
            assert self.ven is before
        else:
            self.ven = done.state
            self.pending = one_patch(self.pending, done.desired)
        self._beat()

    def _beat(self) -> None:
        """What the twin does whenever it wakes: let time pass, and report when it may."""
        self.ven, _ = self.ven.advance(self.now)
        for event_id, held in self.ven.schedule.events.items():
            if held.phase(self.now) in OVER:
                self.over.add((event_id, held.event.revision))
        reported = pruned(self.ven.reported_settings())
        copy = self.ven.shadow
        if copy.synchronized and self.under_way is None:
            patch = difference(copy.reported, reported)
            if patch or self.pending:
                state = {"reported": patch} | ({"desired": self.pending} if self.pending else {})
                self.under_way = self.service.update(**state), self.pending
                self.pending = {}
        self.settled = (
            copy.synchronized
            and not self.pending
            and copy.desired == self.service.desired
            and reported == self.service.reported
        )


def _paths(value: dict[str, Any], under: str = "") -> list[str]:
    paths = []
    for key, item in value.items():
        path = f"{under}.{key}" if under else key
        deeper = isinstance(item, dict) and item and under in {"", "loads"} and key in {"loads", "drEvents"}
        paths += _paths(item, path) if deeper else [path]
    return paths


def _of(path: str, error: str) -> bool:
    return error == path or error.startswith((f"{path}.", f"{path}["))


TestEvents = Events.TestCase
TestEvents.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
