"""The notifications of a resident, over every course of events, restarts, failures and lost answers."""

from __future__ import annotations

import itertools
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.wire.events import DrEvent, Interval, Phase, Signal
from contracts.wire.ids import EventId, VenId
from contracts.wire.notifications import Notification, NotificationKind
from contracts.wire.shadow import OptOut
from ven_twin.control.schedule import EventOrigin, Schedule
from ven_twin.ven.webhook.changes import NotifiedState, VenReading, changes_since
from ven_twin.ven.webhook.store import AGE_MAX_S, ROWS_MAX, NotificationStore

VEN = VenId("ven-1")
START = 1_800_000_000
OVER_KINDS = {"ended", "cancelled"}
STEPS = st.lists(st.sampled_from(["put", "taken", "lost answer", "dead", "restart"]), max_size=60)


def notification(number: int) -> Notification:
    """One of many."""
    return Notification(id=f"n{number}", kind=NotificationKind.TEST, ts=START + number, text="")


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_notifications_come_in_order_and_none_is_lost_over_restarts(steps: list[str]) -> None:
    """However often the VEN restarts and its receiver fails, whoever drops repeats by id has each once."""
    with tempfile.TemporaryDirectory() as folder:
        store, numbers, came = NotificationStore(Path(folder)), itertools.count(), list[str]()
        put = 0

        def deliver(*, noted: bool) -> None:
            row = store.first(START)
            if row is not None:
                came.append(msgspec.json.decode(row.body, type=Notification).id)
                if noted:
                    store.done(row)

        for step in steps:
            if step == "put":
                put += 1
                assert store.put(NotifiedState(), [notification(next(numbers))], START)
            elif step in {"taken", "lost answer"}:
                deliver(noted=step == "taken")
            elif step == "restart":
                store.close()
                store = NotificationStore(Path(folder))
        while store.first(START) is not None:
            deliver(noted=True)
        store.close()
    assert list(dict.fromkeys(came)) == [f"n{number}" for number in range(put)]


def test_what_waits_is_bounded_in_number_and_in_age(tmp_path: Path) -> None:
    """The oldest go first, and nobody is told of the day before yesterday."""
    store = NotificationStore(tmp_path)
    store.put(NotifiedState(), [notification(number) for number in range(ROWS_MAX + 3)], START)
    assert store.count() == ROWS_MAX
    first = store.first(START)
    assert first is not None
    assert first.id == "n3"
    assert store.first(START + AGE_MAX_S + 1) is None
    store.close()


COURSES = st.lists(
    st.tuples(
        st.sampled_from(["offer", "revise", "cancel", "opt out", "opt in", "wait", "restart", "link"]),
        st.integers(0, 2),
        st.integers(0, 4000),
    ),
    max_size=40,
)


def event_of(number: int, revision: int, start_ts: int, value: float) -> DrEvent:
    """An event of ten minutes."""
    interval = Interval(duration_s=600, signal=Signal.SHED_KW, value=value)
    return DrEvent(
        event_id=EventId(f"e{number}"), revision=revision, start_ts=start_ts, intervals=(interval,)
    )


@settings(max_examples=150, deadline=None)
@given(course=COURSES)
def test_each_moment_of_an_event_is_told_once_and_in_its_order(course: list[tuple[str, int, int]]) -> None:
    """Announced first, its end last and once, no begin after the end; and no id twice, over restarts too."""
    schedule, notified, now, down, out = Schedule(), NotifiedState(), float(START), None, None
    revisions, sent = defaultdict[int, int](int), list[Notification]()
    for step, number, seconds in course:
        if step in {"offer", "revise"}:
            revisions[number] += 1
            event = event_of(number, revisions[number], int(now) + seconds, 1.0 + seconds % 3)
            schedule, _ = schedule.offer(event, EventOrigin.SHADOW, VEN, now)
        elif step == "cancel":
            revisions[number] += 1
            gone = msgspec.structs.replace(event_of(number, revisions[number], int(now), 1.0), intervals=())
            schedule, _ = schedule.offer(gone, EventOrigin.SHADOW, VEN, now)
        elif step == "opt out":
            out = OptOut()
            schedule = schedule.end(schedule.open_ids(now), Phase.OPTED_OUT, now)
        elif step == "opt in":
            out = None
        elif step == "link":
            down = now if down is None else None
        elif step == "restart":
            notified = msgspec.json.decode(msgspec.json.encode(notified), type=NotifiedState)
        now += seconds if step == "wait" else 1.0
        schedule, _ = schedule.announce(now)
        ven = VenReading(VEN, now, schedule.events.values(), (), out, down)
        notified, new = changes_since(notified, ven, 300.0)
        assert changes_since(notified, ven, 300.0)[1] == []
        sent += new
    ids = [each.id for each in sent]
    assert len(ids) == len(set(ids))
    _check_orders(sent)


def _check_orders(sent: list[Notification]) -> None:
    by_event = defaultdict[Any, list[str]](list)
    for each in sent:
        if each.event_id is not None:
            by_event[each.event_id].append(each.kind.value)
    for kinds in by_event.values():
        assert kinds[0] == "announced"
        assert kinds.count("announced") == 1
        assert not any(kind in OVER_KINDS for kind in kinds[:-1])
    links = [each.kind for each in sent if each.kind.value.startswith("link")]
    assert all(one is not other for one, other in itertools.pairwise(links))
