"""No bytes that a caller can send as a cursor reach a row that the path and the times do not allow."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.api.parameters import Headers, Path
from contracts.api.resources import TelemetryRow
from contracts.store.keys import CIRCUITS_ROW, LATEST_ROW, telemetry_row_id
from lambdas.api.logic.calls import match, read_call, read_query
from lambdas.api.logic.operation import OperationRequest, cursor, position
from lambdas.api.logic.problems import ProblemError
from lambdas.api.operations import vens
from tests.support.api_world import event_of

FROM_TS, TO_TS = 1_800_000_000, 1_800_000_300
FIELDS = {"bootId": "b", "usedPowerKw": 1.0, "baselinePowerKw": 1.0, "shedPowerKw": 0.0}


def row(ven_id: str, row_id: str, timestamp: int, seq: int) -> dict[str, Any]:
    """A stored row."""
    return {"venId": ven_id, "rowId": row_id, "timestamp": timestamp, "seq": seq, **FIELDS}


def stored(ven_id: str) -> Iterator[dict[str, Any]]:
    """A VEN's rows, within the times and beyond, and what else stands beside them."""
    for seq, timestamp in enumerate(range(FROM_TS - 120, TO_TS + 120, 60)):
        yield row(ven_id, telemetry_row_id(timestamp, "b", seq), timestamp, seq)
    for name in (LATEST_ROW, CIRCUITS_ROW, "DAY#2027-01-15"):
        yield row(ven_id, name, FROM_TS, 99)


class FakeTable:
    """As much of a table as the operation uses: a query is by one partition, between two sort keys."""

    def __init__(self) -> None:
        self.items = sorted(
            (item for ven_id in ("mine", "theirs", "mine2") for item in stored(ven_id)),
            key=lambda item: item["rowId"].encode(),
        )

    def first_items(
        self, partition: str, between: tuple[str, str], _: tuple[str, ...], limit: int
    ) -> tuple[list[dict[str, Any]], bool]:
        """DynamoDB's Query; it refuses a range that is none."""
        first, last = (key.encode() for key in between)
        assert first <= last, "ValidationException"
        in_range = [
            item
            for item in self.items
            if item["venId"] == partition and first <= item["rowId"].encode() <= last
        ]
        return in_range[:limit], len(in_range) > limit

    def get(self, key: Any) -> dict[str, Any]:
        """Every VEN is there."""
        return {"venId": key.partition}


class FakeAdapters(NamedTuple):
    """As much of the adapters as the operation uses."""

    telemetry: FakeTable
    vens: FakeTable


TABLE = FakeTable()
ADAPTERS: Any = FakeAdapters(TABLE, TABLE)


def read(ven_id: str, query: str) -> OperationRequest:
    """A call for telemetry, read as the handler reads it."""
    call = read_call(event_of("GET", f"/vens/{ven_id}/telemetry", query=query))
    route, _ = match(call.method, call.path)
    path = Path(ven_id=ven_id)
    return OperationRequest(call, path, Headers(), read_query(route.query, call), None, now=float(TO_TS))


def rows_of(query: str) -> list[TelemetryRow]:
    """The rows that one page of the caller's own VEN holds; none when the cursor is refused."""
    try:
        found = vens.list_telemetry(read("mine", query), ADAPTERS).value
    except ProblemError as error:
        if (error.kind.status, error.field) != (400, "cursor"):
            raise
        return []
    return list(found.items)


SPAN = f"from={FROM_TS}&to={TO_TS}&limit=3"
ALLOWED = {
    telemetry_row_id(ts, "b", seq) for seq, ts in enumerate(range(FROM_TS - 120, TO_TS, 60)) if ts >= FROM_TS
}


def within(rows: list[TelemetryRow]) -> bool:
    """Whether every row is the VEN's own and of the times that were asked for."""
    return all(telemetry_row_id(found.timestamp, found.boot_id, found.seq) in ALLOWED for found in rows)


@given(st.binary(max_size=120))
def test_arbitrary_bytes_reach_nothing_else(raw: bytes) -> None:
    """Whatever is sent as a cursor, it is refused, or the rows are the path's own."""
    text = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    if text:
        assert within(rows_of(f"{SPAN}&cursor={text}"))


@given(
    st.one_of(
        st.text(max_size=60),
        st.sampled_from(["theirs", "mine2", LATEST_ROW, CIRCUITS_ROW, "", "0", "~", "\x00", "\U0010ffff"]),
        st.integers(0, 2**33).map(lambda ts: telemetry_row_id(ts, "b", 0)),
    )
)
def test_a_forged_position_with_its_right_mark_reaches_nothing_else(forged: str) -> None:
    """The mark is no secret: one who knows how it is made chooses a place in the same list, no more."""
    query = read("mine", SPAN)._query
    rows = rows_of(f"{SPAN}&cursor={cursor(query, forged)}")
    assert within(rows)


@given(st.data())
def test_a_cursor_that_is_changed_anywhere_is_refused(data: st.DataObject) -> None:
    """One character more, less, or another."""
    right = cursor("q", telemetry_row_id(FROM_TS, "b", 1))
    at = data.draw(st.integers(0, len(right) - 1))
    other = data.draw(st.sampled_from("ABCxyz019-_"))
    for changed in (right[:at] + right[at + 1 :], right[:at] + other + right[at + 1 :], right + other):
        if changed != right and _bytes(changed) != _bytes(right):
            with pytest.raises(ProblemError):
                position("q", changed, str)


def _bytes(text: str) -> bytes | None:
    """What a cursor's text stands for; its last character may hold bits that stand for nothing."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_a_cursor_holds_for_its_query_alone(query: str, other: str, at: str) -> None:
    """It comes back as it was written, and with no other query."""
    try:
        written = cursor(query, at)
        query.encode(), other.encode()
    except (UnicodeEncodeError, msgspec.MsgspecError):
        return
    assert position(query, written, str) == at
    if other != query:
        with pytest.raises(ProblemError):
            position(other, written, str)


def test_walking_the_pages_sees_every_row_once() -> None:
    """All rows of the times, in order, and none of the items beside them."""
    seen: list[str] = []
    query = SPAN
    while True:
        page = vens.list_telemetry(read("mine", query), ADAPTERS).value
        seen += [telemetry_row_id(found.timestamp, found.boot_id, found.seq) for found in page.items]
        if page.next is None:
            break
        query = f"{SPAN}&cursor={page.next}"
    assert seen == sorted(ALLOWED)
