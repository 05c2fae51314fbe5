"""An event's plan and the answer to its caller: figures, limits of size, VENs whose shadow is full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from contracts.api.requests import Assignment, DispatchEvent
from contracts.errors import FieldError
from contracts.wire import codec
from contracts.wire.events import Interval
from contracts.wire.shadow import OptOut
from lambdas.dispatch_event.logic.answer import answer
from lambdas.dispatch_event.logic.eligibility import Offer
from lambdas.dispatch_event.logic.plan import Planned, call, plan_event
from lambdas.shared.rows import VenRow
from tests.unit.lambdas.dispatch.running import LEVEL, NOW, START, event, shed, ven


def planned(
    intervals: tuple[Interval, ...],
    vens: Sequence[VenRow] = (ven("a"), ven("b")),
    *,
    before: Planned | None = None,
    now: float = float(START),
    **fields: Any,
) -> Planned:
    """The plan of a request at *now*."""
    request = DispatchEvent(event_id="e1", intervals=intervals, **fields)
    return plan_event(request, "e1", vens, now=now, retention_days=30, token="t", before=before)


def test_an_event_that_ends_now_is_refused_and_one_with_a_second_left_is_not() -> None:
    """Late means shorter, until nothing is left."""
    with pytest.raises(FieldError, match="past"):
        planned(shed(1.0), start_ts=START - 3600)
    assert planned(shed(1.0), start_ts=START - 3599).row.end_ts == START + 1


def test_a_record_too_large_is_refused_with_the_way_out() -> None:
    """So many named targets do not fit into one item: a group is to be named instead."""
    targets = tuple(f"ven-{'x' * 50}-{number:05d}" for number in range(6_000))
    with pytest.raises(FieldError, match="name a group instead") as refusal:
        planned(shed(1.0), targets=targets)
    assert refusal.value.field == "targets"
    assert planned(shed(1.0), targets=targets[:4_000]).row.targets == targets[:4_000]


def test_a_record_of_exactly_the_limit_is_planned() -> None:
    """300 KiB are allowed, a byte more is not: attributes and keys have room beside it in 400 KB."""

    def with_targets(size: int) -> Planned:
        """An event whose header has *size* bytes, by the names that it targets."""
        names = [f"ven-{number:05d}-{'x' * 50}" for number in range(4_000)]
        missing = size - len(codec.encode(planned(shed(1.0), targets=tuple(names)).row))
        per_name = 63
        names += [f"v-{number:05d}-{'x' * 52}" for number in range(missing // per_name)]
        names[0] += "x" * (missing % per_name)
        return planned(shed(1.0), targets=tuple(names))

    row = with_targets(300 * 1024).row
    assert len(codec.encode(row)) == 300 * 1024
    with pytest.raises(FieldError, match="a record of 307201 bytes, at most 307200"):
        with_targets(300 * 1024 + 1)


def test_an_event_is_refused_that_a_ven_would_refuse() -> None:
    """No VEN takes a level beyond emergency, so none is written to a shadow."""
    with pytest.raises(FieldError, match="a level is 0, 1, 2 or 3"):
        planned((msgspec.structs.replace(LEVEL, value=4),))


def test_the_figures_of_a_plan_are_of_its_largest_interval() -> None:
    """4, 12 and 6 kW of a fleet of 10: 12 are requested, 10 called and 2 missing."""
    row = planned(shed(4.0, 12.0, 6.0)).row
    assert (row.requested_kw, row.dispatched_kw, row.available_kw, row.shortfall_kw) == (
        12.0,
        10.0,
        10.0,
        2.0,
    )
    assert planned(shed(4.0)).row.shortfall_kw == 0.0


def test_what_is_missing_counts_what_can_be_expected() -> None:
    """A VEN of 5 kW at 80 % is good for 4: of 6 kW, 2 are missing."""
    row = planned(shed(6.0), (ven("a", performance=0.8),)).row
    assert (row.available_kw, row.shortfall_kw) == (4.0, 2.0)


def test_lasting_is_told_from_what_remains_of_the_event() -> None:
    """Half an hour into the hour, a VEN that lasts half an hour lasts."""
    vens = (ven("b", sustain_s=3600.0), ven("a", sustain_s=1800.0))
    assert [each.ven_id for each in planned(shed(5.0), vens).plan.assignments] == ["b"]
    late = planned(shed(5.0), vens, start_ts=START - 1800)
    assert [each.ven_id for each in late.plan.assignments] == ["a"]
    early = planned(shed(5.0), vens, start_ts=START + 1800)
    assert [each.ven_id for each in early.plan.assignments] == ["b"]


def test_a_revision_counts_on_from_the_one_before() -> None:
    """Revision and edition rise, the creation stays; who was ever called and is no more is dropped."""
    first = planned(shed(9.0))
    assert (first.row.revision, first.row.edition, first.plan.plan_id) == (0, 0, "00000000-t")
    assert (first.plan.dropped, first.plan.previous, first.row.done_revision) == ((), None, -1)
    done = first._replace(row=msgspec.structs.replace(first.row, revision=3, done_revision=2))
    second = planned(shed(4.0), before=done, now=NOW)
    assert (second.row.revision, second.row.edition, second.plan.plan_id) == (4, 1, "00000004-t")
    assert (second.row.created_ts, second.row.start_ts, second.row.done_revision) == (START, START, 2)
    assert (second.plan.dropped, second.plan.previous, second.plan.from_ts) == (("b",), "00000000-t", NOW)
    third = planned(shed(4.0), before=second, now=NOW)
    assert third.plan.dropped == ("b",)


def test_an_event_without_a_start_begins_at_once() -> None:
    """The whole second of the request is its start, and a call is dated with it."""
    plan = planned(shed(4.0), now=START + 0.7).plan
    assert (plan.start_ts, plan.assignments) == (
        START,
        (Assignment(ven_id="a", values=(4.0,), since_ts=START),),
    )


def test_shares_are_called_as_the_allocation_says() -> None:
    """In proportion both get half, in merit order the first gets all."""
    offers = [Offer("a", 4000, 1.0), Offer("b", 4000, 1.0)]
    assert call("proportional", 4.0, offers) == {"a": 2000, "b": 2000}
    assert call("merit", 4.0, offers) == {"a": 4000}


def test_a_level_beside_a_power_reaches_all_and_names_only_who_is_not_reached() -> None:
    """A VEN without an offer takes the level; an offline one is named though it gets it."""
    vens = (ven("a"), ven("b", None), ven("c", online=False), ven("d", enabled=False))
    row, plan = planned((*shed(4.0), LEVEL), vens)
    assert {each.ven_id: each.values for each in plan.assignments} == {
        "a": (4.0, 2.0),
        "b": (0.0, 2.0),
        "c": (0.0, 2.0),
    }
    assert plan.unavailable == {"c": "offline", "d": "disabled"}
    assert (
        planned(shed(4.0), vens).plan.unavailable["b"]
        == "reports no metrics.shedAvailabilityKw in its shadow"
    )
    assert row.requested_kw == 4.0


def test_a_power_that_nobody_can_shed_is_assigned_to_nobody() -> None:
    """An empty fleet makes a plan without assignments, and all of it is missing."""
    row, plan = planned(shed(4.0), ())
    assert (plan.assignments, row.dispatched_kw, row.shortfall_kw) == ((), 0.0, 4.0)


def test_an_answer_has_as_many_assignments_as_fit_into_it() -> None:
    """10,000 are answered; of one more the note says where they are, beside what it said already."""
    header, plan = event({f"v{number:05d}": (1.0,) for number in range(10_001)}, shed(9.0))
    whole = answer(header, msgspec.structs.replace(plan, assignments=plan.assignments[:-1]))
    assert (len(whole.assignments), whole.note, whole.shortfall_kw) == (10_000, None, 0.0)
    short = answer(header, plan)
    assert (short.assignments, short.note) == (
        (),
        "10001 assignments are left out; plan 00000000-t has them",
    )
    noted = answer(header, plan, "delivers 1 kW")
    assert noted.note == "delivers 1 kW; 10001 assignments are left out; plan 00000000-t has them"


def test_a_full_shadow_costs_the_most_that_it_was_called_for_in_any_interval() -> None:
    """*b* had 1 and 3 kW and the level of 2: 3 kW are missing beside the 0.5 that were."""
    calls = {"a": (4.0, 4.0, 2.0), "b": (1.0, 3.0, 2.0)}
    header, plan = event(calls, (*shed(5.0, 7.0), LEVEL), full=("b",), shortfall_kw=0.5, requested_kw=7.5)
    told = answer(header, plan)
    assert [each.ven_id for each in told.assignments] == ["a"]
    assert (told.shortfall_kw, told.unavailable, told.requested_kw) == (3.5, {"b": "its shadow is full"}, 7.5)


def test_a_level_that_a_full_shadow_does_not_get_is_no_kw_missing() -> None:
    """*b* had 1 kW and the level of 2: 1 kW is missing."""
    header, plan = event({"a": (4.0, 2.0), "b": (1.0, 2.0)}, (*shed(5.0), LEVEL), full=("b",))
    assert answer(header, plan).shortfall_kw == 1.0


def test_a_cancelled_event_is_answered_with_nothing_left() -> None:
    """Its figures are nothing, its end is the cancellation, and each VEN has no values."""
    figures = {"requested_kw": 9.0, "available_kw": 9.0, "dispatched_kw": 9.0, "shortfall_kw": 1.0}
    header, plan = event(
        {"a": (4.0,), "b": (5.0,)}, shed(9.0), full=("b",), cancelled_ts=NOW + 0.5, **figures
    )
    told = answer(header, msgspec.structs.replace(plan, unavailable={"c": "offline"}))
    assert told.assignments == (Assignment(ven_id="a", values=()),)
    assert (told.requested_kw, told.available_kw, told.dispatched_kw, told.shortfall_kw) == (
        0.0,
        None,
        0.0,
        0.0,
    )
    assert (told.end_ts, told.unavailable) == (int(NOW), {})
    running = answer(msgspec.structs.replace(header, cancelled_ts=None), plan)
    assert (running.requested_kw, running.available_kw, running.dispatched_kw) == (9.0, 9.0, 9.0)
    assert running.end_ts == START + 3600
    late = answer(msgspec.structs.replace(header, cancelled_ts=START + 9000.0), plan)
    assert late.end_ts == START + 3600


def test_a_value_for_each_goes_to_every_ven_whatever_it_offers() -> None:
    """2 kW for each of three VENs are 6 kW, of which an offer of 5 and one of 1 kW let 3 be counted on."""
    vens = (ven("a"), ven("b", 1.0), ven("c", None))
    row, plan = planned(shed(2.0), vens, allocation="each")
    assert {share.ven_id: share.values for share in plan.assignments} == dict.fromkeys("abc", (2.0,))
    assert (row.requested_kw, row.dispatched_kw, row.shortfall_kw) == (6.0, 6.0, 3.0)
    assert plan.unavailable == {}, "as with a level, each that is reached may act on it"


def test_a_value_for_each_reaches_a_ven_that_is_offline_and_none_that_has_opted_out() -> None:
    """As a level does: it is in the shadow when the VEN connects; a refusal is a refusal."""
    vens = (ven("a"), ven("b", online=False), ven("c", opt_out=OptOut(reason="guests", until_ts=None)))
    _, plan = planned(shed(2.0), vens, allocation="each")
    assert {share.ven_id for share in plan.assignments} == {"a", "b"}
