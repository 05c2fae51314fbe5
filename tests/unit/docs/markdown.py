"""The project's pages, and what stands on them: headings, links, code spans, tables."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = sorted((*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))

_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def prose(page: Path) -> str:
    """The page without its fenced blocks and indented commands."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return "\n".join(line for line in text.splitlines() if not line.startswith("    "))


def links(page: Path) -> list[str]:
    """Every link's target, pictures included."""
    return _LINK.findall(prose(page))


def code_spans(page: Path) -> list[str]:
    """Everything between backticks."""
    return _CODE.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """What a link may name after ``#``: the headings, as GitHub spells them."""
    headings = _HEADING.findall(prose(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def tables(page: Path) -> dict[str, list[list[str]]]:
    """The rows of the last table under each heading, its own heading row first."""
    by_heading: dict[str, list[list[str]]] = {}
    heading, inside = "", False
    for line in prose(page).splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        row = line.startswith("|")
        if row and not inside:
            by_heading[heading] = []
        inside = row
        if row and not re.fullmatch(r"[|\-: ]+", line):
            by_heading[heading].append([cell.strip() for cell in line.strip("|").split("|")])
    return by_heading


def names(cell: str) -> list[str]:
    """The code spans of one cell."""
    return _CODE.findall(cell)
