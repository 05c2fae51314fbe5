"""``ven-twin group`` and ``program``: what reaches the cloud, what is printed, and how a refusal reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
import typer

from contracts.api.groups import GroupBody, GroupChange, GroupChanged, GroupDetail, GroupSummary
from contracts.api.programs import Program, ProgramBody, ProgramChanged
from contracts.errors import FieldError
from contracts.wire.ids import GroupName, ProgramId
from tests.support import fleets
from ven_twin.cli import group, program
from ven_twin.cli.usage import error_line
from ven_twin.operations.aggregator.protocol import RefusedError


@dataclass
class FakeAggregator:
    """One group and two programs; notes what is changed, or refuses it."""

    refusal: RefusedError | None = None
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def groups(self) -> Iterator[GroupSummary]:
        """The one."""
        return iter([fleets.SUMMARY])

    def group(self, name: GroupName) -> GroupDetail:
        """The one, or a refusal."""
        if name != "north":
            raise RefusedError("group", f"no group {name!r}", "notFound")
        return fleets.NORTH

    def set_group(self, name: GroupName, body: GroupBody, *, etag: str | None) -> GroupChanged:
        """Note it."""
        return self._group(name, "set", body.vens, etag)

    def change_group(self, name: GroupName, change: GroupChange) -> GroupChanged:
        """Note it."""
        return self._group(name, "change", change.add, change.remove)

    def delete_group(self, name: GroupName) -> None:
        """Note it."""
        self._group(name, "delete")

    def programs(self) -> tuple[Program, ...]:
        """The two."""
        return fleets.PROGRAMS

    def set_program(self, name: ProgramId, rules: ProgramBody, *, etag: str | None) -> ProgramChanged:
        """Note it."""
        self._note(name, "set", rules.baseline, rules.holidays, etag)
        return ProgramChanged(program=name, etag="3c")

    def delete_program(self, name: ProgramId) -> None:
        """Note it."""
        self._note(name, "delete")

    def _group(self, name: GroupName, *call: Any) -> GroupChanged:
        self._note(name, *call)
        return GroupChanged(group=name, ven_count=2, etag="2b")

    def _note(self, *call: Any) -> None:
        self.calls.append(call)
        if self.refusal is not None:
            raise self.refusal


def run(command: Any, aggregator: FakeAggregator, *arguments: Any, **options: Any) -> None:
    """Run a command over *aggregator*."""
    plain = cast("Callable[..., None]", command.__wrapped__)
    plain(*arguments, **{"json_output": False, **options}, aggregator=lambda: aggregator)


def test_a_group_is_set_on_condition_of_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """One that is there by its etag, a new one without; the operator reads how to target it."""
    aggregator = FakeAggregator()
    run(group.set_group, aggregator, "north", ["home-1", "home-2", "home-1"])
    run(group.set_group, aggregator, "south", ["home-3"])
    assert aggregator.calls == [
        ("north", "set", ("home-1", "home-2"), "1a"),
        ("south", "set", ("home-3",), None),
    ]
    assert (
        "Group north has 2 VENs. Target it: ven-twin event create --target north" in capsys.readouterr().out
    )


def test_vens_are_added_and_removed() -> None:
    """Without a condition: the others stay, whatever they are."""
    aggregator = FakeAggregator()
    run(group.add, aggregator, "north", ["home-3"])
    run(group.remove, aggregator, "north", ["home-1"])
    run(group.delete, aggregator, "north")
    assert aggregator.calls == [
        ("north", "change", ("home-3",), ()),
        ("north", "change", (), ("home-1",)),
        ("north", "delete"),
    ]


def test_groups_and_members_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    """A row a group; a VEN a line, home-9 before home-10; and all of it as JSON."""
    aggregator = FakeAggregator()
    run(group.list_groups, aggregator)
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["group", "VENs", "changed", "by"]
    assert (row.split()[:2], row.endswith("an operator")) == (["north", "25"], True)
    run(group.show, aggregator, "north")
    assert capsys.readouterr().out.splitlines()[8:11] == ["ven-9", "ven-10", "ven-11"]
    run(group.show, aggregator, "north", json_output=True)
    assert json.loads(capsys.readouterr().out)["vens"][0] == "ven-1"


def test_programs_are_read_and_set(capsys: pytest.CaptureFixture[str]) -> None:
    """A program that is there by its etag; the default one of the system has none."""
    aggregator = FakeAggregator()
    run(program.list_programs, aggregator)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[1] == ["default", "residential_5_of_10", "the", "stage's", "the", "system"]
    assert rows[2] == ["summer-peak", "caiso_10_of_10", "nerc", "the", "deployment"]
    run(program.set_program, aggregator, "summer-peak", baseline="meter_before", holidays=None)
    run(program.set_program, aggregator, "default", baseline="meter_before", holidays="nerc")
    run(program.delete, aggregator, "summer-peak")
    assert aggregator.calls == [
        ("summer-peak", "set", "meter_before", None, "2b"),
        ("default", "set", "meter_before", "nerc", None),
        ("summer-peak", "delete"),
    ]
    run(program.show, aggregator, "summer-peak")
    assert "settles by caiso_10_of_10, with nerc holidays" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("refusal", "line"),
    [
        (RefusedError("group", "is a VEN's id", "conflict"), "GROUP: is a VEN's id"),
        (RefusedError("vens[1]", "no VEN 'home-9'", "notFound"), "VEN: no VEN 'home-9'"),
        (RefusedError("ifMatch", "the etag is 2b by now", "preconditionFailed"), "GROUP: somebody else has"),
    ],
)
def test_a_refusal_names_what_was_typed(refusal: RefusedError, line: str) -> None:
    """The argument and not the request's field, and who lost a race reads that nothing is done."""
    with pytest.raises(FieldError) as refused:
        run(group.set_group, FakeAggregator(refusal), "north", ["home-1", "home-9"])
    assert error_line(refused.value).startswith(f"ven-twin: {line}")


