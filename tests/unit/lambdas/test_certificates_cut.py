"""Provisioning, rotation, removal and claims, cut at any call: a sweep leaves nothing that has no owner."""

from __future__ import annotations

import json
import os
import random
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto.moto_api._internal.models import moto_api_backend

from contracts.store.claim_codes import HASH_ATTRIBUTE, SALT_ATTRIBUTE, code_hash
from contracts.store.keys import TTL_ATTRIBUTE, Key
from contracts.store.stack import claim_secret_name
from contracts.wire.topics import claim_client_id
from lambdas.admit_ven.handler import handler as admit
from lambdas.rotate_ven import adapters, collection
from lambdas.rotate_ven.handler import handler as rotate
from lambdas.shared import cfn_response, clients, clock, ven_identity
from tests.support.killed import KilledError
from tests.support.provisioning import POLICY, SECRET, Stack
from ven_twin.testing.function_world import Context, World

VEN, CLAIMED, CLAIM_POLICY = "house-1", "house-9", "ven-twin-local-claim"
CLAIM_SECRET = claim_secret_name("local")
CODE = "AAAA-BBBB"


class Cut(Enum):
    """A call's end: the sandbox is killed before it or after it, it fails for good, or it is made twice."""

    BEFORE = "killed before"
    AFTER = "killed after"
    FAILED = "failed"
    FAILED_AFTER = "failed, having taken effect"
    TWICE = "its answer was lost, and boto3 has repeated it"


@dataclass
class Calls:
    """The calls of the functions, of which the one *at* a number is cut."""

    at: int | None = None
    cut: Cut = Cut.BEFORE
    made: list[str] = field(default_factory=list)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Stand before every client."""
        real = BaseClient._make_api_call

        def call(client: Any, operation: str, arguments: Any) -> Any:
            if operation == "CreateKeysAndCertificate":
                return real(client, operation, arguments)  # AWS IoT's, on behalf of the device
            number = len(self.made)
            self.made.append(operation)
            if number != self.at:
                return real(client, operation, arguments)
            if self.cut is Cut.BEFORE:
                raise KilledError
            if self.cut is not Cut.FAILED:
                answer = real(client, operation, arguments)
            if self.cut is Cut.TWICE:
                return _again(real, client, operation, arguments, answer)
            if self.cut is Cut.AFTER:
                raise KilledError
            error = {"Error": {"Code": "InternalFailureException", "Message": "busy"}}
            raise client.exceptions.ClientError(error, operation)

        patch.setattr(BaseClient, "_make_api_call", call)


def _again(real: Any, client: Any, operation: str, arguments: Any, answer: Any) -> Any:
    """The answer of the repeat; one that finds nothing left to do, or its own effect, has done it."""
    if operation in {"DeleteItem", "UpdateItem"} and "ConditionExpression" in arguments:
        return (
            answer  # how `Table` reads a condition that its own first attempt made false has tests of its own
        )
    try:
        return real(client, operation, arguments)
    except client.exceptions.ResourceNotFoundException:
        if operation == "DescribeCertificate":
            raise
        return answer


@dataclass
class Life:
    """The stack and its VEN, and a VEN that comes by claim."""

    stack: Stack
    world: World
    pending: Any = None
    before: str | None = None
    updated: bool = False

    def create(self) -> None:
        """CloudFormation's Create of the VEN."""
        self.stack.create(request_id="create")

    def replace(self) -> None:
        """An Update to another certificate, until it succeeds; then the one before is deleted."""
        before = self.before = self.before or self.row["resourceId"]
        if not self.updated:
            new, old = {"Rotation": "2"}, {"Rotation": "1"}
            named = {"physical_id": before, "request_id": "update"}
            answer = self.stack.ask("Update", **named, new=new, old=old)
            self.updated = answer["Status"] == "SUCCESS"
        if self.updated:
            self.stack.ask("Delete", physical_id=before, request_id="clean-up")

    def delete(self) -> None:
        """CloudFormation's Delete of the VEN, by the id that it knows."""
        before = self.before = self.before or self.row["resourceId"]
        self.stack.ask("Delete", physical_id=before, request_id="delete")

    def create_claim(self) -> None:
        """CloudFormation's Create of the claim's certificate."""
        new = {"PolicyName": CLAIM_POLICY, "SecretId": CLAIM_SECRET, "VenId": None}
        new = {name: value for name, value in new.items() if value is not None}
        event = {
            "RequestType": "Create",
            "RequestId": "claim",
            "ResponseURL": "https://cloudformation.example/answer",
            "StackId": "stack",
            "LogicalResourceId": "Claim",
            "ResourceType": "Custom::ClaimCertificate",
            "ResourceProperties": {"ServiceToken": "arn", "TrustRootPem": "ROOT", **new},
        }
        from lambdas.provision_ven.handler import handler  # noqa: PLC0415 - beside its event

        handler(event, Context())

    def begin(self) -> None:
        """A rotation by hand."""
        rotate({"op": "begin", "venId": VEN}, Context())

    def finish(self) -> None:
        """The end of a rotation whose VEN has changed over."""
        rotate({"op": "finish", "venId": VEN}, Context())

    def connect(self, certificate_id: str) -> None:
        """The broker's word that the VEN has connected."""
        proven = {"connectedCertificateId": certificate_id, "provenCertificateId": certificate_id}
        self.world.vens.update(Key(VEN), proven)

    def revoke(self) -> None:
        """The VEN that came by claim goes out."""
        rotate({"op": "revoke", "venId": CLAIMED}, Context())

    def come(self) -> None:
        """AWS IoT makes a certificate for a device with the claim kit."""
        iot = clients.iot()
        self.pending = iot.create_keys_and_certificate(setAsActive=False)
        certificate_id = self.pending["certificateId"]
        iot.update_certificate(certificateId=certificate_id, newStatus="PENDING_ACTIVATION")

    def claim(self) -> None:
        """AWS IoT invokes the hook for the device's certificate, and registers the VEN."""
        iot, made = clients.iot(), self.pending
        event = {
            "certificateId": made["certificateId"],
            "clientId": claim_client_id(CLAIMED),
            "parameters": {"SerialNumber": CLAIMED, "ClaimCode": CODE},
        }
        if admit(event, Context()) != {"allowProvisioning": True}:
            return
        iot.create_thing(thingName=CLAIMED)
        iot.attach_thing_principal(thingName=CLAIMED, principal=made["certificateArn"])
        iot.attach_policy(policyName=POLICY, target=made["certificateArn"])
        iot.update_certificate(certificateId=made["certificateId"], newStatus="ACTIVE")

    def allow(self) -> None:
        """The claiming VEN is put on the list."""
        hashed = {HASH_ATTRIBUTE: code_hash(CODE, "salt"), SALT_ATTRIBUTE: "salt"}
        self.world.allowed.update(Key(CLAIMED), {TTL_ATTRIBUTE: int(self.world.now) + 600, **hashed})

    def sweep(self) -> None:
        """The sweeps of the next hours."""
        for _ in range(2):
            self.sweep_once()

    def sweep_once(self) -> None:
        """A sweep by which all that was noted until now is due."""
        assert rotate({"op": "sweep"}, Patient())["failed"] == 0

    @property
    def row(self) -> dict[str, Any]:
        """The VEN's row."""
        return self.world.ven(VEN)

    def secret(self, name: str) -> str | None:
        """The certificate in a secret."""
        try:
            value = clients.secrets().get_secret_value(SecretId=name)["SecretString"]
        except clients.secrets().exceptions.ResourceNotFoundException:
            return None
        return id_of(json.loads(value)["CLIENT_CERT_PEM"])


