"""A local cloud that tests run in: its own folder and ports, IAM and IoT policies enforced."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from contracts.store import keys
from contracts.store.stack import StackOutput
from contracts.wire.ids import EventId, VenId
from local_cloud.ports import free_port
from local_cloud.runtime import MQTT_NAME, REGION, Runtime, current
from ven_twin.cli.certs import save_identity
from ven_twin.cli.connection import cloud_folder
from ven_twin.cli.exit_codes import ExitCode
from ven_twin.cli.local_system import local_system, wait_for
from ven_twin.cli.main_job import OFFER_TIMEOUT_S, offer_kw
from ven_twin.installation import CACHE_VARIABLE, HOME_VARIABLE, cache_folder, cli_command
from ven_twin.operations.aggregator.by_functions import DirectAggregator
from ven_twin.operations.aggregator.cloud import Access, Cloud

COMMAND_TIMEOUT_S = 120.0


class VenIdentity(NamedTuple):
    """A VEN's identity: the folder of ca.pem, certificate.pem and private_key.pem, and its broker."""

    folder: Path
    host: str
    port: int


@dataclass
class RunningCloud:
    """A local cloud with the stack in it, and the CLI that speaks to it.

    Attributes:
        home: the folder of its state, `VEN_TWIN_HOME`.
        runtime: its addresses and its root credentials.
        cloud: its tables, functions and shadows, as the operator's commands reach them.
    """

    home: Path
    runtime: Runtime
    cloud: Cloud

    @property
    def aggregator(self) -> DirectAggregator:
        """Events, commands and the fleet."""
        return DirectAggregator(self.cloud)

    @property
    def api_url(self) -> str:
        """The address of the HTTP API; calls are signed with the credentials in `client_environment`."""
        return self.cloud.output(StackOutput.API_URL)

    @property
    def client_environment(self) -> dict[str, str]:
        """This process's environment, pointed at this cloud: for boto3, the AWS CLI and the like."""
        return self.runtime.client_environment()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of ``ven-twin``: no AWS credentials of any kind."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        return {**inherited, HOME_VARIABLE: str(self.home), "NO_COLOR": "1", "COLUMNS": "200"}

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``ven-twin`` as a user would."""
        return subprocess.run(
            [*cli_command(), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_TIMEOUT_S,
        )

    def json(self, *arguments: str) -> Any:
        """The answer of a command that succeeds, with ``--json``; an event may have nobody to call.

        Raises:
            AssertionError: it did not succeed.
        """
        done = self.cli(*arguments, "--json")
        assert done.returncode in {ExitCode.DONE, ExitCode.NOTHING_TO_GIVE}, done.stderr  # noqa: S101
        return json.loads(done.stdout)

    def identity(self, ven_id: str) -> VenIdentity:
        """A VEN's identity, written into a folder that only this user reads."""
        folder = self.home / "identities" / ven_id
        return VenIdentity(folder, *save_identity(self.cloud, VenId(ven_id), folder))

    def ven(self, ven_id: str) -> dict[str, Any]:
        """A VEN as the cloud has it; empty of one that never came."""
        return self.cloud.item(StackOutput.VENS_TABLE, {keys.VENS.partition: ven_id}) or {}

    def wait_for_offer(self, ven_id: str, timeout_s: float = OFFER_TIMEOUT_S) -> float:
        """Wait until a VEN is online and has said what it can shed; the kW. Raises VenTwinError."""
        wait_for("the VEN's offer", lambda: offer_kw(self.cloud, VenId(ven_id)), timeout_s=timeout_s)
        return offer_kw(self.cloud, VenId(ven_id)) or 0.0

    def rows(self, ven_id: str, since_ts: float = 0) -> list[dict[str, Any]]:
        """A VEN's stored telemetry since a time."""
        since = keys.telemetry_row_id(int(since_ts), "", 0)
        return list(self.cloud.telemetry_after(VenId(ven_id), since))

    def reported(self, ven_id: str) -> dict[str, Any]:
        """The reported state of a VEN's shadow."""
        state: dict[str, Any] = self.cloud.shadow(VenId(ven_id)).get("state", {}).get("reported", {})
        return state

    def desire(self, ven_id: str, desired: dict[str, Any]) -> None:
        """Write into a VEN's desired state, past the functions."""
        body = json.dumps({"state": {"desired": desired}}).encode()
        self.cloud.client("iot-data").update_thing_shadow(thingName=ven_id, payload=body)

    def event_item(self, event_id: str, sort_key: str) -> dict[str, Any] | None:
        """A part of an event: its record, a VEN's part, its report."""
        items = self.cloud.event_items(EventId(event_id))
        return next((item for item in items if item[str(keys.EVENTS.sort)] == sort_key), None)


_ports = itertools.count(20_000 + os.getpid() % 120 * 100)
"""A hundred for each process of a run, below those that the system gives out: two never take the same."""


def unshared_port() -> int:
    """A free port that no other worker of a run takes before it is used."""
    return next(port for port in _ports if free_port(port) == port)


def cloud_of(runtime: Runtime, stage: str = "local") -> Cloud:
    """The operator's side of a local cloud."""
    return Cloud(
        Access(
            stage,
            region=REGION,
            endpoint_url=runtime.endpoint_url,
            access_key_id=runtime.access_key_id,
            secret_access_key=runtime.secret_access_key,
            mqtt=(MQTT_NAME, runtime.mqtt_port),
        )
    )


@contextmanager
def running_cloud(home: Path, vens: Sequence[str]) -> Iterator[RunningCloud]:
    """A local cloud with the stack for *vens*, in the folder *home*, for as long as the block lasts.

    Meanwhile ``VEN_TWIN_HOME`` is that folder: commands that a test starts reach this cloud. What is made of
    the sources stays where it is kept otherwise, so that the next run starts faster.

    Raises:
        LocalCloudError: it did not start, or the stack was refused.
    """
    cache = cache_folder()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(HOME_VARIABLE, str(home))
        environment.setenv(CACHE_VARIABLE, str(cache))
        ports = (unshared_port(), unshared_port())
        with local_system(vens, keep=False, say=lambda *_: None, ports=ports):
            runtime = current(cloud_folder())
            yield RunningCloud(home, runtime, cloud_of(runtime))
