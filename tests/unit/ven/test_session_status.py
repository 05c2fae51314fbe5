"""The session's status: its times as a person means them."""

from __future__ import annotations

from ven_twin.ven.mqtt.session_status import SessionState, SessionStatus


def test_a_time_without_a_connection_begins_when_it_is_lost() -> None:
    """Attempts that fail begin no other; a connection does, and goes on though its reason changes."""
    status = SessionStatus(SessionState.CONNECTING, since=1.0)
    status = status.entered(SessionState.CONNECTED, None, 2.0)
    assert status.since == 2.0
    assert status.entered(SessionState.CONNECTED, "slow", 3.0).since == 2.0
    for state, now_ts in (
        (SessionState.BACKOFF, 10.0),
        (SessionState.CONNECTING, 12.0),
        (SessionState.BACKOFF, 13.0),
        (SessionState.REFUSED, 20.0),
    ):
        status = status.entered(state, "gone", now_ts)
        assert status.since == 10.0
    assert status.entered(SessionState.CONNECTED, None, 30.0).since == 30.0
