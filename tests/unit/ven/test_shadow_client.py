"""The reported shadow is kept in step: one update at a time, at most one a second."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.errors import OversizeError
from contracts.wire.shadow import merge
from contracts.wire.topics import Topics
from ven_twin.control.shadow_sync import LOAD_UP_FALL_S, SHED_FALL_S, ShadowCopy
from ven_twin.ven.mqtt.shadow_client import ANSWER_TIMEOUT_S, HEARTBEAT_S, NEW_S, ShadowClient

NORMAL = {"enabled": True, "ven": {"status": "normal"}}
SHEDDING = {"enabled": True, "ven": {"status": "shedding"}}


class Service:
    """A shadow service that hears what is sent and answers when it is told to."""

    def __init__(self) -> None:
        self.connected = True
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.client = ShadowClient(Topics("ven-1"), self._send)
        self.copy = ShadowCopy().on_missing()

    async def _send(self, topic: str, payload: bytes) -> bool:
        if self.connected:
            self.heard.append((topic.rpartition("/shadow/")[2], json.loads(payload)))
        return self.connected

    async def sync(self, reported: dict[str, Any], now_s: float) -> int:
        """How many messages the client sent at *now_s*."""
        before = len(self.heard)
        await self.client.sync(self.copy, reported, now_s)
        return len(self.heard) - before

    @property
    def last(self) -> dict[str, Any]:
        """The last message's body."""
        return self.heard[-1][1]

    def accept(self) -> None:
        """Take the last update, and say so."""
        document = {**self.last, "version": self.copy.accepted + 1}
        assert self.client.on_message("update/accepted", document)
        self.copy = self.copy.on_accepted(document)

    def answer_get(self, desired: dict[str, Any] | None = None) -> None:
        """Answer a get with the whole shadow."""
        self.client.on_message("get/accepted", {})
        state = {"desired": desired or {}, "reported": self.copy.reported}
        self.copy = self.copy.on_get({"state": state, "version": self.copy.accepted})


@pytest.fixture
def service() -> Service:
    """A service, connected, without a shadow yet."""
    return Service()


async def test_the_first_report_says_everything(service: Service) -> None:
    """What the service does not hold yet is sent at once, with a token to know the answer by."""
    assert await service.sync(NORMAL, 0.0) == 1
    assert service.heard[0][0] == "update"
    assert service.last["state"] == {"reported": NORMAL}
    assert 0 < len(service.last["clientToken"]) <= 64


async def test_only_what_changed_is_said(service: Service) -> None:
    """A report is the difference to what the service holds."""
    await service.sync(NORMAL, 0.0)
    service.accept()
    await service.sync(SHEDDING, 1.0)
    assert service.last["state"] == {"reported": {"ven": {"status": "shedding"}}}
    service.accept()
    assert service.copy.reported == SHEDDING


async def test_one_update_is_under_way_at_a_time(service: Service) -> None:
    """While one is unanswered no other is sent."""
    await service.sync(NORMAL, 0.0)
    assert await service.sync(SHEDDING, 5.0) == 0
    service.accept()
    assert await service.sync(SHEDDING, 5.0) == 1


async def test_updates_are_a_second_apart(service: Service) -> None:
    """At most one update a second: each costs four publishes."""
    await service.sync(NORMAL, 10.0)
    service.accept()
    assert service.client.due_s(service.copy, SHEDDING, 10.2) == 11.0
    assert await service.sync(SHEDDING, 10.9) == 0
    assert await service.sync(SHEDDING, 11.0) == 1


async def test_a_quiet_ven_is_heard_every_quarter_of_an_hour(service: Service) -> None:
    """Without news there is a heartbeat, and nothing before it."""
    await service.sync(NORMAL, 0.0)
    service.accept()
    assert service.client.due_s(service.copy, NORMAL, 5.0) == HEARTBEAT_S
    assert await service.sync(NORMAL, HEARTBEAT_S - 1) == 0
    assert await service.sync(NORMAL, HEARTBEAT_S) == 1


async def test_an_unanswered_update_is_given_up_and_the_shadow_read_again(service: Service) -> None:
    """What the service holds is known and not guessed."""
    await service.sync(NORMAL, 0.0)
    assert await service.sync(NORMAL, ANSWER_TIMEOUT_S - 0.1) == 0
    assert await service.sync(NORMAL, ANSWER_TIMEOUT_S) == 1
    assert service.heard[-1][0] == "get"
    late = {"clientToken": service.heard[0][1]["clientToken"]}
    assert not service.client.on_message("update/accepted", late)


