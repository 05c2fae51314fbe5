"""An event's life in `dispatch_event`: revised, deleted, in whatever order and however often it is asked."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.store import views
from contracts.store.keys import EVENT_SORT_KEY, Key
from contracts.wire.events import Phase, from_shadow
from lambdas.dispatch_event.booked_days import BookedDays
from lambdas.dispatch_event.handler import handler
from lambdas.dispatch_event.lifecycle import COMMITS
from lambdas.shared import clients
from lambdas.shared.event_book import EventBook
from lambdas.shared.rows import EventRow
from lambdas.shared.schedules import EventSchedules
from lambdas.shared.shadows import Shadows
from lambdas.shared.tables import Table
from ven_twin.testing.function_world import NOW, Context, World

HOUR_12 = [{"durationS": 3600, "signal": "shedKw", "value": 12}]
HOUR_6 = [{"durationS": 3600, "signal": "shedKw", "value": 6}]
TWO = [
    {"durationS": 1800, "signal": "shedKw", "value": 4},
    {"durationS": 1800, "signal": "shedKw", "value": 15},
]


def ask(action: str, **fields: Any) -> dict[str, Any]:
    """Ask for *action* on the event."""
    return handler({"action": action, "eventId": "e1", **fields}, Context())


def shares(answer: dict[str, Any]) -> dict[str, list[float]]:
    """Each VEN's values."""
    return {each["venId"]: each["values"] for each in answer["assignments"]}


def row(world: World) -> EventRow:
    """The event's header."""
    found = EventBook(world.events).find("e1")
    assert found is not None
    return found


@pytest.fixture
def fleet(world: World) -> World:
    """Three VENs of 10, 5 and 5 kW in two groups, all of them good for the whole event."""
    known = {"sustainS": 86_400}
    world.add_ven("big", shedAvailabilityKw=10.0, groups=["north"], calledKwh=0.5, **known)
    world.add_ven("small-1", shedAvailabilityKw=5.0, groups=["north", "east"], calledKwh=1.0, **known)
    world.add_ven("small-2", shedAvailabilityKw=5.0, groups=["south"], calledKwh=2.0, **known)
    return world


def test_merit_order_calls_each_up_to_its_offer(fleet: World) -> None:
    """By default the least called comes first, up to its offer; the last one is called for the rest."""
    answer = ask("create", intervals=HOUR_12)
    assert shares(answer) == {"big": [10.0], "small-1": [2.0]}
    assert (answer["calledKw"], answer["availableKw"], answer["shortfallKw"]) == (12.0, 20.0, 0.0)
    assert fleet.desired("small-2") == {}


def test_known_non_response_is_called_on_top(world: World) -> None:
    """VENs that delivered 80 % of late are called for more, so that what was asked can be expected."""
    for number in range(4):
        world.add_ven(f"v{number}", shedAvailabilityKw=5.0, performance=0.8)
    answer = ask("create", intervals=HOUR_12)
    assert (answer["calledKw"], answer["availableKw"], answer["shortfallKw"]) == (15.0, 16.0, 0.0)
    assert sorted(shares(answer).values()) == [[5.0], [5.0], [5.0]]


@pytest.mark.usefixtures("fleet")
def test_several_intervals_are_each_called_for_themselves() -> None:
    """Each interval is called in the same order; one that has no part in it is called for nothing then."""
    answer = ask("create", intervals=TWO)
    assert shares(answer) == {"big": [4.0, 10.0], "small-1": [0.0, 5.0]}
    assert (answer["askedKw"], answer["endTs"]) == (15.0, int(NOW) + 3600)


def test_a_group_is_a_target(fleet: World) -> None:
    """A group stands for the VENs in it; VENs and groups may be named together, and a VEN counts once."""
    answer = ask("create", intervals=HOUR_12, targets=["east", "south", "small-1"])
    assert shares(answer) == {"small-1": [5.0], "small-2": [5.0]}
    assert answer["shortfallKw"] == 2.0
    assert fleet.desired("big") == {}


def test_an_id_that_is_also_a_group_is_the_ven(fleet: World) -> None:
    """Ids go before groups' names."""
    fleet.add_ven("north")
    assert set(shares(ask("create", intervals=HOUR_12, targets=["north"]))) == {"north"}


def test_a_target_that_is_neither_is_named(fleet: World) -> None:
    """Neither a VEN nor a group: refused by name, and nothing is written."""
    answer = ask("create", intervals=HOUR_12, targets=["north", "nowhere"])
    assert (answer["code"], answer["field"]) == ("notFound", "targets[1]")
    assert "nowhere" in answer["error"]
    assert fleet.event_item("e1") == {}


