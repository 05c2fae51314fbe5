"""The adapters of `settle_event`: events and their plans, acks, telemetry, the VENs' rows, the shadows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from contracts.api.programs import Program
from contracts.api.reports import (
    DEFAULT_BASELINE,
    PAYBACK_AFTER_S,
    EventReport,
    VenReport,
    read_report,
)
from contracts.api.requests import UNSHARED
from contracts.store.keys import (
    EVENTS,
    REPORT_SORT_KEY,
    TELEMETRY,
    VENS,
    Key,
    ven_sort_key,
)
from contracts.store.plans import Plan
from contracts.wire import codec
from contracts.wire.ids import EventId, VenId
from lambdas.settle_event.history import History
from lambdas.settle_event.logic.day_baselines import WEATHER_REGRESSION
from lambdas.settle_event.logic.days import DayProfile, frame_of, past_days
from lambdas.settle_event.logic.evidence import SettlementContext, VenEvidence
from lambdas.settle_event.logic.notes import of_settlement
from lambdas.settle_event.logic.other_events import REBOUND_S, with_booked
from lambdas.settle_event.logic.report import (
    report_event,
    report_item,
    settlement_context,
    too_large,
    without_vens,
)
from lambdas.settle_event.logic.timeline import VenTimeline, event_timeline
from lambdas.settle_event.logic.ven_acks import VenAcks
from lambdas.settle_event.logic.ven_report import MeasuredVen, measure_ven, unmeasured_ven
from lambdas.settle_event.logic.weather import NO_WEATHER, SiteWeather
from lambdas.settle_event.performance_records import PerformanceRecords
from lambdas.settle_event.settings import SettleSettings
from lambdas.settle_event.sites import Site, Sites
from lambdas.shared import clients, clock, parallel
from lambdas.shared.event_book import EventBook
from lambdas.shared.group_book import GroupBook
from lambdas.shared.invocation import count, logger
from lambdas.shared.notifications import Notifier
from lambdas.shared.power_traces import Trace, Window
from lambdas.shared.program_book import ProgramBook
from lambdas.shared.rows import EventRow
from lambdas.shared.shadows import Shadows
from lambdas.shared.tables import Condition, Table
from lambdas.shared.ven_traces import OF_ONE_VEN, ven_trace

HISTORY_SHARE = 0.35
"""The share of the remaining time for making days from rows; the rest is for the event itself."""
TELL_S = 10.0
"""The time for telling a result: each message has two attempts of 3 s."""
AFTER_FRAME_S = 900
"""The time past a frame that is read with it, so that its last quarter hour has the row that ends in it."""
NOT_MEASURED = "its part could not be worked out from what is stored of it: nothing of it counts"


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report as it stands; *done* once all that follows from it is done."""

    report: EventReport
    done: bool


