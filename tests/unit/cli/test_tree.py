"""The tree of commands: one spelling for one thing, an example for each command, loaded when it runs."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from contracts.api.event_text import parse_duration, parse_event, parse_interval, parse_power, parse_start_ts
from tests.unit.cli.command_tree import commands, options, parse
from ven_twin.cli import main
from ven_twin.cli.app import COMMANDS, app
from ven_twin.cli.spellings import METAVARS, OLD_SPELLINGS

ALL = dict(commands())
every_command = pytest.mark.parametrize("words", ALL)


@every_command
def test_a_commands_help_has_examples_that_the_parser_takes(words: str) -> None:
    """At least one, each of that very command."""
    examples = [re.sub(r'^eval "\$\((.*)\)"$', r"\1", line) for line in ALL[words].examples]
    assert examples
    for example in examples:
        assert example.startswith(f"ven-twin {words}")
        parse(example)


READERS = {
    "DURATION": parse_duration,
    "POWER": parse_power,
    "TIME": parse_start_ts,
    "INTERVAL": parse_interval,
    "EVENT": parse_event,
}


@every_command
def test_an_examples_times_durations_and_powers_are_of_the_one_grammar(words: str) -> None:
    """An example's values are read by the same parsers in every command; defaults too."""
    for example in [*ALL[words].examples, f"ven-twin {words}"]:
        try:
            values = parse(re.sub(r'^eval "\$\((.*)\)"$', r"\1", example))
        except typer.TyperException:
            continue  # a command without its required options
        for option in options(ALL[words]):
            if (reader := READERS.get(option.metavar)) is None:
                continue
            value = values[option.name]
            for text in value if isinstance(value, list | tuple) else [value]:
                if text is not None:
                    reader(text, option.opts[0])


def test_an_option_has_one_metavar_wherever_it_stands() -> None:
    """By the table, which has no option that there is not."""
    used: dict[str, set[str | None]] = {}
    for command in ALL.values():
        for option in options(command):
            if not option.is_flag:
                used.setdefault(option.opts[0], set()).add(option.metavar)
    assert {name: {METAVARS.get(name)} for name in used} == used
    assert METAVARS.keys() - used.keys() == {"--install-completion", "--show-completion"}


MEANINGS = {
    "--duration": "the event's length",
    "--days": "how many days",
    "--region": "aws region",
    "--endpoint": "mqtt host",
    "--for": "for so long | how long the ven may claim",
    "--house-speed": "house seconds to a wall second",
    "--house-span": "live so much house time, then the same again",
    "--house-start": "house time",
    "--load-up-kw": "draw so much more",
    "--now": "cut any ven off at once | end the secret of before at once",
    "--secret-file": "the file for the secret | the file with the client's secret",
    "--secret": "secret with the ven's identity",
    "--out": "where to write | folder to write to | the house file | the page",
    "--name": "the house's name",
    "--once": "end after one event | print one screen and end",
    "--port": "the page's port",
    "--program": "names the baseline | only events of this program",
    "--seed": "the seed of",
    "--count": "so many",
    "--houses": "their houses in turn",
    "--shed-kw": "draw so much less",
    "--stage": "local, or",
    "--vens": "vens",
    "--weather": "a year of weather | hourly weather",
    "--keep": "keep",
    "--yes": "do not ask",
    "--climate": "of the homes that --homes draws | mixed, cold",
    "--house": "a packaged house",
    "--house-seed": "the seed of its people's habits",
}
"""Beginnings of helps that differ from command to command; the rest are the same word by word."""


def test_an_option_means_one_thing_wherever_it_stands() -> None:
    """The same help, or one that begins as this option's helps do."""
    helps: dict[str, set[str]] = {}
    for command in ALL.values():
        for option in options(command):
            helps.setdefault(option.opts[0], set()).add(option.help or "")
    several = {name: texts for name, texts in helps.items() if len(texts) > 1}
    strays = {
        name: text
        for name, texts in several.items()
        for text in texts
        if not any(text.lower().startswith(one) for one in MEANINGS.get(name, "–").split(" | "))
    }
    assert strays == {}


def test_a_group_of_one_command_is_a_group() -> None:
    """The command is named; its name is not taken for a VEN's."""
    assert {"history backfill", "ven quarantine"} <= ALL.keys()
    assert parse("ven-twin history backfill ven-1")["ven_ids"] in (("ven-1",), ["ven-1"])


