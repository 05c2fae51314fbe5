"""A local cloud in AWS's bad weather."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from local_cloud import process
from local_cloud.runtime import REGION, CloudWeather, Runtime
from local_cloud.starts import ACCOUNT_CONCURRENCY
from local_cloud.weather import LateSchedules
from tests.integration.local_cloud.conftest import Emulator, new_identity
from tests.support.mqtt_by_hand import connected, publish
from tests.support.waiting import GIVE_UP_S

SPEED = 20.0
WEATHER = CloudWeather(seed=1, speed=SPEED, failing=0.1, dropping=0.1)
CALLS = """
import asyncio, collections, json
from local_cloud.hardening import harden
from local_cloud.runtime import CloudWeather
harden("127.0.0.1", CloudWeather(failing=0))
from ministack import app

async def calls(service, path):
    answers = [await app.SERVICE_HANDLERS[service]("GET", path, {}, b"", {}) for _ in range(1000)]
    return [status for status, *_ in answers]

async def main():
    print(json.dumps([
        await calls("iot", "/certificates/" + "0" * 64),
        await calls("iot-data", "/things/any/shadow"),
        await calls("iot", "/things/any"),
    ]))

asyncio.run(main())
"""
HANDLER = """
import pathlib, time
def handler(event, context):
    for record in event.get("Records", []):
        pathlib.Path(record["body"]).write_text(record["attributes"]["ApproximateReceiveCount"])
    if "hold" in event:
        with open(event["began"], "a") as began:
            began.write(".")
        while pathlib.Path(event["hold"]).exists():
            time.sleep(0.01)
    if "leaves" in event:
        with open(event["leaves"], "a") as trace:
            trace.write(".")
        if event.get("fails"):
            raise RuntimeError("fails")
    return "done"
"""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """A local cloud in the weather of all these tests."""
    folder = tmp_path_factory.mktemp("stormy")
    ports = {"gateway_port": process.free_port(), "mqtt_port": process.free_port()}
    yield process.start(folder, **ports, weather=WEATHER)
    process.stop(folder)


@pytest.fixture(scope="module")
def client(runtime: Runtime) -> Callable[..., Any]:
    """Makes clients that try again as often as the weather needs, or as often as they are told."""

    def make(service: str, attempts: int = 10) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=runtime.endpoint_url,
            region_name=REGION,
            aws_access_key_id=runtime.access_key_id,
            aws_secret_access_key=runtime.secret_access_key,
            config=Config(
                retries={"mode": "standard", "total_max_attempts": attempts}, max_pool_connections=30
            ),
        )

    return make


@pytest.fixture(scope="module")
def function(client: Callable[..., Any]) -> str:
    """The ARN of a function that holds on while a file is there, or leaves a trace in one."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("code.py", HANDLER)
    role = {"Version": "2012-10-17", "Statement": []}
    made = client("iam").create_role(RoleName="any", AssumeRolePolicyDocument=json.dumps(role))
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    client("iam").put_role_policy(RoleName="any", PolicyName="any", PolicyDocument=document)
    answer = client("lambda").create_function(
        FunctionName="any",
        Role=made["Role"]["Arn"],
        Runtime=f"python3.{sys.version_info.minor}",
        Handler="code.handler",
        Timeout=60,
        Code={"ZipFile": archive.getvalue()},
    )
    arn: str = answer["FunctionArn"]
    return arn


def _until(ready: Callable[[], Any]) -> Any:
    begun = time.monotonic()
    while not (result := ready()):
        assert time.monotonic() - begun < GIVE_UP_S
        time.sleep(0.02)
    return result


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def test_a_policy_is_not_ready_to_be_deleted_at_once(client: Callable[..., Any]) -> None:
    """It is refused right after it was detached, and deleted when a few of AWS's minutes have passed."""
    iot = client("iot")
    target = iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
    allowed = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iot.create_policy(policyName="any", policyDocument=document)
    iot.attach_policy(policyName="any", target=target)
    iot.detach_policy(policyName="any", target=target)
    with pytest.raises(ClientError) as refused:
        iot.delete_policy(policyName="any")
    assert refused.value.response["Error"]["Code"] == "DeleteConflictException"
    _until(lambda: _deleted(iot))


