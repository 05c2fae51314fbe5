"""The days of the events table: by each UTC day the events that may have VENs on it, and a version.

Who makes a plan reads the days of its event, then the other events of these, then their plans; and commits
the event's header and its days in one transaction, on condition that no day has another version by now. Every
plan changes the version of its days. So of two that are made at once, in whatever order their steps come, one
finds its days changed, has changed nothing, and is made anew with the other in view: no kW is booked twice.

    A  reads day v7 ─── plans ─── commits: day v7 → v8, header A
    B       reads day v7 ───────── plans ─── commits: day is v8, not v7 ✗ ── reads day v8, header A, plans …

What frees VENs (a cancellation, a deletion) leaves the days alone: the headers say it, and are read anew.
The index by start is of no use here: what DynamoDB answers from an index may be older than what is committed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from contracts.store.keys import BOOKED_SORT_KEY, Key, booked_day
from contracts.store.plans import Plan
from contracts.wire import codec
from contracts.wire.ids import EventId
from lambdas.dispatch_event.logic import times
from lambdas.dispatch_event.logic.bookings import Bookings, Span, bookings_of
from lambdas.shared import answers, parallel
from lambdas.shared.event_book import EventBook, PlanMissingError, header_put
from lambdas.shared.rows import DAY_S, EventRow
from lambdas.shared.tables import Condition, Put

EVENTS_MAX = 3_000
"""Events of one day. Source: a DynamoDB item holds 400 KB; an event takes some 100 bytes at most."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day as it was read: its *version*, None before its first event, and the span of each event."""

    number: int
    version: int | None
    spans: Mapping[EventId, Span]


@dataclass(frozen=True, slots=True)
class DaysRead:
    """The days of a *span* of time, and the bookings of all other events that have VENs in it."""

    span: Span
    days: tuple[Day, ...]
    bookings: Bookings


@dataclass(frozen=True, slots=True)
class BookedDays:
    """The days of the events table. Errors of AWS pass through."""

    book: EventBook

    def read(self, event_id: EventId, span: Span, now: float) -> DaysRead:
        """The days of *span*, from *now* on, and what events other than *event_id* have booked in it.

        One read a day, nine days at the most; one a header and one a plan for each event that overlaps.
        """
        span = max(span[0], now), max(span[1], now)
        numbers = range(int(span[0] // DAY_S), int(span[1] // DAY_S) + 1)
        days = parallel.over(numbers, self._day)
        others = {
            other_id
            for day in days
            for other_id, (from_ts, to_ts) in day.spans.items()
            if other_id != event_id and from_ts < span[1] and to_ts > span[0]
        }
        booked = parallel.over(sorted(others), lambda other_id: self._booked(other_id, span))
        return DaysRead(span, tuple(days), bookings_of(pair for pair in booked if pair is not None))

    def commit(self, row: EventRow, read: DaysRead, *, instead_of: EventRow | None, now: float) -> bool:
        """Commit a header, new or in place of *instead_of*, and its days; False when any has changed since.

        Raises:
            RequestRefusedError: a day has as many events as it can.
        """
        unchanged = None if instead_of is None else instead_of.revision
        puts = [header_put(row, Condition.unchanged("revision", unchanged))]
        for day in read.days:
            spans = {other_id: span for other_id, span in day.spans.items() if span[1] > now}
            spans[row.event_id] = times.span(row)
            if len(spans) > EVENTS_MAX:
                date = datetime.fromtimestamp(day.number * DAY_S, UTC).date()
                raise answers.conflict(f"there are {EVENTS_MAX} events on {date} already", "startTs")
            item = {
                self.book.table.keys.partition: booked_day(day.number),
                "part": BOOKED_SORT_KEY,
                "version": (day.version or 0) + 1,
                "events": codec.encode(spans).decode(),
                "expiresTs": (day.number + 2) * DAY_S,
            }
            puts.append(Put(item, Condition.unchanged("version", day.version)))
        return self.book.table.put_all(puts)

    def _day(self, number: int) -> Day:
        item = self.book.table.get(Key(booked_day(number), BOOKED_SORT_KEY))
        if item is None:
            return Day(number, None, {})
        return Day(number, item["version"], msgspec.json.decode(item["events"], type=dict[EventId, Span]))

    def _booked(self, event_id: EventId, span: Span) -> tuple[EventRow, Plan] | None:
        """The event and its plan in force, when it has anything in *span*."""
        row = self.book.find(event_id)
        if row is None or row.cancelled_ts is not None or row.deleted_ts is not None:
            return None
        from_ts, to_ts = times.span(row)
        if from_ts >= span[1] or to_ts <= span[0]:
            return None
        try:
            return row, self.book.plan(row)
        except PlanMissingError:  # it has expired with its event
            return None
