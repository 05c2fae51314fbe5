"""A fleet of several processes on one terminal."""

from __future__ import annotations

import io
import multiprocessing
from multiprocessing.connection import Connection

import pytest

from ven_twin.cli import fleet_display
from ven_twin.cli.console import make_console
from ven_twin.cli.fleet_display import FleetDisplay
from ven_twin.cli.fleet_members import FleetCounts
from ven_twin.cli.fleet_shards import LineSender, _listen

WARNING = "12:00:00  twin-2        the VTN cannot be reached"


class Terminal(io.StringIO):
    """A file that is a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def children(*messages: list[FleetCounts | str | list[str]]) -> dict[Connection, FleetCounts]:
    """Processes that have sent their messages and ended."""
    pipes = {}
    for each in messages:
        ours, theirs = multiprocessing.Pipe(duplex=False)
        for message in each:
            theirs.send(message)
        theirs.close()
        pipes[ours] = FleetCounts()
    return pipes


def test_a_line_of_a_child_stands_alone_above_the_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is written by whoever draws the bar: the bar's line is cleared before it, and drawn again below."""
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(fleet_display, "console", make_console(terminal))
    display = FleetDisplay(4)
    with display.shown():
        display.counts(FleetCounts(opened=1))
        begun = len(terminal.getvalue())
        reasons = _listen(
            children([FleetCounts(2), WARNING], [FleetCounts(2), ["twin-3: gone"]]), display.counts
        )
        written = terminal.getvalue()[begun:]
    before, _, after = written.partition(WARNING)
    assert before.endswith("\r\x1b[2K")
    assert after.startswith("\n")
    assert reasons == ["twin-3: gone"]
    assert capsys.readouterr().err == ""


def test_a_line_of_a_child_is_on_standard_error_where_there_is_no_bar(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A log has it as if there were one process; nothing in it acts on a terminal."""
    assert _listen(children([f"{WARNING}\x1b[2J"]), lambda _: None) == []
    output = capsys.readouterr()
    assert output.err.startswith(WARNING)
    assert "\x1b" not in output.err
    assert output.out == ""


def test_lines_go_whole() -> None:
    """Also when they are written in pieces, or several at once, as a traceback is."""
    lines: list[str] = []
    sender = LineSender(lines.append)
    for text in ("a", "b\nc", "\n", "d\ne\nf"):
        sender.write(text)
    assert lines == ["ab", "c", "d", "e"]