def test_a_program_gets_the_refusal_as_the_function_gave_it(capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON, with the request's field."""
    refusal = RefusedError("group", "is targeted by e1", "conflict")
    with pytest.raises(typer.Exit):
        run(group.delete, FakeAggregator(refusal), "north", json_output=True)
    answer = json.loads(capsys.readouterr().out)
    assert (answer["field"], answer["code"], answer["ok"]) == ("group", "conflict", False)


@pytest.mark.parametrize(("command", "name"), [(group.show, "south"), (program.show, "winter")])
def test_what_there_is_not_is_told_to_a_program_too(
    command: Any, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With ``--json`` the refusal is JSON, of a group as of a program."""
    with pytest.raises(typer.Exit) as ended:
        run(command, FakeAggregator(), name, json_output=True)
    assert ended.value.exit_code == 2
    assert json.loads(capsys.readouterr().out)["code"] == "notFound"


@pytest.mark.parametrize(
    ("command", "arguments", "options", "field"),
    [
        (group.set_group, ("no/rth", ["home-1"]), {}, "GROUP"),
        (group.add, ("north", ["home 1"]), {}, "VEN"),
        (group.add, ("north", [f"home-{number}" for number in range(10_001)]), {}, "VEN"),
        (program.set_program, ("peak",), {"baseline": "best"}, "--baseline"),
        (program.show, ("winter",), {}, "PROGRAM"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_changed(
    command: Any, arguments: tuple[Any, ...], options: dict[str, Any], field: str
) -> None:
    """The argument or option is named."""
    aggregator = FakeAggregator()
    with pytest.raises(FieldError) as refused:
        run(command, aggregator, *arguments, **options)
    assert (refused.value.field, aggregator.calls) == (field, [])


def test_an_empty_group_and_no_groups_say_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command."""
    aggregator = FakeAggregator()
    monkeypatch.setattr(aggregator, "groups", lambda: iter(()))
    run(group.list_groups, aggregator)
    assert "ven-twin group set" in capsys.readouterr().out
    empty = GroupDetail(group=GroupName("north"), ven_count=0, changed_ts=0.0, etag="1a", vens=())
    monkeypatch.setattr(aggregator, "group", lambda _: empty)
    run(group.show, aggregator, "north")
    assert "ven-twin group add north" in capsys.readouterr().out
