"""A local cloud in AWS's bad weather."""

from __future__ import annotations

import contextlib
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
from local_cloud.late_policies import DOCUMENT_S
from local_cloud.runtime import REGION, CloudWeather, Runtime
from local_cloud.starts import ACCOUNT_CONCURRENCY
from local_cloud.weather import LateSchedules
from tests.integration.local_cloud.conftest import Emulator, new_identity
from tests.support.mqtt_by_hand import connected, publish
from tests.support.waiting import GIVE_UP_S

SPEED = 30.0  # other than that of the retries of the emulator itself
WEATHER = CloudWeather(seed=1, speed=SPEED, failing=0, dropping=0)
"""Of which nothing fails, so that what is refused is refused for its reason."""
CALLS = """
import asyncio, collections, json
from local_cloud.hardening import harden
from local_cloud.runtime import CloudWeather
harden(CloudWeather(failing=0))
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


@contextlib.contextmanager
def _started(folder: Path, weather: CloudWeather) -> Iterator[Runtime]:
    try:
        yield process.start(folder, gateway_port=0, mqtt_port=0, weather=weather)
    finally:
        process.stop(folder)


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """A local cloud in weather by which no call fails."""
    with _started(tmp_path_factory.mktemp("late"), WEATHER) as started:
        yield started


@pytest.fixture(scope="module")
def client(runtime: Runtime) -> Callable[[str], Any]:
    """Makes clients of that cloud."""
    return lambda service: _client(runtime, service)


def _client(runtime: Runtime, service: str, **credentials: str) -> Any:
    """A client that tries nothing again."""
    root = {"aws_access_key_id": runtime.access_key_id, "aws_secret_access_key": runtime.secret_access_key}
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=runtime.endpoint_url,
        region_name=REGION,
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=30),
        **(root | credentials),
    )


@pytest.fixture(scope="module")
def function(client: Callable[[str], Any]) -> str:
    """The ARN of a function that holds on while a file is there, or leaves a trace in one."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr(zipfile.ZipInfo("code.py"), HANDLER)
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


def test_a_policy_is_not_ready_to_be_deleted_at_once(client: Callable[[str], Any]) -> None:
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
    return True


def test_a_secrets_name_is_not_free_at_once(client: Callable[[str], Any]) -> None:
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
    return True


def test_a_schedule_fires_late_within_its_minute(
    client: Callable[[str], Any], function: str, tmp_path: Path
) -> None:
    """A start that is due comes as late as its seed has it, and no sooner."""
    trace = tmp_path / "trace"
    at_time = LateSchedules(WEATHER).once(lambda _: 0.0)
    due = next(
        second for second in range(int(time.time()), 2**40) if (at_time(_at(second)) or 0) > 45 / SPEED
    )
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
    client: Callable[[str], Any], function: str, tmp_path: Path
) -> None:
    """Ten run. Who waits for an eleventh is refused, who does not is served later; a receive counts."""
    functions, sqs, iot = client("lambda"), client("sqs"), client("iot")
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
                _invoke(functions, "{}")
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


def test_a_function_that_fails_unheard_is_started_twice_more(
    client: Callable[[str], Any], function: str, tmp_path: Path
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
    _invoke(client("lambda"), json.dumps({"leaves": str(trace), "fails": True}), "Event")
    message = _until(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))
    assert json.loads(message[0]["Body"])["requestPayload"]["leaves"] == str(trace)
    assert _size(trace) == 3
    assert time.monotonic() - begun >= 180 / SPEED


def test_calls_fail_by_the_seed_before_or_after_they_took_effect(tmp_path: Path) -> None:
    """By the service's own errors or with a connection that ends; a thing of such a call is there or not."""
    with _started(tmp_path, CloudWeather(seed=1, speed=SPEED, failing=0.2)) as failing:
        outcomes, failed, things = _outcomes(_client(failing, "iot"))
    assert set(outcomes) == {"InternalFailureException", "ServiceUnavailableException", "ended"}
    assert 20 <= outcomes.total() <= 60
    assert 0 < len(failed & things) < len(failed)


def _outcomes(iot: Any) -> tuple[Counter[str], set[str], set[str]]:
    """The failures of calls, the things that they were to make, and all things that are there."""
    outcomes: Counter[str] = Counter()
    failed = set()
    for name in (f"thing-{number}" for number in range(200)):
        try:
            iot.create_thing(thingName=name)
            continue
        except ClientError as error:
            outcomes[error.response["Error"]["Code"]] += 1
        except ConnectionClosedError:
            outcomes["ended"] += 1
        failed.add(name)
    while True:
        with contextlib.suppress(ClientError, ConnectionClosedError):
            things = iot.list_things(maxResults=250)["things"]
            return outcomes, failed, {thing["thingName"] for thing in things}


async def test_an_iot_policys_change_is_in_force_minutes_later(
    runtime: Runtime, client: Callable[[str], Any], tmp_path: Path
) -> None:
    """A client that the new document refuses is taken until the change is in force."""
    emulator = Emulator(
        runtime, new_identity(runtime, tmp_path / "tls", thing="ven-2", policy="changed"), tmp_path
    )
    while not await _is_taken(emulator, "ven-2"):
        pass  # the policy was attached a moment ago
    begun = time.monotonic()
    nothing = {"Version": "2012-10-17", "Statement": []}
    client("iot").create_policy_version(
        policyName="changed", policyDocument=json.dumps(nothing), setAsDefault=True
    )
    while await _is_taken(emulator, "ven-2"):
        assert time.monotonic() - begun < GIVE_UP_S
    assert time.monotonic() - begun >= DOCUMENT_S[0] / SPEED


async def _is_taken(emulator: Emulator, client_id: str) -> bool:
    try:
        async with connected(emulator, client_id=client_id):
            return True
    except (AssertionError, OSError):
        return False


def test_a_roles_new_policy_is_in_force_a_moment_later(
    runtime: Runtime, client: Callable[[str], Any]
) -> None:
    """Of twenty calls right after it was put some are refused, and all are taken some seconds later."""
    iam, sts = client("iam"), client("sts")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    role = iam.create_role(
        RoleName="late",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    keys = sts.assume_role(RoleArn=role, RoleSessionName="any")["Credentials"]
    caller = _client(
        runtime,
        "sqs",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    allowed = {"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    refused = []
    for _ in range(20):
        iam.put_role_policy(RoleName="late", PolicyName="any", PolicyDocument=document)
        refused.append(not _lists(caller))
        _until(lambda: _lists(caller))
        iam.delete_role_policy(RoleName="late", PolicyName="any")
        _until(lambda: not _lists(caller))
    assert any(refused)


def _lists(caller: Any) -> bool:
    try:
        caller.list_queues()
    except ClientError:
        return False
    return True


async def test_an_mqtt_connection_ends_at_some_packet(tmp_path: Path) -> None:
    """A client that goes on publishing is cut off sooner or later, for nothing that it did."""
    with _started(tmp_path / "cloud", CloudWeather(speed=SPEED, failing=0, dropping=0.1)) as dropping:
        emulator = Emulator(dropping, new_identity(dropping, tmp_path / "tls"), tmp_path)
        while not await _is_taken(emulator, "ven-1"):
            pass
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
