"""The load test: a fleet of twins as an array job of AWS Batch on Fargate Spot, in a stack of its own.

Beside the stage's stack and never in it: docs/decisions/0029-a-load-test-is-a-stack-of-its-own.md has why. Of
the stage it knows names alone, so that nothing of the stage changes when it comes or goes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aws_cdk import CfnOutput, RemovalPolicy, Size, Stack, StackSynthesizer
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk.lambda_function import RETENTION
from cdk.stage import Stage
from contracts.store.stack import LoadTestOutput, claim_secret_name, load_test_stack_name, stack_name

VCPUS, MEMORY_MIB = 1, 2048
"""Of a shard's container. Source: AWS Fargate, task CPU and memory: no less memory comes with one vCPU."""
MOST_VCPUS = 4000
"""Of all shards at once. Source: AWS Fargate quotas, Fargate Spot vCPU resource count, L-36FBB829."""
HTTPS, MQTTS = 443, 8883
ATTEMPTS = 3
INTERRUPTED = "Your Spot Task was interrupted*"
"""Source: Amazon ECS Developer Guide, stopped task error messages."""
PARAMETERS = {
    "count": "2",
    "shards": "1",
    "claims": "5",
    "interval": "30s",
    "houses": "standard,flat,leaky",
    "seed": "0",
}
"""The parameters of a submission, with their values otherwise."""
_ARCHITECTURES = {"arm64": ecs.CpuArchitecture.ARM64, "x86_64": ecs.CpuArchitecture.X86_64}
_ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>[^:@]+)")


def command(stage_name: str) -> list[str]:
    """The command of a shard; Batch puts a submission's parameters in and says which shard it is."""
    return [
        *("fleet", "run", "--stage", stage_name),
        *("--count", "Ref::count", "--shards", "Ref::shards", "--claims-per-s", "Ref::claims"),
        *("--report-interval", "Ref::interval", "--houses", "Ref::houses", "--seed", "Ref::seed"),
    ]


class LoadTestStack(Stack):
    """Network, compute environment, queue and job definition of the load test of one stage."""

    def __init__(
        self, scope: Construct, stage: Stage, image: str, *, synthesizer: StackSynthesizer | None = None
    ) -> None:
        super().__init__(
            scope,
            load_test_stack_name(stage.name),
            synthesizer=synthesizer,
            description="Demand response: a load test's twins, as an array job of AWS Batch",
        )
        queue = self._queue()
        job = self._job(stage, image)
        outputs = {
            LoadTestOutput.JOB_QUEUE: queue.job_queue_arn,
            LoadTestOutput.JOB_DEFINITION: job.job_definition_arn,
            LoadTestOutput.MOST_VCPUS: str(MOST_VCPUS),
        }
        for output, value in outputs.items():
            CfnOutput(self, output.value, value=value)

    def _queue(self) -> batch.JobQueue:
        """The queue, before machines in public subnets that nobody outside can open a connection to.

        A NAT gateway bills each GB, and takes 55,000 connections to one destination. Source: Amazon VPC User
        Guide, NAT gateways.
        """
        network = ec2.Vpc(
            self,
            "Network",
            nat_gateways=0,
            max_azs=3,
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=20)
            ],
        )
        outward = ec2.SecurityGroup(
            self,
            "Outward",
            vpc=network,
            allow_all_outbound=False,
            description="The twins of a load test: out to AWS, nothing in",
        )
        for port in (HTTPS, MQTTS):
            outward.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(port))
        environment = batch.FargateComputeEnvironment(
            self,
            "Machines",
            vpc=network,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            security_groups=[outward],
            spot=True,
            maxv_cpus=MOST_VCPUS,
        )
        ordered = batch.OrderedComputeEnvironment(compute_environment=environment, order=1)
        return batch.JobQueue(self, "Shards", compute_environments=[ordered])

    def _job(self, stage: Stage, image: str) -> batch.EcsJobDefinition:
        group = logs.LogGroup(
            self, "Logs", retention=RETENTION[stage.log_retention_days], removal_policy=RemovalPolicy.DESTROY
        )
        container = batch.EcsFargateContainerDefinition(
            self,
            "Twins",
            image=ecs.ContainerImage.from_registry(image),
            command=command(stage.name),
            environment={"AWS_REGION": self.region},
            cpu=VCPUS,
            memory=Size.mebibytes(MEMORY_MIB),
            fargate_cpu_architecture=_ARCHITECTURES[stage.architecture],
            assign_public_ip=True,
            job_role=self._job_role(stage),
            execution_role=self._execution_role(group, image),
            logging=ecs.LogDriver.aws_logs(log_group=group, stream_prefix="fleet"),
        )
        retry = [
            batch.RetryStrategy.of(batch.Action.RETRY, batch.Reason.custom(on_status_reason=INTERRUPTED)),
            # What matches nothing would be tried again.
            batch.RetryStrategy.of(batch.Action.EXIT, batch.Reason.custom(on_reason="*")),
        ]
        return batch.EcsJobDefinition(
            self,
            "Shard",
            container=container,
            parameters=PARAMETERS,
            retry_attempts=ATTEMPTS,
            retry_strategies=retry,
            propagate_tags=True,
        )

    def _job_role(self, stage: Stage) -> iam.Role:
        """The rights of the twins' process, for ``fleet run --count``. Of all secrets, the claim's alone.

        A twin itself has none of them: it has the certificate that it claimed.
        """
        role = self._role("JobRole")
        stack = stack_name(stage.name)
        self._allow(role, ["cloudformation:DescribeStacks"], "cloudformation", f"stack/{stack}/*")
        self._allow(role, ["dynamodb:Scan"], "dynamodb", f"table/{stack}-TablesVens*")
        self._allow(role, ["dynamodb:BatchWriteItem"], "dynamodb", f"table/{stack}-AllowedVensTable*")
        self._allow(role, ["lambda:InvokeFunction"], "lambda", f"function:{stack}-RotateVenFunction*")
        claim = f"secret:{claim_secret_name(stage.name)}-*"
        self._allow(role, ["secretsmanager:GetSecretValue"], "secretsmanager", claim)
        # Knows no type of resource.
        role.add_to_policy(iam.PolicyStatement(actions=["iot:DescribeEndpoint"], resources=["*"]))
        return role

    def _execution_role(self, group: logs.LogGroup, image: str) -> iam.Role:
        """The rights of Fargate on behalf of the container: its log, and its image where that is in ECR."""
        role = self._role("ExecutionRole")
        group.grant_write(role)
        if (repository := _ECR.match(image)) is not None:
            arn = self.format_arn(
                service="ecr",
                resource="repository",
                resource_name=repository["name"],
                region=repository["region"],
                account=repository["account"],
            )
            pull = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
            role.add_to_policy(
                iam.PolicyStatement(actions=[f"ecr:{action}" for action in pull], resources=[arn])
            )
            # Knows no type of resource.
            role.add_to_policy(iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]))
        return role

    def _role(self, name: str) -> iam.Role:
        """A role for this account's tasks. Source: Amazon ECS, task IAM role, confused deputy."""
        account = {"StringEquals": {"aws:SourceAccount": self.account}}
        principal = iam.ServicePrincipal("ecs-tasks.amazonaws.com", conditions=account)
        return iam.Role(self, name, assumed_by=principal)

    def _allow(self, role: iam.Role, actions: Sequence[str], service: str, rest: str) -> None:
        """Let *role* do *actions* on what *rest* of an ARN of *service* names."""
        arn = f"arn:{self.partition}:{service}:{self.region}:{self.account}:{rest}"
        role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=[arn]))
