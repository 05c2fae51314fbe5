"""Lengths, sizes and patterns that AWS documents hold in the local cloud, in calls and in templates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, WaiterError

if TYPE_CHECKING:
    from tests.integration.local_cloud.conftest import Emulator

ROLE = "arn:aws:iam::000000000000:role/any"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:any"
SCHEDULE = {
    "ScheduleExpression": "rate(1 day)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": FUNCTION, "RoleArn": ROLE},
}


def _policy(characters: int, *, indent: int | None = None) -> str:
    """An IoT policy of so many characters without white space."""
    statement = {"Effect": "Allow", "Action": "iot:Connect", "Resource": ""}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    statement["Resource"] = "x" * (characters - len(json.dumps(document, separators=(",", ":"))))
    return json.dumps(document, indent=indent)


def test_a_policy_holds_2048_characters_without_white_space(emulator: Emulator) -> None:
    """White space is free; one character more is refused, in a first and in a later version."""
    iot = emulator.client("iot")
    iot.create_policy(policyName="full", policyDocument=_policy(2048, indent=8))
    for create in (iot.create_policy, iot.create_policy_version):
        with pytest.raises(ClientError, match="excluding whitespace") as refused:
            create(policyName="full", policyDocument=_policy(2049))
        assert refused.value.response["Error"]["Code"] == "MalformedPolicyException"
    iot.delete_policy(policyName="full")


def test_a_stack_with_a_policy_that_is_too_long_is_not_made(emulator: Emulator) -> None:
    """CloudFormation creates the policy, so the deploy fails with the reason of the call."""
    reason = _reason_of_failure(emulator, _policy(2049))
    assert "MalformedPolicyException" in reason
    assert "2049 characters without white space" in reason


def _reason_of_failure(emulator: Emulator, document: str) -> str:
    policy = {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": json.loads(document)}}
    formation = emulator.client("cloudformation")
    formation.create_stack(
        StackName="too-long", TemplateBody=json.dumps({"Resources": {"Policy": policy}}), OnFailure="DELETE"
    )
    with pytest.raises(WaiterError):
        formation.get_waiter("stack_create_complete").wait(
            StackName="too-long", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
        )
    events = formation.describe_stack_events(StackName="too-long")["StackEvents"]
    return next(e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "CREATE_FAILED")


@pytest.mark.parametrize(
    ("service", "call", "arguments", "code"),
    [
        ("iot", "create_thing", {"thingName": "x" * 129}, "InvalidRequestException"),
        ("iot", "create_thing", {"thingName": "a b"}, "InvalidRequestException"),
        (
            "iam",
            "create_role",
            {"RoleName": "any", "AssumeRolePolicyDocument": "{}", "Description": "x" * 1001},
            "ValidationError",
        ),
        (
            "cloudformation",
            "create_stack",
            {"StackName": "any", "TemplateBody": "{" + " " * 51_200},
            "ValidationError",
        ),
        ("scheduler", "create_schedule", {"Name": "a b", **SCHEDULE}, "ValidationException"),
        (
            "secretsmanager",
            "create_secret",
            {"Name": "x" * 513, "SecretString": "x"},
            "ValidationException",
        ),
        ("dynamodb", "describe_table", {"TableName": "x" * 1025}, "ValidationException"),
        (
            "kms",
            "sign",
            {"KeyId": "any", "Message": b"x" * 4097, "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"},
            "ValidationException",
        ),
        ("lambda", "put_function_concurrency", {"FunctionName": "a b"}, "ValidationException"),
        ("sqs", "create_queue", {"QueueName": "x" * 81}, "InvalidParameterValue"),
        (
            "sns",
            "create_topic",
            {"Name": "any", "Tags": [{"Key": "x" * 129, "Value": ""}]},
            "InvalidParameter",
        ),
        ("ssm", "get_parameters", {"Names": ["any"] * 11}, "ValidationException"),
        ("logs", "create_log_group", {"logGroupName": "a b"}, "InvalidParameterException"),
        ("sts", "assume_role", {"RoleArn": ROLE, "RoleSessionName": "a b"}, "ValidationError"),
        ("apigatewayv2", "delete_stage", {"ApiId": "any", "StageName": "x" * 129}, "BadRequestException"),
    ],
)
def test_a_call_beyond_what_the_service_documents_is_refused_with_its_code(
    emulator: Emulator, service: str, call: str, arguments: dict[str, Any], code: str
) -> None:
    """Length, size, pattern and number of items, in the path, the query, a form and a JSON body."""
    client = emulator.client(service)
    if call == "put_function_concurrency":
        arguments = {**arguments, "ReservedConcurrentExecutions": 1}
    with pytest.raises(ClientError) as refused:
        getattr(client, call)(**arguments)
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert "Value at" in refused.value.response["Error"]["Message"]


def test_a_call_at_the_limit_is_taken(emulator: Emulator) -> None:
    """Nothing that AWS takes is cut off: the longest name of a thing and of a queue."""
    emulator.client("iot").create_thing(thingName="x" * 128)
    queue = emulator.client("sqs").create_queue(QueueName="x" * 80)["QueueUrl"]
    emulator.client("sqs").delete_queue(QueueUrl=queue)
    emulator.client("iot").delete_thing(thingName="x" * 128)
