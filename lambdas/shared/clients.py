"""AWS clients, each made once and then reused for the life of the sandbox.

On Lambda they are made while the function is initialised, which runs at a full processor; a handler of
256 MB has 0.145 of one, at which boto3 and a client would cost it four seconds. Elsewhere each is made when
it is first needed, so that a test has its account first.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any, cast

from contracts.store.keys import TableKeys
from lambdas.shared import clock, typed_rows
from lambdas.shared.parallel import CONNECTIONS
from lambdas.shared.tables import Table

if TYPE_CHECKING:
    from botocore.session import Session
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_iot import IoTClient
    from types_boto3_iot_data import IoTDataPlaneClient
    from types_boto3_kms import KMSClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_scheduler import EventBridgeSchedulerClient
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient
    from types_boto3_stepfunctions import SFNClient

ON_LAMBDA = "AWS_LAMBDA_FUNCTION_NAME"
"""Source: AWS Lambda Developer Guide, defined runtime environment variables."""
ATTEMPTS = 5
"""Attempts at a call: enough for a service that was busy for some seconds."""
CONTROL_PLANE_ATTEMPTS = 12
"""Attempts at a call of a control plane, which takes ten a second of a whole account. The pauses before them
grow to 20 s, jittered: two minutes on average, which eighty VENs provisioned at once stay well below."""
INVOKE_TIMEOUT_S = 26.0
"""API Gateway waits 30 s for an answer; this leaves time to say that it took too long."""


def at_init(package: str, *makers: Callable[[], object]) -> None:
    """On Lambda, make these clients now and import all of the function's *package*; elsewhere nothing.

    What cannot be made is left to the handler, which answers for it: a function that fails while it is
    initialised answers nobody.
    """
    if ON_LAMBDA not in os.environ:
        return
    with _nothing_collected():
        for maker in makers:
            with suppress(Exception):
                maker()
        with suppress(Exception):
            for module in walk_packages(import_module(package).__path__, f"{package}."):
                import_module(module.name)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Keep the garbage collector from what is imported and made meanwhile: all of it stays, and is much."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@cache
def dynamodb() -> DynamoDBClient:
    """DynamoDB, low level: items are written by `contracts.store.items`, `Table` reads Query's answers."""
    client = cast("DynamoDBClient", _client("dynamodb"))
    typed_rows.leave_queries_unparsed(client)
    return client


@cache
def iot() -> IoTClient:
    """IoT Core's control plane."""
    return cast("IoTClient", _client("iot", attempts=CONTROL_PLANE_ATTEMPTS))


@cache
def iot_data() -> IoTDataPlaneClient:
    """IoT Core's data plane: publishes and shadows."""
    return cast("IoTDataPlaneClient", _client("iot-data"))


@cache
def secrets() -> SecretsManagerClient:
    """Secrets Manager."""
    return cast("SecretsManagerClient", _client("secretsmanager", attempts=CONTROL_PLANE_ATTEMPTS))


@cache
def kms() -> KMSClient:
    """KMS, for the key that signs tokens."""
    return cast("KMSClient", _client("kms"))


@cache
def scheduler() -> EventBridgeSchedulerClient:
    """EventBridge Scheduler."""
    return cast("EventBridgeSchedulerClient", _client("scheduler"))


@cache
def stacks() -> CloudFormationClient:
    """CloudFormation, for what it is doing to a stack."""
    return cast("CloudFormationClient", _client("cloudformation", attempts=CONTROL_PLANE_ATTEMPTS))


@cache
def sqs() -> SQSClient:
    """SQS."""
    return cast("SQSClient", _client("sqs"))


@cache
def states() -> SFNClient:
    """Step Functions. Made when a plan is that large: no other invocation pays for it."""
    return cast("SFNClient", _client("stepfunctions"))


@cache
def sns() -> SNSClient:
    """SNS. It gives up soon: nobody who waits for an event's answer waits for a notification."""
    return cast("SNSClient", _client("sns", connect_timeout=1, read_timeout=2, attempts=2))


@cache
def functions() -> LambdaClient:
    """Lambda, to invoke another function and wait for it; an invocation is never repeated."""
    return cast("LambdaClient", _client("lambda", read_timeout=INVOKE_TIMEOUT_S, attempts=1))


def table(name: str, keys: TableKeys) -> Table:
    """The DynamoDB table *name*."""
    return Table(dynamodb(), name, keys, clock.pause)


def error_code(error: BaseException) -> str:
    """The service's code in a boto3 error, or the class's name when it is none."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(code) if code else type(error).__name__


def _client(
    name: str, *, connect_timeout: float = 3, read_timeout: float = 10, attempts: int = ATTEMPTS
) -> Any:
    from botocore.config import Config  # noqa: PLC0415 - what makes no client, a harness say, needs none of it

    session = _session()
    config = Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent=session.user_agent(),  # made once: botocore puts one together twice a call
        parameter_validation=ON_LAMBDA not in os.environ,  # half of the CPU of a large item; tests have it
    )
    return session.create_client(name, config=config)


@cache
def _session() -> Session:
    """The session of all clients: botocore's own, since boto3 takes as long to import as all of it."""
    from botocore.session import get_session  # noqa: PLC0415

    return get_session()
