"""The map run that writes a large plan's shadows: each slice of it by `write_shadows`, so many at once.

execution ──▶ Map, distributed ──▶ Write ──▶ the slice's VENs
of a plan      one child a slice     │ failed after its retries
                                     └▶ Queue: the slice waits where smaller plans do, with their dead letters
"""

from __future__ import annotations

import json

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as states
from constructs import Construct

from cdk.lambda_function import LambdaFunction
from cdk.stage import Stage

TOLERATED_PERCENT = 5
"""Slices that neither `write_shadows` nor the queue took, before the others are given up too."""
RETRY_S, RETRIES, BACKOFF, LONGEST_S = 2, 6, 2.0, 60
LABEL = "Slices"


class ShadowMap(Construct):
    """The state machine, with its role.

    Attributes:
        arn: of the state machine, which `dispatch_event` starts.
    """

    def __init__(self, scope: Construct, *, stage: Stage, write: LambdaFunction, queue: sqs.Queue) -> None:
        super().__init__(scope, "ShadowMap")
        role = self._role()
        machine = states.CfnStateMachine(
            self,
            "Machine",
            state_machine_type="STANDARD",
            role_arn=role.role_arn,
            definition_string=json.dumps(definition(max(1, stage.map_writers))),
            definition_substitutions={
                "WriteFunction": write.function.function_arn,
                "QueueUrl": queue.queue_url,
            },
        )
        self.arn = machine.attr_arn
        # In a policy that is made after the machine: a map run's children are started as executions of it.
        rights = (
            ("lambda:InvokeFunction", write.function.function_arn),
            ("sqs:SendMessage", queue.queue_arn),
            ("states:StartExecution", machine.attr_arn),
        )
        policy = iam.Policy(self, "Policy", roles=[role])
        for action, arn in rights:
            policy.add_statements(iam.PolicyStatement(actions=[action], resources=[arn]))

    def _role(self) -> iam.Role:
        """The role of Step Functions on behalf of this account's state machines, whose names come later."""
        stack = Stack.of(self)
        machines = stack.format_arn(
            service="states",
            resource="stateMachine",
            resource_name="*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        ours = {
            "StringEquals": {"aws:SourceAccount": stack.account},
            "ArnLike": {"aws:SourceArn": machines},
        }
        principal = iam.ServicePrincipal("states.amazonaws.com", conditions=ours)
        return iam.Role(self, "Role", assumed_by=principal)


def definition(writers: int) -> dict[str, object]:
    """The state machine in the Amazon States Language, with *writers* of `write_shadows` at once.

    Source: AWS Step Functions Developer Guide, using Map state in Distributed mode.
    """
    item = {
        "eventId.$": "$.eventId",
        "revision.$": "$.revision",
        "planId.$": "$.planId",
        "place.$": "$$.Map.Item.Value",
    }
    return {
        "Comment": "An event into the shadows of a large plan",
        "StartAt": "Map",
        "States": {
            "Map": {
                "Type": "Map",
                "Label": LABEL,
                "ItemsPath": "$.slices",
                "ItemSelector": item,
                "MaxConcurrency": writers,
                "ToleratedFailurePercentage": TOLERATED_PERCENT,
                "ItemProcessor": _child(),
                "ResultPath": None,
                "End": True,
            }
        },
    }


def _child() -> dict[str, object]:
    """A child of the map. Its output is one number: all of them together are the map's, of 256 KB at most."""
    again = {"IntervalSeconds": RETRY_S, "MaxAttempts": RETRIES, "BackoffRate": BACKOFF}
    return {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Write",
        "States": {
            "Write": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": "${WriteFunction}", "Payload.$": "$"},
                "OutputPath": "$.Payload",
                "Retry": [
                    {
                        "ErrorEquals": ["States.ALL"],
                        **again,
                        "MaxDelaySeconds": LONGEST_S,
                        "JitterStrategy": "FULL",
                    }
                ],
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Queue"}],
                "End": True,
            },
            "Queue": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage",
                "Parameters": {
                    "QueueUrl": "${QueueUrl}",
                    "MessageBody.$": "States.JsonToString($)",
                },
                "ResultSelector": {"queued": 1},
                "End": True,
            },
        },
    }
