"""The documented policies at work: each user runs its commands as itself, and none of another's."""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from contracts.store.dead_letters import read_queues
from contracts.store.keys import REPORT_SORT_KEY
from contracts.store.stack import StackOutput
from local_cloud.runtime import REGION, remember
from tests.e2e.conftest import until
from tests.support import leaks
from tests.support.forked_cli import ven_twin
from tests.support.receivers import receiving
from tests.support.waiting import GIVE_UP_S
from ven_twin.cli.exit_codes import ExitCode
from ven_twin.operations.rights import USERS, document
from ven_twin.testing.running_cloud import cloud_of

if TYPE_CHECKING:
    from tests.e2e.conftest import System

PLACES = {"STAGE": "local", "REGION": REGION, "ACCOUNT": "000000000000", "VEN": "ven-2", "PREFIX": ""}


@dataclass(frozen=True)
class Person:
    """A principal with one documented policy, and a folder from which the CLI acts as it.

    Attributes:
        may: the commands that its policy is for.
        did: those of them that went well.
    """

    home: Path
    key_id: str
    key: str
    cloud: Any
    may: tuple[str, ...]
    did: set[str] = field(default_factory=set)

    def environment(self) -> dict[str, str]:
        """The environment of this principal's processes."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {**inherited, "VEN_TWIN_HOME": str(self.home), "NO_COLOR": "1", "COLUMNS": "200"}

    def cli(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ``ven-twin`` as this principal."""
        return ven_twin(*arguments, environment={**self.environment(), **environment})

    def can(self, *arguments: str) -> str:
        """The output of a command that succeeds; an event may have nobody to call."""
        done = self.cli(*arguments)
        assert done.returncode in {ExitCode.DONE, ExitCode.NOTHING_TO_GIVE}, (
            f"{' '.join(arguments)}: {done.stderr}"
        )
        self._note(arguments)
        return done.stdout

    @contextlib.contextmanager
    def going_on(self, *arguments: str) -> Iterator[Path]:
        """The log of a command that goes on until it is ended, and then ends well."""
        log = self.home / f"{arguments[0]}.log"
        with log.open("wb") as output:
            running = subprocess.Popen(
                [sys.executable, "-m", "ven_twin.cli", *arguments],
                env={**self.environment(), "PYTHONUNBUFFERED": "1"},
                stdout=output,
                stderr=output,
            )
        try:
            yield log
        finally:
            running.terminate()
            ended = running.wait(GIVE_UP_S)
        assert ended == 0, log.read_text()
        self._note(arguments)

    def _note(self, arguments: Sequence[str]) -> None:
        line = f"{' '.join(arguments)} "
        self.did.update(command for command in self.may if line.startswith(f"{command} "))

    def cannot(self, *arguments: str) -> None:
        """The command is refused for want of rights, in one line that says so."""
        done = self.cli(*arguments)
        assert done.returncode == 1, f"{' '.join(arguments)}: {done.stdout}{done.stderr}"
        assert "these credentials may not do" in done.stderr, f"{' '.join(arguments)}: {done.stderr}"


As = Callable[[str], Person]
SOON_S = 10.0
"""From an event's begin at its VEN to the webhook, on a busy machine; 0.4 s on an idle one."""
PROVED = {"aws prove", "fleet load-test"}
"""Commands that run elsewhere: see test_aws.py; AWS Batch is moto's, in tests/unit/cli/test_load_test.py."""


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
            secret = key["SecretAccessKey"]
            made[name] = Person(home, key["AccessKeyId"], secret, cloud_of(runtime), user.commands)
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
    ("group", "set", "east", "ven-1"),
    ("group", "delete", "east"),
    ("program", "delete", "default"),
    ("cmd", "ven-1", "--op", "ping"),
    ("notify", "add", "mailto:ops@example.org"),
    ("notify", "test"),
    ("dlq", "list"),
    ("dlq", "redrive"),
)
KEEPS = (
    ("certs", "allow", "ven-9"),
    ("certs", "claim-kit", "--out", "kit"),
    ("certs", "rotate", "ven-1"),
    ("certs", "revoke", "ven-9"),
    ("certs", "fetch", "ven-1", "--out", "tls"),
)


def test_the_reader_reads(system: System, acting: As) -> None:
    """The reader's policy lets all its commands run."""
    reader = acting("Reader")
    assert "ven-1" in reader.can("fleet", "status")
    assert "ven-1" in reader.can("fleet", "watch", "--once")
    assert "ven-1" in reader.can("listen", "--rows", "1")
    reader.can("event", "list")
    assert "default" in reader.can("program", "list")
    reader.can("oadr", "events")
    assert "default" in reader.can("program", "show", "default")
    system.json("group", "set", "west", "ven-1")
    assert "west" in reader.can("group", "list")
    assert reader.can("group", "show", "west") == "ven-1\n"
    system.json("group", "delete", "west")


