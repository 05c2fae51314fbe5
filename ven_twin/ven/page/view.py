"""The views of the page as Structs: the answers of the local API, and the source of its document."""

from __future__ import annotations

from typing import Literal

import msgspec

from contracts.wire.events import Phase, Signal
from contracts.wire.ids import EventId, VenId
from ven_twin.ven.mqtt.session_status import SessionState

CircuitState = Literal["on", "idle", "off", "curtailed"]


class VenIdentityView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The VEN, its house and its settings.

    ``status`` is normal, shedding, optedOut or disabled. ``reason`` and ``until_ts`` (UTC s) belong to an
    opt-out. ``house_ts`` is UTC s; the house's own local time is ``utc_offset_h`` from it. ``house_span_s``
    is there, in s of the house, when it lives the same hours again and again.
    """

    ven_id: VenId
    boot_id: str
    house: str
    house_ts: float
    house_speed: float
    utc_offset_h: float
    house_span_s: float | None = None
    status: str
    participates: bool = msgspec.field(name="takesPart")
    reason: str | None = None
    until_ts: int | None = None


class CloudView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The connection to the cloud, and the messages that wait for it. Ages are s, ``since_ts`` UTC s."""

    state: SessionState
    connected: bool
    since_ts: float
    reason: str | None
    outbox_depth: int
    last_puback_age_s: float | None
    messages_lost: int


class OfferView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The kW that can be shed for *sustain_s* in the mean of each *mean_s*, s."""

    kw: float
    sustain_s: float
    mean_s: float


class PowerView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Power now, kW: import and consumption positive; export, generation and discharge negative.

    ``house_kw`` is every circuit but PV and battery. ``baseline_kw`` is the grid power of the uncurtailed
    house; ``target_kw`` that less the request, None without one. ``available_kw`` is kept shed for
    ``sustain_s`` in a share of ``offer_confidence`` of what may come; ``offers`` are all times with their kW.
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
    offers: tuple[OfferView, ...]
    offer_confidence: float


class ComfortView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Temperatures in and outside, the setpoints of the resident, and the limits that no event passes, °C."""

    air_c: float
    outdoor_c: float
    heating_c: float
    cooling_c: float
    coolest_c: float
    warmest_c: float


class ReactiveView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Reactive and apparent power of the *circuits* whose power factor is known, kvar and kVA, all together.

    ``power_factor`` is theirs, None while they draw nothing.
    """

    kvar: float
    kva: float
    power_factor: float | None
    circuits: int


class PanelView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The service panel: its rating, its current, and what is known of its reactive power."""

    rating_amps: float
    voltage_v: float
    amps: float
    reactive: ReactiveView | None


class CircuitRow(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A circuit: its power, the load of its breaker (0 to 1), and the reason that it is curtailed or not.

    ``kvar`` is its reactive power, None where its power factor is not known. ``by_hand``: a resident took
    it out of the event that is in force. ``switchable``: the page has a switch for it. ``rank`` and ``why``
    are for people: whether it is held back first or last, and the reason that it is curtailed, None where it
    is not.
    """

    id: str
    name: str
    type: str
    state: CircuitState
    enabled: bool
    power_kw: float
    kvar: float | None
    breaker_amps: float
    breaker_load: float
    priority: int
    critical: bool
    curtailed_kw: float
    reason: str | None
    by_hand: bool
    switchable: bool
    rank: str
    why: str | None


class IntervalView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The request of an event from *start_ts* to *end_ts*, UTC s."""

    start_ts: float
    end_ts: float
    signal: Signal
    value: float


class EventView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """An event that is not over, or that was left before its time has passed. Times are UTC s.

    ``delivered_kw`` is the mean so far. One that the plan serves is ``in_force``. ``request`` is in words.
    """

    event_id: EventId
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
    """The VEN at one instant. ``ts`` is its time, UTC s; ``events`` are in the order of their starts.

    ``past_mark`` changes whenever an event has ended. ``prices`` has in a line the prices that are followed.
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
    prices: str | None = None
