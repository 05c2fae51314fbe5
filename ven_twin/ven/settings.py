"""The settings of a twin: its cloud, the house behind it, the speed of its time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import get_args

from contracts.errors import FieldError
from contracts.wire.ids import VenId
from contracts.wire.shadow import BATCH_MAX_S
from contracts.wire.topics import RULES_NAME, check_ven_id
from contracts.wire.units import S_PER_MIN
from ven_twin.house.tariff import Tariff
from ven_twin.ven.clock import HOUSE_SPEED_MAX
from ven_twin.ven.mqtt.reason_codes import Protocol

MQTT_PORT = 8883
LEAST_SPAN_S = 900.0
"""The shortest stretch of house time that can be lived again and again: a quarter hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinSettings:
    """One twin.

    Attributes:
        ven_id: thing name and MQTT client id.
        endpoint: the MQTT host.
        port: the MQTT port.
        state_dir: where outbox and memory are kept; made when it is not there.
        house: a packaged house's name, or the path of a profile.
        house_seed: what its people's habits are drawn from; the profile's own when None.
        house_speed: house seconds to a wall second.
        house_start_ts: house time at the start, UTC s; the wall clock's when None.
        house_span_s: the house lives so much of its time, s, and then the same again; infinite: on and on.
        report_interval_s: between two telemetry rows, until the shadow says otherwise; None for 30 s.
        batch_s: a row may wait so long in peace, to go in one message with others, until the shadow says
            otherwise; 0 for rows that go at once.
        rules: the name that the stage's rules begin with, to publish to them by Basic Ingest; None for not.
        keepalive_s: MQTT keep-alive.
        protocol: the MQTT version.
        outbox_mb: what the outbox may hold, MB; beyond that telemetry is dropped first.
        vens: so many VENs share the process, this one among them.
        tariff: the price of energy to the resident; the house's when None.

    Raises:
        FieldError: a value that cannot be; names the field and what is allowed.
    """

    ven_id: VenId
    endpoint: str
    state_dir: Path
    port: int = MQTT_PORT
    house: str = "standard"
    house_seed: int | None = None
    house_speed: float = 1.0
    house_start_ts: float | None = None
    house_span_s: float = inf
    report_interval_s: float | None = None
    batch_s: float = 0.0
    rules: str | None = None
    keepalive_s: int = 60
    protocol: Protocol = "5"
    outbox_mb: float = 64.0
    vens: int = 1
    tariff: Tariff | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be before anything is started."""
        check_ven_id(self.ven_id)
        if not 0 < self.house_speed <= HOUSE_SPEED_MAX:
            raise FieldError(
                "house-speed", f"from above 0 to {HOUSE_SPEED_MAX:.0f}, got {self.house_speed:g}"
            )
        if not self.house_span_s >= LEAST_SPAN_S:
            raise FieldError(
                "house-span", f"at least {LEAST_SPAN_S / S_PER_MIN:.0f} min, got {self.house_span_s:g} s"
            )
        if self.report_interval_s is not None and not 1 <= self.report_interval_s <= 3600:
            raise FieldError("--report-interval", f"1 to 3600 s, got {self.report_interval_s:g}")
        if not 0 <= self.batch_s <= BATCH_MAX_S:
            raise FieldError("--batch", f"0 to {BATCH_MAX_S} s, got {self.batch_s:g}")
        if self.rules is not None and not RULES_NAME.fullmatch(self.rules):
            raise FieldError("--basic-ingest", f"{self.rules!r} is no name of rules: letters, digits and _")
        if not 0 < self.port < 65536:
            raise FieldError("port", f"1 to 65535, got {self.port}")
        if self.protocol not in get_args(Protocol):
            raise FieldError("--mqtt", f"{self.protocol!r} is none of {', '.join(get_args(Protocol))}")
        if not 1 <= self.outbox_mb <= 16_384:
            raise FieldError("--outbox-mb", f"1 to 16384, got {self.outbox_mb:g}")
        if not 5 <= self.keepalive_s <= 1200:
            raise FieldError("keepalive", f"5 to 1200 s, got {self.keepalive_s}")

    def at(self, endpoint: str, port: int) -> TwinSettings:
        """These settings with another broker."""
        return replace(self, endpoint=endpoint, port=port)
