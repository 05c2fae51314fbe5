"""The page of exit codes has the codes of the program."""

from __future__ import annotations

import re

from tests.unit.docs.markdown import ROOT
from ven_twin.cli.exit_codes import ExitCode

PAGE = (ROOT / "docs/reference/exit-codes.md").read_text()


def test_the_page_has_every_code_and_no_other() -> None:
    """In order, each with its name's words."""
    rows = re.findall(r"^\| (\d+) \| ([a-z ]+)", PAGE, re.MULTILINE)
    assert [int(code) for code, _ in rows] == list(ExitCode)
    for code, words in rows:
        name = ExitCode(int(code)).name.lower().replace("_", " ")
        assert words.startswith(name), words
