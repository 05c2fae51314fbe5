"""Mistakes at the command line: one line that names what was typed, and the documented exit code."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import FieldError
from contracts.wire.ids import VenId
from ven_twin.cli import main
from ven_twin.ven.settings import TwinSettings


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
        ("fleet run --vens ''", "ven-twin: --vens: name at least one"),
    ],
)
def test_an_empty_text_is_no_default(line: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A script whose variable is not set does not make an event for now, of any id, or of all VENs."""
    code, err = run(line, capsys)
    assert (code, len(err.splitlines())) == (2, 1)
    assert err.startswith(text)


@pytest.mark.parametrize(
    ("vens", "reason"),
    [("", "name at least one"), ("a b", "1 to 64 of"), ("ven-1,ven-2,ven-1", "names ven-1 twice")],
)
@pytest.mark.parametrize("command", ["cloud start", "cloud deploy", "fleet run", "aws check"])
def test_vens_are_looked_at_before_anything_starts(
    command: str, vens: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No cloud is started, and none is looked for, for VENs that cannot be."""
    code, err = run(f"{command} --vens '{vens}'", capsys)
    assert (code, len(err.splitlines())) == (2, 1)
    assert err.startswith(f"ven-twin: --vens: {reason}")


def test_two_answers_do_not_share_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """A program that reads JSON finds no table in it."""
    code, err = run("event report evt-1 --csv - --json", capsys)
    assert (code, err) == (2, "ven-twin: --csv: - is standard output, where --json goes too: name a file\n")


@pytest.mark.parametrize(
    "line", ["event list --profile ops", "fleet status --region eu-west-1", "listen --profile ops"]
)
def test_an_account_of_aws_is_not_passed_over_in_silence(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise the local cloud's answer would be taken for that of the AWS account that was named."""
    code, err = run(line, capsys)
    assert (code, len(err.splitlines())) == (2, 1)
    assert "name a stage of AWS by --stage" in err


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (FileNotFoundError(2, "No such file or directory", "/proc/x"), "/proc/x: no such file or directory"),
        (OSError(28, "No space left on device"), "no space left on device"),
    ],
)
def test_a_file_that_cannot_be_written_is_one_line(
    error: OSError, line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file and the reason, with exit code 1, whichever command it was; no traceback."""

    def fails(**_: object) -> None:
        raise error

    monkeypatch.setattr("ven_twin.cli.app.app", fails)
    assert run("certs fetch ven-1 --out /proc/x", capsys) == (1, f"ven-twin: {line}\n")


@pytest.mark.parametrize(
    ("field", "value"),
    [("protocol", "4"), ("outbox_mb", 0.0), ("report_interval_s", 7200.0), ("batch_s", -1.0)],
)
def test_a_twins_setting_is_refused_by_its_option(field: str, value: object) -> None:
    """As it is typed: ``--mqtt``, not a name of the program's."""
    with pytest.raises(FieldError) as refused:
        TwinSettings(ven_id=VenId("ven-1"), endpoint="localhost", state_dir=Path(), **{field: value})  # type: ignore[arg-type]
    assert refused.value.field in {"--mqtt", "--outbox-mb", "--report-interval", "--batch"}
