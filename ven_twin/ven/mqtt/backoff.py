"""The delay before the next attempt: full jitter, so that a fleet that was cut off returns spread out."""

from __future__ import annotations

import random

CAP_S = 64.0
STABLE_AFTER_S = 20.0
FIRST_EXPONENT = 2
"""Exponent of the first delay.

Interpretation: with 0 every VEN would return after exactly 1 s, with 1 a thousand of them within the same
second; AWS takes 500 CONNECTs a second from an account and one a second from a client id.
"""


class Backoff:
    """Delays of ``uniform(1, min(cap, 2**n))`` s; n grows until a connection has stood for 20 s (guard 5).

    A larger *floor_s* and *first_exponent* make the slow one, for a broker that has refused this VEN.
    """

    def __init__(
        self,
        rng: random.Random,
        *,
        cap_s: float = CAP_S,
        floor_s: float = 1.0,
        first_exponent: int = FIRST_EXPONENT,
    ) -> None:
        self._rng = rng
        self._cap_s = cap_s
        self._floor_s = floor_s
        self._first_exponent = first_exponent
        self._n = first_exponent

    def next_delay_s(self) -> float:
        """The delay before the next attempt, s."""
        ceiling_s = min(self._cap_s, 2.0**self._n)
        if ceiling_s < self._cap_s:
            self._n += 1
        return self._rng.uniform(self._floor_s, ceiling_s)

    def connection_stood(self, seconds: float) -> None:
        """Start over when the connection that just ended had stood long enough to count as working."""
        if seconds >= STABLE_AFTER_S:
            self._n = self._first_exponent
