"""What a person or a program reads of the running system."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING

from tests.support.waiting import GIVE_UP_S
from ven_twin.installation import cli_command

if TYPE_CHECKING:
    from tests.e2e.conftest import System

SECRETS = ("PRIVATE KEY", "BEGIN CERTIFICATE")


def test_listen_prints_rows_as_they_are_stored(system: System) -> None:
    """One line a row, in JSON for programs, from now on."""
    done = system.cli("listen", "ven-1", "--rows", "3", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["seq"] for row in rows] == list(range(rows[0]["seq"], rows[0]["seq"] + 3))


def test_listen_prints_a_table_for_people(system: System) -> None:
    """The VEN, what it draws, its baseline and what is shed."""
    done = system.cli("listen", "--rows", "1")
    assert "baseline" in done.stdout
    assert "ven-1" in done.stdout


def test_listen_that_is_stopped_ends_with_0(system: System) -> None:
    """It goes on until Ctrl-C, as a watch does: that is its end, and no interruption."""
    command = [*cli_command(), "listen", "ven-1", "--json"]
    with subprocess.Popen(command, env=system.environment, stdout=subprocess.PIPE) as listening:
        assert listening.stdout is not None
        assert json.loads(listening.stdout.readline())["venId"] == "ven-1"
        listening.send_signal(signal.SIGINT)
        assert listening.wait(GIVE_UP_S) == 0


def test_the_status_of_a_ven_is_there_to_ask(system: System) -> None:
    """`get status` answers with what the VEN does, `get config` with how it is set."""
    status = system.json("cmd", "ven-1", "--op", "get")["data"]
    assert status["ven"]["houseSpeed"] == 5
    assert status["metrics"]["shedAvailabilityKw"] >= 0
    config = system.json("cmd", "ven-1", "--op", "get", "--data", '{"what": "config"}')["data"]
    assert "heater1" in config["circuits"]


def test_an_event_is_listed_and_shown(system: System) -> None:
    """An event that was created is in the list, and shown with each VEN's share."""
    event_id = system.json(
        "event", "create", "--shed-kw", "1", "--duration", "5s", "--start", "2099-01-01T00:00:00Z"
    )["eventId"]
    assert event_id in system.cli("event", "list").stdout
    shown = system.cli("event", "show", event_id).stdout
    assert "ven-1" in shown
    assert "far" in shown
    system.json("event", "cancel", event_id)
    assert "cancelled" in system.cli("event", "show", event_id).stdout


def test_the_local_cloud_says_where_it_is(system: System) -> None:
    """Status and environment point at loopback, for other tools to use."""
    assert system.json("cloud", "status")["endpoint"] == system.runtime.endpoint_url
    assert f"AWS_ENDPOINT_URL={system.runtime.endpoint_url}" in system.cli("cloud", "env").stdout


def test_no_log_holds_a_key_or_a_certificate(system: System) -> None:
    """Nothing that the system wrote down anyone could connect with."""
    logs = [*system.home.rglob("*.log")]
    assert len(logs) >= 2
    for log in logs:
        text = log.read_text(errors="replace")
        assert not any(secret in text for secret in SECRETS), log
        assert system.runtime.secret_access_key not in text
