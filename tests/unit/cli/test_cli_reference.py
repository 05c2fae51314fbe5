"""The reference of the command line has every command and option, as the program has them."""

from __future__ import annotations

import pytest

from harness.cli_reference import PAGE, page
from tests.unit.cli.command_tree import Named, commands, options

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_what_the_program_makes() -> None:
    """docs/reference/cli.md is written by `make references`, and by hand nowhere."""
    assert page() == TEXT


@pytest.mark.parametrize("named", list(commands()), ids=lambda named: named[0])
def test_a_command_is_on_the_page_with_all_its_options(named: Named) -> None:
    """Under its heading, each option has a row, and each example a line."""
    words, command = named
    _, heading, after = TEXT.partition(f"# ven-twin {words}\n")
    section = after.partition("\n#")[0]
    assert heading
    missing = [
        name
        for option in options(command)
        for name in option.opts
        if f"`{name}" not in section and f" {name}" not in section
    ]
    assert missing == []
    assert all(example in section for example in command.examples)
