"""Groups of VENs by the API: made, changed and deleted, each on condition, and what events make of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from contracts.api.groups import GROUP_VENS_MAX, GROUPS_MAX
from contracts.store import definitions
from contracts.store.definitions import GroupRow
from contracts.store.keys import GROUPS_PARTITION, Key
from lambdas.dispatch_event import adapters
from lambdas.dispatch_event import definitions as dispatch_definitions
from lambdas.shared.group_book import GroupBook
from lambdas.shared.tables import Table
from tests.support.api_world import Answer, Api
from ven_twin.testing.function_world import NOW, World

HOUR = [{"durationS": 3600, "signal": "shedKw", "value": 4.0}]
pytestmark = pytest.mark.usefixtures("homes")


@pytest.fixture
def homes(world: World) -> World:
    """Three VENs in no group."""
    for name in ("home-1", "home-2", "home-3"):
        world.add_ven(name)
    return world


def put(api: Api, *vens: str, group: str = "north", etag: str | None = None) -> Answer:
    """PUT a group."""
    headers = {} if etag is None else {"If-Match": etag}
    return api.call("PUT", f"/groups/{group}", {"vens": list(vens)}, headers=headers)


def called(api: Api, event_id: str = "e1", **more: Any) -> set[str]:
    """The VENs that an event of an hour for the group calls."""
    answer = api.call(
        "POST", "/events", {"eventId": event_id, "intervals": HOUR, "targets": ["north"], **more}
    )
    assert answer.status == 201, answer.text
    return {assignment["venId"] for assignment in answer.json["assignments"]}


def test_a_group_is_targeted_as_soon_as_it_is_made(api: Api) -> None:
    """No deployment in between: the event calls the group's VENs and no other."""
    assert put(api, "home-1", "home-2").status == 200
    assert called(api, allocation="proportional") == {"home-1", "home-2"}


def test_a_group_is_read_with_its_vens_page_by_page(api: Api) -> None:
    """In the order of their ids, each once, with the count and the ETag on every page."""
    made = put(api, "home-3", "home-1", "home-2")
    first = api.call("GET", "/groups/north", limit=2)
    assert first.headers["ETag"] == made.headers["ETag"]
    assert (first.json["vens"], first.json["venCount"]) == (["home-1", "home-2"], 3)
    last = api.get("/groups/north", limit=2, cursor=first.json["next"])
    assert (last["vens"], "next" in last) == (["home-3"], False)


def test_groups_are_listed_by_their_names(api: Api) -> None:
    """Each with its count, page by page, the deleted ones left out."""
    for name in ("south", "gone", "north"):
        put(api, "home-1", group=name)
    api.call("DELETE", "/groups/gone")
    pages, cursor = [], {}
    while True:
        page = api.get("/groups", limit=1, **cursor)
        pages += [(group["group"], group["venCount"]) for group in page["items"]]
        if "next" not in page:
            break
        cursor = {"cursor": page["next"]}
    assert pages == [("north", 1), ("south", 1)]


def test_a_ven_names_its_groups(api: Api) -> None:
    """In the list, by itself and in the fleet; and the list has those of one group."""
    put(api, "home-1", "home-2")
    put(api, "home-1", group="all")
    assert api.get("/vens/home-1")["groups"] == ["all", "north"]
    assert {ven["venId"]: ven.get("groups", []) for ven in api.get("/vens")["items"]} == {
        "home-1": ["all", "north"],
        "home-2": ["north"],
        "home-3": [],
    }
    assert [ven["venId"] for ven in api.get("/vens", group="north")["items"]] == ["home-1", "home-2"]
    assert api.get("/vens", group="nowhere")["items"] == []
    assert {ven["venId"]: ven.get("groups") for ven in api.get("/fleet")["vens"]}["home-2"] == ["north"]


def test_two_operators_do_not_overwrite_each_other(api: Api) -> None:
    """A group that has changed since it was read, or that is there already, stays as it is."""
    first = put(api, "home-1")
    second = put(api, "home-2", etag=first.headers["ETag"])
    assert second.status == 200
    late = put(api, "home-3", etag=first.headers["ETag"])
    assert (late.status, late.json["field"]) == (412, "If-Match")
    blind = put(api, "home-3")
    assert (blind.status, "is there already" in blind.json["detail"]) == (412, True)
    assert api.get("/groups/north")["vens"] == ["home-2"]
    assert put(api, "home-3", etag="*").status == 200
    assert api.call("DELETE", "/groups/north", headers={"If-Match": first.headers["ETag"]}).status == 412
    assert put(api, "home-1", group="other", etag='"1f"').status == 412


def test_a_repeat_of_a_call_changes_nothing(api: Api) -> None:
    """Whoever lost an answer may call again: the group is the same, under the same ETag."""
    first = put(api, "home-1", "home-2")
    assert put(api, "home-2", "home-1").headers["ETag"] == first.headers["ETag"]
    again = api.call("POST", "/groups/north/members", {"add": ["home-1"]})
    assert (again.status, again.headers["ETag"]) == (200, first.headers["ETag"])


