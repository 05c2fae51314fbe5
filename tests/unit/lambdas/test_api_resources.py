"""`api`: what programs read and do, with the real functions behind it."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.store import keys
from tests.support.api_world import Api
from tests.unit.lambdas.test_api import EVENT, INTERVAL, problem
from ven_twin.testing.function_world import LOAD, NOW, World

WHEN = int(NOW)


def store(world: World, ven_id: str, seq: int, **fields: Any) -> None:
    """A stored row, *seq* times 30 s before now."""
    row = {"timestamp": WHEN - 30 * seq, "bootId": "b1", "seq": seq, "receivedTs": NOW - 30 * seq}
    row |= {"usedPowerKw": 2.0, "baselinePowerKw": 3.5, "shedPowerKw": 1.5, **fields}
    row_id = keys.telemetry_row_id(row["timestamp"], "b1", seq)
    world.telemetry.put_new({"venId": ven_id, "rowId": fields.get("rowId", row_id), **row})


def pages(api: Api, path: str, **query: Any) -> list[list[Any]]:
    """The items of every page of a list."""
    found, cursor = [], {}
    while True:
        page = api.get(path, **query, **cursor)
        found.append(page["items"])
        if "next" not in page:
            return found
        cursor = {"cursor": page["next"]}


def test_vens_are_listed_page_by_page_each_once(api: Api, world: World) -> None:
    """Every VEN is on one page; no page is larger than asked."""
    for number in range(7):
        world.add_ven(f"ven-{number}", groups=["north"])
    found = pages(api, "/vens", limit=3)
    assert max(map(len, found)) <= 3
    assert sorted(ven["venId"] for page in found for ven in page) == [f"ven-{n}" for n in range(7)]


def test_vens_are_filtered_by_presence_and_group(api: Api, world: World) -> None:
    """One that has never connected is not online either."""
    world.add_ven("here", groups=["north"])
    world.add_ven("away", online=False, groups=["north", "south"])
    world.add_ven("new", online=None)
    ids = lambda **query: {ven["venId"] for page in pages(api, "/vens", **query) for ven in page}  # noqa: E731
    assert ids(online="true") == {"here"}
    assert ids(online="false") == {"away", "new"}
    assert ids(group="north") == {"here", "away"}
    assert ids(group="north", online="false", limit=1) == {"away"}


def test_a_ven_has_its_latest_row_and_its_circuits(api: Api, world: World) -> None:
    """Its report, its latest row and its circuits; nothing else that is stored with it."""
    world.add_ven("ven-1", optOut={"reason": "economic", "untilTs": WHEN + 60}, secretField="x")
    store(world, "ven-1", 1, rowId=keys.LATEST_ROW)
    world.telemetry.put_new(
        {"venId": "ven-1", "rowId": keys.CIRCUITS_ROW, "timestamp": WHEN, "loads": [LOAD]}
    )
    found = api.get("/vens/ven-1")
    assert found["latest"]["usedPowerKw"] == 2.0
    assert found["circuits"]["loads"][0]["id"] == "ev1"
    assert found["optOut"] == {"reason": "economic", "untilTs": WHEN + 60}
    assert "secretField" not in found


def test_a_clock_that_is_off_is_named_wherever_a_ven_is(api: Api, world: World) -> None:
    """In the list, of the VEN itself and in the fleet; a VEN whose clock is right has no skew."""
    world.add_ven("off", clockSkewS=1200)
    world.add_ven("right")
    listed = {ven["venId"]: ven.get("clockSkewS") for page in pages(api, "/vens") for ven in page}
    in_fleet = {ven["venId"]: ven.get("clockSkewS") for ven in api.get("/fleet")["vens"]}
    assert listed == in_fleet == {"off": 1200, "right": None}
    assert api.get("/vens/off")["clockSkewS"] == 1200


def test_a_row_says_what_it_measured_and_the_temperature_outside(api: Api, world: World) -> None:
    """As the VEN has sent it; a row without has neither."""
    world.add_ven("ven-1")
    store(world, "ven-1", 2)
    store(world, "ven-1", 1, measuredS=29.987, outdoorC=31.4)
    ((older, newer),) = pages(api, "/vens/ven-1/telemetry")
    assert (newer["measuredS"], newer["outdoorC"]) == (29.987, 31.4)
    assert not {"measuredS", "outdoorC"} & older.keys()


def test_a_row_has_its_circuits_where_they_are_asked_for(api: Api, world: World) -> None:
    """The mean power of each, page by page; else rows are as short as they were."""
    world.add_ven("ven-1")
    store(world, "ven-1", 2)
    store(world, "ven-1", 1, circuitsKw='{"hvac":1.25,"ev1":0.0}')
    listed = pages(api, "/vens/ven-1/telemetry", circuits="true", limit=1)
    assert [row.get("circuitsKw") for page in listed for row in page] == [None, {"hvac": 1.25, "ev1": 0.0}]
    ((_, newer),) = pages(api, "/vens/ven-1/telemetry")
    assert "circuitsKw" not in newer
    problem(api.call("GET", "/vens/ven-1/telemetry", circuits="yes"), 400, "badRequest", "circuits")
    problem(api.call("GET", "/fleet/history", circuits="true"), 400, "badRequest", "circuits")


def test_a_ven_that_is_none_of_ours_is_not_found(api: Api) -> None:
    """404, and the problem names the path's parameter."""
    for path in ("/vens/nobody", "/vens/nobody/telemetry"):
        problem(api.call("GET", path), 404, "notFound", "venId")
    problem(api.call("POST", "/vens/nobody/commands", {"op": "ping"}), 404, "notFound", "venId")


