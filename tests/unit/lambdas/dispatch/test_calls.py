"""Calls in merit order and in proportion, worked by hand."""

from __future__ import annotations

import pytest

from contracts.wire.shadow import OptOut
from lambdas.dispatch_event.logic.eligibility import Offer, Reason, Unavailable, rank_fleet, unavailability
from lambdas.dispatch_event.logic.merit import allocate, call_in_order, call_in_proportion, shares_w, top_up
from lambdas.shared.rows import VenRow
from tests.unit.lambdas.dispatch.running import NOW, ven, words_of


def test_proportional_sharing_too_calls_more_for_known_non_response() -> None:
    """Of 4 kW at 50 % and 4 kW in full, 3 kW are expected as 1 and 2: the first is called for 2 as well."""
    assert call_in_proportion(3000, [Offer("a", 4000, 0.5), Offer("b", 4000, 1.0)]) == {"a": 2000, "b": 2000}


def test_proportional_sharing_calls_nobody_beyond_its_offer() -> None:
    """More than there is calls all that is offered, whatever share of it is expected."""
    offers = [Offer("a", 4001, 0.7), Offer("b", 333, 0.9), Offer("c", 50, 1.0)]
    assert call_in_proportion(100_000, offers) == {"a": 4000, "b": 332, "c": 50}


def test_proportional_sharing_leaves_out_who_gets_nothing() -> None:
    """A share of no watt is no call."""
    assert call_in_proportion(1, [Offer("a", 1000, 1.0), Offer("b", 2000, 1.0)]) == {"b": 1}
    assert call_in_proportion(0, [Offer("a", 1000, 1.0)]) == {}


def test_watts_left_by_rounding_go_to_who_lost_most() -> None:
    """10 W over 1, 1 and 2: 2.5, 2.5 and 5; the odd watt goes to the first of the equals."""
    assert shares_w(10, [100, 100, 200]) == [3, 2, 5]
    assert shares_w(7, [100, 200, 300]) == [1, 2, 4]
    assert shares_w(0, [100]) == [0]
    assert shares_w(10, [0, 0]) == [0, 0]
    assert shares_w(10, []) == []


def test_an_allocation_is_in_whole_watts_in_the_order_of_the_ids() -> None:
    """A watt that cannot be halved goes to the first id."""
    assert allocate(0.003, {"b": 1.0, "a": 1.0}) == {"a": 0.002, "b": 0.001}
    assert allocate(1.0, {"a": 0.0009}) == {"a": 0.0}


@pytest.mark.parametrize(
    ("requested_w", "offers", "calls"),
    [
        (80, [Offer("a", 60, 1.0), Offer("b", 500, 1.0)], {"a": 60, "b": 20}),
        (99, [Offer("a", 79, 1.0), Offer("b", 500, 1.0)], {"a": 79, "b": 20}),
        (100, [Offer("a", 80, 1.0), Offer("b", 500, 1.0)], {"a": 50, "b": 50}),
        (130, [Offer("a", 80, 1.0), Offer("b", 500, 1.0)], {"a": 80, "b": 50}),
        (129, [Offer("a", 80, 1.0), Offer("b", 500, 1.0)], {"a": 79, "b": 50}),
        (70, [Offer("a", 100, 0.5), Offer("b", 500, 1.0)], {"a": 100, "b": 20}),
        (520, [Offer("a", 1000, 0.5), Offer("b", 500, 1.0)], {"a": 940, "b": 50}),
        (1015, [Offer("a", 1000, 1.0), Offer("b", 500, 0.75)], {"a": 977, "b": 50}),
        (20, [Offer("a", 500, 1.0)], {"a": 20}),
        (1000, [Offer("a", 1000, 1.0), Offer("b", 500, 1.0)], {"a": 1000}),
        (400, [Offer("a", 1000, 0.8)], {"a": 500}),
        (0.4, [Offer("a", 1000, 1.0)], {}),
        (0.5, [Offer("a", 1000, 1.0)], {"a": 1}),
        (1000.5, [Offer("a", 1000, 1.0), Offer("b", 500, 1.0)], {"a": 951, "b": 50}),
    ],
)
def test_the_last_in_merit_order_is_called_for_the_least_call(
    requested_w: float, offers: list[Offer], calls: dict[str, int]
) -> None:
    """What the last one needs up to 50 W comes from the VEN before it, unless that would have less then."""
    assert call_in_order(requested_w, offers) == calls


