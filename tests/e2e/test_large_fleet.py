"""VENs beyond the stack's: each claims its identity, once; killed, interrupted and taken out again."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from contracts.store.stack import StackOutput
from local_cloud.runtime import REGION
from tests.e2e.conftest import until
from tests.support.waiting import GIVE_UP_S

if TYPE_CHECKING:
    from tests.e2e.conftest import System

COUNT = 4
VENS = tuple(f"twin-{number}" for number in range(1, COUNT + 1))
FLEET = (sys.executable, "-m", "ven_twin.cli", "fleet")
LIVES = ("--houses", "standard", "--afternoon", "--report-interval", "1s")
RUN = (*FLEET, "run", "--count", str(COUNT), "--processes", "2", *LIVES)


@contextmanager
def fleet(system: System, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The fleet while it runs; at its end it is gone."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            RUN, env=system.environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(GIVE_UP_S)


def identity(system: System, ven_id: str) -> Path:
    """The file of a VEN's certificate, where its host has it."""
    return system.home / "vens" / "local" / ven_id / "tls" / "certificate.pem"


def principals(system: System, ven_id: str) -> list[str]:
    """The certificates of a thing."""
    keys = system.client_environment
    iot = boto3.client(
        "iot",
        region_name=REGION,
        endpoint_url=system.runtime.endpoint_url,
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
    )
    attached: list[str] = iot.list_thing_principals(thingName=ven_id)["principals"]
    return attached


@pytest.fixture(scope="module")
def killed(system: System, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A first start that SIGKILL ends when two VENs have claimed, of which one loses its key; the other's.

    So it is with a claim that was cut short after it was registered.
    """
    with fleet(system, tmp_path_factory.mktemp("killed") / "fleet.log") as process:
        until(lambda: all(identity(system, ven_id).exists() for ven_id in VENS[:2]), "two identities")
        process.kill()
        process.wait(GIVE_UP_S)
    shutil.rmtree(identity(system, VENS[1]).parent)
    return {VENS[0]: identity(system, VENS[0]).read_text()}


def test_a_fleet_goes_on_where_it_was_killed_and_serves_an_event(
    system: System, killed: dict[str, str], tmp_path: Path
) -> None:
    """A VEN that had claimed keeps its identity, none has two; all are called, and end by Ctrl-C."""
    since = time.time()
    log = tmp_path / "fleet.log"
    with fleet(system, log) as process:
        until(lambda: all(system.rows(ven_id, since) for ven_id in VENS), "telemetry of each")
        until(lambda: all(system.offer_kw(ven_id) for ven_id in VENS), "an offer of each")
        assert {ven_id: identity(system, ven_id).read_text() for ven_id in killed} == killed
        offered_kw = sum(system.offer_kw(ven_id) or 0.0 for ven_id in VENS)
        targets = [word for ven_id in VENS for word in ("--target", ven_id)]
        request = ("--shed-kw", f"{0.95 * offered_kw:.3f}", "--duration", "10m", *targets)
        event_id = system.json("event", "create", *request)["eventId"]
        acting = lambda ven_id: system.reported(ven_id)["metrics"].get("activeEventId") == event_id  # noqa: E731
        until(lambda: all(acting(ven_id) for ven_id in VENS), "the event at each")
        process.send_signal(signal.SIGINT)
        assert process.wait(GIVE_UP_S) == 0
    assert f"{COUNT} VENs have given their loads back" in log.read_text()
    assert "Traceback" not in log.read_text()
    assert all(len(principals(system, ven_id)) == 1 for ven_id in VENS)
    system.cli("event", "cancel", event_id)


def test_its_processes_end_with_the_one_that_was_started(
    system: System, killed: dict[str, str], tmp_path: Path
) -> None:
    """Killed, it leaves none that nobody sees: the VENs go offline, as after Ctrl-C."""
    assert killed
    with fleet(system, tmp_path / "fleet.log") as process:
        until(lambda: all(system.ven(ven_id).get("online") for ven_id in VENS), "all online")
        process.kill()
        process.wait(GIVE_UP_S)
        until(lambda: not any(system.ven(ven_id).get("online") for ven_id in VENS), "all offline")


def test_they_are_taken_out_of_the_stack(system: System, killed: dict[str, str]) -> None:
    """With their things and their folders; a second time there is none."""
    assert killed
    done = system.cli("fleet", "remove", "--count", str(COUNT))
    assert f"{COUNT} of {COUNT} VENs were in the stack" in done.stdout, done.stderr
    assert not any(system.ven(ven_id) for ven_id in VENS)
    assert not any(identity(system, ven_id).exists() for ven_id in VENS)
    assert {item["venId"] for item in system.cloud.items(StackOutput.VENS_TABLE)}.isdisjoint(VENS)
    again = system.cli("fleet", "remove", "--count", str(COUNT))
    assert f"0 of {COUNT} VENs" in again.stdout
    assert json.dumps(system.json("fleet", "status")).count("twin-") == 0
