"""The suite's hand: commands, events and settings for one VEN, and the removal of what they leave."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from contracts.api.resources import NewCommand, NewEvent
from contracts.errors import VenTwinError
from contracts.wire.codec import JsonDict
from contracts.wire.commands import Operation
from contracts.wire.events import Interval, Signal
from contracts.wire.ids import CorrelationId, EventId, VenId
from ven_twin.operations.aggregator.cloud_errors import CloudError
from ven_twin.operations.aggregator.protocol import RefusedError
from ven_twin.operations.conformance.link_judges import ANSWER_S
from ven_twin.operations.conformance.observer import INTERVAL, Observer
from ven_twin.operations.conformance.timeline import ObservedCommand, ObservedEvent, TrialEvent

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.protocol import Aggregator

CLEAR_TRIES = 5
INTERVALS_S = (1, 2)
"""The report interval during a run; the second where the VEN has the first already."""
OPT_OUT = "optOut"
TAKE_UP_S = 10.0
"""An event or a setting is taken up within this time."""


class TrialOperator:
    """Sends commands, makes events and desires settings; remembers how each is removed.

    Args:
        aggregator: the stage's.
        observer: of the VEN.
        ven_id: the VEN.
        patience: by how much longer than of the local cloud an answer is waited for.
        say: shows a step.
    """

    def __init__(
        self,
        aggregator: Aggregator,
        observer: Observer,
        ven_id: VenId,
        *,
        patience: float,
        say: Callable[[str], None],
    ) -> None:
        self._aggregator, self._observer, self._ven_id = aggregator, observer, ven_id
        self._patience, self._say = patience, say
        self._token = secrets.token_hex(2)
        self._remove: dict[str, Callable[[], None]] = {}
        self._created: list[EventId] = []

    def event_id(self, trial: TrialEvent) -> EventId:
        """The id of the event of *trial* in this run."""
        return EventId(f"conform-{trial}-{self._token}")

    def send(self, name: str, op: Operation, data: JsonDict) -> None:
        """Send a command; `Observer.commands` has it under *name*."""
        correlation_id = CorrelationId(f"conform-{name}-{self._token}")
        self._observer.commands[name] = ObservedCommand(
            op=op, correlation_id=correlation_id, sent_ts=time.time()
        )
        self.repeat(name, op, data)

    def repeat(self, name: str, op: Operation, data: JsonDict) -> None:
        """Send the same command once more."""
        correlation_id = self._observer.commands[name].correlation_id
        self._aggregator.send_command(
            self._ven_id, NewCommand(op=op, data=data, correlation_id=correlation_id)
        )

    def wait_for_ack(self, name: str, timeout_s: float = ANSWER_S) -> None:
        """Wait for the ack of the command *name*."""
        self._observer.wait(lambda: self._observer.read_ack(name), timeout_s * self._patience)

    def restore_later(self, event_id: EventId) -> None:
        """End an event that comes by command when it is removed."""

        def restore() -> None:
            command = NewCommand(op="restore", data={"event_id": event_id})
            self._aggregator.send_command(self._ven_id, command)

        self._remove[event_id] = restore

    def remove(self, name: str) -> None:
        """Remove an event or a setting; `clean_up` tries it again when that fails."""
        remove = self._remove.get(name)
        if remove is None:
            return
        try:
            remove()
        except VenTwinError:
            return
        del self._remove[name]

    def clean_up(self) -> list[str]:
        """Remove the suite's events and settings.

        Returns:
            What could not be removed, with the reason.
        """
        left = []
        for name, remove in (*reversed(self._remove.items()), ("drEvents", self._clear_shadow)):
            try:
                remove()
            except RefusedError:
                continue  # it is over, or was never there
            except CloudError as error:
                left.append(f"{name}: {error}")
        self._remove.clear()
        return left

    def create(self, trial: TrialEvent, intervals: tuple[Interval, ...], start_ts: int) -> ObservedEvent:
        """Create an event for the VEN; its refusal is in the cloud's words."""
        event_id = self.event_id(trial)
        self._say(f"event {event_id}")
        end_ts = start_ts + intervals[0].duration_s
        kw = intervals[0].value if intervals[0].signal is Signal.SHED_KW else 0.0
        event = ObservedEvent(
            event_id=event_id,
            requested_kw=kw,
            start_ts=start_ts,
            end_ts=end_ts,
            faulty_end_ts=end_ts,
            seen_until_ts=time.time(),
        )
        self._created.append(event_id)
        self._remove[event_id] = lambda: self._aggregator.delete_event(event_id)
        request = NewEvent(event_id=event_id, intervals=intervals, start_ts=start_ts, targets=(self._ven_id,))
        try:
            answer = self._aggregator.create_event(request)
        except RefusedError as error:
            return msgspec.structs.replace(event, refusal=str(error))
        called = any(assignment.ven_id == self._ven_id for assignment in answer.assignments)
        refusal = None if called else answer.unavailable.get(self._ven_id, "it was not called")
        return msgspec.structs.replace(event, revision=answer.revision, refusal=refusal)

    def _clear_shadow(self) -> None:
        """Take the events out of the shadow, where what is over would stay for a while. Raises CloudError."""
        for _ in range(CLEAR_TRIES):
            events = self._observer.shadow()[0].get("drEvents") or {}
            left = [event_id for event_id in self._created if event_id in events]
            if not left:
                return
            self._observer.desire("drEvents", dict.fromkeys(left))
        raise CloudError("the shadow still has events of the suite")

    def set_interval(self) -> None:
        """Desire a short report interval for the time of the run."""
        observer = self._observer
        desired, reported = observer.shadow()
        before = desired.get(INTERVAL)
        earlier = before if before is not None else reported.get(INTERVAL)
        interval_s = next(value for value in INTERVALS_S if value != reported.get(INTERVAL))

        def put_back() -> None:
            if earlier is not None:
                observer.desire(INTERVAL, earlier)
                observer.wait(lambda: observer.shadow()[1].get(INTERVAL) == earlier, TAKE_UP_S)
            if before is None:
                observer.desire(INTERVAL, None)

        self._say("desiring a report interval")
        self._remove[INTERVAL] = put_back
        observer.desire(INTERVAL, interval_s)
        observer.setting_applied = observer.wait(
            lambda: observer.shadow()[1].get(INTERVAL) == interval_s, TAKE_UP_S * self._patience
        )
        if observer.setting_applied:
            observer.wait(lambda: observer.interval_s == interval_s, TAKE_UP_S * self._patience)
            observer.steady_ts = time.time() + interval_s

    def opt_out(self) -> None:
        """Desire an opt-out, and take it back when it is removed."""
        before, observer = self._observer.shadow()[0].get(OPT_OUT), self._observer

        def opt_in() -> None:
            observer.desire(OPT_OUT, before if before is not None else False)
            observer.wait(lambda: not observer.shadow()[1].get(OPT_OUT), TAKE_UP_S)
            if before is None:
                observer.desire(OPT_OUT, None)

        self._remove[OPT_OUT] = opt_in
        observer.desire(OPT_OUT, {"reason": "conformance"})
        observer.has_opt_out = observer.wait(
            lambda: bool(observer.shadow()[1].get(OPT_OUT)), TAKE_UP_S * self._patience
        )
