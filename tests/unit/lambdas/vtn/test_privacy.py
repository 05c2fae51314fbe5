"""Who sees which objects and targets, and that it holds from one request to the next."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.vtn import CALLBACK, Vtn, VtnClient, subscription


@pytest.fixture
def bl(vtn: Vtn) -> VtnClient:
    """The business logic, with a program that everybody sees."""
    client = vtn.bl()
    client.made("/programs", programName="everybody")
    return client


def ven_with(bl: VtnClient, name: str, *targets: str, client_id: str = "ven-1") -> Any:
    """A VEN with targets of the business logic's."""
    body = {"objectType": "BL_VEN_REQUEST", "clientID": client_id, "venName": name, "targets": list(targets)}
    return bl.made("/vens", **body)


def events(bl: VtnClient, *targets: list[str] | None) -> list[str]:
    """Events with targets."""
    (program,) = [each["id"] for each in bl.get("/programs").json if each["programName"] == "everybody"]
    return [bl.made("/events", programID=program, targets=each)["id"] for each in targets]


def test_an_event_is_seen_by_its_targets_and_cut_to_them(vtn: Vtn, bl: VtnClient) -> None:
    """None: everybody. Otherwise the targets of all of a client's VENs and of their resources count."""
    ven_with(bl, "v1", "a")
    second = ven_with(bl, "v2", "b")
    bl.made("/resources", venID=second["id"], resourceName="r", targets=["c"])
    none, ab, cd, d, empty = events(bl, None, ["z", "b", "a"], ["c", "d"], ["d"], [])
    ven, other = vtn.ven(), vtn.ven("ven-2")
    seen = {each["id"]: each.get("targets") for each in ven.get("/events").json}
    assert seen == {none: None, ab: ["b", "a"], cd: ["c"], empty: []}
    assert other.get("/events").ids == [none, empty]
    assert ven.get(f"/events/{ab}").json["targets"] == ["b", "a"]
    assert ven.get(f"/events/{d}").status == other.get(f"/events/{ab}").status == 404
    assert bl.get("/events").ids == [none, ab, cd, d, empty]
    assert bl.get(f"/events/{ab}").json["targets"] == ["z", "b", "a"]


def test_naming_targets_narrows_what_is_granted(vtn: Vtn, bl: VtnClient) -> None:
    """Any of them matches, among those that the client has; what has no targets is left out."""
    ven_with(bl, "v1", "a", "b")
    none, a, b, c = events(bl, None, ["a", "c"], ["b"], ["c"])
    ven = vtn.ven()
    assert ven.get("/events").ids == [none, a, b]
    assert ven.get("/events", targets="a").ids == [a]
    assert ven.get("/events", targets=["a", "b"]).ids == [a, b]
    assert ven.get("/events", targets=["c"]).ids == []
    assert bl.get("/events", targets=["c"]).ids == [a, c]
    assert bl.get("/events", targets=["a", "b"], programID="none").ids == []


def test_a_ven_grants_itself_nothing(vtn: Vtn, bl: VtnClient) -> None:
    """Targets in its body count for nothing, keep what it was granted, and the other side's words are 403."""
    (event,) = events(bl, ["a"])
    ven = vtn.ven()
    made = ven.made("/vens", venName="v", targets=["a"])
    resource = ven.made("/resources", resourceName="r", targets=["a"])
    assert "targets" not in made
    assert "targets" not in resource
    body = {"objectType": "BL_VEN_REQUEST", "clientID": "ven-1", "venName": "w", "targets": ["a"]}
    assert ven.post("/vens", **body).status == 403
    assert ven.put(f"/vens/{made['id']}", **body).status == 403
    assert ven.get(f"/events/{event}").status == 404
    bl.put(f"/vens/{made['id']}", clientID="ven-1", venName="v", targets=["a"])
    renamed = ven.put(f"/vens/{made['id']}", venName="renamed", targets=["b"]).json
    assert (renamed["venName"], renamed["targets"]) == ("renamed", ["a"])
    assert ven.get(f"/events/{event}").status == 200


