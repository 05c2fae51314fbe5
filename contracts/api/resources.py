"""The resources of the HTTP API.

The CLI prints the same resources whether it asks the API or the tables, so what makes them of stored
items stands here, for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from contracts.api.reports import EventResult
from contracts.api.requests import DEFAULT_PROGRAM, PROGRAM_ALIASES, Allocation, EventTerms
from contracts.wire.acks import Ack, CircuitCurtailed
from contracts.wire.codec import JsonDict
from contracts.wire.commands import Operation
from contracts.wire.events import LOWEST_PRIORITY, MAX_INTERVALS, Interval, Phase
from contracts.wire.forecast import Forecast
from contracts.wire.ids import (
    CheckedEventId,
    CorrelationId,
    EventId,
    ProgramId,
    VenId,
)
from contracts.wire.offers import OfferLevels
from contracts.wire.shadow import OptOut
from contracts.wire.telemetry import Load

BODY_MAX_BYTES = 1024 * 1024
"""Largest request body; an event that names 10,000 targets of 64 characters comes to two thirds of it."""

CommandId = Annotated[CorrelationId, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$(?!\n)")]
"""A command's correlation id as it can stand in a path."""


class _Resource(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    """Root of what is answered; what is not known is left out."""


class Ven(_Resource, frozen=True):
    """A VEN as the cloud side sees it; *online* is absent until it has connected once.

    The rest is what it last reported: *shedAvailabilityKw* is what it keeps shed for *sustainS* at least,
    what it sheds already included, *offers* what it keeps for longer, *forecast* what it can probably shed in
    the hours to come, *loadUpAvailabilityKw* what it keeps drawing more for *loadUpSustainS*; *byHand* are
    circuits that the resident has taken out, with their state; *timeZone* is its site's, by which its days
    are told apart. *performance* is what it delivered of what it was called for, of late. *clockSkewS* is
    the time of the cloud less the VEN's, where its clock is off: above zero it is slow. From
    *quarantinedTs* on, when it is there, no event calls it and nothing that it sends is stored; from
    *revokedTs* on, likewise, and it cannot connect either. *oadrVenName* is the name at the VTN of a VEN of
    OpenADR, which is online as long as it reports.
    """

    ven_id: VenId
    online: bool | None = None
    enabled: bool | None = None
    opt_out: OptOut | None = None
    status: str | None = None
    active_event_id: EventId | None = None
    shed_availability_kw: float | None = None
    sustain_s: float | None = None
    offers: OfferLevels = ()
    forecast: Forecast = ()
    load_up_availability_kw: float | None = None
    load_up_sustain_s: float | None = None
    by_hand: dict[str, str] = {}
    time_zone: str | None = None
    groups: tuple[str, ...] = ()
    performance: float | None = None
    last_called_ts: float | None = None
    clock_skew_s: float | None = None
    quarantined_ts: float | None = None
    revoked_ts: float | None = None
    oadr_ven_name: str | None = None


class TelemetryRow(_Resource, frozen=True):
    """One telemetry row: means over *measuredS*, or since the row before, kW.

    *receivedTs* is when the cloud had it, UTC s. *circuitsKw* is the mean power of each circuit, kW, by
    its id, where it was asked for and the row came with its circuits.
    """

    timestamp: int
    boot_id: str
    seq: int
    used_power_kw: float
    baseline_power_kw: float
    shed_power_kw: float
    received_ts: float | None = None
    event_id: EventId | None = None
    requested_reduction_kw: float | None = None
    battery_soc: float | None = None
    measured_s: float | None = None
    outdoor_c: float | None = None
    circuits_kw: dict[str, float] = {}


class Circuits(_Resource, frozen=True):
    """A VEN's circuits as it last described them."""

    timestamp: int
    loads: tuple[Load, ...]


class VenDetail(Ven, frozen=True):
    """A VEN with its latest telemetry row and its circuits."""

    latest: TelemetryRow | None = None
    circuits: Circuits | None = None


class VenPage(_Resource, frozen=True):
    """VENs in no order that means anything; *next* is the cursor of the next page."""

    items: tuple[Ven, ...]
    next: str | None = None


class TelemetryPage(_Resource, frozen=True):
    """Rows, oldest first; *next* is the cursor of the next page."""

    items: tuple[TelemetryRow, ...]
    next: str | None = None


FLEET_SAMPLE_S = 300
"""So far apart are the samples of the fleet, s."""


class FleetSample(_Resource, frozen=True):
    """The fleet's powers together at one time (UTC s), kW; *online* VENs were connected.

    *usedKw* and *baselineKw* are those of the *measured* VENs, whose telemetry was fresh.
    """

    timestamp: int
    online: int
    measured: int
    used_kw: float
    baseline_kw: float
    requested_kw: float = msgspec.field(name="askedKw")
    delivered_kw: float
    flexibility_kw: float | None = None


class FleetHistory(_Resource, frozen=True):
    """Samples of the fleet, oldest first; *next* is the cursor of the next page."""

    items: tuple[FleetSample, ...]
    next: str | None = None


class NewCommand(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One operation for a VEN, such as ``ping``, ``get``, ``setLoad``; *data* is what it takes."""

    op: Operation
    data: JsonDict = {}
    correlation_id: CommandId | None = None


class SentCommand(_Resource, frozen=True):
    """A command that was sent, and its *ack* once the VEN has answered."""

    ven_id: VenId
    correlation_id: CorrelationId
    op: str
    issued_ts: float
    data: JsonDict = {}
    ack: Ack | None = None
    ack_received_ts: float | None = None


class EventBody(EventTerms, frozen=True, kw_only=True, omit_defaults=True):
    """An event as an operator requests it; a revision replaces all of it.

    *startTs* is now when left out (of a revision: where it was). *targets* are VENs and groups of VENs;
    none means every VEN. *program* names the baseline that the event is settled by.
    """

    intervals: Annotated[tuple[Interval, ...], Meta(min_length=1, max_length=MAX_INTERVALS)]


class NewEvent(EventBody, frozen=True):
    """An event to be created; with *eventId* given, the same request twice is one event."""

    event_id: CheckedEventId | None = None


class EventSummary(_Resource, frozen=True):
    """An event as it stands: the kW requested, how much there was to allocate, its phase now.

    *askedKw* is the most that any interval asks for, *calledKw* the most that is called for: more, by what
    VENs are known not to deliver. *etag* is what a change can be made on condition of. *result* is what it
    delivered, once it is settled.
    """

    aliases: ClassVar[Mapping[str, str]] = PROGRAM_ALIASES

    event_id: EventId
    etag: str
    phase: Phase
    revision: int
    start_ts: int
    end_ts: int
    intervals: tuple[Interval, ...]
    created_ts: float
    targets: tuple[str, ...] = ()
    priority: int = LOWEST_PRIORITY
    randomize_start_s: int = 0
    program: ProgramId = DEFAULT_PROGRAM
    allocation: Allocation = "merit"
    requested_kw: float = msgspec.field(name="askedKw", default=0.0)
    available_kw: float | None = None
    dispatched_kw: float = msgspec.field(name="calledKw", default=0.0)
    shortfall_kw: float = 0.0
    cancelled_ts: float | None = None
    result: EventResult | None = None

    @property
    def body(self) -> EventBody:
        """The part of the event that a revision replaces."""
        return EventBody(
            intervals=self.intervals,
            start_ts=self.start_ts,
            targets=self.targets,
            priority=self.priority,
            randomize_start_s=self.randomize_start_s,
            program=self.program,
            allocation=self.allocation,
        )


class PhaseReached(_Resource, frozen=True):
    """A VEN's report that an event reached a phase there; *circuits* and their reasons are the VEN's."""

    ts: int
    received_ts: float
    actual_shed_kw: float | None = None
    circuits: tuple[CircuitCurtailed, ...] = ()
    data: JsonDict = {}
    error: str | None = None


class VenParticipation(_Resource, frozen=True):
    """A VEN's part in an event: its share of each interval, and what it said by phase.

    Beside the phases there are ``accepted`` and ``refused``. Of a VEN that is not counted on *unavailable*
    says why.
    """

    ven_id: VenId
    values: tuple[float, ...] = ()
    phases: dict[str, PhaseReached] = {}
    unavailable: str | None = None


class Event(EventSummary, frozen=True):
    """An event with a page of its VENs' parts; *settled* says whether there is a report.

    *next* is the cursor of the next page of *vens*, which are in the order of their ids.
    """

    vens: tuple[VenParticipation, ...] = ()
    settled: bool = False
    next: str | None = None


class EventPage(_Resource, frozen=True):
    """Events by their start, the newest first; *next* is the cursor of the next page."""

    items: tuple[EventSummary, ...]
    next: str | None = None
