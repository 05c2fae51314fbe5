"""Prices of OpenADR events as curves: kinds, units, gaps, windows, overlaps, and what is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.openadr.dr_events import NotActedOn
from contracts.openadr.objects import OadrEventRequest, OadrProgramRequest
from contracts.openadr.price_curves import (
    AHEAD_S,
    EventCurve,
    PriceKind,
    PriceStep,
    event_curves,
    price_curve,
)
from contracts.wire.units import S_PER_H

START = "2027-01-15T08:00:00Z"
START_TS = 1_800_000_000.0
HOUR = {"start": START, "duration": "PT1H"}


def oadr(*payloads: Any, **fields: Any) -> OadrEventRequest:
    """An event with an interval for each list of payloads, an hour long each."""
    intervals = [
        {"id": n, "payloads": [{"type": kind, "values": list(values)} for kind, *values in each]}
        for n, each in enumerate(payloads)
    ]
    body = {"programID": "p", "intervals": intervals, "intervalPeriod": HOUR, **fields}
    return msgspec.convert(body, OadrEventRequest)


def descriptor(kind: str, **fields: Any) -> dict[str, Any]:
    """A descriptor of an event's payload."""
    return {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": kind, **fields}


def read(event: OadrEventRequest, now_ts: float = START_TS, **program: Any) -> Any:
    """The curves of an event at a time, or the reason that it has none."""
    owner = msgspec.convert({"programName": "p", **program}, OadrProgramRequest)
    return event_curves(event, owner, read_ts=START_TS, now_ts=now_ts)


def steps(curve: Any) -> list[tuple[float, float, float]]:
    """Steps in hours from the start."""
    return [
        ((one.start_ts - START_TS) / S_PER_H, (one.end_ts - START_TS) / S_PER_H, one.price)
        for one in curve.steps
    ]


def test_prices_are_steps_with_unit_and_currency() -> None:
    """Neighbours with one price are one step; the event's own descriptor comes before its program's."""
    event = oadr(
        [("PRICE", 0.1)],
        [("PRICE", 0.1)],
        [("PRICE", 0.4)],
        priority=3,
        payloadDescriptors=[descriptor("PRICE", units="KWH", currency="EUR")],
    )
    (curve,) = read(event, payloadDescriptors=[descriptor("PRICE", currency="USD")])
    assert (curve.kind, curve.currency, curve.priority) == (PriceKind.PRICE, "EUR", 3)
    assert steps(curve) == [(0, 2, 0.1), (2, 3, 0.4)]
    merged = price_curve([curve], START_TS)
    assert merged is not None
    assert merged.unit == "EUR/kWh"


def test_an_interval_of_many_prices_is_split_and_a_gap_has_none() -> None:
    """Values of one interval share it; an interval with another payload has no price."""
    event = oadr([("PRICE", 0.1, 0.2, 0.3, 0.4)], [("SIMPLE", 1)], [("PRICE", 0.5)])
    (curve,) = read(event)
    assert steps(curve) == [
        (0, 0.25, 0.1),
        (0.25, 0.5, 0.2),
        (0.5, 0.75, 0.3),
        (0.75, 1, 0.4),
        (2, 3, 0.5),
    ]


def test_a_loop_goes_on_and_is_renewed() -> None:
    """A day's prices of an event without end are unrolled for two days, and again an hour later."""
    event = oadr([("PRICE", 0.1)], [("PRICE", 0.4)], duration="P9999Y")
    (curve,) = read(event)
    assert curve.end_ts == START_TS + AHEAD_S
    assert curve.renew_ts == START_TS + S_PER_H
    later_ts = START_TS + 1000.5 * S_PER_H
    (later,) = read(event, later_ts)
    assert [one.price for one in later.steps if one.start_ts <= later_ts < one.end_ts] == [0.1]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (oadr([("PRICE", "dear")]), NotActedOn.PRICE_VALUE),
        (oadr([("PRICE", True)]), NotActedOn.PRICE_VALUE),
        (oadr([("PRICE",)]), NotActedOn.PRICE_VALUE),
        (oadr([("PRICE", 0.1)], [("PRICE", 2e6)]), NotActedOn.PRICE_VALUE),
        (oadr([("PRICE", {"x": 1, "y": 2})]), NotActedOn.PRICE_VALUE),
        (oadr([("PRICE", 1)], payloadDescriptors=[descriptor("PRICE", units="KW")]), NotActedOn.PRICE_UNIT),
        (oadr([("GHG", 1)], payloadDescriptors=[descriptor("GHG", units="KWH")]), NotActedOn.PRICE_UNIT),
        (oadr([("PRICE", 0.1)], intervalPeriod=None), NotActedOn.NO_PLACE),
        (oadr([("PRICE", 0.1)], intervalPeriod={"start": START}), NotActedOn.NO_PLACE),
        (oadr([("PRICE", 0.1)], intervalPeriod={**HOUR, "duration": "PT0S"}), NotActedOn.NO_LENGTH),
        (
            oadr([("PRICE", 0.1)], intervalPeriod={"start": "2150-01-01T00:00:00Z", "duration": "PT1H"}),
            NotActedOn.OUT_OF_TIME,
        ),
        (
            oadr([("PRICE", 0.1)], intervalPeriod={"start": "2020-01-01T00:00:00Z", "duration": "PT1H"}),
            NotActedOn.OVER,
        ),
    ],
)
def test_what_is_no_price_is_refused_with_its_reason(event: OadrEventRequest, reason: NotActedOn) -> None:
    """A curve with one bad value is none: half of it would move the house to the wrong hours."""
    assert read(event) is reason


