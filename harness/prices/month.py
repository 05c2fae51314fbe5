"""The quantities of thirty days: of one VEN that is always connected, and of the stack without a VEN."""

from __future__ import annotations

from dataclasses import dataclass

from ven_twin.control.ven_state import DEFAULT_REPORT_INTERVAL_S
from ven_twin.operations.prices import Price, price_table
from ven_twin.ven.engine import LOADS_PERIOD_S

MONTH_S = 30 * 86_400
SHADOW_UPDATES_A_DAY = 175
"""Measured: 188 on a day in July, 161 in January, of the standard house; a changed offer makes most."""
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
STORED_GB = 0.04
QUEUES, POLLERS, POLLS_A_MINUTE = 3, 5, 3
FUNCTION_METRICS, FLEET_METRICS = 8, 8
ALARMS, DASHBOARDS = 20, 1
WATCH_PERIOD_S = 300


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the bill."""

    name: str
    how: str
    quantity: float
    price: str

    @property
    def listed(self) -> Price:
        """Its price."""
        return price_table().prices[self.price]

    @property
    def usd(self) -> float:
        """Its part of the month's bill."""
        return self.listed.of(self.quantity)


def one_ven() -> tuple[Item, ...]:
    """The bill of one VEN, a message an invocation."""
    ruled = UPLINKS + SHADOWS
    return (
        Item("secret", "the VEN's identity", 1, "secret"),
        Item("IoT messages up", "rows, loads snapshots, shadow updates", UPLINKS + SHADOWS, "iot_message"),
        Item("IoT messages down", "an `update/accepted` for each shadow update", SHADOWS, "iot_message"),
        Item("PUBACKs of the VEN", "one for each message down", SHADOWS, "iot_message"),
        Item(
            "IoT shadow", f"{SHADOW_UPDATES_A_DAY} updates a day, under 1 KB", SHADOWS, "iot_shadow_operation"
        ),
        Item("IoT connection", "always connected", MONTH_S / 60, "iot_connection_minute"),
        Item("IoT rules", "one for each row, snapshot, shadow document", ruled, "iot_rule"),
        Item("IoT rule actions", "into a queue", ruled, "iot_rule_action"),
        Item("SQS", "send, receive, delete", 3 * ruled, "sqs_request"),
        Item("Lambda invocations", "one for each message", ruled, "lambda_request"),
        Item("Lambda time", "about 0.025 GB-s each", ruled * LAMBDA_GB_S, "lambda_gb_second"),
        Item(
            "DynamoDB writes", "4 units each 30 s, 1 each shadow update", WRITES + RECORDED, "dynamodb_write"
        ),
        Item("DynamoDB reads", "the VEN's row by each shadow update", SHADOWS, "dynamodb_read"),
        Item("DynamoDB storage", "about 40 MB", STORED_GB, "dynamodb_stored"),
        Item("DynamoDB recovery", "of the same", STORED_GB, "dynamodb_recovery"),
        Item("logs", "about 1.5 KB an invocation", ruled * LOG_KB / 1_000_000, "log_ingested"),
    )


def the_stack() -> tuple[Item, ...]:
    """The bill of the stack without a VEN."""
    watches = MONTH_S / WATCH_PERIOD_S
    polls = QUEUES * POLLERS * POLLS_A_MINUTE * MONTH_S / 60
    return (
        Item("metrics", "8 of the functions, 8 of the fleet", FUNCTION_METRICS + FLEET_METRICS, "metric"),
        Item("dashboard", "", DASHBOARDS, "dashboard"),
        Item("alarms", "", ALARMS, "alarm"),
        Item("queues that are listened to", "3 × 5 pollers × 3 a minute", polls, "sqs_request"),
        Item("secret", "of the claim", 1, "secret"),
        Item("watch over the fleet", "every five minutes", watches, "schedule_start"),
    )


def total(items: tuple[Item, ...]) -> float:
    """The sum of the bill, USD."""
    return sum(item.usd for item in items)
