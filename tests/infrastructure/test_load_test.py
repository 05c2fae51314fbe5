"""The load test's stack, synthesized: beside the stage's own, with few rights, no way in, nothing that stays.

It was never deployed to AWS.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from cdk.load_test import INTERRUPTED, MOST_VCPUS, PARAMETERS, LoadTestStack
from contracts.store.stack import LoadTestOutput, load_test_stack_name, stack_name
from tests.infrastructure.conftest import CONTEXT, Compose, stage
from tests.support import cfn_lint
from tests.support.template_rights import ACCOUNT, REGION, every_statement
from tests.support.template_rules import Template, many, of_type
from tests.unit.cli.command_tree import parse
from ven_twin.operations.load_test.sizing import ARRAY_MAX, ShardSize
from ven_twin.operations.rights import COMMAND_CALLS

IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/ven-twin:1"
NAME = load_test_stack_name("dev")
PLACES = {"STAGE": "dev", "REGION": REGION, "ACCOUNT": ACCOUNT}
FOUND = {
    "VPC7": "Flow logs cost more than the machines of a load test that lasts for hours.",
    "IAM5": "Names that CloudFormation or Secrets Manager ends at random; the test of the rights has each.",
}
"""The findings of cdk-nag that stand, each with its reason."""


def assembled(folder: Path, image: str) -> Template:
    """The template of the dev stage's load test."""
    app = App(context=CONTEXT, outdir=str(folder), auto_synth=False)
    LoadTestStack(app, stage("dev", fleet_image=image), image)
    app.synth(skip_validation=True)
    template: Template = json.loads((folder / f"{NAME}.template.json").read_text())
    return template


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The template of the dev stage's load test, whose image is in the account's registry."""
    return assembled(tmp_path_factory.mktemp("load-test"), IMAGE)


def only(template: Template, kind: str) -> dict[str, Any]:
    """The properties of the one resource of a kind."""
    (properties,) = of_type(template, kind).values()
    return dict(properties)


def allowed(template: Template, role: str) -> dict[str, set[str]]:
    """The ARNs by action of the policy of a role, by the beginning of its logical id."""
    rights: dict[str, set[str]] = {}
    for name, statement in every_statement(template):
        if name.startswith(role) and "Resource" in statement:
            assert statement["Effect"] == "Allow"
            for action in many(statement["Action"]):
                rights.setdefault(action, set()).update(many(statement["Resource"]))
    return rights


def test_it_stands_beside_the_stages_stack_and_changes_nothing_there(
    compose: Compose, tmp_path: Path, dev: Template
) -> None:
    """With or without an image the stage's template is the same, and neither refers to the other."""
    app = App(context=CONTEXT, outdir=str(tmp_path), auto_synth=False)
    compose(app, stage("dev", fleet_image=IMAGE))
    LoadTestStack(app, stage("dev", fleet_image=IMAGE), IMAGE)
    app.synth(skip_validation=True)
    assert json.loads((tmp_path / f"{stack_name('dev')}.template.json").read_text()) == dev
    assert "Fn::ImportValue" not in (tmp_path / f"{NAME}.template.json").read_text()


def test_its_machines_are_spot_and_within_what_an_account_has_by_default(template: Template) -> None:
    """And the limit is among the outputs, by which the CLI refuses more."""
    resources = only(template, "AWS::Batch::ComputeEnvironment")["ComputeResources"]
    assert (resources["Type"], resources["MaxvCpus"]) == ("FARGATE_SPOT", MOST_VCPUS)
    assert set(template["Outputs"]) == set(LoadTestOutput)
    assert template["Outputs"][LoadTestOutput.MOST_VCPUS]["Value"] == str(MOST_VCPUS)


