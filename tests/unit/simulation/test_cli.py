"""``ven-twin simulate``: what it writes, and how it refuses."""

import csv
import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.errors import FieldError
from ven_twin.cli.simulate import simulate
from ven_twin.cli.tree import CommandGroup

app = CommandGroup("One command.")
app.command()(simulate)
RUNNER = CliRunner()


def test_a_run_writes_a_trace_and_a_page(tmp_path: Path) -> None:
    """Two files in the folder that was asked for, and a line an event on the terminal."""
    result = RUNNER.invoke(
        app, ["--house", "flat", "--event", "17:00/1h/1kW", "--out", str(tmp_path / "run")]
    )
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"trace.csv", "report.html"}
    assert "Event 2026-07-14-1700: requested 1.00 kW" in result.output


def test_an_event_past_the_last_day_is_lived_to_its_end(tmp_path: Path) -> None:
    """23:30 for 2 h, and 24 h of payback: 25 h 30 min past midnight, said on the terminal and on the page.

    The trace has 24 h and 25.5, 2,970 minutes, of which 120 are of the event; a day's use is of 1,440.
    """
    arguments = ["--house", "flat", "--days", "1", "--event", "23:30/2h/1kW", "--out", str(tmp_path)]
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    said = "ived on 25 h 30 min past the day, until the last event and its payback were over"
    assert said in result.output
    assert said in (tmp_path / "report.html").read_text(encoding="utf-8")
    rows = list(csv.DictReader((tmp_path / "trace.csv").read_text(encoding="utf-8").splitlines()))
    assert (len(rows), sum(bool(row["event"]) for row in rows)) == (2970, 120)
    used_kwh = sum(float(row["used_kw"]) for row in rows[:1440]) / 60
    assert f"Used {used_kwh:.1f} kWh a day" in result.output


def test_json_is_one_document_that_says_where_the_files_are(tmp_path: Path) -> None:
    """A program reads what a person reads: house, seed, energies, events and paths."""
    arguments = [
        "--house",
        "leaky",
        "--first-day",
        "2026-01-20",
        "--seed",
        "5",
        "--out",
        str(tmp_path),
        "--json",
    ]
    result = RUNNER.invoke(app, arguments)
    told = json.loads(result.stdout)
    assert (told["house"], told["seed"], told["start"], told["days"]) == ("leaky", 5, "2026-01-20", 1)
    assert told["usedKwh"] > 100.0
    assert Path(told["trace"]).exists()
    assert Path(told["report"]).exists()


@pytest.mark.parametrize("days", ["0", "-1", "1e3", "nan", "99999"])
def test_days_that_are_no_number_of_days_are_refused(days: str, tmp_path: Path) -> None:
    """The option is named, and nothing is written."""
    result = RUNNER.invoke(app, ["--days", days, "--out", str(tmp_path / "run")])
    assert result.exit_code == 2
    assert "--days" in result.output
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "option", "words"),
    [
        (["--event", "17:00/2h"], "--event", "START/DURATION/SIGNAL"),
        (["--event", "17:00/2h/nankW"], "--event", "nankW"),
        (["--first-day", "tomorrow"], "--first-day", "2026-07-14"),
        (["--first-day", "1066-10-14"], "--first-day", "2000-01-01"),
        (["--house", "castle"], "--house", "flat, leaky, standard"),
        (["--out", "/proc/nowhere"], "--out", "cannot be written"),
    ],
)
def test_bad_input_names_the_option_and_what_is_allowed(
    arguments: list[str], option: str, words: str
) -> None:
    """One line that says what to change."""
    result = RUNNER.invoke(app, arguments)
    assert isinstance(result.exception, FieldError)
    assert result.exception.field == option
    assert words in result.exception.reason


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("setpoint_c", "setpoint_k", "setpoint_k"), ("people_kw = 0.2", "people_kw = nan", "people_kw = nan")],
)
def test_a_wrong_key_in_a_house_file_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    """File, key, value and what is allowed, under the option that brought it in."""
    house = tmp_path / "mine.toml"
    house.write_text((files("ven_twin.house.profiles") / "standard.toml").read_text().replace(old, new))
    result = RUNNER.invoke(app, ["--house", str(house)])
    assert isinstance(result.exception, FieldError)
    assert result.exception.field == "--house"
    assert words in result.exception.reason


@pytest.mark.parametrize("module", ["ven_twin.ven.runtime", "ven_twin.cli.run", "ven_twin.cli.simulate"])
def test_a_twin_needs_no_numpy(module: str) -> None:
    """A VEN's host has neither numpy nor what draws plots: the twin imports none of them."""
    heavy = "{'numpy', 'pyarrow', 'matplotlib'}"
    program = f"import sys, {module}; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_an_undersized_house_is_said_to_be_one(tmp_path: Path) -> None:
    """The standard house's circuit is too small for a hard frost; the flat has nothing to say."""
    said = {}
    for house in ("standard", "flat"):
        result = RUNNER.invoke(app, ["--house", house, "--out", str(tmp_path / house)])
        assert result.exit_code == 0, result.output
        said[house] = "hvac1 is undersized: below" in result.output
    assert said == {"standard": True, "flat": False}
