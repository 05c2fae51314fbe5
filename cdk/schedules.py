"""Schedules: those that the functions make, the sweep of certificates, the watch over the fleet."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.lambda_function import LambdaFunction
from cdk.stage import Stage
from contracts.api.resources import FLEET_SAMPLE_S
from contracts.wire.units import S_PER_MIN

SWEEP = "rate(1 hour)"
"""The interval of sweeps: a rotation that is begun is finished within the hour."""
WATCH_EVERY = Duration.minutes(FLEET_SAMPLE_S // S_PER_MIN)


class Schedules(Construct):
    """The group for the schedules by which `dispatch_event` starts `settle_event`, and itself."""

    def __init__(
        self, scope: Construct, *, stage_name: str, starts: lambda_.Function, failed: sqs.Queue
    ) -> None:
        super().__init__(scope, "Schedules")
        self.group = scheduler.ScheduleGroup(
            self,
            "Group",
            schedule_group_name=f"ven-twin-{stage_name}",
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.role = _starting_role(self, self.group.schedule_group_arn)
        starts.grant_invoke(self.role)
        failed.grant_send_messages(self.role)


class RotationSchedule(Construct):
    """The schedule of `rotate_ven`, which collects what cuts have left of certificates, in every stage.

    Certificates change without a gap: by hand for one VEN, and where ``rotate_days`` says so when due.
    """

    def __init__(self, scope: Construct, *, stage: Stage, rotates: LambdaFunction, failed: sqs.Queue) -> None:
        super().__init__(scope, "Rotation")
        group = f"ven-twin-{stage.name}"
        arn = Stack.of(self).format_arn(service="scheduler", resource="schedule-group", resource_name=group)
        role = _starting_role(self, arn)
        role.add_to_policy(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[rotates.function.function_arn])
        )
        failed.grant_send_messages(role)
        sweep = scheduler.CfnSchedule(
            self,
            "Sweep",
            group_name=group,
            schedule_expression=SWEEP,
            state="ENABLED",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(
                mode="FLEXIBLE", maximum_window_in_minutes=15
            ),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=rotates.function.function_arn,
                role_arn=role.role_arn,
                input='{"op": "sweep"}',
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=failed.queue_arn),
            ),
        )
        sweep.node.add_dependency(scope.node.find_child("Schedules"))


class FleetWatch(Construct):
    """The schedule that starts `watch_fleet`. A run that failed is not made up for: the next comes soon."""

    def __init__(
        self, scope: Construct, *, starts: lambda_.Function, schedules: Schedules, failed: sqs.Queue
    ) -> None:
        super().__init__(scope, "Watch")
        scheduler.Schedule(
            self,
            "Every",
            schedule=scheduler.ScheduleExpression.rate(WATCH_EVERY),
            schedule_group=schedules.group,
            target=targets.LambdaInvoke(
                starts,
                role=schedules.role,
                dead_letter_queue=failed,
                retry_attempts=0,
                max_event_age=WATCH_EVERY,
            ),
            description="How the fleet stands, for the dashboard and the alarm on silent VENs",
        )


def _starting_role(scope: Construct, group_arn: str) -> iam.Role:
    """The role of the Scheduler on behalf of the schedules of one group."""
    ours = {"aws:SourceAccount": Stack.of(scope).account, "aws:SourceArn": group_arn}
    return iam.Role(
        scope,
        "Role",
        assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com", conditions={"StringEquals": ours}),
    )
