"""Rows that come in batches are read as if each had come by itself, whoever reads them and however."""

from __future__ import annotations

from itertools import chain, pairwise
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import FieldError
from contracts.store import views
from contracts.store.batch_rows import batch_item, reach, rows_within
from contracts.store.items import from_item, to_item
from contracts.store.keys import telemetry_item, telemetry_range
from contracts.wire import codec
from contracts.wire.ids import EventId, VenId
from contracts.wire.telemetry import Load, Telemetry
from contracts.wire.telemetry_batch import BATCH_MAX_ROWS, batch_of, fitting, read_batch
from lambdas.api.telemetry_pages import telemetry_page
from lambdas.shared.power_traces import PowerRow
from lambdas.shared.telemetry_rows import TelemetryReader

VEN_ID = VenId("ven-1")
START_TS = 1_800_000_000
RECEIVED_TS, EXPIRES_TS = START_TS + 5000.5, START_TS + 90_000
KW = st.integers(-9000, 9000).map(lambda watts: watts / 1000)
CIRCUITS = ("heat_pump", "ev", "fridge")


class Steps(NamedTuple):
    """A row's distance from the one before, s, and what it says."""

    apart_s: int
    used_kw: float
    event_id: str | None
    requested_kw: float | None
    soc: float | None
    measured_s: float | None
    circuits: tuple[str, ...]


STEPS = st.builds(
    Steps,
    st.integers(0, 400),
    KW,
    st.none() | st.sampled_from(["evt-1", "evt-2"]),
    st.none() | KW,
    st.none() | st.just(0.5),
    st.none() | st.just(29.997),
    st.lists(st.sampled_from(CIRCUITS), max_size=3, unique=True).map(tuple),
)


def load(name: str, kw: float) -> Load:
    """A circuit."""
    return Load(
        id=name, name=name, type="other", capacity_kw=5, current_power_kw=kw, shed_capability_kw=0, priority=1
    )


def rows_from(steps: list[Steps]) -> list[Telemetry]:
    """Rows of one boot."""
    rows, ts = [], START_TS
    for seq, step in enumerate(steps):
        ts += step.apart_s
        rows.append(
            Telemetry(
                ven_id=VEN_ID,
                boot_id="b1",
                timestamp=ts,
                seq=seq,
                used_power_kw=step.used_kw,
                baseline_power_kw=step.used_kw + 1,
                shed_power_kw=1.0,
                event_id=None if step.event_id is None else EventId(step.event_id),
                requested_reduction_kw=step.requested_kw,
                battery_soc=step.soc,
                measured_s=step.measured_s,
                panel_voltage=240.0,
                loads=tuple(load(name, step.used_kw) for name in step.circuits),
            )
        )
    return rows


def in_messages(rows: list[Telemetry], cuts: list[int]) -> list[list[Telemetry]]:
    """*rows* in messages that end at *cuts*, or earlier where a batch would not fit."""
    messages, left = [], list(rows)
    for size in chain(cuts, iter(lambda: 1, None)):
        if not left:
            return messages
        count = min(size, fitting(left))
        messages.append(left[:count])
        left = left[count:]
    raise AssertionError


def stored(messages: list[list[Telemetry]]) -> list[dict[str, Any]]:
    """The items of *messages* in the order of their keys, as a table gives them back."""
    items = []
    for rows in messages:
        if len(rows) == 1:
            items.append(telemetry_item(rows[0], received_ts=RECEIVED_TS, expires_ts=EXPIRES_TS))
        else:
            raw = codec.encode(batch_of(rows))
            batch = read_batch(raw, ven_id=VEN_ID)
            items.append(batch_item(batch, received_ts=RECEIVED_TS, expires_ts=EXPIRES_TS))
    return sorted((from_item(to_item(item)) for item in items), key=lambda item: item["rowId"].encode())


def within(items: list[dict[str, Any]], between: tuple[str, str]) -> list[dict[str, Any]]:
    """The items whose keys lie in *between*, as a Query gives them."""
    first, last = (key.encode() for key in between)
    return [item for item in items if first <= item["rowId"].encode() <= last]


class FakeTable:
    """As much of a table as a page of telemetry needs."""

    def __init__(self, items: list[dict[str, Any]]) -> None:
        self.items = items

    def first_items(
        self, _: str, between: tuple[str, str], __: object, limit: int
    ) -> tuple[list[dict[str, Any]], bool]:
        """DynamoDB's Query, with its limit."""
        items = within(self.items, between)
        return items[:limit], len(items) > limit


CUTS = st.lists(st.integers(1, 12), max_size=12)
SPANS = st.tuples(st.integers(-100, 4000), st.integers(1, 4000))


@given(st.lists(STEPS, min_size=1, max_size=40), CUTS, SPANS, st.integers(1, 9))
def test_batched_rows_are_read_as_rows_by_themselves(
    steps: list[Steps], cuts: list[int], span: tuple[int, int], limit: int
) -> None:
    """By time, page by page and as Structs, whichever messages they came in."""
    rows = rows_from(steps)
    alone, batched = stored([[row] for row in rows]), stored(in_messages(rows, cuts))
    from_ts, to_ts = START_TS + span[0], START_TS + span[0] + span[1]
    between = telemetry_range(from_ts, to_ts)
    expected = [views.row(item) for item in within(alone, between)]
    assert [views.row(row) for row in rows_within(within(batched, reach(between)), between)] == expected

    paged, position = [], None
    while True:
        table: Any = FakeTable(batched)
        page, position = telemetry_page(table, VEN_ID, between, (), after=position, limit=limit)
        paged += [views.row(row) for row in page]
        assert len(page) <= limit
        if position is None:
            break
        assert len(page) == limit
    assert paged == expected

    body = msgspec.json.encode({"Items": [to_item(item) for item in within(batched, reach(between))]})
    powers, _ = TelemetryReader(PowerRow, from_ts, to_ts, newest_first=False).read(body)
    assert [(row.seq, row.used_power_kw, row.event_id, row.measured_s) for row in powers] == [
        (row.seq, row.used_power_kw, row.event_id, row.measured_s) for row in expected
    ]
    assert {row.received_ts for row in powers} <= {RECEIVED_TS}


@given(st.lists(STEPS, min_size=2, max_size=30), CUTS, CUTS)
def test_rows_that_were_sent_again_in_other_batches_are_read_once(
    steps: list[Steps], cuts: list[int], again: list[int]
) -> None:
    """A VEN that lost an acknowledgement composes the next batch otherwise: each row is read once."""
    rows = rows_from(steps)
    both = {
        item["rowId"]: item for item in stored(in_messages(rows, cuts)) + stored(in_messages(rows, again))
    }
    items = [both[row_id] for row_id in sorted(both)]
    read = [views.row(row).seq for row in rows_within(items, ("0", ":"))]
    assert read == [row.seq for row in rows]


@given(st.lists(STEPS, min_size=1, max_size=80))
def test_a_batch_is_cut_where_rows_do_not_fit_together(steps: list[Steps]) -> None:
    """As many rows as are `fitting` are taken by the reader of the wire, and one more is not."""
    rows = rows_from(steps)
    count = fitting(rows)
    read_batch(codec.encode(batch_of(rows[:count])), ven_id=VEN_ID)
    if count < len(rows):
        with pytest.raises(FieldError):
            read_batch(codec.encode(batch_of(rows[: count + 1])), ven_id=VEN_ID)
    assert count <= BATCH_MAX_ROWS
    assert all(one.timestamp <= other.timestamp for one, other in pairwise(rows[:count]))
