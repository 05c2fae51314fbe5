"""Mistakes at the command line: one line that names what was typed, and the documented exit code."""

from __future__ import annotations

import shlex
import sys
from typing import Any

import pytest

from ven_twin.cli import main


def run(line: str, capsys: pytest.CaptureFixture[str]) -> tuple[Any, str]:
    """The exit code of ``ven-twin LINE`` and what it printed on standard error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["ven-twin", *shlex.split(line)])
        patch.setattr("signal.signal", lambda *_: None)
        with pytest.raises(SystemExit) as ended:
            main()
    return ended.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("event create --shed-kw 1 --duration 1m --event-id ''", "ven-twin: --event-id: 1 to 64 of"),
        ("event create --shed-kw 1 --duration 1m --start ''", "ven-twin: --start: '' is no time"),
    ],
)
def test_an_empty_text_is_no_default(line: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A script whose variable is not set does not make an event for now, of any id, or of all VENs."""
    code, err = run(line, capsys)
    assert (code, len(err.splitlines())) == (2, 1)
    assert err.startswith(text)
