"""The whole system on loopback: its own folder, its own ports, IAM and IoT policies enforced."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from contracts.store import keys
from contracts.store.stack import StackOutput
from contracts.wire.ids import EventId, VenId
from local_cloud import deploy, process
from local_cloud.runtime import MQTT_NAME, REGION, CloudWeather, Runtime
from tests.support import leaks
from tests.support.transcripts import let_out
from tests.support.waiting import GIVE_UP_S
from ven_twin.cli.exit_codes import ExitCode
from ven_twin.operations.aggregator.cloud import Access, Cloud

VENS = ("ven-1", "ven-2")


@dataclass
class System:
    """A local cloud with the stack in it, and the CLI that speaks to it."""

    home: Path
    runtime: Runtime
    cloud: Cloud
    twins: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``ven-twin`` as a user would."""
        return subprocess.run(
            [sys.executable, "-m", "ven_twin.cli", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def json(self, *arguments: str) -> Any:
        """What a command that succeeds answers with ``--json``; an event may have nobody to call."""
        done = self.cli(*arguments, "--json")
        assert done.returncode in {ExitCode.DONE, ExitCode.NOTHING_TO_GIVE}, done.stderr
        return json.loads(done.stdout)

    @property
    def environment(self) -> dict[str, str]:
        """The user's environment: no AWS credentials of any kind."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        return {**kept, "VEN_TWIN_HOME": str(self.home), "NO_COLOR": "1", "COLUMNS": "200"}

    def start_twin(self, ven_id: str, *options: str) -> subprocess.Popen[bytes]:
        """Start a twin that is ended with the test session at the latest."""
        log = self.home / f"{ven_id}-{len(self.twins)}.log"
        with log.open("wb") as output:
            twin = subprocess.Popen(
                [sys.executable, "-m", "ven_twin.cli", "run", ven_id, *TWIN_OPTIONS, *options],
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        twin.log = log  # type: ignore[attr-defined]
        self.twins.append(twin)
        return twin

    def ven(self, ven_id: str) -> dict[str, Any]:
        """What the cloud knows of a VEN."""
        return self.cloud.item(StackOutput.VENS_TABLE, {keys.VENS.partition: ven_id}) or {}

    def offer_kw(self, ven_id: str) -> float | None:
        """The kW that an event can count on: on offer, of a VEN that is recorded as connected."""
        ven = self.ven(ven_id)
        return ven.get("shedAvailabilityKw") if ven.get("online") else None

    def rows(self, ven_id: str, since_ts: float = 0) -> list[dict[str, Any]]:
        """A VEN's stored telemetry since a time."""
        since = keys.telemetry_row_id(int(since_ts), "", 0)
        return list(self.cloud.telemetry_after(VenId(ven_id), since))

    def reported(self, ven_id: str) -> dict[str, Any]:
        """What a VEN's shadow reports."""
        state: dict[str, Any] = self.cloud.shadow(VenId(ven_id)).get("state", {}).get("reported", {})
        return state

    def desire(self, ven_id: str, desired: dict[str, Any]) -> None:
        """Write into a VEN's desired state, past the functions."""
        body = json.dumps({"state": {"desired": desired}}).encode()
        self.cloud.client("iot-data").update_thing_shadow(thingName=ven_id, payload=body)

    def part(self, event_id: str, name: str) -> dict[str, Any] | None:
        """A part of an event: its record, a VEN's part, its report."""
        parts = self.cloud.event_items(EventId(event_id))
        return next((part for part in parts if part[str(keys.EVENTS.sort)] == name), None)


TWIN_OPTIONS = (
    "--house-speed",
    "5",  # so that it stays a hot afternoon, with something to shed, for as long as the tests take
    "--house-start",
    "2026-07-15T22:30:00Z",
    "--report-interval",
    "1",
)


def until(ready: Callable[[], Any], what: str, give_up_s: float = GIVE_UP_S) -> Any:
    """Wait for the thing; what it gave."""
    begun = time.monotonic()
    while not (result := ready()):
        assert time.monotonic() - begun < give_up_s, f"{what} did not come within {give_up_s:g} s"
        time.sleep(0.05)
    return result


_ports = itertools.count(20_000 + os.getpid() % 120 * 100)
"""A hundred for each process of a run, below those that the system gives out: two never take the same."""


def _port() -> int:
    """A free port that no other worker of the run takes before the cloud does."""
    return next(port for port in _ports if process.free_port(port) == port)


def start_cloud(home: Path, *, keep: bool = False, weather: CloudWeather | None = None) -> Runtime:
    """A local cloud of *home* on free ports."""
    runtime = process.start(
        home / "cloud",
        keep=keep,
        gateway_port=_port(),
        mqtt_port=_port(),
        weather=weather,
    )
    leaks.known.add(runtime.secret_access_key)
    return runtime


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


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The system, with ven-1 running in it and ven-2 not."""
    home = tmp_path_factory.mktemp("home")
    runtime = start_cloud(home)
    built = System(home, runtime, cloud_of(runtime))
    try:
        deploy.deploy(runtime, VENS)
        built.start_twin("ven-1")
        until(lambda: built.offer_kw("ven-1"), "the offer of ven-1")
        until(lambda: built.rows("ven-1"), "telemetry of ven-1")
        yield built
        found = let_out(built.cloud)
        assert not found, f"secrets are let out: {'; '.join(found)}"
    finally:
        for twin in built.twins:
            twin.terminate()
        for twin in built.twins:
            twin.wait(20)
        process.stop(home / "cloud")
