"""The sweep over ten thousand VENs, a call taking a tenth of a second, in virtual time."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from contracts.api.requests import Rotated
from contracts.wire.signing_request import key_request
from lambdas.rotate_ven.adapters import RotationAdapters
from lambdas.rotate_ven.handler import sweep
from lambdas.rotate_ven.logic import DAY_S
from lambdas.shared import ven_identity
from lambdas.shared.certificate_journal import Entry
from lambdas.shared.connections import VenConnections
from lambdas.shared.registrations import Registration
from lambdas.shared.ven_identity import Certificates, Vault
from ven_twin.testing.function_world import NOW

CALL_S = 0.1
"""A call, network and a seventh of a processor; ten a second is also what AWS IoT's control plane takes."""
FUNCTION_S, HOUR_S = 300.0, 3600.0
DAYS = 90


@pytest.fixture(autouse=True)
def _one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of keys would take longer than all else; which they are is not looked at here."""
    key = key_request("ven")
    monkeypatch.setattr(ven_identity, "key_request", lambda *_: key)


class NoSuchThingError(Exception):
    """Stands for AWS's own."""


class NotDeletableError(Exception):
    """Stands for AWS's own."""


@dataclass
class Fleet:
    """Certificates, secrets, shadows and rows of many VENs; each call takes its time.

    Attributes:
        offline: VENs that never change over.
        broken: VENs whose thing AWS answers nothing about.
    """

    vens: int
    offline: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    now: float = NOW
    spent_s: float = 0.0
    calls: dict[str, int] = field(default_factory=dict)
    rows: dict[str, Registration] = field(default_factory=dict)
    attached: dict[str, set[str]] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)
    made: int = 0

    def __post_init__(self) -> None:
        """Everybody was provisioned on one day, and is due today."""
        for number in range(self.vens):
            ven_id, certificate_id = f"ven-{number}", f"old-{number}"
            made_ts = self.now - DAYS * DAY_S - 1
            self.rows[ven_id] = Registration(certificate_id, "r", certificate_id, made_ts, settled=True)
            self.attached[ven_id] = {certificate_id}
            self.used[ven_id] = certificate_id
        self.exceptions = type(
            "Errors",
            (),
            {"ResourceNotFoundException": NoSuchThingError, "DeleteConflictException": NotDeletableError},
        )

    def called(self, name: str) -> None:
        """A call takes its time."""
        self.spent_s += CALL_S
        self.calls[name] = self.calls.get(name, 0) + 1

    def adapters(self) -> RotationAdapters:
        """The real adapters, over this fleet."""
        own: Any = self
        certificates = Certificates(own, own)
        return RotationAdapters(certificates, Vault(own), own, VenConnections(own), own, "test", "ven")

    def change_over(self) -> None:
        """Every VEN that is there connects with the certificate that is in force."""
        self.used |= {
            ven_id: str(row.certificate_id) for ven_id, row in self.rows.items() if ven_id not in self.offline
        }

    # The registry.

    def all(self) -> Any:
        """A scan of the table."""
        self.called("Scan")
        return list(self.rows.items())

    def find(self, ven_id: str) -> Registration:
        """A row."""
        self.called("GetItem")
        return self.rows[ven_id]

    def sweep(self, ven_id: str, certificate_id: str, *, now: float) -> None:
        """A sweep looks at the VEN."""
        self.called("UpdateItem")
        assert self.rows[ven_id].certificate_id == certificate_id
        self.rows[ven_id] = replace(self.rows[ven_id], swept_ts=now)

    def settle(self, ven_id: str, certificate_id: str) -> None:
        """The VEN has changed over."""
        self.called("UpdateItem")
        assert self.rows[ven_id].certificate_id == certificate_id
        self.rows[ven_id] = replace(self.rows[ven_id], settled=True)

    def certify(self, ven_id: str, certificate_id: str, *, was: str | None, now: float) -> bool:
        """Another certificate is in force."""
        self.called("UpdateItem")
        assert self.rows[ven_id].certificate_id == was
        self.rows[ven_id] = replace(
            self.rows[ven_id], certificate_id=certificate_id, certified_ts=now, settled=False
        )
        return True

    # The journal.

    def note(self, key: str, *_: object) -> str:
        """Something is about to be done."""
        self.called("Note")
        return key

    def close(self, _: str) -> None:
        """It is done."""
        self.called("Close")

    def due(self, _: float) -> list[Entry]:
        """Nothing was cut."""
        return []

    # AWS.

    def get_paginator(self, name: str) -> Any:
        """The two lists that are paged."""
        fleet = self

        class Pages:
            def paginate(self, *, thingName: str = "", target: str = "") -> Any:  # noqa: N803 - boto3's names
                fleet.called(name)
                if thingName in fleet.broken:
                    raise ConnectionError
                principals = [f"arn:cert/{each}" for each in fleet.attached.get(thingName, ())]
                return [{"principals": principals, "policies": [{"policyName": "ven"}] if target else []}]

        return Pages()

    def get_thing_shadow(self, *, thingName: str) -> Any:  # noqa: N803 - boto3's name
        """What the VEN reports."""
        self.called("GetThingShadow")
        body = {"state": {"reported": {"certificateId": self.used[thingName]}}}
        return {"payload": io.BytesIO(json.dumps(body).encode())}

    def update_thing_shadow(self, **_: Any) -> Any:
        """The shadow's answer, which is read to its end."""
        self.called("UpdateThingShadow")
        return {"payload": io.BytesIO(b"{}")}

    def get_secret_value(self, **_: str) -> Any:
        """The secret; which certificate is in it is not what is looked at here."""
        self.called("GetSecretValue")
        return {"SecretString": "{}"}

    def create_certificate_from_csr(self, **_: Any) -> Any:
        """Another certificate."""
        self.called("CreateCertificateFromCsr")
        self.made += 1
        name = f"new-{self.made}"
        return {
            "certificateId": name,
            "certificateArn": f"arn:cert/{name}",
            "certificatePem": name,
        }

    def describe_certificate(self, *, certificateId: str) -> Any:  # noqa: N803 - boto3's name
        """Its ARN."""
        self.called("DescribeCertificate")
        return {"certificateDescription": {"certificateArn": f"arn:cert/{certificateId}"}}

    def attach_thing_principal(self, *, thingName: str, principal: str) -> None:  # noqa: N803 - boto3's name
        """A certificate more on the thing."""
        self.called("AttachThingPrincipal")
        self.attached[thingName].add(principal.rpartition("/")[2])

    def detach_thing_principal(self, *, thingName: str, principal: str) -> None:  # noqa: N803 - boto3's name
        """A certificate less."""
        self.called("DetachThingPrincipal")
        self.attached[thingName].remove(principal.rpartition("/")[2])

    def __getattr__(self, name: str) -> Any:
        """Every other call only takes its time."""
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda **_: self.called(name)


