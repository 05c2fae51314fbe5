"""Every resource of the template is held against the limits of the call that creates it."""

from __future__ import annotations

import pytest

from local_cloud.refusals import RESOURCES, check_resource
from tests.support.template_rules import Template

WITHOUT_LIMITS = {"AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::CDK::Metadata"}
"""Types whose call takes one map of attributes, or none."""


def test_no_resource_type_of_the_template_goes_unchecked(dev: Template) -> None:
    """A type that comes new into the stack is added to the table, or to those without limits."""
    types = {resource["Type"] for resource in dev["Resources"].values()}
    assert {kind for kind in types if not kind.startswith("Custom::")} - WITHOUT_LIMITS <= RESOURCES.keys()


@pytest.mark.parametrize(
    ("kind", "properties", "place"),
    [
        ("AWS::Lambda::Function", {"MemorySize": 127}, "MemorySize"),
        ("AWS::Lambda::Function", {"Timeout": 0}, "Timeout"),
        ("AWS::IoT::TopicRule", {"TopicRulePayload": {"Actions": [{}] * 11}}, "topicRulePayload.actions"),
        ("AWS::Logs::LogGroup", {"LogGroupName": "a b"}, "logGroupName"),
        ("AWS::IAM::Role", {"Description": "x" * 1001}, "Description"),
    ],
)
def test_a_property_beyond_the_limit_fails_the_resource(
    kind: str, properties: dict[str, object], place: str
) -> None:
    """By the name that the call gives it; lists, numbers and texts alike."""
    with pytest.raises(ValueError, match=f"Value at '{place}'"):
        check_resource(kind, properties)
