"""Webhooks of the VTN in the running system: from a change to a receiver on loopback, by TLS."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from contracts.store.dead_letters import read_queues
from contracts.store.stack import StackOutput
from local_cloud import deploy
from tests.e2e.conftest import VENS, System, until
from tests.support import leaks
from tests.support.receivers import Received, receiving
from tests.support.transcripts import let_out
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority

TOKEN = "callback-token-7c1f9d2e8b"
WORDS = {"objects": ["EVENT"], "operations": ["CREATE", "UPDATE", "DELETE"]}


@dataclass
class WebhookReceiver:
    """A receiver of notifications: each path below it is a callback.

    Attributes:
        url: its address.
        statuses: the answers to posts, by path; 200 for others.
        received: all that was posted.
    """

    url: str = ""
    statuses: dict[str, int] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)

    def at(self, name: str) -> list[dict[str, Any]]:
        """What has come to the callback of that name."""
        return [each.json() for each in list(self.received) if each.path == f"/{name}"]

    def operations(self, name: str, **more: Any) -> dict[str, Any]:
        """The operations of a subscription to events, for the callback of that name."""
        return {**WORDS, "callbackUrl": f"{self.url}{name}", "bearerToken": TOKEN, **more}


@dataclass
class OadrHttp:
    """A client of the VTN."""

    http: httpx.Client
    url: str
    bearer: str

    def call(self, method: str, path: str, status: int, **body: Any) -> Any:
        """The answer to a call, which has this status."""
        answer = self.http.request(
            method,
            f"{self.url}{path}",
            json=body or None,
            headers={"Authorization": f"Bearer {self.bearer}"},
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    def subscribe(self, *operations: dict[str, Any], status: int = 201) -> Any:
        """The subscription that was made, or the problem."""
        return self.call(
            "POST", "/subscriptions", status, clientName="test", objectOperations=list(operations)
        )


@dataclass
class Grid:
    """A utility and two houses, one of them granted the target ``north``."""

    system: System
    receiver: WebhookReceiver
    clients: dict[str, OadrHttp]
    program_id: str = ""

    def event(self, **more: Any) -> Any:
        """An event of the utility."""
        return self.clients["utility"].call("POST", "/events", 201, programID=self.program_id, **more)

    def subscription_item(self, subscription_id: str) -> dict[str, Any]:
        """The item of a subscription."""
        table = self.system.cloud.output(StackOutput.VTN_TABLE)
        key = {"owner": {"S": "#subscription"}, "objectKey": {"S": f"subscription#{subscription_id}"}}
        return dict(self.system.cloud.client("dynamodb").get_item(TableName=table, Key=key).get("Item", {}))

    def unsubscribe_all(self) -> None:
        """Delete all subscriptions, each of which has the token of its callback in it."""
        bl = self.clients["utility"]
        for each in bl.call("GET", "/subscriptions", 200):
            bl.call("DELETE", f"/subscriptions/{each['id']}", 200)

    def dead(self) -> list[str]:
        """The bodies of the dead letters of deliveries; they are taken out."""
        url = read_queues(self.system.cloud.output(StackOutput.DEAD_LETTERS))["deliveries"]
        sqs, bodies = self.system.cloud.client("sqs"), []
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies


@pytest.fixture(scope="module")
def authority() -> Authority:
    """A CA of the tests' own, which the stack trusts for callbacks."""
    return Authority()