@pytest.mark.parametrize("arguments", [*OPERATES[:1], *OPERATES[3:], *KEEPS], ids=" ".join)
def test_the_reader_can_do_nothing_else(acting: As, arguments: tuple[str, ...]) -> None:
    """Whatever changes something, or hands out a key, is refused to the reader."""
    acting("Reader").cannot(*arguments)


def test_the_reader_cannot_revise_an_event_that_it_sees(system: System, acting: As) -> None:
    """It reads the event, and the change is refused."""
    event_id = system.json(*OPERATES[0])["eventId"]
    acting("Reader").cannot("event", "revise", event_id, "--priority", "2")
    system.json("event", "cancel", event_id)
    system.json("event", "delete", event_id)


def test_the_operator_runs_events_and_commands(system: System, acting: As) -> None:
    """From creating an event to deleting it, and a command to a VEN, without any right of root's."""
    operator = acting("Operator")
    event_id = json.loads(operator.can(*OPERATES[0], "--json"))["eventId"]
    assert event_id in operator.can("event", "show", event_id)
    operator.can("event", "revise", event_id, "--priority", "2")
    operator.can("event", "cancel", event_id)
    operator.can("event", "delete", event_id)
    short = ("--event-id", "short", "--shed-kw", "0.1", "--duration", "1s", "--target", "ven-1")
    operator.can("event", "create", *short)
    until(lambda: system.event_item("short", REPORT_SORT_KEY), "the report")
    assert "short" in operator.can("event", "report", "short")
    assert "short" in operator.can("event", "list")
    assert "no event" in operator.cli("event", "report", "nothing").stderr
    assert json.loads(operator.can("cmd", "ven-1", "--op", "ping", "--json"))["pong"] is True
    for command in ("fleet status", "fleet watch --once", "listen --rows 1"):
        assert "ven-1" in operator.can(*command.split())
    assert "quarantine" in operator.can("ven", "quarantine", "ven-2")
    assert "ven-2" in operator.can("ven", "quarantine", "ven-2", "--release")
    assert "1 VEN" in operator.can("group", "set", "east", "ven-1")
    operator.can("group", "add", "east", "ven-2")
    operator.can("group", "remove", "east", "ven-1")
    assert "east" in operator.can("group", "list")
    assert operator.can("group", "show", "east") == "ven-2\n"
    operator.can("group", "delete", "east")
    operator.can("program", "set", "peak", "--baseline", "meter_before")
    assert "peak" in operator.can("program", "list")
    operator.can("oadr", "events")
    assert "meter" in operator.can("program", "show", "peak")
    operator.can("program", "delete", "peak")
    page = str(operator.home / "conform.md")
    operator.can("conform", "ven-1", "--only", "ping,shadow-update,event-late", "--out", page)


def test_the_operator_is_told_what_becomes_of_an_event(system: System, acting: As) -> None:
    """A receiver that confirms as SNS asks is told made, begun, ended and settled, each once.

    SNS keeps no order: an event for now begins as it is made, and either may arrive first.
    """
    operator = acting("Operator")
    with receiving() as receiver:
        assert "pending" in operator.can("notify", "add", receiver.url, "--program", "default")
        until(lambda: json.loads(operator.can("notify", "list", "--json"))[0]["confirmed"], "confirmation")
        operator.can("notify", "test")
        until(receiver.delivered, "the test")
        short = ("--event-id", "told", "--shed-kw", "0.1", "--duration", "4s", "--target", "ven-1")
        operator.can("event", "create", *short)
        until(lambda: [one for one in receiver.delivered() if one["kind"] == "settled"], "the result")
        until(lambda: system.event_item("told", REPORT_SORT_KEY).get("doneTs"), "the end of the settlement")
        system.json("event", "report", "told")
        delivered = [one for one in receiver.delivered() if one.get("eventId") == "told"]
        assert "told nothing" in operator.can("notify", "remove", receiver.url)
    assert sorted(one["kind"] for one in delivered) == ["begun", "ended", "made", "settled"]
    by_kind = {one["kind"]: one for one in delivered}
    settled = by_kind["settled"]
    assert (by_kind["made"]["requestedKw"], settled["called"], settled["unansweredCount"]) == (0.1, 1, 0)
    assert "Nobody is told" in operator.can("notify", "list")


