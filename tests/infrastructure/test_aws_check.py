"""What `ven-twin aws check` knows of the stack, held to the template."""

from __future__ import annotations

import re
from typing import Any

from tests.support.template_rules import Template, of_type
from ven_twin.operations.aws_check import judge
from ven_twin.operations.aws_check.names import Kind, NamedResource, names_of

NAMES = {
    "AWS::IoT::Thing": (Kind.THING, "ThingName"),
    "AWS::IoT::TopicRule": (Kind.RULE, "RuleName"),
    "AWS::IoT::Policy": (Kind.POLICY, "PolicyName"),
    "AWS::IoT::ProvisioningTemplate": (Kind.TEMPLATE, "TemplateName"),
    "AWS::SecretsManager::Secret": (Kind.SECRET, "Name"),
    "AWS::Scheduler::ScheduleGroup": (Kind.GROUP, "Name"),
    "AWS::CloudWatch::Dashboard": (Kind.DASHBOARD, "DashboardName"),
}
INSIDE = {"AWS::IAM::Policy", "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage"}
"""Their names collide with nothing: those of a role's inline policy, and of an API, which may be many's."""


def vens_of(template: Template) -> list[str]:
    """The VENs that the template was made for."""
    return [thing["ThingName"] for thing in of_type(template, "AWS::IoT::Thing").values()]


def test_every_name_that_the_stack_takes_up_is_checked(dev: Template) -> None:
    """A resource that is given a name collides with a namesake: each is among those looked up."""
    named = {
        NamedResource(NAMES[kind][0], resource[NAMES[kind][1]])
        for kind in NAMES
        for resource in of_type(dev, kind).values()
    }
    assert named == set(names_of("dev", vens_of(dev)))


def test_nothing_else_in_the_stack_has_a_name_of_its_own(dev: Template) -> None:
    """A role, table, queue, function or log group with a fixed name would have to be looked up as well."""

    def name(properties: dict[str, Any], kind: str) -> str | None:
        keys = {f"{kind.rpartition('::')[2]}Name", "Name", "TableName"}
        return next((key for key in keys if isinstance(properties.get(key), str)), None)

    others = {
        logical_id
        for logical_id, resource in dev["Resources"].items()
        if resource["Type"] not in NAMES and resource["Type"] not in INSIDE
        if name(resource.get("Properties", {}), resource["Type"])
    }
    assert others == set()


def test_the_needs_are_the_templates(dev: Template) -> None:
    """Functions, roles and tables as the quotas count them; the bootstrap that the template demands."""
    assert len(of_type(dev, "AWS::Lambda::Function")) == judge.FUNCTIONS
    assert len(of_type(dev, "AWS::IAM::Role")) == judge.ROLES
    assert len(of_type(dev, "AWS::DynamoDB::GlobalTable")) == judge.TABLES
    (rule,) = dev["Rules"]["CheckBootstrapVersion"]["Assertions"]
    required = re.search(r"version (\d+) required", rule["AssertDescription"])
    assert required
    assert int(required[1]) == judge.BOOTSTRAP_LEAST
    assert dev["Parameters"]["BootstrapVersion"]["Default"] == judge.BOOTSTRAP_PARAMETER