async def test_an_unanswered_get_is_asked_again(service: Service) -> None:
    """A get whose answer was lost is repeated, and not sooner than it could be answered."""
    service.copy = service.copy.disconnected()
    assert await service.sync(NORMAL, 0.0) == 1
    assert await service.sync(NORMAL, ANSWER_TIMEOUT_S - 0.1) == 0
    assert await service.sync(NORMAL, ANSWER_TIMEOUT_S) == 1
    assert [topic for topic, _ in service.heard] == ["get", "get"]


async def test_nothing_is_said_before_the_shadow_was_read(service: Service) -> None:
    """On connect it is read first; then what differs is said without waiting (defect 7)."""
    service.copy = service.copy.disconnected()
    await service.client.get(0.0)
    assert await service.sync(NORMAL, 0.5) == 0
    service.answer_get()
    assert await service.sync(NORMAL, 0.6) == 1
    assert service.heard[-1][0] == "update"


async def test_answers_to_others_are_not_taken_for_one_s_own(service: Service) -> None:
    """An update by someone else has another token, or none."""
    await service.sync(NORMAL, 0.0)
    assert not service.client.on_message("update/accepted", {"clientToken": "other"})
    assert not service.client.on_message("update/accepted", {})
    assert service.client.on_message("update/accepted", service.last)
    assert not service.client.on_message("update/accepted", service.last)


async def test_a_desired_patch_is_sent_once(service: Service) -> None:
    """What a command wants desired goes with the next update, and not again."""
    service.client.enqueue({"enabled": False})
    await service.sync(NORMAL, 0.0)
    assert service.last["state"]["desired"] == {"enabled": False}
    service.accept()
    await service.sync(SHEDDING, 1.0)
    assert "desired" not in service.last["state"]


async def test_a_desired_patch_alone_is_worth_an_update(service: Service) -> None:
    """It does not wait for something else to be said."""
    await service.sync(NORMAL, 0.0)
    service.accept()
    service.client.enqueue({"drEvents": {"e1": None}})
    assert await service.sync(NORMAL, 1.0) == 1
    assert service.last["state"]["desired"] == {"drEvents": {"e1": None}}


async def test_patches_of_several_commands_become_one(service: Service) -> None:
    """Commands within one second lose nothing of each other; where they differ the later counts."""
    service.client.enqueue({"loads": {"ev1": {"enabled": False}}, "drEvents": {"e1": None}})
    service.client.enqueue({"loads": {"hvac1": {"priority": 3}}, "drEvents": {"e2": None}})
    service.client.enqueue({"loads": {"ev1": {"enabled": True}}})
    service.client.enqueue({})
    await service.sync(NORMAL, 0.0)
    assert service.last["state"]["desired"] == {
        "loads": {"ev1": {"enabled": True}, "hvac1": {"priority": 3}},
        "drEvents": {"e1": None, "e2": None},
    }


@pytest.mark.parametrize("how", ["disconnect", "silence"])
async def test_a_desired_patch_that_was_not_answered_is_sent_again(service: Service, how: str) -> None:
    """What was acked to a sender is not lost with a connection; what came later counts over it."""
    service.client.enqueue({"enabled": False, "optOut": True})
    await service.sync(NORMAL, 0.0)
    service.client.enqueue({"optOut": None})
    if how == "disconnect":
        service.client.disconnected()
        service.copy = service.copy.disconnected()
        await service.client.get(20.0)
    else:
        await service.sync(NORMAL, 20.0)
    service.answer_get()
    await service.sync(NORMAL, 21.0)
    assert service.last["state"]["desired"] == {"enabled": False, "optOut": None}


async def test_while_there_is_no_connection_it_is_tried_once_a_second(service: Service) -> None:
    """A message that could not be sent is due again a second later, and not at once: nothing spins."""
    service.connected = False
    service.client.enqueue({"enabled": False})
    await service.sync(NORMAL, 0.0)
    assert service.client.due_s(service.copy, NORMAL, 0.1) == 1.0
    service.connected = True
    assert await service.sync(NORMAL, 1.0) == 1
    assert service.last["state"]["desired"] == {"enabled": False}