@dataclass(frozen=True, slots=True)
class SettleAdapters:
    """Adapters of one invocation."""

    events: Table
    telemetry: Table
    vens: Table
    shadows: Shadows
    programs: ProgramBook
    groups: GroupBook
    notifier: Notifier
    time_zone: str
    holidays: str
    weather: Mapping[str, VenId]

    def sites(self, event: EventRow) -> Sites:
        """The sites of VENs, with the holidays of *event*'s program."""
        rules = self._rules(event)
        holidays = (rules and rules.holidays) or self.holidays
        return Sites(self.vens, self.events, self.groups, self.time_zone, holidays, self.weather)

    def _rules(self, event: EventRow) -> Program | None:
        """The program as it was when the event was last revised; the one of now where its header tells none.

        None where there is no such program any more.
        """
        if event.baseline is not None and event.holidays is not None:
            return Program(program=event.program, baseline=event.baseline, holidays=event.holidays)
        rules = self.programs.program(event.program)
        if event.baseline is None:
            return rules
        return Program(
            program=event.program, baseline=event.baseline, holidays=rules.holidays if rules else None
        )

    @property
    def book(self) -> EventBook:
        """The events and their plans."""
        return EventBook(self.events)

    def stored_report(self, event_id: EventId) -> StoredReport | None:
        """The report, once there is one."""
        item = self.events.get(Key(event_id, REPORT_SORT_KEY))
        return None if item is None else StoredReport(read_report(item["report"]), "doneTs" in item)

    def settle(self, event: EventRow, plans: Sequence[Plan], *, now: float, left_s: float) -> EventReport:
        """Work out the report. *left_s* is how long this may take altogether."""
        timeline = event_timeline(event, plans)
        context = settlement_context(event, timeline)
        sites, rules = self.sites(event).of(timeline.vens, event), self._rules(event)
        acks = self.book.ven_items(event.event_id)
        baseline = rules.baseline if rules else DEFAULT_BASELINE
        until_ts = clock.utc_now() + HISTORY_SHARE * left_s
        history = History(self.telemetry, now, until_ts, all_days=baseline == WEATHER_REGRESSION)

        def one(ven: tuple[VenId, VenTimeline], sky: SiteWeather = NO_WEATHER) -> tuple[MeasuredVen, bool]:
            ven_id, of_ven = ven
            about = (sites.get(ven_id, Site()), VenAcks.of(acks.get(ven_id, {})), sky)
            try:
                return self._measured(ven_id, of_ven, context, history, about)
            except OF_ONE_VEN as error:
                logger.error("VEN not measured", extra={"ven_id": ven_id, "error": type(error).__name__})
                count(VensNotMeasured=1)
                return unmeasured_ven(ven_id, of_ven, context, NOT_MEASURED), True

        called = list(timeline.vens.items())
        results = list(map(one, called[:1]))
        sky = results[0][0].weather if results else NO_WEATHER
        results += parallel.over(called[1:], partial(one, sky=sky))
        vens = [measured for measured, _ in results]
        zones = Counter(site.zone_name for site in sites.values()).most_common(1)
        zone_name = zones[0][0] if zones else self.time_zone
        report = report_event(
            event, plans, timeline, vens, baseline=baseline, settled_ts=int(now), zone_name=zone_name
        )
        notes = of_settlement(
            program=event.program if rules is None else None,
            cut_short=sum(not whole for _, whole in results),
            sites={ven_id: site.notes for ven_id, site in sites.items()},
        )
        return msgspec.structs.replace(report, notes=(*report.notes, *notes))

    def _measured(
        self,
        ven_id: VenId,
        timeline: VenTimeline,
        context: SettlementContext,
        history: History,
        about: tuple[Site, VenAcks, SiteWeather],
    ) -> tuple[MeasuredVen, bool]:
        """One VEN measured, and whether all of its days before could be read.

        *about* it are its site, its acks, and the weather of the first VEN, whose sky it may be under.
        """
        if context.frame.event.duration_s <= 0:
            return measure_ven(VenEvidence(ven_id, timeline, Trace.of(())), context), True
        site, acks, sky = about
        frame = frame_of(context.frame.event, site.calendar)
        profiles, whole = history.profiles(ven_id, frame)
        trace = self.trace(ven_id, _read_window(frame.window, timeline.window.end_ts, history.now_ts))
        weather, notes = _weather(trace, profiles), site.notes
        if not weather.outdoor_c and site.weather_from is not None:
            there, _ = history.profiles(site.weather_from, frame)
            weather = _weather(self.trace(site.weather_from, frame.window), there)
            notes = (*notes, f"by the outdoor temperature of {site.weather_from}")
        evidence = VenEvidence(
            ven_id,
            timeline,
            trace,
            past_days(with_booked(profiles, site.events), frame),
            acks,
            site.calendar,
            site.events,
            notes,
            weather.under(sky),
            site.comfort,
            site.has_clone,
        )
        return measure_ven(evidence, context), whole

    def store_report(
        self, report: EventReport, event: EventRow, *, instead_of: EventReport | None
    ) -> EventReport:
        """Store *report*, unless another settlement was faster; returns the one that stands."""
        if too_large(report):
            parallel.over(report.vens, lambda ven: self._store_ven(ven, event))
            report = without_vens(report)
        item = report_item(report, event.expires_ts)
        if instead_of is None:
            written = self.events.put_new(item)
        else:
            written = self.events.replace(item, when=Condition.unchanged("settledTs", instead_of.settled_ts))
        if written:
            return report
        stands = self.stored_report(event.event_id)
        return stands.report if stands else report

    def _store_ven(self, ven: VenReport, event: EventRow) -> None:
        values = {"venId": ven.ven_id, "report": msgspec.to_builtins(ven)}
        once = {"expiresTs": event.expires_ts}
        self.events.update(Key(event.event_id, ven_sort_key(ven.ven_id)), values, once=once)

    def follow_up(self, report: EventReport, event: EventRow, *, now: float, until_ts: float) -> None:
        """Count the event for its VENs, note the result for lists, tell it, and note that this is done.

        Each part may be repeated, so that a settlement which was cut short leaves nothing behind. With little
        time left the result is told by whoever settles next.
        """
        vens = self.ven_reports(report)
        if event.allocation != UNSHARED:  # whose value is no promise of the VEN's
            PerformanceRecords(self.vens).count(event.event_id, vens, report.settled_by)
        self.book.note_result(event, report.result)
        if self.notifier.is_on and until_ts - clock.utc_now() < TELL_S:
            return
        self.notifier.tell_settled(event, report, vens, now=now)
        self.events.update(Key(event.event_id, REPORT_SORT_KEY), {"doneTs": int(now)})

    def ven_reports(self, report: EventReport) -> Sequence[VenReport]:
        """The VENs' parts, from where they stand when the report was too large for one item."""
        if report.vens:
            return report.vens
        items = self.book.ven_items(report.event_id).values()
        return [msgspec.convert(item["report"], VenReport) for item in items if "report" in item]

    def trace(self, ven_id: VenId, window: Window) -> Trace:
        """The VEN's rows of *window*, and of an event just before, which still has its rebound in it."""
        return ven_trace(self.telemetry, ven_id, window, lead_s=REBOUND_S)


def open_adapters(needs: SettleSettings) -> SettleAdapters:
    """The adapters of this sandbox."""
    events = clients.table(needs.events_table, EVENTS)
    return SettleAdapters(
        events=events,
        telemetry=clients.table(needs.telemetry_table, TELEMETRY),
        vens=clients.table(needs.vens_table, VENS),
        shadows=Shadows(clients.iot_data()),
        programs=ProgramBook(events),
        groups=GroupBook(events),
        notifier=Notifier(clients.sns(), needs.notifications_topic, events),
        time_zone=needs.time_zone,
        holidays=needs.holidays,
        weather=msgspec.convert(codec.load_object(needs.weather), dict[str, VenId]),
    )


def _read_window(frame: Window, over_ts: float, now: float) -> Window:
    """The time whose rows are read for a VEN: its frame, and the day after the event once that is stored."""
    whole_ts = over_ts + PAYBACK_AFTER_S
    return Window(frame.start_ts, whole_ts if now >= whole_ts else frame.end_ts + AFTER_FRAME_S)


def _weather(trace: Trace, profiles: Mapping[int, DayProfile]) -> SiteWeather:
    """The weather that a VEN tells, in its days before and in its rows."""
    return SiteWeather.of_site({day: profile.outdoor_c for day, profile in profiles.items()}, trace.rows)
