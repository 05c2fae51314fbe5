"""Rules over a template for what AWS refuses, drops, mixes or bills, and no schema says.

Each takes the template and returns its breaches, as those of `tests.support.template_rules`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.loaders import Loader

from cdk.policy import POLICY_MAX_CHARACTERS
from contracts.store.envelopes import rule_sql
from contracts.store.stack import VEN_IDS_RESOURCE
from harness.functions.measure import breaches
from harness.functions.page import read_measurements
from harness.functions.stack import functions_of
from tests.support.template_rules import Rule, Template, many, of_type, statements

SHOWN_REGIONS = ("us-east-1", "ap-southeast-1", "cn-north-1", "us-gov-west-1")
"""One of each length that people deploy to; these have a margin besides."""
SHOWN_MAX_CHARACTERS = 2020
SERVICES_THAT_WAIT = frozenset({"apigateway.amazonaws.com"})
"""Services that start a function and take its answer. Of AWS IoT, a provisioning template does, no rule."""


@cache
def regions() -> dict[str, str]:
    """Every region that botocore knows, with its partition."""
    partitions = Loader().load_data("endpoints")["partitions"]
    return {region: partition["partition"] for partition in partitions for region in partition["regions"]}


def rendered(value: Any, region: str) -> Any:
    """*value* of a template as CloudFormation has it in *region*."""
    if isinstance(value, list):
        return [rendered(entry, region) for entry in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        names = {"AWS::Partition": regions()[region], "AWS::Region": region, "AWS::AccountId": "1" * 12}
        return names[value["Ref"]]
    if "Fn::Join" in value:
        between, words = value["Fn::Join"]
        return between.join(rendered(word, region) for word in words)
    return {key: rendered(entry, region) for key, entry in value.items()}


def policy_characters(policy: Template, region: str) -> int:
    """The characters of an IoT policy in *region* as AWS counts them: without white space."""
    document = rendered(policy["PolicyDocument"], region)
    return len(re.sub(r"\s", "", json.dumps(document, separators=(",", ":"), ensure_ascii=False)))


def iot_policies_fit(template: Template) -> list[str]:
    """AWS IoT takes 2,048 characters of a policy; the schema of CloudFormation says 404,600."""
    faults = []
    for name, policy in of_type(template, "AWS::IoT::Policy").items():
        for region in regions():
            limit = SHOWN_MAX_CHARACTERS if region in SHOWN_REGIONS else POLICY_MAX_CHARACTERS
            characters = policy_characters(policy, region)
            if characters > limit:
                faults.append(f"{name}: {characters} characters of {limit} in {region}")
    return faults


def topic_rules_listen_to_vens_alone(template: Template) -> list[str]:
    """AWS IoT tells of every client and thing of the account: what cannot be a VEN's starts no action."""
    faults = []
    for name, rule in of_type(template, "AWS::IoT::TopicRule").items():
        sql = rule["TopicRulePayload"]["Sql"]
        topic_filter = sql.split(" FROM '")[1].split("'")[0]
        if topic_filter.split("/").count("+") != 1:
            faults.append(f"{name}: {topic_filter} has no one place for a VEN's id")
        elif sql != rule_sql(topic_filter):
            faults.append(f"{name}: listens to more than VENs")
    return faults


def asynchronous_starts_have_destinations(template: Template) -> list[str]:
    """Lambda drops an asynchronous start that failed, unless the function has a destination for it."""
    kept = {
        config["FunctionName"]["Ref"]
        for config in of_type(template, "AWS::Lambda::EventInvokeConfig").values()
        if config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    }
    started = set(_started_asynchronously(template))
    return [f"{name}: a failed start is dropped" for name in sorted(started - kept)] or (
        [] if started else ["nothing is started"]
    )


