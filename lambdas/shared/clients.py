"""AWS clients, each made when it is first needed, and then reused for the life of the sandbox.

boto3 is imported here and only then: a request that is refused costs none of it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

from contracts.store.keys import TableKeys
from lambdas.shared.parallel import CONNECTIONS
from lambdas.shared.tables import Table

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
    return cast("DynamoDBClient", _client("dynamodb"))


@cache
def iot() -> IoTClient:
    """IoT Core's control plane."""
    return cast("IoTClient", _client("iot"))


@cache
def iot_data() -> IoTDataPlaneClient:
    """IoT Core's data plane: publishes and shadows."""
    return cast("IoTDataPlaneClient", _client("iot-data"))


@cache
def secrets() -> SecretsManagerClient:
    """Secrets Manager."""
    return cast("SecretsManagerClient", _client("secretsmanager"))


@cache
def scheduler() -> EventBridgeSchedulerClient:
    """EventBridge Scheduler."""
    return cast("EventBridgeSchedulerClient", _client("scheduler"))


@cache
def sqs() -> SQSClient:
    """SQS."""
    return cast("SQSClient", _client("sqs"))


@cache
def functions() -> LambdaClient:
    """Lambda, to invoke another function and wait for it; an invocation is never repeated."""
    return cast("LambdaClient", _client("lambda", read_timeout=INVOKE_TIMEOUT_S, max_attempts=0))


def table(name: str, keys: TableKeys) -> Table:
    """The DynamoDB table *name*."""
    return Table(dynamodb(), name, keys)


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
