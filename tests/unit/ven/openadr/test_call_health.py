"""The health of a VTN's calls: news that nobody told of says that nobody tells."""

from __future__ import annotations

import pytest

from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import OadrEvent
from contracts.openadr.times import date_time_text
from ven_twin.ven.openadr.book import BookedEvent, BookOfEvents
from ven_twin.ven.openadr.call_health import LATE_S, CallHealth

NOW_TS = 1_800_000_000.0


def event(changed_s: float) -> OadrEvent:
    """An event that was changed at that time."""
    return OadrEvent(
        id=ObjectId("e1"),
        created_date_time=date_time_text(NOW_TS),
        modification_date_time=date_time_text(NOW_TS + changed_s),
        program_id=ObjectId("p1"),
    )


@pytest.mark.parametrize(
    ("changed_s", "called_s", "is_missed"),
    [
        (100.0, None, True),
        (100.0, 101.0, False),
        (100.0, 99.0, True),
        (500.0 - LATE_S / 2, None, False),
        (-10.0, None, False),
    ],
)
def test_news_without_a_call_is_missed(changed_s: float, called_s: float | None, is_missed: bool) -> None:
    """Unless it is so new that the call is on its way, or older than the wish to be called."""
    health = CallHealth()
    health.began(NOW_TS)
    if called_s is not None:
        health.called(NOW_TS + called_s)
    assert health.missed(BookOfEvents(), [event(changed_s)], NOW_TS + 500.0) is is_missed


def test_nothing_is_missed_that_was_read_before_or_not_asked_for() -> None:
    """An event that is as it was is no news; who is not called cannot miss a call."""
    health, changed = CallHealth(), event(100.0)
    assert not health.missed(BookOfEvents(), [changed], NOW_TS + 500.0)
    health.began(NOW_TS)
    booked = BookOfEvents(events={changed.id: BookedEvent(event=changed, read_ts=NOW_TS)})
    assert not health.missed(booked, [changed], NOW_TS + 500.0)
    assert health.missed(BookOfEvents(), [changed], NOW_TS + 500.0)
    health.ended()
    assert not health.missed(BookOfEvents(), [changed], NOW_TS + 500.0)