def test_a_program_is_one_that_the_stage_knows(fleet: World) -> None:
    """The default and those of the stage are taken and kept; another is refused with what there is."""
    fleet.set_program("summer-peak", "caiso_10_of_10")
    answer = ask("create", intervals=HOUR_12, program="other")
    assert (answer["code"], answer["field"]) == ("badRequest", "program")
    assert "default, summer-peak" in answer["error"]
    assert ask("create", intervals=HOUR_12, program="summer-peak")["ok"]
    assert row(fleet).program == "summer-peak"


def test_a_program_may_be_written_programme(fleet: World) -> None:
    """Callers that write the British spelling are served, and the event is stored under ours."""
    fleet.set_program("summer-peak", "caiso_10_of_10")
    assert ask("create", intervals=HOUR_12, programme="summer-peak")["ok"]
    assert fleet.event_item("e1")["program"] == "summer-peak"
    assert "programme" not in fleet.event_item("e1")


def test_an_event_that_was_stored_with_its_programme_keeps_it(fleet: World) -> None:
    """An event that an older version created is read, and revised, with its program."""
    fleet.set_program("summer-peak", "caiso_10_of_10")
    ask("create", intervals=HOUR_12, program="summer-peak")
    fleet.events.update(Key("e1", EVENT_SORT_KEY), {"program": None, "programme": "summer-peak"})
    assert row(fleet).program == "summer-peak"
    summary = views.event_summary(fleet.event_item("e1"), NOW)
    assert summary is not None
    assert summary.program == "summer-peak"


def test_a_revision_replaces_what_was_asked(fleet: World) -> None:
    """A newer revision reaches who has a part in it; who has none any more gets one with nothing to do."""
    created = ask("create", intervals=HOUR_12)
    answer = ask("revise", intervals=HOUR_6, priority=1, ifMatch=created["etag"])
    assert (answer["revision"], shares(answer)) == (1, {"big": [6.0]})
    assert answer["etag"] != created["etag"]
    event = from_shadow("e1", fleet.desired("big")["e1"])
    assert (event.revision, event.priority, event.intervals[0].value) == (1, 1, 6.0)
    dropped = from_shadow("e1", fleet.desired("small-1")["e1"])
    assert (dropped.revision, dropped.phase(NOW)) == (1, Phase.CANCELLED)
    assert fleet.schedule("settle-e1").request["revision"] == 1


def test_a_revision_of_a_running_event_is_about_its_rest(fleet: World) -> None:
    """The start stays where it was, so late means the rest; what was called until then stays on record."""
    ask("create", intervals=HOUR_12)
    fleet.now += 1200
    answer = ask("revise", intervals=HOUR_6)
    assert (answer["startTs"], answer["endTs"]) == (int(NOW), int(NOW) + 3600)
    assert from_shadow("e1", fleet.desired("big")["e1"]).remaining_s(fleet.now) == 2400
    plans = EventBook(fleet.events).plans(row(fleet))
    called = [{each.ven_id: each.values for each in plan.assignments} for plan in plans]
    assert called == [{"big": (10.0,), "small-1": (2.0,)}, {"big": (6.0,)}]
    assert [plan.from_ts for plan in plans] == [NOW, NOW + 1200]


def test_a_revision_may_move_the_event(fleet: World) -> None:
    """Start, settlement and the minutely run move together."""
    ask("create", intervals=HOUR_12)
    start_ts = int(NOW) + 7200
    assert ask("revise", intervals=HOUR_12, startTs=start_ts)["startTs"] == start_ts
    assert from_shadow("e1", fleet.desired("big")["e1"]).start_ts == start_ts
    schedule = clients.scheduler().get_schedule(GroupName="schedules", Name="redispatch-e1")
    assert schedule["StartDate"].timestamp() == start_ts
    assert schedule["EndDate"].timestamp() == start_ts + 3600


def test_the_same_revision_twice_changes_nothing(fleet: World) -> None:
    """A repeat is answered as done, also when it still carries the etag of before."""
    created = ask("create", intervals=HOUR_12)
    first = ask("revise", intervals=HOUR_6, ifMatch=created["etag"])
    fleet.add_ven("late", shedAvailabilityKw=50.0)
    assert ask("revise", intervals=HOUR_6, ifMatch=created["etag"]) == first
    assert (fleet.desired("late"), row(fleet).revision) == ({}, 1)