def test_vens_come_and_go_one_by_one(api: Api) -> None:
    """The others stay, whatever the group was a moment ago; a group may be left with none."""
    put(api, "home-1")
    change = {"add": ["home-2", "home-3"], "remove": ["home-1"]}
    assert api.call("POST", "/groups/north/members", change).json["venCount"] == 2
    assert api.get("/groups/north")["vens"] == ["home-2", "home-3"]
    assert api.call("POST", "/groups/north/members", {"remove": ["home-2", "home-3"]}).json["venCount"] == 0
    assert called(api) == set()


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"add": []}, "add", "name at least one VEN"),
        ({"add": ["home-1"], "remove": ["home-1"]}, "remove", "home-1 is to be added, too"),
        ({"add": ["home-2", "home-9"]}, "add[1]", "no VEN 'home-9'"),
        ({"add": ["a/b"]}, "add[0]", "1 to 64 of A-Z a-z"),
        ({"more": ["home-1"]}, "more", "unknown field"),
    ],
)
def test_a_change_that_cannot_be_names_its_field(
    api: Api, body: dict[str, Any], field: str, words: str
) -> None:
    """And nothing of it is done."""
    put(api, "home-1")
    answer = api.call("POST", "/groups/north/members", body)
    assert (answer.status, answer.json["field"]) == (400, field)
    assert words in answer.json["detail"]
    assert api.get("/groups/north")["vens"] == ["home-1"]


def test_a_group_is_of_vens_that_there_are(homes: World, api: Api) -> None:
    """Another name is refused by its place; a member that is gone since does not stand in the way."""
    answer = put(api, "home-1", "home-9")
    assert (answer.status, answer.json["field"]) == (400, "vens[1]")
    assert api.call("GET", "/groups/north").status == 404
    homes.set_group("north", "home-1", "gone")
    assert api.call("POST", "/groups/north/members", {"add": ["home-2"]}).json["venCount"] == 3
    assert called(api, allocation="proportional") == {"home-1", "home-2"}


def test_a_group_has_no_vens_name(api: Api) -> None:
    """An event that targets it would call the VEN."""
    answer = put(api, "home-2", group="home-1")
    assert (answer.status, answer.json["field"]) == (409, "group")
    assert "is a VEN's id" in answer.json["detail"]


@pytest.mark.parametrize("name", ["a.b", "-a", "x" * 65])
def test_a_groups_name_is_as_a_vens(api: Api, name: str) -> None:
    """Letters, digits, dashes and underscores."""
    answer = put(api, "home-1", group=name)
    assert (answer.status, answer.json["field"]) == (400, "group")


def test_a_group_that_there_is_not_is_not_found(api: Api) -> None:
    """Read, changed or deleted."""
    for method, path, body in (
        ("GET", "/groups/north", None),
        ("DELETE", "/groups/north", None),
        ("POST", "/groups/north/members", {"add": ["home-1"]}),
    ):
        answer = api.call(method, path, body)
        assert (answer.status, answer.json["field"]) == (404, "group"), path


def test_a_group_that_an_event_needs_stays(api: Api) -> None:
    """The events are named; once they are cancelled it goes, and its name is free again."""
    put(api, "home-1")
    called(api, "e-now")
    called(api, "e-later", startTs=int(NOW) + 3 * 86_400)
    answer = api.call("DELETE", "/groups/north")
    assert (answer.status, answer.json["field"]) == (409, "group")
    assert "targeted by e-later, e-now: revise, cancel or delete" in answer.json["detail"]
    for event_id in ("e-now", "e-later"):
        api.call("POST", f"/events/{event_id}/cancel")
    assert api.call("DELETE", "/groups/north").status == 204
    assert api.call("GET", "/groups/north").status == 404
    assert put(api, "home-2").status == 200


def test_an_event_that_is_over_needs_no_group(homes: World, api: Api) -> None:
    """The targets of an event that is over are history."""
    put(api, "home-1")
    called(api)
    homes.now += 3601
    assert api.call("DELETE", "/groups/north").status == 204


def test_a_running_event_goes_by_the_members_of_now(homes: World, api: Api) -> None:
    """The plan stands when the group changes; the next redispatch lets one go and calls the one that came."""
    put(api, "home-1")
    assert called(api) == {"home-1"}
    api.call("POST", "/groups/north/members", {"add": ["home-2"], "remove": ["home-1"]})
    stands = {ven["venId"] for ven in api.get("/events/e1")["vens"] if ven.get("values")}
    assert stands == {"home-1"}
    homes.now += 60
    homes.telemetry.put_new(
        {
            "venId": "home-2",
            "rowId": "LATEST",
            "timestamp": int(homes.now) - 1,
            "receivedTs": homes.now - 1,
            "bootId": "b",
            "seq": 1,
            "usedPowerKw": 5.0,
            "baselinePowerKw": 5.0,
            "shedPowerKw": 0.0,
        }
    )
    answer = homes.invoke("dispatch_event", {"action": "redispatch", "eventId": "e1"})
    assert {assignment["venId"] for assignment in answer["assignments"]} == {"home-2"}
    assert "is no VEN of its targets any more" in answer["unavailable"]["home-1"]


