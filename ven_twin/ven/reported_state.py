"""What the twin says of itself when it is asked: the reported shadow, and the answers of ``get``. Pure."""

from __future__ import annotations

from typing import Any

from ven_twin.control import reporting
from ven_twin.ven.snapshot import VenSnapshot

STOPPED = "stopped"
SKEW_STEP_S = 60


def reported(moment: VenSnapshot, *, stopped: bool = False) -> dict[str, Any]:
    """The ``reported`` state at *moment*; of a VEN that is about to stop, when *stopped*."""
    state, skew_s = moment.state, moment.clock_skew_s
    held = None if stopped else state.in_force(moment.now_ts)
    soc = reporting.battery_soc(moment.premises)
    return reporting.pruned(
        {
            **state.reported_settings(),
            "certificateId": moment.session.certificate_id,
            "ven": {
                "enabled": state.settings.enabled,
                "status": STOPPED if stopped else reporting.status_of(state, moment.now_ts),
                "bootId": moment.boot_id,
                "lastPublishTs": int(moment.now_ts),
                "houseSpeed": moment.house_speed,
                "houseTs": int(moment.house_ts),
                "byHand": dict(state.by_hand),
                "clockSkewS": None if skew_s is None else round(skew_s / SKEW_STEP_S) * SKEW_STEP_S,
                "messagesLost": moment.messages_lost or None,
            },
            "metrics": {
                "currentPowerKw": round(moment.flow.used_kw, reporting.KW_DIGITS),
                "shedAvailabilityKw": round(moment.premises.available_kw, reporting.KW_DIGITS),
                "sustainS": round(moment.sustain_s),
                "batterySoc": None if soc is None else round(soc, reporting.SOC_DIGITS),
                "activeEventId": held.event.event_id if held else None,
                "lastEventSummary": moment.last_event,
            },
            "shadow_errors": dict(state.errors),
        }
    )


def status_data(moment: VenSnapshot) -> dict[str, Any]:
    """The answer of ``get status``."""
    session, counts = moment.session, moment.outbox
    return {
        **{key: value for key, value in reported(moment).items() if key in {"ven", "metrics"}},
        "connects": session.connects,
        "unexpectedDisconnects": session.unexpected_disconnects,
        "outboxDepth": session.outbox_depth,
        "messagesShed": dict(counts.shed),
        "messagesRefusedByDisk": counts.refused,
        "messagesPutAside": counts.quarantined,
        "clockJumpS": round(moment.clock_jump_s, 1),
    }


def config_data(moment: VenSnapshot) -> dict[str, Any]:
    """The answer of ``get config``."""
    settings = moment.state.reported_settings()
    settings.pop("drEvents")
    return {
        **settings,
        "house": moment.house,
        "panelAmperageRating": moment.panel.rating_amps,
        "circuits": [circuit.id for circuit in moment.premises.house.circuits],
    }
