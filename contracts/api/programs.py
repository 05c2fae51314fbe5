"""Programs: the rules that events are settled by, the request to change one, and what is answered of them."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from contracts.api.reports import Baseline
from contracts.wire.ids import CheckedProgramId, ProgramId

PROGRAMS_MAX = 500
"""Programs of a stage. Interpretation: all of them go into one answer, and onto one page."""

HOLIDAYS = re.compile(r"^(auto|nerc|none|[A-Z]{2,3}(-[A-Za-z0-9]{1,8})?)$(?!\n)")
Holidays = Annotated[str, Meta(pattern=HOLIDAYS.pattern)]
"""A calendar of holidays by its name: ``auto``, ``nerc``, ``none``, or a country's with its part."""


class ProgramBody(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules of a program: the baseline that settles its events, and its *holidays*, else the stage's."""

    baseline: Baseline
    holidays: Holidays | None = None


class ChangeProgram(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `dispatch_event` to set a program, or without *rules* to delete it.

    *if_match* is the etag that the caller believes the program to have, or ``*`` for whatever there is;
    without it a program is made that there is not yet.
    """

    program: CheckedProgramId
    rules: ProgramBody | None
    if_match: Annotated[str, Meta(min_length=1, max_length=64)] | None = None


class ProgramChanged(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The program as it is now; a deleted one has no etag."""

    program: ProgramId
    etag: str | None = None
    ok: Literal[True] = True


class Program(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    """A program and its rules, changed at *changedTs*, UTC s.

    *fromStack* says that the deployment made it, and goes on to keep it, as no operator has changed it since.
    *etag* is what a change can be made on condition of; the default program has none before its first.
    """

    program: ProgramId
    baseline: Baseline
    holidays: str | None = None
    changed_ts: float | None = None
    etag: str | None = None
    from_stack: bool = False


class ProgramList(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    """Every program, in the order of their names."""

    items: tuple[Program, ...]
