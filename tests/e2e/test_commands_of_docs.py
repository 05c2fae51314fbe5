"""The tutorial's commands, typed as they are written; `make doc-commands` types those of every page."""

from __future__ import annotations

import pytest

from harness.doc_commands.reading import commands
from harness.doc_commands.rules import ROOT, reason_not_run
from harness.doc_commands.session import DocResult, read_chain

TUTORIAL = ROOT / "docs" / "tutorial.md"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[DocResult]:
    """The end of every command of the tutorial, in order."""
    return list(read_chain(tmp_path_factory.mktemp("reader"), [TUTORIAL]))


def test_every_command_ends_as_the_tutorial_says(results: list[DocResult]) -> None:
    """With exit code 0, or with the one that its comment names; a VEN that Ctrl-C stops ends with 0."""
    failed = [
        f"{result.command.text}: exit {result.exit_code} {result.trouble or ''}\n{result.output[-800:]}"
        for result in results
        if result.failed
    ]
    assert not failed, "\n".join(failed)


def test_no_command_of_the_tutorial_is_left_out(results: list[DocResult]) -> None:
    """Each was typed, and none has a reason not to be."""
    typed = {result.command.line for result in results}
    assert {command.line for command in commands(TUTORIAL) if reason_not_run(command) is None} == typed
    assert all(result.reason is None for result in results)


def test_the_event_is_followed_to_what_is_paid(results: list[DocResult]) -> None:
    """The report has what was delivered against the house without events, and by the program's baseline."""
    (report,) = (result for result in results if "event report" in result.command.text)
    assert "house without events" in report.output
    assert "residential 5 of 10" in report.output
    assert "paid kW" in report.output
