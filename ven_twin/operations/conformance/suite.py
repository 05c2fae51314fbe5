"""The suite at work: small, short events and commands for one VEN, and what they leave is removed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import msgspec

from contracts.errors import FieldError
from contracts.wire.codec import JsonDict
from contracts.wire.events import Interval, Signal
from contracts.wire.ids import VenId
from contracts.wire.telemetry import DERIVED_BOOT_ID
from ven_twin.operations.conformance.judgement import (
    EVENT,
    OFFLINE_PING,
    PING,
    REFUSED,
    RESTORE,
    CaseVerdict,
)
from ven_twin.operations.conformance.link_judges import numbers_rows
from ven_twin.operations.conformance.observer import Observer
from ven_twin.operations.conformance.timeline import (
    END_GRACE_S,
    ObservedEvent,
    Timeline,
    TrialEvent,
)
from ven_twin.operations.conformance.trial_operator import OPT_OUT, TAKE_UP_S, TrialOperator

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud
    from ven_twin.operations.aggregator.protocol import Aggregator

LONGEST_S = 60
"""No event of the suite lasts longer."""
SHARE = 0.4
"""The share of the offer that an event requests."""
LEAST_KW = 0.1
REPEAT_SHARE = 0.75
"""The share of an event's length after which its command is sent once more."""
STORE_S, NETWORK_S, PERSON_S = 10.0, 2.0, 600.0
"""A row is stored, a message arrives, a person does it within this time."""
UNKNOWN_CIRCUIT = "conform-no-such-circuit"
LEVEL = 2


