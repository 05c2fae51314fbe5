"""Requests with lengths, sizes or patterns that AWS refuses, refused before the emulator sees them.

A call is refused with the service's own code, a resource of a template with CloudFormation's failure of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from contracts.wire.codec import JsonDict
from local_cloud.limits import SERVICES, Violation, service_model, violations
from local_cloud.requests import Request, read

if TYPE_CHECKING:
    from botocore.model import OperationModel

Handler = Callable[..., Any]

HANDLED = {"apigateway": "apigatewayv2", "states": "stepfunctions"} | {
    name: name for name in SERVICES if name not in {"apigatewayv2", "cloudwatch", "stepfunctions"}
}
"""The emulator's name of each service whose requests are checked, and botocore's. CloudWatch speaks CBOR."""
_CODES = {
    "apigatewayv2": "BadRequestException",
    "iot": "InvalidRequestException",
    "iot-data": "InvalidRequestException",
    "logs": "InvalidParameterException",
    "sns": "InvalidParameter",
    "sqs": "InvalidParameterValue",
}
"""The code of a value out of bounds, where it is not the protocol's own."""
_PROTOCOL_CODES = {"query": "ValidationError"}
RESOURCES = {
    "AWS::ApiGatewayV2::Api": ("apigatewayv2", "CreateApi"),
    "AWS::ApiGatewayV2::Integration": ("apigatewayv2", "CreateIntegration"),
    "AWS::ApiGatewayV2::Route": ("apigatewayv2", "CreateRoute"),
    "AWS::ApiGatewayV2::Stage": ("apigatewayv2", "CreateStage"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "PutMetricAlarm"),
    "AWS::CloudWatch::Dashboard": ("cloudwatch", "PutDashboard"),
    "AWS::DynamoDB::GlobalTable": ("dynamodb", "CreateTable"),
    "AWS::DynamoDB::Table": ("dynamodb", "CreateTable"),
    "AWS::IAM::ManagedPolicy": ("iam", "CreatePolicy"),
    "AWS::IAM::Policy": ("iam", "PutRolePolicy"),
    "AWS::IAM::Role": ("iam", "CreateRole"),
    "AWS::IoT::Policy": ("iot", "CreatePolicy"),
    "AWS::IoT::ProvisioningTemplate": ("iot", "CreateProvisioningTemplate"),
    "AWS::IoT::Thing": ("iot", "CreateThing"),
    "AWS::IoT::TopicRule": ("iot", "CreateTopicRule"),
    "AWS::KMS::Key": ("kms", "CreateKey"),
    "AWS::Lambda::EventInvokeConfig": ("lambda", "PutFunctionEventInvokeConfig"),
    "AWS::Lambda::EventSourceMapping": ("lambda", "CreateEventSourceMapping"),
    "AWS::Lambda::Function": ("lambda", "CreateFunction"),
    "AWS::Lambda::Permission": ("lambda", "AddPermission"),
    "AWS::Logs::LogGroup": ("logs", "CreateLogGroup"),
    "AWS::SNS::Topic": ("sns", "CreateTopic"),
    "AWS::SQS::Queue": ("sqs", "CreateQueue"),
    "AWS::SSM::Parameter": ("ssm", "PutParameter"),
    "AWS::Scheduler::Schedule": ("scheduler", "CreateSchedule"),
    "AWS::Scheduler::ScheduleGroup": ("scheduler", "CreateScheduleGroup"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "CreateSecret"),
    "AWS::StepFunctions::StateMachine": ("stepfunctions", "CreateStateMachine"),
}
"""The types of a template's resources, and the call by which CloudFormation creates one."""


def refusing(service: str, handle: Handler, responses: ModuleType) -> Handler:
    """The emulator's *handle* of *service*, refusing as AWS. *responses* is the emulator's module."""

    async def handle_request(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
    ) -> Any:
        request = Request(method=method, path=path, headers=headers, body=body, query=query)
        refusal = _refusal(service, request)
        if refusal is None:
            return await handle(method, path, headers, body, query)
        code, message = refusal
        if service_model(service).metadata["protocol"] == "query":
            namespace = str(service_model(service).metadata["xmlNamespace"])
            return responses.error_response_xml(code, message, 400, namespace)
        return responses.error_response_json(code, message, 400)

    return handle_request


def _refusal(service: str, request: Request) -> tuple[str, str] | None:
    """The code and the message by which *service* refuses *request*; None when it is within the limits."""
    operation, parameters = read(service, request) or (None, {})
    if operation is None or operation.input_shape is None:
        return None
    for violation in violations(service, operation.input_shape, parameters):
        return _code(service, operation, violation), violation.message()
    return None


def _code(service: str, operation: OperationModel, violation: Violation) -> str:
    """A policy document beyond its documented size is malformed, where the operation knows that code."""
    if violation.sentence and "MalformedPolicyException" in {e.name for e in operation.error_shapes}:
        return "MalformedPolicyException"
    protocol = str(service_model(service).metadata["protocol"])
    return _CODES.get(service) or _PROTOCOL_CODES.get(protocol, "ValidationException")


def check_resource(kind: str, properties: Mapping[str, object]) -> None:
    """Hold a template's resource of type *kind* against the limits of the call that creates it.

    Raises:
        ValueError: AWS would refuse it; the message has its code and reason.
    """
    if kind not in RESOURCES:
        return
    service, name = RESOURCES[kind]
    operation = service_model(service).operation_model(name)
    assert operation.input_shape is not None  # noqa: S101 - each of the table's operations takes parameters
    request = _as_request(operation.input_shape, properties)
    for violation in violations(service, operation.input_shape, request):
        raise ValueError(f"{kind}: {_code(service, operation, violation)}: {violation.message()}")


def _as_request(shape: Shape, value: object) -> Any:
    """A template's *value* as the call's: names in the model's spelling, a document as its text.

    What the template says in another form than the call (tags as a list or a map) is left out.
    """
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        spelled = {name.lower(): member for name, member in value.items()}
        made: JsonDict = {}
        for name, member in shape.members.items():
            item = spelled.get(name.lower())
            if item is not None and (turned := _as_request(member, item)) is not None:
                made[member.serialization.get("name", name)] = turned
        return made
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [turned for item in value if (turned := _as_request(shape.member, item)) is not None]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return dict(value)
    if shape.type_name == "string" and isinstance(value, Mapping | list):
        return json.dumps(value, separators=(",", ":"))
    return None if isinstance(value, Mapping | list) or shape.type_name in {"structure", "blob"} else value


def refusing_resource(kind: str, make: Handler, at: int) -> Handler:
    """The emulator's *make* of a resource, whose argument *at* has the properties, within AWS's limits."""

    def within_limits(*arguments: Any, **named: Any) -> Any:
        check_resource(kind, arguments[at])
        return make(*arguments, **named)

    return within_limits