def _started_asynchronously(template: Template) -> Iterator[str]:
    """Logical ids of the functions that somebody starts without waiting for them."""
    functions = of_type(template, "AWS::Lambda::Function")
    yield from _started_by_roles(template, functions)
    for resource in template["Resources"].values():
        if (token := resource.get("Properties", {}).get("ServiceToken")) is not None:
            yield from _named(token, functions)
    for schedule in of_type(template, "AWS::Scheduler::Schedule").values():
        yield from _named(schedule["Target"]["Arn"], functions)
    for rule in of_type(template, "AWS::IoT::TopicRule").values():
        actions = [action.get("Lambda") for action in rule["TopicRulePayload"]["Actions"]]
        yield from _named(actions, functions)
    for permission in of_type(template, "AWS::Lambda::Permission").values():
        hook = "provisioningtemplate" in json.dumps(permission.get("SourceArn"))
        if permission["Principal"] not in SERVICES_THAT_WAIT and not hook:
            yield from _named(permission["FunctionName"], functions)


def _started_by_roles(template: Template, functions: Template) -> Iterator[str]:
    """Those that a service may start in a role of ours, as the Scheduler does by schedules made later."""
    for role, properties in of_type(template, "AWS::IAM::Role").items():
        assumed_by = json.dumps(properties["AssumeRolePolicyDocument"])
        if "lambda.amazonaws.com" in assumed_by or "states.amazonaws.com" in assumed_by:
            continue  # a function that invokes another waits for it, and so does a task of Step Functions
        for statement in statements(template, role):
            if "lambda:InvokeFunction" in many(statement["Action"]):
                yield from _named(statement["Resource"], functions)


def _named(value: Any, functions: Template) -> Iterator[str]:
    """The functions that *value* refers to."""
    text = json.dumps(value)
    return (name for name in functions if f'"{name}"' in text)


def things_wait_until_their_names_are_free(template: Template) -> list[str]:
    """A thing's name is the account's: CloudFormation does not say which stage has it, our refusal does."""
    vens = {thing["ThingName"] for thing in of_type(template, "AWS::IoT::Thing").values()}
    checks = {
        name: set(check["VenIds"])
        for name, check in of_type(template, VEN_IDS_RESOURCE).items()
        if set(check["VenIds"]) == vens
    }
    return [
        f"{name}: made whoever has its name"
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IoT::Thing" and not checks.keys() & set(many(resource.get("DependsOn")))
    ]


def metrics_are_the_stages_own(template: Template) -> list[str]:
    """Two stages of an account never add to one metric; alarms and dashboard look at their own stage's."""
    (dashboard,) = of_type(template, "AWS::CloudWatch::Dashboard").values()
    own = "VenTwin/" + dashboard["DashboardName"].removeprefix("ven-twin-")
    namespaces = {
        name: function["Environment"]["Variables"].get("POWERTOOLS_METRICS_NAMESPACE")
        for name, function in of_type(template, "AWS::Lambda::Function").items()
    }
    for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items():
        if not alarm["Namespace"].startswith("AWS/"):
            namespaces[name] = alarm["Namespace"]
    shown = set(re.findall(r'\\"(VenTwin[^"\\]*)\\"', json.dumps(dashboard["DashboardBody"])))
    namespaces["the dashboard"] = shown.pop() if len(shown) == 1 else f"{sorted(shown)}"
    return [f"{name}: metrics of {space}" for name, space in namespaces.items() if space != own]


def api_metrics_are_the_free_ones(template: Template) -> list[str]:
    """Detailed metrics of the HTTP API are six a route, each billed."""
    faults = []
    for name, stage in of_type(template, "AWS::ApiGatewayV2::Stage").items():
        settings = [stage.get("DefaultRouteSettings", {}), *stage.get("RouteSettings", {}).values()]
        faults += [f"{name}: detailed" for entry in settings if entry.get("DetailedMetricsEnabled")]
    return faults


def work_fits_its_share_of_a_processor(template: Template) -> list[str]:
    """Every load as it was measured takes less than half of the timeout on the share that memory buys."""
    loads = read_measurements().loads
    return [line for function in functions_of(template) for line in breaches(function, loads)]


AWS_RULES: tuple[Rule, ...] = (
    iot_policies_fit,
    topic_rules_listen_to_vens_alone,
    asynchronous_starts_have_destinations,
    things_wait_until_their_names_are_free,
    metrics_are_the_stages_own,
    api_metrics_are_the_free_ones,
    work_fits_its_share_of_a_processor,
)
