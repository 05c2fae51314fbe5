"""Reports of VENs of OpenADR, whatever they say: readings in order, powers that there can be, no error."""

from __future__ import annotations

from math import isfinite
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from contracts.openadr.objects import OadrReport
from contracts.openadr.report_values import AGGREGATED
from contracts.openadr.timeline import PlacedInterval
from contracts.openadr.times import date_time_text
from contracts.wire.telemetry import LARGEST_POWER_KW
from lambdas.vtn_dispatch.logic.readings import (
    AHEAD_S,
    READINGS_MAX,
    SiteReading,
    readings_of,
)
from lambdas.vtn_dispatch.logic.words import row_words

NOW = 1_800_000_000.0
KINDS = [
    "USAGE",
    "DEMAND",
    "BASELINE",
    "DELTA_USAGE",
    "LOAD_SHED_DELTA_AVAILABLE",
    "STORAGE_CHARGE_LEVEL",
    "OPERATING_STATE",
    "DATA_QUALITY",
    "ANYTHING",
]
VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**53), 2**53),
    st.booleans(),
    st.sampled_from(["RUNNING_NORMAL", "RUNNING_OPTED_OUT", "MISSING", "x"]),
    st.fixed_dictionaries({"x": st.just(1.0), "y": st.just(2.0)}),
)
STARTS = st.one_of(
    st.floats(-1e6, 1e6).map(lambda offset_s: date_time_text(NOW + offset_s)),
    st.sampled_from(["0001-01-01", "1950-01-01T00:00:00Z", "9999-12-31T23:59:59Z", None]),
)
DURATIONS = st.sampled_from(["PT15M", "PT0S", "PT0.5S", "P1D", "P2D", "P1M", "P9999Y", "-PT1H", None])
PERIODS = st.none() | st.fixed_dictionaries({"start": STARTS, "duration": DURATIONS})
PAYLOADS = st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(KINDS), "values": st.lists(VALUES, max_size=2)}),
    max_size=4,
)
INTERVALS = st.lists(
    st.fixed_dictionaries({"id": st.integers(0, 3), "intervalPeriod": PERIODS, "payloads": PAYLOADS}),
    max_size=4,
)
RESOURCES = st.lists(
    st.fixed_dictionaries(
        {
            "resourceName": st.sampled_from(["meter", "pump", AGGREGATED]),
            "intervalPeriod": PERIODS,
            "intervals": INTERVALS,
        }
    ),
    max_size=3,
)
UNITS = st.lists(
    st.fixed_dictionaries(
        {
            "objectType": st.just("REPORT_PAYLOAD_DESCRIPTOR"),
            "payloadType": st.sampled_from(KINDS),
            "units": st.sampled_from(["KW", "W", "MWH", "KWH", "AMPS"]),
        }
    ),
    max_size=3,
)
SPANS = [PlacedInterval(NOW - 900.0 * (3 - n), NOW - 900.0 * (2 - n), n, ()) for n in range(3)]


def report(resources: list[dict[str, Any]], descriptors: list[dict[str, Any]]) -> OadrReport:
    """A report as the VTN has it."""
    text = date_time_text(NOW)
    body = {
        "objectType": "REPORT",
        "id": "r",
        "createdDateTime": text,
        "modificationDateTime": text,
        "clientID": "c",
        "clientName": "c",
        "eventID": "e",
        "resources": resources,
        "payloadDescriptors": descriptors,
    }
    return msgspec.convert(body, OadrReport)


@given(resources=RESOURCES, descriptors=UNITS)
def test_any_report_is_readings_that_there_can_be(
    resources: list[dict[str, Any]], descriptors: list[dict[str, Any]]
) -> None:
    """Nothing that a VEN may send stops it being heard, or becomes a power that no site has."""
    readings = readings_of(report(resources, descriptors), SPANS, now_ts=NOW)
    assert list(readings) == sorted(readings, key=lambda reading: reading[:2])
    for reading in readings:
        _is_sound(reading, len(resources))
    if readings:
        words = row_words(readings, now_ts=NOW)
        assert words.fresh_ts > NOW
        assert words.offer_kw is None or 0 <= words.offer_kw <= LARGEST_POWER_KW * len(resources)
        assert words.sustain_s is None or words.sustain_s > 0


def _is_sound(reading: SiteReading, resources: int) -> None:
    assert 0 < reading.end_ts - reading.start_ts <= 86_400
    if reading.end_ts > NOW + AHEAD_S:
        assert not reading.is_measured
    for kw in (reading.used_kw, reading.baseline_kw, reading.delta_kw, reading.offer_kw):
        assert kw is None or (isfinite(kw) and abs(kw) <= LARGEST_POWER_KW * resources)
    assert reading.battery_soc is None or 0 <= reading.battery_soc <= 1


def test_of_very_many_intervals_the_latest_are_heard() -> None:
    """Whoever files a year at once keeps nobody waiting: what is left out stands in the report."""
    intervals = [
        {
            "id": n,
            "intervalPeriod": {"start": date_time_text(NOW - 60.0 * (3_000 - n)), "duration": "PT1M"},
            "payloads": [{"type": "DEMAND", "values": [1.0]}],
        }
        for n in range(3_000)
    ]
    resources = [{"resourceName": "meter", "intervals": intervals}]
    readings = readings_of(report(resources, []), (), now_ts=NOW)
    assert len(readings) == READINGS_MAX
    assert readings[-1].end_ts == NOW
