"""After a connection: the delay before the next, or none because another client uses the same client id.

The delay has full jitter, so that a fleet that was cut off returns spread out.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from ven_twin.ven.mqtt.reason_codes import Loss, LossKind, Protocol

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


TAKEOVER_LIMIT: Mapping[Protocol, int] = {"3.1.1": 6, "5": 12}
"""Interpretation: a link that flaps looks alike, so it takes more where 0x8E is the rule."""
TAKEOVER_WITHIN_S = 10.0
_SETTLED_AFTER_S = 60.0


class TakeoverWatch:
    """Counts connections that the broker ended in good order soon after CONNACK (guard 13).

    0x8E is proof. MQTT 3.1.1 has no such code, and not every MQTT 5 broker sends it (mosquitto 2.0.11 does
    not); then only the pattern tells: the broker accepts, and closes cleanly within seconds, time and again.
    A minute of peace starts the count over. A reset or a failed attempt takes one off it, no more: a broker
    that closes with bytes unread looks like a reset from here. A *limit* of 0 looks at 0x8E alone.
    """

    def __init__(self, limit: int, within_s: float = TAKEOVER_WITHIN_S) -> None:
        self._limit = limit
        self._within_s = within_s
        self._count = 0

    def verdict(self, loss: Loss, stood_s: float | None) -> str | None:
        """The evidence of a duplicate client, or None; *stood_s* is None when no CONNACK came."""
        if loss.kind is LossKind.TAKEN_OVER:
            return loss.reason
        if stood_s is not None and stood_s >= _SETTLED_AFTER_S:
            self._count = 0
        elif not loss.clean:
            self._count = max(0, self._count - 1)
        elif stood_s is not None and stood_s <= self._within_s:
            self._count += 1
        if self._limit and self._count >= self._limit:
            return (
                f"the broker closed the connection within {self._within_s:g} s of CONNACK"
                f" {self._count} times with hardly another end between"
            )
        return None

    def exonerate(self) -> None:
        """Forget the pattern: something else explained it."""
        self._count = 0
