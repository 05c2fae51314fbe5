"""The rights that a synthesized template grants: its statements with every reference resolved."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.template_rules import Template, many, of_type, statements

ACCOUNT, REGION = "123456789012", "us-east-1"
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": "VenTwin",
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/VenTwin/1b2c",
    "AWS::URLSuffix": "amazonaws.com",
}
ARNS = {
    "AWS::DynamoDB::GlobalTable": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:key/{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    "AWS::StepFunctions::StateMachine": "arn:aws:states:{region}:{account}:stateMachine:{name}",
    "AWS::Scheduler::ScheduleGroup": "arn:aws:scheduler:{region}:{account}:schedule-group/{name}",
}
"""The ARN that CloudFormation gives for ``Fn::GetAtt: [resource, Arn]``, a log group's with its streams."""


def resolve(value: Any, template: Template) -> Any:
    """*value* with references as CloudFormation would put them. Raises KeyError for one that is not known."""
    if isinstance(value, list):
        return [resolve(item, template) for item in value]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1:
        ((function, argument),) = value.items()
        if function == "Ref":
            return PSEUDO[argument] if argument in PSEUDO else _referred(argument, template)
        if function == "Fn::Join":
            return str(argument[0]).join(map(str, resolve(argument[1], template)))
        if function == "Fn::GetAtt":
            return arn_of(argument[0], template) if argument[1] == "Arn" else f"{argument[0]}.{argument[1]}"
    return {key: resolve(item, template) for key, item in value.items()}


def arn_of(logical_id: str, template: Template) -> str:
    """The ARN of a resource, its logical id for a name."""
    form = ARNS[template["Resources"][logical_id]["Type"]]
    return form.format(region=REGION, account=ACCOUNT, name=logical_id)


def _referred(logical_id: str, template: Template) -> str:
    """The name that ``Ref`` gives; a topic's is its ARN. Source: CloudFormation, AWS::SNS::Topic."""
    checked = _checked(logical_id, template)
    resource = template["Resources"].get(logical_id, {})
    return arn_of(logical_id, template) if resource.get("Type") == "AWS::SNS::Topic" else checked


def _checked(logical_id: str, template: Template) -> str:
    assert logical_id in template["Resources"] or logical_id in template.get("Parameters", {}), logical_id
    return logical_id


def every_statement(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy in the template, wherever it stands, with its resource's logical id.

    In the policy of a key ``*`` is that key. Source: AWS KMS Developer Guide, key policies.
    """
    for name, resource in template["Resources"].items():
        for statement in _within(resource.get("Properties", {})):
            own = {"Resource": arn_of(name, template)} if resource["Type"] == "AWS::KMS::Key" else {}
            yield name, resolve({**statement, **own}, template)


def _within(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and {"Effect", "Action"} <= value.keys():
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _within(item)


def rights_of(template: Template, function: str) -> list[dict[str, Any]]:
    """The statements of the role of the function whose folder in `lambdas/` is *function*."""
    return [resolve(statement, template) for statement in statements(template, role_of(template, function))]


def role_of(template: Template, function: str) -> str:
    """The logical id of a function's role."""
    (role,) = (
        resource["Role"]["Fn::GetAtt"][0]
        for resource in of_type(template, "AWS::Lambda::Function").values()
        if re.fullmatch(rf"lambdas\.{function}\.handler\.handler", resource["Handler"])
    )
    return str(role)


def granted(
    rights: list[dict[str, Any]], action: str, arn: str, keys: Mapping[str, str] | None = None
) -> bool:
    """True where a statement allows *action* on *arn*, wildcards read as IAM does.

    Args:
        rights: the statements of a role.
        action: such as ``iot:Publish``.
        arn: the resource.
        keys: the condition keys that AWS has for the call.
    """
    return any(
        statement["Effect"] == "Allow"
        and _holds(statement.get("Condition", {}), keys or {})
        and any(fnmatch.fnmatchcase(action, each) for each in many(statement["Action"]))
        and any(fnmatch.fnmatchcase(arn, each) for each in many(statement["Resource"]))
        for statement in rights
    )


def _holds(condition: Mapping[str, Mapping[str, Any]], keys: Mapping[str, str]) -> bool:
    """True where every condition is known here and holds."""
    return all(
        operator == "ArnLikeIfExists"
        and (key not in keys or any(fnmatch.fnmatchcase(keys[key], each) for each in many(patterns)))
        for operator, by_key in condition.items()
        for key, patterns in by_key.items()
    )
