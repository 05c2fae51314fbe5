"""Polls: two reads, pages, versions, two writers at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.openadr.ids import ClientId, ObjectId
from contracts.openadr.objects import OadrEvent, OadrVen
from contracts.openadr.parameters import EventsQuery
from contracts.openadr.scopes import ROLE_SCOPES, Client, Role
from lambdas.shared import vtn_book
from lambdas.shared.object_privacy import VtnCaller
from lambdas.shared.vtn_writes import REMEMBERED_CHANGES, CollectionVersion
from lambdas.vtn.logic.listing import is_shared_wanted, page
from tests.support.vtn import Vtn, VtnClient
from tests.unit.lambdas.vtn.bodies import furnish
from tests.unit.lambdas.vtn.conftest import DynamoCalls

VTN_S = 29
"""The function's time: see `cdk/vtn.py`."""

TIME = "2026-11-29T00:00:00Z"


@pytest.fixture
def bl(vtn: Vtn) -> VtnClient:
    """The business logic, with a program."""
    client = vtn.bl()
    client.made("/programs", programName="p")
    return client


def event(bl: VtnClient, **more: Any) -> str:
    """An event's id."""
    return str(bl.made("/events", programID=bl.get("/programs").ids[0], **more)["id"])


POLL = ["Query", "GetItem"]
"""The client's partition and the version."""


def test_a_poll_is_two_reads(vtn: Vtn, bl: VtnClient, dynamo_calls: DynamoCalls) -> None:
    """A warm function reads the client's partition and the version; a cold one the objects too, once."""
    event(bl)
    ven = vtn.ven()
    for path in ("/events", "/programs"):
        first = ven.get(path)
        dynamo_calls.operations.clear()
        assert ven.get(path).text == first.text
        assert dynamo_calls.operations == POLL
        vtn.restart()
        dynamo_calls.operations.clear()
        for _ in range(2):
            again = ven.get(path, {"if-none-match": f'W/"x", {first.headers["ETag"]}'})
            assert (again.status, again.text) == (304, "")
            assert again.headers["ETag"] == first.headers["ETag"]
        assert dynamo_calls.operations == [*POLL, "Query", *POLL]


def test_a_poll_reads_no_reports(vtn: Vtn, dynamo_calls: DynamoCalls) -> None:
    """However many a client has: they lie outside of the range."""
    stand = furnish(vtn)
    rows = vtn.adapters.book.grants(ClientId("ven-1"))
    assert [row.object_key.split("#")[:2] for row in rows] == [
        ["client"],
        ["client", "resource"],
        ["client", "ven"],
    ]
    dynamo_calls.operations.clear()
    assert stand.ven.get("/vens").status == stand.ven.get("/resources").status == 200
    assert dynamo_calls.operations == ["Query"] * 2


def test_a_warm_function_reads_what_has_changed(vtn: Vtn, bl: VtnClient, dynamo_calls: DynamoCalls) -> None:
    """One change is one item; many, or a cold function, are all of them."""
    first, second = event(bl), event(bl)
    ven = vtn.ven()
    ven.get("/events")
    third = event(bl)
    bl.put(f"/events/{first}", programID=bl.get("/programs").ids[0], eventName="new")
    bl.delete(f"/events/{second}")
    dynamo_calls.operations.clear()
    seen = ven.get("/events").json
    assert [(each["id"], each.get("eventName")) for each in seen] == [(first, "new"), (third, None)]
    assert dynamo_calls.operations == POLL + ["GetItem"] * 3
    bl.put(f"/events/{first}", programID=bl.get("/programs").ids[0])
    assert ven.get("/events").ids == [first, third]
    many = [event(bl) for _ in range(9)]
    dynamo_calls.operations.clear()
    assert ven.get("/events").ids == [first, third, *many]
    assert dynamo_calls.operations == [*POLL, "Query"]


