"""The page of the conformance suite and its cases say the same."""

from __future__ import annotations

from tests.unit.docs.markdown import ROOT, anchors, names, tables
from ven_twin.operations.conformance.cases import CASES
from ven_twin.operations.conformance.judgement import CaseVerdict

TABLES = tables(ROOT / "docs" / "reference" / "conformance.md")


def test_the_page_has_every_case_as_it_is() -> None:
    """Id, weight, requirement and source, in the order of the report."""
    cases = [
        [case.case_id, "required" if case.required else "advised", case.requirement, case.source]
        for case in CASES
    ]
    assert [[*names(row[0]), *row[1:]] for row in TABLES["Cases"][1:]] == cases


def test_the_page_has_every_verdict() -> None:
    """A maker finds what each word of the report means."""
    assert [row[0] for row in TABLES["Conformance"][1:]] == list(CaseVerdict)


def test_every_source_of_ours_is_a_heading() -> None:
    """A requirement leads to the page that makes it."""
    for case in CASES:
        path, _, anchor = case.source.partition("#")
        if anchor:
            assert anchor in anchors(ROOT / path), case.source
