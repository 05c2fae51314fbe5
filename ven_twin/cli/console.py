"""Answers of the commands: JSON for programs, lines for people. Figures in words: `formatting`.

All that a command writes goes through here: text of VENs and visitors is plain when it reaches a terminal,
and square brackets in it are square brackets.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

import typer

from contracts.wire.plain_text import ACTED_ON, plain
from ven_twin.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType
    from rich.measure import Measurement
    from rich.segment import Segment

    console: Console
    """The console of standard output; made when a command first uses it, since rich takes its time."""

_NOT_IN_JSON = re.compile(f"[{ACTED_ON}]")
"""JSON may hold these as they are, and a terminal acts on them all the same."""


class Plain:
    """Anything that is printed, with its text plain; styles and the moves of a screen stay."""

    def __init__(self, renderable: RenderableType) -> None:
        self._renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        from rich.segment import Segment

        for segment in console.render(self._renderable, options):
            yield segment if segment.control else Segment(plain(segment.text), segment.style)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        from rich.measure import Measurement

        return Measurement.get(console, options, self._renderable)


class _PlainText:
    """The hook by which a console prints nothing but plain text, as rich's RenderHook."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [Plain(renderable) for renderable in renderables]


def make_console(file: TextIO | None = None, *, stderr: bool = False) -> Console:
    """A console that takes no markup: a style is named beside its text, and text is only text."""
    from rich.console import Console

    made = Console(file=file, stderr=stderr, highlight=False, markup=False, emoji=False)
    made.push_render_hook(_PlainText())  # type: ignore[arg-type] # by its one method
    return made


def __getattr__(name: str) -> object:
    """Make the console when it is first used."""
    if name == "console":
        globals()[name] = make_console()
        return globals()[name]
    raise AttributeError(name)


def echo(text: str = "", *, err: bool = False) -> None:
    """One line, or more, for a person."""
    typer.echo(plain(text), err=err)


def log_line(text: str) -> None:
    """One line of a log on standard error; where a bar is drawn on the terminal it stands above.

    Not by `echo`: click goes around what a bar puts in standard error's place.
    """
    sys.stderr.write(f"{plain(text)}\n")
    sys.stderr.flush()


def print_json(value: object) -> None:
    """One JSON document on standard output, flushed so that a pipe sees it at once."""
    import msgspec

    text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
    sys.stdout.write(_NOT_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n")
    sys.stdout.flush()


def print_answer(value: object, text: str, *, json_output: bool) -> None:
    """Print *value* for a program, or *text* for a person."""
    if json_output:
        print_json(value)
    else:
        echo(text)


@contextlib.contextmanager
def refusals(*, json_output: bool) -> Iterator[None]:
    """Print a refusal within as JSON when that is wanted, and exit as for a person."""
    from ven_twin.operations.aggregator.protocol import RefusedError

    try:
        yield
    except RefusedError as error:
        if not json_output:
            raise
        print_json(error.refused)
        raise typer.Exit(ExitCode.USAGE) from None


@contextlib.contextmanager
def progress(title: str, steps: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal's stderr while a run makes its *steps*; it yields what takes their number."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=make_console(stderr=True),
        transient=True,
        disable=quiet or not sys.stderr.isatty(),
    )
    with progress:
        task = progress.add_task(title, total=steps)
        yield lambda step: progress.update(task, completed=step)