def swept(fleet: Fleet) -> Rotated:
    """One sweep, by a function of five minutes; the next begins an hour after it."""
    fleet.spent_s = 0.0
    outcome = sweep(fleet.adapters(), DAYS, now=fleet.now, left_s=lambda: FUNCTION_S - fleet.spent_s)
    assert fleet.spent_s <= FUNCTION_S
    fleet.now += HOUR_S
    return outcome


def test_the_last_of_ten_thousand_is_reached_whoever_is_in_the_way() -> None:
    """All due on one day, a fifth gone for good, some broken: each sweep ends in time, all get done."""
    names = [f"ven-{number}" for number in range(10_000)]
    fleet = Fleet(len(names), offline=frozenset(names[:2000]), broken=frozenset(names[2000:2050]))
    reachable = set(names[2050:])
    sweeps = 0
    while not all(fleet.rows[name].settled and fleet.used[name] != f"old-{name[4:]}" for name in reachable):
        outcome = swept(fleet)
        fleet.change_over()
        sweeps += 1
        assert outcome.begun + outcome.finished + outcome.failed > 0
        assert sweeps <= 7 * 24, "the last VEN is not reached in a week"
    assert all(len(fleet.attached[name]) == 1 for name in reachable)
    assert all(
        f"old-{name[4:]}" in fleet.attached[name] for name in fleet.offline
    )  # what they have still opens
    assert sweeps > 24  # or a sweep is not held to its time here


def test_a_fleet_without_a_rotation_costs_a_sweep_one_look_at_the_table() -> None:
    """Who has changed over and is not due is not asked about."""
    fleet = Fleet(10_000)
    fleet.now -= 2 * DAY_S
    outcome = swept(fleet)
    assert (outcome.begun, outcome.finished, outcome.failed, outcome.left) == (0, 0, 0, 0)
    assert fleet.calls == {"Scan": 1}


def test_a_ven_that_is_away_costs_a_sweep_no_look_at_its_thing() -> None:
    """AWS IoT lists a thing's certificates ten times a second, and gives shadows four hundred times."""
    fleet = Fleet(100, offline=frozenset(f"ven-{number}" for number in range(100)))
    assert swept(fleet).begun == 100
    fleet.calls.clear()
    swept(fleet)
    assert fleet.calls == {"Scan": 1, "UpdateItem": 100, "GetItem": 100, "GetThingShadow": 100}


def test_a_sweep_goes_on_where_the_last_one_stopped() -> None:
    """It says how many are left, and begins with those."""
    fleet = Fleet(1000)
    first = swept(fleet)
    assert first.left > 0
    assert first.begun + first.left == 1000
    begun = {ven_id for ven_id, row in fleet.rows.items() if row.swept_ts}
    second = swept(fleet)
    assert second.begun == min(first.left, first.begun)
    assert all(fleet.rows[ven_id].swept_ts == NOW for ven_id in begun)


@pytest.mark.parametrize("ended_after_s", [5.0, 60.0])
def test_a_sweep_that_is_ended_halfway_is_gone_on_with(ended_after_s: float) -> None:
    """Ended by Lambda and started again, as it does twice: nobody has a third certificate."""

    class EndedError(BaseException):
        pass

    fleet = Fleet(100)
    real, limit_s = fleet.called, [ended_after_s]

    def called(name: str) -> None:
        real(name)
        if fleet.spent_s > limit_s[0]:
            raise EndedError

    fleet.called = called  # type: ignore[method-assign]
    with pytest.raises(EndedError):
        swept(fleet)
    limit_s[0] = 1e9
    for _ in range(3):
        swept(fleet)
        fleet.change_over()
    assert all(row.settled for row in fleet.rows.values())
    assert all(len(attached) == 1 for attached in fleet.attached.values())