def test_a_revision_that_comes_late_leaves_the_latest(fleet: World) -> None:
    """Out of order, a revision meets another etag than its own: refused, and nothing is changed."""
    created = ask("create", intervals=HOUR_12)
    late = {"intervals": HOUR_6, "ifMatch": created["etag"]}
    latest = ask("revise", intervals=TWO, ifMatch=created["etag"])
    answer = ask("revise", **late)
    assert (answer["code"], answer["field"]) == ("preconditionFailed", "ifMatch")
    assert (row(fleet).etag, row(fleet).revision) == (latest["etag"], 1)
    assert from_shadow("e1", fleet.desired("big")["e1"]).revision == 1


def test_going_back_to_an_earlier_wish_is_not_the_earlier_event(fleet: World) -> None:
    """A revision back to what was asked first has an etag of its own, so a late change is still refused."""
    first = ask("create", intervals=HOUR_12)
    second = ask("revise", intervals=HOUR_6, ifMatch=first["etag"])
    third = ask("revise", intervals=HOUR_12, ifMatch=second["etag"])
    assert len({each["etag"] for each in (first, second, third)}) == 3
    assert ask("cancel", ifMatch=first["etag"])["code"] == "preconditionFailed"
    assert row(fleet).cancelled_ts is None


@pytest.mark.parametrize("action", ["revise", "cancel", "delete"])
def test_a_change_of_another_event_than_believed_is_refused(fleet: World, action: str) -> None:
    """With a wrong etag nothing is written, neither the record nor a shadow."""
    ask("create", intervals=HOUR_12)
    before, shadow = row(fleet), fleet.desired("big")
    fields = {"intervals": HOUR_6} if action == "revise" else {}
    assert ask(action, ifMatch="0" * 16, **fields)["code"] == "preconditionFailed"
    assert (row(fleet), fleet.desired("big")) == (before, shadow)


@pytest.mark.parametrize("action", ["revise", "cancel"])
def test_an_event_that_is_over_is_not_changed(fleet: World, action: str) -> None:
    """What was delivered stays delivered."""
    ask("create", intervals=HOUR_12)
    fleet.now += 3600
    fields = {"intervals": HOUR_6, "startTs": int(fleet.now)} if action == "revise" else {}
    assert ask(action, **fields)["code"] == "conflict"


@pytest.mark.usefixtures("fleet")
def test_a_cancelled_event_is_not_revised() -> None:
    """Cancelled is for good; another event takes its place."""
    ask("create", intervals=HOUR_12)
    ask("cancel")
    answer = ask("revise", intervals=HOUR_6)
    assert (answer["code"], answer["error"]) == ("conflict", "has been cancelled")


def test_cancelling_again_with_the_old_etag_is_done(fleet: World) -> None:
    """A repeated cancellation carries the etag of before the first, and finds it done."""
    created = ask("create", intervals=HOUR_12)
    first = ask("cancel", ifMatch=created["etag"])
    assert first["etag"] == f"{created['etag']}-c"
    assert ask("cancel", ifMatch=created["etag"]) == first
    assert ask("cancel", ifMatch="0" * 16)["code"] == "preconditionFailed"
    assert row(fleet).revision == 1


def test_a_cancellation_takes_the_minutely_run_away(fleet: World) -> None:
    """Nothing is shared out again of an event that is no more."""
    ask("create", intervals=HOUR_12)
    found = fleet.schedule("redispatch-e1")
    assert found.request["action"] == "redispatch"
    assert found.target["Arn"] == Context().invoked_function_arn
    ask("cancel")
    with pytest.raises(clients.scheduler().exceptions.ResourceNotFoundException):
        fleet.schedule("redispatch-e1")


def test_a_deleted_event_restores_and_is_gone(fleet: World) -> None:
    """Deleting cancels; the event is listed no more and its id stays taken."""
    ask("create", intervals=HOUR_12)
    assert ask("delete")["ok"]
    assert fleet.desired("big")["e1"]["intervals"] == []
    assert EventBook(fleet.events).page(None, 10) == ((), None)
    assert ask("create", intervals=HOUR_12)["code"] == "conflict"
    for action in ("cancel", "revise", "redispatch"):
        fields = {"intervals": HOUR_6} if action == "revise" else {}
        assert ask(action, **fields)["code"] == "notFound"
    assert ask("delete")["ok"]
    assert row(fleet).revision == 1


@pytest.mark.parametrize("after_s", [3600, 4000])
def test_deleting_an_event_that_is_over_leaves_its_record(fleet: World, after_s: int) -> None:
    """It is not cancelled after the fact; it is only listed no more, and in no shadow."""
    ask("create", intervals=HOUR_12)
    fleet.now += after_s
    assert ask("delete")["ok"]
    assert (row(fleet).cancelled_ts, row(fleet).deleted_ts) == (None, fleet.now)
    assert fleet.desired("big") == {}


