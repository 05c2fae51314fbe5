"""Events that are over: what they asked for, and how many of them are kept."""

from __future__ import annotations

import msgspec
import pytest

from contracts.wire.events import Phase, Signal
from tests.support.ven_states import NOW, event
from ven_twin.control.event_history import PAST_MAX, Meter, PastEvent, past_event, requested_kwh, with_past
from ven_twin.control.schedule import EventOrigin, ScheduledEvent


def held(*durations_s: int, signal: Signal = Signal.SHED_KW, offset_s: float = 0.0) -> ScheduledEvent:
    """An event of 2 kW, as this VEN holds it."""
    return ScheduledEvent(event(durations_s=durations_s, signal=signal), EventOrigin.SHADOW, offset_s)


@pytest.mark.parametrize(
    ("until_s", "kwh"), [(-60, 0.0), (0, 0.0), (900, 0.5), (1800, 1.0), (2700, 1.5), (9000, 1.5)]
)
def test_an_event_asked_for_its_kw_as_long_as_it_ran(until_s: float, kwh: float) -> None:
    """2 kW for half an hour and a quarter: nothing before its start, nothing more after its end."""
    assert requested_kwh(held(1800, 900), NOW + until_s) == pytest.approx(kwh)


def test_what_an_event_asked_for_counts_from_its_randomised_start() -> None:
    """Ten minutes late here, it asked for ten minutes less by the same time."""
    assert requested_kwh(held(1800, offset_s=600.0), NOW + 900) == pytest.approx(2.0 * 300 / 3600)


@pytest.mark.parametrize("signal", [Signal.LEVEL, Signal.IMPORT_LIMIT_KW])
def test_an_event_that_asks_for_no_kw_has_no_energy_that_it_asked_for(signal: Signal) -> None:
    """A level or a limit is no amount to take off, and neither is the sum of one with a power to shed."""
    assert requested_kwh(held(600, signal=signal), NOW + 600) is None
    power, other = held(600).event, held(600, signal=signal).event
    mixed = msgspec.structs.replace(power, intervals=power.intervals + other.intervals)
    assert requested_kwh(ScheduledEvent(mixed, EventOrigin.SHADOW, 0.0), NOW + 1200) is None


def test_events_that_are_over_are_kept_newest_first_once_each_and_bounded() -> None:
    """A repeat moves an event to the front; of more than twenty the oldest is forgotten."""
    events = [
        PastEvent(event_id=f"e{n}", start_ts=NOW, end_ts=NOW + n, ended=Phase.COMPLETED)
        for n in range(PAST_MAX + 1)
    ]
    past: tuple[PastEvent, ...] = ()
    for one in events:
        past = with_past(past, one)
    assert [one.event_id for one in past] == [f"e{n}" for n in range(PAST_MAX, 0, -1)]
    again = with_past(past, events[PAST_MAX - 1])
    assert [one.event_id for one in again[:2]] == [f"e{PAST_MAX - 1}", f"e{PAST_MAX}"]
    assert len(again) == PAST_MAX == 20


@pytest.mark.parametrize(
    ("phase", "ends_in_s", "kwh", "reason"),
    [
        (Phase.COMPLETED, 600.0, 2.0 * 600 / 3600, None),
        (Phase.CANCELLED, 700.0, 2.0 * 600 / 3600, None),
        (Phase.OPTED_OUT, 700.0, 2.0 * 600 / 3600, "economic"),
    ],
)
def test_an_event_that_is_over_says_how_it_ended(
    phase: Phase, ends_in_s: float, kwh: float, reason: str | None
) -> None:
    """Completed it ended at its own end; left, when it was left, and only an opt-out has a reason."""
    metered = Meter().count({"ev1": 1.0}, 3.0, 360.0)
    past = past_event(held(600), phase, metered, 2.0, now_ts=NOW + 700.0, reason="economic")
    assert (past.ended, past.end_ts, past.reason) == (phase, NOW + ends_in_s, reason)
    assert past.requested_kwh == pytest.approx(kwh)
    assert (past.delivered_kw, past.delivered_kwh) == pytest.approx((2.0, 0.2))


def test_an_event_that_was_never_acted_on_has_no_figures() -> None:
    """What was left before its start asked for nothing and delivered nothing."""
    past = past_event(held(600), Phase.CANCELLED, None, None, now_ts=NOW + 60.0)
    assert (past.requested_kw, past.requested_kwh, past.delivered_kw, past.delivered_kwh) == (None,) * 4
