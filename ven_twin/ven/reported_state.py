"""The reported shadow of the VEN, and the answers of its ``get`` command. Pure."""

from __future__ import annotations

from ven_twin.control import reporting, shadow_sync
from ven_twin.ven.snapshot import VenSnapshot

SKEW_STEP_S = 60


def reported(snapshot: VenSnapshot, *, stopped: bool = False) -> dict[str, object]:
    """The ``reported`` state of *snapshot*; of a VEN that is about to stop, when *stopped*."""
    state, skew_s = snapshot.state, snapshot.clock_skew_s
    scheduled = None if stopped else state.in_force(snapshot.now_ts)
    soc = snapshot.house.pair.battery_soc
    return shadow_sync.pruned(
        {
            **state.reported_settings(),
            "certificateId": snapshot.session.certificate_id,
            "timeZone": snapshot.house.time_zone,
            "ven": {
                "enabled": state.settings.enabled,
                "status": reporting.ReportedStatus.STOPPED
                if stopped
                else reporting.status_of(state, snapshot.now_ts),
                "bootId": snapshot.engine.sender.boot_id,
                "lastPublishTs": int(snapshot.now_ts),
                "houseSpeed": snapshot.settings.house_speed,
                "houseTs": int(snapshot.house_ts),
                "byHand": dict(state.by_hand),
                "clockSkewS": None if skew_s is None else round(skew_s / SKEW_STEP_S) * SKEW_STEP_S,
                "messagesLost": snapshot.outbox.lost or None,
            },
            "metrics": {
                "currentPowerKw": round(snapshot.house.flow.used_kw, reporting.KW_DIGITS),
                "shedAvailabilityKw": round(snapshot.house.pair.available_kw, reporting.KW_DIGITS),
                "sustainS": round(snapshot.house.sustained.for_s),
                "batterySoc": None if soc is None else round(soc, reporting.SOC_DIGITS),
                "activeEventId": scheduled.event.event_id if scheduled else None,
                "lastEventSummary": snapshot.house.with_rebound(snapshot.engine.last_event),
            },
            "shadow_errors": dict(state.errors),
        }
    )


def status_data(snapshot: VenSnapshot) -> dict[str, object]:
    """The answer of ``get status``."""
    session, counts = snapshot.session, snapshot.outbox
    return {
        **{key: value for key, value in reported(snapshot).items() if key in {"ven", "metrics"}},
        "connects": session.connects,
        "unexpectedDisconnects": session.unexpected_disconnects,
        "outboxDepth": session.outbox_depth,
        "messagesShed": dict(counts.shed),
        "messagesRefusedByDisk": counts.refused,
        "messagesPutAside": counts.quarantined,
        "clockJumpS": round(snapshot.clock_jump_s, 1),
    }


def config_data(snapshot: VenSnapshot) -> dict[str, object]:
    """The answer of ``get config``."""
    settings = snapshot.state.reported_settings()
    settings.pop("drEvents")
    return {
        **settings,
        "house": snapshot.settings.house,
        "panelAmperageRating": snapshot.house.panel.rating_amps,
        "circuits": [circuit.id for circuit in snapshot.house.pair.house.circuits],
    }
