"""The list of decisions has every decision."""

from __future__ import annotations

import re

from tests.unit.docs.markdown import ROOT

FOLDER = ROOT / "docs" / "decisions"


def test_every_decision_is_listed_by_its_number_and_title() -> None:
    """In order, each with the heading of its page."""
    rows = re.findall(
        r"^\| \[(\d{4})\]\((.+)\) \| (.+) \|$", (FOLDER / "README.md").read_text(), re.MULTILINE
    )
    pages = sorted(FOLDER.glob("0*.md"))
    assert [name for _, name, _ in rows] == [page.name for page in pages]
    for (number, name, title), page in zip(rows, pages, strict=True):
        assert page.read_text().startswith(f"# {number} {title}\n")
        assert name.startswith(f"{number}-")