def test_nothing_gets_in_and_little_out(template: Template) -> None:
    """A security group without a rule inward; outward TLS to AWS; no NAT gateway, which costs by the hour."""
    group = only(template, "AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group
    assert of_type(template, "AWS::EC2::SecurityGroupIngress") == {}
    assert {rule["FromPort"] for rule in group["SecurityGroupEgress"]} == {443, 8883}
    assert of_type(template, "AWS::EC2::NatGateway") == {}
    assert only(template, "AWS::Batch::JobDefinition")["ContainerProperties"]["NetworkConfiguration"] == {
        "AssignPublicIp": "ENABLED"
    }


def test_a_shard_is_an_array_jobs_part_by_its_index(template: Template) -> None:
    """Its command is one that the CLI parses, with every parameter of a submission in it."""
    job = only(template, "AWS::Batch::JobDefinition")
    words = job["ContainerProperties"]["Command"]
    assert {word.removeprefix("Ref::") for word in words if word.startswith("Ref::")} == set(PARAMETERS)
    assert job["Parameters"] == PARAMETERS
    line = " ".join(PARAMETERS.get(word.removeprefix("Ref::"), word) for word in words)
    values = parse(f"ven-twin {line}")
    assert (values["stage"], values["count"], values["shards"], values["shard"]) == ("dev", 2, 1, None)


def test_a_shard_has_room_for_a_thousand_vens_and_an_array_for_all_that_an_account_connects(
    template: Template,
) -> None:
    """By the measured memory and processor of one; Fargate's least memory for a vCPU is 2 GB."""
    container = only(template, "AWS::Batch::JobDefinition")["ContainerProperties"]
    needs = {need["Type"]: float(need["Value"]) for need in container["ResourceRequirements"]}
    assert needs == {"VCPU": 1.0, "MEMORY": 2048.0}
    shard = ShardSize(needs["VCPU"], needs["MEMORY"], "arm64")
    assert 1000 < shard.vens < 2000
    assert shard.vens * min(ARRAY_MAX, MOST_VCPUS) > 1_000_000


def test_a_shard_that_spot_takes_back_is_tried_again_and_no_other(template: Template) -> None:
    """A shard that fails for a reason of its own would fail again, and costs."""
    retry = only(template, "AWS::Batch::JobDefinition")["RetryStrategy"]
    assert retry["Attempts"] == 3
    assert retry["EvaluateOnExit"] == [
        {"Action": "RETRY", "OnStatusReason": INTERRUPTED},
        {"Action": "EXIT", "OnReason": "*"},
    ]


def test_the_jobs_rights_are_those_of_the_command_that_it_runs_and_less(template: Template) -> None:
    """Of secrets it reads the claim's alone; it writes no telemetry, and reads no VEN's key."""
    rights = allowed(template, "JobRole")
    commands = COMMAND_CALLS["fleet run"]
    for action, arns in rights.items():
        filled = {_filled(arn) for arn in commands[action]}
        assert arns <= filled, action
    assert rights.keys() == commands.keys() - {"dynamodb:Query"}
    claim = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ven-twin/dev/claim-*"
    assert rights["secretsmanager:GetSecretValue"] == {claim}
    assert not any("Telemetry" in arn for arns in rights.values() for arn in arns)


def _filled(arn: str) -> str:
    for word, value in PLACES.items():
        arn = arn.replace(word, value)
    return arn


def test_the_tasks_rights_are_its_log_and_its_image(template: Template, tmp_path: Path) -> None:
    """An image of another registry needs none."""
    rights = allowed(template, "ExecutionRole")
    repository = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/ven-twin"
    assert {action for action in rights if action.startswith("ecr:")} == {
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:GetAuthorizationToken",
    }
    assert rights["ecr:BatchGetImage"] == {repository}
    elsewhere = allowed(assembled(tmp_path, "ghcr.io/someone/ven-twin:1"), "ExecutionRole")
    assert elsewhere.keys() == {"logs:CreateLogStream", "logs:PutLogEvents"}


def test_nothing_of_it_outlives_its_stack_and_its_logs_end(template: Template) -> None:
    """After a load test the account is as it was before."""
    policies = {resource.get("DeletionPolicy", "Delete") for resource in template["Resources"].values()}
    assert policies == {"Delete"}
    assert only(template, "AWS::Logs::LogGroup")["RetentionInDays"] == 7


def test_the_rule_packs_find_nothing_but_what_has_a_reason(tmp_path: Path) -> None:
    """cdk-nag, CDK's own validation, and cfn-lint for two regions."""
    app = App(context=CONTEXT, outdir=str(tmp_path), auto_synth=False)
    LoadTestStack(app, stage("dev", fleet_image=IMAGE), IMAGE)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with suppress(RuntimeError):  # for the findings, which are in its report
        app.synth()
    (pack,) = json.loads((tmp_path / "validation-report.json").read_text())["pluginReports"]
    rules = {
        finding["ruleName"].removeprefix("AwsSolutions-").partition("[")[0] for finding in pack["violations"]
    }
    assert rules == FOUND.keys()
    template = json.loads((tmp_path / f"{NAME}.template.json").read_text())
    assert [str(match) for match in cfn_lint.matches(template)] == []
