"""The documented policies at work: each user runs its commands as itself, and none of another's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from contracts.store.dead_letters import read_queues
from contracts.store.stack import StackOutput
from local_cloud.runtime import REGION, remember
from tests.e2e.conftest import cloud_of
from tests.support import leaks
from ven_twin.operations.rights import USERS, document

if TYPE_CHECKING:
    from tests.e2e.conftest import System

PLACES = {"STAGE": "local", "REGION": REGION, "ACCOUNT": "000000000000", "VEN": "ven-1"}


@dataclass(frozen=True)
class Person:
    """A principal with one documented policy, and a folder from which the CLI acts as it."""

    home: Path
    key_id: str
    key: str
    cloud: Any

    def cli(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ``ven-twin`` as this principal."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return subprocess.run(
            [sys.executable, "-m", "ven_twin.cli", *arguments],
            env={
                **inherited,
                "VEN_TWIN_HOME": str(self.home),
                "NO_COLOR": "1",
                "COLUMNS": "200",
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def can(self, *arguments: str) -> str:
        """The output of a command that succeeds."""
        done = self.cli(*arguments)
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def cannot(self, *arguments: str) -> None:
        """The command is refused for want of rights, in one line that says so."""
        done = self.cli(*arguments)
        assert done.returncode == 1, f"{' '.join(arguments)}: {done.stdout}{done.stderr}"
        assert "these credentials may not do" in done.stderr, f"{' '.join(arguments)}: {done.stderr}"


As = Callable[[str], Person]


@pytest.fixture(scope="module")
def acting(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[As]:
    """Makes the principal of a user's name, once."""
    iam, made = system.cloud.client("iam"), dict[str, Person]()
    api_id = system.cloud.output(StackOutput.API_URL).rpartition("/")[2]

    def person(name: str) -> Person:
        if name not in made:
            (user,) = (user for user in USERS if user.name == name)
            login = name.lower().replace(" ", "-")
            iam.create_user(UserName=login)
            policy = json.dumps(document(user, {**PLACES, "API": api_id}))
            iam.put_user_policy(UserName=login, PolicyName="documented", PolicyDocument=policy)
            key = iam.create_access_key(UserName=login)["AccessKey"]
            leaks.known.add(key["SecretAccessKey"])
            runtime = msgspec.structs.replace(
                system.runtime, access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"]
            )
            home = tmp_path_factory.mktemp(login)
            remember(runtime, home / "cloud")
            made[name] = Person(home, key["AccessKeyId"], key["SecretAccessKey"], cloud_of(runtime))
        return made[name]

    yield person
    for name, one in made.items():
        login = name.lower().replace(" ", "-")
        iam.delete_access_key(UserName=login, AccessKeyId=one.key_id)
        iam.delete_user_policy(UserName=login, PolicyName="documented")
        iam.delete_user(UserName=login)


OPERATES = (
    ("event", "create", "--shed-kw", "0.1", "--duration", "1m", "--start", "2099-01-01T00:00:00Z"),
    ("event", "show", "evt-20991231-000000-0000"),
    ("event", "revise", "evt-20991231-000000-0000", "--priority", "2"),
    ("event", "cancel", "evt-20991231-000000-0000"),
    ("event", "delete", "evt-20991231-000000-0000"),
    ("event", "report", "evt-20991231-000000-0000"),
    ("cmd", "--ven-id", "ven-1", "--op", "ping"),
    ("dlq", "list"),
    ("dlq", "redrive"),
)
KEEPS = (
    ("certs", "allow", "ven-9"),
    ("certs", "claim-kit", "--out", "kit"),
    ("certs", "rotate", "--ven-id", "ven-1"),
    ("certs", "revoke", "--ven-id", "ven-9"),
    ("certs", "fetch", "--ven-id", "ven-1", "--out", "tls"),
)


def test_the_reader_reads(acting: As) -> None:
    """The reader's policy lets all its commands run."""
    reader = acting("Reader")
    assert "ven-1" in reader.can("fleet", "status")
    assert "ven-1" in reader.can("fleet", "watch", "--once")
    assert "ven-1" in reader.can("listen", "--rows", "1")
    reader.can("event", "list")


@pytest.mark.parametrize("arguments", [*OPERATES[:1], *OPERATES[2:], *KEEPS], ids=" ".join)
def test_the_reader_can_do_nothing_else(acting: As, arguments: tuple[str, ...]) -> None:
    """Whatever changes something, or hands out a key, is refused to the reader."""
    acting("Reader").cannot(*arguments)


def test_the_operator_runs_events_and_commands(acting: As) -> None:
    """From creating an event to deleting it, and a command to a VEN, without any right of root's."""
    operator = acting("Operator")
    event_id = json.loads(operator.can(*OPERATES[0], "--json"))["eventId"]
    assert event_id in operator.can("event", "show", event_id)
    operator.can("event", "revise", event_id, "--priority", "2")
    operator.can("event", "cancel", event_id)
    operator.can("event", "delete", event_id)
    assert "no event" in operator.cli("event", "report", "nothing").stderr
    assert json.loads(operator.can("cmd", "--ven-id", "ven-1", "--op", "ping", "--json"))["pong"] is True
    assert "ven-1" in operator.can("fleet", "status")


