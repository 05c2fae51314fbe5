"""The exchange by which a VEN gets a certificate of its own."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ven_twin.ven.identity import claiming
from ven_twin.ven.identity.claiming import Claiming
from ven_twin.ven.identity.identity_files import Identity
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
