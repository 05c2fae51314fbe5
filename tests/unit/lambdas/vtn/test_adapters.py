"""What the function opens of its environment, and how it tells the queue of changes."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from contracts.errors import FieldError
from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import OadrProgram
from contracts.openadr.values import ValuesMap
from contracts.store.vtn_changes import VtnChange
from lambdas.shared import clients
from lambdas.shared.callbacks import Callbacks
from lambdas.shared.message_queue import BATCH_MAX
from lambdas.shared.settings import SettingError
from lambdas.shared.vtn_changes import NobodyToTell, QueueOfChanges
from lambdas.vtn.adapters import open_vtn
from lambdas.vtn.echo_checks import EchoChecks
from tests.support.vtn import CALLBACK, URL
from ven_twin.testing.function_world import World

TIME = "2026-11-29T00:00:00Z"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The least that the function needs."""
    variables = {"VTN_TABLE": "vtn", "VTN_URL": URL}
    monkeypatch.delenv("CHANGES_QUEUE", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.mark.parametrize("queue", [None, "", "none"])
def test_without_a_queue_nobody_is_told(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, queue: str | None
) -> None:
    """A setting with a default may be left out, or be empty; the others may not."""
    if queue is not None:
        monkeypatch.setenv("CHANGES_QUEUE", queue)
    adapters = open_vtn()
    assert isinstance(adapters.changes, NobodyToTell)
    assert isinstance(adapters.callbacks, EchoChecks)
    assert adapters.is_issued_here
    for name in environment:
        monkeypatch.setenv(name, "")
        with pytest.raises(SettingError, match=name):
            open_vtn()
        monkeypatch.setenv(name, "x")


def test_changes_are_sent_in_their_order(world: World) -> None:
    """Each is a message, in as many batches as it takes, by bytes and by number."""
    assert world.now
    url = clients.sqs().create_queue(QueueName="changes")["QueueUrl"]
    programs = [
        OadrProgram(
            id=ObjectId(f"p{number}"),
            created_date_time=TIME,
            modification_date_time=TIME,
            program_name="x",
            attributes=(ValuesMap(type="X", values=("x" * (600_000 if number < 2 else 1),)),),
        )
        for number in range(BATCH_MAX + 3)
    ]
    sizes: list[int] = []
    client: Any = clients.sqs()
    send = client.send_message_batch

    def noted(**arguments: Any) -> Any:
        sizes.append(len(arguments["Entries"]))
        bodies = [msgspec.json.decode(each["MessageBody"], type=VtnChange) for each in arguments["Entries"]]
        assert bodies
        small = [each | {"MessageBody": "{}"} for each in arguments["Entries"]]
        return send(QueueUrl=arguments["QueueUrl"], Entries=small)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "send_message_batch", noted)
        QueueOfChanges(url).pass_on([VtnChange(operation="CREATE", object=each) for each in programs])
    assert sizes == [1, BATCH_MAX, 2]
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert json.loads(attributes["Attributes"]["ApproximateNumberOfMessages"]) == len(programs)


def test_a_callback_is_judged_before_it_is_called() -> None:
    """No https, a user in the URL, a private address: the field is named, and nothing is connected to."""
    private = EchoChecks(Callbacks(resolve=lambda _host, _port: ["10.0.0.1"]))
    for url in ("http://client.example.org", "https://a:b@client.example.org", CALLBACK):
        with pytest.raises(FieldError, match="callbackUrl"):
            private.check(url)