class Suite:
    """One run for one VEN.

    Args:
        cloud: of the VEN's stage.
        aggregator: the same stage's.
        ven_id: the VEN.
        trials: the events to make.
        length_s: of an event that ends by itself, s.
        patience: by how much longer than of the local cloud an answer is waited for.
        say: shows a step.
    """

    def __init__(
        self,
        cloud: Cloud,
        aggregator: Aggregator,
        ven_id: VenId,
        *,
        trials: Iterable[TrialEvent],
        length_s: int,
        patience: float,
        say: Callable[[str], None],
    ) -> None:
        self._aggregator, self._ven_id = aggregator, ven_id
        self._trials, self._length_s, self._patience, self._say = set(trials), length_s, patience, say
        self._observer = Observer(cloud, aggregator, ven_id)
        self._operator = TrialOperator(aggregator, self._observer, ven_id, patience=patience, say=say)

    def run(self) -> Timeline:
        """Make the events, send the commands, and return what was seen. `clean_up` comes after it.

        Raises:
            FieldError: the stage has no such VEN.
        """
        if not self._observer.look():
            raise FieldError("VEN", f"this stage has no VEN {self._ven_id!r}")
        self._say("commands")
        self._operator.send(PING, "ping", {})
        self._operator.send(REFUSED, "setLoad", {"loadId": UNKNOWN_CIRCUIT, "enabled": True})
        self._operator.wait_for_ack(PING)
        self._operator.wait_for_ack(REFUSED)
        self._operator.set_interval()
        if TrialEvent.SHADOW in self._trials:
            self._run_shadow()
        for trial, act in (
            (TrialEvent.REVISED, self._revise),
            (TrialEvent.CANCELLED, self._cancel),
            (TrialEvent.RESTORED, self._restore),
            (TrialEvent.OPTED_OUT, self._opt_out),
        ):
            if trial in self._trials and self._takes_events():
                self._run_active(trial, act)
        if TrialEvent.COMMAND in self._trials:
            self._run_command()
        if TrialEvent.OFFLINE in self._trials:
            self._run_offline()
        self._observer.wait(self._in_order, STORE_S * self._patience)
        return self._observer.timeline()

    def clean_up(self) -> list[str]:
        """Remove the suite's events and settings; return what could not be, with the reason."""
        return self._operator.clean_up()

    # ── trials ──────────────────────────────────────────────────────────────────────────────────────────

    def _run_shadow(self) -> None:
        """An event of the shadow that is half over when it is created."""
        now_ts = int(time.time())
        event = self._operator.create(
            TrialEvent.SHADOW, self._intervals(self._length_s), now_ts - self._length_s // 2
        )
        self._note(TrialEvent.SHADOW, event, event.end_ts, now_ts + self._length_s)
        if event.refusal is None:
            self._wait_for_end(TrialEvent.SHADOW)
        self._finish(TrialEvent.SHADOW)

    def _run_command(self) -> None:
        """An event by command, and the same command once more before its end."""
        event_id, requested_kw = self._operator.event_id(TrialEvent.COMMAND), self._requested_kw()
        data: JsonDict = {
            "event_id": event_id,
            "requestedReductionKw": requested_kw,
            "durationS": self._length_s,
        }
        self._say("event by command, twice")
        sent_ts = time.time()
        repeat_ts = sent_ts + REPEAT_SHARE * self._length_s
        self._observer.events[TrialEvent.COMMAND] = ObservedEvent(
            event_id=event_id,
            requested_kw=requested_kw,
            start_ts=sent_ts,
            end_ts=sent_ts + self._length_s,
            faulty_end_ts=repeat_ts + self._length_s,
            seen_until_ts=sent_ts,
        )
        self._operator.restore_later(event_id)
        self._operator.send(EVENT, "event", data)
        self._observer.wait(lambda: time.time() >= repeat_ts, self._length_s)
        self._observer.read_ack(EVENT)
        ack = self._observer.commands[EVENT].ack
        if ack is None or ack.ok:
            self._operator.repeat(EVENT, "event", data)
            self._wait_for_end(TrialEvent.COMMAND)
        self._operator.wait_for_ack(EVENT)
        self._finish(TrialEvent.COMMAND)

    def _run_active(self, trial: TrialEvent, act: Callable[[ObservedEvent], ObservedEvent]) -> None:
        """An event of the shadow to which *act* does something while the VEN acts on it."""
        event = self._operator.create(trial, self._intervals(LONGEST_S), int(time.time()))
        self._note(trial, event, event.end_ts, event.end_ts)
        take_up_s = TAKE_UP_S * self._patience + 2 * self._interval_s()
        if event.refusal is None and self._observer.wait(lambda: self._sheds(trial), take_up_s):
            self._observer.events[trial] = act(self._observer.events[trial])
            self._wait_for_end(trial)
        self._finish(trial)

    def _run_offline(self) -> None:
        """An event and a command for a VEN that is not connected."""
        observer = self._observer
        for name in list(observer.commands):
            observer.read_ack(name)
            command = msgspec.structs.replace(observer.commands[name], answered_again=False)
            observer.commands[name] = command
        observer.offline_ts = time.time()
        self._say("disconnect the VEN now, by its network or its plug; it may take a while to be noticed")
        if not observer.wait(lambda: not observer.online, PERSON_S):
            return
        levels = (Interval(duration_s=LONGEST_S, signal=Signal.LEVEL, value=LEVEL),)
        event = self._operator.create(TrialEvent.OFFLINE, levels, int(time.time()))
        self._note(TrialEvent.OFFLINE, event, event.end_ts, event.end_ts)
        self._operator.send(OFFLINE_PING, "ping", {})
        self._say("connect the VEN again")
        if observer.wait(lambda: observer.online, PERSON_S):
            left_s = max(0.0, event.end_ts - time.time()) + self._interval_s() + STORE_S
            observer.wait(lambda: observer.acts_on(TrialEvent.OFFLINE), left_s)
            self._operator.wait_for_ack(OFFLINE_PING)  # it may come after the event does, or never
            for name in observer.commands:
                observer.read_ack(name)
        self._finish(TrialEvent.OFFLINE)

    # ── acts ────────────────────────────────────────────────────────────────────────────────────────────

    def _revise(self, event: ObservedEvent) -> ObservedEvent:
        created = self._aggregator.event(event.event_id)
        length_s = int(time.time() - event.start_ts + NETWORK_S * self._patience) + 1
        interval = msgspec.structs.replace(created.intervals[0], duration_s=min(LONGEST_S, length_s))
        body = msgspec.structs.replace(created.body, intervals=(interval,))
        answer = self._aggregator.revise_event(event.event_id, body, etag=created.etag)
        return msgspec.structs.replace(event, end_ts=answer.end_ts, revision=answer.revision)

    def _cancel(self, event: ObservedEvent) -> ObservedEvent:
        answer = self._aggregator.cancel_event(event.event_id)
        return msgspec.structs.replace(event, end_ts=self._soon_ts(), revision=answer.revision)

    def _restore(self, event: ObservedEvent) -> ObservedEvent:
        self._operator.send(RESTORE, "restore", {"event_id": event.event_id})
        self._operator.wait_for_ack(RESTORE)
        return msgspec.structs.replace(event, end_ts=self._soon_ts())

    def _opt_out(self, event: ObservedEvent) -> ObservedEvent:
        self._operator.opt_out()
        return msgspec.structs.replace(event, end_ts=self._soon_ts())

    # ── steps of these ──────────────────────────────────────────────────────────────────────────────────

    def _note(self, trial: TrialEvent, event: ObservedEvent, end_ts: float, faulty_end_ts: float) -> None:
        self._observer.events[trial] = msgspec.structs.replace(
            event, end_ts=end_ts, faulty_end_ts=faulty_end_ts
        )

    def _wait_for_end(self, trial: TrialEvent) -> None:
        """Wait for a row that shows whether the VEN has ended the event."""
        event, observer = self._observer.events[trial], self._observer
        latest_ts = event.end_ts + END_GRACE_S + self._interval_s()
        timeout_s = latest_ts - time.time() + self._interval_s() + STORE_S * self._patience
        observer.wait(lambda: time.time() > latest_ts and observer.has_row_after(latest_ts), timeout_s)

    def _finish(self, trial: TrialEvent) -> None:
        """Note what was seen of an event, and remove it."""
        self._observer.close(trial)
        self._operator.remove(self._observer.events[trial].event_id)
        if trial is TrialEvent.OPTED_OUT:
            self._operator.remove(OPT_OUT)

    def _takes_events(self) -> bool:
        """True when the VEN was seen to act on an event of its shadow: without that no other is tried."""
        event = self._observer.events.get(TrialEvent.SHADOW)
        return event is None or bool(self._observer.timeline().rows_of(event))

    def _sheds(self, trial: TrialEvent) -> bool:
        """True when a row of the event of *trial* is stored."""
        event = msgspec.structs.replace(self._observer.events[trial], seen_until_ts=time.time())
        return bool(self._observer.timeline().rows_of(event))

    def _in_order(self) -> bool:
        """True when no row is under way: batches may be stored in any order."""
        timeline = self._observer.timeline()
        unnumbered = any(row.boot_id == DERIVED_BOOT_ID for row in timeline.rows)
        return unnumbered or numbers_rows(timeline).verdict is CaseVerdict.PASSED

    def _requested_kw(self) -> float:
        return max(LEAST_KW, round(SHARE * (self._observer.offer_kw or 0.0), 2))

    def _intervals(self, length_s: int) -> tuple[Interval, ...]:
        return (Interval(duration_s=length_s, signal=Signal.SHED_KW, value=self._requested_kw()),)

    def _interval_s(self) -> float:
        return self._observer.timeline().row_gap_s

    def _soon_ts(self) -> float:
        """The time at which a message that is sent now has arrived, UTC s."""
        return time.time() + NETWORK_S * self._patience