def test_a_vens_resident_is_told_when_its_event_begins_and_ends(system: System, acting: As) -> None:
    """The webhook has announced, begun and ended: each once, soon, and signed."""
    secret = b"a secret of the resident"
    file = acting("VEN host").home / "webhook-secret"
    file.write_bytes(secret)
    file.chmod(0o600)
    with receiving() as receiver:
        named = ("--webhook", receiver.url, "--webhook-plain-http", "--webhook-secret-file", str(file))
        with acting("VEN host").going_on("run", "ven-2", "--report-interval", "1", "--no-web", *named) as log:
            until(lambda: system.offer_kw("ven-2"), "the offer of ven-2")
            target = ("--event-id", "at-home", "--target", "ven-2")
            system.json("event", "create", "--shed-kw", "0.1", "--duration", "3s", *target)
            until(lambda: [each for each in receiver.received if each.json()["kind"] == "ended"], "the end")
            assert secret.decode() not in log.read_text()
    posted = [each for each in receiver.received if each.json().get("eventId") == "at-home"]
    assert [each.json()["kind"] for each in posted] == ["announced", "begun", "ended"]
    begun = posted[1]
    assert begun.ts - begun.json()["ts"] < SOON_S
    for each in posted:
        sent, mac = each.headers["ven-twin-signature"].removeprefix("t=").split(",v1=")
        assert hmac.new(secret, f"{sent}.".encode() + each.body, "sha256").hexdigest() == mac


def test_the_operator_looks_after_dead_letters(system: System, acting: As) -> None:
    """A dead letter is listed, and sent on to the queue that it came from, and is gone."""
    operator = acting("Operator")
    urls = read_queues(system.cloud.output(StackOutput.DEAD_LETTERS))
    sent = system.cloud.client("sqs").send_message(QueueUrl=urls["telemetry"], MessageBody=LETTER)
    assert sent["MessageId"] in operator.can("dlq", "list", "--queue", "telemetry", "--json")
    for caller in (operator, acting("Reader")):
        assert json.loads(caller.can("fleet", "status", "--json"))["deadLetters"]["telemetry"] >= 1
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
    keeper.can("history", "backfill", "--days", "1", "ven-2")
    folder = system.home / "vens" / "local" / "ven-1" / "tls"
    keeper.can("certs", "rotate", "ven-1", "--out", str(folder))
    for how in ((), ("--now",)):
        assert "no VEN ven-8" in keeper.cli("certs", "revoke", "ven-8", *how).stderr
    keeper.cannot("event", "create", "--shed-kw", "1", "--duration", "1m")
    keeper.cannot("cmd", "ven-1", "--op", "ping")


def test_the_openadr_administrator_keeps_clients_and_nothing_else(acting: As) -> None:
    """Clients are made, changed and removed, token and address fetched; the fleet is not this user's."""
    keeper = acting("OpenADR administrator")
    first, second = keeper.home / "first.secret", keeper.home / "second.secret"
    keeper.can("oadr", "client", "make", "kept-1", "--role", "ven", "--secret-file", str(first))
    keeper.can("oadr", "client", "list")
    assert keeper.can("oadr", "url").startswith("http://")
    keeper.can("oadr", "client", "rotate", "kept-1", "--secret-file", str(second))
    leaks.known.update(file.read_text().strip() for file in (first, second))
    leaks.known.add(keeper.can("oadr", "token", "kept-1", "--secret-file", str(second)).strip())
    keeper.can("oadr", "client", "scopes", "kept-1", "--scope", "read_targets")
    for verb in ("show", "disable", "enable", "remove"):
        keeper.can("oadr", "client", verb, "kept-1")
    keeper.cannot("fleet", "status")
    keeper.cannot("cmd", "ven-1", "--op", "ping")
    acting("Fleet administrator").cannot("oadr", "client", "show", "kept-1")


@pytest.mark.parametrize("name", ["Deployer", "Prover"])
def test_who_deploys_checks_the_account(acting: As, name: str) -> None:
    """The deployer's and the prover's policies have every call of the check, which changes nothing."""
    findings = json.loads(acting(name).can("aws", "check", "--stage", "local", "--json"))
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
    host.can("certs", "fetch", "ven-2", "--out", str(host.home / "tls"))
    host.cannot("certs", "fetch", "ven-1", "--out", str(host.home / "other"))
    host.cannot("certs", "claim-kit", "--out", str(host.home / "kit"))
    host.cannot("fleet", "status")
    answer = host.cloud.client("iot").describe_endpoint(endpointType="iot:Data-ATS")
    assert answer["endpointAddress"]


