"""A load test is reckoned, refused in a line or submitted: against moto's AWS Batch, which starts nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.servicequotas.models import ServiceQuotasBackend
from typer.testing import CliRunner, Result

from contracts.errors import FieldError, VenTwinError
from contracts.store.stack import load_test_stack_name
from ven_twin.cli.app import app
from ven_twin.operations.load_test import costs
from ven_twin.operations.load_test.sizing import BUSY, CORE_PER_VEN, ShardSize, load_test_size
from ven_twin.operations.prices import price_table

REGION = "eu-west-1"
SHARD = ShardSize(1.0, 2048.0, "arm64")
ASKED = ("--count", "100000", "--stage", "dev", "--region", REGION)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An account without a stack, whose quota is 4,000 processors of Fargate Spot; its region."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    allow(monkeypatch, 4000.0)
    with mock_aws(config={"batch": {"use_docker": False}}):
        yield REGION


def allow(monkeypatch: pytest.MonkeyPatch, vcpus: float) -> None:
    """Give the account a quota of Fargate Spot, which moto has none of."""

    def quota(_: object, service_code: str, quota_code: str) -> dict[str, Any]:
        assert (service_code, quota_code) == ("fargate", "L-36FBB829")
        return {"Value": vcpus}

    monkeypatch.setattr(ServiceQuotasBackend, "get_service_quota", quota)


@pytest.fixture
def stack(account: str) -> Iterator[str]:
    """The load test's stack as far as it is asked; its queue's ARN."""
    assert account == REGION
    mark = token_hex(4)  # where another test has an account open, this one is in it
    ec2, iam, batch = (boto3.client(name, region_name=REGION) for name in ("ec2", "iam", "batch"))
    subnet = ec2.describe_subnets()["Subnets"][0]
    group = ec2.create_security_group(GroupName=mark, Description="out", VpcId=subnet["VpcId"])["GroupId"]
    role = iam.create_role(RoleName=mark, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    machines = batch.create_compute_environment(
        computeEnvironmentName=mark,
        type="MANAGED",
        serviceRole=role,
        computeResources={
            "type": "FARGATE_SPOT",
            "maxvCpus": 4000,
            "subnets": [subnet["SubnetId"]],
            "securityGroupIds": [group],
        },
    )["computeEnvironmentArn"]
    order = [{"order": 1, "computeEnvironment": machines}]
    queue = batch.create_job_queue(
        jobQueueName=mark, state="ENABLED", priority=1, computeEnvironmentOrder=order
    )["jobQueueArn"]
    job = batch.register_job_definition(
        jobDefinitionName=mark,
        type="container",
        platformCapabilities=["FARGATE"],
        containerProperties={
            "image": "registry/ven-twin:1",
            "command": ["fleet", "run", "--count", "Ref::count", "--shards", "Ref::shards"],
            "resourceRequirements": [
                {"type": "VCPU", "value": "1"},
                {"type": "MEMORY", "value": "2048"},
            ],
            "executionRoleArn": role,
            "runtimePlatform": {"cpuArchitecture": "ARM64"},
        },
    )["jobDefinitionArn"]
    outputs = {"JobQueue": queue, "JobDefinition": job, "MostVcpus": "4000"}
    formation = boto3.client("cloudformation", region_name=REGION)
    formation.create_stack(
        StackName=load_test_stack_name("dev"),
        TemplateBody=json.dumps(
            {
                "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
                "Outputs": {name: {"Value": value} for name, value in outputs.items()},
            }
        ),
    )
    yield str(queue)
    formation.delete_stack(StackName=load_test_stack_name("dev"))


def load_test(*arguments: str) -> Result:
    """The command's result with *arguments*."""
    return CliRunner().invoke(app, ["fleet", "load-test", *arguments])


def jobs(queue: str) -> list[Any]:
    """The jobs that were submitted, each as Batch has it."""
    batch = boto3.client("batch", region_name=REGION)
    listed = [
        job["jobId"]
        for status in ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
        for job in batch.list_jobs(jobQueue=queue, jobStatus=status)["jobSummaryList"]
    ]
    return list(batch.describe_jobs(jobs=listed)["jobs"]) if listed else []


