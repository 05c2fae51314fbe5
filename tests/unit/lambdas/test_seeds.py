"""The context's groups and programs: written by a deployment where no operator has changed them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from contracts.store.stack import DEFINITIONS_RESOURCE
from lambdas.shared import cfn_response
from lambdas.shared.group_book import GroupBook
from lambdas.shared.program_book import ProgramBook
from tests.support.provisioning import Stack
from ven_twin.testing.function_world import World

NORTH = {"Groups": {"north": ["home-1", "home-2"]}}


@pytest.fixture
def stack(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """CloudFormation, which gets the answers."""
    stack = Stack(world)
    monkeypatch.setattr(cfn_response, "send", lambda _, answer: stack.answers.append(answer))
    return stack


def deploy(stack: Stack, kind: str, new: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> Any:
    """A request for the resource; returns its status and what it was answered."""
    answer = stack.ask(kind, type=DEFINITIONS_RESOURCE, new=dict(new), old=dict(old or {}))
    return answer["Status"], answer.get("Reason", "")


def groups(world: World) -> dict[Any, Any]:
    """Every group's members."""
    return GroupBook(world.events).all_members()


def test_the_contexts_groups_are_there_after_a_deployment(stack: Stack, world: World) -> None:
    """As the stack's, with what they have."""
    assert deploy(stack, "Create", NORTH)[0] == "SUCCESS"
    assert groups(world) == {"north": ("home-1", "home-2")}
    assert all(row.from_stack for row in GroupBook(world.events).rows().values())


def test_a_later_context_changes_and_removes_what_is_the_stacks(stack: Stack, world: World) -> None:
    """One that is new comes, one that changed changes, one that is left out goes."""
    old = {"Groups": {"north": ["home-1"], "south": ["home-2"]}}
    deploy(stack, "Create", old)
    deploy(stack, "Update", {"Groups": {"north": ["home-3"], "west": ["home-1"]}}, old)
    assert groups(world) == {"north": ("home-3",), "west": ("home-1",)}


@pytest.mark.parametrize("context", [{"Groups": {"north": ["home-3"]}}, {"Groups": {}}])
def test_an_operators_group_stays(stack: Stack, world: World, context: dict[str, Any]) -> None:
    """Whatever the context makes of it."""
    deploy(stack, "Create", NORTH)
    world.set_group("north", "home-9")
    assert deploy(stack, "Update", context, NORTH)[0] == "SUCCESS"
    assert groups(world) == {"north": ("home-9",)}


def test_a_group_that_an_operator_deleted_comes_back_when_the_context_changes_it(
    stack: Stack, world: World
) -> None:
    """A deployment that changes something else leaves it deleted."""
    deploy(stack, "Create", NORTH)
    book = GroupBook(world.events)
    assert book.drop(book.rows()["north"], "9f", now=world.now)  # type: ignore[index]
    more = {"Groups": {**NORTH["Groups"], "south": ["home-3"]}}
    deploy(stack, "Update", more, NORTH)
    assert groups(world) == {"south": ("home-3",)}
    deploy(stack, "Update", {"Groups": {"north": ["home-1"]}}, more)
    assert groups(world) == {"north": ("home-1",)}


def test_the_contexts_programs_have_their_calendars(stack: Stack, world: World) -> None:
    """Also a program that is named for its calendar alone; an operator's stays."""
    context = {
        "Programs": {"peak": "caiso_10_of_10", "own": "meter_before"},
        "Calendars": {"peak": "nerc", "default": "none"},
    }
    world.set_program("own", "clone")
    deploy(stack, "Create", context)
    rules = {each.program: (each.baseline, each.holidays) for each in ProgramBook(world.events).all()}
    assert rules == {
        "default": ("residential_5_of_10", "none"),
        "own": ("clone", None),
        "peak": ("caiso_10_of_10", "nerc"),
    }
    deploy(stack, "Update", {}, context)
    assert [each.program for each in ProgramBook(world.events).all()] == ["default", "own"]


def test_a_stack_that_goes_takes_nothing_away(stack: Stack, world: World) -> None:
    """Tables that outlive it keep their groups."""
    deploy(stack, "Create", NORTH)
    assert deploy(stack, "Delete", NORTH)[0] == "SUCCESS"
    assert groups(world) == {"north": ("home-1", "home-2")}


def test_properties_that_cannot_be_are_named(stack: Stack, world: World) -> None:
    """In CloudFormation's own event."""
    status, reason = deploy(stack, "Create", {"Programs": {"peak": "best"}})
    assert status == "FAILED"
    assert "ResourceProperties.Programs" in reason
    assert groups(world) == {}
