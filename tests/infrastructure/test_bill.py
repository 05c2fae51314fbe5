"""The bill in docs/reference/prices.md counts what the stack has."""

from __future__ import annotations

import ast
from pathlib import Path

from harness.prices import event, month
from lambdas.shared import schedules
from tests.support.template_rules import Template, of_type


def test_the_bill_counts_the_stacks_alarms_dashboards_and_queues(dev: Template) -> None:
    """Whatever is added to the stack and billed by the piece is added to the bill."""
    assert len(of_type(dev, "AWS::CloudWatch::Alarm")) == month.ALARMS
    assert len(of_type(dev, "AWS::CloudWatch::Dashboard")) == month.DASHBOARDS
    assert len(of_type(dev, "AWS::Lambda::EventSourceMapping")) == month.QUEUES


def test_the_bill_has_no_metrics_of_routes(dev: Template) -> None:
    """Detailed metrics, six a route, are off: with them the stack would cost three times as much."""
    (stage,) = of_type(dev, "AWS::ApiGatewayV2::Stage").values()
    assert stage["DefaultRouteSettings"]["DetailedMetricsEnabled"] is False


def test_the_bill_counts_the_watch_over_the_fleet(dev: Template) -> None:
    """The schedule that is always on starts as often as the bill says."""
    rates = {each["ScheduleExpression"] for each in of_type(dev, "AWS::Scheduler::Schedule").values()}
    assert f"rate({month.WATCH_PERIOD_S // 60} minutes)" in rates


def test_the_bill_counts_every_settlement_of_an_event() -> None:
    """A schedule that settles an event again is added to the bill, with the rows that it reads."""
    tree = ast.parse((LAMBDAS / "shared/schedules.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    puts = [call for call in calls if getattr(call.func, "attr", "") == "_put_settlement"]
    scheduled = {getattr(schedules, call.args[0].id) for call in puts if isinstance(call.args[0], ast.Name)}
    assert len(scheduled) == len(puts)
    assert scheduled == event.ROWS_READ_S.keys()


def test_a_row_with_its_circuits_is_one_write_unit() -> None:
    """DynamoDB bills a write by the whole KB: circuits beside their row cost nothing to write."""
    assert event.row_bytes() <= 1024


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
    ever = {"RotationRequested"} | in_floods
    functions = [
        *counted("store_telemetry/handler.py", "shared/senders.py"),
        *counted("record_vens/handler.py", "shared/senders.py"),
        *counted("rotate_ven/handler.py"),
    ]
    assert len([name for name in functions if name not in ever]) == month.FUNCTION_METRICS
    assert len(counted("watch_fleet/handler.py")) == month.FLEET_METRICS