def test_an_event_without_prices_has_no_curve() -> None:
    """A DR event is no price, and no reason to refuse it."""
    assert read(oadr([("SIMPLE", 2)])) == ()


def test_a_price_below_zero_and_the_price_of_what_is_fed_in_are_read() -> None:
    """Wholesale prices go below zero."""
    event = oadr([("PRICE", -0.05), ("EXPORT_PRICE", 0.02), ("GHG", 300)])
    bought, fed_in, gas = read(event)
    assert [curve.kind for curve in (bought, fed_in, gas)] == ["PRICE", "EXPORT_PRICE", "GHG"]
    merged = price_curve([gas, fed_in, bought], START_TS)
    assert merged is not None
    assert (merged.kind, merged.steps[0].price, merged.exports[0].price) == ("PRICE", -0.05, 0.02)


def curve(*prices: float, kind: str = "PRICE", begin_h: float = 0.0, **fields: Any) -> EventCurve:
    """A curve of hours."""
    begin_ts = START_TS + begin_h * S_PER_H
    made = tuple(
        PriceStep(begin_ts + n * S_PER_H, begin_ts + (n + 1) * S_PER_H, price)
        for n, price in enumerate(prices)
    )
    return EventCurve(kind=PriceKind(kind), begin_ts=begin_ts, steps=made, **fields)


def test_the_higher_priority_counts_where_curves_overlap() -> None:
    """Of the same priority it is the one that began last."""
    low, high = curve(0.2, 0.2, 0.2, priority=5), curve(0.9, begin_h=1, priority=1)
    merged = price_curve([low, high], START_TS)
    assert steps(merged) == [(0, 1, 0.2), (1, 2, 0.9), (2, 3, 0.2)]
    merged = price_curve([curve(0.2, 0.2), curve(0.3, begin_h=1)], START_TS)
    assert steps(merged) == [(0, 1, 0.2), (1, 2, 0.3)]


def test_prices_beat_greenhouse_gas_until_they_are_over() -> None:
    """The two cannot be added up."""
    price, gas = curve(0.2), curve(300, 400, 500, kind="GHG")
    merged = price_curve([gas, price], START_TS)
    assert merged is not None
    assert (merged.kind, merged.unit) == ("PRICE", "per kWh")
    merged = price_curve([gas, price], START_TS + S_PER_H)
    assert merged is not None
    assert (merged.kind, merged.unit) == ("GHG", "g/kWh")
    assert price_curve([gas, price], START_TS + 3 * S_PER_H) is None
    assert price_curve([curve(0.1, kind="EXPORT_PRICE")], START_TS) is None


def test_prices_in_another_currency_are_left_out() -> None:
    """The first event's counts: without a rate of exchange two cannot be compared."""
    merged = price_curve([curve(0.2, 0.2, currency="EUR", priority=1), curve(9, begin_h=1)], START_TS)
    assert merged is not None
    assert (merged.currency, steps(merged)) == ("EUR", [(0, 2, 0.2)])


CURVES = st.lists(
    st.builds(
        lambda prices, begin_h, priority: curve(*prices, begin_h=begin_h, priority=priority),
        st.lists(st.sampled_from([-1.0, 0.0, 0.25, 3.5]), min_size=1, max_size=8),
        st.sampled_from([-3.0, -0.5, 0.0, 0.25, 2.0]),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=5,
)


@given(CURVES, st.floats(-4, 12))
def test_at_each_time_the_price_is_that_of_the_first_event(curves: list[EventCurve], hour: float) -> None:
    """Steps are in order, none overlap, and each is what the ranking says."""
    merged = price_curve(curves, START_TS - 10 * S_PER_H)
    assert merged is not None
    assert all(one.start_ts < one.end_ts for one in merged.steps)
    ends = [one.end_ts for one in merged.steps[:-1]]
    assert all(end <= after.start_ts for end, after in zip(ends, merged.steps[1:], strict=True))
    at_ts = START_TS + hour * S_PER_H
    ranked = sorted(curves, key=lambda one: (one.priority, -one.begin_ts))
    there = [one.price for each in ranked for one in each.steps if one.start_ts <= at_ts < one.end_ts]
    here = [one.price for one in merged.steps if one.start_ts <= at_ts < one.end_ts]
    assert here == there[:1]
