"""A local cloud that cannot be started leaves no process behind."""

from __future__ import annotations

import socket
from pathlib import Path

import boto3
import pytest

from local_cloud import deploy, process
from local_cloud.runtime import HOST, MQTT_NAME, REGION, Runtime, StartError


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
        process.start(tmp_path, gateway_port=process.free_port(), mqtt_port=process.free_port())
    (runtime,) = begun
    assert not runtime.alive()
    assert runtime.pid not in process._children


def test_a_cloud_with_tls_answers_https_at_the_gateways_port(tmp_path: Path) -> None:
    """A script with ``https://`` and a port of its own is served; the root that it trusts is in a file."""
    gateway_port, mqtt_port = process.free_port(), process.free_port()
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
            process.start(tmp_path, **{option: port})  # type: ignore[arg-type]
    assert not (tmp_path / "runtime.json").exists()