def test_active_leaves_out_what_is_over(vtn: Vtn, world: Any, bl: VtnClient) -> None:
    """When an event ends, the list without it has another tag, without any write."""
    start = "2027-01-15T08:00:00Z"  # the world's now
    over = event(bl, intervalPeriod={"start": "2026-01-01T00:00:00Z", "duration": "PT1H"})
    hour = event(
        bl, intervalPeriod={"start": start, "duration": "PT1H"}, intervals=[{"id": 0, "payloads": []}]
    )
    later = event(bl, intervalPeriod={"start": "2031-01-01T00:00:00Z", "duration": "PT1H"})
    cancelled = event(bl, intervalPeriod={"start": "0001-01-01", "duration": "PT0S"})
    now = event(bl, intervalPeriod={"start": "0001-01-01T00:00:00Z", "duration": "PT1H"})
    bare = event(bl)
    ven = vtn.ven()
    first = ven.get("/events", active="true")
    assert first.ids == [hour, later, now, bare]
    assert ven.get("/events", active="false").ids == [over, hour, later, cancelled, now, bare]
    tag = {"if-none-match": first.headers["ETag"]}
    world.now += 3599
    assert ven.get("/events", tag, active="true").status == 304
    world.now += 1
    assert ven.get("/events", tag, active="true").ids == [later, now, bare]


def test_a_list_is_whole_without_a_limit_and_in_the_order_of_creation(
    vtn: Vtn, world: Any, bl: VtnClient
) -> None:
    """There is no default limit. Pages are cut after what is hidden and filtered."""
    ids = []
    for number in range(60):
        world.now += 0.5
        ids.append(event(bl, targets=["a"] if number % 2 else ["b"]))
    assert bl.get("/events").ids == ids
    vtn.restart()
    assert bl.get("/events").ids == ids
    bl.made("/vens", objectType="BL_VEN_REQUEST", clientID="ven-1", venName="v", targets=["a"])
    assert vtn.ven().get("/events", skip=3, limit=4).ids == ids[1::2][3:7]
    assert vtn.ven().get("/events", limit=0).ids == vtn.ven().get("/events", skip=100).ids == []


TARGETS = st.lists(st.sampled_from("abc"), max_size=3, unique=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    events=st.lists(st.tuples(st.sampled_from(["p", "q"]), st.none() | TARGETS), max_size=12),
    granted=TARGETS,
    asked=TARGETS,
    program=st.sampled_from([None, "p", "q"]),
    role=st.sampled_from(list(Role)),
    skip=st.integers(0, 14),
    limit=st.none() | st.integers(0, 14),
)
def test_a_page_is_a_slice_of_the_whole(  # noqa: PLR0917 - hypothesis gives them by name
    events: list[tuple[str, list[str] | None]],
    granted: list[str],
    asked: list[str],
    program: str | None,
    role: Role,
    skip: int,
    limit: int | None,
) -> None:
    """Of whatever filter and role; nothing that is not granted is in it."""
    objects = [
        OadrEvent(
            id=ObjectId(str(number)),
            created_date_time=TIME,
            modification_date_time=TIME,
            program_id=ObjectId(name),
            targets=None if targets is None else tuple(targets),
        )
        for number, (name, targets) in enumerate(events)
    ]
    ven = OadrVen(
        id=ObjectId("v"),
        created_date_time=TIME,
        modification_date_time=TIME,
        client_id=ClientId("c"),
        ven_name="v",
        targets=tuple(granted),
    )
    caller = VtnCaller(Client(ClientId("c"), ROLE_SCOPES[role]), (ven,))

    def listed(query: EventsQuery) -> list[OadrEvent]:
        return list(
            page(
                (each for each in objects if is_shared_wanted(each.program_id, each.targets, query, caller)),
                query,
            )
        )

    program_id = None if program is None else ObjectId(program)
    whole = listed(EventsQuery(targets=tuple(asked), program_id=program_id))
    cut = EventsQuery(targets=tuple(asked), program_id=program_id, skip=skip, limit=limit)
    assert listed(cut) == whole[skip:][:limit]
    for each in whole:
        assert role is Role.BL or not each.targets or set(caller.cut(each.targets) or ()) & set(granted)


@given(
    st.lists(st.lists(st.sampled_from("abcdefghijkl"), min_size=1, max_size=3), max_size=60),
    st.integers(0, 60),
)
def test_a_version_names_all_that_changed_since_or_nothing(batches: list[list[str]], since: int) -> None:
    """What has changed since a version is never less than it was."""
    version = CollectionVersion()
    for batch in batches:
        version = version.after(batch)
    changed = version.changed_since(since)
    if since <= len(batches) <= since + REMEMBERED_CHANGES and changed is not None:
        assert changed == {each for batch in batches[since:] for each in batch}
    if since > len(batches) or len(batches) > since + REMEMBERED_CHANGES:
        assert changed is None


