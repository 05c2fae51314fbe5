"""A snapshot of the VEN, for its page and its reported shadow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ven_twin.control.event_history import Meter, PastEvent
from ven_twin.control.house_pair import Flow, HousePair
from ven_twin.control.ven_state import VenState
from ven_twin.house.profile import Panel
from ven_twin.ven.clock import VenClock
from ven_twin.ven.engine import VenEngine
from ven_twin.ven.mqtt.session_status import SessionStatus
from ven_twin.ven.settings import TwinSettings
from ven_twin.ven.storage.rows import OutboxCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class VenSnapshot:
    """Everything that is shown of a VEN at an instant; values, none of which changes later.

    Attributes:
        now_ts: the VEN's time, UTC s.
        tick_age_s: since the last tick, s.
        boot_id: this run of the VEN.
        house: the name of its house.
        house_ts: the time in the house, UTC s.
        house_speed: house seconds to a wall second.
        utc_offset_h: of the house's local standard time.
        state: settings, events and shadow.
        pair: house, counterfactual and plan in force.
        flow: the power of the last step.
        panel: the service panel.
        acting: id of the event that the plan in force serves, or None.
        requested_kw: kW that the events that are acted on last requested, by id.
        delivered: their meters, by id.
        sustain_s: for how long the offer can be sustained, wall s.
        past: the events that are over, newest first.
        session: the MQTT session.
        last_event: the summary of the event that was last over, or None.
        outbox: messages that wait and messages that were lost.
        clock_jump_s: how far the host's wall clock has jumped since the start, s.
        clock_skew_s: how far the cloud's time is from the VEN's, where that is too far, or None.
        certificate: the file of the VEN's certificate.
    """

    now_ts: float
    tick_age_s: float
    boot_id: str
    house: str
    house_ts: float
    house_speed: float
    utc_offset_h: float
    state: VenState
    pair: HousePair
    flow: Flow
    panel: Panel
    acting: str | None
    requested_kw: Mapping[str, float]
    delivered: Mapping[str, Meter]
    sustain_s: float
    past: tuple[PastEvent, ...]
    session: SessionStatus
    last_event: Mapping[str, object] | None
    outbox: OutboxCounts
    clock_jump_s: float
    clock_skew_s: float | None
    certificate: Path

    @property
    def messages_lost(self) -> int:
        """Messages that never reached the cloud."""
        return self.outbox.lost


def take_snapshot(
    engine: VenEngine,
    settings: TwinSettings,
    ven_clock: VenClock,
    *,
    session: SessionStatus,
    outbox: OutboxCounts,
    certificate: Path,
) -> VenSnapshot:
    """The snapshot of a VEN now, of its engine and of what the engine does not hold."""
    house, now_s = engine.house, ven_clock.monotonic_s()
    return VenSnapshot(
        now_ts=ven_clock.now_ts(),
        tick_age_s=now_s - engine.ticked_s,
        boot_id=engine.sender.boot_id,
        house=settings.house,
        house_ts=house.house_ts(now_s),
        house_speed=settings.house_speed,
        utc_offset_h=house.utc_offset_h,
        state=engine.state,
        pair=house.pair,
        flow=house.flow,
        panel=house.panel,
        acting=house.acting,
        requested_kw=house.requested_kw,
        delivered=house.delivered,
        sustain_s=house.sustained.for_s,
        past=engine.past,
        session=session,
        last_event=house.with_rebound(engine.last_event),
        outbox=outbox,
        clock_jump_s=ven_clock.jump_s,
        clock_skew_s=ven_clock.skew_s,
        certificate=certificate,
    )
