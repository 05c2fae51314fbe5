"""A local cloud with nothing in it but one VEN's certificate."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_cloud import deploy, process
from local_cloud.runtime import Runtime
from ven_twin.ven.identity import identity_files

VEN = "ven-1"


@dataclass(frozen=True)
class Emulator:
    """The emulator, its folder and a VEN's identity in it."""

    runtime: Runtime
    identity: identity_files.Identity
    folder: Path

    def client(self, service: str) -> Any:
        """A boto3 client with the root credentials."""
        return deploy.client(self.runtime, service)

    def tls(self) -> ssl.SSLContext:
        """The VEN's side of mutual TLS."""
        return identity_files.ssl_context(self.identity)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Started on free ports; the VEN may do anything, so that what is refused is refused by the limits."""
    folder = tmp_path_factory.mktemp("emulator")
    runtime = process.start(folder, gateway_port=0, mqtt_port=0)
    try:
        yield Emulator(runtime, new_identity(runtime, folder / "tls"), folder)
    finally:
        process.stop(folder)


def new_identity(
    runtime: Runtime, folder: Path, *, thing: str = VEN, policy: str = "anything"
) -> identity_files.Identity:
    """The identity of a VEN that may do anything, with its files in *folder*."""
    iot = deploy.client(runtime, "iot")
    made = iot.create_keys_and_certificate(setAsActive=True)
    anything = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}],
    }
    iot.create_thing(thingName=thing)
    iot.create_policy(policyName=policy, policyDocument=json.dumps(anything))
    iot.attach_policy(policyName=policy, target=made["certificateArn"])
    iot.attach_thing_principal(thingName=thing, principal=made["certificateArn"])
    root_pem = process.trust_root_pem(runtime)
    identity_files.save(folder, root_pem, made["certificatePem"], made["keyPair"]["PrivateKey"])
    return identity_files.load(folder)
