"""What comes down to the VEN: each topic's message into the change that it makes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts import codec
from contracts.acks import Ack
from contracts.commands import read_command
from contracts.errors import CommandRefusedError, FieldError, WireError
from ven_twin.core.commanding import Facts, carry_out
from ven_twin.core.reporting import Voice, command_ack, refusal_ack
from ven_twin.core.ven import VenState

REMEMBERED = 256
"""How many answers are kept, so that a command that comes twice is done once and answered alike."""


@dataclass(frozen=True, slots=True)
class Received:
    """What a message came to: the state after it, an ack to send, a patch for the desired state."""

    state: VenState
    ack: bytes | None = None
    desired: Mapping[str, Any] | None = None


class Commands:
    """Carries out commands, each correlation id once. QoS 1 delivers a message at least once."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._answers: OrderedDict[str, bytes] = OrderedDict()

    def receive(self, state: VenState, raw: bytes, now_ts: float, facts: Facts) -> Received:
        """Do what the command in *raw* says, and answer it. Never raises."""
        ts = round(now_ts)
        try:
            command = read_command(raw, ven_id=self._voice.ven_id)
            known = self._answers.get(command.correlation_id or "")
            if known is not None:
                return Received(state, known)
            outcome = carry_out(state, command, now_ts, facts)
        except CommandRefusedError as error:
            return Received(state, self._remember(refusal_ack(self._voice, error, ts=ts)))
        except WireError as error:
            refused = CommandRefusedError(FieldError("payload", str(error)), "unknown", None)
            return Received(state, codec.encode(refusal_ack(self._voice, refused, ts=ts)))
        ack = self._remember(command_ack(self._voice, command, outcome.answer, ts=ts))
        return Received(outcome.state, ack, outcome.desired)

    def _remember(self, ack: Ack) -> bytes:
        raw = codec.encode(ack)
        if ack.correlation_id:
            self._answers[ack.correlation_id] = raw
            while len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
        return raw
