"""``ven-twin can-hold``: the answer, for people and for programs, offline."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from contracts.errors import FieldError
from ven_twin.cli.can_hold import can_hold
from ven_twin.cli.exit_codes import ExitCode
from ven_twin.cli.tree import CommandGroup

AT = ["--house-start", "2026-07-14T23:00:00Z"]
app = CommandGroup("One command.")
app.command()(can_hold)


def ask(*options: str) -> tuple[int, str]:
    """The exit code and what was printed."""
    done = CliRunner().invoke(app, list(options))
    if isinstance(done.exception, FieldError):
        raise done.exception
    return done.exit_code, done.stdout


def test_can_hold_answers_yes() -> None:
    """A power that is kept is exit 0, with a line that says so."""
    code, said = ask("--shed-kw", "4", "--for", "30m", *AT)
    assert code == 0
    assert said.startswith(
        "Yes: 4.00 kW can be held for 30 min: in 9 of 9 courses that the hours ahead may take."
    )
    assert "batt1" in said


def test_can_hold_answers_no_and_until_when() -> None:
    """A power that is not kept is an exit code of its own, and how long it would be."""
    code, said = ask("--shed-kw", "8", "--for", "90m", *AT)
    assert code == ExitCode.NOTHING_TO_GIVE == 3
    assert re.match(r"No: 8.00 kW can be held for \d+ of 90 min; for all of it in [0-8] of 9 courses", said)


def test_can_hold_takes_a_power_and_a_duration_as_every_command_writes_them() -> None:
    """``--shed-kw 4kW --for 1h30`` is ``--kw 4 --minutes 90``, as it was written once."""
    assert ask("--shed-kw", "4kW", "--for", "1h30", *AT) == ask("--kw", "4", "--minutes", "90", *AT)


def test_can_hold_answers_in_means_of_quarter_hours() -> None:
    """``--mean 15m`` asks for what a meter of quarter hours sees; 5m implies it."""
    code, said = ask("--shed-kw", "4", "--for", "30m", "--mean", "15m", "--json", *AT)
    answer: dict[str, Any] = json.loads(said)
    assert code == 0
    assert [after_min for after_min, _ in answer["curve"]] == [15.0, 30.0]


def test_can_hold_answers_in_json() -> None:
    """The same for programs, in the wire's spelling."""
    code, said = ask("--shed-kw", "4", "--for", "30m", "--json", *AT)
    answer: dict[str, Any] = json.loads(said)
    assert code == 0
    assert (answer["holds"], answer["heldMin"], len(answer["curve"])) == (True, 30.0, 6)
    assert (answer["successes"], answer["tried"]) == (9, 9)
    assert set(answer["comfort"]) == {
        "beyondSetpointC",
        "aloneC",
        "evSocGivenUp",
        "batterySocUsed",
        "curtailedMin",
    }


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (["--shed-kw", "0", "--for", "30m"], "--shed-kw"),
        (["--shed-kw", "nan", "--for", "30m"], "--shed-kw"),
        (["--shed-kw", "1", "--for", "0m"], "--for"),
        (["--shed-kw", "1", "--minutes", "inf"], "--for"),
        (["--for", "30m"], "--shed-kw"),
        (["--shed-kw", "1", "--load-up-kw", "1", "--for", "30m"], "--shed-kw"),
        (["--shed-kw", "1", "--for", "25h"], "--for"),
        (["--shed-kw", "1", "--for", "30m", "--house-start", "noon"], "--house-start"),
        (["--shed-kw", "1", "--for", "30m", "--mean", "7m"], "--mean"),
    ],
)
def test_can_hold_names_the_option_that_cannot_be(options: list[str], field: str) -> None:
    """Bad input is refused by the option's name."""
    with pytest.raises(FieldError) as refused:
        ask(*options)
    assert refused.value.field == field


def test_can_hold_names_the_houses_that_there_are(tmp_path: Path) -> None:
    """A house that is nowhere to be found is said to be, beside those that are."""
    with pytest.raises(FieldError, match=r"--house: .*standard"):
        ask("--shed-kw", "1", "--for", "30m", "--house", str(tmp_path / "nowhere.toml"))
