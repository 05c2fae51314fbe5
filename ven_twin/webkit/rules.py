"""The rules that every page is served beside its data, so that they are written once: here and in Python.

``GET /api/rules`` answers with a page's own rules, which begin with these.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect

from contracts.wire.events import Phase
from contracts.wire.units import LEAST_SHARE_KW
from ven_twin.webkit import formatting


class FormatRules(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The limits by which figures and times are written; see `formatting`."""

    kw_digits: int = formatting.KW_DIGITS
    least_share_kw: float = LEAST_SHARE_KW
    seconds_below_s: int = formatting.SECONDS_BELOW_S
    minutes_below_min: int = formatting.MINUTES_BELOW_MIN
    days_from_s: int = formatting.DAYS_FROM_S
    minus: str = formatting.MINUS


class Choice(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A value that can be chosen, and its words."""

    value: str
    words: str


class Bounds(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The range of a number, as its field in the contract has it; *default* where it has one."""

    minimum: float
    maximum: float
    default: float | None = None


class CommonRules(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The rules of every page.

    *silentS* without a message means that the server is lost. The chart has *chartKeptS* of points that
    are *chartApartS* apart; between two that are more than *chartGapS* apart no line is drawn. *phases* are
    the words of an event's phases.
    """

    silent_s: float
    chart_span_s: float = msgspec.field(name="chartKeptS")
    chart_apart_s: float
    chart_gap_s: float
    formats: FormatRules = FormatRules()
    phases: dict[Phase, str] = msgspec.field(default_factory=lambda: dict(formatting.PHASES))


def bounds(kind: type[msgspec.Struct], field: str) -> Bounds:
    """The range of a numeric *field* of *kind*. An open lower end counts as its end."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)  # noqa: S101 - of a Struct it is one
    described = next(one for one in info.fields if one.name == field)
    number: Any = described.type
    if isinstance(number, inspect.UnionType):
        number = next(one for one in number.types if not isinstance(one, inspect.NoneType))
    least = number.ge if number.ge is not None else number.gt
    default = described.default if isinstance(described.default, int | float) else None
    return Bounds(minimum=least, maximum=number.le, default=default)