def test_the_fleets_history_is_read_between_two_times_page_by_page(api: Api, world: World) -> None:
    """Oldest first, from inclusive, to exclusive, whatever the pages."""
    powers = {
        "usedKw": 1.0,
        "baselineKw": 2.0,
        "askedKw": 0.0,
        "deliveredKw": 0.0,
        "online": 2,
        "measured": 2,
    }
    for n in range(5):
        at = int(WHEN) - 300 * n
        key = {"venId": keys.FLEET_PARTITION, "rowId": keys.fleet_row_id(at)}
        world.telemetry.put_new({**key, "timestamp": at, **powers})
    found = pages(api, "/fleet/history", limit=2, **{"from": int(WHEN) - 900, "to": int(WHEN)})
    times = [sample["timestamp"] for page in found for sample in page]
    assert times == [int(WHEN) - 300 * n for n in (3, 2, 1)]


def test_telemetry_is_read_between_two_times_page_by_page(api: Api, world: World) -> None:
    """Oldest first, from inclusive, to exclusive, each row once; latest rows are none of them."""
    world.add_ven("ven-1")
    for seq in range(10):
        store(world, "ven-1", seq)
    store(world, "ven-1", 0, rowId=keys.LATEST_ROW)
    found = pages(api, "/vens/ven-1/telemetry", limit=2, **{"from": WHEN - 240, "to": WHEN})
    assert [row["seq"] for page in found for row in page] == list(range(8, 0, -1))
    assert all(len(page) <= 2 for page in found)
    everything = pages(api, "/vens/ven-1/telemetry")
    assert len(everything[0]) == 10


def test_a_cursor_of_another_query_is_refused(api: Api, world: World) -> None:
    """It holds for its path and filters; how many are wanted may change on the way."""
    for ven_id in ("ven-1", "ven-2"):
        world.add_ven(ven_id)
        for seq in range(4):
            store(world, ven_id, seq)
    span = {"from": WHEN - 3600, "to": WHEN + 1}
    cursor = api.get("/vens/ven-1/telemetry", limit=1, **span)["next"]
    assert len(api.get("/vens/ven-1/telemetry", limit=9, cursor=cursor, **span)["items"]) == 3
    for path, query in (
        ("/vens/ven-2/telemetry", span),
        ("/vens/ven-1/telemetry", span | {"to": WHEN}),
        ("/vens", {}),
        ("/events", {}),
    ):
        problem(api.call("GET", path, cursor=cursor, **query), 400, "badRequest", "cursor")
    for broken in (cursor[:-1], cursor[1:], cursor + "A", "!" + cursor):
        answer = api.call("GET", "/vens/ven-1/telemetry", cursor=broken, **span)
        problem(answer, 400, "badRequest", "cursor")


