"""What AWS refuses, drops, mixes or bills without a word: no stage does it, and a planted one is found."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from cdk.policy import POLICY_MAX_CHARACTERS
from cdk.stage import STAGES
from harness.functions.loads import worst_loads
from tests.support import aws_rules
from tests.support.aws_rules import AWS_RULES, SHOWN_REGIONS, policy_characters, regions
from tests.support.template_rules import Rule, Template, of_type

Breaks = Callable[[Template], Any]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("rule", AWS_RULES, ids=lambda rule: rule.__name__)
def test_the_stack_keeps_the_rule(rule: Rule, stage: str, templates: dict[str, Template]) -> None:
    """The synthesized template of each stage breaks none of these rules."""
    assert rule(templates[stage]) == []


def _first(template: Template, kind: str) -> dict[str, Any]:
    return next(iter(of_type(template, kind).values()))


def _ven_policy(template: Template) -> dict[str, Any]:
    policies = of_type(template, "AWS::IoT::Policy").values()
    return next(policy for policy in policies if policy["PolicyName"].endswith("-ven"))


def _function(template: Template, slice_name: str) -> tuple[str, dict[str, Any]]:
    return next(
        (name, function)
        for name, function in of_type(template, "AWS::Lambda::Function").items()
        if f"lambdas.{slice_name}." in function["Handler"]
    )


def _fill_policy(template: Template) -> None:
    """Make the policy one character longer than AWS takes in the region where it is longest."""
    policy = _ven_policy(template)
    over = POLICY_MAX_CHARACTERS + 1 - max(policy_characters(policy, region) for region in regions())
    policy["PolicyDocument"]["Statement"].append({"Sid": "x" * (over - len(',{"Sid":""}'))})


def _listen(template: Template, sql: str) -> None:
    _first(template, "AWS::IoT::TopicRule")["TopicRulePayload"]["Sql"] = sql


def _forget_filter(template: Template) -> None:
    payload = _first(template, "AWS::IoT::TopicRule")["TopicRulePayload"]
    payload["Sql"] = payload["Sql"].split(" WHERE ")[0]


def _without_destination(slice_name: str) -> Breaks:
    def take_away(template: Template) -> None:
        name, _ = _function(template, slice_name)
        for config in of_type(template, "AWS::Lambda::EventInvokeConfig").values():
            if config["FunctionName"] == {"Ref": name}:
                del config["DestinationConfig"]

    return take_away


def _start_by_topic(template: Template) -> None:
    name, _ = _function(template, "issue_command")
    action = {"Lambda": {"FunctionArn": {"Fn::GetAtt": [name, "Arn"]}}}
    _first(template, "AWS::IoT::TopicRule")["TopicRulePayload"]["Actions"].append(action)


def _start_by_bucket(template: Template) -> None:
    name, _ = _function(template, "api")
    permission = {"Principal": "s3.amazonaws.com", "FunctionName": {"Ref": name}}
    template["Resources"]["Bucket"] = {"Type": "AWS::Lambda::Permission", "Properties": permission}


def _mix_metrics(template: Template) -> None:
    _, function = _function(template, "watch_fleet")
    function["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] = "VenTwin"


def _watch_another_stage(template: Template) -> None:
    for alarm in of_type(template, "AWS::CloudWatch::Alarm").values():
        if alarm["MetricName"] == "VensSilent":
            alarm["Namespace"] = "VenTwin/prod"


def _add_function(template: Template) -> None:
    _, function = _function(template, "issue_command")
    properties = {**function, "Handler": "lambdas.forecast_load.handler.handler"}
    template["Resources"]["Forecast"] = {"Type": "AWS::Lambda::Function", "Properties": properties}


def _take_memory(template: Template) -> None:
    """Less than the process holds; the timeout would do."""
    _function(template, "watch_fleet")[1].update(MemorySize=64, Timeout=900)


BREAKS: list[tuple[Rule, str, Breaks]] = [
    (aws_rules.iot_policies_fit, "a policy of 2,049", _fill_policy),
    (aws_rules.topic_rules_listen_to_vens_alone, "no filter", _forget_filter),
    (
        aws_rules.topic_rules_listen_to_vens_alone,
        "a filter on another place of the topic",
        lambda t: _listen(t, aws_rules.rule_sql("ven/ack/+").replace("topic(3)", "topic(2)")),
    ),
    (
        aws_rules.topic_rules_listen_to_vens_alone,
        "everything",
        lambda t: _listen(t, "SELECT * FROM 'ven/#'"),
    ),
    *(
        (
            aws_rules.asynchronous_starts_have_destinations,
            f"a {name} that is dropped",
            _without_destination(name),
        )
        for name in ("settle_event", "dispatch_event", "rotate_ven", "watch_fleet", "provision_ven")
    ),
    (aws_rules.asynchronous_starts_have_destinations, "a start by a topic rule", _start_by_topic),
    (aws_rules.asynchronous_starts_have_destinations, "a start by another service", _start_by_bucket),
    (
        aws_rules.things_wait_until_their_names_are_free,
        "a thing that does not wait",
        lambda t: [
            r.pop("DependsOn", None) for r in t["Resources"].values() if r["Type"] == "AWS::IoT::Thing"
        ],
    ),
    (
        aws_rules.things_wait_until_their_names_are_free,
        "a VEN that is not checked",
        lambda t: _first(t, "Custom::VenIds").update(VenIds=["ven-2"]),
    ),
    (aws_rules.metrics_are_the_stages_own, "a function in every stage's metrics", _mix_metrics),
    (aws_rules.metrics_are_the_stages_own, "an alarm on another stage", _watch_another_stage),
    (
        aws_rules.api_metrics_are_the_free_ones,
        "detailed metrics",
        lambda t: _first(t, "AWS::ApiGatewayV2::Stage")["DefaultRouteSettings"].update(
            DetailedMetricsEnabled=True
        ),
    ),
    *(
        (
            aws_rules.work_fits_its_share_of_a_processor,
            f"a small and short {name}",
            lambda t, name=name: _function(t, name)[1].update(MemorySize=128, Timeout=1),
        )
        for name in worst_loads()
    ),
    (aws_rules.work_fits_its_share_of_a_processor, "a function that was never measured", _add_function),
    (aws_rules.work_fits_its_share_of_a_processor, "too little memory", _take_memory),
]


@pytest.mark.parametrize(
    ("rule", "breaks"),
    [pytest.param(rule, breaks, id=f"{rule.__name__}: {why}") for rule, why, breaks in BREAKS],
)
def test_a_planted_mistake_is_found(rule: Rule, breaks: Breaks, dev: Template) -> None:
    """A template that is broken in one place is found out by the rule for it."""
    broken = copy.deepcopy(dev)
    breaks(broken)
    assert rule(broken)


def test_every_rule_has_been_seen_to_bite() -> None:
    """No rule is added without a template that breaks it."""
    assert {rule for rule, _, _ in BREAKS} == set(AWS_RULES)


def test_policies_are_measured_in_every_partition() -> None:
    """The longest names are those of partitions that few deploy to."""
    assert set(SHOWN_REGIONS) <= regions().keys()
    assert {"aws", "aws-cn", "aws-us-gov", "aws-iso-b"} <= set(regions().values())
