"""The schedule that watches the fleet every few minutes."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

EVERY = Duration.minutes(5)


class FleetWatch(Construct):
    """The schedule that starts `watch_fleet`. A run that failed is not made up for: the next comes soon."""

    def __init__(
        self,
        scope: Construct,
        *,
        starts: lambda_.Function,
        group: scheduler.IScheduleGroup,
        role: iam.IRole,
        failed: sqs.Queue,
    ) -> None:
        super().__init__(scope, "Watch")
        scheduler.Schedule(
            self,
            "Every",
            schedule=scheduler.ScheduleExpression.rate(EVERY),
            schedule_group=group,
            target=targets.LambdaInvoke(
                starts, role=role, dead_letter_queue=failed, retry_attempts=0, max_event_age=EVERY
            ),
            description="How the fleet stands, for the dashboard and the alarm on silent VENs",
        )
