"""The exchange by which a VEN gets a certificate of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from contracts.wire.codec import encode
from contracts.wire.topics import ProvisioningTopics
from ven_twin.ven.identity import claiming
from ven_twin.ven.identity.claiming import Claiming
from ven_twin.ven.identity.identity_files import Identity
from ven_twin.ven.mqtt.session import SessionState
from ven_twin.ven.storage.outbox import Outbox

CLAIM = Identity(Path("ca.pem"), Path("certificate.pem"), Path("key.pem"))


def test_a_claim_that_cannot_be_set_up_closes_its_outbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a session there is no claim, and nothing of it stays open."""
    outbox = Outbox(":memory:")
    monkeypatch.setattr(claiming, "Outbox", lambda _: outbox)
    monkeypatch.setattr(claiming, "MqttSession", _refuse)
    with pytest.raises(ValueError, match="too many"):
        Claiming("localhost", 8883, CLAIM, "ven-1", "template")
    with pytest.raises(sqlite3.ProgrammingError):
        outbox.quarantined()


def _refuse(*_: object, **__: object) -> None:
    raise ValueError("too many subscriptions")


class LateSession:
    """A session that tells of its connection some turns after its status has it, and answers later still."""

    published: ClassVar[list[str]] = []
    payloads: ClassVar[list[bytes]] = []

    def __init__(self, *arguments: Any, **_: Any) -> None:
        self._on_message, self._on_connected = arguments[6:8]
        self._tasks: list[asyncio.Task[None]] = []

    @contextlib.asynccontextmanager
    async def running(self, _: float) -> AsyncIterator[None]:
        """Connected within the block."""
        self._later(5, self._on_connected, False)
        yield
        await asyncio.gather(*self._tasks)

    async def until(self, _: object) -> SimpleNamespace:
        """The status, at once."""
        return SimpleNamespace(state=SessionState.CONNECTED, reason=None)

    async def publish_now(self, topic: str, payload: bytes) -> None:
        """Note the request; its answer comes in ten turns."""
        self.payloads.append(payload)
        self.published.append(topic)
        answer = dict.fromkeys(("certificateId", "certificatePem", "privateKey"), "x")
        self._later(
            10, self._on_message, f"{topic}/accepted", encode({**answer, "certificateOwnershipToken": "t"})
        )

    def _later(self, turns: int, call: Any, *arguments: object) -> None:
        async def wait() -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            await call(*arguments)

        self._tasks.append(asyncio.create_task(wait()))


async def test_a_connection_that_is_told_of_late_has_one_certificate_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each request goes out once: a second certificate would stay in the account, nobody's."""
    monkeypatch.setattr(claiming, "MqttSession", LateSession)
    monkeypatch.setattr(LateSession, "published", [])
    topics = ProvisioningTopics("template")
    await Claiming("localhost", 8883, CLAIM, "ven-1", "template").claim()
    assert LateSession.published == [topics.create, topics.register]


async def test_a_key_that_stays_on_the_device_is_certified_by_its_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The cloud has the request and makes no key; the claim code goes with the registration alone."""
    monkeypatch.setattr(claiming, "MqttSession", LateSession)
    monkeypatch.setattr(LateSession, "published", [])
    monkeypatch.setattr(LateSession, "payloads", [])
    topics = ProvisioningTopics("template")
    claiming_ven = Claiming(
        "localhost", 8883, CLAIM, "ven-1", "template", code="ABCD-EFGH", request_pem="REQUEST"
    )
    await claiming_ven.claim()
    assert LateSession.published == [topics.certify, topics.register]
    request, registration = (json.loads(payload) for payload in LateSession.payloads)
    assert request == {"certificateSigningRequest": "REQUEST"}
    assert registration["parameters"] == {"SerialNumber": "ven-1", "ClaimCode": "ABCD-EFGH"}
