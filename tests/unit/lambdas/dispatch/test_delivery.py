"""The delivery of each VEN of a running event, as its latest row tells it or as it is expected."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts.api.resources import TelemetryRow
from lambdas.dispatch_event.logic.delivery import Delivery, deliveries, running_event, silence
from lambdas.dispatch_event.logic.eligibility import Reason, Unavailable
from lambdas.shared.rows import VenRow
from tests.unit.lambdas.dispatch.running import NOW, START, event, row_of, shed, ven, words_of


def delivery(
    latest: TelemetryRow | None,
    *,
    call_kw: float = 5.0,
    vens: tuple[VenRow, ...] = (ven("a"),),
    now: float = NOW,
    **fields: Any,
) -> Delivery:
    """The delivery of VEN *a* at *now*."""
    row, plan = event({"a": (call_kw,)}, shed(9.0), **fields)
    at = running_event(row, plan, now)
    assert at is not None
    rows = {} if latest is None else {"a": latest}
    return deliveries(at, {each.ven_id: each for each in vens}, rows)["a"]


@pytest.mark.parametrize(
    ("after_s", "found"),
    [(-1, None), (0, (0, START)), (599, (0, START)), (600, (1, START + 600)), (1199, (1, START + 600))],
)
def test_an_interval_is_in_force_from_its_start_until_the_next(
    after_s: int, found: tuple[int, int] | None
) -> None:
    """The first second of an interval belongs to it, and the first after it does not."""
    row, plan = event({}, shed(1.0, 2.0, duration_s=600))
    at = running_event(row, plan, float(START + after_s))
    assert (None if at is None else (at.index, at.since_ts)) == found


def test_no_interval_is_in_force_when_the_event_is_over() -> None:
    """The event's last second is over at its end."""
    row, plan = event({}, shed(1.0, 2.0, duration_s=600))
    assert running_event(row, plan, float(START + 1200)) is None


def test_what_remains_of_an_event_is_until_its_end() -> None:
    """55 of 60 minutes remain after five."""
    row, plan = event({}, shed(1.0))
    at = running_event(row, plan, NOW)
    assert at is not None
    assert at.remaining_s == 3300.0


def test_a_ven_that_was_taken_away_delivers_nothing() -> None:
    """A VEN without a row in the fleet any more counts as nothing, with the reason."""
    assert delivery(row_of("a", 5.0), vens=()) == Delivery(
        5000, 0.0, observed=True, unavailable=Unavailable(Reason.REMOVED)
    )


def test_a_ven_in_another_event_delivers_nothing_of_this_one() -> None:
    """A row of another event names that event as the reason; a row of none says that the VEN left."""
    elsewhere = delivery(row_of("a", 5.0, event_id="e2"))
    assert words_of(elsewhere.unavailable) == "in event e2"
    assert words_of(delivery(row_of("a", 5.0, event_id=None)).unavailable) == "left the event"
    assert elsewhere[:4] == (5000, 0.0, True, 1.0)


@pytest.mark.parametrize(
    ("unavailable_ven", "latest", "reason"),
    [
        (ven("a", online=False), row_of("a", 5.0), "offline"),
        (ven("a", enabled=False), row_of("a", 5.0), "disabled"),
        (ven("a"), row_of("a", 5.0, at_ts=NOW - 121), "silent for 121 s"),
        (ven("a"), None, "no telemetry"),
    ],
)
def test_a_ven_that_cannot_be_counted_on_delivers_nothing(
    unavailable_ven: VenRow, latest: TelemetryRow | None, reason: str
) -> None:
    """Whatever its latest row reports; and nothing says that it would follow a call any less."""
    delivers = delivery(latest, vens=(unavailable_ven,))
    assert words_of(delivers.unavailable) == reason
    assert delivers[:4] == (5000, 0.0, True, 1.0)


@pytest.mark.parametrize(
    ("shed_kw", "part"), [(5.0, 1.0), (4.0, 0.8), (2.0, 0.5), (7.5, 1.5), (20.0, 2.0), (0.0, 0.5)]
)
def test_the_share_seen_of_a_call_is_expected_within_half_and_twice(shed_kw: float, part: float) -> None:
    """Who delivered 80 % of its call is expected to deliver 80 % again; never below half nor above twice."""
    found = delivery(row_of("a", shed_kw))
    assert (found.dispatched_w, found.delivered_w, found.observed, found.expected_share) == (
        5000,
        shed_kw * 1000,
        True,
        part,
    )