FULL = Offer("full", 5000, 1.0)
BIG = Offer("big", 3000, 1.0)
FAIR = Offer("fair", 2000, 0.5)
SMALL = Offer("small", 800, 1.0)


@pytest.mark.parametrize(
    ("gap_w", "raised", "missing_w"),
    [
        (0.9, {}, 0.9),
        (1.0, {"small": 50}, 0.0),
        (20.0, {"small": 50}, 0.0),
        (700.0, {"small": 700}, 0.0),
        (800.0, {"small": 800}, 0.0),
        (801.0, {"fair": 1602}, 0.0),
        (1000.0, {"fair": 2000}, 0.0),
        (1001.0, {"big": 1001}, 0.0),
        (3100.0, {"big": 3000, "small": 100}, 0.0),
        (3900.0, {"big": 3000, "fair": 1800}, 0.0),
        (4500.0, {"big": 3000, "fair": 2000, "small": 500}, 0.0),
        (5000.0, {"big": 3000, "fair": 2000, "small": 800}, 200.0),
    ],
)
def test_a_gap_is_topped_up_by_the_least_spare_that_is_enough(
    gap_w: float, raised: dict[str, int], missing_w: float
) -> None:
    """In merit order while none is enough; at the last, the VEN with the least spare; never below 50 W."""
    calls = {"full": 5000}
    assert top_up(calls, gap_w, [FULL, BIG, FAIR, SMALL]) == pytest.approx(missing_w)
    assert calls == {"full": 5000} | raised


def test_a_spare_that_is_just_enough_goes_before_no_smaller_one() -> None:
    """1 kW of *a* is enough; so is half a kW of *b*, which delivers twice its call and has less spare."""
    calls: dict[str, int] = {}
    assert top_up(calls, 1000.0, [Offer("a", 1000, 1.0), Offer("b", 600, 2.0)]) == 0.0
    assert calls == {"b": 500}


@pytest.mark.parametrize(("before_w", "gap_w", "after_w"), [(20, 5.0, 50), (100, 1.0, 101)])
def test_a_call_is_raised_by_what_is_missing_and_to_the_least_call(
    before_w: int, gap_w: float, after_w: int
) -> None:
    """A call of 20 W that is raised by 5 becomes 50; a larger one is raised by as little as a watt."""
    calls = {"a": before_w}
    assert top_up(calls, gap_w, [Offer("a", 500, 1.0)]) == 0.0
    assert calls == {"a": after_w}


def test_a_ven_that_cannot_reach_the_least_call_is_not_called() -> None:
    """With 40 W to offer it would be of no use: all of the gap is missing."""
    calls: dict[str, int] = {}
    assert top_up(calls, 30.0, [Offer("a", 40, 1.0)]) == 30.0
    assert calls == {}


def test_a_ven_called_for_more_than_it_offers_is_not_raised_nor_lowered() -> None:
    """What it offers may be a while ago."""
    calls = {"a": 700}
    assert top_up(calls, 30.0, [Offer("a", 500, 1.0)]) == 30.0
    assert calls == {"a": 700}


