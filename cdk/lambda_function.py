"""The one definition of a Lambda function."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import AssetHashType, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.bundle import Bundle
from cdk.stage import Stage

_ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}
FULL_PROCESSOR_MB = 1769
"""Memory that comes with one processor; less comes with its share. Source: AWS Lambda, configuring memory."""
RETENTION = {7: logs.RetentionDays.ONE_WEEK, 30: logs.RetentionDays.ONE_MONTH}


class LambdaFunction(Construct):
    """The function of one folder of `lambdas/`, with its own role and log group.

    Attributes:
        function: the one to invoke and to grant rights to.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        stage: Stage,
        code: Bundle,
        description: str,
        timeout_s: int,
        environment: Mapping[str, str],
        memory_mb: int,
    ) -> None:
        super().__init__(scope, "".join(word.capitalize() for word in name.split("_")))
        group = logs.LogGroup(
            self, "Logs", retention=RETENTION[stage.log_retention_days], removal_policy=RemovalPolicy.DESTROY
        )
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        group.grant_write(role)
        self.function = lambda_.Function(
            self,
            "Function",
            description=description,
            runtime=lambda_.Runtime(f"python{stage.python}", lambda_.RuntimeFamily.PYTHON),
            architecture=_ARCHITECTURES[stage.architecture],
            handler=f"lambdas.{name}.handler.handler",
            code=lambda_.Code.from_asset(
                str(code.path), asset_hash=code.digest, asset_hash_type=AssetHashType.CUSTOM
            ),
            memory_size=memory_mb,
            timeout=Duration.seconds(timeout_s),
            role=role,
            log_group=group,
            environment={
                "POWERTOOLS_SERVICE_NAME": name,
                "POWERTOOLS_METRICS_NAMESPACE": stage.metrics_namespace,
                **environment,
            },
        )

    def retry(self, attempts: int, *, within: Duration, dead: sqs.Queue) -> None:
        """Repeat a failed asynchronous invocation up to *attempts* times, then send it to *dead*."""
        self.function.configure_async_invoke(
            on_failure=destinations.SqsDestination(dead), retry_attempts=attempts, max_event_age=within
        )

    def allow(
        self, *actions: str, on: list[str], only_if: Mapping[str, Mapping[str, list[str]]] | None = None
    ) -> None:
        """Let the function do *actions* on the resources *on* (ARNs), under the conditions *only_if*."""
        self.function.add_to_role_policy(
            iam.PolicyStatement(actions=list(actions), resources=on, conditions=only_if)
        )

    def feed(
        self,
        queue: sqs.Queue,
        *,
        batch_size: int = 10,
        window_s: int = 0,
        max_concurrency: int | None = None,
    ) -> None:
        """Have *queue* feed the function; only the messages that failed come again.

        A batch waits for *window_s* to be filled, so that the more messages come the fewer invocations each
        costs.
        """
        # Not SqsEventSource: its logical id has the stack's name in it, and would differ from stage to stage.
        self.function.add_event_source_mapping(
            "Feed",
            event_source_arn=queue.queue_arn,
            batch_size=batch_size,
            max_batching_window=Duration.seconds(window_s),
            max_concurrency=max_concurrency,
            report_batch_item_failures=True,
        )
        queue.grant_consume_messages(self.function)
