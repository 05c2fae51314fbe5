"""The bill in docs/reference/prices.md counts what the stack has."""

from __future__ import annotations

import ast
from pathlib import Path

from cdk.stage import MAX_VENS, read_stage
from cdk.vtn_dispatch import ORDERS_TOGETHER
from cdk.vtn_notifications import CHANGES_TOGETHER
from contracts.api.reports import PAYBACK_AFTER_S
from contracts.wire.shadow import read_desired
from contracts.wire.telemetry_batch import BATCH_SPAN_S
from harness.functions.stack import functions_of
from harness.prices.measuring import measured_of
from lambdas.settle_event.adapters import AFTER_FRAME_S
from lambdas.settle_event.calendars import site_calendar
from lambdas.settle_event.logic.days import frame_of
from lambdas.settle_event.logic.other_events import REBOUND_S
from lambdas.shared import schedules
from lambdas.shared.power_traces import Window
from tests.support.template_rules import Template, of_type
from ven_twin.operations.bill import batches, events, fleet, reading, rows, stack
from ven_twin.operations.bill.measured import measured
from ven_twin.ven.engine import LOADS_PERIOD_S


def test_the_bill_counts_the_stacks_alarms_dashboards_and_queues(dev: Template) -> None:
    """Whatever is added to the stack and billed by the piece is added to the bill."""
    assert len(of_type(dev, "AWS::CloudWatch::Alarm")) == stack.ALARMS
    assert len(of_type(dev, "AWS::CloudWatch::Dashboard")) == stack.DASHBOARDS
    assert len(of_type(dev, "AWS::Lambda::EventSourceMapping")) == stack.QUEUES


def test_the_bill_has_no_metrics_of_routes(dev: Template) -> None:
    """Detailed metrics, six a route, are off: with them the stack would cost three times as much."""
    stages = of_type(dev, "AWS::ApiGatewayV2::Stage").values()
    assert [stage["DefaultRouteSettings"]["DetailedMetricsEnabled"] for stage in stages] == [False, False]


def test_the_bill_counts_the_watch_over_the_fleet(dev: Template) -> None:
    """The schedule that is always on starts as often as the bill says."""
    rates = {each["ScheduleExpression"] for each in of_type(dev, "AWS::Scheduler::Schedule").values()}
    assert f"rate({reading.WATCH_PERIOD_S // 60} minutes)" in rates
    assert f"rate({reading.SWEEP_PERIOD_S // 3600} hour)" in rates


def test_the_bill_fills_batches_as_the_queues_feed_them(dev: Template) -> None:
    """Batch size and window are the event source mappings' own, of the functions that take telemetry."""
    mappings = of_type(dev, "AWS::Lambda::EventSourceMapping").values()
    sizes = sorted(mapping["BatchSize"] for mapping in mappings)
    assert sizes == [1, CHANGES_TOGETHER, ORDERS_TOGETHER, *[batches.BATCH_SIZE] * 3]
    windows = sorted(mapping.get("MaximumBatchingWindowInSeconds", 0) for mapping in mappings)
    assert windows == [0, 0, 0, 0, 0, fleet.WINDOW_S]


def test_the_bill_reckons_with_what_was_measured_last(dev: Template) -> None:
    """`measured.json` is of functions.json, the days and the count, at the memory that the template has."""
    assert measured() == measured_of({function.name: function for function in functions_of(dev)})


def test_the_bill_knows_what_a_stage_can_be() -> None:
    """VENs of a stack, retention, report intervals and snapshots are the product's own."""
    assert fleet.STACK_VENS == MAX_VENS
    assert fleet.LOADS_PERIOD_S == LOADS_PERIOD_S
    days = {name: read_stage({"stage": name}.get).retention_days for name in ("dev", "prod")}
    assert days == {"dev": fleet.RETENTION_DAYS, "prod": fleet.PROD_RETENTION_DAYS}
    for interval_s in (fleet.LEAST_INTERVAL_S, fleet.MOST_INTERVAL_S):
        assert read_desired({"report_interval_seconds": interval_s}).errors == {}
    assert BATCH_SPAN_S >= fleet.MOST_BATCH_S
    for interval_s in (fleet.LEAST_INTERVAL_S / 2, fleet.MOST_INTERVAL_S + 1):
        assert read_desired({"report_interval_seconds": interval_s}).errors != {}


def test_a_settlement_reads_the_rows_that_the_bill_counts() -> None:
    """By the settlement's own frame of an event of an hour, its rebound and its payback."""
    event = Window(rows.START_TS, rows.START_TS + fleet.EVENT_S)
    frame = frame_of(event, site_calendar(None, "none", (2027,))).window
    assert {
        schedules.SETTLE: REBOUND_S + event.end_ts - frame.start_ts,
        schedules.FINAL: REBOUND_S + frame.duration_s + AFTER_FRAME_S,
        schedules.PAYBACK: REBOUND_S + fleet.EVENT_S + PAYBACK_AFTER_S,
    } == events.ROWS_READ_S


def test_the_bill_counts_every_settlement_of_an_event() -> None:
    """A schedule that settles an event again is added to the bill, with the rows that it reads."""
    tree = ast.parse((LAMBDAS / "shared/schedules.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    puts = [call for call in calls if getattr(call.func, "attr", "") == "_put_settlement"]
    scheduled = {getattr(schedules, call.args[0].id) for call in puts if isinstance(call.args[0], ast.Name)}
    assert len(scheduled) == len(puts)
    assert scheduled == events.ROWS_READ_S.keys()


def test_a_row_with_its_circuits_is_one_write_unit() -> None:
    """DynamoDB bills a write by the whole KB: circuits beside their row cost nothing to write."""
    assert rows.row_bytes() <= 1024


def test_the_rows_of_four_minutes_are_one_write_unit() -> None:
    """And one message of 5 KB, at the usual interval and at half of it."""
    assert rows.batch_bytes(9) <= 1024
    assert rows.most_rows() >= 16


LAMBDAS = Path(__file__).parents[2] / "lambdas"


def counted(*paths: str) -> list[str]:
    """The names of the metrics that a function's files put out each time that they run."""
    trees = [ast.parse((LAMBDAS / path).read_text()) for path in paths]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    metrics = [
        call for call in calls if isinstance(call.func, ast.Name) and call.func.id in {"count", "measure"}
    ]
    return [keyword.arg for call in metrics for keyword in call.keywords if keyword.arg]


def test_the_bill_counts_the_metrics_of_every_hour() -> None:
    """A name counts for each function that puts it out; those of requests, floods and failures do not."""
    in_floods = {"VensFlooding", "FloodMessagesDropped"}
    of_orders = {"OadrOrders", "OadrEventsLookedAt", "OadrEventsDispatched"}
    ever = {"RotationRequested"} | in_floods | of_orders
    functions = [
        *counted("store_telemetry/handler.py", "shared/senders.py"),
        *counted("record_vens/handler.py", "shared/senders.py"),
        *counted("rotate_ven/handler.py"),
        *counted("vtn_dispatch/handler.py"),
    ]
    assert len([name for name in functions if name not in ever]) == stack.FUNCTION_METRICS
    assert len(counted("watch_fleet/handler.py")) == stack.FLEET_METRICS