def test_a_command_is_sent_and_read_with_its_ack(api: Api, world: World) -> None:
    """202 with its place; the ack stands there once the VEN has answered."""
    world.add_ven("ven-1")
    sent = api.call("POST", "/vens/ven-1/commands", {"op": "ping"})
    place = sent.headers["Location"]
    assert (sent.status, place) == (202, f"/vens/ven-1/commands/{sent.json['correlationId']}")
    assert "ack" not in api.get(place)
    ack = {"op": "ping", "ok": True, "status": "success", "ts": WHEN, "venId": "ven-1", "correlationId": "x"}
    key = keys.Key("ven-1", sent.json["correlationId"])
    world.commands.update(key, {"ack": ack, "ackReceivedTs": NOW})
    assert api.get(place)["ack"]["ok"] is True
    problem(api.call("GET", "/vens/ven-1/commands/other"), 404, "notFound", "correlationId")


def test_a_command_that_cannot_be_is_refused_by_its_field(api: Api, world: World) -> None:
    """A refusal of `issue_command` is a problem with the field as the body spells it."""
    world.add_ven("ven-1")
    path = "/vens/ven-1/commands"
    problem(api.call("POST", path, {"op": "explode"}), 400, "badRequest", "op")
    shed = {"op": "shedLoad", "data": {"reduceKw": -1, "durationS": 60}}
    problem(api.call("POST", path, shed), 400, "badRequest", "data.reduceKw")


def test_a_command_under_one_key_is_one_command(api: Api, world: World) -> None:
    """A repeat is the same command; another command under the key is a conflict that names the header."""
    world.add_ven("ven-1")
    key = {"Idempotency-Key": "7"}
    first, again = (api.call("POST", "/vens/ven-1/commands", {"op": "ping"}, headers=key) for _ in range(2))
    assert first.json == again.json
    other = api.call("POST", "/vens/ven-1/commands", {"op": "get"}, headers=key)
    problem(other, 409, "conflict", "Idempotency-Key")


def test_an_event_is_created_read_revised_cancelled_and_deleted(api: Api, world: World) -> None:
    """Its whole life by HTTP, each change on condition of the state that the last one left."""
    world.add_ven("ven-1")
    created = api.call("POST", "/events", EVENT)
    place, etag = created.headers["Location"], created.headers["ETag"]
    assert (created.status, place) == (201, f"/events/{created.json['eventId']}")
    read = api.call("GET", place)
    assert (read.headers["ETag"], read.json["phase"], read.json["askedKw"]) == (etag, "far", 3.0)
    assert read.json["vens"] == [{"venId": "ven-1", "values": [3.0]}]
    body = {**EVENT, "intervals": [{**INTERVAL, "value": 2}]}
    revised = api.call("PUT", place, body, headers={"If-Match": etag})
    assert (revised.status, revised.json["askedKw"]) == (200, 2.0)
    assert revised.headers["ETag"] not in {etag, ""}
    stale = api.call("POST", f"{place}/cancel", headers={"If-Match": etag})
    problem(stale, 412, "preconditionFailed", "If-Match")
    cancelled = api.call("POST", f"{place}/cancel", headers={"If-Match": revised.headers["ETag"]})
    assert cancelled.status == 200
    assert api.get(place)["phase"] == "cancelled"
    assert api.call("DELETE", place, headers={"If-Match": cancelled.headers["ETag"]}).status == 204
    problem(api.call("GET", place), 404, "notFound", "eventId")
    assert api.call("DELETE", place).status == 204, "a repeat of a deletion that was done is no mistake"
    problem(api.call("DELETE", "/events/none"), 404, "notFound", "eventId")
    assert api.get("/events")["items"] == []


