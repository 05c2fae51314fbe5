"""The moments that a resident is told of: what the VEN is in now, held against what was told. Pure.

    event, by the phase that the VEN has announced      told
    ──────────────────────────────────────────────      ─────────────────────────────────
    not told of yet, not over                           announced
    other times or signals, or a tenth more or less     revised
    active                                              begun
    completed, or opted out while it ran                ended, with kWh and money
    cancelled                                           cancelled

The difference alone tells: a VEN that was off, or killed between two steps, tells the same once it is back,
and nothing twice. An event that came and went while nobody looked is not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

import msgspec

from contracts.wire.events import Interval, Phase
from contracts.wire.ids import EventId, VenId
from contracts.wire.notification_text import duration_text, request_text, time_text
from contracts.wire.notifications import Notification, NotificationKind
from contracts.wire.plain_text import plain_line
from contracts.wire.shadow import OptOut
from ven_twin.control.event_history import PastEvent
from ven_twin.control.schedule import OVER, ScheduledEvent
from ven_twin.house.tariff import Tariff

CHANGED_SHARE = 0.1
"""A value that moves by less is not told. Interpretation: a running event is shared out each minute."""
KW_DIGITS, KWH_DIGITS, MONEY_DIGITS = 2, 3, 2
LEAST_SHOWN_KWH = 0.1
"""Less than this is shown with another digit."""
PRICE_STEP_S = 300


class NotifiedEvent(msgspec.Struct, frozen=True):
    """An event as it was last told: its start, its intervals, and whether it had begun or was over."""

    start_ts: int
    intervals: tuple[Interval, ...]
    begun: bool = False
    over: bool = False


class NotifiedState(msgspec.Struct, frozen=True):
    """Everything that was told so far: events by id, the opt-out, and since when the link is told lost."""

    events: dict[EventId, NotifiedEvent] = {}
    opted_out: bool = False
    lost_ts: float | None = None


class VenReading(NamedTuple):
    """A VEN at an instant, as far as a resident is told of it.

    Attributes:
        ven_id: the VEN.
        now_ts: its time, UTC s.
        scheduled: the events that it holds.
        past: the events that are over, with what its meter has of them.
        opt_out: the opt-out in force, or None.
        down_ts: since when it has had no link to its cloud, UTC s; None while it has one.
        zone: the time zone of the house.
        tariff: the tariff of the house file, or None.
    """

    ven_id: VenId
    now_ts: float
    scheduled: Iterable[ScheduledEvent]
    past: Iterable[PastEvent]
    opt_out: OptOut | None
    down_ts: float | None
    zone: tzinfo = UTC
    tariff: Tariff | None = None


def changes_since(
    notified: NotifiedState, ven: VenReading, link_after_s: float
) -> tuple[NotifiedState, list[Notification]]:
    """Tell what *ven* owes to whoever was *notified* so far: what is told then, and the notifications."""
    events, notifications = dict[EventId, NotifiedEvent](), list[Notification]()
    past = {event.event_id: event for event in ven.past}
    for scheduled in sorted(ven.scheduled, key=lambda one: one.start_ts):
        event_id = scheduled.event.event_id
        before = notified.events.get(event_id)
        if scheduled.announced is None or scheduled.expired:
            after = before
        else:
            after = _of_event(ven, scheduled, before, past.get(event_id), notifications)
        if after is not None:
            events[event_id] = after
    opted_out = ven.opt_out is not None
    if opted_out != notified.opted_out:
        notifications.append(_of_opt_out(ven))
    lost_ts = notified.lost_ts
    if lost_ts is None and ven.down_ts is not None and ven.now_ts - ven.down_ts >= link_after_s:
        lost_ts = ven.down_ts
        notifications.append(_of_loss(ven, lost_ts))
    elif lost_ts is not None and ven.down_ts is None:
        notifications.append(_of_return(ven, lost_ts))
        lost_ts = None
    return NotifiedState(events, opted_out, lost_ts), notifications


def _of_event(
    ven: VenReading,
    scheduled: ScheduledEvent,
    before: NotifiedEvent | None,
    past: PastEvent | None,
    notifications: list[Notification],
) -> NotifiedEvent | None:
    """Append what is owing of an event; returns what is told of it then, None of what is never told."""
    phase, event = scheduled.announced, scheduled.event
    if before is None and phase in OVER:
        return None
    if before is not None and before.over:
        return before
    terms = NotifiedEvent(int(scheduled.start_ts), event.intervals)
    if phase in OVER:
        assert before is not None  # noqa: S101 - see above
        over = _over(ven, scheduled, before, past)
        notifications += [] if over is None else [over]
        return msgspec.structs.replace(before, over=True)
    if before is None:
        text = f"An event calls this house: {_request(ven, scheduled)}."
        notifications.append(_event(ven, scheduled, NotificationKind.ANNOUNCED, text, terms.start_ts))
    elif _changed(before, terms):
        text = f"The event has changed: {_request(ven, scheduled)}."
        notifications.append(_event(ven, scheduled, NotificationKind.REVISED, text, event.revision))
    else:
        terms = before
    begun = before is not None and before.begun and phase is Phase.ACTIVE
    if phase is Phase.ACTIVE and not begun:
        text = f"The event has begun: {_request(ven, scheduled)}."
        notifications.append(_event(ven, scheduled, NotificationKind.BEGUN, text, terms.start_ts))
    return msgspec.structs.replace(terms, begun=phase is Phase.ACTIVE)


def _changed(before: NotifiedEvent, after: NotifiedEvent) -> bool:
    """True of another time or signal, or of a value that has moved by a tenth."""
    if before.start_ts != after.start_ts or len(before.intervals) != len(after.intervals):
        return True
    for old, new in zip(before.intervals, after.intervals, strict=True):
        if (old.duration_s, old.signal) != (new.duration_s, new.signal):
            return True
        if abs(new.value - old.value) > CHANGED_SHARE * max(abs(old.value), abs(new.value)):
            return True
    return False


def _over(
    ven: VenReading, scheduled: ScheduledEvent, before: NotifiedEvent, past: PastEvent | None
) -> Notification | None:
    """The end of an event; None of one that the resident left before it began, who is told of the opt-out."""
    phase = scheduled.announced
    if phase is Phase.OPTED_OUT and not before.begun:
        return None
    end_ts = int(ven.now_ts if past is None else past.end_ts)
    figures = {} if past is None else _figures(ven, past)
    reason = "optedOut" if phase is Phase.OPTED_OUT else None
    if phase is Phase.CANCELLED:
        text, kind = "The event was cancelled", NotificationKind.CANCELLED
    else:
        left = " when the resident left it" if reason else ""
        text, kind = f"The event has ended{left}", NotificationKind.ENDED
    text = f"{text}{_result(figures)}."
    ended = _event(ven, scheduled, kind, text, end_ts)
    intervals = before.intervals  # of a cancellation there are none any more
    return msgspec.structs.replace(ended, intervals=intervals, end_ts=end_ts, reason=reason, **figures)


def _figures(ven: VenReading, past: PastEvent) -> dict[str, Any]:
    """The meter's figures of an event that was acted on, and their money where there is a tariff.

    The pay is to be expected, no more: a program pays by its baseline, which the VEN does not know.
    """
    if past.delivered_kwh is None or past.delivered_kw is None:
        return {}
    figures: dict[str, Any] = {
        "requested_kw": None if past.requested_kw is None else round(past.requested_kw, KW_DIGITS),
        "delivered_kw": round(past.delivered_kw, KW_DIGITS),
        "delivered_kwh": round(past.delivered_kwh, KWH_DIGITS),
    }
    tariff = ven.tariff
    if tariff is None:
        return figures
    price = _mean_price(tariff, past.start_ts, past.end_ts, ven.zone)
    figures |= {"saved": round(price * past.delivered_kwh, MONEY_DIGITS) + 0.0, "currency": tariff.currency}
    if tariff.incentive_kwh is not None:
        figures["expected_pay"] = (
            round(tariff.incentive_kwh * max(0.0, past.delivered_kwh), MONEY_DIGITS) + 0.0
        )
    return figures


def _mean_price(tariff: Tariff, from_ts: float, to_ts: float, zone: tzinfo) -> float:
    """The mean price of a kWh over a time. Interpretation: what was shed was shed evenly."""
    steps = max(1, int((to_ts - from_ts) // PRICE_STEP_S))
    times = (from_ts + (to_ts - from_ts) * (step + 0.5) / steps for step in range(steps))
    return sum(tariff.price_at(datetime.fromtimestamp(ts, zone)) for ts in times) / steps


def _result(figures: Mapping[str, Any]) -> str:
    delivered_kwh = figures.get("delivered_kwh")
    if delivered_kwh is None:
        return ""
    words = "less" if delivered_kwh >= 0 else "more"
    money = [
        f"{figures[name]:.2f} {figures['currency']} {words_of}"
        for name, words_of in (("saved", "saved so far"), ("expected_pay", "of pay to expect"))
        if name in figures
    ]
    kwh = (
        f"{abs(delivered_kwh):.2f}" if abs(delivered_kwh) >= LEAST_SHOWN_KWH else f"{abs(delivered_kwh):.3f}"
    )
    return ", ".join([f": {kwh} kWh {words} were drawn", *money])


def _request(ven: VenReading, scheduled: ScheduledEvent) -> str:
    return f"{request_text(scheduled.event.intervals)} from {time_text(scheduled.start_ts, ven.zone)}"


def _event(
    ven: VenReading, scheduled: ScheduledEvent, kind: NotificationKind, text: str, key: int
) -> Notification:
    event = scheduled.event
    return Notification(
        id=f"{ven.ven_id}/{event.event_id}/{kind}/{key}",
        kind=kind,
        ts=int(ven.now_ts),
        text=text,
        ven_id=ven.ven_id,
        event_id=event.event_id,
        revision=event.revision,
        start_ts=int(scheduled.start_ts),
        end_ts=int(scheduled.end_ts),
        intervals=event.intervals,
    )


def _of_opt_out(ven: VenReading) -> Notification:
    left, now_ts = ven.opt_out, int(ven.now_ts)
    if left is None:
        kind, text = NotificationKind.OPTED_IN, "This house takes part in events again."
        return Notification(
            id=f"{ven.ven_id}/{kind}/{now_ts}", kind=kind, ts=now_ts, text=text, ven_id=ven.ven_id
        )
    until = "" if left.until_ts is None else f" until {time_text(left.until_ts, ven.zone)}"
    return Notification(
        id=f"{ven.ven_id}/{NotificationKind.OPTED_OUT}/{now_ts}",
        kind=NotificationKind.OPTED_OUT,
        ts=now_ts,
        text=f"This house takes no part in events{until}.",
        ven_id=ven.ven_id,
        reason=plain_line(left.reason),
        until_ts=left.until_ts,
    )


def _of_loss(ven: VenReading, lost_ts: float) -> Notification:
    return Notification(
        id=f"{ven.ven_id}/{NotificationKind.LINK_LOST}/{int(lost_ts)}",
        kind=NotificationKind.LINK_LOST,
        ts=int(lost_ts),
        text=f"This house has had no link to its utility since {time_text(lost_ts, ven.zone)}.",
        ven_id=ven.ven_id,
    )


def _of_return(ven: VenReading, lost_ts: float) -> Notification:
    away_s = max(0, round(ven.now_ts - lost_ts))
    return Notification(
        id=f"{ven.ven_id}/{NotificationKind.LINK_BACK}/{int(lost_ts)}",
        kind=NotificationKind.LINK_BACK,
        ts=int(ven.now_ts),
        text=f"The link to the utility is back after {duration_text(away_s)}.",
        ven_id=ven.ven_id,
        away_s=away_s,
    )
