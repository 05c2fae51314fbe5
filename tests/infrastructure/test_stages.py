"""Stages differ in data, never in shape; names that others rely on are fixed, the rest is generated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from cdk.stage import MAX_VENS, STAGES
from contracts.store.stack import (
    StackOutput,
    claim_secret_name,
    claim_template_name,
    stack_name,
    tls_secret_name,
)
from tests.infrastructure.conftest import CONTEXT, ROOT, Compose, stage
from tests.support.template_rules import Template, of_type

NAMED = {
    "AWS::IoT::Thing": "ThingName",
    "AWS::IoT::Policy": "PolicyName",
    "AWS::IoT::ProvisioningTemplate": "TemplateName",
    "AWS::IoT::TopicRule": "RuleName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::Scheduler::ScheduleGroup": "Name",
    "AWS::CloudWatch::Dashboard": "DashboardName",
}
"""Kinds whose names are fixed, and the property that holds the name."""
NAME_PROPERTIES = (
    "QueueName",
    "TableName",
    "FunctionName",
    "RoleName",
    "AlarmName",
    "LogGroupName",
    "TopicName",
)
TEMPLATE_MAX_BYTES = 1_000_000
INLINE_POLICY_MAX_BYTES = 10_240
"""Of all inline policies of a role together. Source: IAM quotas."""


@pytest.mark.parametrize("name", [name for name in STAGES if name != "dev"])
def test_a_stage_has_the_resources_of_every_other(name: str, templates: dict[str, Template]) -> None:
    """The local stage tests the deployed ones: the same logical ids, each of the same type."""
    shapes = {
        of: {logical_id: resource["Type"] for logical_id, resource in template["Resources"].items()}
        for of, template in templates.items()
    }
    assert shapes[name] == shapes["dev"]


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_has_every_output_of_the_contract(name: str, templates: dict[str, Template]) -> None:
    """The CLI finds tables and functions by the outputs that `contracts.store.stack` lists, and no others."""
    assert set(templates[name]["Outputs"]) == set(StackOutput)


@pytest.mark.parametrize("name", STAGES)
def test_only_names_that_others_rely_on_are_fixed(name: str, templates: dict[str, Template]) -> None:
    """Things, the VEN policy, rules, secrets, the schedule group and the dashboard are named by the stage."""
    template = templates[name]
    fixed = {kind: sorted(p[key] for p in of_type(template, kind).values()) for kind, key in NAMED.items()}
    topics = ("acks", "connected", "disconnected", "loads", "shadows", "telemetry")
    assert fixed == {
        "AWS::IoT::Thing": ["ven-1"],
        "AWS::IoT::Policy": [f"ven-twin-{name}-claim", f"ven-twin-{name}-ven"],
        "AWS::IoT::ProvisioningTemplate": [claim_template_name(name)],
        "AWS::IoT::TopicRule": [f"ven_twin_{name}_{topic}" for topic in topics],
        "AWS::SecretsManager::Secret": [claim_secret_name(name), tls_secret_name(name, "ven-1")],
        "AWS::Scheduler::ScheduleGroup": [f"ven-twin-{name}"],
        "AWS::CloudWatch::Dashboard": [f"ven-twin-{name}"],
    }


def test_everything_else_is_named_by_cloudformation(dev: Template) -> None:
    """A generated name can be replaced in an update and never collides with another stage's."""
    named = [
        logical_id
        for logical_id, resource in dev["Resources"].items()
        if resource["Type"] not in NAMED
        for key in NAME_PROPERTIES
        if isinstance(resource.get("Properties", {}).get(key), str)
    ]
    assert named == []


def test_tables_outlive_the_stack_in_prod_alone(templates: dict[str, Template]) -> None:
    """Destroying prod loses no measurement; destroying dev leaves nothing."""
    kept = {
        name: {
            resource["DeletionPolicy"]
            for resource in template["Resources"].values()
            if resource["Type"] == "AWS::DynamoDB::GlobalTable"
        }
        for name, template in templates.items()
    }
    assert kept == {"local": {"Delete"}, "dev": {"Delete"}, "prod": {"Retain"}}


