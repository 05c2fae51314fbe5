"""Tags of lists: of what a reader is answered, whatever else has changed."""

from __future__ import annotations

from typing import Any, cast

import pytest

from lambdas.vtn import warm_collections
from tests.support.vtn import Vtn, VtnAnswer, VtnClient
from tests.unit.lambdas.vtn.conftest import DynamoCalls

POLL = ["Query", "GetItem"]
"""The client's partition and the version."""


@pytest.fixture
def bl(vtn: Vtn) -> VtnClient:
    """The business logic, with a program."""
    client = vtn.bl()
    client.made("/programs", programName="p")
    return client


def event(bl: VtnClient, **more: Any) -> str:
    """An event's id."""
    return str(bl.made("/events", programID=bl.get("/programs").ids[0], **more)["id"])


def tagged(answer: VtnAnswer) -> dict[str, str]:
    """The headers of a poll by who has *answer*."""
    return {"if-none-match": answer.headers["ETag"]}


def test_a_change_is_news_to_those_alone_who_are_answered_it(
    vtn: Vtn, bl: VtnClient, dynamo_calls: DynamoCalls
) -> None:
    """An event for one VEN is a 304 for the others, whose first in a function reads the event."""
    names = ("a", "b", "c")
    for name in names:
        bl.made("/vens", objectType="BL_VEN_REQUEST", clientID=f"ven-{name}", venName=name, targets=[name])
    event(bl)
    event(bl, targets=["a", "b"])
    vens = [vtn.ven(f"ven-{name}") for name in names]
    first = [ven.get("/events", active="true") for ven in vens]
    made = event(bl, targets=["b"])
    dynamo_calls.operations.clear()
    polls = [
        ven.get("/events", tagged(answer), active="true") for ven, answer in zip(vens, first, strict=True)
    ]
    assert [poll.status for poll in polls] == [304, 200, 304]
    assert polls[1].ids == [*first[1].ids, made]
    assert [polls[n].headers["ETag"] == first[n].headers["ETag"] for n in range(3)] == [True, False, True]
    assert dynamo_calls.operations == [*POLL, "GetItem", *POLL, *POLL]


def test_a_warm_function_makes_no_list_of_what_it_has_answered(vtn: Vtn, bl: VtnClient) -> None:
    """As long as nothing has changed the tag says that the reader has it: of events as of programs."""
    event(bl)
    event(bl, targets=["group"])
    for number in (1, 2):
        body = {"clientID": f"ven-{number}", "venName": f"v{number}", "targets": ["group", f"own-{number}"]}
        bl.made("/vens", objectType="BL_VEN_REQUEST", **body)
    ven, other = vtn.ven(), vtn.ven("ven-2")
    for path, query in (("/events", {}), ("/events", {"active": "true"}), ("/programs", {"limit": 1})):
        first = ven.get(path, **query)
        objects = vtn.adapters.collections["EVENT" if path == "/events" else "PROGRAM"].objects
        entries = dict(objects.entries)
        objects.entries.update(dict.fromkeys(entries, cast("Any", "nothing that a list is made of")))
        assert ven.get(path, tagged(first), **query).status == 304
        assert other.get(path, tagged(first), **query).status == 304, (
            "it has the same targets of those that count"
        )
        objects.entries.update(entries)
        assert ven.get(path, **query).text == first.text


def test_tags_of_more_readers_than_are_remembered_hold(
    vtn: Vtn, bl: VtnClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not remembered is made again."""
    monkeypatch.setattr(warm_collections, "TAGS_MAX", 2)
    for _ in range(5):
        event(bl)
    answers = [bl.get("/events", limit=limit) for limit in range(5)]
    assert len(vtn.adapters.collections["EVENT"].objects.tags) <= 2
    again = [bl.get("/events", tagged(answer), limit=limit) for limit, answer in enumerate(answers)]
    assert [answer.status for answer in again] == [304] * 5


def test_an_etag_is_of_what_is_answered(vtn: Vtn, bl: VtnClient) -> None:
    """Another list has another tag, and one that is the same has the same, by whatever query."""
    first = event(bl)
    event(bl, targets=["a"])
    ven = vtn.ven()
    tag = ven.get("/events").headers["ETag"]
    assert ven.get("/events", limit=1).headers["ETag"] == tag
    others = [ven.get("/events", limit=0), bl.get("/events"), ven.get("/programs")]
    bl.put(f"/events/{first}", programID=bl.get("/programs").ids[0], eventName="new")
    others.append(ven.get("/events"))
    assert len({tag, *(answer.headers["ETag"] for answer in others)}) == 5
    assert ven.get("/events", {"if-none-match": tag}).status == 200
    for path in ("/vens", "/reports", "/subscriptions", f"/events/{bl.get('/events').ids[0]}"):
        assert bl.get(path, {"if-none-match": bl.get(path).headers["ETag"]}).status == 304
    for path in ("/events", "/programs", "/vens"):
        any_tag = bl.get(path, {"if-none-match": "*"})
        assert (any_tag.status, any_tag.headers["ETag"]) == (304, bl.get(path).headers["ETag"])


def test_an_event_that_ends_as_it_is_read_is_left_out_when_it_is_over(
    vtn: Vtn, world: Any, bl: VtnClient
) -> None:
    """Of one interval of now, which is always past, and one that passes: the tag is of what is left."""
    first = {"start": "0001-01-01", "duration": "PT0S"}
    second = {"start": "2027-01-15T08:00:00Z", "duration": "PT1H"}  # the world's now
    intervals = [{"id": n, "intervalPeriod": each, "payloads": []} for n, each in enumerate((first, second))]
    passing, lasting = event(bl, intervals=intervals), event(bl)
    ven = vtn.ven()
    before = ven.get("/events", active="true")
    assert before.ids == [passing, lasting]
    world.now += 3590
    assert ven.get("/events", tagged(before), active="true").status == 304
    world.now += 10
    after = ven.get("/events", tagged(before), active="true")
    assert (after.status, after.ids) == (200, [lasting])
    world.now -= 10
    assert ven.get("/events", tagged(after), active="true").ids == [passing, lasting]