def test_two_writers_of_one_name_make_one_object(bl: VtnClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second comes between the first one's reads and its write, and loses nothing: 201 and 409."""
    transact, statuses = vtn_book.transact, list[int]()

    def overtaken(table: Any, writes: Any) -> Any:
        monkeypatch.setattr(vtn_book, "transact", transact)
        statuses.append(bl.post("/programs", programName="one").status)
        return transact(table, writes)

    monkeypatch.setattr(vtn_book, "transact", overtaken)
    statuses.append(bl.post("/programs", programName="one").status)
    assert statuses == [201, 409]
    assert [each["programName"] for each in bl.get("/programs").json] == ["p", "one"]


def test_a_change_meanwhile_is_no_loss(vtn: Vtn, bl: VtnClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last write wins over what it has not read, gives back the other's name, and both count."""
    made = bl.made("/programs", programName="old")
    path, transact = f"/programs/{made['id']}", vtn_book.transact
    before = vtn.adapters.book.version("PROGRAM").version

    def overtaken(table: Any, writes: Any) -> Any:
        monkeypatch.setattr(vtn_book, "transact", transact)
        assert bl.put(path, programName="first").status == 200
        return transact(table, writes)

    monkeypatch.setattr(vtn_book, "transact", overtaken)
    assert bl.put(path, programName="second").status == 200
    assert vtn.adapters.book.version("PROGRAM").version == before + 2
    assert bl.get(path).json["programName"] == "second"
    assert (
        bl.post("/programs", programName="first").status
        == bl.post("/programs", programName="old").status
        == 201
    )


def test_an_event_of_a_program_that_goes_meanwhile_is_refused(
    vtn: Vtn, bl: VtnClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No event is left of a program that is gone."""
    program, transact = bl.get("/programs").ids[0], vtn_book.transact

    def overtaken(table: Any, writes: Any) -> Any:
        monkeypatch.setattr(vtn_book, "transact", transact)
        assert bl.delete(f"/programs/{program}").status == 200
        return transact(table, writes)

    monkeypatch.setattr(vtn_book, "transact", overtaken)
    assert bl.post("/events", programID=program).status == 409
    assert bl.get("/events").json == []
    assert vtn.table.get(vtn_book.version_key("PROGRAM")) is not None


def test_writers_that_are_always_overtaken_are_told_to_come_back(
    vtn: Vtn, bl: VtnClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some tries, with pauses that grow to a bound: 503, in half of the function's time."""
    pauses: list[float] = []
    object.__setattr__(vtn.table, "pause", pauses.append)
    conflict = vtn_book.Refusal.CONFLICT
    outcome = type("Refused", (), {"refused": {"object": conflict}})
    monkeypatch.setattr(vtn_book, "transact", lambda *_: outcome)
    answer = bl.post("/programs", programName="x")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert pauses == sorted(pauses)
    assert (len(pauses), pauses[-1]) == (vtn_book.WRITES - 1, vtn_book.PAUSE_MAX_S)
    assert sum(pauses) < VTN_S / 2


def test_a_write_that_another_was_ahead_of_reads_the_version_again_and_nothing_else(
    bl: VtnClient, dynamo_calls: DynamoCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What else it has read is a condition of the write anyway."""
    path = f"/programs/{bl.made('/programs', programName='mine')['id']}"
    transact, before = vtn_book.transact, len(dynamo_calls.operations)
    bl.put(path, programName="mine")
    once = dynamo_calls.operations[before:]

    def overtaken(table: Any, writes: Any) -> Any:
        monkeypatch.setattr(vtn_book, "transact", transact)
        assert bl.post("/programs", programName="another").status == 201
        dynamo_calls.operations.clear()
        return transact(table, writes)

    monkeypatch.setattr(vtn_book, "transact", overtaken)
    assert bl.put(path, programName="mine").status == 200
    assert dynamo_calls.operations == ["TransactWriteItems", "GetItem", "TransactWriteItems"]
    assert once.count("Query") == 1
