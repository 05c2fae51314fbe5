"""`provision_ven`: CloudFormation's custom resource, whatever fails and however often it is asked."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from contracts.store.keys import Key
from contracts.store.stack import stage_of_policy
from lambdas.shared import cfn_response, clients, clock
from lambdas.shared.ven_identity import Certificates, amazon_roots_pem
from tests.support.killed import KilledError, kill_after
from tests.support.provisioning import POLICY, Stack
from ven_twin.testing.function_world import NOW


def test_a_created_ven_has_an_identity(stack: Stack) -> None:
    """An active certificate on the thing with the policy, three PEMs and its rules in the secret, a row."""
    answer = stack.create()
    (certificate_id,) = stack.certificates
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", certificate_id)
    assert stack.certificates == {certificate_id: "ACTIVE"}
    assert stack.attached == {certificate_id}
    pems = {"CA_CERT_PEM", "CLIENT_CERT_PEM", "PRIVATE_KEY_PEM"}
    assert set(stack.secret) == pems | {"BASIC_INGEST_RULES"}
    assert stack.secret["BASIC_INGEST_RULES"] == f"ven_twin_{stage_of_policy(POLICY)}"
    assert stack.secret["CA_CERT_PEM"] == "ROOT"
    assert "PRIVATE KEY" in stack.secret["PRIVATE_KEY_PEM"]
    assert (stack.ven["certificateId"], stack.ven["provisionedTs"]) == (certificate_id, NOW)
    arn = clients.iot().describe_certificate(certificateId=certificate_id)["certificateDescription"]
    policies = clients.iot().list_attached_policies(target=arn["certificateArn"])["policies"]
    assert [policy["policyName"] for policy in policies] == [POLICY]


def test_the_answer_repeats_what_cloudformation_needs(stack: Stack) -> None:
    """Stack, request and logical id come back; the answer is not echoed."""
    answer = stack.create(request_id="r1")
    assert (answer["StackId"], answer["RequestId"], answer["LogicalResourceId"]) == ("stack", "r1", "House1")
    assert answer["NoEcho"] is True
    assert answer["Data"] == {"CertificateId": answer["PhysicalResourceId"]}


def test_no_key_leaves_but_into_the_secret(
    stack: Stack, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither an answer nor a log line carries a key or a certificate, success or failure."""
    with caplog.at_level(logging.INFO):
        stack.create()
        stack.create(new={"PolicyName": "missing"})
    said = caplog.text + "".join(capsys.readouterr()) + json.dumps(stack.answers)
    assert "FAILED" in said
    assert "BEGIN" not in said
    assert stack.secret["PRIVATE_KEY_PEM"] not in said


def test_without_a_trust_root_amazons_are_trusted(stack: Stack) -> None:
    """On AWS the endpoint is signed by Amazon's roots, which come with the function."""
    stack.create(new={"TrustRootPem": ""})
    assert stack.secret["CA_CERT_PEM"] == amazon_roots_pem()
    assert amazon_roots_pem().count("BEGIN CERTIFICATE") == 2


def test_a_create_that_is_repeated_makes_no_second_certificate(stack: Stack) -> None:
    """After a lost answer, the same request finds its certificate and gives the same id."""
    first = stack.create(request_id="r1")
    secret = stack.secret
    again = stack.create(request_id="r1")
    assert again["PhysicalResourceId"] == first["PhysicalResourceId"]
    assert (len(stack.certificates), stack.secret) == (1, secret)


IOT_STEPS = ["attach_thing_principal", "attach_policy", "update_certificate"]


@pytest.mark.parametrize(
    ("client", "step"),
    [*(("iot", step) for step in IOT_STEPS), ("secrets", "put_secret_value"), ("dynamodb", "update_item")],
)
def test_a_create_that_was_killed_leaves_no_second_certificate_behind(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, client: str, step: str
) -> None:
    """Killed after any step since the certificate was attached, the repeat ends with one certificate."""
    target = getattr(clients, client)()
    with monkeypatch.context() as patch:
        kill_after(patch, target, step)
        patch.setattr(Certificates, "remove", lambda *_, **__: None)  # nobody is there to undo anything
        with pytest.raises(KilledError):
            stack.create(request_id="r1")
    answer = stack.create(request_id="r1")
    assert stack.certificates == {answer["PhysicalResourceId"]: "ACTIVE"}
    assert stack.ven["certificateId"] == answer["PhysicalResourceId"]


