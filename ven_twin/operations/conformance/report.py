"""The report of a run, and the page that a maker hands in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from contracts.wire.ids import VenId
from ven_twin.operations.conformance.cases import CaseResult
from ven_twin.operations.conformance.judgement import CaseVerdict


class ConformanceReport(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The report; *conforms* when no required case failed. Times are UTC, ISO 8601."""

    ven_id: VenId
    stage: str
    begun_at: str
    ended_at: str
    conforms: bool
    cases: Sequence[CaseResult]


def conforms(cases: Sequence[CaseResult]) -> bool:
    """True when no required case failed."""
    return not any(case.required and case.verdict is CaseVerdict.FAILED for case in cases)


def summary(cases: Sequence[CaseResult]) -> str:
    """The number of cases by verdict, in one line."""
    counts = Counter(case.verdict for case in cases)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in CaseVerdict if counts[verdict])


def page(report: ConformanceReport) -> str:
    """The report as a page of Markdown."""
    verdict = "Conforms" if report.conforms else "**Does not conform**"
    where = f"`ven-twin conform`, stage {report.stage}, {report.begun_at} to {report.ended_at}"
    return "\n".join(
        [
            f"# VEN {report.ven_id}: conformance",
            "",
            f"{verdict}: {summary(report.cases)}. {where}.",
            "",
            "| case | | verdict | seen | requirement | source |",
            "|---|---|---|---|---|---|",
            *map(_line, report.cases),
            "",
            "A case that is advised does not decide. What is not shown was not looked at in this run,",
            "or could not be seen from the cloud.",
            "",
        ]
    )


def _line(case: CaseResult) -> str:
    weight = "required" if case.required else "advised"
    cells = (case.case_id, weight, str(case.verdict), case.seen, case.requirement, case.source)
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
