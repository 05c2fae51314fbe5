"""What comes down to the VEN: each topic's message into the change that it makes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.errors import CommandRefusedError, FieldError, WireError
from contracts.wire import codec
from contracts.wire.acks import Ack
from contracts.wire.commands import read_command
from ven_twin.control.command_handlers import VenFigures, carry_out
from ven_twin.control.reporting import Sender, command_ack, refusal_ack
from ven_twin.control.ven_state import VenState
from ven_twin.ven.storage.command_journal import ANSWERS_KEPT, JournalledAck

REMEMBERED = ANSWERS_KEPT


@dataclass(frozen=True, slots=True)
class ReceivedCommand:
    """What a message came to: the state after it, an ack to send, a patch for the desired state.

    *answer* is new, and to be remembered over a restart.
    """

    state: VenState
    ack: bytes | None = None
    desired: Mapping[str, Any] | None = None
    answer: JournalledAck | None = None


class CommandReceiver:
    """Carries out commands, each correlation id once. QoS 1 delivers a message at least once.

    *answers* are those of earlier runs, oldest first.
    """

    def __init__(self, voice: Sender, answers: Iterable[JournalledAck] = ()) -> None:
        self._voice = voice
        self._answers: OrderedDict[str, bytes] = OrderedDict(answers)

    def receive(self, state: VenState, raw: bytes, now_ts: float, facts: VenFigures) -> ReceivedCommand:
        """Do what the command in *raw* says, and answer it. Never raises."""
        ts = round(now_ts)
        try:
            command = read_command(raw, ven_id=self._voice.ven_id)
            known = self._answers.get(command.correlation_id or "")
            if known is not None:
                return ReceivedCommand(state, known)
            outcome = carry_out(state, command, now_ts, facts)
        except CommandRefusedError as error:
            return self._answered(state, refusal_ack(self._voice, error, ts=ts))
        except WireError as error:
            refused = CommandRefusedError(FieldError("payload", str(error)), "unknown", None)
            return ReceivedCommand(state, codec.encode(refusal_ack(self._voice, refused, ts=ts)))
        ack = command_ack(self._voice, command, outcome.answer, ts=ts)
        return self._answered(outcome.state, ack, outcome.desired)

    def _answered(
        self, state: VenState, ack: Ack, desired: Mapping[str, Any] | None = None
    ) -> ReceivedCommand:
        raw = codec.encode(ack)
        if not ack.correlation_id:
            return ReceivedCommand(state, raw, desired)
        self._answers[ack.correlation_id] = raw
        while len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        return ReceivedCommand(state, raw, desired, JournalledAck(ack.correlation_id, raw))
