"""The twin as a VEN of the stage's own VTN, by the command and without AWS: an event, reports, its end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.store.stack import StackOutput
from tests.e2e.conftest import System, until
from tests.support import leaks
from tests.support.waiting import GIVE_UP_S

REPORTS = ("USAGE", "DEMAND", "BASELINE", "OPERATING_STATE")


class BusinessLogic:
    """A client of the VTN that makes programs and events."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=GIVE_UP_S)

    def make(self, path: str, **body: Any) -> dict[str, Any]:
        """Make an object."""
        answer = self.http.post(f"/{path}", json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def list(self, path: str, **query: str) -> list[dict[str, Any]]:
        """The objects of a collection."""
        answer = self.http.get(f"/{path}", params=query)
        assert answer.status_code == 200, answer.text
        listed: list[dict[str, Any]] = answer.json()
        return listed


def secret_file(system: System, folder: Path, name: str, role: str) -> Path:
    """The file with the secret of a client that is made."""
    file = folder / f"{name}.secret"
    done = system.cli("oadr", "client", "make", name, "--role", role, "--secret-file", str(file))
    assert done.returncode == 0, done.stderr
    leaks.known.add(file.read_text().strip())
    return file


@pytest.fixture
def logic(system: System, tmp_path: Path) -> Iterator[BusinessLogic]:
    """Business logic with a token."""
    file = secret_file(system, tmp_path, "logic", "bl")
    done = system.cli("oadr", "token", "logic", "--secret-file", str(file))
    assert done.returncode == 0, done.stderr
    leaks.known.add(done.stdout.strip())
    made = BusinessLogic(system.cloud.output(StackOutput.VTN_URL), done.stdout.strip())
    with made.http:
        yield made


def test_a_twin_without_aws_acts_on_an_event_of_the_vtn_and_reports(
    system: System, logic: BusinessLogic, tmp_path: Path
) -> None:
    """It has no credentials of AWS in its environment; its reports stand at the VTN, each once."""
    file = secret_file(system, tmp_path, "twin-1", "ven")
    environment = {name: value for name, value in system.environment.items() if not name.startswith("AWS_")}
    options = ["--house-start", "2026-07-15T15:30:00-07:00", "--house-speed", "10", "--no-web", "--json"]
    vtn = ["--vtn", system.cloud.output(StackOutput.VTN_URL), "--client-id", "twin-1", "--vtn-poll", "1s"]
    log = tmp_path / "twin.log"
    with log.open("wb") as output:
        twin = subprocess.Popen(
            [
                *(sys.executable, "-m", "ven_twin.cli", "run", "house-of-twin-1"),
                *(*vtn, "--client-secret-file", str(file), "--state", str(tmp_path / "state"), *options),
            ],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        (ven,) = until(lambda: logic.list("vens", venName="house-of-twin-1"), "the VEN")
        assert ven["clientID"] == "twin-1"
        program = logic.make("programs", programName="summer of twins")
        start = (datetime.now(UTC) + timedelta(seconds=4)).isoformat(timespec="seconds")
        event = logic.make(
            "events",
            programID=program["id"],
            intervalPeriod={"start": start, "duration": "PT5S"},
            intervals=[{"id": n, "payloads": [{"type": "SIMPLE", "values": [3]}]} for n in (10, 20)],
            reportDescriptors=[{"payloadType": kind} for kind in REPORTS],
        )
        until(lambda: len(logic.list("reports", eventID=event["id"])) == len(REPORTS), "its reports")
        other = logic.make(
            "events",
            programID=program["id"],
            intervalPeriod={"start": "0001-01-01", "duration": "PT1H"},
            intervals=[{"id": 0, "payloads": [{"type": "SIMPLE", "values": [1]}]}],
        )
        until(lambda: f"event {other['id']} is active" in log.read_text(), "the second event")
        assert logic.http.delete(f"/events/{other['id']}").status_code == 200
        until(lambda: f"event {other['id']} is cancelled" in log.read_text(), "its cancellation")
    finally:
        twin.terminate()
        assert twin.wait(GIVE_UP_S) == 0
    reports = {
        report["payloadDescriptors"][0]["payloadType"]: report
        for report in logic.list("reports", eventID=event["id"])
    }
    assert set(reports) == set(REPORTS)
    assert {report["clientID"] for report in reports.values()} == {"twin-1"}
    (resource,) = reports["OPERATING_STATE"]["resources"]
    assert [interval["id"] for interval in resource["intervals"]] == [10, 20]
    states = [interval["payloads"][0]["values"] for interval in resource["intervals"]]
    assert states == [["RUNNING_CURTAILED"], ["RUNNING_CURTAILED"]]
    lines = [json.loads(line)["message"] for line in log.read_text().splitlines()]
    assert any(line.startswith(f"event {event['id']} is active: sheds") for line in lines)
    assert leaks.leaks(log.read_text()) == []
