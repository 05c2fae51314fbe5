"""Alarms for what a person must look at, and one dashboard."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.stage import Stage

OLD_MESSAGE_S = 300
FIVE_MINUTES = Duration.minutes(5)
WATCHER = "watch_fleet"
"""The function that puts out the fleet's metrics, every five minutes."""
SENDERS = ("store_telemetry", "record_vens")
"""The functions that take messages from VENs, which see floods."""


class Monitoring(Construct):
    """Dead letters, old messages, function errors and silent VENs raise an alarm; all is on the dashboard.

    An alarm is published to *topic*. *shadow_map* is the ARN of the state machine.

    The fleet's figures are those of ``ven-twin fleet status``, every five minutes, without a dimension of a
    VEN or an event: CloudWatch bills each combination of dimensions as a metric of its own.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        stage: Stage,
        functions: Mapping[str, lambda_.Function],
        apis: Mapping[str, gateway.HttpApi],
        inlets: Mapping[str, sqs.Queue],
        dead: Mapping[str, sqs.Queue],
        topic: sns.Topic,
        shadow_map: str,
    ) -> None:
        super().__init__(scope, "Monitoring")
        self._namespace = stage.metrics_namespace
        self._topic = topic
        for name, queue in dead.items():
            waiting = queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES)
            self._alarm(
                f"{name}DeadLetters", waiting, 1, "Messages could not be handled: look, mend, redrive."
            )
        for name, queue in inlets.items():
            age = queue.metric_approximate_age_of_oldest_message(period=FIVE_MINUTES)
            self._alarm(
                f"{name}Age", age, OLD_MESSAGE_S, "Messages wait too long: the function is slow or throttled."
            )
        for name, function in functions.items():
            self._alarm(
                f"{name}Errors", function.metric_errors(period=FIVE_MINUTES), 1, "The function failed."
            )
        self._alarm(
            "VensSilent", self._fleet("VensSilent"), 1, "VENs that were there once are not heard of any more."
        )
        for service in SENDERS:
            flooding = self._fleet("VensFlooding", service)
            text = "A VEN floods; the log of this function names it: ven-twin ven quarantine VEN."
            self._alarm(f"{service}Floods", flooding, 1, text)
        map_failures = cloudwatch.Metric(
            namespace="AWS/States",
            metric_name="ExecutionsFailed",
            dimensions_map={"StateMachineArn": shadow_map},
            statistic="Sum",
            period=FIVE_MINUTES,
        )
        text = "A map run gave up: its execution says which VENs of an event have not heard of it."
        self._alarm("ShadowMapFailures", map_failures, 1, text)
        for name, api in apis.items():
            failures = api.metric_server_error(period=FIVE_MINUTES, statistic="Sum")
            self._alarm(f"{name}Failures", failures, 1, "The API answered with an error of its own (5xx).")
        self._dashboard(stage, functions, inlets, dead)

    def _alarm(self, name: str, metric: cloudwatch.Metric, threshold: float, description: str) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))

    def _dashboard(
        self,
        stage: Stage,
        functions: Mapping[str, lambda_.Function],
        inlets: Mapping[str, sqs.Queue],
        dead: Mapping[str, sqs.Queue],
    ) -> None:
        def graph(title: str, left: list[cloudwatch.Metric]) -> cloudwatch.GraphWidget:
            return cloudwatch.GraphWidget(title=title, left=left, width=8)

        received = [queue.metric_number_of_messages_received(label=name) for name, queue in inlets.items()]
        oldest = [
            queue.metric_approximate_age_of_oldest_message(label=name) for name, queue in inlets.items()
        ]
        waiting = [
            queue.metric_approximate_number_of_messages_visible(label=name) for name, queue in dead.items()
        ]
        dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=f"ven-twin-{stage.name}")
        dashboard.add_widgets(
            graph("Flexibility, kW", [self._fleet("FlexibilityKw")]),
            graph("Asked and delivered, kW", [self._fleet("AskedKw"), self._fleet("DeliveredKw")]),
            graph(
                "VENs",
                [self._fleet(name) for name in ("VensOnline", "VensShedding", "VensOptedOut", "VensSilent")],
            ),
        )
        dashboard.add_widgets(
            graph("Messages received", received),
            graph("Oldest message, s", oldest),
            graph("Dead letters", waiting),
        )
        dashboard.add_widgets(
            graph("Invocations", [f.metric_invocations(label=name) for name, f in functions.items()]),
            graph("Errors", [f.metric_errors(label=name) for name, f in functions.items()]),
            graph(
                "Duration, ms",
                [f.metric_duration(label=name, statistic="p95") for name, f in functions.items()],
            ),
        )

    def _fleet(self, name: str, service: str = WATCHER) -> cloudwatch.Metric:
        """A figure of the fleet, the highest that *service* has put out."""
        return cloudwatch.Metric(
            namespace=self._namespace,
            metric_name=name,
            dimensions_map={"service": service},
            statistic="Maximum",
            period=FIVE_MINUTES,
        )