def _deleted(iot: Any) -> bool:
    try:
        iot.delete_policy(policyName="any")
    except iot.exceptions.DeleteConflictException:
        return False
    except iot.exceptions.ResourceNotFoundException:
        return True  # by an attempt whose answer was lost
    return True


def test_a_secrets_name_is_not_free_at_once(client: Callable[..., Any]) -> None:
    """It is refused right after the secret was deleted, and taken when a while has passed."""
    secrets = client("secretsmanager")
    secrets.create_secret(Name="any", SecretString="x")
    secrets.delete_secret(SecretId="any", ForceDeleteWithoutRecovery=True)
    with pytest.raises(secrets.exceptions.InvalidRequestException):
        secrets.create_secret(Name="any", SecretString="x")
    _until(lambda: _created(secrets))


def _created(secrets: Any) -> bool:
    try:
        secrets.create_secret(Name="any", SecretString="x")
    except secrets.exceptions.InvalidRequestException:
        return False
    except secrets.exceptions.ResourceExistsException:
        return True  # by an attempt whose answer was lost
    return True


def test_a_schedule_fires_late_within_its_minute(
    client: Callable[..., Any], function: str, tmp_path: Path
) -> None:
    """A start that is due comes as late as its seed has it, and no sooner."""
    trace = tmp_path / "trace"
    at_time = LateSchedules(WEATHER).once(lambda _: 0.0)
    due = next(second for second in range(int(time.time()), 2**40) if (at_time(_at(second)) or 0) > 1.5)
    client("scheduler").create_schedule(
        Name="any",
        ScheduleExpression=_at(due),
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": function,
            "RoleArn": "arn:aws:iam::000000000000:role/any",
            "Input": json.dumps({"leaves": str(trace)}),
        },
    )
    _until(trace.exists)
    assert trace.stat().st_mtime >= due + (at_time(_at(due)) or 0)


def _at(second: float) -> str:
    return f"at({datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S})"


def test_starts_beyond_the_accounts_concurrency_are_refused_or_come_later(
    client: Callable[..., Any], function: str, tmp_path: Path
) -> None:
    """Ten run. Who waits for an eleventh is refused, who does not is served later; a receive counts."""
    functions, sqs, iot = client("lambda", attempts=1), client("sqs"), client("iot")
    client("lambda").create_event_source_mapping(EventSourceArn=_queue(sqs), FunctionName=function)
    iot.create_topic_rule(
        ruleName="any",
        topicRulePayload={"sql": "SELECT * FROM 'any'", "actions": [{"lambda": {"functionArn": function}}]},
    )
    hold, began = tmp_path / "hold", tmp_path / "began"
    hold.touch()
    request = json.dumps({"hold": str(hold), "began": str(began)})
    with ThreadPoolExecutor(ACCOUNT_CONCURRENCY) as callers:
        try:
            for count in range(1, ACCOUNT_CONCURRENCY + 1):
                callers.submit(_invoke, client("lambda"), request)
                _until(lambda count=count: _size(began) >= count)
            with pytest.raises(ClientError) as refused:
                _until(lambda: _invoked(functions))
            traces = [tmp_path / name for name in ("event", "rule", "received")]
            event, rule, received = traces
            _invoke(client("lambda"), json.dumps({"leaves": str(event)}), "Event")
            client("iot-data").publish(topic="any", payload=json.dumps({"leaves": str(rule)}))
            sqs.send_message(
                QueueUrl=sqs.get_queue_url(QueueName="any")["QueueUrl"], MessageBody=str(received)
            )
            _until(lambda: _in_flight(sqs))
            assert not any(trace.exists() for trace in traces)
        finally:
            hold.unlink()
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    for trace in traces:
        _until(lambda trace=trace: _size(trace))
    assert int(received.read_text()) > 1


