"""Every command line of README and docs is one that the parser takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.command_tree import parse
from tests.unit.docs.markdown import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_LINE = re.compile(r"^(?:    )?(?:eval \"\$\()?(?:\.venv/bin/)?(ven-twin .*?)(?:\)\")?$")


def _lines(page: Path) -> Iterator[str]:
    """The command lines of a page's blocks of code, joined where they go on; no placeholders."""
    text = page.read_text().replace("\\\n", " ")
    for line in text.splitlines():
        code = line.startswith("    ") and (match := _LINE.match(line.split("  #")[0].rstrip()))
        if code and match:
            for command in match[1].split(" | ")[0].split(" > ")[0].split(" && "):
                yield command.replace("$(seq -s, -f home-%g 1 20)", "home-1,home-2").replace("…", "x")


CARRIED_OUT = {"ven-twin --install-completion"}
"""Parsed is done, with these: a test would write into the home of whoever runs it."""
COMMANDS = sorted({line for page in PAGES for line in _lines(page)} - CARRIED_OUT)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_docs_is_parsed(line: str) -> None:
    """As it stands there, by the real parser; an old spelling is none that is taught."""
    parse(line)
    assert not re.search(r"--ven-id|--web-port|--minutes|--kw\b", line)


def test_the_docs_have_commands() -> None:
    """The pages are read at all."""
    assert len(COMMANDS) > 40