def test_a_ven_that_is_called_for_nothing_is_expected_to_follow_a_call() -> None:
    """Nothing delivered of nothing called says nothing against the VEN."""
    assert delivery(row_of("a", 0.0), call_kw=0.0).expected_share == 1.0


@pytest.mark.parametrize(("after_s", "observed"), [(59, False), (60, True)])
def test_a_row_counts_two_report_intervals_after_the_call(after_s: int, observed: bool) -> None:
    """At 30 s between rows, a row of 60 s after the call is the first that lies wholly after it."""
    at = float(START + after_s)
    assert delivery(row_of("a", 1.0, at_ts=at), now=at).observed is observed


@pytest.mark.parametrize(("after_s", "observed"), [(9, False), (10, True)])
def test_a_row_counts_sooner_when_the_ven_reports_more_often(after_s: int, observed: bool) -> None:
    """At 5 s between rows, 10 s after the call are enough."""
    at = float(START + after_s)
    vens = (ven("a", report_interval_s=5.0),)
    assert delivery(row_of("a", 1.0, at_ts=at), vens=vens, now=at).observed is observed


@pytest.mark.parametrize(("received_s", "observed"), [(59.5, False), (60.0, True)])
def test_a_ven_whose_clock_is_ahead_is_not_judged_by_it(received_s: float, observed: bool) -> None:
    """A row's time is at most when the cloud received it."""
    last = msgspec.structs.replace(row_of("a", 1.0, at_ts=START + 90.0), received_ts=START + received_s)
    assert delivery(last, now=START + 90.0).observed is observed


def test_a_ven_whose_clock_is_slow_is_heard_when_the_cloud_hears_it() -> None:
    """20 min slow, its latest row received 5 s ago: it is not silent, and silent once nothing is received."""
    last = msgspec.structs.replace(row_of("a", 1.0, at_ts=NOW - 1205), received_ts=NOW - 5)
    assert silence(ven("a"), last, NOW) is None
    assert words_of(silence(ven("a"), last, NOW + 116)) == "silent for 121 s"


@pytest.mark.parametrize(
    ("skew_s", "after_s", "observed"),
    [(1200.0, 59, False), (1200.0, 60, True), (-600.0, 59, False), (-600.0, 60, True), (None, 60, False)],
)
def test_a_row_is_judged_by_the_time_that_the_cloud_s_clock_had(
    skew_s: float | None, after_s: int, observed: bool
) -> None:
    """Of a VEN whose clock is known to be off; another's row that is 20 min late had to wait."""
    at = START + after_s
    last = msgspec.structs.replace(
        row_of("a", 1.0, at_ts=at - (1200.0 if skew_s is None else skew_s)), received_ts=at + 0.4
    )
    vens = (ven("a", clock_skew_s=skew_s),)
    assert delivery(last, vens=vens, now=at + 1.0).observed is observed


def test_a_call_made_later_is_judged_later() -> None:
    """A VEN that was called again a minute ago is not judged by a row of 59 s after that call."""
    row, plan = event({"a": (5.0,)}, shed(9.0))
    later = msgspec.structs.replace(plan.assignments[0], since_ts=int(NOW) - 59)
    at = running_event(row, msgspec.structs.replace(plan, assignments=(later,)), NOW)
    assert at is not None
    assert deliveries(at, {"a": ven("a")}, {"a": row_of("a", 1.0)})["a"].observed is False


def test_a_call_without_a_time_is_as_old_as_its_plan() -> None:
    """An assignment of an older kind carries no time of its own; the plan's counts."""
    row, plan = event({"a": (5.0,)}, shed(9.0))
    bare = msgspec.structs.replace(plan.assignments[0], since_ts=None)
    late = msgspec.structs.replace(plan, assignments=(bare,), from_ts=NOW - 59)
    at = running_event(row, late, NOW)
    assert at is not None
    assert deliveries(at, {"a": ven("a")}, {"a": row_of("a", 1.0)})["a"].observed is False


