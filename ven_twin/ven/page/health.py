"""The liveness of the VEN, and its health: would it answer an event now? Pure."""

from __future__ import annotations

import msgspec

from contracts.wire.units import S_PER_DAY
from ven_twin.control import reporting
from ven_twin.ven.snapshot import VenSnapshot

STUCK_S = 15.0
"""A twin ticks every second; without a tick for so long it is stuck."""
CERTIFICATE_WARN_D = 14.0


class Live(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Process and loop are alive. ``beat_age_s`` is the time since the last tick."""

    alive: bool
    beat_age_s: float


class Health(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The VEN's health: would it answer an event now? If not, ``reasons`` say why. Ages are s.

    ``clock_skew_s`` is None as long as VEN and cloud agree to within five minutes. ``warnings`` need
    someone before long.
    """

    answers_events: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    connected: bool
    participates: bool = msgspec.field(name="takesPart")
    last_puback_age_s: float | None
    outbox_depth: int
    messages_lost: int
    certificate_days_left: float | None
    clock_skew_s: float | None
    beat_age_s: float


def live(snapshot: VenSnapshot) -> Live:
    """The liveness of the twin's loop."""
    return Live(alive=snapshot.tick_age_s < STUCK_S, beat_age_s=round(snapshot.tick_age_s, 3))


def health(snapshot: VenSnapshot, certificate_until_ts: float | None) -> Health:
    """The VEN's health; *certificate_until_ts* (UTC s) is None when its certificate cannot be read."""
    session = snapshot.session
    left_d = None
    if certificate_until_ts is not None:
        left_d = round((certificate_until_ts - snapshot.now_ts) / S_PER_DAY, 2)
    reasons = tuple(_reasons(snapshot, left_d))
    age_s = session.last_puback_age_s
    return Health(
        answers_events=not reasons,
        reasons=reasons,
        warnings=tuple(_warnings(snapshot, left_d)),
        connected=session.state == "connected",
        participates=snapshot.state.settings.participates(snapshot.now_ts),
        last_puback_age_s=None if age_s is None else round(age_s, 1),
        outbox_depth=session.outbox_depth,
        messages_lost=snapshot.messages_lost,
        certificate_days_left=left_d,
        clock_skew_s=snapshot.clock_skew_s,
        beat_age_s=round(snapshot.tick_age_s, 3),
    )


def _reasons(snapshot: VenSnapshot, left_d: float | None) -> list[str]:
    session, reasons = snapshot.session, []
    if not live(snapshot).alive:
        reasons.append(f"the twin has not looked at its house for {snapshot.tick_age_s:.0f} s")
    if session.state != "connected":
        why = f": {session.reason}" if session.reason else ""
        reasons.append(f"not connected to the cloud ({session.state}){why}")
    elif session.reason:
        reasons.append(session.reason)
    if not snapshot.state.settings.participates(snapshot.now_ts):
        left = reporting.opt_out_of(snapshot.state) or {}
        reasons.append(f"takes no part in events: {left.get('reason', 'disabled')}")
    if left_d is None:
        reasons.append("its certificate cannot be read")
    elif left_d <= 0:
        reasons.append("its certificate has expired")
    if snapshot.clock_skew_s is not None:
        reasons.append(
            f"its clock is {snapshot.clock_skew_s:.0f} s from the cloud's: events start at wrong times"
        )
    return reasons


def _warnings(snapshot: VenSnapshot, left_d: float | None) -> list[str]:
    warnings = []
    if left_d is not None and 0 < left_d < CERTIFICATE_WARN_D:
        warnings.append(f"its certificate expires in {left_d:.1f} days")
    if snapshot.messages_lost:
        warnings.append(f"{snapshot.messages_lost} messages were lost before they reached the cloud")
    return warnings