@pytest.mark.parametrize("name", ["local", "dev"])
def test_nothing_else_outlives_the_stack(name: str, templates: dict[str, Template]) -> None:
    """After cdk destroy the account is as it was before."""
    kept = [
        logical_id
        for logical_id, resource in templates[name]["Resources"].items()
        if resource.get("DeletionPolicy", "Delete") != "Delete"
    ]
    assert kept == []


def test_the_largest_stack_stays_within_what_aws_takes(compose: Compose, tmp_path: Path) -> None:
    """As many VENs as the stage allows fit into 500 resources, 1 MB, and a role's inline policies."""
    vens = ",".join(f"{'v' * 60}-{number:03}" for number in range(MAX_VENS))
    app = App(context=CONTEXT, outdir=str(tmp_path), auto_synth=False)
    compose(app, stage("dev", vens=vens))
    app.synth(skip_validation=True)
    text = (tmp_path / f"{stack_name('dev')}.template.json").read_text()
    template: dict[str, Any] = json.loads(text)
    policies = of_type(template, "AWS::IAM::Policy").values()
    assert len(template["Resources"]) <= 500
    assert len(text) <= TEMPLATE_MAX_BYTES
    assert max(len(json.dumps(policy["PolicyDocument"])) for policy in policies) <= INLINE_POLICY_MAX_BYTES
    assert of_type(template, "AWS::IAM::ManagedPolicy") == {}


def test_alarms_write_to_the_address_that_is_given(compose: Compose, tmp_path: Path) -> None:
    """Every alarm is published to the stage's topic, to which -c alert_email subscribes an address."""
    app = App(context=CONTEXT, outdir=str(tmp_path), auto_synth=False)
    compose(app, stage("dev", alert_email="operator@example.org"))
    app.synth(skip_validation=True)
    template = json.loads((tmp_path / f"{stack_name('dev')}.template.json").read_text())
    (topic,) = of_type(template, "AWS::SNS::Topic")
    (subscription,) = of_type(template, "AWS::SNS::Subscription").values()
    alarms = of_type(template, "AWS::CloudWatch::Alarm").values()
    assert (subscription["Endpoint"], subscription["Protocol"]) == ("operator@example.org", "email")
    assert [alarm["AlarmActions"] for alarm in alarms] == [[{"Ref": topic}]] * len(alarms)


def test_the_topic_is_for_this_stages_functions_and_alarms(dev: Template) -> None:
    """Nobody is subscribed by itself; CloudWatch publishes for this account alone, nothing without TLS.

    A topic with a policy of its own has lost the default one, by which alarms of its account may publish.
    """
    (topic,) = of_type(dev, "AWS::SNS::Topic")
    (policy,) = of_type(dev, "AWS::SNS::TopicPolicy").values()
    assert of_type(dev, "AWS::SNS::Subscription") == {}
    assert policy["Topics"] == [{"Ref": topic}]
    by_effect = {statement["Effect"]: statement for statement in policy["PolicyDocument"]["Statement"]}
    allowed, denied = by_effect["Allow"], by_effect["Deny"]
    assert (allowed["Action"], allowed["Principal"]) == (
        "sns:Publish",
        {"Service": "cloudwatch.amazonaws.com"},
    )
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert (denied["Principal"], denied["Condition"]) == ("*", {"Bool": {"aws:SecureTransport": "false"}})