def test_the_least_offer_is_counted_on_and_less_is_not() -> None:
    """50 W can be called; less is named, with nothing told apart from too little."""
    vens = [
        ven("a", 0.05),
        ven("b", 0.0499),
        ven("c", 0.001),
        ven("d", 0.0009),
        ven("e", 0.0),
        ven("f", None),
    ]
    found = rank_fleet(vens, "e1", at_ts=NOW, remaining_s=60)
    assert found.offers == [Offer("a", 50, 1.0)]
    assert {ven_id: reason.text for ven_id, reason in found.unavailable.items()} == {
        "b": "offers less than 50 W",
        "c": "offers less than 50 W",
        "d": "offers nothing",
        "e": "offers nothing",
        "f": "reports no metrics.shedAvailabilityKw in its shadow",
    }
    assert found.available_w == 50.0


def test_a_level_reaches_the_offline_and_not_who_said_no() -> None:
    """An offline VEN finds the event when it connects; disabled and opted out VENs do not get it."""
    vens = [
        ven("a", online=False),
        ven("b", enabled=False),
        ven("c", opt_out=OptOut(reason="economic")),
        ven("d", None),
        ven("e"),
    ]
    assert rank_fleet(vens, "e1", at_ts=NOW, remaining_s=60).reachable == ["a", "d", "e"]


@pytest.mark.parametrize(
    ("vens", "heard"),
    [
        ([ven("a", None)], False),
        ([ven("a", 0.0)], True),
        ([ven("a", None), ven("b", 0.0), ven("c", None)], True),
        ([ven("a", None, online=False)], False),
        ([ven("a", 5.0, online=False), ven("b", None, online=False)], True),
        ([], False),
    ],
)
def test_a_fleet_is_heard_once_any_ven_has_said_what_it_offers(vens: list[object], heard: bool) -> None:
    """Nothing offered is an answer; never having said anything is none."""
    assert rank_fleet(vens, "e1", at_ts=NOW, remaining_s=60).heard is heard  # type: ignore[arg-type]


def test_what_is_available_is_what_can_be_expected() -> None:
    """4 kW at 80 %, 4 kW unknown, and a fifth of 4 kW believed at no less than half: 3.2 + 4 + 0.4 kW."""
    vens = [ven("a", 4.0, performance=0.8), ven("b", 4.0), ven("c", 4.0, performance=0.1)]
    found = rank_fleet(vens, "e1", at_ts=NOW, remaining_s=60)
    assert found.available_w == pytest.approx(7600)
    assert [each.ven_id for each in found.offers] == ["b", "a", "c"]


def test_classes_of_performance_begin_at_their_bound() -> None:
    """0.9 is good and 0.7 is fair: within a class who was called for less comes first."""
    vens = [
        ven("a", performance=0.699),
        ven("b", performance=0.5),
        ven("c", performance=0.899),
        ven("d", performance=0.7),
        ven("e", performance=0.9),
        ven("f", performance=1.0),
    ]
    assert [each.ven_id for each in rank_fleet(vens, "e1", at_ts=NOW, remaining_s=60).offers] == list(
        "efcdab"
    )


def test_who_just_sustains_the_rest_comes_before_who_just_does_not() -> None:
    """An hour is sustained with 3,600 s and not with 3,599; unknown counts as not sustained."""
    vens = [
        ven("a", sustain_s=3599.0),
        ven("b", sustain_s=None),
        ven("c", sustain_s=3600.0, performance=0.5),
    ]
    assert [each.ven_id for each in rank_fleet(vens, "e1", at_ts=NOW, remaining_s=3600).offers] == [
        "c",
        "a",
        "b",
    ]


def test_vens_called_for_the_same_whole_watt_hours_are_equals() -> None:
    """500.0 and 500.9 Wh: over many events each is the first at times; a whole watt-hour decides them all."""

    def firsts(vens: list[VenRow]) -> set[str]:
        return {
            rank_fleet(vens, f"event-{number}", at_ts=NOW, remaining_s=60).offers[0].ven_id
            for number in range(100)
        }

    assert firsts([ven("a", dispatched_kwh=0.5), ven("b", dispatched_kwh=0.5009)]) == {"a", "b"}
    assert firsts([ven("a", dispatched_kwh=0.501), ven("b", dispatched_kwh=0.5)]) == {"b"}


