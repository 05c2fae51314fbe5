"""Policies and certificates go when AWS lets go of them, and only with their stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from lambdas.shared import clients, clock
from tests.support.provisioning import POLICY, Stack
from ven_twin.testing.function_world import Context, World


@dataclass(frozen=True)
class LongContext(Context):
    """An invocation that has just begun."""

    def get_remaining_time_in_millis(self) -> int:
        """Ten minutes."""
        return 600_000


@dataclass
class SlowToLetGo:
    """AWS IoT, where what was detached stays undeletable for a while."""

    monkeypatch: pytest.MonkeyPatch
    call: str
    error: str
    for_s: float
    slept_s: float = 0.0

    def __post_init__(self) -> None:
        """Take the place of the call, and of the clock."""
        self.real = getattr(clients.iot(), self.call)
        self.monkeypatch.setattr(clients.iot(), self.call, self.delete)
        self.monkeypatch.setattr(clock, "sleep", self.sleep)

    def sleep(self, duration_s: float) -> None:
        """Let time pass."""
        self.slept_s += duration_s

    def delete(self, **arguments: Any) -> Any:
        """Delete, once it is time."""
        if self.slept_s < self.for_s:
            raise getattr(clients.iot().exceptions, self.error)({"Error": {"Code": self.error}}, self.call)
        return self.real(**arguments)


def remove(stack: Stack, kind: str = "Delete", **more: Any) -> Any:
    """CloudFormation's request for the resource that goes before the policy."""
    new = {"VenId": None, "PolicyName": POLICY}
    return stack.ask(kind, type="Custom::PolicyRemoval", new=new, physical_id=f"removal-of-{POLICY}", **more)


def policies() -> set[str]:
    """The policies that there are."""
    return {policy["policyName"] for policy in clients.iot().list_policies()["policies"]}


def claimed(world: World) -> Any:
    """A certificate with the policy that no resource of the stack knows of."""
    certificates = world.certificates
    certificate = certificates.create("claim")
    certificates.attach(certificate, policy=POLICY)
    return certificate


@pytest.mark.parametrize("status", ["DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"])
def test_a_policy_goes_with_its_stack_whatever_still_has_it(stack: Stack, status: str) -> None:
    """VENs that came by claim are no resources; neither they nor old versions keep a stack from going."""
    stack.status = status
    certificate = claimed(stack.world)
    clients.iot().create_policy_version(policyName=POLICY, policyDocument="{}", setAsDefault=True)
    assert remove(stack)["Status"] == "SUCCESS"
    assert policies() == {"other"}
    assert clients.iot().list_attached_policies(target=certificate.arn)["policies"] == []


def test_a_policy_is_waited_for_until_it_can_be_deleted(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS keeps it for five minutes after it was detached; CloudFormation hears nothing before it is gone."""
    stack.context = LongContext()
    slow = SlowToLetGo(monkeypatch, "delete_policy", "DeleteConflictException", for_s=300)
    assert remove(stack)["Status"] == "SUCCESS"
    assert policies() == {"other"}
    assert 300 <= slow.slept_s < 320


def test_a_policy_that_cannot_be_deleted_in_time_is_said_so(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer goes out before the function is ended, or the stack would wait for an hour."""
    stack.context = LongContext()
    slow = SlowToLetGo(monkeypatch, "delete_policy", "DeleteConflictException", for_s=1e9)
    answer = remove(stack)
    assert (answer["Status"], policies()) == ("FAILED", {POLICY, "other"})
    assert "DeleteConflictException" in answer["Reason"]
    assert 300 < slow.slept_s <= 540


def test_removed_twice_is_removed_once(stack: Stack) -> None:
    """Invoked again for the same request, the function finds nothing left, and succeeds."""
    assert [remove(stack)["Status"], remove(stack)["Status"]] == ["SUCCESS", "SUCCESS"]


@pytest.mark.parametrize(
    "status",
    [
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "CREATE_COMPLETE",
    ],
)
def test_while_the_stack_stays_no_ven_loses_its_rights(stack: Stack, status: str) -> None:
    """An update that brought the resource and is rolled back takes it away, and nothing of the VENs."""
    ven = stack.create()["PhysicalResourceId"]
    stack.status = status
    assert remove(stack)["Status"] == "SUCCESS"
    assert POLICY in policies()
    arn = clients.iot().describe_certificate(certificateId=ven)["certificateDescription"]["certificateArn"]
    assert [p["policyName"] for p in clients.iot().list_attached_policies(target=arn)["policies"]] == [POLICY]


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_nothing_is_done_before_the_policy_goes(stack: Stack, kind: str) -> None:
    """Made or changed, the resource only has a name."""
    certificate = claimed(stack.world)
    answer = remove(stack, kind)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", f"removal-of-{POLICY}")
    assert clients.iot().list_attached_policies(target=certificate.arn)["policies"] != []


def test_a_made_resource_is_named_by_its_policy(stack: Stack) -> None:
    """Without a name of CloudFormation's yet."""
    answer = stack.create(type="Custom::PolicyRemoval", new={"VenId": None})
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", f"removal-of-{POLICY}")
    assert stack.certificates == {}


def test_a_certificate_is_waited_for_until_it_can_be_deleted(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when AWS takes minutes to let go of it."""
    ven = stack.create()["PhysicalResourceId"]
    slow = SlowToLetGo(monkeypatch, "delete_certificate", "DeleteConflictException", for_s=240)
    assert stack.ask("Delete", physical_id=ven)["Status"] == "SUCCESS"
    assert (stack.certificates, stack.ven) == ({}, {})
    assert 240 <= slow.slept_s <= 300


def test_a_certificate_that_stays_is_found_again(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is back on its thing, and opens nothing; the next attempt takes it away."""
    ven = stack.create()["PhysicalResourceId"]
    with monkeypatch.context() as patch:
        SlowToLetGo(patch, "delete_certificate", "DeleteConflictException", for_s=1e9)
        assert stack.ask("Delete", physical_id=ven)["Status"] == "FAILED"
    assert (stack.certificates, stack.attached) == ({ven: "INACTIVE"}, {ven})
    assert stack.ask("Delete", physical_id=ven)["Status"] == "SUCCESS"
    assert (stack.certificates, stack.attached) == ({}, set())
