"""The VEN's engine: a message or the time comes in, a new engine and its effects go out. Pure.

    comes in           decided by                         goes out
    ─────────────────  ─────────────────────────────────  ──────────────────────────────────────────────
    time (tick)        house, schedule, shedding          telemetry and loads rows, event acks, log lines
    command            command_handlers                   its ack, a patch of the desired state
    shadow message     shadow_sync, ven_state             –
    VTN's events       vtn_events                         –
    VTN's prices       pricing                            –
    resident           command_handlers                   a patch of the desired state
    stop               release                            the last telemetry row

An engine is a value: a step returns another one, with the `Effects` that the runtime carries out. What has to
outlive the process is `persisted`; the time at which the engine has something to do by itself is `due_s`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import NamedTuple

from contracts.openadr.price_curves import PriceCurve
from contracts.wire import codec
from contracts.wire.events import DrEvent, Phase
from contracts.wire.ids import EventId
from contracts.wire.topics import Topics
from ven_twin.control import acks, reporting
from ven_twin.control.command_handlers import StateChange, VenFigures
from ven_twin.control.event_history import PastEvent, past_event, with_past
from ven_twin.control.peace import NO_SNAPSHOT, SentSnapshot, in_peace
from ven_twin.control.schedule import OVER, EventTransition, Schedule
from ven_twin.control.ven_state import VenState
from ven_twin.control.vtn_events import with_vtn_events
from ven_twin.ven.command_receiver import CommandReceiver
from ven_twin.ven.house_runtime import HouseRuntime
from ven_twin.ven.storage.persisted_state import PersistedState, lasting
from ven_twin.ven.storage.rows import JournalledAck, JournalledCommand, Message

TICK_S = 1.0
"""Longest time between two ticks of a VEN that acts. Events start and end on time whatever this is."""
VENS_AT_TICK = 100
"""So many VENs of a process tick as often at rest; more do so less often, so that all cost no more."""
MOST_TICK_S = 10.0
VENS_AT_BUSY_TICK, MOST_BUSY_TICK_S = 500, 2.0
"""And so many of those that act tick as often; of more each does at most so much less often.
Interpretation: a device takes seconds to follow, and meters count each second all the same."""
STOOD_STILL_S = 5.0
"""A tick so long after it was due says that the host was suspended, or the process stopped.
Interpretation: a busy machine is late by less."""
LOADS_PERIOD_S = 30.0


def rest_tick_s(vens: int) -> float:
    """Longest time between two ticks of a VEN at rest, with so many *vens* in its process, s."""
    return min(MOST_TICK_S, max(TICK_S, TICK_S * vens / VENS_AT_TICK))


def busy_tick_s(vens: int) -> float:
    """Longest time between two ticks of a VEN that acts, with so many *vens* in its process, s."""
    return min(MOST_BUSY_TICK_S, max(TICK_S, TICK_S * vens / VENS_AT_BUSY_TICK))


class StepTime(NamedTuple):
    """The time of a step: monotonic seconds, and the VEN's time in UTC s."""

    s: float
    ts: float


