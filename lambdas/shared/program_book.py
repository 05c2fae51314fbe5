"""Programs in the events table, as the functions read and change them."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.api.programs import Program
from contracts.api.reports import DEFAULT_BASELINE
from contracts.api.requests import DEFAULT_PROGRAM
from contracts.store.definitions import (
    PROGRAM_ROWS,
    ProgramRow,
    all_programs,
    program_item,
    read_program,
)
from contracts.store.keys import PROGRAM_SORT_PREFIX, PROGRAMS_PARTITION, Key
from contracts.wire.ids import ProgramId
from lambdas.shared.rows import DAY_S
from lambdas.shared.tables import Condition, Table


@dataclass(frozen=True, slots=True)
class ProgramBook:
    """Programs by name. Errors of AWS pass through."""

    table: Table

    def find(self, program: ProgramId) -> ProgramRow | None:
        """The program's row, or None. A deleted one has `deleted_ts`."""
        return read_program(self.table.get(Key(PROGRAMS_PARTITION, f"{PROGRAM_SORT_PREFIX}{program}")))

    def program(self, program: ProgramId) -> Program | None:
        """The program; None where there is no such one. The default program there always is."""
        row = self.find(program)
        if row is not None and row.deleted_ts is None:
            return row.resource
        return Program(program=program, baseline=DEFAULT_BASELINE) if program == DEFAULT_PROGRAM else None

    def all(self) -> tuple[Program, ...]:
        """Every program, in the order of their names."""
        return all_programs(self.table.query(PROGRAMS_PARTITION, PROGRAM_ROWS))

    def put(self, row: ProgramRow, *, instead_of: ProgramRow | None) -> bool:
        """Write *row* over what was read as *instead_of*; False when another change was faster."""
        before = None if instead_of is None else instead_of.version
        return self.table.replace(program_item(row), when=Condition.unchanged("version", before))

    def drop(self, row: ProgramRow, version: str, *, now: float) -> bool:
        """Delete the program that was read as *row*; False when another change was faster."""
        gone = ProgramRow(
            program=row.program,
            baseline=row.baseline,
            version=version,
            changed_ts=now,
            deleted_ts=now,
            expires_ts=int(now) + DAY_S,
        )
        return self.put(gone, instead_of=row)
