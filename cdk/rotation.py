"""Certificates that change without a gap: by hand for one VEN, by schedule for those that are due."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.lambda_function import LambdaFunction
from cdk.stage import Stage

SWEEP = "rate(1 hour)"
"""The interval of sweeps: a rotation that is begun is finished within the hour."""


class RotationSchedule(Construct):
    """The schedule of `rotate_ven`. It stands in every stage, and is on where ``rotate_days`` says so."""

    def __init__(self, scope: Construct, *, stage: Stage, rotates: LambdaFunction, failed: sqs.Queue) -> None:
        super().__init__(scope, "Rotation")
        stack, group = Stack.of(self), f"ven-twin-{stage.name}"
        ours = {
            "aws:SourceAccount": stack.account,
            "aws:SourceArn": stack.format_arn(
                service="scheduler", resource="schedule-group", resource_name=group
            ),
        }
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com", conditions={"StringEquals": ours}),
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[rotates.function.function_arn])
        )
        failed.grant_send_messages(role)
        sweep = scheduler.CfnSchedule(
            self,
            "Sweep",
            group_name=group,
            schedule_expression=SWEEP,
            state="ENABLED" if stage.rotate_days else "DISABLED",
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