class LogLine(NamedTuple):
    """A line for the log, at a level of `logging`."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Effects:
    """The work that a step leaves to the runtime.

    Attributes:
        messages: rows for the outbox, in their order.
        desired: patch of the shadow's desired state.
        ack: the answer of the command that was carried out; empty when it was none.
        remembered: the same by its correlation id, for a repeat after a restart.
        lines: lines for the log.
        hurries: whether telemetry that waits is to go now.
    """

    messages: tuple[Message, ...] = ()
    desired: Mapping[str, object] = field(default_factory=dict)
    ack: bytes = b""
    remembered: JournalledAck | None = None
    lines: tuple[LogLine, ...] = ()
    hurries: bool = False


NO_EFFECTS = Effects()


@dataclass(frozen=True, slots=True, kw_only=True)
class VenEngine:
    """A VEN between two steps. Times are monotonic seconds, where they are not said to be UTC.

    Attributes:
        sender: the VEN, and this run of it.
        house: the house as it is run.
        state: settings, events and shadow.
        commands: the answers that a repeated command gets.
        last_event: the summary of the event that ended last, or None.
        past: the events that are over, newest first.
        ticked_s: the last tick.
        row_s: the last telemetry row.
        row_seq: number of the next telemetry row.
        loads_s: the last look at the circuits, whether they are worth a snapshot.
        snapshot_before: the last snapshot of them.
        loads_seq: number of the next snapshot of the circuits.
        rest_tick_s: longest time between two ticks while no event is acted on or given back, s.
        busy_tick_s: and while one is.
        in_turns: whether it searches for its offer by `searched` alone, in its turn, and not in its ticks.
    """

    sender: reporting.Sender
    house: HouseRuntime
    state: VenState
    commands: CommandReceiver
    last_event: Mapping[str, object] | None = None
    past: tuple[PastEvent, ...] = ()
    ticked_s: float
    row_s: float
    row_seq: int = 0
    loads_s: float
    snapshot_before: SentSnapshot = NO_SNAPSHOT
    loads_seq: int = 0
    rest_tick_s: float = TICK_S
    busy_tick_s: float = TICK_S
    in_turns: bool = False

    @property
    def topics(self) -> Topics:
        """The topics of this VEN."""
        return Topics(self.sender.ven_id)

    @property
    def desired_certificate_id(self) -> str | None:
        """The certificate that the cloud desires this VEN to connect with, or None."""
        desired = self.state.shadow.desired.get("certificateId")
        return desired if isinstance(desired, str) and "certificateId" not in self.state.errors else None

    @property
    def batches(self) -> bool:
        """True when telemetry may go in batches, and what has not changed need not be said again."""
        return self.state.settings.batch_s > 0

    def is_quiet(self, now_ts: float) -> bool:
        """True while nobody waits for what the VEN measures, so that it may say it later and seldom."""
        return self.batches and in_peace(self.state, now_ts, at_rest=self.house.is_at_rest)

    def tick(self, now: StepTime) -> tuple[VenEngine, Effects]:
        """Bring house, events and rows up to *now*."""
        woken, messages, lines = self._woken(now)
        house = woken.house.advance(self.state, now.s, _acting_until_s(self, now))
        state, transitions = self.state.advance(now.ts)
        engine = woken
        if house.measured and (transitions or now.s >= engine.row_s + state.settings.report_interval_s):
            # A row ends where an event does: it is read under the plan that was in force until now.
            engine, row = _telemetry(replace(woken, house=house, state=state), now)
            house = engine.house
            messages.append(row)
        house = house.again(now.s).replan(state, state.in_force(now.ts), now.s, now.ts)
        if not self.in_turns:
            house = house.with_prices(state, now.s, now.ts).with_offer(state, now.s, now.ts)
        engine = replace(engine, house=house, state=state, ticked_s=now.s)
        for transition in transitions:
            engine, ack, line = _announce(engine, transition, now.ts)
            messages.append(ack)
            lines.append(line)
        if now.s >= engine.loads_s + LOADS_PERIOD_S:
            engine, snapshots = _loads(engine, now)
            messages += snapshots
        return engine, Effects(messages=tuple(messages), lines=tuple(lines))

    def searching_in_turns(self) -> VenEngine:
        """The engine of one of many VENs of a process: it searches when it is let, not in its ticks."""
        return replace(self, in_turns=True, house=self.house.in_turns())

    def with_house(self, house: HouseRuntime) -> VenEngine:
        """The same engine of another state of its house."""
        return replace(self, house=house)

    def searched(self, now: StepTime) -> VenEngine:
        """Plan for prices, and go on with the search for the offer, on the house as the last tick left it."""
        ticked_ts = now.ts - (now.s - self.ticked_s)
        house = self.house.with_prices(self.state, self.ticked_s, ticked_ts)
        return replace(self, house=house.with_offer(self.state, self.ticked_s, ticked_ts))

    def _woken(self, now: StepTime) -> tuple[VenEngine, list[Message], list[LogLine]]:
        """The engine after a time in which the VEN stood still, if it did.

        The row of the time before ends there. The house lives on under the plan that was in force, and nobody
        measures it. The next row goes out after one tick, as at the start.
        """
        still_s = now.s - self.ticked_s
        if still_s <= STOOD_STILL_S + self.rest_tick_s - TICK_S:
            return self, [], []
        engine, messages = self, []
        if self.house.measured:
            engine, row = _telemetry(self, StepTime(self.ticked_s, now.ts - still_s))
            messages.append(row)
        house = engine.house.advance(self.state, now.s, measures=False)
        row_s = now.s + TICK_S - self.state.settings.report_interval_s
        line = LogLine(logging.WARNING, f"this VEN stood still for {still_s:.0f} s: nothing was measured")
        return replace(engine, house=house, row_s=row_s), messages, [line]

    def on_command(self, command: JournalledCommand, figures: VenFigures) -> tuple[VenEngine, Effects]:
        """Carry *command* out as of its receipt: it may have waited for this VEN to start again."""
        commands, received = self.commands.receive(self.state, command.payload, command.received_ts, figures)
        messages = (Message("ack", self.topics.ack, received.ack),)
        effects = Effects(
            messages,
            received.desired,
            received.ack,
            received.remembered,
            hurries=_has_news(self.state.schedule, received.state.schedule),
        )
        return replace(self, state=received.state, commands=commands), effects

    def on_resident(self, change: StateChange) -> tuple[VenEngine, Effects]:
        """Take over *change*, which a resident made at the VEN's own controls."""
        return replace(self, state=change.state), Effects(desired=change.desired)

    def on_shadow(
        self,
        suffix: str,
        document: Mapping[str, object],
        pending: Mapping[str, object],
        now_ts: float,
        *,
        answers_us: bool,
    ) -> tuple[VenEngine, Effects]:
        """Converge to the shadow after a message about it.

        Args:
            suffix: the topic below ``shadow/``.
            document: the message.
            pending: the patch of the desired state that is on its way; the message does not undo it.
            now_ts: the VEN's time, UTC s.
            answers_us: whether the message answers this VEN's own update.
        """
        copy = self.state.shadow.on_message(suffix, document, answers_us=answers_us)
        state = self.state.with_shadow(copy.with_desired(pending), now_ts)
        return replace(self, state=state), Effects(hurries=_has_news(self.state.schedule, state.schedule))

    def on_vtn_events(self, events: Sequence[DrEvent], now_ts: float) -> tuple[VenEngine, Effects]:
        """Take up *events*: all that a VTN of OpenADR has for this VEN to act on."""
        state = with_vtn_events(self.state, events, now_ts)
        return replace(self, state=state), Effects(hurries=_has_news(self.state.schedule, state.schedule))

    def on_vtn_prices(self, curve: PriceCurve | None) -> VenEngine:
        """Follow *curve*, the prices that a VTN of OpenADR has for this VEN."""
        house = self.house.following(curve)
        return self if house is self.house else replace(self, house=house)

    def on_connected(self) -> VenEngine:
        """Expect nothing of what was known of the shadow: it is read again on each connect.

        Of the circuits there is a snapshot on each connect, where there is not one each time in any case.
        """
        state = replace(self.state, shadow=self.state.shadow.disconnected())
        loads_s = -inf if self.batches else self.loads_s
        return replace(self, state=state, loads_s=loads_s, snapshot_before=NO_SNAPSHOT)

    def stop(self, now: StepTime) -> tuple[VenEngine, Effects]:
        """Read the last row and give every circuit back."""
        engine, row = _telemetry(replace(self, house=self.house.advance(self.state, now.s)), now)
        unshed = replace(engine.state, load_sheds={})
        house = engine.house.following(None).give_back().replan(unshed, None, now.s, now.ts)
        return replace(engine, house=house), Effects((row,))

    def due_s(self, now: StepTime) -> float:
        """Seconds until the next tick is due."""
        change_ts = self.state.schedule.next_change_ts(now.ts)
        row_due_s = self.row_s + self.state.settings.report_interval_s - now.s
        tick_s = self.rest_tick_s if self.house.is_at_rest else self.busy_tick_s
        return min(tick_s, row_due_s, tick_s if change_ts is None else change_ts - now.ts)

    def persisted(self, pending: Mapping[str, object], saved_ts: float) -> PersistedState:
        """The document from which a later run of this VEN goes on; *pending* as in `on_shadow`."""
        return PersistedState(
            state=lasting(self.state),
            pending=pending,
            last_event=self.last_event,
            delivered=self.house.delivered,
            requested_kw=self.house.requested_kw,
            boot_id=self.sender.boot_id,
            saved_ts=saved_ts,
            past=self.past,
        )