def test_replacing_an_event_needs_to_say_which(api: Api, world: World) -> None:
    """428 without If-Match, 412 when it has changed, 400 when it is no such header, * for any."""
    world.add_ven("ven-1")
    created = api.call("POST", "/events", EVENT)
    place, etag = created.headers["Location"], created.headers["ETag"]
    body = {**EVENT, "priority": 7}
    put = lambda tag: api.call("PUT", place, body, headers={"If-Match": tag})  # noqa: E731
    problem(api.call("PUT", place, EVENT), 428, "preconditionRequired", "If-Match")
    for tag in ('"0123456789abcdef"', f"W/{etag}", '""', '"' + "x" * 100 + '"', '"a", "b"'):
        problem(put(tag), 412, "preconditionFailed", "If-Match")
    for tag in (etag.strip('"'), "yes", '"', f"{etag},"):
        problem(put(tag), 400, "badRequest", "If-Match")
    assert put(f'"other", {etag}').status == 200
    assert put("*").status == 200
    problem(api.call("PUT", "/events/none", EVENT, headers={"If-Match": "*"}), 404, "notFound", "eventId")


def test_an_event_under_one_key_is_one_event_of_its_caller(api: Api, world: World) -> None:
    """However often it is sent; another body under the key conflicts; another caller has other keys."""
    world.add_ven("ven-1")
    post = lambda body, caller="A", key="k1": api.call(  # noqa: E731
        "POST", "/events", body, headers={"Idempotency-Key": key}, caller=caller
    )
    first, again = post(EVENT), post(EVENT)
    assert (first.status, again.status) == (201, 201)
    assert first.json["eventId"] == again.json["eventId"]
    assert post(EVENT, "ROLE:monday").json["eventId"] == post(EVENT, "ROLE:tuesday").json["eventId"]
    assert post(EVENT, "B").json["eventId"] != first.json["eventId"]
    assert post(EVENT, key="k2").json["eventId"] != first.json["eventId"]
    problem(post({**EVENT, "priority": 1}), 409, "conflict", "Idempotency-Key")
    problem(post({**EVENT, "eventId": "mine"}), 400, "badRequest", "Idempotency-Key")
    problem(post(EVENT, key="a b"), 400, "badRequest", "Idempotency-Key")


def test_an_id_that_is_taken_conflicts_and_names_it(api: Api, world: World) -> None:
    """The same request under the same id is the same event; another one is a conflict."""
    world.add_ven("ven-1")
    mine = {**EVENT, "eventId": "mine"}
    assert api.call("POST", "/events", mine).headers["Location"] == "/events/mine"
    assert api.call("POST", "/events", mine).status == 201
    problem(api.call("POST", "/events", {**mine, "priority": 3}), 409, "conflict", "eventId")


def test_events_are_listed_the_newest_first_page_by_page(api: Api, world: World) -> None:
    """Each event once, without its VENs; a deleted one is left out."""
    world.add_ven("ven-1")
    for number in range(5):
        body = {**EVENT, "eventId": f"e{number}", "startTs": EVENT["startTs"] + number % 3}
        assert api.call("POST", "/events", body).status == 201
    api.call("DELETE", "/events/e3")
    found = pages(api, "/events", limit=2)
    events = [event for page in found for event in page]
    assert sorted(event["eventId"] for event in events) == ["e0", "e1", "e2", "e4"]
    starts = [event["startTs"] for event in events]
    assert starts == sorted(starts, reverse=True)
    assert "vens" not in events[0]


def test_events_are_listed_that_start_between_two_times(api: Api, world: World) -> None:
    """From inclusive, to exclusive, page by page; each end is open when it is left out."""
    world.add_ven("ven-1")
    first = EVENT["startTs"]
    for number in range(6):
        body = {**EVENT, "eventId": f"e{number}", "startTs": first + number}
        assert api.call("POST", "/events", body).status == 201
    ids = lambda **query: [event["eventId"] for page in pages(api, "/events", **query) for event in page]  # noqa: E731
    assert ids(**{"from": first + 1, "to": first + 4}, limit=2) == ["e3", "e2", "e1"]
    assert ids(**{"from": first + 4}) == ["e5", "e4"]
    assert ids(to=first + 1) == ["e0"]
    assert ids(**{"from": first + 4, "to": first + 2}) == []
    problem(api.call("GET", "/events", **{"from": "today"}), 400, "badRequest", "from")


