"""The load test of a stage as it is deployed, the account's quota, and the array job that starts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.errors import FieldError
from contracts.store.stack import LoadTestOutput, load_test_stack_name
from ven_twin.operations.aggregator.cloud import Cloud
from ven_twin.operations.aggregator.cloud_errors import CloudError, explained
from ven_twin.operations.aws_check.regions import judge_region, regions_by_service
from ven_twin.operations.load_test.sizing import LoadTestSize, ShardSize

SPOT_VCPUS = ("fargate", "L-36FBB829")
"""Service Quotas' code: Fargate Spot vCPU resource count."""
ARCHITECTURES = {"ARM64": "arm64", "X86_64": "x86_64"}


@dataclass(frozen=True, slots=True)
class Deployed:
    """The load test's stack.

    Attributes:
        queue: the job queue's ARN.
        definition: the job definition's ARN, of its revision.
        most_vcpus: that its machines have at once.
        shard: the size of a shard.
    """

    queue: str
    definition: str
    most_vcpus: float
    shard: ShardSize


def check_region(cloud: Cloud) -> None:
    """Raise FieldError for a region that is none, or has not all services, AWS Batch with them."""
    region, source = cloud.region
    finding = judge_region(region, source, regions_by_service())
    if finding.verdict == "wrong":
        raise FieldError("--region", f"{finding.detail}: {finding.remedy}")


def deployed(cloud: Cloud) -> Deployed:
    """The load test of the stage. Raises CloudError where it is not deployed."""
    name = load_test_stack_name(cloud.stage)
    hint = f"npx cdk deploy {name} -c stage={cloud.stage} -c fleet_image=REGISTRY/NAME:TAG"
    missing = f"there is no stack {name} here: deploy it first ({hint})"
    with explained(missing=missing):
        stack = cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    if lacking := [output for output in LoadTestOutput if output not in outputs]:
        raise CloudError(f"stack {name} has no output {lacking[0]}: deploy it again")
    definition = outputs[LoadTestOutput.JOB_DEFINITION]
    with explained():
        definitions = cloud.client("batch").describe_job_definitions(jobDefinitions=[definition])[
            "jobDefinitions"
        ]
    if not definitions:
        raise CloudError(f"stack {name} has no job definition: deploy it again")
    shard = _shard_size(definitions[0]["containerProperties"])
    most_vcpus = float(outputs[LoadTestOutput.MOST_VCPUS])
    return Deployed(outputs[LoadTestOutput.JOB_QUEUE], definition, most_vcpus, shard)


def _shard_size(container: Mapping[str, Any]) -> ShardSize:
    needs = {need["type"]: float(need["value"]) for need in container["resourceRequirements"]}
    architecture = container.get("runtimePlatform", {}).get("cpuArchitecture", "X86_64")
    return ShardSize(needs["VCPU"], needs["MEMORY"], ARCHITECTURES[architecture])


def spot_vcpus(cloud: Cloud) -> float | str:
    """The processors that the account may have on Fargate Spot at once; why it did not answer, else."""
    service, code = SPOT_VCPUS
    try:
        with explained():
            quotas = cloud.client("service-quotas")
            value: float = quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"]
    except CloudError as error:
        return str(error)
    return value


def submit(cloud: Cloud, stack: Deployed, size: LoadTestSize, parameters: Mapping[str, str]) -> str:
    """Start the shards; the job's id. One shard is no array: AWS Batch has none of one job.

    Raises CloudError.
    """
    array = {"arrayProperties": {"size": size.shards}} if size.shards > 1 else {}
    with explained():
        answer = cloud.client("batch").submit_job(
            jobName=f"load-test-{size.count}",
            jobQueue=stack.queue,
            jobDefinition=stack.definition,
            parameters={"count": str(size.count), "shards": str(size.shards), **parameters},
            timeout={"attemptDurationSeconds": int(size.seconds)},
            **array,
        )
    return str(answer["jobId"])
