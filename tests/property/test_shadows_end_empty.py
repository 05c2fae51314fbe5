"""Any life of any number of events, with calls that fail and processes that die, ends in empty shadows.

The functions' own code runs over services in memory; at any call a process can be killed or be told that the
service is too busy. Then everything comes to its end as AWS brings it: schedules fire and are tried again,
the queue's messages are delivered, some of them twice and late.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import product
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from contracts.api.requests import DispatchEvent, EventDispatched, SettleEvent
from contracts.errors import FieldError
from contracts.store.keys import EVENT_SORT_KEY, LATEST_ROW
from contracts.wire import codec
from contracts.wire.events import Interval, Signal
from contracts.wire.ids import EventId
from lambdas.dispatch_event import lifecycle
from lambdas.settle_event.handler import settled
from lambdas.settle_event.history import History
from lambdas.shared import clock, fan_out, parallel
from lambdas.shared.answers import RequestRefusedError
from lambdas.write_shadows.logic import read_chunk
from tests.support.event_cloud import BusyError, Calls, EventCloud, Fault, KilledError

A = TypeVar("A")
B = TypeVar("B")
NOW = 1_800_000_000.0
IDS = st.sampled_from([EventId(f"e{number}") for number in range(4)])
VENS = ("v0", "v1", "v2", "v3", "v4")
LONG_S = 40 * 24 * 3600
LIMIT_S = 60.0
CALLS = st.integers(0, 25)
FAULTS = st.one_of(st.none(), st.none(), st.builds(Calls, CALLS, st.sampled_from(Fault)))
"""Every third invocation fails at one of its calls."""
TERMS = st.fixed_dictionaries(
    {
        "start_s": st.sampled_from([0, 0, 600, 7200]),
        "duration_s": st.sampled_from([60, 600, 3600]),
        "value_kw": st.sampled_from([1.0, 4.0, 12.0, 18.0]),
        "signal": st.sampled_from([Signal.SHED_KW, Signal.SHED_KW, Signal.IMPORT_LIMIT_KW]),
        "randomize_start_s": st.sampled_from([0, 0, 300]),
        "targets": st.sampled_from([(), ("v0",), ("v0", "v1", "v2")]),
    }
)
REFUSED = (RequestRefusedError, FieldError)


def one_after_the_other(items: Sequence[A], call: Callable[[A], B]) -> list[B]:
    """`parallel.over` in one thread, so that a run can be repeated: every call is made, unless it kills."""
    results, failures = [], []
    for item in items:
        try:
            results.append(call(item))
        except Exception as error:  # noqa: BLE001 - raised below
            failures.append(error)
    if failures:
        raise failures[0]
    return results


class EventLives(RuleBasedStateMachine):
    """Operators change events, processes die, shadows fill up; time passes."""

    @initialize()
    def begin(self) -> None:
        """Five VENs; more than two shadows are many, all of them a large plan, and a chunk holds two."""
        self.now, self.cloud = NOW, EventCloud()
        self.delivered: list[str] = []
        self.faulty = False
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(parallel, "over", one_after_the_other)
        self.patch.setattr(fan_out, "DIRECT_VENS", 2)
        self.patch.setattr(fan_out, "CHUNK_VENS", 2)
        self.patch.setattr(History, "profiles", lambda *_: ({}, True))  # no days before: nothing was measured
        self.patch.setattr(clock, "utc_now", lambda: self.now)
        self.patch.setattr(clock, "sleep", lambda _: None)
        for ven_id in VENS:
            self.cloud.add_ven(ven_id, offer_kw=4.0)

    # ── operators ───────────────────────────────────────────────────────────────────────────────────

    @rule(event_id=IDS, terms=TERMS, fault=FAULTS)
    def create(self, event_id: EventId, terms: dict[str, Any], fault: Calls | None) -> None:
        """An event, or a repeat of the request for one."""
        self._dispatch(lifecycle.create, event_id, self._request("create", event_id, terms), fault)

    @rule(event_id=IDS, terms=TERMS, fault=FAULTS)
    def revise(self, event_id: EventId, terms: dict[str, Any], fault: Calls | None) -> None:
        """Other terms for it."""
        self._dispatch(lifecycle.revise, event_id, self._request("revise", event_id, terms), fault)

    @rule(event_id=IDS, fault=FAULTS)
    def cancel(self, event_id: EventId, fault: Calls | None) -> None:
        """It is cancelled, or cancelled once more."""
        request = DispatchEvent(action="cancel", event_id=event_id)
        self._dispatch(lifecycle.cancel, event_id, request, fault)

    @rule(event_id=IDS, fault=FAULTS)
    def delete(self, event_id: EventId, fault: Calls | None) -> None:
        """It is deleted: before it begins, while it runs, over, or settled."""
        request = DispatchEvent(action="delete", event_id=event_id)
        self._dispatch(lifecycle.delete, event_id, request, fault)

    @rule(event_id=IDS, fault=FAULTS)
    def redispatch(self, event_id: EventId, fault: Calls | None) -> None:
        """It is shared out again."""
        self._invoke(
            lambda: lifecycle.redispatch(self.cloud.dispatch, event_id, now=self.now), fault or Calls()
        )

    @rule(event_id=IDS, fault=FAULTS)
    def report(self, event_id: EventId, fault: Calls | None) -> None:
        """Somebody wants its report."""
        self._settle(SettleEvent(event_id=event_id), fault or Calls())

    # ── VENs ────────────────────────────────────────────────────────────────────────────────────────

    @rule(ven_id=st.sampled_from(VENS), left_bytes=st.sampled_from([0, 100, 200, 8000]))
    def fill(self, ven_id: str, left_bytes: int) -> None:
        """A shadow has only so much room for more events."""
        self.cloud.shadows.fill(ven_id, left_bytes)

    @rule(ven_id=st.sampled_from(VENS), online=st.booleans())
    def connect(self, ven_id: str, online: bool) -> None:
        """A VEN comes or goes."""
        self.cloud.vens.items[ven_id, ""]["online"] = online

    @rule(ven_id=st.sampled_from(VENS))
    def remove(self, ven_id: str) -> None:
        """A VEN's thing is taken away, with its shadow."""
        self.cloud.shadows.removed.add(ven_id)
        self.cloud.shadows.desired.pop(ven_id, None)

    @rule(ven_id=st.sampled_from(VENS), event_id=st.one_of(st.none(), IDS), kw=st.sampled_from([0.0, 4.0]))
    def measure(self, ven_id: str, event_id: str | None, kw: float) -> None:
        """A VEN says what it sheds."""
        row = {"venId": ven_id, "rowId": LATEST_ROW, "timestamp": int(self.now), "receivedTs": self.now}
        row |= {"usedPowerKw": 1.0, "baselinePowerKw": 1.0 + kw, "shedPowerKw": kw, "bootId": "b", "seq": 1}
        self.cloud.telemetry.items[ven_id, LATEST_ROW] = row | ({"eventId": event_id} if event_id else {})

    # ── what AWS brings ─────────────────────────────────────────────────────────────────────────────

    @rule(fault=FAULTS, place=st.integers(0, 9), again=st.booleans())
    def deliver(self, fault: Calls | None, place: int, again: bool) -> None:
        """The queue delivers a message, in any order; at times one that was delivered already."""
        bodies = self.delivered if again else self.cloud.queue
        if bodies:
            self._deliver(bodies[place % len(bodies)], fault or Calls())

    @rule(seconds=st.sampled_from([30, 60, 150, 600, 4000, 16_000]), fault=FAULTS)
    def wait(self, seconds: int, fault: Calls | None) -> None:
        """Time passes, and the schedules that are due by then fire."""
        self.now += seconds
        self._fire(fault or Calls())

    def teardown(self) -> None:
        """All that is left is brought to its end; then no shadow holds any event."""
        if not hasattr(self, "patch"):
            return
        try:
            self.bring_to_an_end()
        finally:
            self.patch.undo()

    def bring_to_an_end(self) -> None:
        """Let every schedule fire and every message be delivered, those that were delivered once more."""
        for _ in range(3):
            while self.cloud.queue:
                self._deliver(self.cloud.queue[0], Calls())
            self.now += LONG_S / 10
            self._fire(Calls())
        for body in dict.fromkeys(self.delivered):
            self._deliver(body, Calls())
        left = {ven_id: self.cloud.shadows.events(ven_id) for ven_id in VENS}
        assert {ven_id: events for ven_id, events in left.items() if events} == {}
        assert not self.cloud.scheduler.due
        for (_, kind), header in self.cloud.events.items.items():
            assert kind != EVENT_SORT_KEY or "clearedTs" in header or header["doneRevision"] < 0

    # ── invocations ─────────────────────────────────────────────────────────────────────────────────

    def _request(self, action: str, event_id: EventId, terms: dict[str, Any]) -> DispatchEvent:
        interval = Interval(duration_s=terms["duration_s"], signal=terms["signal"], value=terms["value_kw"])
        return DispatchEvent(
            action=action,  # type: ignore[arg-type]
            event_id=event_id,
            intervals=(interval,),
            start_ts=int(self.now) + terms["start_s"],
            targets=terms["targets"],
            randomize_start_s=terms["randomize_start_s"],
        )

    def _dispatch(
        self,
        change: Callable[..., EventDispatched],
        event_id: EventId,
        request: DispatchEvent,
        fault: Calls | None,
    ) -> None:
        self._invoke(lambda: change(self.cloud.dispatch, request, event_id, now=self.now), fault or Calls())

    def _invoke(self, work: Callable[[], object], calls: Calls) -> bool:
        """An invocation; returns whether it came to its end. Without a fault it does, or is refused."""
        self.cloud.calls.left, self.cloud.calls.fault = calls.left, calls.fault
        faultless = calls.left is None
        try:
            with suppress(*REFUSED):
                work()
        except (KilledError, BusyError):
            assert not faultless
            self.faulty = True
            return False
        finally:
            self.cloud.calls.left = None
        return True

    def _settle(self, request: SettleEvent, calls: Calls) -> bool:
        until_ts = self.now + LIMIT_S
        return self._invoke(
            lambda: settled(self.cloud.settle, request, now=self.now, until_ts=until_ts), calls
        )

    def _deliver(self, body: str, calls: Calls) -> None:
        if self._invoke(lambda: self.cloud.write.write(read_chunk(body)), calls):
            self.delivered.append(body)
            with suppress(ValueError):
                self.cloud.queue.remove(body)

    def _fire(self, calls: Calls) -> None:
        """Fire what is due: a settlement that fails is tried again, a redispatch is not."""
        for name, (from_ts, to_ts, text) in list(self.cloud.scheduler.recurring.items()):
            if from_ts <= self.now:
                event_id = msgspec.json.decode(text, type=DispatchEvent).event_id
                assert event_id is not None
                self.redispatch(event_id, calls)
            if to_ts <= self.now:
                self.cloud.scheduler.recurring.pop(name, None)
        for name, (due_ts, text) in sorted(self.cloud.scheduler.due.items()):
            if due_ts <= self.now:
                del self.cloud.scheduler.due[name]
                request = codec.convert(SettleEvent, json.loads(text))
                if not self._settle(request, calls):
                    assert self._settle(request, Calls())


