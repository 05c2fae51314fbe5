"""Whoever is told of changes: a queue, from which subscribers are notified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from contracts.openadr.objects import OadrSubscription
from contracts.store.vtn_changes import VtnChange
from contracts.wire import codec
from lambdas.shared.message_queue import MessageQueue
from lambdas.shared.object_privacy import without_tokens


class Changes(Protocol):
    """Is told of changes that have been written."""

    def pass_on(self, changes: Sequence[VtnChange]) -> None:
        """Pass *changes* on, in their order. Errors of AWS pass through."""


@dataclass(frozen=True, slots=True)
class NobodyToTell:
    """Nobody is told, as there is no queue."""

    def pass_on(self, changes: Sequence[VtnChange]) -> None:
        """Pass nothing on."""


@dataclass(frozen=True, slots=True)
class QueueOfChanges:
    """The queue at *url*. No bearer token goes into it: a dead letter is read by people."""

    url: str

    def pass_on(self, changes: Sequence[VtnChange]) -> None:
        """Send each change as one message."""
        MessageQueue(self.url).send([codec.encode(_tokenless(change)).decode() for change in changes])


def _tokenless(change: VtnChange) -> VtnChange:
    if not isinstance(change.object, OadrSubscription):
        return change
    return msgspec.structs.replace(change, object=without_tokens(change.object))
