"""The quantities of the stack without a VEN, for thirty days. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ven_twin.operations.bill.batches import POLLERS
from ven_twin.operations.bill.fleet import MONTH_MIN, MONTH_S
from ven_twin.operations.bill.reading import SWEEP_PERIOD_S, WATCH_PERIOD_S
from ven_twin.operations.bill.telemetry import POLLS_A_MIN
from ven_twin.operations.prices import BillItem

QUEUES = 6
"""Queues that functions are fed by."""
FUNCTION_METRICS, FLEET_METRICS = 16, 9
"""Put out in every hour: by the functions of messages six each, by the hourly sweep three, by that of
OpenADR's events one; by the watch."""
ALARMS, DASHBOARDS = 35, 1
RUN_GB_S = 0.05
"""Of the watch or the sweep without a VEN. Interpretation: 1 GB for 50 ms."""


def items() -> Iterator[BillItem]:
    """The items."""
    metrics = f"{FUNCTION_METRICS} of the functions, {FLEET_METRICS} of the fleet"
    yield BillItem("metrics", metrics, FUNCTION_METRICS + FLEET_METRICS, "metric")
    yield BillItem("dashboard", "", DASHBOARDS, "dashboard")
    yield BillItem("alarms", "", ALARMS, "alarm")
    polls = QUEUES * POLLERS * POLLS_A_MIN * MONTH_MIN
    how = f"{QUEUES} × {POLLERS} pollers × {POLLS_A_MIN} a minute"
    yield BillItem("queues that are listened to", how, polls, "sqs_request")
    yield BillItem("secret", "of the claim", 1, "secret")
    yield BillItem("key", "that signs OpenADR's tokens; none with openadr=off", 1, "kms_key")
    looks, sweeps = MONTH_S / WATCH_PERIOD_S, MONTH_S / SWEEP_PERIOD_S
    starts = 2 * looks + sweeps
    how = "the fleet and OpenADR's events every five minutes, certificates every hour"
    yield BillItem("schedules", how, starts, "schedule_start")
    yield BillItem("their invocations", how, starts, "lambda_request")
    yield BillItem("their time", f"{RUN_GB_S} GB-s each", RUN_GB_S * starts, "lambda_gb_second")
    yield BillItem("samples of the fleet", "every five minutes", looks, "dynamodb_write")