@pytest.fixture(scope="module")
def receiver(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebhookReceiver]:
    """A receiver on loopback that echoes."""
    pair = authority.issue("receiver")
    file = tmp_path_factory.mktemp("receiver") / "pair.pem"
    file.write_text(pair.key + pair.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    built = WebhookReceiver()
    with receiving(context) as loopback:
        built.url = loopback.url
        loopback.echo = echo
        loopback.judge = lambda request: built.statuses.get(urlsplit(request.path).path, 200)
        built.received = loopback.received
        yield built


def echo(path: str) -> str | None:
    """The word that a callback is to return; nothing of a callback that is deaf."""
    split = urlsplit(path)
    return None if "deaf" in split.path else parse_qs(split.query).get("echo", [None])[0]


@pytest.fixture(scope="module")
def grid(
    system: System,
    receiver: WebhookReceiver,
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Grid]:
    """The clients with their tokens, and a program."""
    deploy.deploy(system.runtime, VENS, callback_ca_pem=authority.certificate)
    leaks.known.add(TOKEN)
    folder = tmp_path_factory.mktemp("clients")
    url = system.cloud.output(StackOutput.VTN_URL)
    with httpx.Client(trust_env=False, timeout=GIVE_UP_S) as http:
        clients = {}
        for name, role in (("utility", "bl"), ("north", "ven"), ("south", "ven")):
            client_id, file = f"{name}-webhook", folder / name
            done = system.cli("oadr", "client", "make", client_id, "--role", role, "--secret-file", str(file))
            assert done.returncode == 0, done.stderr
            clients[name] = OadrHttp(http, url, bearer_of(http, url, client_id, file))
        built = Grid(system, receiver, clients)
        bl = clients["utility"]
        built.program_id = bl.call("POST", "/programs", 201, programName="webhooks")["id"]
        for name in ("north", "south"):
            ven = {"objectType": "BL_VEN_REQUEST", "clientID": f"{name}-webhook", "venName": f"{name}-hook"}
            bl.call("POST", "/vens", 201, **ven, targets=[name])
        yield built
        built.unsubscribe_all()


def bearer_of(http: httpx.Client, url: str, client_id: str, secret_file: Path) -> str:
    """A token."""
    secret = secret_file.read_text().strip()
    leaks.known.add(secret)
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    answer = http.post(f"{url}/auth/token", data=form)
    assert answer.status_code == 200, answer.text
    bearer = str(answer.json()["access_token"])
    leaks.known.add(bearer)
    return bearer


def test_an_event_comes_to_each_subscriber_in_its_own_copy(grid: Grid) -> None:
    """The business logic has it whole; a VEN as far as its targets go, or not at all; the token beside it."""
    names = ("utility", "north", "south")
    for name in names:
        grid.clients[name].subscribe(grid.receiver.operations(f"copy-{name}"))
    made = grid.event(eventName="whole", targets=["north", "east"])
    until(lambda: grid.receiver.at("copy-utility"), "the utility's notification")
    until(lambda: grid.receiver.at("copy-north"), "the notification of north")
    (whole,), (cut,) = grid.receiver.at("copy-utility"), grid.receiver.at("copy-north")
    assert whole == {
        "objectType": "EVENT",
        "operation": "CREATE",
        "object": made,
        "targets": ["north", "east"],
    }
    assert cut == {**whole, "object": {**made, "targets": ["north"]}, "targets": ["north"]}
    for each in grid.receiver.received:
        assert each.headers["authorization"] == f"Bearer {TOKEN}"
        assert each.headers["content-type"] == "application/json"
    grid.clients["utility"].call("DELETE", f"/events/{made['id']}", 200)
    until(lambda: len(grid.receiver.at("copy-north")) == 2, "the notification of the deletion")
    everybody = grid.event(eventName="for all")
    until(lambda: grid.receiver.at("copy-south"), "the notification of south")
    (only,) = grid.receiver.at("copy-south")
    assert only["object"] == everybody


@pytest.mark.parametrize(
    ("callback", "words"),
    [
        ("{url}deaf", "did not answer 2xx"),
        ("http://localhost:1/plain", "https"),
        ("https://localhost:1/nobody", "no connection"),
        ("https://169.254.169.254/latest/meta-data", "not public"),
        ("https://10.0.0.1/", "not public"),
        ("https://[::ffff:169.254.169.254]/", "not public"),
    ],
)
def test_a_callback_that_is_deaf_or_inside_is_refused(grid: Grid, callback: str, words: str) -> None:
    """Before anything is sent there; loopback alone is let in, as the stage runs on one machine."""
    url = callback.format(url=grid.receiver.url)
    problem = grid.clients["north"].subscribe(
        {**grid.receiver.operations("x"), "callbackUrl": url}, status=400
    )
    assert words in problem["detail"]


def test_a_dead_callback_is_given_up_and_keeps_no_other_waiting(grid: Grid) -> None:
    """The one beside it is told at once; the dead one's notification is a dead letter, and it is broken."""
    grid.dead()
    grid.receiver.statuses["/dying"] = 503
    client = grid.clients["utility"]
    made = client.subscribe(grid.receiver.operations("dying"), grid.receiver.operations("beside"))
    event = grid.event(eventName="one")
    until(lambda: grid.receiver.at("beside"), "the notification beside it")
    item = until(
        lambda: "broken0" in (stored := grid.subscription_item(made["id"])) and stored, "the mark", GIVE_UP_S
    )
    assert "broken1" not in item
    letters = until(grid.dead, "the dead letter")
    (letter,) = map(json.loads, letters)
    assert (letter["subscriptionId"], letter["place"]) == (made["id"], 0)
    assert letter["body"]["object"]["id"] == event["id"]
    tried = len(grid.receiver.at("dying"))
    grid.event(eventName="two")
    until(lambda: len(grid.receiver.at("beside")) == 2, "the second notification beside it")
    assert len(grid.receiver.at("dying")) == tried
    grid.receiver.statuses.clear()
    operations = [grid.receiver.operations("dying"), grid.receiver.operations("beside")]
    client.call("PUT", f"/subscriptions/{made['id']}", 200, clientName="test", objectOperations=operations)
    assert "broken0" not in grid.subscription_item(made["id"])
    grid.event(eventName="three")
    until(lambda: len(grid.receiver.at("dying")) == tried + 1, "the notification after the PUT")


def test_a_redirect_is_not_followed(grid: Grid) -> None:
    """Nothing comes to the place that it names, and the attempt has failed."""
    grid.receiver.statuses["/moved"] = 307
    made = grid.clients["utility"].subscribe(grid.receiver.operations("moved"))
    grid.event(eventName="moved")
    until(lambda: "broken0" in grid.subscription_item(made["id"]), "the mark")
    assert not grid.receiver.at("elsewhere")
    grid.clients["utility"].call("DELETE", f"/subscriptions/{made['id']}", 200)


def test_no_log_has_the_token_of_a_callback(grid: Grid) -> None:
    """After all of the above; nor has a queue, a dead letter or a file. The table had it."""
    grid.unsubscribe_all()
    assert TOKEN not in json.dumps(grid.dead())
    assert let_out(grid.system.cloud) == []
    assert leaks.leaks_under(grid.system.home) == []