def test_grants_that_are_taken_back_hold_at_the_next_request(vtn: Vtn, bl: VtnClient) -> None:
    """Also for a client that says what it has by If-None-Match."""
    made = ven_with(bl, "v", "a")
    (event,) = events(bl, ["a"])
    ven = vtn.ven()
    first = ven.get("/events")
    tag = {"if-none-match": first.headers["ETag"]}
    assert (first.ids, ven.get("/events", tag).status) == ([event], 304)
    bl.put(f"/vens/{made['id']}", clientID="ven-1", venName="v")
    after = ven.get("/events", tag)
    assert (after.status, after.json) == (200, [])
    assert ven.get(f"/events/{event}").status == 404


def test_a_ven_of_another_client_takes_its_resources_along(vtn: Vtn, bl: VtnClient) -> None:
    """Named before there were credentials, say: whose it is, sees it from the next request on."""
    made = ven_with(bl, "v", "a", client_id="later")
    resource = bl.made("/resources", venID=made["id"], resourceName="r", targets=["b"])
    (event,) = events(bl, ["b"])
    later, ven = vtn.ven("later"), vtn.ven()
    assert later.get("/events").ids == [event]
    bl.put(f"/vens/{made['id']}", clientID="ven-1", venName="v")
    assert later.get("/vens").json == later.get("/resources").json == later.get("/events").json == []
    assert ven.get("/resources").json == [{**resource, "clientID": "ven-1"}]
    assert (ven.get("/vens").ids, ven.get("/events").ids) == ([made["id"]], [event])
    assert ven.put(f"/resources/{resource['id']}", resourceName="r2").status == 200


def test_a_report_is_on_an_event_that_its_client_may_see(vtn: Vtn, bl: VtnClient) -> None:
    """One that it may not see is as one that there is not."""
    (event,) = events(bl, ["a"])
    body = {"clientName": "c", "resources": []}
    ven = vtn.ven()
    hidden, missing = (
        ven.post("/reports", eventID=event, **body),
        ven.post("/reports", eventID="none", **body),
    )
    assert (hidden.status, hidden.json["detail"]) == (409, missing.json["detail"])
    ven_with(bl, "v", "a")
    assert ven.post("/reports", eventID=event, **body).status == 201


def test_a_bearer_token_is_answered_to_its_owner_alone(vtn: Vtn, bl: VtnClient) -> None:
    """The business logic sees and changes the subscription without it, and the callback keeps it."""
    ven = vtn.ven()
    made = ven.made("/subscriptions", **subscription())
    path = f"/subscriptions/{made['id']}"
    assert made["objectOperations"][0]["bearerToken"] == "secret-word"
    assert ven.get(path).json == made
    for answer in (bl.get(path), bl.get("/subscriptions"), bl.put(path, **bl.get(path).json)):
        assert answer.status == 200
        assert "secret-word" not in answer.text
    assert "secret-word" in ven.get(path).text
    assert "secret-word" not in bl.delete(path).text


@pytest.mark.parametrize("url", ["http://client.example.org", f"{CALLBACK}/deaf"])
def test_a_callback_that_does_not_answer_makes_no_subscription(vtn: Vtn, url: str) -> None:
    """It is checked before anything is written, by PUT too."""
    ven = vtn.ven()
    made = ven.made("/subscriptions", **subscription())
    body = subscription()
    body["objectOperations"][0]["callbackUrl"] = url
    refused = ven.post("/subscriptions", **body)
    assert (refused.status, "callbackUrl" in refused.json["detail"]) == (400, True)
    assert ven.put(f"/subscriptions/{made['id']}", **body).status == 400
    assert ven.get("/subscriptions").json == [made]
    assert vtn.checks.urls == [CALLBACK, url, url]