class Patient(Context):
    """A sweep has five minutes."""

    def get_remaining_time_in_millis(self) -> int:
        """Plenty."""
        return 300_000


def id_of(pem: str) -> str | None:
    """The id of a certificate that is there; moto's ids are no fingerprints."""
    return next((one for one, text in _pems().items() if text == pem), None)


def _pems() -> dict[str, str]:
    iot = clients.iot()
    listed = iot.list_certificates()["certificates"]
    described = (iot.describe_certificate(certificateId=one["certificateId"]) for one in listed)
    return {
        one["certificateDescription"]["certificateId"]: one["certificateDescription"]["certificatePem"]
        for one in described
    }


@pytest.fixture
def life(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Life]:
    """Makes an account with the stack's policies and secrets, and nothing else."""
    del stack
    for name, value in (("STAGE", "local"), ("VEN_POLICY", POLICY), ("ROTATE_DAYS", "0")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(ven_identity, "certificate_id_of", id_of)
    for module in (collection, adapters):  # moto's certificates are of now, whatever the time is
        monkeypatch.setattr(module, "COLLECT_AFTER_S", -60.0)
    iot = clients.iot()
    delete_thing = iot.delete_thing

    def of_what_is_there(**call: Any) -> None:
        """Deleting no thing succeeds. Source: AWS IoT API, DeleteThing; moto says that there is none."""
        with suppress(iot.exceptions.ResourceNotFoundException):
            delete_thing(**call)

    monkeypatch.setattr(iot, "delete_thing", of_what_is_there)

    def new_life() -> Life:
        moto_api_backend.reset()
        world = World()
        world.now = time.time()  # moto's certificates are of today
        monkeypatch.setattr(clock, "utc_now", lambda: world.now)
        monkeypatch.setattr(clock, "sleep", world.slept.append)
        iot.create_thing(thingName=VEN)
        for policy in (POLICY, CLAIM_POLICY):
            iot.create_policy(policyName=policy, policyDocument="{}")
        for name in (SECRET, CLAIM_SECRET):
            clients.secrets().create_secret(Name=name)
        stack = Stack(world)
        monkeypatch.setattr(cfn_response, "put_http", lambda _, raw: stack.answers.append(json.loads(raw)))
        return Life(stack, world)

    return new_life


@dataclass(frozen=True)
class Part:
    """An operation, what stands before it, and what whoever began it does when it was cut."""

    before: tuple[Callable[[Life], None], ...]
    operation: Callable[[Life], None]
    after: Callable[[Life], None]


def change_over(life: Life) -> None:
    """The VEN connects with the certificate that is in force."""
    life.connect(life.row["certificateId"])


def give_up_create(life: Life) -> None:
    """CloudFormation's answer to a Create that failed or never answered."""
    answers = [a for a in life.stack.answers if a["RequestId"] == "create"]
    if answers and answers[-1]["Status"] == "SUCCESS":
        return
    physical_id = answers[-1]["PhysicalResourceId"] if answers else "VenTwin-local-House1-1X2Y3Z"
    life.stack.ask("Delete", physical_id=physical_id, request_id="roll-back")
    life.stack.ask("Delete", physical_id=physical_id, request_id="roll-back")


def nothing(_: Life) -> None:
    """Nobody comes back to it."""


LIVING = Life.create, change_over, Life.sweep_once
"""The VEN has been there for a while: of its making no note is left."""
PARTS = {
    "create, repeated": Part((), Life.create, Life.create),
    "create, given up": Part((), Life.create, give_up_create),
    "replace": Part(LIVING, Life.replace, Life.replace),
    "delete": Part(LIVING, Life.delete, Life.delete),
    "the claim's": Part((), Life.create_claim, Life.create_claim),
    "begin": Part(LIVING, Life.begin, nothing),
    "finish": Part((*LIVING, Life.begin, change_over), Life.finish, nothing),
    "claim": Part((Life.allow, Life.come), Life.claim, nothing),
    "revoke": Part((Life.allow, Life.come, Life.claim), Life.revoke, Life.revoke),
}


def calls_of(part: Part, life: Life, patch: pytest.MonkeyPatch) -> list[str]:
    """The calls that the operation makes when nothing cuts it."""
    calls = Calls()
    for step in part.before:
        step(life)
    with patch.context() as inner:
        calls.install(inner)
        part.operation(life)
    return calls.made


ALL = os.environ.get("CUT_EVERY_CALL") == "1"
"""Every call is cut in every way, as by ``make cuts``: a thousand lives. Otherwise one of each, by a seed."""


@pytest.mark.parametrize("name", PARTS)
def test_a_cut_at_any_call_leaves_nothing_without_an_owner(
    monkeypatch: pytest.MonkeyPatch, name: str, life: Callable[[], Life]
) -> None:
    """Every certificate that is left is a living VEN's or the claim's, and these have all that they need."""
    part, rng = PARTS[name], random.Random(name)
    count = len(calls_of(part, life(), monkeypatch))
    assert count > 3
    # No function knows of a device's certificate before the first note of a claim is written.
    first = 1 if part.operation is Life.claim else 0
    cases = [(at, cut) for at in range(first, count) for cut in Cut]
    for at, cut in cases if ALL else rng.sample(cases, 1):
        one = life()
        for step in part.before:
            step(one)
        calls = Calls(at, cut)
        with monkeypatch.context() as patch:
            calls.install(patch)
            with suppress(KilledError, ClientError), warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # killed before it has counted anything
                part.operation(one)
        part.after(one)
        one.sweep()
        under_way = name == "begin"
        assert dict(_owned(one, under_way=under_way)) == _certificates(), f"{calls.made[at]} {cut.value}"
        assert [row for row in one.world.allowed.scan(["venId"]) if "." in row["venId"]] == [], calls.made[at]


def _certificates() -> dict[str, tuple[str, frozenset[str], frozenset[str]]]:
    """Every certificate: its status, its things and its policies."""
    iot = clients.iot()
    states = {}
    for one in iot.list_certificates()["certificates"]:
        arn = one["certificateArn"]
        policies = iot.list_attached_policies(target=arn)["policies"]
        things = iot.list_principal_things(principal=arn)["things"]
        names = frozenset(policy["policyName"] for policy in policies)
        states[one["certificateId"]] = (one["status"], frozenset(things), names)
    return states


def _owned(
    life: Life, *, under_way: bool
) -> Iterator[tuple[str, tuple[str, frozenset[str], frozenset[str]]]]:
    """The certificates as they should be: by the rows of VENs, their secrets, and the claim's secret."""
    for ven_id in (VEN, CLAIMED):
        row = life.world.ven(ven_id)
        owned = {row.get("certificateId"), row.get("connectedCertificateId") if under_way else None} - {None}
        for certificate_id in owned if row else set():
            yield str(certificate_id), ("ACTIVE", frozenset({ven_id}), frozenset({POLICY}))
        if row and ven_id == VEN:
            assert life.secret(SECRET) == row["certificateId"]
    claim = life.secret(CLAIM_SECRET)
    if claim is not None:
        yield claim, ("ACTIVE", frozenset(), frozenset({CLAIM_POLICY}))
