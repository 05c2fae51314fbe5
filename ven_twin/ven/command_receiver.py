"""Commands that come in: each carried out once and answered, or refused by its field. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from contracts.errors import CommandRefusedError, FieldError, WireError
from contracts.wire import codec
from contracts.wire.acks import Ack
from contracts.wire.commands import read_command
from ven_twin.control.acks import command_ack, refusal_ack
from ven_twin.control.command_handlers import VenFigures, carry_out
from ven_twin.control.reporting import Sender
from ven_twin.control.ven_state import VenState
from ven_twin.ven.storage.rows import ANSWERS_MAX, JournalledAck


@dataclass(frozen=True, slots=True)
class ReceivedCommand:
    """The outcome of a command.

    Attributes:
        state: the state after it.
        ack: the ack to send.
        desired: patch of the shadow's desired state.
        remembered: the ack, when it is new and has to outlive a restart.
    """

    state: VenState
    ack: bytes
    desired: Mapping[str, object] = field(default_factory=dict)
    remembered: JournalledAck | None = None


@dataclass(frozen=True, slots=True)
class CommandReceiver:
    """Carries out commands, each correlation id once. QoS 1 delivers a message at least once.

    *answers* are the acks by correlation id, oldest first, those of earlier runs too.
    """

    sender: Sender
    answers: Mapping[str, bytes] = field(default_factory=dict)

    def receive(
        self, state: VenState, raw: bytes, now_ts: float, figures: VenFigures
    ) -> tuple[CommandReceiver, ReceivedCommand]:
        """Carry out the command in *raw*, and answer it. Never raises."""
        ts = round(now_ts)
        try:
            command = read_command(raw, ven_id=self.sender.ven_id)
            repeated = self.answers.get(command.correlation_id or "")
            if repeated is not None:
                return self, ReceivedCommand(state, repeated)
            outcome = carry_out(state, command, now_ts, figures)
        except CommandRefusedError as error:
            return self._answer(state, refusal_ack(self.sender, error, ts=ts))
        except WireError as error:
            refused = CommandRefusedError(FieldError("payload", str(error)), "unknown", None)
            return self._answer(state, refusal_ack(self.sender, refused, ts=ts))
        ack = command_ack(self.sender, command, outcome.answer, ts=ts)
        return self._answer(outcome.state, ack, outcome.desired)

    def _answer(
        self, state: VenState, ack: Ack, desired: Mapping[str, object] | None = None
    ) -> tuple[CommandReceiver, ReceivedCommand]:
        raw, correlation_id = codec.encode(ack), ack.correlation_id
        if not correlation_id:
            return self, ReceivedCommand(state, raw, desired or {})
        answers = {**self.answers, correlation_id: raw}
        while len(answers) > ANSWERS_MAX:
            del answers[next(iter(answers))]
        remembered = JournalledAck(correlation_id, raw)
        return replace(self, answers=answers), ReceivedCommand(state, raw, desired or {}, remembered)