def _queue(sqs: Any) -> str:
    sqs.create_queue(QueueName="any", Attributes={"VisibilityTimeout": "1"})
    url = sqs.get_queue_url(QueueName="any")["QueueUrl"]
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return arn


def _in_flight(sqs: Any) -> bool:
    name = "ApproximateNumberOfMessagesNotVisible"
    url = sqs.get_queue_url(QueueName="any")["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name] != "0"


def _invoke(functions: Any, request: str, kind: str = "RequestResponse") -> None:
    functions.invoke(FunctionName="any", Payload=request, InvocationType=kind)


def _invoked(functions: Any) -> bool:
    """False when the call failed by the weather. Raises what else the call is refused with."""
    try:
        _invoke(functions, "{}")
    except ConnectionClosedError:
        return False
    except ClientError as error:
        if error.response["Error"]["Code"] == "ServiceException":
            return False
        raise
    return True


def test_a_function_that_fails_unheard_is_started_twice_more(
    client: Callable[..., Any], function: str, tmp_path: Path
) -> None:
    """After one and two of AWS's minutes; then what it was started with is in its failure destination."""
    sqs, trace = client("sqs"), tmp_path / "trace"
    sqs.create_queue(QueueName="failed")
    url = sqs.get_queue_url(QueueName="failed")["QueueUrl"]
    client("lambda").put_function_event_invoke_config(
        FunctionName=function,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:sqs:{REGION}:000000000000:failed"}},
    )
    begun = time.monotonic()
    _invoke(client("lambda", attempts=1), json.dumps({"leaves": str(trace), "fails": True}), "Event")
    message = _until(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))
    assert json.loads(message[0]["Body"])["requestPayload"]["leaves"] == str(trace)
    assert _size(trace) == 3
    assert time.monotonic() - begun >= 180 / SPEED


def test_calls_fail_by_the_seed_before_or_after_they_took_effect(client: Callable[..., Any]) -> None:
    """By the service's own errors or with a connection that ends; a name that failed is free or taken."""
    iot = client("iot", attempts=1)
    outcomes: Counter[str] = Counter()
    failed = []
    for number in range(200):
        try:
            iot.create_thing(thingName=f"thing-{number}")
        except ClientError as error:
            outcomes[error.response["Error"]["Code"]] += 1
            failed.append(f"thing-{number}")
        except ConnectionClosedError:
            outcomes["ended"] += 1
            failed.append(f"thing-{number}")
    assert set(outcomes) == {"InternalFailureException", "ServiceUnavailableException", "ended"}
    assert 8 <= outcomes.total() <= 40
    pages = client("iot").get_paginator("list_things").paginate()
    things = {thing["thingName"] for page in pages for thing in page["things"]}
    assert 0 < sum(name in things for name in failed) < len(failed)


async def test_an_mqtt_connection_ends_at_some_packet(runtime: Runtime, tmp_path: Path) -> None:
    """A client that goes on publishing is cut off sooner or later, for nothing that it did."""
    emulator = Emulator(runtime, new_identity(runtime, tmp_path / "tls"))
    async with connected(emulator) as link:
        for _ in range(200):
            await link.send(publish("ven/ack/ven-1", b"{}"))
        assert await link.closed()


def test_a_rate_that_is_exceeded_is_throttled(tmp_path: Path) -> None:
    """Of a thousand calls at once a second's share is answered; where no rate is known, all."""
    environment = {**os.environ, "AUTH": "true", "STATE_DIR": str(tmp_path), "S3_DATA_DIR": str(tmp_path)}
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", CALLS], env=environment, cwd=root, capture_output=True, text=True, check=True
    )
    certificates, shadows, things = (Counter(codes) for codes in json.loads(done.stdout.splitlines()[-1]))
    assert certificates[404] >= 10
    assert shadows[404] >= 400
    assert certificates[429] > 0
    assert shadows[429] > 0
    assert things == {404: 1000}
