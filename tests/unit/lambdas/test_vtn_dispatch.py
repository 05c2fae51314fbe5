"""Events of the VTN at the stage's own VENs: dispatched, changed, withdrawn, or not acted on for a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.api.oadr_events import OadrEventState
from contracts.openadr.times import date_time_text
from contracts.store.oadr_events import OadrEventRow
from contracts.wire.ids import EventId, ProgramId
from lambdas.dispatch_event.handler import handler as dispatch
from lambdas.shared.oadr_event_book import OadrEventBook
from lambdas.shared.program_book import ProgramBook
from lambdas.vtn_dispatch.handler import handler
from lambdas.vtn_dispatch.logic.terms import nth_event_id
from tests.support.api_world import Api
from tests.support.joined_vtn import HOUR, LEVEL, SHED, START, Joined, terms
from ven_twin.testing.function_world import NOW, Context, batch, failed

PRICE = "PRICE"
DISPATCHED, NOT_ACTED_ON = OadrEventState.DISPATCHED, OadrEventState.NOT_ACTED_ON
REFUSED, WITHDRAWN = OadrEventState.REFUSED, OadrEventState.WITHDRAWN


def test_an_event_becomes_a_dr_event_of_each_ven_with_its_own_value(joined: Joined) -> None:
    """2 kW less for whoever reads it are 2 kW less in each VEN's shadow, under the VTN's own id."""
    object_id = joined.event()
    joined.done()
    row = joined.row(object_id)
    assert (row.state, row.reason, row.program) == (DISPATCHED, None, ProgramId("peak"))
    assert row.event_id == EventId(object_id)
    for ven_id in ("house-1", "house-2"):
        event = joined.in_shadow(ven_id, object_id)
        assert event["startTs"] == START
        assert event["intervals"] == [{"durationS": 3600, "signal": "shedKw", "value": 2.0}]
    assert joined.dr_event(object_id).requested_kw == 4.0


def test_a_program_may_have_its_values_shared_as_the_fleets_total(joined: Joined) -> None:
    """With its attribute 6 kW less are brought by VENs that offer 5 kW each, together."""
    object_id = joined.event(joined.program(ALLOCATION="merit"), **terms(SHED, -6.0))
    joined.done()
    values = [
        joined.in_shadow(ven_id, object_id)["intervals"][0]["value"] for ven_id in ("house-1", "house-2")
    ]
    assert sorted(values) == [1.0, 5.0]


def test_an_event_is_for_the_vens_and_groups_among_its_targets(joined: Joined) -> None:
    """A target is a free string: those that are no name of ours are for other VENs of the VTN."""
    joined.world.set_group("north", "house-2")
    by_group = joined.event(**terms(targets=["north", "somebody else", "grid-7"]))
    by_name = joined.event(joined.program("two"), **terms(LEVEL, 2, targets=["house-1"]))
    joined.done()
    assert [joined.in_shadow(ven, by_group) is not None for ven in ("house-1", "house-2")] == [False, True]
    assert [joined.in_shadow(ven, by_name) is not None for ven in ("house-1", "house-2")] == [True, False]


def test_an_event_for_none_of_ours_is_looked_at_again_until_one_is(joined: Joined) -> None:
    """It is not acted on, for a reason; a group of that name, made later, has it within minutes."""
    object_id = joined.event(**terms(targets=["north"]))
    joined.done()
    row = joined.row(object_id)
    assert (row.state, row.event_id) == (NOT_ACTED_ON, None)
    assert row.reason == "none of its targets is a VEN or a group of this stage"
    joined.world.set_group("north", "house-2")
    joined.world.now += 300
    assert joined.sweep()["due"] == 1
    assert joined.row(object_id).state is DISPATCHED


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"intervals": []}, "it has no intervals"),
        (terms(PRICE, 0.3), "it has no payload of DISPATCH_SETPOINT_RELATIVE"),
        (
            {**terms(), "intervalPeriod": {"start": date_time_text(NOW - 9000), "duration": "PT1H"}},
            "it is over",
        ),
        (
            {
                **terms(),
                "payloadDescriptors": [
                    {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": SHED, "units": "MW"}
                ],
            },
            "unit than KW",
        ),
        ({"intervals": terms()["intervals"]}, "no place in time"),
    ],
)
def test_an_event_that_cannot_be_mapped_says_why(joined: Joined, body: dict[str, Any], reason: str) -> None:
    """The VTN stores and answers it all the same; no VEN of ours has it."""
    object_id = joined.event(**body)
    joined.done()
    row = joined.row(object_id)
    assert (row.state, row.event_id) == (NOT_ACTED_ON, None)
    assert reason in (row.reason or "")
    assert joined.asked() == ["program"]
    assert joined.utility.get(f"/events/{object_id}").status == 200


def test_a_changed_event_is_revised(joined: Joined) -> None:
    """Under the same id; the same change again changes nothing."""
    object_id = joined.event()
    joined.done()
    joined.change(object_id, **terms(SHED, -3.0))
    joined.done()
    assert joined.in_shadow("house-1", object_id)["intervals"][0]["value"] == 3.0
    revision = joined.dr_event(object_id).revision
    assert joined.asked() == ["program", "create", "revise"]
    joined.change(object_id, **terms(SHED, -3.0))
    joined.done()
    assert joined.dr_event(object_id).revision == revision


def test_an_event_that_is_deleted_is_cancelled_here_and_its_row_goes_in_time(joined: Joined) -> None:
    """The VENs give their loads back; what became of it is known for as long as telemetry is."""
    object_id = joined.event()
    joined.done()
    joined.utility.delete(f"/events/{object_id}")
    joined.done()
    row = joined.row(object_id)
    assert (row.state, row.expires_ts is not None) == (WITHDRAWN, True)
    assert joined.dr_event(object_id).cancelled_ts is not None
    assert joined.in_shadow("house-1", object_id)["intervals"] == []


def test_a_program_that_is_deleted_takes_its_events_out_of_the_shadows(joined: Joined) -> None:
    """Its events go with it."""
    program_id = joined.program()
    ids = [joined.event(program_id), joined.event(program_id, **terms(LEVEL, 1))]
    joined.done()
    joined.utility.delete(f"/programs/{program_id}")
    joined.done()
    assert {joined.row(object_id).state for object_id in ids} == {WITHDRAWN}


def test_an_event_that_is_no_longer_acted_on_is_cancelled_and_comes_back_as_another(joined: Joined) -> None:
    """A DR event that was cancelled stays so: the next one has an id of its own."""
    object_id = joined.event()
    joined.done()
    joined.change(object_id, **terms(PRICE, 0.3))
    joined.done()
    assert joined.row(object_id).state is NOT_ACTED_ON
    assert joined.dr_event(object_id).cancelled_ts is not None
    joined.change(object_id, **terms(SHED, -1.0))
    joined.done()
    assert joined.row(object_id).event_id == f"{object_id}-2"
    assert joined.in_shadow("house-1", f"{object_id}-2")["intervals"][0]["value"] == 1.0


def test_an_event_that_the_operator_cancels_stays_cancelled_until_the_vtn_changes_it(joined: Joined) -> None:
    """The operator of the stage has the last word on what the VTN has said."""
    forever = {"intervalPeriod": {"start": date_time_text(START), "duration": "PT1H"}, "duration": "P9999Y"}
    object_id = joined.event(**{**terms(LEVEL, 1, 0), **forever})
    joined.done()
    row = joined.row(object_id)
    assert row.renew_ts is not None
    dispatch({"action": "cancel", "eventId": row.event_id}, Context())
    joined.world.now = row.renew_ts
    joined.sweep()
    assert joined.row(object_id).reason == "its DR event was cancelled or deleted by the stage's operator"
    joined.change(object_id, **{**terms(LEVEL, 2, 0), **forever})
    joined.done()
    assert joined.row(object_id).state is DISPATCHED


def test_an_event_without_an_end_goes_on_window_by_window(joined: Joined) -> None:
    """24 intervals are all that a DR event has: half through them the next ones follow."""
    forever = {"intervalPeriod": {"start": date_time_text(START), "duration": "PT1H"}, "duration": "P9999Y"}
    object_id = joined.event(**{**terms(LEVEL, 1, 0), **forever})
    joined.done()
    first = joined.dr_event(object_id)
    renew_ts = joined.row(object_id).renew_ts
    assert renew_ts is not None
    joined.world.now = renew_ts - 1
    assert joined.sweep() == {"due": 0, "failed": 0, "left": 0}
    joined.world.now = renew_ts
    assert joined.sweep() == {"due": 1, "failed": 0, "left": 0}
    later = joined.dr_event(object_id)
    assert later.event_id == first.event_id
    assert later.end_ts > first.end_ts


def test_a_sweep_brings_in_what_no_order_has_come_for(joined: Joined) -> None:
    """An order may be lost; an event that is made, changed or deleted is brought in all the same."""
    kept, gone, changed = (
        joined.event(),
        joined.event(joined.program("two")),
        joined.event(joined.program("three")),
    )
    joined.vtn.told.changes.clear()
    assert joined.sweep()["due"] == 3
    joined.utility.delete(f"/events/{gone}")
    joined.change(changed, **terms(SHED, -4.0))
    joined.vtn.told.changes.clear()
    assert joined.sweep()["due"] == 2
    assert joined.row(gone).state is WITHDRAWN
    assert joined.in_shadow("house-1", changed)["intervals"][0]["value"] == 4.0
    assert joined.sweep() == {"due": 0, "failed": 0, "left": 0}
    assert joined.row(kept).state is DISPATCHED


def test_an_order_that_fails_is_tried_again_and_does_nothing_twice(joined: Joined) -> None:
    """Where `dispatch_event` fails, the order fails; the next time it is one event all the same."""
    object_id = joined.event()
    joined.functions.fails = True
    assert len(failed(handler(batch(_order(object_id)), Context()))) == 1
    joined.functions.fails = False
    for _ in range(2):
        assert failed(handler(batch(_order(object_id)), Context())) == []
    assert joined.dr_event(object_id).revision == 0


def test_an_event_that_is_deleted_right_after_it_was_dispatched_is_cancelled_all_the_same(
    joined: Joined, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was killed between the two has left word of what was made."""
    object_id = joined.event()
    put = OadrEventBook.put

    def killed(book: OadrEventBook, row: OadrEventRow, *, instead_of: OadrEventRow | None) -> bool:
        if row.tag:
            raise TimeoutError
        return put(book, row, instead_of=instead_of)

    with monkeypatch.context() as patch:
        patch.setattr(OadrEventBook, "put", killed)
        assert len(failed(handler(batch(_order(object_id)), Context()))) == 1
    assert joined.in_shadow("house-1", object_id)["intervals"]
    joined.utility.delete(f"/events/{object_id}")
    joined.vtn.told.changes.clear()
    assert joined.sweep()["due"] == 1
    assert joined.in_shadow("house-1", object_id)["intervals"] == []


