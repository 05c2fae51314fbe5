"""VENs that flood: a message covers a quarter of a second, and no VEN covers more than its time.

    covered = max(covered + 0.25 s, the time that the message measured)      a message that is let in
    covered + 0.25 s > the clock + 15 min                                    a message over the limit

Four messages a second go on for ever, four times what the shortest report interval makes, and 3,600 at once.
A VEN that was offline has covered no time meanwhile: its backlog comes at any rate. A time that it invents
gives it nothing: an earlier one leaves what is covered where it is, a later one counts as now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from contracts.wire.ids import VenId
from lambdas.shared import clock

K = TypeVar("K")
WINDOW_S = 60.0
"""A VEN that floods is named so often."""
MESSAGE_S = 0.25
"""The time that a message covers. Interpretation: a row a second at most, and as much again twice over."""
AHEAD_S = 900.0
"""The most that a VEN may have covered beyond the clock, s. Interpretation: above what SQS delivers out of
order, and a day of a VEN that measures every 30 s and sends its newest row before its backlog."""
LATE_S = 900.0
"""A message that the cloud itself has had for longer is let in: its queue is late, or it was redriven."""


class Sent(NamedTuple):
    """A message's sender, and when the cloud received it."""

    ven_id: VenId
    received_ts: float


@dataclass(slots=True)
class FloodWatch:
    """The time that each VEN's messages have covered, as far as this sandbox has counted it or was told.

    A VEN that was not heard of here begins at the clock, which is no less than a table would say of it.
    """

    now_ts: Callable[[], float] = lambda: clock.utc_now()  # noqa: PLW0108 - the clock of the call
    _covered_ts: dict[VenId, float] = field(default_factory=dict)
    _uncounted_s: dict[VenId, float] = field(default_factory=dict)
    _named: set[VenId] = field(default_factory=set)
    _until_ts: float = 0.0

    def over_limit(self, messages: Mapping[K, Sent]) -> set[K]:
        """The messages that are over their VEN's limit; the others are counted."""
        now_ts = self.now_ts()
        over: set[K] = set()
        for key, (ven_id, received_ts) in messages.items():
            if now_ts - received_ts > LATE_S:
                continue
            covered_ts = self._covered_ts.get(ven_id, now_ts) + MESSAGE_S
            if covered_ts > now_ts + AHEAD_S:
                over.add(key)
                continue
            self._covered_ts[ven_id] = covered_ts
            self._uncounted_s[ven_id] = self._uncounted_s.get(ven_id, 0.0) + MESSAGE_S
        return over

    def cover(self, ven_id: VenId, rows: int) -> None:
        """Count *rows* that came in a batch beside the first: it is no way around the limit."""
        covered_s = rows * MESSAGE_S
        self._covered_ts[ven_id] = self._covered_ts.get(ven_id, self.now_ts()) + covered_s
        self._uncounted_s[ven_id] = self._uncounted_s.get(ven_id, 0.0) + covered_s

    def not_named_yet(self, flooding: set[VenId]) -> tuple[VenId, ...]:
        """Those of *flooding* that were not named in the window that runs."""
        now_ts = self.now_ts()
        if now_ts >= self._until_ts:
            self._until_ts = now_ts + WINDOW_S
            self._named.clear()
            self._forget(now_ts)
        new = flooding - self._named
        self._named |= new
        return tuple(sorted(new))

    def learned(self, ven_id: VenId, covered_ts: float) -> None:
        """Take over the time that a table has, without what was counted here since."""
        self._covered_ts[ven_id] = covered_ts + self.uncounted_s(ven_id)

    def uncounted_s(self, ven_id: VenId) -> float:
        """The time covered here that no table has yet."""
        return self._uncounted_s.get(ven_id, 0.0)

    def is_fast(self, ven_id: VenId) -> bool:
        """True when the VEN has covered a tenth of what it may beyond the clock."""
        return self._covered_ts.get(ven_id, 0.0) > self.now_ts() + AHEAD_S / 10

    def counted(self, ven_id: VenId, covered_ts: float) -> None:
        """Take over the time that a table has, with what was counted here."""
        self._covered_ts[ven_id] = covered_ts
        self._uncounted_s.pop(ven_id, None)

    def _forget(self, now_ts: float) -> None:
        """Forget who is not ahead of the clock."""
        for ven_id in [ven_id for ven_id, covered in self._covered_ts.items() if covered < now_ts]:
            del self._covered_ts[ven_id]
            self._uncounted_s.pop(ven_id, None)
