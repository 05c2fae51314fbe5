"""The bill in docs/reference/prices.md counts what the stack has."""

from __future__ import annotations

from harness.prices import month
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
