"""A local cloud leaves nothing behind: no process where it cannot be started, no files where it is killed."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest

from local_cloud import deploy, ports, process
from local_cloud.ports import free_port
from local_cloud.runtime import HOST, MQTT_NAME, REGION, Runtime, StartError
from tests.integration.local_cloud.conftest import Emulator


def test_a_start_that_cannot_be_written_down_ends_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the disk full there is no runtime file to stop it by; it is stopped all the same."""
    begun: list[Runtime] = []

    def full(runtime: Runtime, _folder: Path) -> None:
        begun.append(runtime)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(process, "remember", full)
    with pytest.raises(OSError, match="No space left"):
        process.start(tmp_path, gateway_port=0, mqtt_port=0)
    (runtime,) = begun
    assert not runtime.alive()
    assert runtime.pid not in process._children


def test_a_cloud_with_tls_answers_https_at_the_gateways_port(tmp_path: Path) -> None:
    """A script with ``https://`` and a port of its own is served; the root that it trusts is in a file."""
    gateway_port, mqtt_port = free_port(), free_port()
    runtime = process.start(tmp_path, gateway_port=gateway_port, mqtt_port=mqtt_port, tls=True)
    try:
        assert (runtime.tls_url, runtime.mqtt_port) == (f"https://localhost:{gateway_port}", mqtt_port)
        iot = boto3.client(
            "iot",
            endpoint_url=runtime.tls_url,
            verify=runtime.ca_file,
            region_name=REGION,
            aws_access_key_id=runtime.access_key_id,
            aws_secret_access_key=runtime.secret_access_key,
        )
        assert iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"] == MQTT_NAME
        assert deploy.client(runtime, "iot").list_things()["things"] == []
        assert runtime.client_environment({})["AWS_CA_BUNDLE"] == runtime.ca_file
    finally:
        process.stop(tmp_path)


@pytest.mark.parametrize("option", ["gateway_port", "mqtt_port"])
def test_a_port_that_was_named_is_taken_or_refused(tmp_path: Path, option: str) -> None:
    """Another listener's answers are never taken for the cloud's."""
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StartError, match=f"--{option.replace('_', '-')} {port}: address already in use"):
            process.start(tmp_path, **{option: port})
    assert not (tmp_path / "runtime.json").exists()


def test_clouds_that_start_at_once_have_a_port_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A usual port that another cloud has chosen, and does not answer on yet, is not free."""
    monkeypatch.setattr(ports, "GATEWAY_PORT", free_port())
    folders = [tmp_path / name for name in ("one", "two")]
    with ThreadPoolExecutor() as both:
        runtimes = list(both.map(lambda folder: process.start(folder, mqtt_port=0), folders))
    try:
        for runtime in runtimes:
            assert deploy.client(runtime, "iot").list_things()["things"] == []
        chosen = [runtime.gateway_port for runtime in runtimes]
        assert len(set(chosen)) == len(chosen)
        assert ports.GATEWAY_PORT in chosen
    finally:
        for folder in folders:
            process.stop(folder)


def test_of_two_starts_from_one_folder_at_once_one_is_refused(tmp_path: Path) -> None:
    """Otherwise nobody could stop the first: its folder would name the second alone."""
    before = {*process._children}
    with ThreadPoolExecutor() as both:
        starts = [both.submit(start, tmp_path) for _ in range(2)]
    errors = [error for one in starts if (error := one.exception()) is not None]
    (running,) = (one.result() for one in starts if one.exception() is None)
    try:
        assert [str(error) for error in errors] == [
            f"a local cloud runs already (process {running.pid}): stop it with ven-twin cloud stop"
        ]
        assert {*process._children} - before == {running.pid}
    finally:
        process.stop(tmp_path)


def run_a_function(runtime: Runtime) -> None:
    """Have the cloud unpack a function's code and run it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr(zipfile.ZipInfo("code.py"), "def handler(event, context):\n    return event\n")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = deploy.client(runtime, "iam").create_role(RoleName="any", AssumeRolePolicyDocument=trust)
    functions = deploy.client(runtime, "lambda")
    functions.create_function(
        FunctionName="any",
        Role=role["Role"]["Arn"],
        Runtime=f"python3.{sys.version_info.minor}",
        Handler="code.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    assert functions.invoke(FunctionName="any", Payload=b"1")["Payload"].read() == b"1"


def unpacked(folder: Path) -> list[Path]:
    """The folders into which the cloud of *folder* has unpacked functions."""
    return list(folder.rglob("ministack-lambda-*"))


def start(folder: Path) -> Runtime:
    """A local cloud on free ports."""
    return process.start(folder, gateway_port=0, mqtt_port=0)


def kill_in_work(runtime: Runtime) -> None:
    """Have the cloud run a function, and end it before it can remove anything."""
    run_a_function(runtime)
    os.killpg(runtime.pid, signal.SIGKILL)
    process._children.pop(runtime.pid).wait()


def test_what_a_killed_cloud_unpacked_goes_with_the_next_start_or_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, emulator: Emulator
) -> None:
    """A hundred killed clouds leave as much as one, and a cloud beside it has its functions still."""
    folder, elsewhere = tmp_path / "killed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    run_a_function(emulator.runtime)
    beside = unpacked(emulator.folder)
    try:
        kill_in_work(start(folder))
        assert unpacked(folder)
        runtime = start(folder)
        assert not unpacked(folder)
        kill_in_work(runtime)
        assert unpacked(folder)
        process.stop(folder)
        assert not unpacked(folder)
        assert unpacked(emulator.folder) == beside
        assert beside
        assert not list(elsewhere.iterdir()), "something of a cloud is outside its folder"
    finally:
        process.stop(folder)
