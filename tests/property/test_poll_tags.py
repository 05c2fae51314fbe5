"""Polls of the VTN: 304 exactly when the reader has what it would be answered, whatever has changed.

Two functions, each warm with what it has read last, are asked in turn. What they answer is held against a
function that has just begun and is asked without a tag.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any, NamedTuple, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.openadr.ids import ClientId, ObjectId
from contracts.openadr.objects import OadrEvent, OadrObject, OadrVen, ObjectType
from contracts.openadr.operations import Verb
from contracts.openadr.routes import VTN_ROUTES
from contracts.openadr.scopes import ROLE_SCOPES, Client, Role
from contracts.openadr.values import IntervalPeriod, OadrInterval
from contracts.store.vtn_keys import object_sort_key
from lambdas.shared.gateway_calls import GatewayCall
from lambdas.shared.object_privacy import VtnCaller
from lambdas.shared.vtn_rows import BodyRow, StoredObject, read_row, stored
from lambdas.shared.vtn_writes import CollectionVersion
from lambdas.vtn.adapters import VtnAdapters
from lambdas.vtn.logic.request import VtnRequest
from lambdas.vtn.operations import reading
from lambdas.vtn.settings import VtnSettings

BEGIN_TS = 1_800_000_000.0
TIME = "2027-01-15T08:00:00Z"
"""One time for all changes, so that an event can be again what it was."""
NOW = "0001-01-01"
(ROUTE,) = (
    route
    for route in VTN_ROUTES
    if route.verb is Verb.SEARCH and route.collection is not None and route.collection.path == "/events"
)
READERS = ("north", "south", "utility")
QUERIES = (
    "",
    "active=true",
    "limit=2",
    "skip=1&limit=2&active=true",
    "targets=a",
    "targets=b&targets=c",
    "programID=p&active=true",
)
SHAPES: tuple[dict[str, Any], ...] = (
    {},
    {"interval_period": IntervalPeriod(start=TIME, duration="PT1H")},
    {"interval_period": IntervalPeriod(start="2027-01-15T07:00:00Z", duration="PT2H")},
    {"interval_period": IntervalPeriod(start=TIME)},
    {"interval_period": IntervalPeriod(start=NOW, duration="PT1H")},
    {"interval_period": IntervalPeriod(start=NOW, duration="PT0S")},
    {
        "intervals": (
            OadrInterval(id=0, interval_period=IntervalPeriod(start=NOW, duration="PT0S"), payloads=()),
            OadrInterval(id=1, interval_period=IntervalPeriod(start=TIME, duration="PT1H"), payloads=()),
        )
    },
)
"""When events are: without end, to an end, from whenever they are read."""
numbers = st.integers(0, 99)
aims = st.sampled_from([None, (), ("a",), ("b",), ("a", "b"), ("b", "a"), ("c", "a"), ("a", "d")])
granted_targets = st.sampled_from([(), ("a",), ("b",), ("a", "b"), ("c", "d")])


@dataclass
class BookInMemory:
    """The events, and their version, as `VtnBook` reads them."""

    rows: dict[ObjectId, BodyRow] = field(default_factory=dict)
    now: CollectionVersion = field(default_factory=CollectionVersion)

    def version(self, object_type: ObjectType) -> CollectionVersion:  # noqa: ARG002 - as the book has it
        """The version."""
        return self.now

    def items(self, object_type: ObjectType) -> Iterator[BodyRow]:  # noqa: ARG002 - as the book has it
        """All of them."""
        return iter([self.rows[object_id] for object_id in sorted(self.rows)])

    def find(self, object_type: ObjectType, object_id: ObjectId) -> StoredObject[OadrObject] | None:
        """One of them."""
        row = self.rows.get(object_id)
        return None if row is None else read_row(object_type, row)

    def write(self, *events: OadrEvent, is_total: bool = False) -> None:
        """Write *events* in one change."""
        for event in events:
            key = object_sort_key("EVENT", event.id)
            self.rows[event.id] = BodyRow(key, stored(event).body.decode(), total=is_total or None)
        self.now = self.now.after([event.id for event in events])


class Had(NamedTuple):
    """The last answer to a reader and query."""

    etag: str
    body: str


class PollMachine(RuleBasedStateMachine):
    """Business logic changes events and grants, time passes, readers poll."""

    @initialize()
    def begin(self) -> None:
        """Nothing there, and nobody is granted anything."""
        self.now, self.made = BEGIN_TS, 0
        self.book = BookInMemory()
        self.functions = [self._function() for _ in range(2)]
        self.granted: dict[str, tuple[str, ...]] = dict.fromkeys(READERS, ())
        self.had: dict[tuple[str, str], Had] = {}

    # ── changes ─────────────────────────────────────────────────────────────────────────────────────

    @rule(
        program=st.sampled_from("pq"),
        aim=aims,
        shape=st.sampled_from(SHAPES),
        is_total=st.booleans(),
    )
    def make(self, program: str, aim: tuple[str, ...] | None, shape: dict[str, Any], is_total: bool) -> None:
        """A new event."""
        event = self._event(program_id=ObjectId(program), targets=aim, **shape)
        self.book.write(event, is_total=is_total)

    @rule(count=st.integers(2, 12), aim=aims)
    def make_many(self, count: int, aim: tuple[str, ...] | None) -> None:
        """New events in one change; of more than some, functions read everything."""
        self.book.write(*(self._event(program_id=ObjectId("p"), targets=aim) for _ in range(count)))

    @precondition(lambda self: self.book.rows)
    @rule(pick=numbers, aim=aims, shape=st.sampled_from(SHAPES))
    def change(self, pick: int, aim: tuple[str, ...] | None, shape: dict[str, Any]) -> None:
        """Other targets and times of an event; or the same, which is a change as well."""
        before = self.book.find("EVENT", self._picked(pick))
        assert before is not None
        event = OadrEvent(
            id=before.value.id,
            created_date_time=TIME,
            modification_date_time=TIME,
            program_id=ObjectId("p"),
            targets=aim,
            **shape,
        )
        self.book.write(event, is_total=before.is_total)

    @precondition(lambda self: self.book.rows)
    @rule(pick=numbers)
    def delete(self, pick: int) -> None:
        """An event goes."""
        gone = self._picked(pick)
        del self.book.rows[gone]
        self.book.now = self.book.now.after([gone])

    @rule(reader=st.sampled_from(READERS), granted=granted_targets)
    def grant(self, reader: str, granted: tuple[str, ...]) -> None:
        """Other targets of a reader's VEN."""
        self.granted[reader] = granted

    @rule(seconds=st.sampled_from([-1.0, 0.5, 1800.0, 3600.0]))
    def time_passes(self, seconds: float) -> None:
        """Also a little backwards: clocks do."""
        self.now += seconds

    @rule(function=st.integers(0, 1))
    def restart(self, function: int) -> None:
        """A function that has read nothing."""
        self.functions[function] = self._function()

    # ── polls ───────────────────────────────────────────────────────────────────────────────────────

    @rule(function=st.integers(0, 1), readers=st.sets(st.sampled_from(READERS), min_size=1))
    def poll(self, function: int, readers: set[str]) -> None:
        """All that these readers ask for, by what each had last, among other tags."""
        for reader, query in product(sorted(readers), QUERIES):
            had = self.had.get((reader, query))
            tag = None if had is None else f'"other", W/{had.etag}'
            answer = self._asked(self.functions[function], reader, query, tag)
            now = self._asked(self._function(), reader, query, None)
            assert answer["headers"]["ETag"] == now["headers"]["ETag"]
            if had is not None and had.body == now["body"]:
                assert answer["statusCode"] == 304
                assert "body" not in answer
            else:
                assert (answer["statusCode"], answer["body"]) == (200, now["body"])
                self.had[reader, query] = Had(answer["headers"]["ETag"], answer["body"])

    @rule(reader=st.sampled_from(READERS), query=st.sampled_from(QUERIES), function=st.integers(0, 1))
    def poll_with_any_tag(self, reader: str, query: str, function: int) -> None:
        """Every list is there, so that it is always 304; with the tag that it has now."""
        answer = self._asked(self.functions[function], reader, query, "*")
        now = self._asked(self._function(), reader, query, None)
        assert (answer["statusCode"], answer["headers"]["ETag"]) == (304, now["headers"]["ETag"])

    @invariant()
    def a_tag_is_of_one_body(self) -> None:
        """Two lists have one tag only when they are one."""
        bodies: dict[str, str] = {}
        for had in self.had.values():
            assert bodies.setdefault(had.etag, had.body) == had.body

    # ── what these are made of ──────────────────────────────────────────────────────────────────────

    def _function(self) -> VtnAdapters:
        adapters = VtnAdapters(VtnSettings("vtn", "https://vtn.example.org"))
        adapters.__dict__["book"] = self.book
        return adapters

    def _event(self, **more: Any) -> OadrEvent:
        self.made += 1
        object_id = ObjectId(f"event-{self.made:03}")
        return OadrEvent(id=object_id, created_date_time=TIME, modification_date_time=TIME, **more)

    def _picked(self, pick: int) -> ObjectId:
        return sorted(self.book.rows)[pick % len(self.book.rows)]

    def _asked(self, function: VtnAdapters, reader: str, query: str, tag: str | None) -> dict[str, Any]:
        role = Role.BL if reader == "utility" else Role.VEN
        ven = OadrVen(
            id=ObjectId(reader),
            created_date_time=TIME,
            modification_date_time=TIME,
            client_id=ClientId(reader),
            ven_name=reader,
            targets=self.granted[reader],
        )
        caller = VtnCaller(Client(ClientId(reader), ROLE_SCOPES[role]), () if role is Role.BL else (ven,))
        headers = {} if tag is None else {"if-none-match": tag}
        call = GatewayCall("GET", "/events", query, headers, "", is_base64=False, request_id="1")
        request = VtnRequest(call, ROUTE, {}, caller, self.now)
        return cast("dict[str, Any]", reading.search(request, function))


TestPolls = PollMachine.TestCase
TestPolls.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
