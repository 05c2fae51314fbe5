"""Notifications: what became of an event, told to an operator's subscribers and to a resident's receiver.

    event      made ─▶ revised ─▶ begun ─▶ ended ─▶ settled            to operators, by SNS
                  └───────┬────────┴─▶ cancelled
    at a VEN   announced ─▶ revised ─▶ begun ─▶ ended                  to a resident, by the VEN's webhook
                  └───────────┬─────────┴─▶ cancelled
               optedOut, optedIn, linkLost, linkBack

Both have one shape, so that one receiver reads both. A notification may come twice: *id* is the same then.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from contracts.wire.events import Interval
from contracts.wire.ids import EventId, ProgramId, VenId


class NotificationKind(StrEnum):
    """The moment that a notification is of."""

    MADE = "made"
    """An operator made an event."""
    ANNOUNCED = "announced"
    """A VEN has an event that calls it."""
    REVISED = "revised"
    BEGUN = "begun"
    ENDED = "ended"
    CANCELLED = "cancelled"
    SETTLED = "settled"
    """An event has a report: at first a preliminary one, then the final one."""
    OPTED_OUT = "optedOut"
    OPTED_IN = "optedIn"
    LINK_LOST = "linkLost"
    """A VEN has been without its cloud for longer than its resident wants to let pass."""
    LINK_BACK = "linkBack"
    TEST = "test"


OPERATOR_KINDS = (
    NotificationKind.MADE,
    NotificationKind.REVISED,
    NotificationKind.BEGUN,
    NotificationKind.ENDED,
    NotificationKind.CANCELLED,
    NotificationKind.SETTLED,
)
"""The kinds that are published to operators; a test is sent to every subscriber whatever its filter."""
ANY_PROGRAM = "*"
"""The attribute `programId` of a test, which every filter by programs lets through."""
SUBJECT_MAX_CHARACTERS = 99
"""Source: Amazon SNS, Publish: a subject is UTF-8 without line breaks, less than 100 characters long."""
UNANSWERED_MAX = 50
"""So many VENs that have not answered are named. Interpretation: a message of some 4 KB."""


class Notification(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    """One moment. Fields that have nothing to tell are left out.

    Attributes:
        id: the same for each repeat, and for nothing else.
        kind: the moment.
        ts: when it was, UTC s.
        text: the same in a sentence.
        ven_id: the VEN that tells it; none where the cloud does.
        event_id: the event.
        program: the program that it is settled by.
        revision: the event's, when this was told.
        start_ts: its start, UTC s.
        end_ts: its end, UTC s.
        intervals: what it requests; a VEN's share of it where a VEN tells it.
        requested_kw: the most that it requests in an interval, kW; of a settled one the mean.
        dispatched_kw: kW that VENs were called for.
        delivered_kw: mean power that was delivered, kW; below zero it was the opposite.
        delivered_kwh: the energy of that; a VEN's by its meter.
        delivered_percent: delivered of requested.
        baseline: what the delivery was held against.
        preliminary: the report is made anew when what follows the event is stored.
        called: VENs that the event called.
        unanswered: VENs that were called and have not answered, the first `UNANSWERED_MAX`.
        unanswered_count: all of these.
        saved: money that the resident did not spend on energy, before any payback, by the tariff of the VEN.
        expected_pay: the program's pay for it by the same tariff, if its baseline were the VEN's own.
        currency: of both, ISO 4217.
        reason: why the VEN or its resident left, or why there is no link.
        until_ts: the end of an opt-out, UTC s; none where it lasts.
        away_s: how long the link was lost.
    """

    id: str
    kind: NotificationKind
    ts: int
    text: str
    ven_id: VenId | None = None
    event_id: EventId | None = None
    program: ProgramId | None = None
    revision: int | None = None
    start_ts: int | None = None
    end_ts: int | None = None
    intervals: tuple[Interval, ...] = ()
    requested_kw: float | None = None
    dispatched_kw: float | None = None
    delivered_kw: float | None = None
    delivered_kwh: float | None = None
    delivered_percent: int | None = None
    baseline: str | None = None
    preliminary: bool | None = None
    called: int | None = None
    unanswered: tuple[VenId, ...] = ()
    unanswered_count: int | None = None
    saved: float | None = None
    expected_pay: float | None = None
    currency: str | None = None
    reason: str | None = None
    until_ts: int | None = None
    away_s: int | None = None