def test_a_ven_is_an_argument_wherever_a_command_is_about_it() -> None:
    """No command has a VEN's id as an option in its help."""
    assert [
        words for words, command in ALL.items() for one in options(command) if "--ven-id" in one.opts
    ] == []
    about = {words for words, command in ALL.items() if any(one.name == "ven_id" for one in command.params)}
    named = {"run", "up", "cmd", "listen", "conform", "ven quarantine"}
    assert about == named | {f"certs {name}" for name in ("fetch", "rotate", "revoke", "allow", "claim")}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("cmd --ven-id ven-1 --op ping", "cmd ven-1 --op ping"),
        ("run --ven-id=ven-1 --web-port 0", "run ven-1 --port 0"),
        ("up --web-port 0 --json up.json", "up --port 0 --result up.json"),
        ("certs revoke --ven-id ven-9 --now", "certs revoke ven-9 --now"),
        (
            "certs claim --claim c --endpoint e --port 1 --ven-id v",
            "certs claim v --claim c --endpoint e --mqtt-port 1",
        ),
        ("history backfill --ven-id a --ven-id b", "history backfill a b"),
        ("can-hold --kw 3 --minutes 7.5", "can-hold --shed-kw 3 --for 7.5m"),
        ("simulate --start 2026-01-12 --houses 5", "simulate --first-day 2026-01-12 --homes 5"),
        ("house fit --csv a --weather b", "house fit --meter a --weather b"),
        ("conform --ven-id v --event 20s", "conform v --duration 20s"),
        ("aws prove --event 2m", "aws prove --duration 2m"),
        ("cloud start --weather aws", "cloud start --conditions aws"),
    ],
)
def test_an_old_spelling_goes_on_to_work(old: str, new: str) -> None:
    """A script that was written once has the same values as the line that the help teaches."""
    assert parse(f"ven-twin {old}") == parse(f"ven-twin {new}")


def test_every_old_spelling_is_tried() -> None:
    """The table has no command and no option that there is not."""
    by_name = {words.split()[-1]: command for words, command in ALL.items()}
    for name, spellings in OLD_SPELLINGS.items():
        there_are = {option.opts[0] for option in options(by_name[name])}
        assert set(spellings.values()) <= there_are
        assert not set(spellings) & there_are


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("cmd", "ven-twin: VEN: is required: The VEN, such as ven-1 (help: ven-twin cmd --help)"),
        ("listen --rows x", "ven-twin: --rows: must be a valid integer (help: ven-twin listen --help)"),
        ("listen --rows 0", "ven-twin: --rows: must be greater than or equal to 1 (help: ven-twin listen"),
        ("event list --jsn", "ven-twin: --jsn: no such option; did you mean --json? (help: ven-twin event"),
        ("evnt", "ven-twin: no such command 'evnt'. Did you mean 'event'? (help: ven-twin --help)"),
        ("event list x", "ven-twin: got unexpected extra argument(s) (x) (help: ven-twin event list --help)"),
        ("cmd ven-1 --op", "ven-twin: option '--op' requires an argument"),
        (
            "cloud start --conditions rain",
            "ven-twin: --conditions: 'rain' is not one of 'aws' (help: ven-twin cloud start",
        ),
        (
            "event create --shed-kw 1MW --duration 1h",
            "ven-twin: --shed-kw: '1MW' is no power: write kW, such",
        ),
    ],
)
def test_a_mistake_is_one_line(line: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The option that was typed, and what is allowed; exit 2, no box."""
    code, out, err = run(line, capsys)
    assert (code, out) == (2, "")
    assert err.startswith(text)
    assert len(err.splitlines()) == 1


def run(line: str, capsys: pytest.CaptureFixture[str]) -> tuple[Any, str, str]:
    """The exit code of ``ven-twin LINE`` and what it printed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["ven-twin", *line.split()])
        patch.setattr("signal.signal", lambda *_: None)
        with pytest.raises(SystemExit) as ended:
            main()
    written = capsys.readouterr()
    return ended.value.code, written.out, written.err


def test_a_group_alone_shows_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """Sections at the root, commands in a group; exit 2, since nothing was done."""
    assert all(f"{title}:" in run("", capsys)[2] for title in COMMANDS)
    code, _, err = run("certs", capsys)
    assert code == 2
    assert "  rotate " in err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """By ``--version``, with the program's name."""
    code, out, _ = run("--version", capsys)
    assert (code or 0) == 0
    assert re.fullmatch(r"ven-twin \d+\.\d+\.\d+\S*\n", out)


def test_the_line_of_a_command_that_is_not_loaded_is_true() -> None:
    """A group's line is its own help; of a command no line is left out."""
    root = typer.main.get_command(app)
    there_are: Any = root
    for name, later in there_are.commands.items():
        command = later.command
        assert later.get_short_help_str(), name
        if hasattr(command, "commands"):
            assert later.help == command.help


def test_a_shell_completes_commands_and_options() -> None:
    """As Typer's own completion asks: of a group, of its commands, of an option."""
    for typed, wanted in {
        "ven-twin ev": "event",
        "ven-twin event re": "report",
        "ven-twin event create --sh": "--shed-kw",
    }.items():
        environment = {
            "_VEN_TWIN_COMPLETE": "complete_bash",
            "COMP_WORDS": typed,
            "COMP_CWORD": str(len(typed.split()) - 1),
        }
        done = CliRunner().invoke(app, env=environment, prog_name="ven-twin")
        assert wanted in done.output.split(), typed


def test_help_loads_no_command_and_no_library() -> None:
    """``ven-twin --help`` is typer and text: neither rich, msgspec nor a module of any command."""
    program = (
        "import sys; sys.argv = ['ven-twin', '--help']\n"
        "from ven_twin.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if name.split('.')[0] in "
        "('rich', 'msgspec', 'boto3', 'asyncio') or name.startswith('ven_twin.cli.event')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
