"""Every command line of README and docs is one that the parser takes, and is run or has a reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.doc_commands.reading import DocCommand, DocFile, commands, steps
from harness.doc_commands.rules import CHAINS, ELSEWHERE, NOT_RUN, ROOT, reason_not_run
from tests.unit.cli.command_tree import parse

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUN = [ROOT / "README.md", ROOT / "docs/tutorial.md", *sorted((ROOT / "docs/guides").glob("*.md"))]
IMAGE = re.compile(r"^(?:podman|docker) run .*? ven-twin( .+)$")
"""A command in a container; behind the image's name stand the arguments of `ven-twin`."""
CARRIED_OUT = "ven-twin --install-completion"
"""Parsed is done, with this: a test would write into the home of whoever runs it."""


def lines_of(page: Path) -> list[str]:
    """The command lines of ven-twin on a page, without what the shell makes of them."""
    lines = []
    for command in commands(page):
        text = command.text
        if inside := IMAGE.match(text):
            text = f"ven-twin{inside[1]}"
        for word in re.split(r" \| | > | && | & |; |\)\"$|^eval \"\$\(", text):
            line = word.strip().removeprefix(".venv/bin/")
            if line.startswith("ven-twin ") and line != CARRIED_OUT:
                lines.append(line.replace("$(seq -s, -f home-%g 1 20)", "home-1,home-2").replace("…", "x"))
    return lines


COMMANDS = sorted({line for page in PAGES for line in lines_of(page)})


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_docs_is_parsed(line: str) -> None:
    """As it stands there, by the real parser; an old spelling is none that is taught."""
    parse(line)
    assert not re.search(r"--ven-id|--web-port|--minutes|--kw\b", line)


def test_the_docs_have_commands() -> None:
    """The pages are read at all."""
    assert len(COMMANDS) > 100


def test_every_page_of_commands_is_run() -> None:
    """README, tutorial and guides are each in one chain, or followed in another way."""
    followed = {*ELSEWHERE, *(name for chain in CHAINS for name in chain)}
    names = {page.relative_to(ROOT).as_posix() for page in RUN}
    assert followed <= names
    assert {name for name in names - followed if commands(ROOT / name)} == set()


def test_a_command_is_left_out_for_a_reason_that_still_holds() -> None:
    """A pattern that fits no command any more is gone; most commands are run."""
    all_commands = [command for page in RUN for command in commands(page)]
    for pattern, reason in NOT_RUN:
        assert any(re.search(pattern, command.text) for command in all_commands), reason
        named = re.search(r"tests/\S+\.py", reason)
        assert named is None or (ROOT / named[0]).is_file()
    left_out = [command for command in all_commands if reason_not_run(command)]
    assert len(left_out) < len(all_commands) / 2


def test_blocks_are_read_as_a_reader_types_them(tmp_path: Path) -> None:
    """Fenced or indented, over several lines, with the exit code that the comment names; output is none."""
    page = tmp_path / "page.md"
    page.write_text(
        "```sh\nven-twin a \\\n  --b 1   # exit 3 when not\ncp a b\n```\n"
        "    ven-twin c # see\n    output\n\n```toml\n# x.toml\na = 1\n```\n```toml\nb = 1\n```\n"
    )
    first, second, third, file = steps(page)
    assert isinstance(first, DocCommand)
    assert (first.text, first.line, first.exit_code) == ("ven-twin a --b 1", 2, 3)
    assert isinstance(second, DocCommand)
    assert (second.text, second.exit_code) == ("cp a b", 0)
    assert isinstance(third, DocCommand)
    assert third.text == "ven-twin c"
    assert isinstance(file, DocFile)
    assert (file.name, file.text) == ("x.toml", "# x.toml\na = 1\n")
