"""The whole system on loopback: its own folder, its own ports, IAM and IoT policies enforced."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from contracts.wire.ids import VenId
from local_cloud import deploy, process
from local_cloud.runtime import CloudWeather, Runtime
from tests.support import leaks
from tests.support.forked_cli import ven_twin
from tests.support.outside_vtn import OutsideStand, OutsideVtn, furnish, outside_vtn
from tests.support.transcripts import let_out
from tests.support.waiting import GIVE_UP_S
from ven_twin.cli.main_job import offer_kw
from ven_twin.testing.running_cloud import RunningCloud, cloud_of, unshared_port
from ven_twin.testing.running_ven import OPTIONS

VENS = ("ven-1", "ven-2", "ven-3")
"""The stack's VENs. Only `test_batches` calls ven-3: for 15 minutes after an event a VEN has no peace."""
POLL_S = 0.2
"""Between two looks at the cloud, each of which takes a hundredth of a second of a processor."""
TWIN_OPTIONS = tuple(option for option in OPTIONS if option != "--no-web")


@dataclass
class System(RunningCloud):
    """A local cloud with the stack in it, and twins that fetch their identity by themselves."""

    twins: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``ven-twin`` as a user would, in half of the time."""
        return ven_twin(*arguments, environment=self.environment)

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

    def offer_kw(self, ven_id: str) -> float | None:
        """The kW that an event can count on: on offer, of a VEN that is recorded as connected."""
        return offer_kw(self.cloud, VenId(ven_id))


def until(ready: Callable[[], Any], what: str, give_up_s: float = GIVE_UP_S) -> Any:
    """Wait for the thing; what it gave."""
    begun = time.monotonic()
    while not (result := ready()):
        assert time.monotonic() - begun < give_up_s, f"{what} did not come within {give_up_s:g} s"
        time.sleep(POLL_S)
    return result


def start_cloud(home: Path, *, keep: bool = False, weather: CloudWeather | None = None) -> Runtime:
    """A local cloud of *home* on free ports."""
    runtime = process.start(
        home / "cloud",
        keep=keep,
        gateway_port=unshared_port(),
        mqtt_port=unshared_port(),
        weather=weather,
    )
    leaks.known.add(runtime.secret_access_key)
    return runtime


@pytest.fixture(scope="package")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The system, with ven-1 running in it and the others not."""
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
            twin.wait(GIVE_UP_S)
        process.stop(home / "cloud")


@pytest.fixture(scope="package")
def vtn(system: System) -> Iterator[OutsideVtn]:
    """The system's VTN."""
    with outside_vtn(system.cloud) as outside:
        yield outside


@pytest.fixture(scope="module")
def stand(vtn: OutsideVtn) -> OutsideStand:
    """One object of each type in the VTN, with clients of both roles."""
    return furnish(vtn)
