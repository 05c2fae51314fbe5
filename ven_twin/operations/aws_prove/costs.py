"""The cost of a proof: estimated before, of what was counted after, and by Cost Explorer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from ven_twin.operations.aggregator.cloud import Cloud
from ven_twin.operations.aggregator.cloud_errors import CloudError, explained
from ven_twin.operations.bill.batches import POLLERS
from ven_twin.operations.bill.fleet import MONTH_S
from ven_twin.operations.bill.stack import ALARMS, DASHBOARDS, FLEET_METRICS, FUNCTION_METRICS, QUEUES
from ven_twin.operations.bill.telemetry import POLLS_A_MIN
from ven_twin.operations.prices import BillItem

LAMBDA_GB_S = 0.025
"""An invocation. Interpretation: in so short a time many are the first of their sandbox."""
LOG_KB = 1.5
METRICS, SECRETS = FUNCTION_METRICS + FLEET_METRICS, 2
POLLS_A_MINUTE = QUEUES * POLLERS * POLLS_A_MIN
"""Receives of the three queues by five pollers each, three times a minute."""
DEPLOY_S = 600
"""From the first resource to the last that is gone, beside the steps. Not measured on AWS."""


class Usage(msgspec.Struct, frozen=True, rename="camel"):
    """The use of a proof.

    Attributes:
        seconds: for which the stack stands.
        rows: telemetry rows and loads snapshots.
        commands: commands, each with its ack.
        shadow_updates: updates of the VEN's shadow.
    """

    seconds: float
    rows: int
    commands: int
    shadow_updates: int


def expected(event_s: float, load_s: float, settle_s: float) -> Usage:
    """The use to be expected of an event of *event_s* and a load of *load_s*, settled after *settle_s*."""
    seconds = DEPLOY_S + event_s + settle_s + load_s
    return Usage(seconds, rows=int(seconds), commands=int(20 * load_s), shadow_updates=int(seconds / 5))


def bill(usage: Usage) -> tuple[BillItem, ...]:
    """The bill of *usage*, what is priced by the month shared out by the second."""
    months = usage.seconds / MONTH_S
    uplinks = usage.rows + usage.commands + usage.shadow_updates
    invocations = uplinks + usage.commands + 100
    return (
        BillItem("alarms", f"{ALARMS} for a share of the month", ALARMS * months, "alarm"),
        BillItem("dashboard", "for a share of the month", DASHBOARDS * months, "dashboard"),
        BillItem("metrics", f"{METRICS} for a share of the month", METRICS * months, "metric"),
        BillItem("secrets", "for a share of the month", SECRETS * months, "secret"),
        BillItem("IoT messages", "both ways, with PUBACKs", 3 * uplinks, "iot_message"),
        BillItem("IoT shadow", "updates", usage.shadow_updates, "iot_shadow_operation"),
        BillItem("IoT connection", "one VEN", usage.seconds / 60, "iot_connection_minute"),
        BillItem("IoT rules", "one for each message up", uplinks, "iot_rule"),
        BillItem("IoT rule actions", "into a queue", uplinks, "iot_rule_action"),
        BillItem(
            "SQS", "messages and polls", 3 * uplinks + POLLS_A_MINUTE * usage.seconds / 60, "sqs_request"
        ),
        BillItem("Lambda invocations", "one for each message and command", invocations, "lambda_request"),
        BillItem("Lambda time", "about 0.025 GB-s each", LAMBDA_GB_S * invocations, "lambda_gb_second"),
        BillItem("DynamoDB writes", "four for each message", 4 * uplinks, "dynamodb_write"),
        BillItem("DynamoDB reads", "by the commands of this proof", 20 * usage.commands, "dynamodb_read"),
        BillItem("logs", "about 1.5 KB an invocation", invocations * LOG_KB / 1_000_000, "log_ingested"),
    )


def total_usd(items: Sequence[BillItem]) -> float:
    """The sum of a bill."""
    return sum(item.usd for item in items)


def cost_by_tag(cloud: Cloud, day: dt.date) -> str:
    """The cost of the stage since *day* by its tag, as Cost Explorer has it, or why there is none yet."""
    later = (
        "not answered yet: it comes within a day, if `stage` is activated as a cost allocation tag. "
        "Then: `aws ce get-cost-and-usage --granularity DAILY --metrics UnblendedCost "
        f"--time-period Start={day},End={day + dt.timedelta(days=2)} "
        f'--filter \'{{"Tags": {{"Key": "stage", "Values": ["{cloud.stage}"]}}}}\'`'
    )
    try:
        with explained():
            answer = cloud.client("ce").get_cost_and_usage(
                TimePeriod={"Start": str(day), "End": str(day + dt.timedelta(days=1))},
                Granularity="DAILY",
                Metrics=["UnblendedCost"],
                Filter={"Tags": {"Key": "stage", "Values": [cloud.stage]}},
            )
    except CloudError as error:
        return f"not answered: {error}"
    costs = [period["Total"]["UnblendedCost"] for period in answer["ResultsByTime"] if period.get("Total")]
    usd = sum(float(cost["Amount"]) for cost in costs)
    return f"USD {usd:.4f} so far; {later}" if usd else later
