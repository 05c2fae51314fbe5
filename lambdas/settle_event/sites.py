"""The sites of an event's VENs: their calendars, and the other events that each was called for of late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from contracts.openadr.oadr_vens import is_oadr_ven
from contracts.store.definitions import groups_by_ven
from contracts.store.keys import EVENT_SORT_KEY
from contracts.wire.ids import EventId, GroupName, VenId
from lambdas.settle_event.calendars import site_calendar
from lambdas.settle_event.logic.day_types import UTC_CALENDAR, SiteCalendar
from lambdas.settle_event.logic.evidence import ReportedComfort
from lambdas.settle_event.logic.other_events import OtherEvent
from lambdas.settle_event.logic.rules import LOOK_BACK_DAYS
from lambdas.shared import rows
from lambdas.shared.group_book import GroupBook
from lambdas.shared.power_traces import Window
from lambdas.shared.rows import DAY_S, EventRow
from lambdas.shared.tables import Table


class _SiteRow(msgspec.Struct, rename="camel", frozen=True):
    """The site in a VEN's row. *time_zone_before* was in force until *time_zone_ts*, UTC s."""

    ven_id: VenId
    time_zone: str | None = None
    time_zone_before: str | None = None
    time_zone_ts: float | None = None
    counted_events: tuple[EventId, ...] = ()
    last_event_comfort: ReportedComfort | None = None
    oadr_tells_baseline: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """A VEN's calendar, its zone's name, the events that it was called for, and notes on these.

    *weather_from* is the VEN whose outdoor temperature stands for it, where its own rows tell none. *comfort*
    is what the VEN says that the event took, where it says so of this one. *has_clone* is false of a VEN of
    OpenADR that never reported what it would have drawn.
    """

    calendar: SiteCalendar = UTC_CALENDAR
    zone_name: str = "UTC"
    weather_from: VenId | None = None
    events: tuple[OtherEvent, ...] = ()
    notes: tuple[str, ...] = ()
    comfort: ReportedComfort | None = None
    has_clone: bool = True


@dataclass(frozen=True, slots=True)
class Sites:
    """Reads sites. *zone_name* is of VENs that report none, *holidays_name* of all.

    *weather* is, by VEN or group, the VEN whose outdoor temperature it is under.
    """

    vens: Table
    events: Table
    groups: GroupBook
    zone_name: str
    holidays_name: str
    weather: Mapping[str, VenId]

    def of(self, ven_ids: Iterable[VenId], event: EventRow) -> dict[VenId, Site]:
        """The sites of VENs for the settlement of *event*; a VEN without a row has none."""
        site_rows = [
            msgspec.convert(item, _SiteRow)
            for item in self.vens.get_many(list(ven_ids), rows.attributes(_SiteRow))
        ]
        called = self._called({event_id for row in site_rows for event_id in row.counted_events}, event)
        groups = groups_by_ven(self.groups.members_of(self.weather))
        return {row.ven_id: self._site(row, event, called, groups.get(row.ven_id, ())) for row in site_rows}

    def _called(self, event_ids: set[EventId], event: EventRow) -> dict[EventId, OtherEvent]:
        """The events under *event_ids* that any baseline of *event* might look at."""
        names = sorted(event_ids - {event.event_id})
        wanted = rows.attributes(EventRow)
        headers = rows.read_all(EventRow, self.events.get_many(names, wanted, sort=EVENT_SORT_KEY))
        since_ts = event.start_ts - (LOOK_BACK_DAYS + 1) * DAY_S
        return {
            header.event_id: OtherEvent(header.event_id, Window(header.start_ts, header.over_ts))
            for header in headers
            if header.over_ts >= since_ts and header.over_ts > header.start_ts
        }

    def _site(
        self,
        row: _SiteRow,
        event: EventRow,
        called: Mapping[EventId, OtherEvent],
        groups: Sequence[GroupName],
    ) -> Site:
        reported = _zone_then(row, event.start_ts)
        name, notes = reported or self.zone_name, []
        try:
            calendar = self._calendar(name, event)
        except ValueError:
            notes = [f"timeZone {name!r} is no time zone: settled by {self.zone_name}"]
            name, calendar = self.zone_name, self._calendar(self.zone_name, event)
        if _changed_of_late(row, event.start_ts):
            notes.append(_change_note(row, name))
        others = tuple(called[event_id] for event_id in row.counted_events if event_id in called)
        named = [self.weather[key] for key in (row.ven_id, *groups) if key in self.weather]
        weather_from = named[0] if named else None
        comfort = row.last_event_comfort
        of_event = comfort if comfort is not None and comfort.event_id == event.event_id else None
        has_clone = row.oadr_tells_baseline or not is_oadr_ven(row.ven_id)
        return Site(calendar, name, weather_from, others, tuple(notes), of_event, has_clone)

    def _calendar(self, zone_name: str, event: EventRow) -> SiteCalendar:
        first = event.start_ts - (LOOK_BACK_DAYS + 1) * DAY_S
        years = {datetime.fromtimestamp(at_ts, UTC).year for at_ts in (first, event.start_ts + DAY_S)}
        return site_calendar(zone_name, self.holidays_name, tuple(sorted(years)))


def _zone_then(row: _SiteRow, start_ts: float) -> str | None:
    """The time zone that a VEN had at an event's start, as it reported it; None when it reported none."""
    later = row.time_zone_ts is not None and row.time_zone_ts > start_ts
    return row.time_zone_before if later else row.time_zone


def _changed_of_late(row: _SiteRow, start_ts: float) -> bool:
    """Tell a time zone that has changed since the oldest day that a baseline of an event may look at."""
    return row.time_zone_ts is not None and row.time_zone_ts >= start_ts - LOOK_BACK_DAYS * DAY_S


def _change_note(row: _SiteRow, name: str) -> str:
    changed = f"{datetime.fromtimestamp(row.time_zone_ts or 0.0, UTC):%Y-%m-%d %H:%M} UTC"
    zones = f"from {row.time_zone_before or 'none'} to {row.time_zone or 'none'}"
    return f"timeZone changed {zones} at {changed}: all days are by {name}"