def test_a_large_group_is_in_chunks_that_dynamodb_takes(
    homes: World, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each chunk of a version; those of the version before go in a day, and no reader mixes the two."""
    monkeypatch.setattr(definitions, "CHUNK_VENS", 2)
    first = put(api, "home-1", "home-2", "home-3")
    old = GroupBook(homes.events).find("north")  # type: ignore[arg-type]
    assert isinstance(old, GroupRow)
    assert old.chunks == 2
    put(api, "home-3", etag=first.headers["ETag"])
    book = GroupBook(homes.events)
    assert book.members_of({"north"}) == {"north": ("home-3",)}
    assert book.all_members() == {"north": ("home-3",)}
    assert book.members(old) == ("home-1", "home-2", "home-3")
    chunks = list(homes.events.query(GROUPS_PARTITION, ("MEMBERS#", "MEMBERS$")))
    expiring = {chunk["version"]: chunk.get("expiresTs") for chunk in chunks}
    assert expiring == {old.version: int(NOW) + 86_400, book.find("north").version: None}  # type: ignore[union-attr, arg-type]


def test_a_chunk_of_the_longest_ids_fits_into_an_item() -> None:
    """400 KB, as DynamoDB counts: names and values in UTF-8."""
    vens: Any = [f"{number:064d}" for number in range(GROUP_VENS_MAX)]
    items = definitions.member_items("g" * 64, "f" * 16, vens)  # type: ignore[arg-type]
    sizes = [sum(len(name) + len(value) for name, value in item.items()) for item in items]
    assert max(sizes) < 400 * 1024
    assert [ven_id for item in items for ven_id in definitions.read_members([item])] == vens


def test_a_group_has_a_most(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of VENs in all, of VENs in a call, and of groups; each refusal says how many."""
    monkeypatch.setattr(dispatch_definitions, "GROUP_VENS_MAX", 2)
    assert "a group of 3 VENs, at most 2" in put(api, "home-1", "home-2", "home-3").json["detail"]
    crowd = put(api, *(f"ven-{number}" for number in range(10_001)))
    assert (crowd.status, crowd.json["field"]) == (400, "vens")
    assert "at most 10000 elements" in crowd.json["detail"]
    monkeypatch.setattr(dispatch_definitions, "GROUPS_MAX", 1)
    put(api, "home-1")
    full = put(api, "home-1", group="south")
    assert (full.status, full.json["detail"]) == (409, "there are 1 groups already")
    assert GROUPS_MAX == 1_000


def test_dispatch_reads_no_ven_but_those_of_the_group(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fleet of 100,000 is not read for a group of two; only a group of most of it is."""
    put(api, "home-1", "home-2")
    scan, scans = Table.scan, []

    def counted(table: Table, attributes: Any) -> Iterator[Any]:
        scans.append(table.name)
        return scan(table, attributes)

    monkeypatch.setattr(Table, "scan", counted)
    assert called(api, allocation="proportional") == {"home-1", "home-2"}
    assert scans == []
    monkeypatch.setattr(adapters, "SCAN_ABOVE_VENS", 1)
    assert called(api, "e2", priority=0, allocation="proportional") == {"home-1", "home-2"}
    assert scans == ["vens"]


def test_what_goes_is_a_header_that_expires(homes: World, api: Api) -> None:
    """A deleted group's header is there for a day, so that a slow writer's condition fails."""
    put(api, "home-1")
    api.call("DELETE", "/groups/north")
    item = homes.events.get(Key(GROUPS_PARTITION, "GROUP#north"))
    assert item is not None
    assert (item["deletedTs"], item["expiresTs"]) == (NOW, int(NOW) + 86_400)


def test_whoever_is_faster_wins(homes: World, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """An add that meets another change is made anew on it; a conditional one is refused."""
    first = put(api, "home-1")
    put_once = GroupBook.put
    ahead = [("home-1", "home-3"), ("home-2",)]

    def slow(book: GroupBook, *arguments: Any, **named: Any) -> Any:
        if ahead:
            vens = ahead.pop(0)
            monkeypatch.setattr(GroupBook, "put", put_once)
            homes.set_group("north", *vens)
            monkeypatch.setattr(GroupBook, "put", slow)
        return put_once(book, *arguments, **named)

    monkeypatch.setattr(GroupBook, "put", slow)
    answer = api.call("POST", "/groups/north/members", {"add": ["home-2"]})
    assert answer.json["venCount"] == 1
    monkeypatch.setattr(GroupBook, "put", put_once)
    assert put(api, "home-1", etag=first.headers["ETag"]).status == 412