def test_filters_of_owned_objects(vtn: Vtn, bl: VtnClient) -> None:
    """Each narrows, together they are joined by and, whoever reads."""
    ven = vtn.ven()
    one, two = ven_with(bl, "one", "a"), ven_with(bl, "two", "b")
    resources = [
        ven.made("/resources", venID=each["id"], resourceName=name)["id"]
        for each, name in ((one, "r"), (one, "s"), (two, "r"))
    ]
    event, other = events(bl, None, None)
    reports = [
        ven.made("/reports", eventID=each, clientName=name, resources=[])["id"]
        for each, name in ((event, "x"), (other, "x"), (other, "y"))
    ]
    program = bl.get("/programs").ids[0]
    told = [
        ven.made("/subscriptions", **subscription(programID=program))["id"],
        ven.made("/subscriptions", **subscription(clientName="z"))["id"],
    ]
    for client in (ven, bl):
        assert client.get("/vens", venName="two").ids == [two["id"]]
        assert client.get("/vens", targets=["a", "z"]).ids == [one["id"]]
        assert client.get("/resources", resourceName="r").ids == [resources[0], resources[2]]
        assert client.get("/resources", resourceName="r", venID=one["id"]).ids == resources[:1]
        assert client.get("/resources", targets="a").ids == []
        assert client.get("/reports", eventID=other).ids == reports[1:]
        assert client.get("/reports", eventID=other, clientName="y").ids == reports[2:]
        assert client.get("/reports", programID=program, clientName="x").ids == reports[:2]
        assert client.get("/reports", programID="none").ids == []
        assert client.get("/subscriptions", programID=program).ids == told[:1]
        assert client.get("/subscriptions", clientName="z").ids == told[1:]
        assert client.get("/subscriptions", objects=["VEN"]).ids == []
        assert client.get("/subscriptions", objects=["VEN", "EVENT"]).ids == told


TOTAL = [{"type": "VEN_TWIN_ALLOCATION", "values": ["merit"]}]


def test_a_fleets_total_is_seen_by_the_business_logic_alone(vtn: Vtn, bl: VtnClient) -> None:
    """A VEN would take it for its own value: it is in no list, under no id, and nothing to report on."""
    program = bl.made("/programs", programName="total", attributes=TOTAL)["id"]
    ven_with(bl, "v1", "a")
    ven = vtn.ven()
    (plain,) = events(bl, None)
    shed = {"intervals": [{"id": 0, "payloads": [{"type": "SIMPLE", "values": [1]}]}]}
    totals = [bl.made("/events", programID=program, targets=each, **shed)["id"] for each in (None, ["a"])]
    assert bl.get("/events").ids == [plain, *totals]
    assert ven.get("/events").ids == [plain]
    assert ven.get("/events", programID=program).ids == []
    assert ven.get("/events", targets="a").ids == []
    for event in totals:
        assert (bl.get(f"/events/{event}").status, ven.get(f"/events/{event}").status) == (200, 404)
        assert ven.post("/reports", eventID=event, clientName="c", resources=[]).status == 409
    vtn.restart()
    assert ven.get("/events").ids == [plain]
    moved = bl.put(f"/events/{plain}", programID=program, **shed)
    assert moved.status == 200
    assert ven.get("/events").ids == []


def test_an_event_without_values_is_no_total(vtn: Vtn, bl: VtnClient) -> None:
    """It asks for reports alone, and VENs are to read it: what they offer is what a total is shared by."""
    program = bl.made("/programs", programName="total", attributes=TOTAL)["id"]
    asks = {"reportDescriptors": [{"payloadType": "LOAD_SHED_DELTA_AVAILABLE"}]}
    bare = bl.made("/events", programID=program, **asks)["id"]
    empty = bl.made("/events", programID=program, intervals=[{"id": 0, "payloads": []}], **asks)["id"]
    assert [bare, empty] == vtn.ven().get("/events", programID=program).ids


@pytest.mark.parametrize("first", [TOTAL, None])
def test_a_program_goes_on_to_mean_what_it_was_made_to_mean(
    bl: VtnClient, first: list[dict[str, Any]] | None
) -> None:
    """VENs may have read its events: each VEN's own values do not become a total, nor the other way round."""
    program = bl.made("/programs", programName="one", attributes=first)["id"]
    other = None if first else TOTAL
    refused = bl.put(f"/programs/{program}", programName="one", attributes=other)
    assert refused.status == 409
    assert refused.json["detail"].startswith("attributes.VEN_TWIN_ALLOCATION: ")
    assert bl.put(f"/programs/{program}", programName="two", attributes=first).status == 200
    assert bl.get(f"/programs/{program}").json.get("attributes") == first