def _acting_until_s(engine: VenEngine, now: StepTime) -> float:
    """The end of the event that is acted on, monotonic s, once its time is over: a tick is late for it."""
    acting = engine.house.acting
    scheduled = None if acting is None else engine.state.schedule.events.get(acting)
    if scheduled is None or scheduled.phase(now.ts) is not Phase.COMPLETED:
        return inf
    return now.s - (now.ts - scheduled.end_ts)


def _telemetry(engine: VenEngine, now: StepTime) -> tuple[VenEngine, Message]:
    """Read the meter of the row and set it back."""
    house, row = engine.house.read_row()
    telemetry = reporting.telemetry_row(
        engine.sender,
        row,
        timestamp=int(now.ts),
        seq=engine.row_seq,
        event_id=None if house.acting is None else EventId(house.acting),
        requested_kw=house.requested_kw.get(house.acting) if house.acting else None,
        battery_soc=house.pair.battery_soc,
        outdoor_c=house.outdoor_c(now.s),
        loads=house.loads(engine.state, row),
    )
    engine = replace(engine, house=house, row_s=now.s, row_seq=engine.row_seq + 1)
    return engine, Message("telemetry", engine.topics.telemetry, codec.encode(telemetry))


def _has_news(before: Schedule, after: Schedule) -> bool:
    """True when an event was announced, or has other terms or another end."""
    return any(before.events.get(event_id) != scheduled for event_id, scheduled in after.events.items())