def test_what_it_takes_and_costs_comes_first_and_nothing_is_started(stack: str) -> None:
    """Shards, processors, memory, the time of the claims, and a bill whose sum is that of its lines."""
    result = load_test(*ASKED, "--for", "1h", "--dry-run")
    assert result.exit_code == 0, result.output
    text = " ".join(result.output.split())
    shards = -(-100_000 // int(BUSY / CORE_PER_VEN))
    assert f"100000 VENs in {shards} shards of 1 vCPU and 2 GB: {shards} vCPU, {2 * shards} GB" in text
    assert "All have claimed after 5 h 33 min, at 5 a second" in text
    figures = [
        line.split() for line in result.output.splitlines() if line.startswith(("Fargate", "public", "the "))
    ]
    parts = [next(float(word) for word in line if "." in word) for line in figures]
    (together,) = [
        float(line.split()[1]) for line in result.output.splitlines() if line.startswith("together")
    ]
    assert len(parts) == 4
    assert together == pytest.approx(sum(parts), abs=0.03)
    assert "Nothing was started." in text
    assert jobs(stack) == []


def test_a_submission_is_one_array_job_of_all_shards(stack: str) -> None:
    """Its parameters are what the command asks for, and it ends by itself when its time is over."""
    result = load_test(*ASKED, "--for", "1h", "--claims-per-s", "50", "--seed", "7", "--yes")
    assert result.exit_code == 0, result.output
    (job,) = [job for job in jobs(stack) if ":" not in job["jobId"]]
    size = load_test_size(100_000, SHARD, per_shard=None, claims_per_s=50, run_s=3600)
    assert job["arrayProperties"]["size"] == size.shards
    assert job["timeout"] == {"attemptDurationSeconds": int(size.seconds)}
    assert f"terminate-job --job-id {job['jobId']}" in result.output
    assert "fleet remove --count 100000 --stage dev" in result.output


def test_a_question_is_asked_before_money_is_spent(stack: str) -> None:
    """Whoever says no has started nothing."""
    result = CliRunner().invoke(app, ["fleet", "load-test", *ASKED], input="n\n")
    assert result.exit_code == 1
    assert jobs(stack) == []


@pytest.mark.parametrize(
    ("arguments", "field", "why"),
    [
        (("--count", "500001"), "--count", "500000 connections unless its quota is raised"),
        (("--count", "0"), None, ""),
        (
            ("--count", "100000", "--per-shard", "5"),
            "--per-shard",
            "20000 shards, .* has 10000 at most: 10 VENs",
        ),
        (
            ("--count", "100000", "--per-shard", "1700"),
            "--per-shard",
            "have room for 1600 VENs in an event, not for",
        ),
        (
            ("--count", "100000", "--per-shard", "20"),
            "--count",
            "5000 vCPUs at once, .* stack has 4000: 80000 VENs",
        ),
        (("--count", "9", "--for", "soon"), "--for", "write 10m"),
        (("--count", "9", "--claims-per-s", "0"), "--claims-per-s", "0.1 to 500"),
        (("--count", "9", "--houses", "castle"), "--houses", "castle"),
        (
            ("--count", "9", "--region", "eu-nowhere-1"),
            "--region",
            r"eu-nowhere-1 \(--region\) is no region of AWS",
        ),
        (("--count", "9", "--stage", "local"), "--region", "this is the local cloud"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line_before_anything_starts(
    stack: str, arguments: tuple[str, ...], field: str | None, why: str
) -> None:
    """With the option, the limit, and how many it allows."""
    result = load_test("--stage", "dev", "--region", REGION, "--yes", *arguments)
    assert result.exit_code != 0
    assert jobs(stack) == []
    if field is not None:
        with pytest.raises(VenTwinError, match=why) as refused:
            raise result.exception or AssertionError(result.output)
        assert "\n" not in str(refused.value)
        assert not isinstance(refused.value, FieldError) or refused.value.field == field


def test_more_than_the_accounts_quota_is_refused_with_the_quota(
    stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new account has less than AWS's default; how many VENs it has room for stands beside."""
    allow(monkeypatch, 6.0)
    refused = load_test(*ASKED, "--yes").exception
    assert isinstance(refused, FieldError)
    assert "63 vCPUs at once, and the account's quota of Fargate Spot (L-36FBB829) is 6: 9528 VENs" in str(
        refused
    )
    assert jobs(stack) == []


@pytest.mark.usefixtures("stack")
def test_an_account_that_does_not_tell_its_quota_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer says so, and the stack's own limit holds."""
    monkeypatch.undo()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    result = load_test(*ASKED, "--dry-run")
    assert result.exit_code == 0, result.output
    assert "quota of Fargate Spot (L-36FBB829) was not answered" in result.output


@pytest.mark.usefixtures("account")
def test_without_its_stack_there_is_no_load_test() -> None:
    """The line has the command that deploys it."""
    refused = load_test(*ASKED, "--yes").exception
    assert isinstance(refused, VenTwinError)
    assert (
        "there is no stack VenTwin-dev-LoadTest here: deploy it first (npx cdk deploy VenTwin-dev-LoadTest"
        in str(refused)
    )


def test_every_price_of_a_load_test_is_in_the_table() -> None:
    """On either architecture."""
    for architecture in costs.PRICES:
        size = load_test_size(
            2000, ShardSize(1.0, 2048.0, architecture), per_shard=None, claims_per_s=5, run_s=3600
        )
        assert all(item.price in price_table().prices and item.usd > 0 for item in costs.items(size))
