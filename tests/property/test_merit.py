"""Properties of calling a fleet in merit order."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from contracts.api.requests import DispatchEvent
from contracts.wire.events import Interval, Signal
from contracts.wire.shadow import OptOut
from lambdas.dispatch_event.logic.eligibility import LEAST_CALL_W, Offer, believed, rank_fleet
from lambdas.dispatch_event.logic.merit import call_in_order, top_up
from lambdas.dispatch_event.logic.plan import Planned, plan_event
from lambdas.shared.rows import VenRow

NOW = 1_800_000_000.0
OFFERS = st.lists(st.tuples(st.integers(LEAST_CALL_W, 20_000), st.floats(0.5, 1.0)), max_size=30).map(
    lambda found: [Offer(f"v{n:02d}", watts, part) for n, (watts, part) in enumerate(found)]
)
VENS = st.lists(
    st.builds(
        VenRow,
        ven_id=st.just("?"),
        online=st.sampled_from([True, True, True, False, None]),
        enabled=st.sampled_from([True, True, False, None]),
        opt_out=st.sampled_from([None, None, OptOut(), OptOut(until_ts=int(NOW) - 1)]),
        shed_availability_kw=st.none() | st.floats(0, 20),
        sustain_s=st.none() | st.floats(0, 20_000),
        performance=st.none() | st.floats(0, 1.2),
        dispatched_kwh=st.floats(0, 100),
    ),
    max_size=20,
).map(lambda found: [_named(ven, n) for n, ven in enumerate(found)])


def _named(ven: VenRow, number: int) -> VenRow:
    import msgspec  # noqa: PLC0415 - here alone

    return msgspec.structs.replace(ven, ven_id=f"ven-{number}")


def _planned(vens: list[VenRow], requested_kw: float, event_id: str = "e") -> Planned:
    interval = Interval(duration_s=3600, signal=Signal.SHED_KW, value=requested_kw)
    request = DispatchEvent(event_id=event_id, intervals=(interval,))
    return plan_event(request, event_id, vens, now=NOW, retention_days=30, token="t")


@given(st.integers(0, 400_000), OFFERS)
def test_nobody_is_called_beyond_its_offer_nor_for_too_little(requested_w: int, offers: list[Offer]) -> None:
    """A call lies between what is of use and the offer, unless all that is asked is less than that."""
    calls = call_in_order(requested_w, offers)
    by_id = {each.ven_id: each.offer_w for each in offers}
    assert all(0 < dispatched_w <= by_id[ven_id] for ven_id, dispatched_w in calls.items())
    small = [ven_id for ven_id, dispatched_w in calls.items() if dispatched_w < LEAST_CALL_W]
    before_has_none_to_spare = all(by_id[ven_id] < 3 * LEAST_CALL_W for ven_id in list(calls)[:-1][-1:])
    assert not small or requested_w < LEAST_CALL_W or before_has_none_to_spare


@given(st.integers(0, 400_000), OFFERS)
def test_what_can_be_expected_is_what_was_asked_or_all_there_is(
    requested_w: int, offers: list[Offer]
) -> None:
    """More is called than asked by what VENs are known not to deliver, and no more than that."""
    calls, part = call_in_order(requested_w, offers), {each.ven_id: each.performance for each in offers}
    expected_w = sum(dispatched_w * part[ven_id] for ven_id, dispatched_w in calls.items())
    there_is_w = sum(each.offer_w * each.performance for each in offers)
    assert abs(expected_w - min(requested_w, there_is_w)) <= 1.5


@given(st.integers(0, 400_000), OFFERS)
def test_all_but_the_last_are_called_for_all_that_they_offer(requested_w: int, offers: list[Offer]) -> None:
    """An event binds a VEN whole: of one VEN a part is left idle, and of the one before that made it room."""
    calls = call_in_order(requested_w, offers)
    offer_w = {each.ven_id: each.offer_w for each in offers}
    *others, before, last = [None, None, *calls]
    assert all(calls[ven_id] == offer_w[ven_id] for ven_id in others if ven_id)
    made_room_w = offer_w[before] - calls[before] if before else 0
    assert made_room_w == 0 or calls[last] == LEAST_CALL_W


@given(st.integers(0, 100_000), st.integers(0, 100_000), OFFERS)
def test_asking_for_more_calls_no_other_ven_first(one_w: int, other_w: int, offers: list[Offer]) -> None:
    """Whoever is called for less is called for more too: the order does not depend on the sum."""
    less, more = (set(call_in_order(requested_w, offers)) for requested_w in sorted((one_w, other_w)))
    assert less <= more


@given(st.integers(0, 100_000), st.integers(0, 100_000), OFFERS)
def test_a_gap_is_made_up_as_far_as_there_is_more(first_w: int, gap_w: int, offers: list[Offer]) -> None:
    """What is called on top brings the gap, to the least useful call, or all that is left."""
    part = {each.ven_id: each.performance for each in offers}
    calls = call_in_order(first_w, offers)
    before_w = sum(dispatched_w * part[ven_id] for ven_id, dispatched_w in calls.items())
    missing_w = top_up(calls, gap_w, offers)
    gained_w = sum(dispatched_w * part[ven_id] for ven_id, dispatched_w in calls.items()) - before_w
    there_is_w = sum(each.offer_w * each.performance for each in offers)
    assert all(dispatched_w <= each.offer_w for each in offers if (dispatched_w := calls.get(each.ven_id, 0)))
    assert gap_w - missing_w - 2 <= gained_w <= gap_w + LEAST_CALL_W + 2
    assert missing_w <= max(0.0, gap_w - (there_is_w - before_w)) + 2


@given(VENS, st.floats(0.1, 300), st.randoms(use_true_random=False))
def test_the_order_of_the_fleet_does_not_matter(
    vens: list[VenRow], requested_kw: float, rng: random.Random
) -> None:
    """The same fleet, in any order, is called alike."""
    turned = rng.sample(vens, len(vens))
    assert _planned(turned, requested_kw) == _planned(vens, requested_kw)


@given(VENS, st.floats(0.1, 300))
def test_who_cannot_take_part_is_named_and_nobody_is_lost(vens: list[VenRow], requested_kw: float) -> None:
    """Offline, disabled, opted out or without an offer: not called, and said why."""
    row, plan = _planned(vens, requested_kw)
    called = {each.ven_id for each in plan.assignments}
    for ven in vens:
        able = ven.online and ven.enabled is not False and (ven.opt_out is None or ven.opt_out.until_ts)
        offers = (ven.shed_availability_kw or 0.0) * 1000 >= LEAST_CALL_W
        assert (ven.ven_id in plan.unavailable) is not bool(able and offers)
        assert not (ven.ven_id in called and ven.ven_id in plan.unavailable)
    assert row.shortfall_kw == 0.0 or row.shortfall_kw > requested_kw - (row.available_kw or 0.0) - 0.002


def test_the_rotation_calls_everyone_alike_over_many_events() -> None:
    """Who was called least comes first: over many equal events nobody is called twice as often as another."""
    dispatched_kwh = dict.fromkeys((f"ven-{n}" for n in range(20)), 0.0)
    for number in range(100):
        vens = [
            VenRow(ven_id=ven_id, online=True, shed_availability_kw=5.0, dispatched_kwh=kwh)
            for ven_id, kwh in dispatched_kwh.items()
        ]
        for each in _planned(vens, 15.0, f"event-{number}").plan.assignments:
            dispatched_kwh[each.ven_id] += each.values[0]
    assert max(dispatched_kwh.values()) - min(dispatched_kwh.values()) <= 5.0


def test_ties_do_not_always_hit_the_same_ven() -> None:
    """Of equals, another is first from event to event; each is first in about its share of many events."""
    vens = [VenRow(ven_id=f"ven-{n}", online=True, shed_availability_kw=5.0) for n in range(10)]
    firsts = [rank_fleet(vens, f"event-{n}", at_ts=NOW, remaining_s=60).offers[0].ven_id for n in range(1000)]
    counts = [firsts.count(ven.ven_id) for ven in vens]
    assert min(counts) > 50
    assert max(counts) < 200


def test_ties_prefer_no_ven_for_its_id_in_a_large_fleet() -> None:
    """Of 300 equals, the first is from either half of the ids in about half of the events."""
    vens = [VenRow(ven_id=f"ven-{n:03d}", online=True, shed_availability_kw=5.0) for n in range(300)]
    firsts = [rank_fleet(vens, f"event-{n}", at_ts=NOW, remaining_s=60).offers[0].ven_id for n in range(200)]
    assert 70 < sum(ven_id < "ven-150" for ven_id in firsts) < 130


def test_merit_puts_lasting_before_performing_before_rested() -> None:
    """Who sustains the rest of the event, then who performs, then who was called least."""
    vens = [
        VenRow(ven_id="short", online=True, shed_availability_kw=1, sustain_s=60),
        VenRow(ven_id="poor", online=True, shed_availability_kw=1, sustain_s=9999, performance=0.6),
        VenRow(ven_id="fair", online=True, shed_availability_kw=1, sustain_s=9999, performance=0.8),
        VenRow(ven_id="tired", online=True, shed_availability_kw=1, sustain_s=9999, dispatched_kwh=9),
        VenRow(ven_id="rested", online=True, shed_availability_kw=1, sustain_s=9999, dispatched_kwh=1),
    ]
    order = [each.ven_id for each in rank_fleet(vens, "e", at_ts=NOW, remaining_s=3600).offers]
    assert order == ["rested", "tired", "fair", "poor", "short"]


def test_a_performance_is_believed_within_bounds() -> None:
    """Unknown counts as full; nobody is called for more than twice what it is to bring."""
    assert [believed(part) for part in (None, 0.0, 0.7, 1.2)] == [1.0, 0.5, 0.7, 1.0]