def test_a_stage_may_tell_nobody_and_keeps_its_shape(compose: Compose, tmp_path: Path, dev: Template) -> None:
    """With -c notifications=off the functions have no topic, and nothing else is other than before."""
    app = App(context=CONTEXT, outdir=str(tmp_path), auto_synth=False)
    compose(app, stage("dev", notifications="off"))
    app.synth(skip_validation=True)
    template = json.loads((tmp_path / f"{stack_name('dev')}.template.json").read_text())
    (topic,) = of_type(dev, "AWS::SNS::Topic")
    changed = 0
    for function in of_type(template, "AWS::Lambda::Function").values():
        variables = function["Environment"]["Variables"]
        if "NOTIFICATIONS_TOPIC" in variables:
            assert variables["NOTIFICATIONS_TOPIC"] == "off"
            variables["NOTIFICATIONS_TOPIC"] = {"Ref": topic}
            changed += 1
    assert changed == 2
    assert template == dev


def test_another_rotation_asks_for_new_certificates_and_changes_nothing_else(
    compose: Compose, tmp_path: Path, dev: Template
) -> None:
    """With -c rotation= every VEN's certificate is replaced by an update, and by nothing else."""
    app = App(context=CONTEXT, outdir=str(tmp_path), auto_synth=False)
    compose(app, stage("dev", rotation="2027-01"))
    app.synth(skip_validation=True)
    template = json.loads((tmp_path / f"{stack_name('dev')}.template.json").read_text())
    for certificate in (
        *of_type(template, "Custom::VenCertificate").values(),
        *of_type(template, "Custom::ClaimCertificate").values(),
    ):
        assert certificate.pop("Rotation") == "2027-01"
        certificate["Rotation"] = ""
    assert template == dev


def test_rotation_by_schedule_is_a_switch(compose: Compose, tmp_path: Path, dev: Template) -> None:
    """With -c rotate_days= the function knows the age; the sweep, which collects leftovers, is always on."""
    app = App(context=CONTEXT, outdir=str(tmp_path), auto_synth=False)
    compose(app, stage("dev", rotate_days="90"))
    app.synth(skip_validation=True)
    template = json.loads((tmp_path / f"{stack_name('dev')}.template.json").read_text())
    for sweeps in (template, dev):
        schedules = of_type(sweeps, "AWS::Scheduler::Schedule").values()
        assert [s["State"] for s in schedules if '"op": "sweep"' in str(s["Target"])] == ["ENABLED"]
    for function in of_type(template, "AWS::Lambda::Function").values():
        variables = function["Environment"]["Variables"]
        if variables.get("ROTATE_DAYS") == "90":
            variables["ROTATE_DAYS"] = "0"
    assert template == dev


SYNTHESIZE = """
import os, sys
os.umask(0o077)
from pathlib import Path
from aws_cdk import App
from cdk.bundle import Bundle
from cdk.stack import VenTwinStack
from tests.infrastructure.conftest import stage
app = App(outdir=sys.argv[2], auto_synth=False)
VenTwinStack(app, stage("dev"), code=Bundle(Path(sys.argv[1]), "0" * 32))
app.synth(skip_validation=True)
"""


def test_a_synthesis_under_a_narrow_umask_leaves_the_functions_files_readable(tmp_path: Path) -> None:
    """The assembly's copy is what is zipped: its files have the bundle's modes; the zip has no folders."""
    handler = tmp_path / "bundle" / "lambdas" / "handler.py"
    handler.parent.mkdir(parents=True)
    handler.write_text("ANSWER = 1\n")
    handler.chmod(0o644)
    command = [sys.executable, "-c", SYNTHESIZE, str(tmp_path / "bundle"), str(tmp_path / "assembly")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (staged,) = (tmp_path / "assembly").rglob("handler.py")
    assert staged.stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "assembly" / "manifest.json").stat().st_mode & 0o777 == 0o600, "the umask was in force"


def test_bad_context_is_one_line_that_names_the_key() -> None:
    """A wrong -c option ends cdk with what is allowed, and with no traceback."""
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, "CDK_CONTEXT_JSON": json.dumps({"stage": "staging"})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip() == "ven-twin: stage: 'staging' is none of local, dev, prod"
