"""The twin as a VEN of the stage's own VTN, by the command and without AWS: polling, and called."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.store.keys import REPORT_SORT_KEY
from contracts.store.stack import StackOutput
from local_cloud import deploy
from tests.e2e.conftest import VENS, System, until
from tests.support import leaks
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority
from ven_twin.testing.running_cloud import unshared_port

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


@pytest.fixture(scope="module")
def logic(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusinessLogic]:
    """Business logic with a token."""
    file = secret_file(system, tmp_path_factory.mktemp("logic"), "logic", "bl")
    done = system.cli("oadr", "token", "logic", "--secret-file", str(file))
    assert done.returncode == 0, done.stderr
    leaks.known.add(done.stdout.strip())
    made = BusinessLogic(system.cloud.output(StackOutput.VTN_URL), done.stdout.strip())
    with made.http:
        yield made


@contextmanager
def twin_of_vtn(system: System, folder: Path, client_id: str, *options: str) -> Iterator[Path]:
    """A twin of the command, without credentials of AWS; its log. It ends in good order."""
    file = secret_file(system, folder, client_id, "ven")
    environment = {name: value for name, value in system.environment.items() if not name.startswith("AWS_")}
    house = ["--house-start", "2026-07-15T15:30:00-07:00", "--house-speed", "10", "--no-web", "--json"]
    vtn = ["--vtn", system.cloud.output(StackOutput.VTN_URL), "--client-id", client_id]
    log = folder / "twin.log"
    with log.open("wb") as output:
        twin = subprocess.Popen(
            [
                *(sys.executable, "-m", "ven_twin.cli", "run", f"house-of-{client_id}", *house, *options),
                *(*vtn, "--client-secret-file", str(file), "--state", str(folder / "state")),
            ],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield log
    finally:
        twin.terminate()
        assert twin.wait(GIVE_UP_S) == 0


def test_a_twin_without_aws_acts_on_an_event_of_the_vtn_and_reports(
    system: System, logic: BusinessLogic, tmp_path: Path
) -> None:
    """It has no credentials of AWS in its environment; its reports stand at the VTN, each once."""
    with twin_of_vtn(system, tmp_path, "twin-1", "--vtn-poll", "1s") as log:
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
        prices = logic.make(
            "events",
            programID=program["id"],
            intervalPeriod={"start": "0001-01-01", "duration": "PT1H"},
            payloadDescriptors=[
                {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": "PRICE", "currency": "USD"}
            ],
            intervals=[
                {"id": n, "payloads": [{"type": "PRICE", "values": [price]}]}
                for n, price in enumerate((0.45, 0.12))
            ],
        )
        until(lambda: "follows the VTN's prices: Price 0.45 USD/kWh now" in log.read_text(), "its prices")
        assert logic.http.delete(f"/events/{prices['id']}").status_code == 200
        until(lambda: "there are no prices of the VTN any more" in log.read_text(), "the end of its prices")
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


def test_a_twin_that_the_vtn_calls_acts_without_polling(
    system: System, logic: BusinessLogic, tmp_path: Path
) -> None:
    """It subscribes by itself, hears of an event and of its deletion, and takes its subscription back."""
    authority, port = Authority(), unshared_port()
    pair = authority.issue("house")
    (tmp_path / "house.pem").write_text(pair.certificate + pair.key)
    deploy.deploy(system.runtime, VENS, callback_ca_pem=authority.certificate)
    options = ["--vtn-callback-url", f"https://localhost:{port}/house", "--vtn-callback-port", str(port)]
    options += [
        "--vtn-callback-cert",
        str(tmp_path / "house.pem"),
        "--vtn-poll",
        "1h",
        "--vtn-called-poll",
        "1h",
    ]
    program = logic.make("programs", programName="called twins")
    with twin_of_vtn(system, tmp_path, "twin-2", *options) as log:
        until(lambda: "the VTN calls https://localhost" in log.read_text(), "the subscription")
        (subscription,) = logic.list("subscriptions", clientName="house-of-twin-2")
        token = json.loads((tmp_path / "state" / "vtn-callback.secret").read_text())["token"]
        leaks.known.add(token)
        until(lambda: "this VEN is one of" in log.read_text(), "its first poll")
        event = logic.make(
            "events",
            programID=program["id"],
            intervalPeriod={"start": "0001-01-01", "duration": "PT1H"},
            intervals=[{"id": 0, "payloads": [{"type": "SIMPLE", "values": [2]}]}],
        )
        until(lambda: f"event {event['id']} is active" in log.read_text(), "the event")
        assert logic.http.delete(f"/events/{event['id']}").status_code == 200
        until(lambda: f"event {event['id']} is cancelled" in log.read_text(), "its cancellation")
    assert subscription["objectOperations"][0]["callbackUrl"] == f"https://localhost:{port}/house"
    assert logic.list("subscriptions", clientName="house-of-twin-2") == []
    assert leaks.leaks(log.read_text()) == []


def in_fleet(system: System, object_id: str) -> dict[str, Any] | None:
    """The row of a VEN of OpenADR once it offers power, or None."""
    row = system.ven(f"oadr-{object_id}")
    return row if row.get("shedAvailabilityKw") else None


def test_a_twin_of_the_vtn_alone_brings_its_share_of_a_total_and_is_settled(
    system: System, logic: BusinessLogic, tmp_path: Path
) -> None:
    """The stage knows it by its reports: it offers, has an event of its own, and is settled by them."""
    rules = {"VEN_TWIN_ALLOCATION": "merit", "VEN_TWIN_BASELINE": "clone"}
    program = logic.make(
        "programs",
        programName="totals",
        attributes=[{"type": kind, "values": [value]} for kind, value in rules.items()],
    )
    with twin_of_vtn(system, tmp_path, "twin-3", "--vtn-poll", "1s", "--house-speed", "1") as log:
        (ven,) = until(lambda: logic.list("vens", venName="house-of-twin-3"), "the VEN")
        change = {"objectType": "BL_VEN_REQUEST", "targets": ["visitors"]}
        change |= {"clientID": ven["clientID"], "venName": ven["venName"]}
        assert logic.http.put(f"/vens/{ven['id']}", json=change).status_code == 200
        now = datetime.now(UTC)
        logic.make(
            "events",
            programID=program["id"],
            targets=["visitors"],
            intervalPeriod={"start": now.isoformat(timespec="seconds"), "duration": "PT2S"},
            intervals=[{"id": n, "payloads": []} for n in range(60)],
            reportDescriptors=[
                {"payloadType": kind, "startInterval": 0, "numIntervals": 1, "repeat": -1}
                for kind in ("LOAD_SHED_DELTA_AVAILABLE", "DEMAND")
            ],
        )
        member = until(lambda: in_fleet(system, ven["id"]), "its offer")
        assert (member["oadrVenName"], member["online"]) == ("house-of-twin-3", True)
        start = (datetime.now(UTC) + timedelta(seconds=4)).isoformat(timespec="seconds")
        total = logic.make(
            "events",
            programID=program["id"],
            targets=["visitors"],
            intervalPeriod={"start": start, "duration": "PT10S"},
            intervals=[{"id": 0, "payloads": [{"type": "DISPATCH_SETPOINT_RELATIVE", "values": [-1.0]}]}],
        )
        report = until(lambda: system.event_item(total["id"], REPORT_SORT_KEY), "its settlement")["report"]
    (share,) = [event for event in logic.list("events") if event.get("targets") == [f"ven:{ven['id']}"]]
    assert f"event {share['id']} is active: sheds" in log.read_text()
    assert f"event {total['id']}" not in log.read_text()
    (settled,) = report["vens"]
    assert settled["venId"] == f"oadr-{ven['id']}"
    assert settled["acknowledged"] is True
    assert settled["quality"]["coverage"] > 0.9
    assert settled["delivered"]["clone"]["deliveredKw"] > 0.5
