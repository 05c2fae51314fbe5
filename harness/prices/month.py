"""The quantities of thirty days: of one VEN that is always connected, and of the stack without a VEN."""

from __future__ import annotations

from ven_twin.control.ven_state import DEFAULT_REPORT_INTERVAL_S
from ven_twin.operations.prices import BillItem
from ven_twin.ven.engine import LOADS_PERIOD_S

MONTH_S = 30 * 86_400
SHADOW_UPDATES_A_DAY = 175
"""Measured: 188 on a day in July, 161 in January, of the standard house; a changed offer makes most.

Interpretation: that was before offers were promises; measured anew, a day would take 13 min of CPU."""
UPLINKS = MONTH_S / DEFAULT_REPORT_INTERVAL_S + MONTH_S / LOADS_PERIOD_S
"""Telemetry rows and loads snapshots. Measured: 5,741 a day; 5,760 by the clock."""
SHADOWS = SHADOW_UPDATES_A_DAY * 30
WRITES = MONTH_S / DEFAULT_REPORT_INTERVAL_S * 4
"""Each 30 s: the row one unit, the latest row one, the circuits (1.4 KB) two."""
RECORDED = SHADOWS
"""Shadow documents that reach `record_vens`, each a write of one unit."""
LOG_KB = 1.5
LAMBDA_GB_S = 0.025
"""A message alone, assumed: 256 MB for 0.1 s; more memory is as much shorter."""
STORED_GB = 0.06
QUEUES, POLLERS, POLLS_A_MINUTE = 3, 5, 3
FUNCTION_METRICS, FLEET_METRICS = 15, 9
"""Put out in every hour: by the functions of messages six each, by the hourly sweep three; by the watch."""
ALARMS, DASHBOARDS = 22, 1
WATCH_PERIOD_S = 300


def one_ven() -> tuple[BillItem, ...]:
    """The bill of one VEN, a message an invocation."""
    ruled = UPLINKS + SHADOWS
    return (
        BillItem("secret", "the VEN's identity", 1, "secret"),
        BillItem(
            "IoT messages up", "rows, loads snapshots, shadow updates", UPLINKS + SHADOWS, "iot_message"
        ),
        BillItem("IoT messages down", "an `update/accepted` for each shadow update", SHADOWS, "iot_message"),
        BillItem("PUBACKs of the VEN", "one for each message down", SHADOWS, "iot_message"),
        BillItem(
            "IoT shadow", f"{SHADOW_UPDATES_A_DAY} updates a day, under 1 KB", SHADOWS, "iot_shadow_operation"
        ),
        BillItem("IoT connection", "always connected", MONTH_S / 60, "iot_connection_minute"),
        BillItem("IoT rules", "one for each row, snapshot, shadow document", ruled, "iot_rule"),
        BillItem("IoT rule actions", "into a queue", ruled, "iot_rule_action"),
        BillItem("SQS", "send, receive, delete", 3 * ruled, "sqs_request"),
        BillItem("Lambda invocations", "one for each message", ruled, "lambda_request"),
        BillItem("Lambda time", "about 0.025 GB-s each", ruled * LAMBDA_GB_S, "lambda_gb_second"),
        BillItem(
            "DynamoDB writes", "4 units each 30 s, 1 each shadow update", WRITES + RECORDED, "dynamodb_write"
        ),
        BillItem("DynamoDB reads", "the VEN's row by each shadow update", SHADOWS, "dynamodb_read"),
        BillItem("DynamoDB storage", "about 60 MB", STORED_GB, "dynamodb_stored"),
        BillItem("DynamoDB recovery", "of the same", STORED_GB, "dynamodb_recovery"),
        BillItem("logs", "about 1.5 KB an invocation", ruled * LOG_KB / 1_000_000, "log_ingested"),
    )


def the_stack() -> tuple[BillItem, ...]:
    """The bill of the stack without a VEN."""
    watches = MONTH_S / WATCH_PERIOD_S
    polls = QUEUES * POLLERS * POLLS_A_MINUTE * MONTH_S / 60
    return (
        BillItem(
            "metrics",
            f"{FUNCTION_METRICS} of the functions, {FLEET_METRICS} of the fleet",
            FUNCTION_METRICS + FLEET_METRICS,
            "metric",
        ),
        BillItem("dashboard", "", DASHBOARDS, "dashboard"),
        BillItem("alarms", "", ALARMS, "alarm"),
        BillItem("queues that are listened to", "3 × 5 pollers × 3 a minute", polls, "sqs_request"),
        BillItem("secret", "of the claim", 1, "secret"),
        BillItem("watch over the fleet", "every five minutes", watches, "schedule_start"),
        BillItem("samples of the fleet", "every five minutes", watches, "dynamodb_write"),
    )


def total(items: tuple[BillItem, ...]) -> float:
    """The sum of the bill, USD."""
    return sum(item.usd for item in items)
