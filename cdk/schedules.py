"""Schedules that the functions make: their group, their role, their dead letters."""

from __future__ import annotations

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct


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
        ours = {"aws:SourceAccount": Stack.of(self).account, "aws:SourceArn": self.group.schedule_group_arn}
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com", conditions={"StringEquals": ours}),
        )
        self.let_start(starts)
        failed.grant_send_messages(self.role)

    def let_start(self, function: lambda_.Function) -> None:
        """Let the schedules invoke *function*."""
        function.grant_invoke(self.role)
