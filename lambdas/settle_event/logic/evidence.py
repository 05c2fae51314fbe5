"""The evidence of an event: its windows, and what is stored of each VEN. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from contracts.wire.ids import EventId, VenId
from lambdas.settle_event.logic.aftermath import bought_steps
from lambdas.settle_event.logic.day_types import UTC_CALENDAR, SiteCalendar
from lambdas.settle_event.logic.days import Frame, MatchedDay
from lambdas.settle_event.logic.measure import score_windows
from lambdas.settle_event.logic.other_events import OtherEvent
from lambdas.settle_event.logic.timeline import VenTimeline
from lambdas.settle_event.logic.ven_acks import VenAcks
from lambdas.settle_event.logic.weather import NO_WEATHER, SiteWeather
from lambdas.shared.power_traces import Trace, Window


@dataclass(frozen=True, slots=True)
class SettlementContext:
    """The windows of an event, the same for every VEN.

    Attributes:
        event_id: the event.
        requested_window: from the first request to the last; delivery is a mean over this time.
        frame: the quarter hours around the time in which any VEN took part.
        intervals: the stretches in which the operator requested the same.
        series: start, step and count of the means that are plotted.
        loads_up: True of an event that requests more power: what is drawn above a baseline is delivered.
    """

    event_id: EventId
    requested_window: Window
    frame: Frame
    intervals: tuple[Window, ...]
    series: tuple[float, float, int]
    loads_up: bool = False
    scored: tuple[Window, ...] = field(init=False)
    bought: tuple[int, int, int] = field(init=False)

    @property
    def sign(self) -> float:
        """The delivery of a kW less than the baseline: 1, or -1 where more was requested."""
        return -1.0 if self.loads_up else 1.0

    def band_kw(self, reduction_band_kw: tuple[float, float] | None) -> tuple[float | None, float | None]:
        """The band of a delivery, from the band of the reduction that it is."""
        if reduction_band_kw is None:
            return None, None
        low_kw, high_kw = sorted(self.sign * kw for kw in reduction_band_kw)
        return low_kw, high_kw

    def __post_init__(self) -> None:
        object.__setattr__(self, "bought", bought_steps(self.frame.event))
        object.__setattr__(self, "scored", score_windows(self.frame.event))


class ReportedComfort(msgspec.Struct, rename="camel", frozen=True):
    """Minutes beyond setpoints and limits because of an event, by the word of its VEN."""

    event_id: EventId
    minutes_lost: float
    minutes_beyond_limits: float | None = None


@dataclass(frozen=True, slots=True)
class VenEvidence:
    """The stored evidence of one VEN.

    Attributes:
        ven_id: the VEN.
        timeline: the event as it was dispatched to it.
        trace: its rows around the event.
        matched_days: days before of all kinds, without event or outage.
        acks: its acks of the event.
        calendar: of its site.
        booked: the other events that it was called for of late.
        site_notes: what a reader has to know of its calendar.
        weather: of its site, on these days and on the event's own.
        comfort: the minutes of comfort that it says the event has taken.
        has_clone: True where its rows say what it would have drawn.
    """

    ven_id: VenId
    timeline: VenTimeline
    trace: Trace
    matched_days: tuple[MatchedDay, ...] = ()
    acks: VenAcks = field(default_factory=VenAcks)
    calendar: SiteCalendar = UTC_CALENDAR
    booked: tuple[OtherEvent, ...] = ()
    site_notes: tuple[str, ...] = ()
    weather: SiteWeather = NO_WEATHER
    comfort: ReportedComfort | None = None
    has_clone: bool = True
