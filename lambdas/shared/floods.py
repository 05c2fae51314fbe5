"""VENs that flood: the messages of each VEN, counted in every sandbox by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from contracts.wire.ids import VenId
from lambdas.shared import clock

WINDOW_S = 60.0
MOST_MESSAGES = 600
"""A VEN with so many messages in a window floods. Interpretation: ten a second for a whole minute, ten
times what the shortest report interval makes. A backlog after an outage looks like it, and ends by itself."""


@dataclass(slots=True)
class FloodWatch:
    """The messages of each VEN in the window that runs; a flood is named once a window."""

    now_s: Callable[[], float] = clock.monotonic_s
    _until_s: float = 0.0
    _messages: Counter[VenId] = field(default_factory=Counter)

    def flooding(self, senders: Iterable[VenId]) -> tuple[VenId, ...]:
        """The VENs whose messages become a flood with these, one sender a message."""
        now_s = self.now_s()
        if now_s >= self._until_s:
            self._until_s = now_s + WINDOW_S
            self._messages.clear()
        new = Counter(senders)
        before = {ven_id: self._messages[ven_id] for ven_id in new}
        self._messages.update(new)
        return tuple(
            sorted(ven_id for ven_id in new if before[ven_id] < MOST_MESSAGES <= self._messages[ven_id])
        )
