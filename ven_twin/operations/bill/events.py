"""The quantities of events of an hour, each for the whole fleet: schedules, shadows, settlements. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil

from contracts.wire.units import S_PER_DAY, S_PER_MIN
from ven_twin.operations.bill.fleet import AROUND_EVENT_S, DAYS, EVENT_S, BilledFleet
from ven_twin.operations.bill.measured import measured
from ven_twin.operations.bill.rows import READ_UNIT_BYTES, VEN_ROW_BYTES, read_units
from ven_twin.operations.prices import BillItem

REDISPATCH_MIN = 1
ROWS_READ_S: Mapping[str, float] = {"settle": 25_200, "final": 40_500, "payback": 98_100}
"""The time whose rows each settlement reads of a VEN, s, by its schedule; the days before not counted."""
OTHER_READS = 6
"""Of a settlement beside the rows, a unit each: header, plan, report, acks, and the VEN's row twice."""
NOTIFICATIONS = ("made", "begun", "ended", "settled, preliminary", "settled, final")
"""Notifications of an event that nobody revises; two of them have schedules of their own."""
NOTIFIED_BY_SCHEDULE = 2
LOOKS = 5
"""Reads of the claimed moments: when the event is made, at its begin and end, after two settlements."""
RUN_GB_S = 0.45
"""Interpretation: 1,769 MB for a quarter of a second, the start of a sandbox, as most runs need."""
SHADOW_WRITES = 2
"""Of the functions, to each VEN's shadow: the event, and its removal after the settlement. Counted."""
VEN_UPDATES = 4
"""Of a VEN's own in an event of two minutes, beyond those without one. Counted: two to seven.

Interpretation: one of an hour has as many."""
ACKS = 2
"""Of a VEN: active, completed. Counted."""
DOCUMENT_STEPS = 2
"""An event's shadow documents, before and after with the time of each value, have 3 to 6 KB. Counted: 1.8."""
DAY_WRITES = 2
"""Write units of a VEN's day in quarter hours, kept once. Interpretation, by its size."""


def items(fleet: BilledFleet) -> Iterator[BillItem]:
    """The items of the month's events, for the whole fleet."""
    if not fleet.events:
        return
    for item in one_event(fleet):
        yield BillItem(f"events: {item.name}", item.how, item.quantity * fleet.events, item.price)
    days = fleet.vens * DAYS
    day_units = read_units(S_PER_DAY, fleet.interval_s, fleet.rows_a_message)
    how = f"each past day once, {day_units} units a VEN"
    yield BillItem("events: days read", how, days * day_units, "dynamodb_read")
    yield BillItem("events: days kept", "in quarter hours", days * DAY_WRITES, "dynamodb_write")
    gb_s = measured().fleets["settle_event"].gb_s(days)
    yield BillItem("events: days made", "of the rows", gb_s, "lambda_gb_second")


def one_event(fleet: BilledFleet) -> Iterator[BillItem]:
    """The items of one event, for the whole fleet."""
    yield from _runs(fleet)
    yield from _tables(fleet)
    yield from _shadows(fleet)
    if fleet.notified:
        sent = len(NOTIFICATIONS)
        yield BillItem("SNS messages", "; ".join(NOTIFICATIONS), sent, "sns_publish")
        yield BillItem("SNS deliveries", "one subscriber by HTTPS", sent, "sns_http")


def _runs(fleet: BilledFleet) -> Iterator[BillItem]:
    shared_out = EVENT_S / S_PER_MIN / REDISPATCH_MIN
    starts = shared_out + len(ROWS_READ_S) + (NOTIFIED_BY_SCHEDULE if fleet.notified else 0)
    how = f"{shared_out:.0f} redispatches, {len(ROWS_READ_S)} settlements"
    yield BillItem("Scheduler", f"{how}, begin and end" if fleet.notified else how, starts, "schedule_start")
    times = measured().fleets
    days = sum(ROWS_READ_S.values()) / S_PER_DAY
    gb_s = starts * RUN_GB_S
    gb_s += shared_out * times["dispatch_event"].gb_s(fleet.vens)
    gb_s += times["settle_event"].gb_s(fleet.vens * days)
    gb_s += SHADOW_WRITES * times["write_shadows"].gb_s(fleet.vens)
    yield BillItem("Lambda invocations", "one for each start", starts, "lambda_request")
    yield BillItem("Lambda time", f"{RUN_GB_S} GB-s a start, and each VEN's", gb_s, "lambda_gb_second")


def _tables(fleet: BilledFleet) -> Iterator[BillItem]:
    units = [_window_units(fleet, seconds) for seconds in ROWS_READ_S.values()]
    shared_out = EVENT_S / S_PER_MIN / REDISPATCH_MIN
    fleet_reads = ceil(fleet.vens * VEN_ROW_BYTES / READ_UNIT_BYTES) + fleet.vens
    reads = fleet.vens * (sum(units) + OTHER_READS * len(units)) + shared_out * fleet_reads + LOOKS
    rows = " + ".join(map(str, units))
    yield BillItem(
        "DynamoDB reads",
        f"a VEN's rows: {rows} units, {OTHER_READS} others each; the fleet each minute",
        reads,
        "dynamodb_read",
    )
    writes = 3 * len(units) * max(1, fleet.vens / 100) + len(units) * fleet.vens + LOOKS
    yield BillItem("DynamoDB writes", "reports, counts, each VEN's performance", writes, "dynamodb_write")


def _window_units(fleet: BilledFleet, seconds: float) -> int:
    """Read units of a VEN's rows of a settlement: those of the event and around it stand each by itself."""
    alone_s = EVENT_S + 2 * AROUND_EVENT_S
    together = read_units(seconds - alone_s, fleet.interval_s, fleet.rows_a_message)
    return read_units(alone_s, fleet.interval_s) + together


def _shadows(fleet: BilledFleet) -> Iterator[BillItem]:
    """Messages, rules and their handling of what an event has VENs say and hear."""
    vens, record = fleet.vens, measured().batches["record_vens"]
    changes, acks = vens * (SHADOW_WRITES + VEN_UPDATES), vens * ACKS
    # A change comes down as accepted, the functions' as delta too; each has its PUBACK.
    messages = vens * VEN_UPDATES + acks + vens * SHADOW_WRITES + 2 * (changes + vens * SHADOW_WRITES)
    ruled, handled = changes * DOCUMENT_STEPS + acks, changes + acks
    how = f"{SHADOW_WRITES} writes and {VEN_UPDATES} updates a VEN, {ACKS} acks, PUBACKs"
    yield BillItem("IoT messages", how, messages, "iot_message")
    yield BillItem("IoT shadow", "2 KB each", 2 * changes, "iot_shadow_operation")
    yield BillItem("IoT rules", "documents of 5 to 10 KB, acks", ruled, "iot_rule")
    yield BillItem("IoT rule actions", "into a queue", ruled, "iot_rule_action")
    yield BillItem("SQS", "send, receive, delete", 3 * handled, "sqs_request")
    run_s = record.fixed_s + record.message_s
    yield BillItem("Lambda of these, invocations", "a message each", handled, "lambda_request")
    gb_s = handled * run_s * record.memory_mb / 1024
    yield BillItem("Lambda of these, time", "", gb_s, "lambda_gb_second")
    yield BillItem(
        "DynamoDB writes of these", "one a change, two an ack", changes + 2 * acks, "dynamodb_write"
    )
