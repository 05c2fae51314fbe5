"""The reported shadow of the VEN, and the answers of its ``get`` command. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from contracts.wire import codec
from contracts.wire.shadow import STATE_MAX_BYTES
from ven_twin.control import reporting, shadow_sync
from ven_twin.control.offers import CONFIDENCE, Promise
from ven_twin.ven.snapshot import VenSnapshot

SKEW_STEP_S = 60
NO_ROOM = "not mirrored: the shadow is full"
"""The reason in ``shadow_errors`` under the part of the mirror that gives way."""
MEMORY = ("revision", "ended")
"""What a later run of this VEN reads of an event in ``reported``."""


def reported(snapshot: VenSnapshot, *, stopped: bool = False) -> dict[str, object]:
    """The ``reported`` state of *snapshot*; of a VEN that is about to stop, when *stopped*.

    The VEN's own state is always in it; the mirror of what is desired as far as there is room.
    """
    state, skew_s = snapshot.state, snapshot.clock_skew_s
    scheduled = None if stopped else state.in_force(snapshot.now_ts)
    soc, offer, more = snapshot.house.pair.battery_soc, snapshot.house.offer, snapshot.house.load_up
    whole = shadow_sync.pruned(
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
                "shedAvailabilityKw": offer.kw,
                "sustainS": round(offer.sustain_s),
                "offers": listed(snapshot.house.offers),
                "offerConfidence": CONFIDENCE,
                "forecast": [
                    {"ts": ts, "likelyKw": likely_kw, "sureKw": sure_kw}
                    for ts, likely_kw, sure_kw in snapshot.house.forecasting.expected
                ]
                or None,
                "loadUpAvailabilityKw": more.kw,
                "loadUpSustainS": round(more.sustain_s),
                "batterySoc": None if soc is None else round(soc, reporting.SOC_DIGITS),
                "activeEventId": scheduled.event.event_id if scheduled else None,
                "lastEventSummary": snapshot.house.with_rebound(snapshot.engine.last_event),
            },
            "shadow_errors": dict(state.errors),
        }
    )
    return within_room(whole, state.shadow.desired)


def listed(offers: Iterable[Promise]) -> list[dict[str, float]]:
    """*offers* as ``metrics.offers`` lists them."""
    return [
        {"kw": kw, "sustainS": round(sustain_s), "meanS": round(mean_s)} for kw, sustain_s, mean_s in offers
    ]


def within_room(whole: dict[str, object], desired: Mapping[str, object]) -> dict[str, object]:
    """*whole* as far as *desired* leaves room for it in the service's document.

    The mirror gives way: first the intervals of the events, then the events, then the loads. The last and
    least is returned whatever its size, since nothing more of it can.
    """
    fitting = whole
    for fitting in _lesser(whole):
        if len(codec.encode({"reported": fitting, "desired": desired})) <= STATE_MAX_BYTES:
            break
    return fitting


def _lesser(whole: dict[str, object]) -> Iterator[dict[str, object]]:
    """*whole*, and what remains of it the less there is room for."""
    yield whole
    events = whole.get("drEvents")
    if isinstance(events, Mapping):
        memory = {
            event_id: {key: mirror[key] for key in MEMORY if key in mirror}
            for event_id, mirror in events.items()
        }
        yield _without(whole, drEvents=memory)
    yield _without(whole, drEvents=None)
    yield _without(whole, drEvents=None, loads=None)


def _without(whole: dict[str, object], **lesser: object) -> dict[str, object]:
    errors = whole.get("shadow_errors")
    reasons = {**(errors if isinstance(errors, Mapping) else {}), **dict.fromkeys(lesser, NO_ROOM)}
    return shadow_sync.pruned({**whole, **lesser, "shadow_errors": reasons})


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
