"""AWS clients, each made when it is first needed, and then reused for the life of the sandbox.

boto3 is imported here and only then: a request that is refused costs none of it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from lambdas.shared.parallel import CONNECTIONS

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_iot import IoTClient
    from types_boto3_iot_data import IoTDataPlaneClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_scheduler import EventBridgeSchedulerClient
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sqs import SQSClient

INVOKE_TIMEOUT_S = 26.0
"""API Gateway waits 30 s for an answer; this leaves time to say that it took too long."""


@cache
def dynamodb() -> DynamoDBClient:
    """DynamoDB, low level: items are written by `contracts.store.items`."""
    client: DynamoDBClient = _client("dynamodb")
    return client


@cache
def iot() -> IoTClient:
    """IoT Core's control plane."""
    client: IoTClient = _client("iot")
    return client


@cache
def iot_data() -> IoTDataPlaneClient:
    """IoT Core's data plane: publishes and shadows."""
    client: IoTDataPlaneClient = _client("iot-data")
    return client


@cache
def secrets() -> SecretsManagerClient:
    """Secrets Manager."""
    client: SecretsManagerClient = _client("secretsmanager")
    return client


@cache
def scheduler() -> EventBridgeSchedulerClient:
    """EventBridge Scheduler."""
    client: EventBridgeSchedulerClient = _client("scheduler")
    return client


@cache
def sqs() -> SQSClient:
    """SQS."""
    client: SQSClient = _client("sqs")
    return client


@cache
def functions() -> LambdaClient:
    """Lambda, to invoke another function and wait for it; an invocation is never repeated."""
    client: LambdaClient = _client("lambda", read_timeout=INVOKE_TIMEOUT_S, max_attempts=0)
    return client


def error_code(error: BaseException) -> str:
    """The service's code in a boto3 error, or the class's name when it is none."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(code) if code else type(error).__name__


def _client(name: str, *, read_timeout: float = 10, max_attempts: int = 4) -> Any:
    import boto3  # noqa: PLC0415 - a request that is refused needs none of it
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        connect_timeout=3,
        read_timeout=read_timeout,
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "max_attempts": max_attempts},
    )
    return boto3.client(name, config=config)  # type: ignore[call-overload]