async def test_a_get_whose_answer_is_of_no_use_is_not_repeated_at_once(service: Service) -> None:
    """A whole that is older than what is known is asked for again a second later."""
    service.copy = service.copy.disconnected()
    await service.sync(NORMAL, 0.0)
    service.client.on_message("get/accepted", {})
    assert service.client.due_s(service.copy, NORMAL, 0.01) == 1.0


async def test_a_report_that_is_too_large_is_not_sent(service: Service) -> None:
    """The service would refuse it: it is said here, and tried again a second later."""
    large = {"drEvents": {f"e{n}": {"x": "y" * 200} for n in range(50)}}
    with pytest.raises(OversizeError):
        await service.sync(large, 0.0)
    assert service.heard == []
    assert service.client.due_s(service.copy, large, 0.1) == 1.0


async def test_what_someone_else_desires_does_not_keep_the_ven_from_reporting(service: Service) -> None:
    """Desired state may be nested deeper than what is reported ever is; the VEN says why it refuses it."""
    deep: dict[str, Any] = {"x": 1}
    for _ in range(6):
        deep = {"x": deep}
    service.answer_get(merge({}, deep))
    assert await service.sync(NORMAL, 0.0) == 1


def offering(shed_kw: float = 0.0, load_up_kw: float = 0.0, hour_kw: float = 0.0) -> dict[str, Any]:
    """A report of a VEN that offers so much for a quarter hour, and *hour_kw* for an hour."""
    offers = [{"kw": shed_kw, "sustainS": 900, "meanS": 300}, {"kw": hour_kw, "sustainS": 3600, "meanS": 300}]
    metrics = {"shedAvailabilityKw": shed_kw, "sustainS": 900, "loadUpAvailabilityKw": load_up_kw}
    return {**NORMAL, "metrics": {**metrics, "offers": offers}}


QUIET_S = NEW_S + 1
"""So long after the shadow was read, s, an update is sent, and from then on it is quiet."""


@pytest.fixture
async def quiet(service: Service) -> Service:
    """A service that got a report of 2 kW each just now, of a VEN that was connected before."""
    await service.client.get(0.0)
    service.answer_get()
    await service.sync(offering(2.0, 2.0, 1.0), QUIET_S)
    service.accept()
    return service


@pytest.mark.parametrize(
    ("reported", "after_s"),
    [
        (offering(1.5, 2.0, 1.0), SHED_FALL_S),
        (offering(2.0, 2.0, 0.5), SHED_FALL_S),
        (offering(2.0, 1.5, 1.0), LOAD_UP_FALL_S),
        (offering(0.0, 0.0, 0.0), SHED_FALL_S),
        (offering(1.6, 1.6, 0.6), HEARTBEAT_S),
        (offering(5.0, 5.0, 5.0), HEARTBEAT_S),
        ({**offering(5.0), "ven": {"status": "shedding"}}, 1.0),
    ],
)
async def test_a_quiet_ven_tells_offers_when_they_fall(
    quiet: Service, reported: dict[str, Any], after_s: float
) -> None:
    """A fall soon, for dispatch would count on it; a rise with the next heartbeat; anything else at once."""
    assert quiet.client.due_s(quiet.copy, reported, QUIET_S, quiet=True) == QUIET_S + after_s
    await quiet.client.sync(quiet.copy, reported, QUIET_S + after_s - 0.1, quiet=True)
    assert len(quiet.heard) == 2
    await quiet.client.sync(quiet.copy, reported, QUIET_S + after_s, quiet=True)
    assert len(quiet.heard) == 3


async def test_a_ven_that_is_not_quiet_tells_every_offer(quiet: Service) -> None:
    """Around events, and of a VEN that does not batch, a rise is told within a second."""
    assert quiet.client.due_s(quiet.copy, offering(5.0), QUIET_S) == QUIET_S + 1


async def test_a_ven_that_has_just_connected_is_not_quiet(service: Service) -> None:
    """Its first offer is found after the first report, and is a rise."""
    await service.client.get(0.0)
    service.answer_get()
    await service.sync(offering(), 1.0)
    service.accept()
    assert service.client.due_s(service.copy, offering(5.0), 60.0, quiet=True) == 60.0
