"""Noticing that another client uses the same client id, so that this one can stop instead of duelling."""

from __future__ import annotations

from collections.abc import Mapping

from ven_twin.ven.mqtt.reason_codes import Loss, LossKind, Protocol

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
