"""Subscriptions in the memory of `vtn_notify`: what is read of them, and that nobody is missing."""

from __future__ import annotations

import random
from typing import Any

import pytest

from contracts.openadr.scopes import ROLE_SCOPES, Role
from contracts.store.vtn_keys import SUBSCRIPTION_VERSIONS, VERSION_PARTITION, type_range
from lambdas.shared import clients
from lambdas.shared.subscribers import read_subscriber
from lambdas.shared.vtn_bodies import VtnBodies
from lambdas.vtn_notify.warm_subscribers import WarmSubscribers, warm_subscribers
from tests.support.vtn import CALLBACK, VtnClient, subscription
from tests.unit.lambdas.test_vtn_notify import EVENT, Notified, notified, program
from ven_twin.testing.function_world import failed

__all__ = ["notified"]

BL, VEN = ROLE_SCOPES[Role.BL], ROLE_SCOPES[Role.VEN]
SEED = 7
CHANGES = 60


@pytest.fixture
def reads(notified: Notified, monkeypatch: pytest.MonkeyPatch) -> list[str]:  # noqa: ARG001 - its client
    """The calls of DynamoDB, by operation."""
    client: Any = clients.dynamodb()
    make, calls = client._make_api_call, list[str]()
    monkeypatch.setattr(client, "_make_api_call", lambda name, each: calls.append(name) or make(name, each))
    return calls


def told_of_an_event(notified: Notified, reads: list[str], bl: VtnClient) -> tuple[list[str], list[str]]:
    """The clients that are told of a new event, and what is read for it."""
    notified.vtn.told.changes.clear()
    bl.made("/events", programID=bl.get("/programs").ids[0], **EVENT)
    reads.clear()
    assert failed(notified.tell()) == []
    read = list(reads)
    return [each["clientId"] for each in notified.deliveries()], read


def test_many_subscribers_are_read_once(notified: Notified, reads: list[str]) -> None:
    """A warm function reads their versions and, of a batch, whoever is concerned."""
    bl = notified.client("utility", BL)
    for number in range(30):
        notified.subscribed(f"house-{number}", VEN)
    program_id = program(bl)
    for _ in range(3):
        bl.made("/events", programID=program_id, **EVENT)
    reads.clear()
    assert failed(notified.tell()) == []
    assert reads == ["Query", "Query", "BatchGetItem"]
    assert len(notified.deliveries()) == 4 * 30
    told, read = told_of_an_event(notified, reads, bl)
    assert (len(told), read) == (30, ["Query", "BatchGetItem"])


def test_who_subscribes_just_before_an_event_is_told_of_it(notified: Notified, reads: list[str]) -> None:
    """By a warm function too, which reads that subscription alone; and who has left is told no more."""
    bl = notified.subscribed("utility", BL)
    program(bl)
    assert told_of_an_event(notified, reads, bl)[0] == ["utility"]
    house = notified.client("house-1", VEN)
    made = house.made("/subscriptions", **subscription())
    told, read = told_of_an_event(notified, reads, bl)
    assert (told, read) == (["house-1", "utility"], ["Query", "GetItem", "BatchGetItem"])
    path = f"/subscriptions/{made['id']}"
    other = {"objects": ["VEN"], "operations": ["CREATE"], "callbackUrl": CALLBACK}
    assert house.put(path, **subscription(objectOperations=[other])).status == 200
    told, read = told_of_an_event(notified, reads, bl)
    assert (told, read) == (["utility"], ["Query", "GetItem", "BatchGetItem"])
    assert house.put(path, **subscription()).status == 200
    assert house.delete(path).status == 200
    told, read = told_of_an_event(notified, reads, bl)
    assert (told, read) == (["utility"], ["Query", "GetItem", "BatchGetItem"])


def test_who_subscribes_first_of_all_is_told(notified: Notified, reads: list[str]) -> None:
    """Also by a function that has read that there was nobody."""
    bl = notified.client("utility", BL)
    program(bl)
    assert told_of_an_event(notified, reads, bl) == ([], ["Query", "Query"])
    notified.subscribed("house-1", VEN)
    told, read = told_of_an_event(notified, reads, bl)
    assert (told, read) == (["house-1"], ["Query", "GetItem", "BatchGetItem"])


def test_a_subscription_that_is_renewed_is_not_read_again(notified: Notified, reads: list[str]) -> None:
    """Thousands are each hour. Another address or token is read where it is called."""
    bl = notified.client("utility", BL)
    program(bl)
    house = notified.client("house-1", VEN)
    made = house.made("/subscriptions", **subscription())
    told_of_an_event(notified, reads, bl)
    table = notified.vtn.table
    before = list(table.query(VERSION_PARTITION, type_range("SUBSCRIPTION")))
    operations = [{**made["objectOperations"][0], "callbackUrl": f"{CALLBACK}/other", "bearerToken": "other"}]
    for more in ({}, {"clientName": "renamed"}, {"objectOperations": operations}):
        assert house.put(f"/subscriptions/{made['id']}", **subscription(**more)).status == 200
    assert list(table.query(VERSION_PARTITION, type_range("SUBSCRIPTION"))) == before
    assert told_of_an_event(notified, reads, bl) == (["house-1"], ["Query", "BatchGetItem"])


def test_more_changes_than_a_few_are_read_with_all_others(notified: Notified, reads: list[str]) -> None:
    """One query is less than many reads. Thousands may subscribe at one time: there are many versions."""
    bl = notified.subscribed("utility", BL)
    program(bl)
    told_of_an_event(notified, reads, bl)
    for number in range(40):
        notified.subscribed(f"house-{number}", VEN)
    told, read = told_of_an_event(notified, reads, bl)
    assert (len(told), read) == (41, ["Query", "Query", "BatchGetItem"])
    versions = list(notified.vtn.table.query(VERSION_PARTITION, type_range("SUBSCRIPTION")))
    assert SUBSCRIPTION_VERSIONS // 2 < len(versions) <= SUBSCRIPTION_VERSIONS


def test_a_read_that_fails_is_made_again(notified: Notified, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be read counts as not read."""
    notified.subscribed("utility", BL)
    warm = warm_subscribers(notified.vtn.table)
    assert len(warm.now()) == 1
    notified.subscribed("house-1", VEN)

    def fails(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(VtnBodies, "find", fails)
        with pytest.raises(ConnectionError):
            warm.now()
    assert [each.client_id for each in warm.now()] == ["utility", "house-1"]


def test_memory_is_what_is_stored_after_any_changes(notified: Notified) -> None:
    """Of two functions that look at other times, beside a client that makes, changes, renews and deletes."""
    rng = random.Random(SEED)
    table, house = notified.vtn.table, notified.client("house-1", VEN)
    functions = [WarmSubscribers(table), WarmSubscribers(table)]
    for _ in range(CHANGES):
        ids = house.get("/subscriptions").ids
        path = f"/subscriptions/{rng.choice(ids)}" if ids else ""
        change = rng.choice(["make", "make", "change", "renew", "delete"])
        if change == "make" or not ids:
            house.made("/subscriptions", **subscription())
        elif change == "delete":
            house.delete(path)
        else:
            more = {"targets": [rng.choice("abc")]} if change == "change" else {}
            assert house.put(path, **subscription(**more)).status == 200
        for function in functions:
            if rng.random() < 0.3:
                stored = [read_subscriber(body) for body in VtnBodies(table).all("SUBSCRIPTION")]
                assert list(function.now()) == stored