TestEventLives = EventLives.TestCase
TestEventLives.settings = settings(max_examples=60, stateful_step_count=20)


LIMIT = {"signal": Signal.IMPORT_LIMIT_KW, "value_kw": 4.0, "randomize_start_s": 0, "start_s": 0}
FEW, SOME, ALL = ("v0", "v1"), ("v0", "v1", "v2"), ()
"""Written at once, by way of the queue, and by a map run."""
LIVES: dict[str, Callable[[EventLives, dict[str, Any], Calls], None]] = {
    "create": lambda lives, terms, fault: lives.create("e0", terms, fault),
    "revise to a later end": lambda lives, terms, fault: (
        lives.create("e0", terms, None),
        lives.revise("e0", {**terms, "duration_s": 6 * 3600}, fault),
        lives.wait(4000, None),
        lives.wait(16_000, None),
    ),
    "revise to an earlier end": lambda lives, terms, fault: (
        lives.create("e0", terms, None),
        lives.revise("e0", {**terms, "duration_s": 60}, fault),
    ),
    "cancel": lambda lives, terms, fault: (lives.create("e0", terms, None), lives.cancel("e0", fault)),
    "cancel, settle, delete": lambda lives, terms, fault: (
        lives.create("e0", terms, None),
        lives.cancel("e0", None),
        lives.wait(150, None),
        lives.delete("e0", fault),
    ),
    "cancel, delete while it is settled": lambda lives, terms, fault: (
        lives.create("e0", terms, None),
        lives.cancel("e0", None),
        lives.report("e0", fault),
        lives.delete("e0", None),
    ),
    "delete before its end": lambda lives, terms, fault: (
        lives.create("e0", terms, None),
        lives.delete("e0", fault),
        lives.delete("e0", None),
    ),
    "delete after its end": lambda lives, terms, fault: (
        lives.create("e0", terms, None),
        setattr(lives, "now", lives.now + 3700),
        lives.delete("e0", fault),
    ),
}


@pytest.mark.parametrize("life", LIVES)
def test_a_life_cut_short_at_any_call_ends_in_empty_shadows(life: str) -> None:
    """Killed before or after each of its calls, or refused there; for few VENs and for many."""
    for targets, fault in product((FEW, SOME, ALL), Fault):
        for calls in range(40):
            lives = EventLives()
            lives.begin()
            try:
                LIVES[life](lives, {**LIMIT, "duration_s": 3600, "targets": targets}, Calls(calls, fault))
                lives.bring_to_an_end()
            finally:
                lives.patch.undo()
            if not lives.faulty:
                break
        assert not lives.faulty


def test_nothing_of_a_settled_event_is_put_back() -> None:
    """Cancelled, settled and then deleted: no shadow is written again, not even for a while."""
    lives = EventLives()
    lives.begin()
    try:
        terms = {**LIMIT, "duration_s": 3600, "targets": FEW}
        LIVES["cancel, settle, delete"](lives, terms, Calls())
        assert lives.cloud.shadows.events("v0") == {}
        writes = lives.cloud.shadows.writes
        lives.cancel("e0", None)
        lives.delete("e0", None)
        assert lives.cloud.shadows.writes == writes
    finally:
        lives.patch.undo()
