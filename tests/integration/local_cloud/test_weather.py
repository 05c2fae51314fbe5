"""A local cloud in AWS's bad weather."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud import deploy, process
from local_cloud.runtime import CloudWeather

SPEED = 20.0
CALLS = """
import asyncio, collections, json
from local_cloud.hardening import harden
from local_cloud.runtime import CloudWeather
harden("127.0.0.1", CloudWeather())
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


def test_a_policy_is_not_ready_to_be_deleted_at_once(tmp_path: Path) -> None:
    """It is refused right after it was detached, and deleted when a few of AWS's minutes have passed."""
    ports = {"gateway_port": process.free_port(), "mqtt_port": process.free_port()}
    runtime = process.start(tmp_path, **ports, weather=CloudWeather(seed=1, speed=SPEED))
    try:
        iot = deploy.client(runtime, "iot")
        target = iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
        allowed = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iot.create_policy(policyName="any", policyDocument=document)
        iot.attach_policy(policyName="any", target=target)
        iot.detach_policy(policyName="any", target=target)
        with pytest.raises(ClientError) as refused:
            iot.delete_policy(policyName="any")
        assert refused.value.response["Error"]["Code"] == "DeleteConflictException"
        while not _deleted(iot):
            pass
    finally:
        process.stop(tmp_path)


def _deleted(iot: Any) -> bool:
    try:
        iot.delete_policy(policyName="any")
    except iot.exceptions.DeleteConflictException:
        return False
    return True


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