def _loads(engine: VenEngine, now: StepTime) -> tuple[VenEngine, list[Message]]:
    loads = engine.house.loads(engine.state, engine.house.flowing())
    if engine.is_quiet(now.ts) and not engine.snapshot_before.is_news(loads, now.s):
        return replace(engine, loads_s=now.s), []
    snapshot = reporting.loads_snapshot(
        engine.sender, timestamp=int(now.ts), seq=engine.loads_seq, loads=loads
    )
    sent = SentSnapshot.at(now.s, loads) if engine.batches else engine.snapshot_before
    engine = replace(engine, loads_s=now.s, snapshot_before=sent, loads_seq=engine.loads_seq + 1)
    return engine, [Message("loads", engine.topics.loads, codec.encode(snapshot))]


def _announce(
    engine: VenEngine, transition: EventTransition, now_ts: float
) -> tuple[VenEngine, Message, LogLine]:
    """Report that an event entered a phase, and remember the summary of one that is over."""
    event_id, phase = transition.scheduled.event.event_id, transition.phase
    house = engine.house
    delivered, requested_kw = house.delivered.get(event_id), house.requested_kw.get(event_id)
    ack = acks.transition_ack(
        engine.sender,
        transition,
        house.plan,
        delivered,
        engine.state,
        requested_kw=requested_kw,
        ts=int(now_ts),
        anyway_kw=house.pair.lasting.shed_kw,
    )
    text = f"event {event_id} is {phase}"
    if phase is Phase.ACTIVE:
        requested_kw = requested_kw or 0.0
        sign, verb = (1.0, "sheds") if requested_kw >= 0.0 else (-1.0, "loads up")
        text = f"{text}: {verb} {sign * house.pair.shed_kw:.2f} of {sign * requested_kw:.2f} kW"
    engine = _with_past(engine, transition, now_ts) if phase in OVER else engine
    message = Message("event", engine.topics.ack, codec.encode(ack))
    return engine, message, LogLine(logging.INFO, text)


def _with_past(engine: VenEngine, transition: EventTransition, now_ts: float) -> VenEngine:
    """Move an event that is over into the history; its meter is dropped once it is summed up."""
    scheduled, phase = transition.scheduled, transition.phase
    event_id = scheduled.event.event_id
    house = engine.house
    delivered, requested_kw = house.delivered.get(event_id), house.requested_kw.get(event_id)
    left = reporting.opt_out_of(engine.state)
    reason = left.reason if left is not None else None
    past = past_event(scheduled, phase, delivered, requested_kw, now_ts=now_ts, reason=reason)
    engine = replace(engine, past=with_past(engine.past, past))
    if delivered is None:
        return engine
    summary = reporting.event_summary(scheduled, delivered, requested_kw or 0.0, end_ts=past.end_ts)
    return replace(engine, last_event=summary, house=house.forget(event_id))