def test_a_randomised_start_delays_the_judgement() -> None:
    """A VEN that starts later by its share of the randomisation is judged so much later."""
    row, plan = event(dict.fromkeys("abcdefgh", (5.0,)), shed(9.0), randomize_start_s=900)
    offsets_s = {each.ven_id: row.for_ven(each).start_offset_s(each.ven_id) for each in plan.assignments}
    late, offset_s = max(offsets_s.items(), key=lambda found: found[1])
    assert offset_s > 60
    for after_s, observed in ((offset_s + 59, False), (offset_s + 61, True)):
        at = running_event(row, plan, START + after_s)
        assert at is not None
        found = deliveries(at, {late: ven(late)}, {late: row_of(late, 1.0, at_ts=START + after_s)})
        assert found[late].observed is observed


def test_before_it_is_judged_a_ven_is_expected_to_deliver_as_it_did() -> None:
    """The share seen in this event goes before the performance of earlier ones, and that before all of it."""
    last, at = row_of("a", 0.0, at_ts=START + 30.0), START + 30.0
    vens = (ven("a", performance=0.8),)
    assert delivery(last, now=at).delivered_w == 5000
    assert delivery(last, now=at, vens=vens).delivered_w == pytest.approx(4000)
    found = delivery(last, now=at, vens=vens, seen={"a": 0.6})
    assert (found.delivered_w, found.expected_share, found.observed) == (pytest.approx(3000), 0.6, False)


@pytest.mark.parametrize(
    ("interval_s", "quiet_s", "why"),
    [
        (None, 120, None),
        (None, 121, "silent for 121 s"),
        (5.0, 20, None),
        (5.0, 21, "silent for 21 s"),
        (1.0, 5, None),
        (1.0, 6, "silent for 6 s"),
    ],
)
def test_silence_is_four_report_intervals_and_five_seconds_at_least(
    interval_s: float | None, quiet_s: int, why: str | None
) -> None:
    """A VEN that reports each second is not silent after four of them."""
    last = row_of("a", 1.0, at_ts=NOW - quiet_s)
    assert words_of(silence(ven("a", report_interval_s=interval_s), last, NOW)) == why


@pytest.mark.parametrize(
    ("called_s", "quiet_s", "why"),
    [
        (None, 360, None),
        (None, 361, "silent for 361 s"),
        (119, 360, None),
        (119, 361, "silent for 361 s"),
        (120, 121, "silent for 121 s"),
        (120, 120, None),
    ],
)
def test_a_ven_whose_rows_wait_for_each_other_is_not_silent_in_peace(
    called_s: int | None, quiet_s: int, why: str | None
) -> None:
    """Four minutes more, until it has been called for four rows: from then on each comes at once."""
    last = row_of("a", 1.0, at_ts=NOW - quiet_s)
    called_ts = None if called_s is None else NOW - called_s
    assert words_of(silence(ven("a", batch_s=240.0), last, NOW, called_ts=called_ts)) == why


def test_a_row_that_says_a_later_time_does_not_hide_silence() -> None:
    """A VEN whose clock is ahead is silent by when the cloud last heard it."""
    last = msgspec.structs.replace(row_of("a", 1.0, at_ts=NOW + 600), received_ts=NOW - 200)
    assert words_of(silence(ven("a"), last, NOW)) == "silent for 200 s"


@pytest.mark.parametrize(
    ("dispatched_w", "performance", "delivered_w", "short"),
    [
        (5000, 1.0, 4001, False),
        (5000, 1.0, 3999, True),
        (5000, 0.8, 3001, False),
        (5000, 0.8, 2999, True),
        (100, 1.0, 75, False),
        (100, 1.0, 74, True),
    ],
)
def test_a_ven_is_short_by_more_than_a_fifth_of_its_call(
    dispatched_w: int, performance: float, delivered_w: float, short: bool
) -> None:
    """Short is less than expected by a fifth of the call, or by half the least call where that is more."""
    assert Delivery(dispatched_w, delivered_w, observed=True).short(performance) is short


def test_a_ven_that_is_not_judged_yet_is_not_short() -> None:
    """What is expected and not seen is held against nobody."""
    assert Delivery(5000, 0.0, observed=False).short(1.0) is False


@pytest.mark.parametrize(("after_s", "silent"), [(1200, False), (1201, True)])
def test_silence_is_not_put_off_by_a_long_report_interval(after_s: int, silent: bool) -> None:
    """A VEN that claims to report once in thirty years is silent after four times five minutes."""
    slow = ven("a", report_interval_s=1e9)
    reason = silence(slow, row_of("a", 5.0), NOW + after_s)
    assert (reason is not None) is silent
