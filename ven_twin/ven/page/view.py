"""What the page shows, as Structs; the local API answers with them and its document is made of them."""

from __future__ import annotations

from typing import Literal

import msgspec

from contracts.wire.events import Phase, Signal
from ven_twin.ven.mqtt.session_status import SessionState

CircuitState = Literal["on", "idle", "off", "curtailed"]


class VenIdentityView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Which VEN this is, and what it is set to.

    ``status`` is normal, shedding, optedOut or disabled. ``reason`` and ``until_ts`` (UTC s) belong to an
    opt-out. ``house_ts`` is UTC s; the house's own local time is ``utc_offset_h`` from it.
    """

    ven_id: str
    boot_id: str
    house: str
    house_ts: float
    house_speed: float
    utc_offset_h: float
    status: str
    takes_part: bool
    reason: str | None = None
    until_ts: int | None = None


class CloudView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The connection to the cloud, and what waits for it. Ages are s, ``since_ts`` UTC s."""

    state: SessionState
    connected: bool
    since_ts: float
    reason: str | None
    outbox_depth: int
    last_puback_age_s: float | None
    messages_lost: int


class PowerView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Power now, kW: import and what is drawn positive, export, generation and discharge negative.

    ``house_kw`` is every circuit but PV and battery. ``baseline_kw`` is what the uncurtailed house would
    draw from the grid; ``target_kw`` that less what is asked, None when nothing is. ``available_kw`` could
    be shed now, for ``sustain_s``.
    """

    grid_kw: float
    house_kw: float
    pv_kw: float | None
    battery_kw: float | None
    battery_soc: float | None
    baseline_kw: float
    requested_kw: float | None = msgspec.field(name="askedKw")
    target_kw: float | None
    shed_kw: float
    available_kw: float
    sustain_s: float


class ComfortView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Indoor temperature, the setpoints that the resident chose, and the limits that no event passes, °C."""

    air_c: float
    heating_c: float
    cooling_c: float
    coolest_c: float
    warmest_c: float


class PanelView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The service panel: its rating, and what flows through it."""

    rating_amps: float
    voltage_v: float
    amps: float


class CircuitRow(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A circuit: what it draws, how far its breaker is loaded (0 to 1), and why it is curtailed or not.

    ``by_hand`` says that a resident took it out of the event that is in force. ``rank`` and ``why`` are
    for people: its place among those that are shed, and why it is held back, None where it is not.
    """

    id: str
    name: str
    type: str
    state: CircuitState
    enabled: bool
    power_kw: float
    breaker_amps: float
    breaker_load: float
    priority: int
    critical: bool
    curtailed_kw: float
    reason: str | None
    by_hand: bool
    rank: str
    why: str | None


class IntervalView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """What an event asks for from *start_ts* to *end_ts*, UTC s."""

    start_ts: float
    end_ts: float
    signal: Signal
    value: float


class EventView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """An event that is not over, or that was left before its time has passed. Times are UTC s.

    ``delivered_kw`` is the mean so far, ``in_force`` whether the plan serves it, ``request`` what it asks
    for, in words.
    """

    event_id: str
    phase: Phase
    in_force: bool
    start_ts: float
    end_ts: float
    priority: int
    intervals: tuple[IntervalView, ...]
    request: str
    requested_kw: float | None = msgspec.field(name="askedKw")
    delivered_kw: float | None
    delivered_kwh: float | None


class VenView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The VEN at one moment. ``ts`` is its time, UTC s; ``events`` are in the order of their starts.

    ``past_mark`` changes whenever an event has ended.
    """

    ts: float
    ven: VenIdentityView
    cloud: CloudView
    power: PowerView
    comfort: ComfortView | None
    panel: PanelView
    circuits: tuple[CircuitRow, ...]
    events: tuple[EventView, ...]
    past_mark: str


class Chart(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Power over the last hour, by column: UTC s, kW used, kW baseline, kW target (null outside events)."""

    ts: list[float]
    used_kw: list[float]
    baseline_kw: list[float]
    target_kw: list[float | None]
