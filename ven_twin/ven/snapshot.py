"""A snapshot of the VEN, for its page and its reported shadow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path

from ven_twin.control.ven_state import VenState
from ven_twin.house.library import load_profile
from ven_twin.house.tariff import Tariff
from ven_twin.ven.engine import VenEngine
from ven_twin.ven.house_runtime import HouseRuntime
from ven_twin.ven.mqtt.session_status import SessionStatus
from ven_twin.ven.settings import TwinSettings
from ven_twin.ven.storage.rows import OutboxCounts
from ven_twin.webkit.formatting import zone_named
from ven_twin.webkit.price_words import price_line


@dataclass(frozen=True, slots=True, kw_only=True)
class VenSnapshot:
    """Everything that is shown of a VEN at an instant; values, none of which changes later.

    Attributes:
        engine: the engine as it was after its last step.
        settings: the settings of the twin.
        now_ts: the VEN's time, UTC s.
        tick_age_s: since the last tick, s.
        house_ts: the time in the house, UTC s.
        session: the MQTT session.
        outbox: messages that wait and messages that were lost.
        clock_jump_s: how far the host's wall clock has jumped since the start, s.
        clock_skew_s: how far the cloud's time is from the VEN's, where that is too far, or None.
        certificate: the file of the VEN's certificate; None of a VEN without AWS.
    """

    engine: VenEngine
    settings: TwinSettings
    now_ts: float
    tick_age_s: float
    house_ts: float
    session: SessionStatus
    outbox: OutboxCounts
    clock_jump_s: float
    clock_skew_s: float | None
    certificate: Path | None

    @property
    def tariff(self) -> Tariff | None:
        """The price of energy to the resident: the one that the VEN was started with, or its house's."""
        return self.settings.tariff or load_profile(self.settings.house).tariff

    @property
    def price_line(self) -> str | None:
        """The prices that the house follows, for people; None without any."""
        curve = self.house.prices.curve
        if curve is None:
            return None
        zone = zone_named(self.house.time_zone) or timezone(timedelta(hours=self.house.utc_offset_h))
        return price_line(curve, self.now_ts, zone)

    @property
    def house(self) -> HouseRuntime:
        """The house as it is run."""
        return self.engine.house

    @property
    def state(self) -> VenState:
        """Settings, events and shadow."""
        return self.engine.state