def test_an_event_that_changes_while_it_is_brought_in_ends_as_it_is_then(
    joined: Joined, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order that carries out an older state reads the newer one at its end, and brings that."""
    object_id = joined.event()
    handlers = joined.functions.handlers

    def dispatch_late(event: Any, context: Any) -> Any:
        answer = dispatch(event, context)
        if event.get("action") == "create":
            joined.change(object_id, **terms(SHED, -4.0))
        return answer

    monkeypatch.setattr(joined.functions, "handlers", {**handlers, "dispatch": dispatch_late})
    assert failed(handler(batch(_order(object_id)), Context())) == []
    assert joined.in_shadow("house-1", object_id)["intervals"][0]["value"] == 4.0


def test_a_refusal_of_the_stage_is_shown_as_it_is(joined: Joined) -> None:
    """As the same event of an operator would be refused."""
    object_id = joined.event(joined.program(), **terms(SHED, -2.0, -3.0))
    joined.change(object_id, **{**terms(), "intervalPeriod": {**HOUR, "start": "1999-01-01T00:00:00Z"}})
    joined.done()
    assert joined.row(object_id).state is NOT_ACTED_ON
    assert joined.row(object_id).reason == "it is not between the years 2000 and 2100"


def test_a_programs_rules_are_the_stages(joined: Joined) -> None:
    """Its baseline and holidays settle its events; without them it leaves those that the stage's own has."""
    joined.world.set_program("kept", "caiso_10_of_10", "nerc")
    joined.program("kept")
    joined.program("summer", BASELINE="nyiso_5_of_10", HOLIDAYS="GB-ENG")
    plain = joined.event(joined.program("a name with spaces"))
    joined.done()
    programs = ProgramBook(joined.world.events)
    stored = {name: programs.program(ProgramId(name)) for name in ("kept", "summer")}
    rules = {name: (row.baseline, row.holidays) for name, row in stored.items() if row is not None}
    assert rules == {"kept": ("caiso_10_of_10", "nerc"), "summer": ("nyiso_5_of_10", "GB-ENG")}
    assert programs.program(joined.dr_event(plain).program) is not None


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("BASELINE", "mean", "expected one of caiso_10_of_10"),
        ("ALLOCATION", 3, "expected one of merit, proportional, each"),
        ("HOLIDAYS", "Easter", "expected one of auto, nerc, none"),
    ],
)
def test_an_attribute_that_cannot_be_is_refused_with_the_program(
    joined: Joined, key: str, value: Any, says: str
) -> None:
    """The business logic is told at once which attribute, and what is allowed."""
    attribute = {"type": f"VEN_TWIN_{key}", "values": [value]}
    answer = joined.utility.post("/programs", programName="p", attributes=[attribute])
    assert (answer.status, answer.json["detail"].partition(": ")[0]) == (400, f"attributes.VEN_TWIN_{key}")
    assert says in answer.json["detail"]


def test_the_api_lists_what_became_of_each_event(joined: Joined, api: Api) -> None:
    """That which was made last first, page by page."""
    acted = joined.event(**terms(LEVEL, 1, eventName="heat"))
    priced = joined.event(joined.program("tariff"), **terms(PRICE, 0.3))
    joined.done()
    first = api.get("/openadr/events", limit=1)
    assert [item["oadrEventId"] for item in first["items"]] == [priced]
    assert first["items"][0]["state"] == "notActedOn"
    second = api.get("/openadr/events", limit=1, cursor=first["next"])
    assert "next" not in second
    (item,) = second["items"]
    assert (item["oadrEventId"], item["eventName"], item["program"]) == (acted, "heat", "peak")
    assert (item["state"], item["eventId"]) == ("dispatched", acted)


def _order(object_id: str) -> str:
    return json.dumps({"objectType": "EVENT", "id": object_id})


def test_ids_of_later_dr_events_fit() -> None:
    """An id of 64 characters is cut for its number."""
    assert nth_event_id(EventId("e" * 64), 0) == "e" * 64
    assert nth_event_id(EventId("e" * 64), 9) == "e" * 61 + "-10"