def test_the_vens_of_an_event_come_in_pages(api: Api, world: World) -> None:
    """VENs dispatched, VENs not counted on and VENs that only acked, in the order of their ids, each once."""
    for number in range(4):
        world.add_ven(f"ven-{number}", online=number != 2)
    api.call("POST", "/events", {**EVENT, "eventId": "e1", "intervals": [{**INTERVAL, "value": 12}]})
    said = {"ts": WHEN, "receivedTs": NOW, "data": {"reason": "economic"}, "correlationId": "c"}
    world.events.put_new({"eventId": "e1", "part": "VEN#ven-3", "venId": "ven-3", "optedOut": said})
    first = api.get("/events/e1", limit=3)
    rest = api.get("/events/e1", limit=3, cursor=first["next"])
    parts = [*first["vens"], *rest["vens"]]
    assert [part["venId"] for part in parts] == [f"ven-{n}" for n in range(4)]
    assert parts[2]["unavailable"] == "offline"
    assert parts[3]["phases"]["optedOut"]["data"] == {"reason": "economic"}
    assert "next" not in rest


def test_a_report_is_there_once_the_event_is_over_and_settled(api: Api, world: World) -> None:
    """409 before the end and before it is settled, 404 without an event; POST settles now and once."""
    world.add_ven("ven-1")
    api.call("POST", "/events", {**EVENT, "eventId": "e1"})
    for method in ("GET", "POST"):
        early = problem(api.call(method, "/events/e1/report"), 409, "conflict", "eventId")
        assert "is not over before" in early["detail"]
        problem(api.call(method, "/events/none/report"), 404, "notFound", "eventId")
    world.now += 9999
    waiting = problem(api.call("GET", "/events/e1/report"), 409, "conflict", "eventId")
    assert "POST settles it now" in waiting["detail"]
    assert [name for name, _ in api.functions.asked] == ["dispatch"]
    settled = api.call("POST", "/events/e1/report")
    assert (settled.status, settled.json["eventId"]) == (200, "e1")
    assert api.get("/events/e1/report") == settled.json
    assert api.get("/events/e1")["settled"] is True


def test_the_fleet_says_who_is_there_and_who_sheds(api: Api, world: World) -> None:
    """Counts over all, the latest rows of those that are online, at most as many listed as asked."""
    world.add_ven("idle", sustainS=7200.0)
    world.add_ven("busy", sustainS=600.0)
    world.add_ven("away", online=False)
    shed = {"eventId": "e1", "requestedReductionKw": 2.0, "rowId": keys.LATEST_ROW}
    store(world, "busy", 1, **shed)
    store(world, "away", 1, **shed)
    found = api.get("/fleet", limit=1)
    assert (found["known"], found["online"], found["shedding"], found["leftOff"]) == (3, 2, 1, 2)
    assert found["vens"][0]["venId"] == "busy"
    assert found["events"] == [{"eventId": "e1", "vens": 1, "askedKw": 2.0, "deliveredKw": 1.5}]
    assert found["flexibilityKw"] == pytest.approx(10.0)


def test_a_ven_that_an_event_has_not_called_is_not_in_its_figures(api: Api, world: World) -> None:
    """Its latest row names the event of others and 9,999 kW; the fleet's event is as without it."""
    for ven_id in ("called", "liar"):
        world.add_ven(ven_id)
        store(world, ven_id, 1, eventId="e1", requestedReductionKw=9_999.0, rowId=keys.LATEST_ROW)
    world.call("e1", "called")
    shown = api.get("/fleet")
    assert shown["events"] == [{"eventId": "e1", "vens": 1, "askedKw": 9_999.0, "deliveredKw": 1.5}]
    assert {ven["venId"]: ven["standing"] for ven in shown["vens"]} == {"called": "shedding", "liar": "ready"}


def test_the_api_serves_its_own_document(api: Api) -> None:
    """The document that is checked in is the one that is served."""
    found = api.get("/openapi.json")
    assert found["openapi"].startswith("3.1")
    assert "/events/{eventId}" in found["paths"]
