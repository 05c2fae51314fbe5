"""Sentences of the docs are short, for those who read English as a second language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WORDS_MAX = 36
"""Interpretation: about twice the average that plain language asks for; figures in a row count as words."""
DOCS = ROOT / "docs"
FOLDERS = (DOCS, DOCS / "guides", DOCS / "reference")
PAGES = [
    path
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(page for at in FOLDERS for page in at.glob("*.md")),
    )
    if "Made by `make" not in path.read_text(encoding="utf-8")
]
NO_PROSE = re.compile(r"```.*?```|<!--.*?-->|^(?: {4}|\||#).*?$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\([^)]*\)")
END = re.compile(r"(?<=[.!?:;])(?:\*\*)?\s+|(?:^|\n)\s*(?:-|\d+\.)\s|\n\s*\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_no_sentence_that_is_hard_to_follow(page: Path) -> None:
    """From one full stop, colon or semicolon to the next; code and tables are none."""
    long = [text for text in sentences(page.read_text(encoding="utf-8")) if len(text.split()) > WORDS_MAX]
    assert long == []


def test_a_long_sentence_is_seen() -> None:
    """Across lines and links, and not across items of a list."""
    words = "word " * WORDS_MAX
    assert len([*sentences(f"{words}\nand [one](more.md) more. Then a short one.")]) == 2
    assert (
        max(len(text.split()) for text in sentences(f"- {words}\n- {words}\n\n    {words * 2}")) == WORDS_MAX
    )


def sentences(text: str) -> Iterator[str]:
    """The sentences of a page's prose."""
    prose = LINK.sub("]", NO_PROSE.sub("\n\n", text))
    for sentence in END.split(prose):
        if sentence.strip():
            yield " ".join(sentence.split())
