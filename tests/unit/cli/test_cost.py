"""``ven-twin cost``: tables for people, JSON for programs, one line for a mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.errors import FieldError
from ven_twin.cli.app import app
from ven_twin.operations.prices import TABLE, price_table

RUNNER = CliRunner()


def test_a_person_gets_parts_stack_options_and_a_sentence() -> None:
    """Each part with what a VEN and the fleet pay, the levers beside it, and how sure the prices are."""
    result = RUNNER.invoke(app, ["cost", "--vens", "1000", "--interval", "30s", "--events", "10"])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].split() == ["part", "USD", "a", "VEN", "USD", "the", "fleet", "share", "of"]
    for words in ("IoT messages up", "DynamoDB writes", "the fleet", "dashboard", "a row every 5 min"):
        assert any(line.startswith(words) for line in lines), words
    assert "1,000 VENs with a row every 30 s and 10 events of an hour cost about USD " in result.output
    assert "nobody has seen AWS's live price pages" in result.output
    assert str(price_table().collected) in result.output


def test_a_program_gets_every_part_with_its_quantity() -> None:
    """The sums are those of the parts, and each option has its difference."""
    result = RUNNER.invoke(app, ["cost", "--vens", "20", "--interval", "5m", "--json"])
    answer = json.loads(result.stdout)
    assert (answer["vens"], answer["intervalS"], answer["region"]) == (20, 300.0, "us-east-1")
    fleet_usd = sum(part["usd"] for part in answer["parts"])
    assert answer["usd"]["fleet"] == pytest.approx(fleet_usd)
    assert answer["usd"]["ven"] == pytest.approx(fleet_usd / 20)
    assert answer["usd"]["total"] == pytest.approx(fleet_usd + sum(part["usd"] for part in answer["stack"]))
    claimed = next(option for option in answer["options"] if "claim" in option["by"])
    assert claimed["differenceUsd"] == pytest.approx(-20 * price_table().prices["secret"].usd)


def test_a_narrow_terminal_breaks_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 60 columns each part is a paragraph; its figures have their names."""
    monkeypatch.setenv("COLUMNS", "60")
    result = RUNNER.invoke(app, ["cost", "--vens", "1"])
    assert result.exit_code == 0
    assert all(len(line) <= 60 for line in result.output.splitlines()[:30])


@pytest.mark.parametrize(
    ("arguments", "field", "words"),
    [
        (["--vens", "0"], "--vens", "within 1 and"),
        (["--vens", "5", "--interval", "0"], "--interval", "is no duration"),
        (["--vens", "5", "--interval", "2h"], "--interval", "1s and 1h"),
        (["--vens", "5", "--interval", "often"], "--interval", "write 10m"),
        (["--vens", "5", "--events", "-1"], "--events", "within 0 and"),
        (["--vens", "5", "--region", "mars-1"], "--region", "us-east-1; give --prices FILE"),
        (["--vens", "5", "--prices", "/nowhere.toml"], "--prices", "cannot be read"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], field: str, words: str) -> None:
    """It names the option and what is allowed."""
    result = RUNNER.invoke(app, ["cost", *arguments])
    assert isinstance(result.exception, FieldError)
    assert result.exception.field == field
    assert words in result.exception.reason


def test_a_mistake_ends_with_the_code_of_usage(tmp_path: Path) -> None:
    """As every mistake: 2, one line on standard error, nothing on standard output."""
    path = tmp_path / "mine.toml"
    path.write_text(TABLE.read_text().replace("usd = 0.40", "usd = -1", 1))
    command = [sys.executable, "-m", "ven_twin.cli", "cost", "--vens", "5", "--prices", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [
        f"ven-twin: --prices: {path}: sqs_request.usd: -1 is no price: write US dollars, 0 or more"
    ]


def test_the_region_of_a_price_table_may_be_named(tmp_path: Path) -> None:
    """With a table of another region that one is right, and the project's is not."""
    path = tmp_path / "mine.toml"
    path.write_text(TABLE.read_text().replace("us-east-1", "eu-west-1"))
    right = RUNNER.invoke(app, ["cost", "--vens", "5", "--prices", str(path), "--region", "eu-west-1"])
    assert right.exit_code == 0
    wrong = RUNNER.invoke(app, ["cost", "--vens", "5", "--prices", str(path), "--region", "us-east-1"])
    assert isinstance(wrong.exception, FieldError)
    assert "eu-west-1" in wrong.exception.reason


def test_the_report_interval_may_be_named_as_elsewhere() -> None:
    """``--report-interval``, as `run` has it, is the same option."""
    by_both = [
        RUNNER.invoke(app, ["cost", "--vens", "5", option, "5m", "--json"]).stdout
        for option in ("--interval", "--report-interval")
    ]
    assert by_both[0] == by_both[1]


def test_it_imports_neither_the_cloud_nor_a_house() -> None:
    """It needs no AWS and starts as fast as the help."""
    program = (
        "import sys; from ven_twin.cli.app import app; "
        "app(['cost', '--vens', '5'], standalone_mode=False); "
        "print([name for name in ('boto3', 'botocore', 'numpy', 'rich', 'lambdas', 'cdk', 'gmqtt') "
        "if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
