"""IAM in the template, held against the Service Authorization Reference: what AWS would not grant by it."""

from __future__ import annotations

import copy

import pytest

from cdk.stage import STAGES
from tests.support import sar
from tests.support.template_rights import every_statement
from tests.support.template_rules import Template, many, of_type

ARN = "arn:aws:{}:us-east-1:123456789012:{}"


def breaches(template: Template) -> list[str]:
    """The breaches in the statements of a template, each with its resource."""
    return [
        f"{name}: {why}" for name, statement in every_statement(template) for why in sar.breaches(statement)
    ]


@pytest.mark.parametrize("stage", STAGES)
def test_every_statement_is_one_that_aws_grants_by(stage: str, templates: dict[str, Template]) -> None:
    """Its actions exist, take the type of the ARN that they are granted on, and know the condition's keys."""
    assert breaches(templates[stage]) == []


@pytest.mark.parametrize(
    ("action", "resource", "says"),
    [
        ("iot:ListAttachedPolicies", ARN.format("iot", "cert/*"), "takes no resource"),
        ("iot:Publish", ARN.format("iot", "thing/*"), "takes topic, not thing"),
        ("iot:Publish", "*", "takes topic"),
        ("iot:PublishMessage", "*", "no such action"),
        ("nothing:Publish", "*", "no such action"),
        ("dynamodb:GetItem", ARN.format("dynamodb", "table/t/index/i"), "takes table, not index"),
        ("sqs:SendMessage", ARN.format("sns", "queue"), "takes queue, not topic"),
        ("secretsmanager:GetSecretValue", ARN.format("secretsmanager", "parameter/x"), "an ARN of no type"),
    ],
)
def test_a_statement_that_grants_nothing_is_seen(
    action: str, resource: str, says: str, dev: Template
) -> None:
    """A statement of this kind, in whatever role, is told with the reason."""
    broken = copy.deepcopy(dev)
    policy = next(iter(of_type(broken, "AWS::IAM::Policy").values()))["PolicyDocument"]
    policy["Statement"].append({"Effect": "Allow", "Action": action, "Resource": resource})
    (breach,) = breaches(broken)
    assert says in breach


@pytest.mark.parametrize(
    ("key", "known"),
    [("aws:SourceAccount", True), ("iam:PassedToService", True), ("iam:PassedToServices", False),
     ("dynamodb:LeadingKeys", False)],
)  # fmt: skip
def test_a_condition_key_is_one_that_the_action_is_judged_by(key: str, known: bool) -> None:
    """A condition on a key that is never there grants nothing."""
    statement = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": "arn:aws:iam::123456789012:role/r",
        "Condition": {"StringEquals": {key: "x"}},
    }
    assert (list(sar.breaches(statement)) == []) is known


@pytest.mark.parametrize("stage", STAGES)
def test_a_right_comes_with_those_that_it_depends_on(stage: str, templates: dict[str, Template]) -> None:
    """Whoever may make a schedule may pass it a role: without that, every call is refused."""
    actions: dict[str, set[str]] = {}
    for name, statement in every_statement(templates[stage]):
        actions.setdefault(name, set()).update(many(statement["Action"]))
    lacking = {
        f"{name}: {action} without {more}"
        for name, allowed in actions.items()
        for action in allowed
        for more in sar.dependent_actions(action) - allowed
    }
    assert lacking == set()
