"""Groups and programs of the deployment's context, written where no operator has changed them.

in the context        nothing stored, or deleted    the stack's        an operator's
new, or changed       written                       written            stays
as it was before      stays                         stays              stays
taken out             stays                         deleted            stays
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from contracts.api.reports import DEFAULT_BASELINE, Baseline
from contracts.errors import VenTwinError
from contracts.store.definitions import GroupRow, ProgramRow
from contracts.wire import codec
from contracts.wire.ids import CheckedGroupName, CheckedProgramId, CheckedVenId, GroupName, ProgramId, VenId
from lambdas.shared.group_book import GroupBook
from lambdas.shared.program_book import ProgramBook

N = TypeVar("N", bound=str)
T = TypeVar("T")


class SeedInTheWayError(VenTwinError):
    """An operator has changed the group or program just now. Deploy again."""


class Definitions(msgspec.Struct, rename="pascal", frozen=True, kw_only=True):
    """Properties of the resource: members by group, baselines by program, holidays by program."""

    groups: dict[CheckedGroupName, tuple[CheckedVenId, ...]] = {}
    programs: dict[CheckedProgramId, Baseline] = {}
    calendars: dict[CheckedProgramId, str] = {}

    @property
    def rules(self) -> dict[ProgramId, tuple[Baseline, str | None]]:
        """Baseline and holidays of each program that either is named of."""
        names = dict.fromkeys((*self.programs, *self.calendars))
        return {name: (self.programs.get(name, DEFAULT_BASELINE), self.calendars.get(name)) for name in names}


@dataclass(frozen=True, slots=True)
class Seeds:
    """The groups and programs that the stack's deployments write."""

    groups: GroupBook
    programs: ProgramBook

    def sow(self, event: Mapping[str, object], *, now: float) -> None:
        """Carry out CloudFormation's request for them. Of a stack that goes nothing is taken away.

        Raises:
            FieldError: properties that cannot be read.
            SeedInTheWayError: an operator changes one at this moment.
        """
        if event.get("RequestType") == "Delete":
            return
        before, after = _read(event, "OldResourceProperties"), _read(event, "ResourceProperties")
        for group, vens in _changes(before.groups, after.groups):
            self._sow_group(group, vens, now=now)
        for program, rules in _changes(before.rules, after.rules):
            self._sow_program(program, rules, now=now)

    def _sow_group(self, group: GroupName, vens: tuple[VenId, ...] | None, *, now: float) -> None:
        stored = self.groups.find(group)
        if stored is not None and stored.deleted_ts is None and not stored.from_stack:
            return
        version = secrets.token_hex(8)
        if vens is None:
            done = stored is None or self.groups.drop(stored, version, now=now)
        else:
            row = GroupRow(group=group, version=version, changed_ts=now, from_stack=True)
            done = self.groups.put(row, vens, instead_of=stored) is not None
        if not done:
            raise SeedInTheWayError(group)

    def _sow_program(
        self, program: ProgramId, rules: tuple[Baseline, str | None] | None, *, now: float
    ) -> None:
        stored = self.programs.find(program)
        if stored is not None and stored.deleted_ts is None and not stored.from_stack:
            return
        version = secrets.token_hex(8)
        if rules is None:
            done = stored is None or self.programs.drop(stored, version, now=now)
        else:
            baseline, holidays = rules
            row = ProgramRow(
                program=program,
                baseline=baseline,
                holidays=holidays,
                version=version,
                changed_ts=now,
                from_stack=True,
            )
            done = self.programs.put(row, instead_of=stored)
        if not done:
            raise SeedInTheWayError(program)


def _changes(before: Mapping[N, T], after: Mapping[N, T]) -> Iterator[tuple[N, T | None]]:
    """Each name whose value is another than before, with its value; None of one that is left out."""
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield name, after.get(name)


def _read(event: Mapping[str, object], which: str) -> Definitions:
    value = event.get(which)
    return codec.convert(Definitions, value, under=which) if isinstance(value, Mapping) else Definitions()
