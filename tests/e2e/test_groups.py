"""Groups and programs on the local cloud, without a deployment: made, targeted, changed, by both ways."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pytest

from contracts.store.stack import StackOutput

if TYPE_CHECKING:
    from tests.e2e.conftest import System

EVENT = ("event", "create", "--shed-kw", "1", "--duration", "10m", "--start", "2099-07-01T17:00Z")


@pytest.fixture(params=["tables", "api"])
def way(request: pytest.FixtureRequest, system: System) -> Iterator[Sequence[str]]:
    """The options of a way to the cloud; nothing is left behind."""
    yield () if request.param == "tables" else ("--api", system.cloud.output(StackOutput.API_URL))
    for event in system.json("event", "list"):
        if "north" in event.get("targets", ()) or event.get("program") == "peak":
            system.json("event", "delete", event["eventId"])
    system.cli("group", "delete", "north")
    system.cli("program", "delete", "peak")


def test_a_group_is_made_and_targeted(system: System, way: Sequence[str]) -> None:
    """No deployment in between; the group stays while the event for it is to come."""
    made = system.json("group", "set", "north", "ven-1", *way)
    assert (made["group"], made["venCount"]) == ("north", 1)
    assert system.json("group", "add", "north", "ven-2", *way)["venCount"] == 2
    assert system.json("group", "show", "north", *way)["vens"] == ["ven-1", "ven-2"]
    assert [group["group"] for group in system.json("group", "list", *way)] == ["north"]
    created = system.json(*EVENT, "--target", "north", *way)
    assert {*created["unavailable"], *(each["venId"] for each in created["assignments"])} == {
        "ven-1",
        "ven-2",
    }
    in_the_way = system.cli("group", "delete", "north", *way)
    assert in_the_way.returncode == 2
    why = f"is targeted by {created['eventId']}: revise, cancel or delete the event before"
    assert in_the_way.stderr == f"ven-twin: GROUP: {why}\n"
    assert "ven-1" in system.cli("fleet", "status", *way).stdout
    unknown = system.cli("group", "add", "north", "ven-77", *way)
    assert (unknown.returncode, unknown.stderr) == (2, "ven-twin: VEN: no VEN 'ven-77'\n")


def test_a_program_is_made_and_used(system: System, way: Sequence[str]) -> None:
    """The next event is settled by its rules."""
    system.json("program", "set", "peak", "--baseline", "caiso_10_of_10", "--holidays", "nerc", *way)
    rules = {program["program"]: program for program in system.json("program", "list", *way)}
    assert {"default", "peak"} <= rules.keys(), "beside those of the VTN"
    event_id = system.json(*EVENT, "--program", "peak", *way)["eventId"]
    item = system.event_item(event_id, "EVENT")
    assert item is not None
    assert (item["baseline"], item["holidays"]) == ("caiso_10_of_10", "nerc")
    in_the_way = system.cli("program", "delete", "peak", *way)
    assert f"PROGRAM: is used by {event_id}" in in_the_way.stderr