def test_events_are_listed_newest_first_by_pages(fleet: World) -> None:
    """Each event once, in the order of the starts, however many a page holds."""
    starts = [300, 100, 500, 200, 400]
    for start in starts:
        request = {"eventId": f"e{start}", "startTs": int(NOW) + start, "intervals": HOUR_6}
        assert handler(request, Context())["ok"]
    handler({"action": "delete", "eventId": "e400"}, Context())
    book, listed, after = EventBook(fleet.events), [], None
    for _ in range(5):
        page, after = book.page(after, 2)
        listed += [event.event_id for event in page]
        if after is None:
            break
    assert listed == ["e500", "e300", "e200", "e100"]


class KilledError(Exception):
    """The sandbox is gone."""


@pytest.mark.parametrize(
    ("owner", "step"),
    [
        (Table, "put_new"),
        (Table, "put_all"),
        (EventSchedules, "put_settle"),
        (EventSchedules, "put_redispatch"),
        (Shadows, "set_event"),
        (Table, "update"),
    ],
)
@pytest.mark.parametrize("after", [False, True])
def test_a_revision_killed_anywhere_is_completed_by_repeating_it(
    fleet: World, monkeypatch: pytest.MonkeyPatch, owner: type, step: str, after: bool
) -> None:
    """Plan written, record committed, shadows half written: the repeat makes one whole revision of it."""
    created = ask("create", intervals=HOUR_12)
    real = getattr(owner, step)

    def killed(*args: Any, **kwargs: Any) -> Any:
        if after:
            real(*args, **kwargs)
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, killed)
        with pytest.raises(KilledError):
            ask("revise", intervals=HOUR_6, ifMatch=created["etag"])
    answer = ask("revise", intervals=HOUR_6, ifMatch=created["etag"])
    assert (answer["revision"], shares(answer)) == (1, {"big": [6.0]})
    assert {v: fleet.desired(v)["e1"]["revision"] for v in ("big", "small-1")} == {"big": 1, "small-1": 1}
    assert row(fleet).done_revision == 1