@pytest.mark.parametrize(
    ("client", "step"),
    [
        ("iot", "create_certificate_from_csr"),
        *(("iot", step) for step in IOT_STEPS),
        ("secrets", "put_secret_value"),
        ("dynamodb", "update_item"),
    ],
)
def test_a_create_that_fails_undoes_its_own_work(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, client: str, step: str
) -> None:
    """Whichever call fails: nothing is left on thing and policy, or the stack's rollback fails on them."""
    target = getattr(clients, client)()
    real, broken = getattr(target, step), [True]

    def fail(**call: Any) -> Any:
        if broken:
            broken.clear()
            error = {"Error": {"Code": "InternalFailureException", "Message": "secret words"}}
            raise target.exceptions.ClientError(error, step)
        return real(**call)

    monkeypatch.setattr(target, step, fail)
    answer = stack.create()
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith(f"{step} failed: InternalFailureException")
    assert "secret words" not in answer["Reason"]
    assert (stack.certificates, stack.attached, stack.ven) == ({}, set(), {})
    rolled_back = stack.ask("Delete", physical_id=answer["PhysicalResourceId"])
    assert rolled_back["Status"] == "SUCCESS"
    assert stack.create()["Status"] == "SUCCESS"


def test_a_certificate_that_could_not_be_undone_is_left_for_the_delete(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If even the undoing fails, the answer's id is the certificate's, and the rollback removes it."""
    with monkeypatch.context() as patch:
        patch.setattr(clients.secrets(), "put_secret_value", _unavailable)
        patch.setattr(clients.iot(), "delete_certificate", _unavailable)
        answer = stack.create()
    assert (answer["Status"], {answer["PhysicalResourceId"]}) == ("FAILED", set(stack.certificates))
    stack.ask("Delete", physical_id=answer["PhysicalResourceId"])
    assert stack.certificates == {}


def _unavailable(**_: Any) -> None:
    raise ConnectionError


@pytest.mark.parametrize(
    "event",
    [{"new": {"VenId": "a/b"}}, {"new": {"PolicyName": None}}],
)
def test_properties_that_cannot_be_read_are_answered(stack: Stack, event: dict[str, Any]) -> None:
    """A wrong template gets a FAILED that names the property, at once and not after an hour."""
    answer = stack.create(**event)
    assert answer["Status"] == "FAILED"
    assert "VenId" in answer["Reason"] or "PolicyName" in answer["Reason"]
    assert stack.certificates == {}


def test_a_missing_setting_is_answered(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a function that was deployed wrongly answers."""
    monkeypatch.delenv("VENS_TABLE")
    assert stack.create()["Status"] == "FAILED"


def test_the_answer_is_sent_again_when_it_cannot_be_delivered(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack whose answer is lost hangs for an hour."""
    failures = [OSError(), OSError()]

    def put(_url: str, raw: bytes) -> None:
        if failures:
            raise failures.pop()
        stack.answers.append(json.loads(raw))

    monkeypatch.setattr(cfn_response, "put_http", put)
    assert stack.create()["Status"] == "SUCCESS"


def test_a_new_trust_root_keeps_certificate_and_key(stack: Stack) -> None:
    """An update of the trust root alone rewrites the CA in the secret and nothing else."""
    first, before = stack.create(), stack.secret
    answer = stack.ask("Update", physical_id=first["PhysicalResourceId"], new={"TrustRootPem": "NEW"})
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", first["PhysicalResourceId"])
    assert stack.secret == before | {"CA_CERT_PEM": "NEW"}
    assert len(stack.certificates) == 1


def test_an_update_that_changes_nothing_does_nothing(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack update that only moves other properties leaves the identity alone."""
    first = stack.create()
    monkeypatch.setattr(clients.secrets(), "put_secret_value", _unavailable)
    answer = stack.ask("Update", physical_id=first["PhysicalResourceId"], new={"ServiceToken": "new"})
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", first["PhysicalResourceId"])


@pytest.mark.parametrize("new", [{"PolicyName": "other"}, {"Rotation": "2"}])
def test_a_rotation_is_a_new_certificate_and_then_the_end_of_the_old(
    stack: Stack, new: dict[str, str]
) -> None:
    """Both are active until CloudFormation deletes the old one, which does not unregister the VEN."""
    old = stack.create()["PhysicalResourceId"]
    stack.world.now += 60
    answer = stack.ask("Update", physical_id=old, new=new)
    assert answer["PhysicalResourceId"] != old
    assert stack.certificates == {old: "ACTIVE", answer["PhysicalResourceId"]: "ACTIVE"}
    assert stack.ask("Delete", physical_id=old)["Status"] == "SUCCESS"
    assert stack.certificates == {answer["PhysicalResourceId"]: "ACTIVE"}
    assert (stack.ven["certificateId"], stack.ven["provisionedTs"]) == (answer["PhysicalResourceId"], NOW)


def test_a_rotation_that_fails_keeps_the_old_identity(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret, the certificate, the row and the physical id stay what they were."""
    old, secret = stack.create()["PhysicalResourceId"], stack.secret
    with monkeypatch.context() as patch:
        patch.setattr(clients.dynamodb(), "update_item", _unavailable)
        answer = stack.ask("Update", physical_id=old, new={"Rotation": "2"})
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", old)
    assert (stack.certificates, stack.secret) == ({old: "ACTIVE"}, secret)
    assert stack.ven["certificateId"] == old


def test_another_ven_id_moves_to_the_other_thing(stack: Stack) -> None:
    """The new VEN gets a certificate of its own; deleting the old one removes the old VEN's row."""
    clients.iot().create_thing(thingName="house-2")
    old = stack.create()["PhysicalResourceId"]
    stack.ask("Update", physical_id=old, new={"VenId": "house-2"})
    stack.ask("Delete", physical_id=old)
    assert stack.ven == {}
    assert stack.world.vens.get(Key("house-2")) is not None


def test_a_delete_removes_everything(stack: Stack) -> None:
    """Detached from all, deactivated, deleted; the VEN's row and what it holds of the house is gone."""
    certificate_id = stack.create()["PhysicalResourceId"]
    arn = clients.iot().describe_certificate(certificateId=certificate_id)["certificateDescription"]
    clients.iot().attach_policy(policyName="other", target=arn["certificateArn"])
    assert stack.ask("Delete", physical_id=certificate_id)["Status"] == "SUCCESS"
    assert (stack.certificates, stack.attached, stack.ven) == ({}, set(), {})


def test_a_delete_tolerates_what_is_already_gone(stack: Stack) -> None:
    """Twice, half done by hand, or of a certificate that never was: SUCCESS, or the stack cannot go."""
    certificate_id = stack.create()["PhysicalResourceId"]
    for physical_id in (certificate_id, certificate_id, "0" * 64, "not-provisioned-r1"):
        assert stack.ask("Delete", physical_id=physical_id)["Status"] == "SUCCESS"


def test_a_delete_waits_until_the_detaching_has_taken_effect(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Detaching is asynchronous on AWS: a conflict right after it is tried again."""
    certificate_id = stack.create()["PhysicalResourceId"]
    iot, conflicts = clients.iot(), [1, 2, 3]
    real = iot.delete_certificate

    def delete(**call: Any) -> Any:
        if conflicts:
            conflicts.pop()
            error = {"Error": {"Code": "DeleteConflictException"}}
            raise iot.exceptions.DeleteConflictException(error, "DeleteCertificate")  # type: ignore[arg-type]
        return real(**call)

    slept: list[float] = []
    monkeypatch.setattr(iot, "delete_certificate", delete)
    monkeypatch.setattr(clock, "sleep", slept.append)
    assert stack.ask("Delete", physical_id=certificate_id)["Status"] == "SUCCESS"
    assert stack.certificates == {}


def test_an_update_that_is_repeated_makes_no_third_certificate(stack: Stack) -> None:
    """Invoked twice for one Update, the function finds what it made and gives the same id."""
    old = stack.create()["PhysicalResourceId"]
    again = {"physical_id": old, "request_id": "r2", "new": {"Rotation": "2"}}
    first, secret = stack.ask("Update", **again), stack.secret
    assert stack.ask("Update", **again)["PhysicalResourceId"] == first["PhysicalResourceId"]
    assert (set(stack.certificates), stack.secret) == ({old, first["PhysicalResourceId"]}, secret)


def test_a_claim_that_is_repeated_makes_no_second_certificate(stack: Stack) -> None:
    """The claim's secret says which request made it."""
    claim = {"request_id": "r1", "new": {"VenId": None}}
    first, secret = stack.create(**claim), stack.secret
    assert first["Status"] == "SUCCESS"
    assert stack.create(**claim)["Status"] == "SUCCESS"
    assert (len(stack.certificates), stack.secret) == (1, secret)


def test_a_delete_that_comes_once_more_leaves_the_ven_that_was_made_since(stack: Stack) -> None:
    """An invocation delivered late and twice takes away the certificate that it names, and no other."""
    old = stack.create()["PhysicalResourceId"]
    stack.ask("Delete", physical_id=old)
    new = stack.create()["PhysicalResourceId"]
    assert stack.ask("Delete", physical_id=old)["Status"] == "SUCCESS"
    assert (stack.certificates, stack.attached) == ({new: "ACTIVE"}, {new})
    assert stack.ven["certificateId"] == new
