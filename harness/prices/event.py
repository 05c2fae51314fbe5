"""The quantities of one event of an hour with one VEN: its schedules, its settlements, and what they read."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from contracts.api.reports import PAYBACK_AFTER_S
from contracts.store.items import to_item
from contracts.store.keys import telemetry_item
from contracts.wire.codec import JsonDict
from contracts.wire.ids import EventId, VenId
from contracts.wire.telemetry import Telemetry
from contracts.wire.units import S_PER_MIN
from lambdas.settle_event.adapters import AFTER_FRAME_S
from lambdas.settle_event.calendars import site_calendar
from lambdas.settle_event.logic.days import frame_of
from lambdas.settle_event.logic.energy import Window
from lambdas.settle_event.logic.other_events import REBOUND_S
from lambdas.shared.schedules import FINAL, PAYBACK, SETTLE
from ven_twin.control.reporting import circuit_load
from ven_twin.control.ven_state import DEFAULT_REPORT_INTERVAL_S
from ven_twin.house.library import load_profile
from ven_twin.house.profile import build_house
from ven_twin.operations.prices import BillItem

EVENT_S = 3600
START_TS = 1_800_000_000
REDISPATCH_MIN = 1
READ_UNIT_BYTES = 4096
"""Of a strongly consistent read, as the functions' are. Source: Amazon DynamoDB, read request units."""
OTHER_READS = 6
"""Of a settlement beside the rows, a unit each: header, plan, report, acks, and the VEN's row twice."""
NOTIFICATIONS = ("made", "begun", "ended", "settled, preliminary", "settled, final")
"""Notifications of an event that nobody revises; two of them have schedules of their own."""
NOTIFIED_BY_SCHEDULE = 2
LOOKS = 5
"""Reads of the claimed moments: when the event is made, at its begin and end, after two settlements."""
RUN_GB_S = 0.45
"""Assumed: a run of a function of 1,769 MB for a quarter of a second; with one VEN most of it is start."""
DAY_S = 86_400


def one_event() -> tuple[BillItem, ...]:
    """The bill of one event of an hour with one VEN."""
    shared_out = EVENT_S / S_PER_MIN / REDISPATCH_MIN
    starts = shared_out + len(ROWS_READ_S) + NOTIFIED_BY_SCHEDULE
    units = [read_units(seconds) for seconds in ROWS_READ_S.values()]
    reads = sum(units) + OTHER_READS * len(units) + LOOKS
    return (
        BillItem(
            "Scheduler",
            f"{shared_out:.0f} redispatches, {len(units)} settlements, begin and end",
            starts,
            "schedule_start",
        ),
        BillItem("Lambda invocations", "one for each start", starts, "lambda_request"),
        BillItem("Lambda time", f"assumed {RUN_GB_S} GB-s each", starts * RUN_GB_S, "lambda_gb_second"),
        BillItem(
            "DynamoDB reads",
            f"rows: {' + '.join(map(str, units))} units; {OTHER_READS} others each; {LOOKS} of notifications",
            reads,
            "dynamodb_read",
        ),
        BillItem(
            "DynamoDB writes",
            f"report and counts, three units a settlement; {LOOKS} of notifications",
            3 * len(units) + LOOKS,
            "dynamodb_write",
        ),
        BillItem("SNS messages", "; ".join(NOTIFICATIONS), len(NOTIFICATIONS), "sns_publish"),
        BillItem("SNS deliveries", "one subscriber by HTTPS", len(NOTIFICATIONS), "sns_http"),
    )


def past_day_units() -> int:
    """Read units of a day before the event that no settlement has read yet, of one VEN."""
    return read_units(DAY_S)


def read_units(seconds: float) -> int:
    """Read units of the rows of so long, one row each `DEFAULT_REPORT_INTERVAL_S`."""
    return ceil(seconds / DEFAULT_REPORT_INTERVAL_S * row_bytes() / READ_UNIT_BYTES)


def row_bytes() -> int:
    """The size of a stored telemetry row with all that a twin reports, in an event."""
    row = Telemetry(
        ven_id=VenId("ven-1"),
        boot_id="20261128T080000-ab12cd34",
        timestamp=START_TS,
        seq=123_456,
        event_id=EventId("evt-20261128-080000-99f7"),
        used_power_kw=1.234,
        baseline_power_kw=3.579,
        shed_power_kw=2.345,
        requested_reduction_kw=2.5,
        battery_soc=0.5125,
        measured_s=30.003,
        outdoor_c=21.3,
        panel_amperage_rating=200.0,
        panel_voltage=240.0,
        panel_max_kw=48.0,
        current_amps=5.14,
        panel_utilization_percent=2.6,
        reactive_power_kvar=0.351,
        loads=tuple(
            circuit_load(circuit, 1.234) for circuit in build_house(load_profile("standard")).circuits
        ),
    )
    return item_bytes(telemetry_item(row, received_ts=START_TS + 0.731, expires_ts=START_TS + 30 * DAY_S))


def item_bytes(item: JsonDict) -> int:
    """The size of an item. Source: Amazon DynamoDB Developer Guide, item sizes and formats."""
    return sum(len(name) + _attribute_bytes(value) for name, value in to_item(item).items())


def _attribute_bytes(attribute: JsonDict) -> int:
    kind, value = next(iter(attribute.items()))
    if kind == "S":
        return len(value.encode())
    if kind == "N":
        digits = value.lstrip("-").replace(".", "").strip("0")
        return (len(digits) + 1) // 2 + 1
    if kind == "L":
        return 3 + sum(1 + _attribute_bytes(inner) for inner in value)
    if kind == "M":
        return 3 + sum(1 + len(name) + _attribute_bytes(inner) for name, inner in value.items())
    return 1


def _rows_read_s() -> Mapping[str, float]:
    """The time whose rows each settlement reads of a VEN, s, by its schedule; the days before not counted."""
    event = Window(START_TS, START_TS + EVENT_S)
    frame = frame_of(event, site_calendar(None, "none", (2027,))).window
    frame_s = REBOUND_S + frame.duration_s + AFTER_FRAME_S
    return {
        SETTLE: REBOUND_S + event.end_ts - frame.start_ts,
        FINAL: frame_s,
        PAYBACK: REBOUND_S + EVENT_S + PAYBACK_AFTER_S,
    }


ROWS_READ_S = _rows_read_s()
