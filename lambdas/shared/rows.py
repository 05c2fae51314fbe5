"""Rows that one function writes and another reads, as Structs. Attribute names are the wire's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, TypeVar

import msgspec

from contracts.api.reports import Baseline, EventResult
from contracts.api.requests import DEFAULT_PROGRAM, PROGRAM_ALIASES, Allocation, Assignment, event_etag
from contracts.store.keys import EVENT_SORT_KEY
from contracts.wire import codec
from contracts.wire.events import LOWEST_PRIORITY, DrEvent, Interval, loads_up
from contracts.wire.ids import EventId, ProgramId, VenId
from contracts.wire.offers import OfferLevels, lasting_offer
from contracts.wire.shadow import OptOut

DAY_S = 24 * 3600

ASSUMED_PEAK_KW = 20.0
"""A site is taken to draw so much at its peak before its telemetry shows more.
Interpretation: a house with a car, a heat pump and a water heater; no one VEN can then take a whole event."""
ASSUMED_BATTERY_KW = 12.0
"""A home battery feeds so much at the most. Interpretation: the largest common inverters give 11.5 kW."""

R = TypeVar("R", bound=msgspec.Struct)


class VenRow(msgspec.Struct, rename="camel", frozen=True, kw_only=True, gc=False):
    """A VEN as the cloud has it. A VEN with a row here was provisioned; no other counts.

    *online* is None until it has connected once. What it last
    reported is None until then: *shed_availability_kw* is what it keeps shed from now on, what it sheds
    already included, and *sustain_s* for how long; *offers* is what it keeps for longer, if told; *batch_s*
    is how long its rows wait for each other in peace;
    *load_up_availability_kw* is what it keeps drawing more. *performance* (delivered to dispatched, of late)
    and *dispatched_kwh* (the older the less) come from settled events. *clock_skew_s* is the cloud's time
    less the VEN's, where that is off. *peak_kw* is the most that its telemetry ever had it draw, where that
    is above `ASSUMED_PEAK_KW`; *panel_max_kw* what its panel takes, by its telemetry. Since *quarantined_ts*
    an operator has it left out; since *revoked_ts* it is cut off, too.
    """

    ven_id: VenId
    online: bool | None = None
    enabled: bool | None = None
    opt_out: OptOut | None = None
    shed_availability_kw: float | None = None
    sustain_s: float | None = None
    offers: OfferLevels = ()
    load_up_availability_kw: float | None = None
    load_up_sustain_s: float | None = None
    status: str | None = None
    active_event_id: EventId | None = None
    report_interval_s: float | None = None
    batch_s: float | None = None
    performance: float | None = None
    dispatched_kwh: float = msgspec.field(name="calledKwh", default=0.0)
    clock_skew_s: float | None = None
    battery_soc: float | None = None
    peak_kw: float | None = None
    panel_max_kw: float | None = None
    quarantined_ts: float | None = None
    revoked_ts: float | None = None

    def offering(self, *, loads_up: bool) -> VenRow:
        """The row with the offer that an event of this direction calls on as its offer."""
        if not loads_up:
            return self
        return msgspec.structs.replace(
            self,
            shed_availability_kw=self.load_up_availability_kw,
            sustain_s=self.load_up_sustain_s,
            offers=(),
        )

    def credible_offer(self, length_s: float) -> tuple[float | None, float | None]:
        """The offer for an event of *length_s*, kW, as far as panel and telemetry bear it out; its seconds.

        Nobody can shed more than is drawn, but for a battery, by which a site feeds what its panel takes.
        """
        kw, sustain_s = lasting_offer(self.shed_availability_kw, self.sustain_s, self.offers, length_s)
        if kw is None or (kw <= ASSUMED_PEAK_KW and not self.panel_max_kw):
            return kw, sustain_s
        battery = self.battery_soc is not None
        drawn_kw = max(ASSUMED_PEAK_KW, self.peak_kw or 0.0) + (ASSUMED_BATTERY_KW if battery else 0.0)
        if not self.panel_max_kw:
            return min(kw, drawn_kw), sustain_s
        return min(kw, drawn_kw, self.panel_max_kw * (2.0 if battery else 1.0)), sustain_s


class EventRow(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """An event's header: the request and its state. The VENs' assignments are in the plan *plan_id*.

    *requested* is a digest of the request, *edition* how often an operator has revised it; *revision* rises
    with every change that goes to the VENs. *baseline* and *holidays* are the program's as of the last
    edition, *holidays* empty for the stage's; None on a header of an earlier release. *done_revision* is the
    last whose shadows and schedules are all written, which a repeat completes; *full* are VENs whose shadows
    had no room for it then. From *closed_ts* on no shadow is to have it any more; at *cleared_ts* none had.
    *result* is its report in short. Phases and the etag are computed, never stored.
    """

    aliases: ClassVar[Mapping[str, str]] = PROGRAM_ALIASES

    event_id: EventId
    requested: str
    revision: int
    start_ts: int
    intervals: tuple[Interval, ...]
    plan_id: str
    created_ts: float
    expires_ts: int
    edition: int = 0
    randomize_start_s: int = 0
    priority: int = LOWEST_PRIORITY
    targets: tuple[str, ...] = ()
    program: ProgramId = DEFAULT_PROGRAM
    baseline: Baseline | None = None
    holidays: str | None = None
    allocation: Allocation = "merit"
    requested_kw: float = msgspec.field(name="askedKw", default=0.0)
    available_kw: float | None = None
    dispatched_kw: float = msgspec.field(name="calledKw", default=0.0)
    shortfall_kw: float = 0.0
    done_revision: int = -1
    full: tuple[VenId, ...] = ()
    cancelled_ts: float | None = None
    deleted_ts: float | None = None
    closed_ts: float | None = None
    cleared_ts: float | None = None
    result: EventResult | None = None
    kind: str = msgspec.field(name="part", default=EVENT_SORT_KEY)

    @property
    def loads_up(self) -> bool:
        """True of an event that requests more power instead of less."""
        return loads_up(self.intervals)

    @property
    def etag(self) -> str:
        """The etag that an operator's change is conditional on."""
        return event_etag(self.requested, self.edition, cancelled=self.cancelled_ts is not None)

    @property
    def end_ts(self) -> int:
        """The end of the last interval, UTC s, before randomisation."""
        return self.start_ts + sum(interval.duration_s for interval in self.intervals)

    @property
    def over_ts(self) -> float:
        """The time at which it is over for every VEN, UTC s."""
        return self.end_ts + self.randomize_start_s if self.cancelled_ts is None else self.cancelled_ts

    @property
    def gone(self) -> bool:
        """True when no shadow is to have it: it is closed, or was deleted when it was over already."""
        return self.closed_ts is not None or (self.deleted_ts is not None and self.cancelled_ts is None)

    def start_offset_s(self, ven_id: VenId) -> float:
        """The VEN's share of the randomised start, s."""
        if not self.randomize_start_s:
            return 0.0
        return DrEvent(
            event_id=self.event_id,
            start_ts=self.start_ts,
            intervals=(),
            randomize_start_s=self.randomize_start_s,
        ).start_offset_s(ven_id)

    def for_ven(self, assignment: Assignment) -> DrEvent:
        """The event as it goes into one VEN's shadow; without intervals once it is cancelled, or dropped."""
        nothing = self.cancelled_ts is not None or not assignment.values
        shares = () if nothing else zip(self.intervals, assignment.values, strict=True)
        return DrEvent(
            event_id=self.event_id,
            revision=self.revision,
            start_ts=self.start_ts,
            intervals=tuple(msgspec.structs.replace(interval, value=value) for interval, value in shares),
            randomize_start_s=self.randomize_start_s,
            priority=self.priority,
        )


def attributes(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The attribute names of a row, to read no more than these."""
    return tuple(field.encode_name for field in msgspec.structs.fields(kind))


def read(kind: type[R], item: Mapping[str, object]) -> R:
    """An item as a row."""
    return msgspec.convert(codec.canonical_for(kind, item), kind)


def read_all(kind: type[R], items: Iterable[Mapping[str, object]]) -> tuple[R, ...]:
    """Items as rows."""
    return tuple(read(kind, item) for item in items)


def expires_ts(now: float, retention_days: int) -> int:
    """The time at which a row written *now* goes, UTC s."""
    return int(now) + retention_days * DAY_S
