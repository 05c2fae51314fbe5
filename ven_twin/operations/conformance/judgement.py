"""A verdict with what was seen, as every judge gives it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from ven_twin.operations.conformance.timeline import Timeline

PING, REFUSED, EVENT, RESTORE, OFFLINE_PING = "ping", "refused", "event", "restore", "offlinePing"
"""The commands of the suite by their names in a timeline."""
OFFLINE_HINT = "it was not disconnected: run with --offline"


class CaseVerdict(StrEnum):
    """The verdict of a case."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"
    NOT_SHOWN = "not shown"


class Judgement(NamedTuple):
    """A verdict, with what was seen."""

    verdict: CaseVerdict
    seen: str


Judge = Callable[[Timeline], Judgement]


def passed(seen: str) -> Judgement:
    """The VEN does what the case requires."""
    return Judgement(CaseVerdict.PASSED, seen)


def failed(seen: str) -> Judgement:
    """The VEN does not."""
    return Judgement(CaseVerdict.FAILED, seen)


def not_applicable(seen: str) -> Judgement:
    """The VEN has no such function, and need not."""
    return Judgement(CaseVerdict.NOT_APPLICABLE, seen)


def not_shown(seen: str) -> Judgement:
    """The run could not show it."""
    return Judgement(CaseVerdict.NOT_SHOWN, seen)
