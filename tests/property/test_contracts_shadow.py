"""Properties of the contracts, whatever comes in."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import WireError
from contracts.store.envelopes import read_envelope
from contracts.wire.acks import read_ack
from contracts.wire.commands import OPERATIONS, read_command
from contracts.wire.events import DrEvent, Interval, Phase, Signal
from contracts.wire.shadow import difference, merge, read_desired
from contracts.wire.telemetry import read_loads, read_telemetry

START = 1_800_000_000

leaves = (
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
)
keys = st.sampled_from(["a", "b", "c", "d"])
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
states = st.dictionaries(keys, values, max_size=4)
intervals = st.builds(
    Interval,
    duration_s=st.integers(1, 7200),
    signal=st.just(Signal.SHED_KW),
    value=st.floats(0, 100, allow_nan=False),
)
dr_events = st.builds(
    DrEvent,
    event_id=st.just("evt-1"),
    start_ts=st.just(START),
    intervals=st.lists(intervals, max_size=5).map(tuple),
    randomize_start_s=st.integers(0, 3600),
)
times = st.floats(START - 50_000, START + 90_000, allow_nan=False)
wire_keys = st.one_of(
    st.sampled_from(["op", "venId", "data", "correlationId", "status", "ok", "settings", "id", "loads"]),
    st.sampled_from(["loadId", "reduceKw", "durationS", "event_id", "end_ts", "start_ts", "enabled"]),
    st.sampled_from(["timestamp", "ts", "bootId", "seq", "usedPowerKw", "power_kw", "batterySOC"]),
    st.sampled_from(["payload", "topic", "receivedMs", "drEvents", "optOut", "intervals", "startTs"]),
)
wire_leaves = leaves | st.none() | st.sampled_from([*OPERATIONS, "ven-1", "evt-1"]) | st.just(START)
documents = st.recursive(
    wire_leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(wire_keys | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=25,
)

READERS: dict[str, Callable[[bytes], object]] = {
    "command": lambda raw: read_command(raw, ven_id="ven-1"),
    "telemetry": lambda raw: read_telemetry(raw, ven_id="ven-1"),
    "loads": lambda raw: read_loads(raw, ven_id="ven-1"),
    "ack": lambda raw: read_ack(raw, ven_id="ven-1"),
    "envelope": lambda raw: read_envelope(raw.decode(errors="surrogateescape")).raw,
}


@given(states, states)
def test_a_difference_merged_gives_what_it_was_taken_of(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    """What a VEN reports comes to what it is, by patches alone."""
    assert merge(before, difference(before, after)) == after


@given(states)
def test_what_has_not_changed_makes_no_patch(state: dict[str, Any]) -> None:
    """Nothing to say is not said: a shadow update costs four publishes."""
    assert difference(state, json.loads(json.dumps(state))) == {}


@given(states, states)
def test_merging_twice_is_merging_once(document: dict[str, Any], patch: dict[str, Any]) -> None:
    """A delta that arrives again changes nothing."""
    assert merge(merge(document, patch), patch) == merge(document, patch)


@given(dr_events, times, st.floats(-3600, 3600, allow_nan=False))
def test_what_remains_is_never_more_than_the_whole(event: DrEvent, now_ts: float, offset_s: float) -> None:
    """Late means shorter, and early does not mean longer."""
    assert 0.0 <= event.remaining_s(now_ts, offset_s=offset_s) <= event.duration_s


@given(dr_events, times, st.floats(0, 10_000, allow_nan=False))
def test_what_remains_never_grows(event: DrEvent, now_ts: float, later_s: float) -> None:
    """Time passes one way."""
    assert event.remaining_s(now_ts + later_s) <= event.remaining_s(now_ts)


@given(dr_events, times)
def test_an_interval_is_in_force_just_while_the_event_is_active(event: DrEvent, now_ts: float) -> None:
    """Phase and interval never disagree on whether there is something to do."""
    active = event.phase(now_ts) is Phase.ACTIVE
    assert (event.interval_at(now_ts) is not None) == active
    assert not active or event.remaining_s(now_ts) > 0


@given(dr_events, st.text(max_size=20))
def test_a_randomised_start_stays_within_its_span(event: DrEvent, ven_id: str) -> None:
    """Each VEN starts within ± randomizeStartS, the same each time it is asked."""
    offset_s = event.start_offset_s(ven_id)
    assert abs(offset_s) <= event.randomize_start_s
    assert offset_s == event.start_offset_s(ven_id)


@pytest.mark.parametrize("reader", READERS.values(), ids=list(READERS))
@given(raw=st.binary(max_size=300) | documents.map(lambda document: json.dumps(document).encode()))
def test_a_reader_refuses_and_never_fails(reader: Callable[[bytes], object], raw: bytes) -> None:
    """Whatever bytes come, they are read or refused with a WireError."""
    with contextlib.suppress(WireError):
        reader(raw)


@given(st.dictionaries(wire_keys | st.text(max_size=5), documents, max_size=6))
def test_a_desired_state_is_judged_and_never_fails(state: dict[str, Any]) -> None:
    """Each key is applied or has an error with a reason; what is applied is finite."""
    read = read_desired(state)
    assert all(read.errors.values())
    assert read.report_interval_s is None or math.isfinite(read.report_interval_s)
