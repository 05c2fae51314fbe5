"""``ven-twin house fit``: what it writes, and how it refuses."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from contracts.errors import FieldError
from tests.support.measured_houses import JANUARY, measure, meter_csv, true_house
from tests.support.weather_tables import timed_lines
from ven_twin.cli.app import app
from ven_twin.house.library import load_profile

RUNNER = CliRunner()
DAYS = 16


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen January days of a furnace's house: meter, thermometer and weather."""
    folder = tmp_path_factory.mktemp("house")
    hours = measure(true_house(furnace=True), JANUARY, DAYS).hours
    assert hours.indoor_c is not None
    (folder / "meter.csv").write_text(meter_csv(JANUARY, hours.meter_kw))
    (folder / "indoor.csv").write_text(meter_csv(JANUARY, hours.indoor_c, column="indoor_c"))
    day_before = JANUARY.replace(tzinfo=None) - timedelta(days=1)
    (folder / "weather.csv").write_text("\n".join(timed_lines(day_before, DAYS + 2)) + "\n")
    return folder


def arguments(files: Path, *more: str) -> list[str]:
    """The command on *files*, with *more*."""
    names = ("--meter", str(files / "meter.csv"), "--weather", str(files / "weather.csv"))
    return ["house", "fit", *names, "--heating", "furnace", *more]


def test_a_fit_writes_a_house_and_a_page(files: Path, tmp_path: Path) -> None:
    """The house loads, the answer names files and parameters, and the days kept back are checked."""
    out = tmp_path / "mine.toml"
    more = ("--indoor", str(files / "indoor.csv"), "--check-days", "2", "--out", str(out), "--json")
    result = RUNNER.invoke(app, arguments(files, *more))
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert load_profile(out).name == "meter"
    assert (answer["file"], answer["report"]) == (str(out), str(tmp_path / "mine.html"))
    assert answer["parameters"]["ua_kw_c"]["value"] == pytest.approx(0.3, rel=0.1)
    assert [check["days"] for check in answer["checks"]] == [14, 2]
    assert answer["checks"][1]["indoorRmseC"] < 0.5
    assert (tmp_path / "mine.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("more", "field", "words"),
    [
        (["--heating", "gas"], "--heating", "heat-pump, furnace"),
        (["--utc-offset", "20"], "--utc-offset", "-14 and 14"),
        (["--name", "../../x"], "--name", "letters"),
        (["--meter", "lost.csv"], "--meter", "cannot be read"),
        (["--indoor", "lost.csv"], "--indoor", "cannot be read"),
        (["--weather", "lost.csv"], "--weather", "cannot be read"),
        (["--check-days", "5"], "--meter", "16 whole days less 5 to check on; allowed at least 14"),
    ],
)
def test_bad_options_are_named(files: Path, more: list[str], field: str, words: str) -> None:
    """One line that says what to change."""
    result = RUNNER.invoke(app, arguments(files, *more))
    assert isinstance(result.exception, FieldError), result.output
    assert result.exception.field == field
    assert words in result.exception.reason


@pytest.mark.parametrize(
    ("swapped", "words"), [("indoor.csv", "line 1: columns"), ("weather.csv", "line 1: columns")]
)
def test_a_file_in_anothers_place_is_named(files: Path, swapped: str, words: str) -> None:
    """The error names the file's columns, and those that are allowed."""
    result = RUNNER.invoke(app, arguments(files, "--meter", str(files / swapped)))
    assert isinstance(result.exception, FieldError)
    assert result.exception.field == "--meter"
    assert words in result.exception.reason


def test_weather_of_another_time_is_the_weathers_fault(files: Path, tmp_path: Path) -> None:
    """The option that has to change is named, with the time that its file has."""
    meter = tmp_path / "meter.csv"
    meter.write_text(meter_csv(JANUARY + timedelta(days=60), 1.0 + 0.1 * (np.arange(DAYS * 24) % 5)))
    result = RUNNER.invoke(app, arguments(files, "--meter", str(meter)))
    assert isinstance(result.exception, FieldError)
    assert result.exception.field == "--weather"
    assert "does not cover" in result.exception.reason
