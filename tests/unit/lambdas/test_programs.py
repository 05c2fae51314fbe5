"""Programs by the API: made, changed and deleted, each on condition, and what events make of them."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas.dispatch_event import definitions
from tests.support.api_world import Answer, Api
from ven_twin.testing.function_world import NOW, World

HOUR = [{"durationS": 3600, "signal": "shedKw", "value": 4.0}]
pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def home(world: World) -> World:
    """One VEN."""
    world.add_ven("home-1")
    return world


def put(api: Api, baseline: str, *, name: str = "peak", etag: str | None = None, **more: Any) -> Answer:
    """PUT a program."""
    headers = {} if etag is None else {"If-Match": etag}
    return api.call("PUT", f"/programs/{name}", {"baseline": baseline, **more}, headers=headers)


def create(api: Api, event_id: str = "e1", **more: Any) -> Answer:
    """An event of the program."""
    return api.call("POST", "/events", {"eventId": event_id, "intervals": HOUR, "program": "peak", **more})


def test_a_program_is_used_as_soon_as_it_is_made(home: World, api: Api) -> None:
    """The event carries its rules, and keeps them when the program changes, until it is revised."""
    made = put(api, "caiso_10_of_10", holidays="nerc")
    created = create(api)
    assert created.status == 201
    put(api, "nyiso_5_of_10", etag=made.headers["ETag"])
    item = home.event_item("e1")
    assert (item["baseline"], item["holidays"]) == ("caiso_10_of_10", "nerc")
    body = {"intervals": [{**HOUR[0], "value": 3.0}], "program": "peak"}
    revised = api.call("PUT", "/events/e1", body, headers={"If-Match": created.headers["ETag"]})
    assert revised.status == 200, revised.text
    item = home.event_item("e1")
    assert (item["baseline"], item["holidays"]) == ("nyiso_5_of_10", "")


def test_programs_are_listed_with_the_default(api: Api) -> None:
    """The default program is there before any other."""
    assert api.get("/programs")["items"] == [{"program": "default", "baseline": "residential_5_of_10"}]
    made = put(api, "caiso_10_of_10", holidays="GB-ENG")
    assert [program["program"] for program in api.get("/programs")["items"]] == ["default", "peak"]
    one = api.call("GET", "/programs/peak")
    assert one.headers["ETag"] == made.headers["ETag"]
    etag = made.json["etag"]
    assert one.json == {
        "program": "peak",
        "baseline": "caiso_10_of_10",
        "holidays": "GB-ENG",
        "changedTs": NOW,
        "etag": etag,
    }


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"baseline": "best"}, "baseline", "'best' is none of caiso_10_of_10, clone"),
        ({}, "baseline", "required"),
        ({"baseline": "caiso_10_of_10", "holidays": "moon"}, "holidays", "regex"),
        ({"baseline": "caiso_10_of_10", "holidays": "XX"}, "holidays", "like US or GB-ENG"),
        ({"baseline": "caiso_10_of_10", "holidays": "GB-TX"}, "holidays", "like US or GB-ENG"),
        ({"baseline": "caiso_10_of_10", "calendar": "US"}, "calendar", "unknown field"),
    ],
)
def test_rules_that_cannot_be_name_their_field(
    api: Api, body: dict[str, Any], field: str, words: str
) -> None:
    """And there is no such program."""
    answer = api.call("PUT", "/programs/peak", body)
    assert (answer.status, answer.json["field"]) == (400, field)
    assert words in answer.json["detail"]
    assert api.call("GET", "/programs/peak").status == 404


def test_two_operators_do_not_overwrite_each_others_rules(api: Api) -> None:
    """A program that has changed since it was read, or that is there already, stays as it is."""
    first = put(api, "caiso_10_of_10")
    put(api, "nyiso_5_of_10", etag=first.headers["ETag"])
    assert put(api, "meter_before", etag=first.headers["ETag"]).status == 412
    assert put(api, "meter_before").status == 412
    assert api.get("/programs/peak")["baseline"] == "nyiso_5_of_10"
    again = put(api, "nyiso_5_of_10")  # a repeat
    assert (again.status, again.headers["ETag"]) == (200, f'"{api.get("/programs/peak")["etag"]}"')
    assert api.call("DELETE", "/programs/peak", headers={"If-Match": first.headers["ETag"]}).status == 412


def test_a_program_that_an_event_uses_stays(api: Api) -> None:
    """The event is named; a deleted one is no event's any more."""
    put(api, "caiso_10_of_10")
    create(api, startTs=int(NOW) + 86_400)
    answer = api.call("DELETE", "/programs/peak")
    assert (answer.status, answer.json["field"]) == (409, "program")
    assert "used by e1: revise, cancel or delete" in answer.json["detail"]
    api.call("DELETE", "/events/e1")
    assert api.call("DELETE", "/programs/peak").status == 204
    refused = create(api, "e2")
    assert (refused.status, refused.json["field"]) == (400, "program")
    assert api.call("DELETE", "/programs/peak").status == 404


def test_the_default_program_can_be_set_and_goes_back(home: World, api: Api) -> None:
    """Deleted, it has its own baseline again, whoever uses it; untouched, there is nothing to delete."""
    untouched = api.call("DELETE", "/programs/default")
    assert (untouched.status, untouched.json["field"]) == (409, "program")
    assert put(api, "meter_before", name="default").status == 200
    create(api, program="default")
    assert home.event_item("e1")["baseline"] == "meter_before"
    assert api.call("DELETE", "/programs/default").status == 204
    assert api.get("/programs/default")["baseline"] == "residential_5_of_10"


def test_programs_have_a_most(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default counts."""
    monkeypatch.setattr(definitions, "PROGRAMS_MAX", 1)
    full = put(api, "caiso_10_of_10")
    assert (full.status, full.json["detail"]) == (409, "there are 1 programs already")