def create_cut_short(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> None:
    """Create 12 kW for an hour, and be killed before the first shadow is written."""
    with monkeypatch.context() as patch:
        patch.setattr(Shadows, "set_event", _killed)
        with pytest.raises(KilledError):
            ask("create", intervals=HOUR_12, **fields)


def test_an_event_that_was_cut_short_is_not_completed_by_a_request_for_another(
    fleet: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever uses the id for another event is refused, and writes no shadow of the one that there is."""
    create_cut_short(monkeypatch)
    assert ask("create", intervals=HOUR_6)["code"] == "conflict"
    assert (fleet.desired("big"), row(fleet).done_revision) == ({}, -1)


def test_a_repeat_of_what_is_done_writes_no_shadow(fleet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer is given again from the record alone."""
    first = ask("create", intervals=HOUR_12)
    monkeypatch.setattr(Shadows, "set_event", _killed)
    assert ask("create", intervals=HOUR_12) == first
    assert row(fleet).done_revision == 0


def test_an_event_that_was_cut_short_is_not_completed_at_its_end(
    fleet: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is over nothing is left to do, and its calls are in no shadow."""
    create_cut_short(monkeypatch, startTs=int(NOW))
    fleet.now += 3600
    assert ask("create", intervals=HOUR_12, startTs=int(NOW))["ok"]
    assert (fleet.desired("big"), row(fleet).done_revision) == ({}, -1)


def test_an_unknown_event_cannot_be_deleted(fleet: World) -> None:
    """What is not there is said, and nothing is written under its id."""
    assert ask("delete")["code"] == "notFound"
    assert fleet.event_item("e1") == {}


def test_plans_of_one_revision_have_ids_of_their_own(fleet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two creates at once each plan is stored beside the other, so neither is written over."""
    written: list[str] = []
    real = EventBook.write_plan

    def write_plan(self: EventBook, header: EventRow, plan: Any) -> None:
        written.append(plan.plan_id)
        real(self, header, plan)
        if len(written) == 1:
            ask("create", intervals=HOUR_12)

    monkeypatch.setattr(EventBook, "write_plan", write_plan)
    ask("create", intervals=HOUR_12)
    assert len(set(written)) == 2
    assert row(fleet).plan_id == written[1]


def test_two_creates_at_once_are_one_event(fleet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both find nothing, both plan, over another fleet; one header stands, and both answer with its calls."""
    real, inner = BookedDays.commit, []

    def commit(self: BookedDays, *changes: Any, **conditions: Any) -> bool:
        if not inner:
            inner.append(None)
            fleet.add_ven("late", shedAvailabilityKw=50.0, sustainS=86_400)
            inner.append(ask("create", intervals=HOUR_12))
        return real(self, *changes, **conditions)

    monkeypatch.setattr(BookedDays, "commit", commit)
    outer = ask("create", intervals=HOUR_12)
    assert outer == inner[1]
    assert shares(outer) == {"late": [12.0]}
    plans = EventBook(fleet.events).plans(row(fleet))
    assert [plan.plan_id for plan in plans] == [row(fleet).plan_id]


def test_a_revision_during_the_create_stands(fleet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a revision comes while the first shadows are being written, the shadows end up as it says."""
    real, revised = Shadows.set_event, []

    def write(self: Shadows, ven_id: str, event_id: str, value: Any) -> bool:
        if not revised:
            revised.append(None)
            revised.append(ask("revise", intervals=HOUR_6))
        return real(self, ven_id, event_id, value)

    monkeypatch.setattr(Shadows, "set_event", write)
    assert ask("create", intervals=HOUR_12)["code"] == "conflict"
    assert from_shadow("e1", fleet.desired("big")["e1"]).intervals[0].value == 6.0
    assert {fleet.desired(ven_id)["e1"]["revision"] for ven_id in ("big", "small-1")} == {1}


def test_a_revision_beside_a_redispatch_is_made_anew(fleet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A redispatch in between bumps the revision but not the etag: the operator's change goes on top."""
    created = ask("create", intervals=HOUR_12)
    real, bumped = BookedDays.commit, []

    def commit(self: BookedDays, *changes: Any, **conditions: Any) -> bool:
        if not bumped:
            bumped.append(True)
            fleet.events.update(_header_key(), {"revision": 1})
        return real(self, *changes, **conditions)

    monkeypatch.setattr(BookedDays, "commit", commit)
    answer = ask("revise", intervals=HOUR_6, ifMatch=created["etag"])
    assert (answer["ok"], answer["revision"]) == (True, 2)


def _header_key() -> Any:
    from contracts.store.keys import EVENT_SORT_KEY, Key  # noqa: PLC0415 - here alone

    return Key("e1", EVENT_SORT_KEY)


@pytest.mark.usefixtures("fleet")
def test_why_a_create_is_refused_is_said() -> None:
    """Cancelled, deleted and used for another event are told apart, and each names the event's id."""
    ask("create", intervals=HOUR_12)
    other = ask("create", intervals=HOUR_6)
    ask("cancel")
    cancelled = ask("create", intervals=HOUR_12)
    ask("delete")
    deleted = ask("create", intervals=HOUR_12)
    assert [each["code"] for each in (other, cancelled, deleted)] == ["conflict"] * 3
    assert [each["field"] for each in (other, cancelled, deleted)] == ["eventId"] * 3
    assert "used for another event" in other["error"]
    assert "has been cancelled" in cancelled["error"]
    assert "has been deleted" in deleted["error"]


def test_a_change_that_others_are_always_faster_than_is_refused(
    fleet: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changed by others at each of its attempts, a cancellation is a conflict and nothing is cancelled."""
    ask("create", intervals=HOUR_12)
    real, bumped = EventBook.commit, []

    def commit(self: EventBook, new: EventRow, *, instead_of: EventRow) -> bool:
        bumped.append(None)
        fleet.events.update(_header_key(), {"revision": instead_of.revision + 1})
        return real(self, new, instead_of=instead_of)

    monkeypatch.setattr(EventBook, "commit", commit)
    answer = ask("cancel")
    assert (answer["code"], answer["field"]) == ("conflict", "eventId")
    assert "try again" in answer["error"]
    assert (len(bumped), row(fleet).cancelled_ts) == (COMMITS, None)


def test_a_redispatch_that_meets_a_cancellation_does_nothing(
    fleet: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled while an unfinished dispatch is completed, the event is not rebalanced."""
    create_cut_short(monkeypatch)
    fleet.now += 60
    real, inner = Shadows.set_event, []

    def write(self: Shadows, ven_id: str, event_id: str, value: Any) -> bool:
        if not inner:
            inner.append(None)
            inner.append(ask("cancel"))
        return real(self, ven_id, event_id, value)

    monkeypatch.setattr(Shadows, "set_event", write)
    answer = ask("redispatch")
    assert answer["note"] == "has been cancelled: nothing to do"
    assert (answer["revision"], row(fleet).cancelled_ts) == (1, fleet.now)
    assert fleet.desired("big")["e1"]["intervals"] == []


def _killed(*_: Any, **__: Any) -> None:
    raise KilledError
