"""Whether the VEN lives, and whether it would answer an event. Pure."""

from __future__ import annotations

import msgspec

from ven_twin.control import reporting
from ven_twin.ven.snapshot import VenSnapshot

STUCK_S = 15.0
"""A twin looks at its house every second; one that has not for so long is stuck."""
S_PER_D = 86_400.0
CERTIFICATE_WARN_D = 14.0


class Live(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Process and loop are alive. ``beat_age_s`` is since the twin last looked at its house."""

    alive: bool
    beat_age_s: float


class Health(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Whether this VEN would answer an event sent now; if not, ``reasons`` say why. Ages are s.

    ``clock_skew_s`` is None as long as VEN and cloud agree to within five minutes. ``warnings`` need
    someone before long.
    """

    answers_events: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    connected: bool
    takes_part: bool
    last_puback_age_s: float | None
    outbox_depth: int
    messages_lost: int
    certificate_days_left: float | None
    clock_skew_s: float | None
    beat_age_s: float


def live(moment: VenSnapshot) -> Live:
    """Whether the twin's loop goes round."""
    return Live(alive=moment.beat_age_s < STUCK_S, beat_age_s=round(moment.beat_age_s, 3))


def health(moment: VenSnapshot, certificate_until_ts: float | None) -> Health:
    """The VEN's health; *certificate_until_ts* (UTC s) is None when its certificate cannot be read."""
    session = moment.session
    left_d = None
    if certificate_until_ts is not None:
        left_d = round((certificate_until_ts - moment.now_ts) / S_PER_D, 2)
    reasons = tuple(_reasons(moment, left_d))
    age_s = session.last_puback_age_s
    return Health(
        answers_events=not reasons,
        reasons=reasons,
        warnings=tuple(_warnings(moment, left_d)),
        connected=session.state == "connected",
        takes_part=moment.state.settings.takes_part(moment.now_ts),
        last_puback_age_s=None if age_s is None else round(age_s, 1),
        outbox_depth=session.outbox_depth,
        messages_lost=moment.messages_lost,
        certificate_days_left=left_d,
        clock_skew_s=moment.clock_skew_s,
        beat_age_s=round(moment.beat_age_s, 3),
    )


def _reasons(moment: VenSnapshot, left_d: float | None) -> list[str]:
    session, reasons = moment.session, []
    if not live(moment).alive:
        reasons.append(f"the twin has not looked at its house for {moment.beat_age_s:.0f} s")
    if session.state != "connected":
        why = f": {session.reason}" if session.reason else ""
        reasons.append(f"not connected to the cloud ({session.state}){why}")
    elif session.reason:
        reasons.append(session.reason)
    if not moment.state.settings.takes_part(moment.now_ts):
        left = reporting.opt_out_of(moment.state) or {}
        reasons.append(f"takes no part in events: {left.get('reason', 'disabled')}")
    if left_d is None:
        reasons.append("its certificate cannot be read")
    elif left_d <= 0:
        reasons.append("its certificate has expired")
    if moment.clock_skew_s is not None:
        reasons.append(
            f"its clock is {moment.clock_skew_s:.0f} s from the cloud's: events start at wrong times"
        )
    return reasons


def _warnings(moment: VenSnapshot, left_d: float | None) -> list[str]:
    warnings = []
    if left_d is not None and 0 < left_d < CERTIFICATE_WARN_D:
        warnings.append(f"its certificate expires in {left_d:.1f} days")
    if moment.messages_lost:
        warnings.append(f"{moment.messages_lost} messages were lost before they reached the cloud")
    return warnings