def test_the_operator_looks_after_dead_letters(system: System, acting: As) -> None:
    """A dead letter is listed, and sent on to the queue that it came from, and is gone."""
    operator = acting("Operator")
    urls = read_queues(system.cloud.output(StackOutput.DEAD_LETTERS))
    sent = system.cloud.client("sqs").send_message(QueueUrl=urls["telemetry"], MessageBody=LETTER)
    assert sent["MessageId"] in operator.can("dlq", "list", "--queue", "telemetry", "--json")
    redriven = json.loads(operator.can("dlq", "redrive", "--queue", "telemetry", "--json"))
    assert redriven["redriven"] == [sent["MessageId"]]


LETTER = json.dumps({"payload": "e30=", "topic": "ven/loads/ven-2", "receivedMs": 1, "clientId": "ven-2"})


@pytest.mark.parametrize("arguments", KEEPS, ids=" ".join)
def test_the_operator_lets_no_ven_in(acting: As, arguments: tuple[str, ...]) -> None:
    """Certificates and keys are not the operator's."""
    acting("Operator").cannot(*arguments)


def test_the_fleet_administrator_keeps_the_fleet(system: System, acting: As) -> None:
    """VENs are let in and out, certificates changed, and a past is written."""
    keeper = acting("Fleet administrator")
    keeper.can("certs", "allow", "ven-8")
    keeper.can("certs", "claim-kit", "--out", str(keeper.home / "kit"))
    keeper.can("history", "backfill", "--days", "1", "--ven-id", "ven-2")
    folder = system.home / "vens" / "local" / "ven-1" / "tls"
    keeper.can("certs", "rotate", "--ven-id", "ven-1", "--out", str(folder))
    assert "no VEN ven-8" in keeper.cli("certs", "revoke", "--ven-id", "ven-8").stderr
    keeper.cannot("event", "create", "--shed-kw", "1", "--duration", "1m")
    keeper.cannot("cmd", "--ven-id", "ven-1", "--op", "ping")


def test_the_deployer_checks_the_account(acting: As) -> None:
    """The deployer's policy has every call of the check, which changes nothing."""
    findings = json.loads(acting("Deployer").can("aws", "check", "--stage", "local", "--json"))
    (rights,) = (finding for finding in findings if finding["subject"] == "rights to check")
    assert rights["verdict"] == "green"


def test_who_may_not_check_is_told_what_is_lacking(acting: As) -> None:
    """Without the rights nothing is green that was not answered, and one line says which are lacking."""
    done = acting("Reader").cli("aws", "check", "--stage", "local", "--json")
    assert done.returncode == 1
    assert done.stderr == ""
    findings = {finding["subject"]: finding for finding in json.loads(done.stdout)}
    assert findings["rights to check"]["verdict"] == "wrong"
    assert "DescribeThing" in findings["rights to check"]["detail"]
    assert "deployer's policy" in findings["rights to check"]["remedy"]
    assert findings["thing names"]["verdict"] == "not answered"
    assert findings["IAM roles"]["verdict"] == "not answered"


def test_a_vens_host_fetches_its_own_identity_alone(acting: As) -> None:
    """The key of another VEN, and the claim's, are refused; so is the stack."""
    host = acting("VEN host")
    host.can("certs", "fetch", "--ven-id", "ven-1", "--out", str(host.home / "tls"))
    host.cannot("certs", "fetch", "--ven-id", "ven-2", "--out", str(host.home / "other"))
    host.cannot("certs", "claim-kit", "--out", str(host.home / "kit"))
    host.cannot("fleet", "status")
    answer = host.cloud.client("iot").describe_endpoint(endpointType="iot:Data-ATS")
    assert answer["endpointAddress"]


def test_the_api_alone_is_enough_to_read_or_to_operate(system: System, acting: As) -> None:
    """With ``--api`` a caller needs execute-api:Invoke; a reader's lets no call change anything."""
    url = system.cloud.output(StackOutput.API_URL)
    for name, may in (("Reader by the API", False), ("Operator by the API", True)):
        caller = acting(name)
        keys = {
            "AWS_ACCESS_KEY_ID": caller.key_id,
            "AWS_SECRET_ACCESS_KEY": caller.key,
            "AWS_DEFAULT_REGION": REGION,
        }
        assert "ven-1" in caller.cli("fleet", "status", "--api", url, **keys).stdout
        assert caller.cli("event", "list", "--api", url, **keys).returncode == 0
        done = caller.cli("cmd", "--ven-id", "ven-1", "--op", "ping", "--api", url, **keys)
        assert (done.returncode == 0) is may, done.stderr
        caller.cannot("fleet", "status")
