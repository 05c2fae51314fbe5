"""An event's report: requested and delivered, against each baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import msgspec

from contracts.api.aftermath import Aftermath, Bought, CircuitReport, Cut
from contracts.api.requests import DEFAULT_PROGRAM, PROGRAM_ALIASES
from contracts.wire import codec
from contracts.wire.codec import JsonObject
from contracts.wire.ids import EventId, ProgramId, VenId

Baseline = Literal[
    "caiso_10_of_10",
    "residential_5_of_10",
    "pjm_3_day_types_saa",
    "nyiso_5_of_10",
    "weather_regression",
    "meter_before",
    "clone",
]

DEFAULT_BASELINE: Baseline = "residential_5_of_10"
"""The baseline of a program that names none."""
FINAL_AFTER_S = 4 * 3600 + 900
"""From an event's end until a report can be final: the four hours after it, and a quarter to be stored in."""

PAYBACK_AFTER_S = 24 * 3600 + 900
"""From an event's end until its payback can be whole: the day after it, and a quarter to be stored in."""


class _ReportStruct(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    pass


class Score(_ReportStruct, frozen=True):
    """A baseline held against the house without events over the event, by quarter hours, in percent of that.

    *bias* is mean(baseline − clone) (NMBE), *cvrmse* the root mean square of it. Acceptable are ±10 and
    30. Source: ASHRAE Guideline 14, hourly data.
    """

    bias_percent: float
    cvrmse_percent: float


class Delivered(_ReportStruct, frozen=True):
    """The delivery against one baseline, over the whole event.

    *baseline_kw* and *delivered_kw* are time-weighted means, *delivered_kwh* the integral over time;
    a negative delivery is the opposite of what was requested. *intervals_kw* are the means by interval, None
    where nothing was stored.
    *low_kw* to *high_kw* is the band that holds the delivery by the middle 80 % of the rule's own errors on
    the days that it was made of. *vens* says how many VENs the figure is of.
    """

    baseline_kw: float
    delivered_kw: float
    delivered_kwh: float
    intervals_kw: tuple[float | None, ...] = ()
    vens: int = 1
    low_kw: float | None = None
    high_kw: float | None = None
    score: Score | None = None
    notes: tuple[str, ...] = ()


class Quality(_ReportStruct, frozen=True):
    """The coverage of the event by stored telemetry.

    *coverage* is the part of the event's seconds within a row's reach, 0 to 1; *longest_gap_s* the
    longest time that no row covers. Of a fleet: rows together, coverage on average, the longest gap of all.
    """

    rows: int
    coverage: float
    longest_gap_s: float


class VenReport(_ReportStruct, frozen=True):
    """One VEN in an event. A baseline that could not be worked out is absent, and *notes* say why.

    Its time is from when it was first dispatched to when it was no longer; *requested_kw* and the rest are
    means over that time, *requested_intervals_kw* over as much of each interval as lies in it. *metered_kwh*
    is the delivery by the VEN's own meter. *clock_skew_s* is the cloud's time less the VEN's, where that is
    off and its rows were moved by it. *bought_kwh* is what its resident bought more over event and payback.
    *comfort_minutes_lost* and *comfort_minutes_beyond_limits* are the VEN's own word, and so are *circuits*.
    """

    ven_id: VenId
    requested_kw: float = msgspec.field(name="askedKw")
    used_kw: float | None
    delivered: dict[Baseline, Delivered]
    quality: Quality
    acknowledged: bool
    start_ts: float = 0.0
    end_ts: float = 0.0
    requested_kwh: float = msgspec.field(name="askedKwh", default=0.0)
    requested_intervals_kw: tuple[float | None, ...] = msgspec.field(name="askedIntervalsKw", default=())
    opted_out: bool = False
    opt_out_reason: str | None = None
    response_s: float | None = None
    restored: bool | None = None
    rebound_1h_kwh: float | None = msgspec.field(name="reboundKwh", default=None)
    metered_kwh: float | None = msgspec.field(name="ownKwh", default=None)
    clock_skew_s: float | None = None
    rebound_4h: Aftermath | None = msgspec.field(name="rebound4h", default=None)
    payback_24h: Aftermath | None = msgspec.field(name="payback24h", default=None)
    bought_kwh: float | None = None
    circuits: tuple[CircuitReport, ...] = ()
    comfort_minutes_lost: float | None = None
    comfort_minutes_beyond_limits: float | None = None
    cuts: tuple[Cut, ...] = ()
    notes: tuple[str, ...] = ()


class IntervalReport(_ReportStruct, frozen=True):
    """A stretch of the event in which the fleet was requested for the same.

    *requested_kw* is what the operator requested, *dispatched_kw* what was dispatched to the VENs together.
    """

    start_ts: float
    end_ts: float
    requested_kw: float = msgspec.field(name="askedKw")
    dispatched_kw: float = msgspec.field(name="calledKw")


class Participation(_ReportStruct, frozen=True):
    """VENs called, VENs that answered, delivered half of the dispatched kW, opted out, or sent nothing.

    *reasons* counts the reasons for opting out.
    """

    called: int
    answered: int
    delivered: int
    opted_out: int
    silent: int
    reasons: dict[str, int] = {}
    response_s: float | None = None
    """Median time from a VEN's start until it said that it was active."""
    slowest_response_s: float | None = None


class Series(_ReportStruct, frozen=True):
    """The event in time, for plots: means of *step_s* from *start_ts*, of the whole fleet, kW.

    *baseline_kw* is of the baseline that settles. None where it is not known.
    """

    start_ts: float
    step_s: float
    requested_kw: tuple[float | None, ...] = msgspec.field(name="askedKw")
    used_kw: tuple[float | None, ...]
    baseline_kw: tuple[float | None, ...]
    clone_kw: tuple[float | None, ...]


class EventResult(_ReportStruct, frozen=True):
    """The outcome of a settled event in short: its mean powers over the event, by *baseline*, kW.

    A negative delivery is the opposite of what was requested.
    """

    requested_kw: float = msgspec.field(name="askedKw")
    delivered_kw: float
    baseline: Baseline


class EventReport(_ReportStruct, frozen=True):
    """The settled event.

    *delivered* is worked out on the aggregate of the VENs; only for `clone` and `meter_before` that is the
    sum of the VENs' own. *settled_by* is the baseline that counts, the program's unless *notes* say why
    not, as *instead_because* does; the others stand beside it. A *preliminary* report is made anew by itself
    once what follows the event is stored, from *final_from_ts* on. Rebound is absent until its whole hour is
    stored. *time_zone* is that of most VENs. An event that *loadsUp* requested more power: what was drawn
    above the baseline is its delivery. While it is *counting*, rebound and payback are of the time so
    far, and are counted on by themselves from *payback_from_ts* on; what is paid stays. *comfort_vens* says
    how many VENs the minutes are of, together.
    """

    aliases: ClassVar[Mapping[str, str]] = PROGRAM_ALIASES

    event_id: EventId
    revision: int
    start_ts: int
    end_ts: int
    settled_ts: int
    requested_kw: float = msgspec.field(name="askedKw")
    delivered: dict[Baseline, Delivered]
    vens: tuple[VenReport, ...]
    program: ProgramId = DEFAULT_PROGRAM
    settled_by: Baseline | None = None
    program_baseline: Baseline | None = None
    instead_because: str | None = None
    time_zone: str | None = None
    dispatched_kw: float = msgspec.field(name="calledKw", default=0.0)
    requested_kwh: float = msgspec.field(name="askedKwh", default=0.0)
    intervals: tuple[IntervalReport, ...] = ()
    participation: Participation | None = None
    rebound_1h_kwh: float | None = msgspec.field(name="reboundKwh", default=None)
    quality: Quality | None = None
    series: Series | None = None
    preliminary: bool = False
    final_from_ts: int = 0
    cancelled: bool = False
    rebound_4h: Aftermath | None = msgspec.field(name="rebound4h", default=None)
    payback_24h: Aftermath | None = msgspec.field(name="payback24h", default=None)
    counting: bool = False
    payback_from_ts: int = 0
    bought: Bought | None = None
    circuits: tuple[CircuitReport, ...] = ()
    comfort_minutes_lost: float | None = None
    comfort_minutes_beyond_limits: float | None = None
    comfort_vens: int = 0
    cuts: tuple[Cut, ...] = ()
    loads_up: bool = False
    notes: tuple[str, ...] = ()

    @property
    def shown_by(self) -> Baseline | None:
        """The baseline by which a delivery is shown: a twin's house without events, else what settles."""
        return "clone" if "clone" in self.delivered else self.settled_by

    @property
    def result(self) -> EventResult | None:
        """The report in short; None where it is not known what was delivered, or none of it ran."""
        baseline = self.shown_by
        delivered = self.delivered.get(baseline) if baseline is not None else None
        if baseline is None or delivered is None or self.end_ts <= self.start_ts:
            return None
        return EventResult(
            requested_kw=self.requested_kw, delivered_kw=delivered.delivered_kw, baseline=baseline
        )


def read_report(stored: JsonObject) -> EventReport:
    """A report as it was stored, also by a version that wrote aliases."""
    return msgspec.convert(codec.canonical_for(EventReport, stored), EventReport)
