"""One event by VEN: what each gives now, what it said, why it left."""

from __future__ import annotations

from typing import Any

from contracts.api.resources import Event, PhaseReached, VenParticipation
from tests.support.fleets import NOW, crowd, event
from ven_twin.operations.fleet.event_detail import EventVenView, detail


def shown(*vens: VenParticipation) -> list[EventVenView]:
    """The vens of a running event, with the crowd as it is now."""
    summary = event("evt-evening")
    fields: dict[str, Any] = {name: getattr(summary, name) for name in summary.__struct_fields__}
    return list(detail(Event(**fields, vens=vens), crowd()).vens)


def report(after_s: float, **more: Any) -> PhaseReached:
    """The report of a VEN so long after now."""
    return PhaseReached(ts=int(NOW + after_s), received_ts=NOW + after_s, **more)


def test_what_a_ven_gives_now_counts_while_it_sheds() -> None:
    """By its telemetry, not by what it said when it began."""
    (ven,) = shown(
        VenParticipation(ven_id="ven-1", values=(2.0,), phases={"active": report(-50, actual_shed_kw=0.1)})
    )
    assert (ven.sheds, ven.delivered_kw) == (True, 1.75)


def test_the_report_at_the_end_counts_afterwards() -> None:
    """With the energy that it metered."""
    over = report(-1, actual_shed_kw=1.9, data={"deliveredKwh": 0.31})
    (ven,) = shown(
        VenParticipation(ven_id="gone", values=(2.0,), phases={"completed": over, "active": report(-50)})
    )
    assert (ven.sheds, ven.delivered_kw, ven.delivered_kwh) == (False, 1.9, 0.31)
    assert [answer.phase for answer in ven.answers] == ["active", "completed"]


def test_a_ven_that_left_or_is_not_counted_on_has_its_reason() -> None:
    """An opt-out by its reason, also where none was given; a VEN that is away by what the cloud knows."""
    left, silent, away = shown(
        VenParticipation(ven_id="a", phases={"optedOut": report(-9, data={"reason": "economic"})}),
        VenParticipation(ven_id="b", phases={"optedOut": report(-9)}),
        VenParticipation(ven_id="c", unavailable="offline"),
    )
    assert (left.opt_out, silent.opt_out, away.opt_out) == ("economic", "no reason given", None)
    assert away.unavailable == "offline"
    assert left.answers[0].why == "economic"


def test_participating_is_who_answered_and_stayed() -> None:
    """Of those that were called; what they delivered is summed, and is a share of their call."""
    summary = event("evt-evening")
    fields: dict[str, Any] = {name: getattr(summary, name) for name in summary.__struct_fields__}
    vens = (
        VenParticipation(ven_id="ven-1", values=(2.0,), phases={"active": report(-50)}),
        VenParticipation(
            ven_id="left", values=(2.0,), phases={"optedOut": report(-9, data={"reason": "economic"})}
        ),
        VenParticipation(ven_id="mute", values=(2.0,)),
        VenParticipation(ven_id="away", unavailable="offline"),
    )
    view = detail(Event(**fields, vens=vens), crowd())
    assert (view.called, view.participating, view.delivered_kw) == (3, 1, 1.75)
    assert [ven.share for ven in view.vens] == [None, None, None, 0.875]
    assert [ven.why for ven in view.vens] == [
        "not counted on: offline",
        "opted out: not worth it",
        "",
        "",
    ]
    assert view.vens[1].answers[0].words == "opted out"


def test_vens_stand_in_the_order_in_which_people_count() -> None:
    """home-2 before home-10, whatever order the cloud has."""
    vens = [VenParticipation(ven_id=f"home-{number}", values=(1.0,)) for number in (1, 10, 2)]
    assert [ven.ven_id for ven in shown(*vens)] == ["home-1", "home-2", "home-10"]
