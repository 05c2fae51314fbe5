"""Every stage keeps our own rules, and every rule bites."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from cdk.stage import STAGES
from tests.support import template_rules
from tests.support.template_rules import RULES, Rule, Template, of_type

Breaks = Callable[[Template], Any]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_stack_keeps_the_rule(rule: Rule, stage: str, templates: dict[str, Template]) -> None:
    """The synthesized template of each stage breaks none of our rules."""
    assert rule(templates[stage]) == []


def _first(template: Template, kind: str) -> dict[str, Any]:
    return next(iter(of_type(template, kind).values()))


def _payload(template: Template) -> dict[str, Any]:
    payload: dict[str, Any] = _first(template, "AWS::IoT::TopicRule")["TopicRulePayload"]
    return payload


def _ven_statements(template: Template) -> list[dict[str, Any]]:
    return _statements(template, "-ven")


def _statements(template: Template, ending: str) -> list[dict[str, Any]]:
    policies = of_type(template, "AWS::IoT::Policy").values()
    policy = next(policy for policy in policies if policy["PolicyName"].endswith(ending))
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def _function(template: Template, slice_name: str) -> dict[str, Any]:
    return next(
        function
        for function in of_type(template, "AWS::Lambda::Function").values()
        if slice_name in function["Handler"]
    )


def _role(template: Template, slice_name: str) -> str:
    role: str = _function(template, slice_name)["Role"]["Fn::GetAtt"][0]
    return role


def _allow(template: Template, **statement: Any) -> None:
    """Add a statement to the role of `issue_command`."""
    role = {"Ref": _role(template, "issue_command")}
    policy = next(p for p in of_type(template, "AWS::IAM::Policy").values() if role in p["Roles"])
    policy["PolicyDocument"]["Statement"].append({"Effect": "Allow", **statement})


def _fed_queue(template: Template) -> dict[str, Any]:
    return next(queue for queue in of_type(template, "AWS::SQS::Queue").values() if "RedrivePolicy" in queue)


def _say(template: Template, sql: str) -> None:
    _payload(template)["Sql"] = sql


def _watch_nothing(template: Template) -> None:
    for alarm in of_type(template, "AWS::CloudWatch::Alarm").values():
        alarm["MetricName"] = "NumberOfMessagesSent"


BREAKS: list[tuple[Rule, str, Breaks]] = [
    (
        template_rules.ven_policy_is_own_things_only,
        "iot:* as action",
        lambda t: _ven_statements(t)[1].update(Action="iot:*"),
    ),
    (
        template_rules.ven_policy_is_own_things_only,
        "a wildcard topic",
        lambda t: _ven_statements(t)[1].update(Resource="arn:aws:iot:r:1:topic/ven/telemetry/*"),
    ),
    (
        template_rules.ven_policy_is_own_things_only,
        "a wildcard over its whole shadow",
        lambda t: _ven_statements(t)[2].update(
            Resource=f"arn:aws:iot:r:1:topicfilter/$aws/things/{template_rules.OWN_THING}/shadow/*"
        ),
    ),
    (
        template_rules.ven_policy_is_own_things_only,
        "an MQTT wildcard",
        lambda t: _ven_statements(t)[2].update(
            Resource=f"arn:aws:iot:r:1:topicfilter/{template_rules.OWN_THING}/+"
        ),
    ),
    (
        template_rules.ven_policy_is_own_things_only,
        "another variable",
        lambda t: _ven_statements(t)[1].update(Resource="arn:aws:iot:r:1:topic/ven/ack/${iot:ClientId}"),
    ),
    (
        template_rules.ven_policy_is_own_things_only,
        "a topic of all",
        lambda t: _ven_statements(t)[3].update(Resource="arn:aws:iot:r:1:topic/ven/cmd/everyone"),
    ),
    (
        template_rules.ven_policy_is_own_things_only,
        "no attachment",
        lambda t: _ven_statements(t)[0].pop("Condition"),
    ),
    (
        template_rules.claim_certificate_only_claims,
        "a VEN's topic",
        lambda t: _statements(t, "-claim")[1].update(Resource="arn:aws:iot:r:1:topic/ven/telemetry/ven-1"),
    ),
    (
        template_rules.claim_certificate_only_claims,
        "a VEN's name",
        lambda t: _statements(t, "-claim")[0].update(Resource="arn:aws:iot:r:1:client/*"),
    ),
    (
        template_rules.claim_certificate_only_claims,
        "every template",
        lambda t: _statements(t, "-claim")[1].update(
            Resource="arn:aws:iot:r:1:topic/$aws/provisioning-templates/ven-twin-*"
        ),
    ),
    (template_rules.rules_have_error_actions, "no error action", lambda t: _payload(t).pop("ErrorAction")),
    (
        template_rules.rules_run_on_the_local_cloud,
        "a function",
        lambda t: _say(t, "SELECT get_thing_shadow() AS s FROM 'a'"),
    ),
    (
        template_rules.rules_run_on_the_local_cloud,
        "an index",
        lambda t: _say(t, "SELECT loads[0] AS first FROM 'a'"),
    ),
    (
        template_rules.rules_run_on_the_local_cloud,
        "a case",
        lambda t: _say(t, "SELECT CASE a WHEN 1 THEN 2 END AS x FROM 'a'"),
    ),
    (
        template_rules.rules_run_on_the_local_cloud,
        "a nested select",
        lambda t: _say(t, "SELECT (SELECT v FROM loads) AS n FROM 'a'"),
    ),
    (
        template_rules.rules_run_on_the_local_cloud,
        "a function in WHERE",
        lambda t: _say(t, "SELECT * FROM 'a' WHERE startswith(topic(), 'v')"),
    ),
    (
        template_rules.rules_run_on_the_local_cloud,
        "another action",
        lambda t: _payload(t)["Actions"].append({"Firehose": {"DeliveryStreamName": "x"}}),
    ),
    (
        template_rules.rules_run_on_the_local_cloud,
        "a template in republish",
        lambda t: _payload(t)["Actions"].append({"Republish": {"Topic": "a/${topic(3)}"}}),
    ),
    (
        template_rules.functions_have_roles_of_their_own,
        "a shared role",
        lambda t: _function(t, "issue_command").update(Role=_function(t, "record_vens")["Role"]),
    ),
    (
        template_rules.functions_have_roles_of_their_own,
        "iot:*",
        lambda t: _allow(t, Action="iot:*", Resource="arn:aws:x"),
    ),
    (
        template_rules.functions_have_roles_of_their_own,
        "on *",
        lambda t: _allow(t, Action="iot:Publish", Resource="*"),
    ),
    (
        template_rules.functions_have_roles_of_their_own,
        "an action without resource types on an ARN",
        lambda t: _allow(t, Action="iot:ListAttachedPolicies", Resource="arn:aws:iot:r:1:cert/*"),
    ),
    (
        template_rules.functions_have_roles_of_their_own,
        "a managed policy",
        lambda t: t["Resources"][_role(t, "issue_command")]["Properties"].update(ManagedPolicyArns=["x"]),
    ),
    (
        template_rules.feeding_queues_wait_and_redrive,
        "no redrive",
        lambda t: _fed_queue(t).pop("RedrivePolicy"),
    ),
    (
        template_rules.feeding_queues_wait_and_redrive,
        "three receives",
        lambda t: _fed_queue(t)["RedrivePolicy"].update(maxReceiveCount=3),
    ),
    (
        template_rules.feeding_queues_wait_and_redrive,
        "too short",
        lambda t: _fed_queue(t).update(VisibilityTimeout=5),
    ),
    (
        template_rules.feeding_queues_wait_and_redrive,
        "whole batches",
        lambda t: _first(t, "AWS::Lambda::EventSourceMapping").pop("FunctionResponseTypes"),
    ),
    (
        template_rules.tables_forget_and_recover,
        "no TTL",
        lambda t: _first(t, "AWS::DynamoDB::GlobalTable").pop("TimeToLiveSpecification"),
    ),
    (
        template_rules.tables_forget_and_recover,
        "no PITR",
        lambda t: _first(t, "AWS::DynamoDB::GlobalTable")["Replicas"][0].pop(
            "PointInTimeRecoverySpecification"
        ),
    ),
    (
        template_rules.template_holds_no_secret,
        "a certificate",
        lambda t: t["Parameters"]["TrustRootPem"].update(Default="-----BEGIN CERTIFICATE-----"),
    ),
    (
        template_rules.template_holds_no_secret,
        "a value",
        lambda t: _first(t, "AWS::SecretsManager::Secret").update(SecretString="{}"),
    ),
    (
        template_rules.template_holds_no_secret,
        "an output",
        lambda t: t["Outputs"].update(PrivateKeyPem={"Value": "x"}),
    ),
    (
        template_rules.queues_refuse_plain_http,
        "plain HTTP",
        lambda t: _first(t, "AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"][0].update(Condition={}),
    ),
    (
        template_rules.services_act_for_us_only,
        "anyone's rule",
        lambda t: [
            statement.pop("Condition", None)
            for role in of_type(t, "AWS::IAM::Role").values()
            for statement in role["AssumeRolePolicyDocument"]["Statement"]
        ],
    ),
    (template_rules.dead_letters_raise_an_alarm, "another metric", _watch_nothing),
    (
        template_rules.logs_are_not_kept_for_ever,
        "no retention",
        lambda t: _first(t, "AWS::Logs::LogGroup").pop("RetentionInDays"),
    ),
]


@pytest.mark.parametrize(
    ("rule", "breaks"),
    [pytest.param(rule, breaks, id=f"{rule.__name__}: {why}") for rule, why, breaks in BREAKS],
)
def test_a_rule_bites(rule: Rule, breaks: Breaks, dev: Template) -> None:
    """A template that is broken in one place is found out by the rule for it."""
    broken = copy.deepcopy(dev)
    breaks(broken)
    assert rule(broken)


def test_every_rule_has_been_seen_to_bite() -> None:
    """No rule is added without a template that breaks it."""
    assert {rule for rule, _, _ in BREAKS} == set(RULES)
