"""Text of VENs on an operator's terminal: shown as it is written, acted on by nothing."""

from __future__ import annotations

import ast
import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from contracts.api.reports import EventReport, Quality, VenReport
from contracts.api.requests import EventDispatched
from contracts.wire.ids import EventId, VenId
from contracts.wire.plain_text import MOST_CHARACTERS, plain, plain_line, plain_object
from ven_twin.cli import console as console_module
from ven_twin.cli import event_view
from ven_twin.cli.console import echo, make_console, print_json
from ven_twin.operations.reports import terminal

HOSTILE = [
    "\x1b]0;owned\x07",
    "\x1b[2J\x1b[H",
    "\x9b2J",
    "\x90q\x9c",
    "\u202egnp.exe\u202c",
    "zero\u200bwidth\ufeff",
    "[/x]",
    "[bold red]paid[/]",
    "[link=http://x.example]click[/link]",
    ":warning:",
    "line\r\x08over",
    "\x7f",
]
ACTED_ON = {chr(code) for code in (*range(32), *range(127, 160))} - {"\n", "\t"}
ACTED_ON |= set("\u200b\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff")


def acts(printed: str) -> set[str]:
    """The characters of what was printed that a terminal acts on."""
    return set(printed) & ACTED_ON


@pytest.mark.parametrize("text", HOSTILE)
def test_a_console_prints_text_and_nothing_else(text: str) -> None:
    """As a line, as a styled text, in a table's cell and heading: no control, no markup, no emoji."""
    out = io.StringIO()
    shown = make_console(out)
    table = Table(title=text)
    table.add_column(text)
    table.add_row(text)
    table.add_row(Text(text))
    for printed in (text, Text(text, "bold"), table):
        shown.print(printed)
    assert acts(out.getvalue()) == set()
    seen = "".join(character for character in text if character.isprintable())
    assert seen in out.getvalue().replace("\N{REPLACEMENT CHARACTER}", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_line_is_printed_plain(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output and on standard error."""
    echo(text)
    echo(text, err=True)
    written = capsys.readouterr()
    assert acts(written.out + written.err) == set()
    assert written.out == written.err == f"{plain(text)}\n"


@given(st.text())
def test_json_on_a_terminal_is_whole_and_harmless(text: str) -> None:
    """A program reads the very text; a terminal on which it lands acts on nothing."""
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console_module.sys, "stdout", out)
        print_json({text: [text]})
    assert acts(out.getvalue()) == set()
    whole = text.encode(errors="surrogatepass").decode(errors="surrogatepass")
    assert msgspec.json.decode(out.getvalue().encode(errors="surrogatepass")) == {whole: [whole]}


@given(st.text())
def test_plain_text_has_nothing_that_is_acted_on(text: str) -> None:
    """In lines and on one line, which is short; text without anything of it stays."""
    assert acts(plain(text)) == set()
    line = plain_line(text)
    assert acts(line) | (set(line) & {"\n", "\t"}) == set()
    assert len(line) <= MOST_CHARACTERS
    assert plain(plain(text)) == plain(text)


@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v))
)
def test_an_object_of_others_keeps_its_shape(value: Any) -> None:
    """Numbers and lists stay; every text in it, keys as well, is a plain line."""

    def texts(item: Any) -> list[str]:
        if isinstance(item, str):
            return [item]
        inner = [*item.keys(), *item.values()] if isinstance(item, dict) else item
        return [text for one in inner for text in texts(one)] if isinstance(item, dict | list) else []

    made = plain_object({"value": value})
    assert all(text == plain_line(text) for text in texts(made))
    if not texts(value):
        assert made == {"value": value}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_report_with_foreign_text_is_printed(text: str) -> None:
    """Ids, reasons and notes of any kind: the report is whole, and the terminal as it was."""
    quality = Quality(rows=1, coverage=1.0, longest_gap_s=0.0)
    ven = VenReport(
        ven_id=VenId(text),
        requested_kw=1.0,
        used_kw=1.0,
        delivered={},
        quality=quality,
        acknowledged=True,
        opted_out=True,
        opt_out_reason=text,
        notes=(text,),
    )
    event = EventReport(
        event_id=EventId(text),
        revision=0,
        start_ts=0,
        end_ts=3600,
        settled_ts=3600,
        requested_kw=1.0,
        delivered={},
        program=text,
        vens=(ven,),
        notes=(f"a note: {text}",),
    )
    out = io.StringIO()
    terminal.show(event, make_console(out))
    assert acts(out.getvalue()) == set()
    assert "a note: " in out.getvalue()


@pytest.mark.parametrize("text", HOSTILE)
def test_an_answer_with_foreign_reasons_is_printed(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a VEN that cannot be counted on the reason is its own."""
    answer = EventDispatched(
        event_id=EventId(text),
        revision=0,
        start_ts=0,
        end_ts=60,
        assignments=(),
        unavailable={VenId(text): text},
        requested_kw=1.0,
        etag="e",
        shortfall_kw=1.0,
        available_kw=0.0,
    )
    event_view.show_dispatched(answer, json_output=False)
    event_view.show_dispatched(answer, json_output=True)
    assert acts(capsys.readouterr().out) == set()


CLI = Path(console_module.__file__).parent
WRITERS = {"typer.echo", "typer.secho", "print", "Console", "sys.stdout.write", "sys.stderr.write"}


def test_every_command_writes_through_one_door() -> None:
    """No command writes to a stream, prints or makes a console by itself: `console` does."""
    found = []
    for path in sorted((CLI.parent).rglob("*.py")):
        if path == Path(console_module.__file__):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            if (name := ast.unparse(node.func)) in WRITERS:
                found.append(f"{path.name}:{node.lineno} {name}")
    assert found == []
