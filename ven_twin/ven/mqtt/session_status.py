"""The status of the MQTT session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class SessionState(StrEnum):
    """The state of the session; the last two do not try again by themselves."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    BACKOFF = "backoff"
    """It waits to try again soon."""
    REFUSED = "refused"
    """It tries again slowly, because someone has to change something."""
    STOPPED = "stopped"
    DUPLICATE_CLIENT = "duplicate_client"


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """The session at one moment, for health pages and tests.

    Attributes:
        state: what it does now.
        since: when it was connected, or when it was no more, seconds since the epoch. An attempt that
            fails begins no other time without a connection.
        connects: CONNACKs received.
        unexpected_disconnects: connections that ended otherwise than by ``stop``.
        last_puback_age_s: how long ago the broker last acknowledged a message; None before the first.
        in_flight: messages sent and not yet acknowledged.
        certificate_id: fingerprint of the certificate that the connection was last opened with.
        failed_attempts: attempts to connect that came to nothing, since the last that did.
        outbox_depth: messages not yet acknowledged, in flight or waiting.
        reason: why it is not connected, or what is wrong although it is; no secrets.
    """

    state: SessionState
    since: float
    connects: int = 0
    unexpected_disconnects: int = 0
    last_puback_age_s: float | None = None
    in_flight: int = 0
    outbox_depth: int = 0
    reason: str | None = None
    certificate_id: str | None = None
    failed_attempts: int = 0

    def entered(self, state: SessionState, reason: str | None, now_ts: float) -> SessionStatus:
        """The status in *state*, for *reason*."""
        connected = SessionState.CONNECTED
        since = self.since if (state is connected) == (self.state is connected) else now_ts
        return replace(self, state=state, since=since, reason=reason)

    def after_loss(self, *, stood: bool) -> SessionStatus:
        """Count a connection that was lost, or an attempt at one when it never *stood*."""
        if not stood:
            return replace(self, failed_attempts=self.failed_attempts + 1)
        return replace(self, failed_attempts=0, unexpected_disconnects=self.unexpected_disconnects + 1)
