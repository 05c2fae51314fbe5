"""`rotate_ven`: another certificate beside the old one, whatever fails and however often it is asked."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from contracts.store.keys import Key
from contracts.store.stack import tls_secret_name
from lambdas.rotate_ven.handler import handler
from lambdas.rotate_ven.logic import DAY_S, VenCertificates, due
from lambdas.shared import clients
from lambdas.shared.registry import Registry
from lambdas.shared.ven_identity import Certificates
from tests.support.killed import KilledError, kill_after
from ven_twin.testing.function_world import NOW, Context, World

VEN, POLICY, STAGE = "house-1", "ven-twin-local-ven", "local"
SECRET = tls_secret_name(STAGE, VEN)


@dataclass
class Fleet:
    """One VEN of the stack, connected with its certificate."""

    world: World

    def ask(self, op: str, ven_id: str | None = VEN) -> dict[str, Any]:
        """Invoke the function."""
        answer: dict[str, Any] = handler({"op": op, **({"venId": ven_id} if ven_id else {})}, Context())
        return answer

    def connect(self, certificate_id: str) -> None:
        """The VEN says which certificate it is connected with."""
        body = json.dumps({"state": {"reported": {"certificateId": certificate_id}}})
        clients.iot_data().update_thing_shadow(thingName=VEN, payload=body)

    @property
    def attached(self) -> set[str]:
        """Certificates of the thing."""
        return self.world.certificates.of_thing(VEN)

    @property
    def active(self) -> set[str]:
        """Certificates that open the door."""
        found = clients.iot().list_certificates()["certificates"]
        return {each["certificateId"] for each in found if each["status"] == "ACTIVE"}

    @property
    def in_secret(self) -> str:
        """The certificate in the secret."""
        value = json.loads(clients.secrets().get_secret_value(SecretId=SECRET)["SecretString"])
        return id_of(value["CLIENT_CERT_PEM"])

    @property
    def row(self) -> dict[str, Any]:
        """The VEN's row."""
        return self.world.ven(VEN)

    @property
    def desired(self) -> dict[str, Any]:
        """The desired state of the VEN."""
        answer = clients.iot_data().get_thing_shadow(thingName=VEN)
        state: dict[str, Any] = json.loads(answer["payload"].read())["state"]
        return dict(state.get("desired", {}))


def id_of(pem: str) -> str:
    """The id of a certificate; moto's ids are no fingerprints."""
    iot = clients.iot()
    for each in iot.list_certificates()["certificates"]:
        found = iot.describe_certificate(certificateId=each["certificateId"])["certificateDescription"]
        if found["certificatePem"] == pem:
            return each["certificateId"]
    raise ValueError("no such certificate")