def test_a_vens_host_runs_its_twin(system: System, acting: As) -> None:
    """The twin fetches its identity by its host's rights, connects and reports."""
    since = time.time()
    with acting("VEN host").going_on("run", "ven-2", "--report-interval", "1", "--no-web"):
        until(lambda: system.rows("ven-2", since), "telemetry of ven-2")


def test_a_vens_host_claims_its_certificate(acting: As, tmp_path: Path) -> None:
    """A claim takes the kit that the administrator hands over, and the host's policy is enough for it."""
    keeper, host = acting("Fleet administrator"), acting("VEN host")
    where = json.loads(keeper.can("certs", "claim-kit", "--out", str(tmp_path / "kit"), "--json"))
    code = tmp_path / "code"
    code.write_text(json.loads(keeper.can("certs", "allow", "ven-7", "--json"))["claimCode"])
    at = (
        "--claim",
        str(tmp_path / "kit"),
        "--endpoint",
        where["endpoint"],
        "--mqtt-port",
        str(where["port"]),
    )
    named = ("ven-7", "--code-file", str(code))
    host.can("certs", "claim", *at, *named, "--out", str(tmp_path / "tls"))
    keeper.can("certs", "revoke", "ven-7")


def test_the_fleet_administrator_runs_a_fleet(system: System, acting: As) -> None:
    """Every twin of the fleet has its identity by the administrator's rights, and reports."""
    since = time.time()
    keeper = acting("Fleet administrator")
    with keeper.going_on("fleet", "run", "--vens", "ven-2", "--report-interval", "1"):
        until(lambda: system.rows("ven-2", since), "telemetry of ven-2")


def test_the_fleet_administrator_runs_vens_beyond_the_stack_and_takes_them_out(
    system: System, acting: As
) -> None:
    """They claim their identities by the administrator's rights."""
    keeper = acting("Fleet administrator")
    with keeper.going_on("fleet", "run", "--count", "1", "--report-interval", "1"):
        until(lambda: system.rows("twin-1"), "telemetry of twin-1")
    assert "1 of 1" in keeper.can("fleet", "remove", "--count", "1")


def test_the_operator_serves_the_fleets_page(acting: As) -> None:
    """The page shows the fleet, and an event is created by it and read back, by the operator's rights."""
    new = {"eventId": "by-page", "startTs": 4_070_908_800, "targets": ["ven-1"]}
    with acting("Operator").going_on("fleet", "serve", "--port", "0") as log:
        url = until(lambda: re.search(r"http://[\w.]+:\d+", log.read_text()), "the page")[0]
        with urllib.request.urlopen(f"{url}/api/stream", timeout=GIVE_UP_S) as stream:  # noqa: S310
            assert any(b'"ven-1"' in line for line in stream)
        hour = {"durationS": 3600, "signal": "shedKw", "value": 0.1}
        etag = json.loads(_page(url, "events", {**new, "intervals": [hour]}))["etag"]
        assert "by-page" in _page(url, "events/by-page")
        assert "by-page" in _page(url, "events/by-page/cancel", {}, **{"If-Match": f'"{etag}"'})


def _page(url: str, path: str, body: object = None, **headers: str) -> str:
    """The answer of the fleet's page to a call of its own script."""
    content = None if body is None else json.dumps(body).encode()
    headers |= {"Content-Type": "application/json", "Origin": url}
    request = urllib.request.Request(f"{url}/api/{path}", data=content, headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=GIVE_UP_S) as answer:  # noqa: S310 - of the page
        text: str = answer.read().decode()
    return text


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
        status = caller.cli("fleet", "status", "--api", url, **keys).stdout
        assert "ven-1" in status
        assert "Dead letters: not known here" in status
        assert caller.cli("event", "list", "--api", url, **keys).returncode == 0
        done = caller.cli("cmd", "ven-1", "--op", "ping", "--api", url, **keys)
        assert (done.returncode == 0) is may, done.stderr
        caller.cannot("fleet", "status")


def test_every_command_was_run_by_whom_it_is_for(acting: As, request: pytest.FixtureRequest) -> None:
    """A command that a policy is for, and that no test above runs under it, fails here by its name."""
    mine = [item for item in request.session.items if item.nodeid.startswith("tests/e2e/test_rights.py")]
    if len(mine) < len([name for name in globals() if name.startswith("test_")]):
        pytest.skip("it looks back on all tests of this module")
    never = {user.name: set(user.commands) - acting(user.name).did - PROVED for user in USERS}
    assert {name: commands for name, commands in never.items() if commands} == {}
