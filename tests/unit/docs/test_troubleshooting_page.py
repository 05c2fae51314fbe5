"""The messages that the page of troubleshooting explains are those that the program prints."""

from __future__ import annotations

import re

import pytest

from tests.unit.docs.markdown import ROOT

PAGE = (ROOT / "docs/guides/troubleshooting.md").read_text(encoding="utf-8")
SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in ("contracts", "lambdas", "local_cloud", "ven_twin")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".py", ".js", ".html"}
)
JOINED = re.sub(r"\"\s*\n\s*f?\"", "", SOURCES)
"""The sources, with texts that go on over lines in one."""
MESSAGES = re.findall(r"^\| (?:`([^`]+)`|\*([^*]+)\*)", PAGE, re.MULTILINE)


def in_sources(message: str) -> bool:
    """True when the words of a message, but for what is filled in, stand in the sources."""
    fixed = re.sub(r"^--gateway-port 4566: ", "", message)
    return fixed in JOINED or (fixed == "address already in use" and "error.strerror.lower()" in SOURCES)


@pytest.mark.parametrize("message", [code or words for code, words in MESSAGES])
def test_a_message_is_one_that_the_program_prints(message: str) -> None:
    """A search of the page for what was printed finds it; a message that was reworded is reworded here."""
    assert in_sources(message)


def test_the_page_has_messages_and_a_made_up_one_is_noticed() -> None:
    """The table is read at all."""
    assert len(MESSAGES) > 25
    assert not in_sources("the cloud is on holiday")
