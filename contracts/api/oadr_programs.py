"""A program of OpenADR as the program by which its events are shared out and settled. Pure.

    attribute of the program      values                                          without it
    ────────────────────────      ────────────────────────────────────────────    ───────────────────────
    VEN_TWIN_BASELINE             the name of one baseline                        the default program's
    VEN_TWIN_HOLIDAYS             the name of one calendar of holidays            the stage's
    VEN_TWIN_ALLOCATION           each, merit or proportional                     each

A value of OpenADR is for each VEN that reads it. With ``merit`` or ``proportional`` the values of the
program's events are the fleet's total instead, which the stage's VENs share.

Interpretation: OpenADR leaves attributes to the programs; these are this stage's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, get_args

import msgspec

from contracts.api.programs import Holidays, ProgramBody
from contracts.api.reports import DEFAULT_BASELINE, Baseline
from contracts.api.requests import UNSHARED, Allocation
from contracts.errors import FieldError
from contracts.openadr.objects import OadrProgram
from contracts.openadr.values import ValuesMap
from contracts.wire.ids import VEN_ID, ProgramId

BASELINE, HOLIDAYS, ALLOCATION = "VEN_TWIN_BASELINE", "VEN_TWIN_HOLIDAYS", "VEN_TWIN_ALLOCATION"


class SharingRules(NamedTuple):
    """The rules by which a program's events are settled, and how their values are *allocation* to VENs."""

    settled_by: ProgramBody
    allocation: Allocation


def program_id_of(program: OadrProgram) -> ProgramId:
    """Our name of a program: its own where that can be a name of ours, else the VTN's id of it."""
    name = program.program_name
    return ProgramId(name if VEN_ID.fullmatch(name) else program.id)


def sharing_rules(attributes: Iterable[ValuesMap] | None) -> SharingRules:
    """The rules in a program's attributes.

    Raises:
        FieldError: one of them has another value than its kind allows; the field is the attribute's type.
    """
    read = {attribute.type: attribute for attribute in attributes or ()}
    baseline = _value(read.get(BASELINE), Baseline, f"one of {', '.join(get_args(Baseline))}")
    holidays = _value(
        read.get(HOLIDAYS),
        Holidays,
        "one of auto, nerc, none, or a country with its division, such as GB-ENG",
    )
    allocation = _value(read.get(ALLOCATION), Allocation, f"one of {', '.join(get_args(Allocation))}")
    return SharingRules(
        ProgramBody(baseline=baseline or DEFAULT_BASELINE, holidays=holidays), allocation or UNSHARED
    )


def has_totals(attributes: Iterable[ValuesMap] | None) -> bool:
    """True of a program whose values are the fleet's total, and no VEN's own. Raises FieldError."""
    return sharing_rules(attributes).allocation != UNSHARED


def names_rules(attributes: Iterable[ValuesMap] | None) -> bool:
    """True of attributes that say how events are settled."""
    return any(attribute.type in {BASELINE, HOLIDAYS} for attribute in attributes or ())


def _value(attribute: ValuesMap | None, kind: Any, allowed: str) -> Any:
    """The attribute's one value as a *kind*; None where there is no such attribute."""
    if attribute is None:
        return None
    try:
        (value,) = attribute.values
        return msgspec.convert(value, kind)
    except (ValueError, msgspec.ValidationError):
        raise FieldError(attribute.type, f"expected {allowed}") from None