@pytest.fixture
def fleet(world: World, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """A VEN as `provision_ven` leaves it, and connected."""
    for name, value in (("STAGE", STAGE), ("VEN_POLICY", POLICY), ("ROTATE_DAYS", "90")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("lambdas.shared.ven_identity.certificate_id_of", id_of)
    iot = clients.iot()
    iot.create_thing(thingName=VEN)
    iot.create_policy(policyName=POLICY, policyDocument="{}")
    certificates = world.certificates
    first = certificates.create(SECRET, ven_id=VEN)
    certificates.attach(first, thing=VEN, policy=POLICY)
    secret = {"CA_CERT_PEM": "ROOT", "CLIENT_CERT_PEM": first.pem, "PRIVATE_KEY_PEM": first.private_key_pem}
    clients.secrets().create_secret(Name=SECRET, SecretString=json.dumps(secret))
    Registry(world.vens).register(VEN, first.id, "request-1", now=NOW)
    fleet = Fleet(world)
    fleet.connect(first.id)
    return fleet


def test_the_old_certificate_goes_when_the_ven_has_changed_over_and_not_before(fleet: Fleet) -> None:
    """Begun: both are valid, the secret and the shadow have the new one. Changed over: one is left."""
    (old,) = fleet.attached
    new = fleet.ask("begin")["certificateId"]
    assert fleet.attached == fleet.active == {old, new}
    assert (fleet.in_secret, fleet.desired["certificateId"], fleet.row["certificateId"]) == (new, new, new)
    assert fleet.ask("finish")["changedOver"] is False
    assert fleet.attached == {old, new}
    fleet.connect(new)
    assert fleet.ask("finish")["changedOver"] is True
    assert fleet.attached == fleet.active == {new}
    assert fleet.row["resourceId"] == old


def test_begun_twice_is_begun_once(fleet: Fleet) -> None:
    """While the VEN has not changed over there is no third certificate."""
    first = fleet.ask("begin")
    assert fleet.ask("begin") == first
    assert len(fleet.attached) == 2


STEPS = [
    ("iot", "attach_thing_principal"),
    ("iot", "attach_policy"),
    ("iot", "update_certificate"),
    ("secrets", "put_secret_value"),
    ("dynamodb", "update_item"),
    ("iot_data", "update_thing_shadow"),
]


@pytest.mark.parametrize(("client", "step"), STEPS)
@pytest.mark.parametrize("fetches", [False, True])
def test_killed_after_any_step_the_ven_can_connect_and_the_next_attempt_ends_with_one(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, client: str, step: str, fetches: bool
) -> None:
    """Its certificate and the secret's stay valid, also when it has fetched that meanwhile."""
    (old,) = fleet.attached
    target = getattr(clients, client)()
    with monkeypatch.context() as patch:
        kill_after(patch, target, step)
        patch.setattr(Certificates, "remove", lambda *_, **__: None)
        patch.setattr("lambdas.shared.ven_identity.Vault.write", fleet_write())
        with pytest.raises(KilledError):
            fleet.ask("begin")
    assert {old, fleet.in_secret} <= fleet.active & fleet.attached
    used = fleet.in_secret if fetches else old
    fleet.connect(used)
    new = fleet.ask("begin")["certificateId"]
    assert {used, fleet.in_secret} <= fleet.active & fleet.attached
    fleet.connect(new)
    assert fleet.ask("finish")["changedOver"] is True
    assert fleet.attached == fleet.active == {new} == {fleet.in_secret}


def fleet_write() -> Any:
    """The vault's own write; after a kill nobody is there to undo it."""
    from lambdas.shared.ven_identity import Vault  # noqa: PLC0415 - the original, before it is replaced

    real, written = Vault.write, [0]

    def write(vault: Vault, secret_id: str, value: str) -> None:
        written[0] += 1
        if written[0] == 1:
            real(vault, secret_id, value)

    return write


@pytest.mark.parametrize(("client", "step"), STEPS[:-1])
def test_a_rotation_that_fails_undoes_its_own_work(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, client: str, step: str
) -> None:
    """The certificate, the secret and the row are what they were."""
    (old,) = fleet.attached
    target = getattr(clients, client)()
    real, broken = getattr(target, step), [True]

    def fail(**call: Any) -> Any:
        if broken:
            broken.clear()
            raise ConnectionError
        return real(**call)

    monkeypatch.setattr(target, step, fail)
    with pytest.raises(ConnectionError):
        fleet.ask("begin")
    assert (fleet.attached, fleet.active, fleet.in_secret) == ({old}, {old}, old)
    assert fleet.row["certificateId"] == old


def test_a_sweep_begins_what_is_due_and_finishes_what_has_changed_over(fleet: Fleet) -> None:
    """Ninety days on the certificate is replaced; before that nothing is; one VEN's failure is its own."""
    fleet.world.vens.update(Key("broken"), {"certificateId": "0" * 64, "resourceId": "0" * 64})
    fleet.world.now = NOW + 89 * DAY_S
    swept = fleet.ask("sweep", None)
    assert (swept["begun"], len(fleet.attached)) == (0, 1)
    fleet.world.now = NOW + 90 * DAY_S
    swept = fleet.ask("sweep", None)
    assert (swept["begun"], swept["failed"]) == (1, 1)
    fleet.connect(fleet.in_secret)
    swept = fleet.ask("sweep", None)
    assert (swept["begun"], swept["finished"], len(fleet.attached)) == (0, 1, 1)


@pytest.mark.parametrize(
    ("op", "ven_id", "field"),
    [("begin", "house-2", "venId"), ("finish", "house-2", "venId"), ("begin", None, "venId"),
     ("revoke", VEN, "venId"), ("explode", VEN, "op")],
)  # fmt: skip
def test_what_cannot_be_is_refused(fleet: Fleet, op: str, ven_id: str | None, field: str) -> None:
    """No such VEN, none named, one that is the stack's to take away, no such operation."""
    answer = fleet.ask(op, ven_id)
    assert (answer["ok"], answer["field"]) == (False, field)


def test_a_ven_that_came_by_claim_is_revoked(fleet: Fleet) -> None:
    """Its certificates, its thing and its row are gone."""
    fleet.world.vens.update(Key(VEN), {"resourceId": None, "provisionRequestId": None})
    assert fleet.ask("revoke")["ok"] is True
    assert (fleet.attached, fleet.active, fleet.row) == (set(), set(), {})
    assert clients.iot().list_things()["things"] == []


@pytest.mark.parametrize(
    ("client", "step"),
    [("iot", "detach_thing_principal"), ("iot", "delete_certificate"), ("iot", "delete_thing")],
)
def test_a_revocation_that_was_killed_is_completed_by_the_next(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, client: str, step: str
) -> None:
    """Whatever was done already is passed over; asked once more, there is no such VEN."""
    fleet.world.vens.update(Key(VEN), {"resourceId": None, "provisionRequestId": None})
    target = getattr(clients, client)()
    with monkeypatch.context() as patch:
        kill_after(patch, target, step)
        with pytest.raises(KilledError):
            fleet.ask("revoke")
    monkeypatch.setattr(target, "delete_thing", _of_what_is_there(target.delete_thing))
    assert fleet.ask("revoke")["ok"] is True
    assert (fleet.attached, fleet.row) == (set(), {})
    assert fleet.active == set()
    again = fleet.ask("revoke")
    assert (again["ok"], again["field"]) == (False, "venId")


def _of_what_is_there(delete: Any) -> Any:
    """Deleting no thing succeeds. Source: AWS IoT API, DeleteThing; moto says that there is none."""

    def delete_thing(**call: Any) -> None:
        with suppress(clients.iot().exceptions.ResourceNotFoundException):
            delete(**call)

    return delete_thing


def test_swept_twice_is_swept_once(fleet: Fleet) -> None:
    """Started twice for one hour, the second sweep begins nothing and finishes nothing."""
    fleet.world.now = NOW + 90 * DAY_S
    assert fleet.ask("sweep", None)["begun"] == 1
    attached = fleet.attached
    again = fleet.ask("sweep", None)
    assert (again["begun"], again["finished"], again["failed"], again["left"]) == (0, 0, 0, 0)
    assert fleet.attached == attached
    fleet.connect(fleet.in_secret)
    assert fleet.ask("sweep", None)["finished"] == 1
    assert fleet.ask("sweep", None)["finished"] == 0
    assert fleet.row["changedOverTo"] == fleet.row["certificateId"]


def test_a_sweep_brings_no_ven_back(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A VEN that is taken out while the sweep looks at it has no row afterwards."""
    fleet.world.now = NOW + 90 * DAY_S
    real = Registry.all

    def all_then_gone(registry: Registry) -> Any:
        rows = list(real(registry))
        certificate_id = str(rows[0][1].certificate_id)
        assert registry.unregister(VEN, certificate_id)
        return rows

    monkeypatch.setattr(Registry, "all", all_then_gone)
    assert fleet.ask("sweep", None)["failed"] == 1
    assert fleet.row == {}


def test_no_key_is_in_an_answer_or_a_log(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    """The new key goes into the secret and nowhere else."""
    said = json.dumps([fleet.ask("begin"), fleet.ask("finish"), fleet.desired])
    assert "BEGIN" not in said + "".join(capsys.readouterr())


def test_nothing_is_due_without_a_number_of_days() -> None:
    """0 turns the rotation by schedule off; a certificate of unknown age is due."""
    assert due(0.0, 0, NOW) is False
    assert due(None, 90, NOW) is True
    assert due(NOW - 90 * DAY_S, 90, NOW) is True
    assert due(NOW - 90 * DAY_S + 1, 90, NOW) is False


def test_nothing_is_retired_on_the_word_of_a_ven_about_a_foreign_certificate() -> None:
    """A reported certificate counts only if it is attached to the VEN's thing and in force."""
    lying = VenCertificates(recorded="a", used="x", secret="a", attached=frozenset({"a", "b"}))
    assert lying.retired == frozenset()
    gone = VenCertificates(recorded="x", used="x", secret=None, attached=frozenset({"a"}))
    assert gone.retired == frozenset()
