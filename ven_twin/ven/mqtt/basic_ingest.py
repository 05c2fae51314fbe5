"""Basic Ingest: topics by which messages reach a rule without the broker, and without its price. Pure.

    told of rules ──▶ tried ──PUBACK──▶ works, until the connection ends ──▶ tried
                        │
                        └── refused, or the connection ended `LOSSES_MAX` times as it was sent ──▶ left

What is refused goes by its usual topic then: a policy may not allow the other one. AWS IoT ends a connection
on which something is published without the right to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

LOSSES_MAX = 2


@dataclass(frozen=True, slots=True)
class BasicIngest:
    """The topics of rules, and what came of them.

    Attributes:
        topics: topic of a rule by the usual topic.
        works: whether one was acknowledged on this connection.
        losses: connections that the broker ended, one after the other, as one was sent.
    """

    topics: Mapping[str, str] = field(default_factory=dict)
    works: bool = False
    losses: int = 0

    def topic(self, usual: str) -> str:
        """The topic to publish to what belongs on the *usual* one."""
        return self.topics.get(usual, usual)

    def uses(self, topic: str) -> bool:
        """True when *topic* is that of a rule."""
        return topic in self.topics.values()

    def connected(self) -> BasicIngest:
        """A new connection: its policy may be another."""
        return replace(self, works=False) if self.works else self

    def acked(self, topic: str) -> BasicIngest:
        """A message to *topic* was acknowledged."""
        return replace(self, works=True, losses=0) if self.uses(topic) and not self.works else self

    def refused(self, topic: str) -> BasicIngest:
        """A message to *topic* was refused: rules get nothing any more, when it was one of theirs."""
        return BasicIngest() if self.uses(topic) else self

    def lost(self, topic: str) -> BasicIngest:
        """The broker ended the connection as a message to *topic* was sent."""
        if self.works or not self.uses(topic):
            return self
        return replace(self, losses=self.losses + 1) if self.losses + 1 < LOSSES_MAX else BasicIngest()
