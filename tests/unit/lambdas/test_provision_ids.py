"""`provision_ven` refuses VENs that another stage of the account has, before a thing is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from contracts.store.stack import VEN_IDS_RESOURCE
from lambdas.provision_ven.handler import handler
from lambdas.shared import cfn_response
from tests.support.provisioning import thing_of
from ven_twin.testing.function_world import Context, World


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, world: World) -> list[dict[str, Any]]:
    """CloudFormation, which hears the answers."""
    assert world
    heard: list[dict[str, Any]] = []
    monkeypatch.setattr(cfn_response, "send", lambda _, answer: heard.append(answer))
    return heard


def _ask(
    kind: str, vens: Sequence[str], *, before: Sequence[str] | None = None, pattern: Sequence[str] = ()
) -> None:
    event: dict[str, Any] = {
        "RequestType": kind,
        "RequestId": "request-1",
        "ResponseURL": "https://cloudformation.example/answer",
        "StackId": "stack",
        "LogicalResourceId": "FreeIds",
        "ResourceType": VEN_IDS_RESOURCE,
        "ResourceProperties": {"ServiceToken": "arn", "VenIds": list(vens)},
    }
    if kind != "Create":
        event["PhysicalResourceId"] = "free-ids"
    if before is not None:
        event["OldResourceProperties"] = {"ServiceToken": "arn", "VenIds": list(before)}
    for which, value in zip(("ResourceProperties", "OldResourceProperties"), pattern, strict=False):
        event[which]["VenIdPattern"] = value
    handler(event, Context())


def _reason(answers: list[dict[str, Any]]) -> str:
    assert answers[-1]["Status"] == "FAILED"
    reason = str(answers[-1]["Reason"])
    assert "\n" not in reason
    return reason


def test_ids_that_are_free_are_let_through(answers: list[dict[str, Any]]) -> None:
    """Nothing of theirs is there, so CloudFormation goes on to make their things."""
    _ask("Create", ["ven-1", "ven-2"])
    assert answers[-1]["Status"] == "SUCCESS"
    assert answers[-1]["PhysicalResourceId"] == "free-ids"


def test_a_ven_of_another_stage_is_refused_in_one_line(answers: list[dict[str, Any]]) -> None:
    """The line names the VEN, the stage that has it, and what to do; CloudFormation shows it."""
    thing_of("ven-2", stage="prod")
    _ask("Create", ["ven-1", "ven-2"])
    reason = _reason(answers)
    assert "vens: ven-2 is a VEN of stage prod here: take another id, or remove it there" in reason
    assert "ven-1" not in reason


def test_a_thing_of_nobodys_is_refused(answers: list[dict[str, Any]]) -> None:
    """Its name is taken all the same, and its shadow would be read as the VEN's."""
    thing_of("ven-1")
    _ask("Create", ["ven-1"])
    assert "ven-1 is a thing of this account that is no stage's" in _reason(answers)


def test_a_ven_that_came_in_by_claim_is_refused(world: World, answers: list[dict[str, Any]]) -> None:
    """It is of this stage, and has a thing that no stack made."""
    thing_of("ven-1", stage="dev")
    world.add_ven("ven-1", certificateId="c1", claimedTs=1.0)
    _ask("Create", ["ven-1"])
    assert "ven-1 came in by claim: revoke it" in _reason(answers)


def test_the_stacks_own_vens_are_let_through(world: World, answers: list[dict[str, Any]]) -> None:
    """A stack of an earlier release has its VENs already when this resource joins it."""
    thing_of("ven-1", stage="dev")
    world.add_ven("ven-1", certificateId="c2", provisionRequestId="r1", resourceId="c1")
    _ask("Create", ["ven-1"])
    assert answers[-1]["Status"] == "SUCCESS"


def test_an_update_looks_at_the_vens_that_are_added(answers: list[dict[str, Any]]) -> None:
    """Those that were in the stack before have passed; a rollback to them is never refused."""
    thing_of("ven-1", stage="dev")
    _ask("Update", ["ven-1", "ven-2"], before=["ven-1"])
    assert answers[-1]["Status"] == "SUCCESS"
    _ask("Update", ["ven-1", "ven-2"], before=["ven-2"])
    assert "ven-1 is a VEN of stage dev here" in _reason(answers)
    _ask("Update", ["ven-2"], before=["ven-1", "ven-2"])
    assert answers[-1]["Status"] == "SUCCESS"


def test_a_pattern_that_a_ven_of_the_stage_does_not_fit_is_refused(
    world: World, answers: list[dict[str, Any]]
) -> None:
    """No function could reach it any more; the line names it and what to do. An old pattern passes."""
    world.add_ven("north-1", certificateId="c1", resourceId="c1")
    _ask("Update", ["north-1"], before=["north-1"], pattern=["north-*", "*"])
    assert answers[-1]["Status"] == "SUCCESS"
    world.add_ven("ven-9", certificateId="c2", claimedTs=1.0)
    _ask("Update", ["north-1"], before=["north-1"], pattern=["north-*", "*"])
    reason = _reason(answers)
    assert "ven_id_prefix: ven-9 is none of north-*: take it out in a deployment before this one" in reason
    assert "north-1" not in reason
    for pattern in (["*", "north-*"], ["north-*", "north-*"]):
        _ask("Update", ["north-1"], before=["north-1"], pattern=pattern)
        assert answers[-1]["Status"] == "SUCCESS"


def test_removing_the_check_does_nothing(answers: list[dict[str, Any]]) -> None:
    """The VENs are other resources; whatever they are named, the stack can be destroyed."""
    thing_of("ven-1")
    _ask("Delete", ["ven-1"])
    assert answers[-1]["Status"] == "SUCCESS"


def test_many_that_are_taken_are_one_short_line(answers: list[dict[str, Any]]) -> None:
    """CloudFormation cuts long reasons; some are named, and the others are counted."""
    vens = [f"ven-{number}" for number in range(8)]
    for ven_id in vens:
        thing_of(ven_id)
    _ask("Create", vens)
    assert "; and 3 more" in _reason(answers)
    assert len(_reason(answers)) < 600