def test_what_a_ven_was_called_for_counts_by_the_watt_hour_without_end() -> None:
    """A watt-hour less comes first, after years too; a thousand gigawatt-hours end in no other class."""
    vens = [
        ven("a", dispatched_kwh=1.002),
        ven("b", dispatched_kwh=1.0),
        ven("c", dispatched_kwh=400_000.001),
        ven("d", dispatched_kwh=400_000.0),
        *(ven(ven_id, dispatched_kwh=1e9) for ven_id in "efghijkl"),
        ven("z", dispatched_kwh=0.0, performance=0.8),
    ]
    order = [offer.ven_id for offer in rank_fleet(vens, "e1", at_ts=NOW, remaining_s=60).offers]
    assert (order[:4], order[-1]) == (list("badc"), "z")


@pytest.mark.parametrize(
    ("until_ts", "why"),
    [(None, "opted out: economic"), (int(NOW) + 1, "opted out: economic"), (int(NOW), None)],
)
def test_an_opt_out_ends_at_its_time(until_ts: int | None, why: str | None) -> None:
    """Without a time it holds until it is taken back."""
    opted_out = ven("a", opt_out=OptOut(reason="economic", until_ts=until_ts))
    assert words_of(unavailability(opted_out, NOW)) == why


def test_every_reason_has_its_words() -> None:
    """The words of plans and answers are a contract: operators and their programs read them."""
    details = {Reason.OPTED_OUT: "comfort", Reason.SILENT: "121", Reason.IN_OTHER_EVENT: "e2"}
    assert [Unavailable(reason, details.get(reason, "")).text for reason in Reason] == [
        "quarantined",
        "revoked",
        "offline",
        "disabled",
        "opted out: comfort",
        "reports no metrics.shedAvailabilityKw in its shadow",
        "reports no metrics.loadUpAvailabilityKw in its shadow",
        "offers nothing",
        "offers less than 50 W",
        "no telemetry",
        "silent for 121 s",
        "left the event",
        "in event e2",
        "delivers nothing",
        "is no VEN of its targets any more",
        "its shadow is full",
        "has had its own time of the event",
    ]


def test_a_detail_with_braces_stands_as_it_is() -> None:
    """A VEN's reason for opting out is a stranger's text, and no pattern."""
    assert Unavailable(Reason.OPTED_OUT, "{0} {}").text == "opted out: {0} {}"


@pytest.mark.parametrize(
    ("known", "offer_w"),
    [
        ({}, 20_000),
        ({"peak_kw": 150.0}, 150_000),
        ({"battery_soc": 0.5}, 32_000),
        ({"panel_max_kw": 6.0}, 6_000),
        ({"panel_max_kw": 6.0, "battery_soc": 0.5}, 12_000),
        ({"panel_max_kw": 10_000.0, "peak_kw": 30.0}, 30_000),
        ({"performance": 0.25}, 10_000),
        ({"performance": 0.0}, 2_000),
    ],
)
def test_an_offer_counts_as_far_as_panel_and_telemetry_bear_it_out(
    known: dict[str, float], offer_w: int
) -> None:
    """9,999 kW of a house is no more than its panel takes, or it ever drew; less of who did not deliver."""
    found = rank_fleet([ven("a", 9_999.0, **known)], "e1", at_ts=NOW, remaining_s=60)
    assert [offer.offer_w for offer in found.offers] == [offer_w]


def test_a_poor_performer_is_still_called_for_enough_to_show_that_it_is_back() -> None:
    """However small its offer: a tenth of it, and no less than anybody is called for."""
    found = rank_fleet([ven("a", 0.2, performance=0.0)], "e1", at_ts=NOW, remaining_s=60)
    assert [offer.offer_w for offer in found.offers] == [50]
