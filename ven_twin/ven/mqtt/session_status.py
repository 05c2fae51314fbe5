"""The status of the MQTT session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SessionState = Literal["connecting", "connected", "backoff", "stopped", "duplicate_client", "refused"]


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """The session at one moment, for health pages and tests.

    Attributes:
        state: "backoff" waits to try again soon, "refused" does so slowly because someone has to change
            something; "stopped" and "duplicate_client" do not try again.
        since: when this state was entered, seconds since the epoch.
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
    connects: int
    unexpected_disconnects: int
    last_puback_age_s: float | None
    in_flight: int
    outbox_depth: int
    reason: str | None
    certificate_id: str | None = None
    failed_attempts: int = 0
