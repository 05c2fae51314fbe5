"""Answers of the commands: JSON for programs, lines for people. Figures in words: `formatting`."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator

import msgspec
import typer
from rich.console import Console

console = Console(highlight=False)


def print_json(value: object) -> None:
    """One JSON document on standard output, flushed so that a pipe sees it at once."""
    sys.stdout.write(json.dumps(msgspec.to_builtins(value), ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_answer(value: object, text: str, *, json_output: bool) -> None:
    """Print *value* for a program, or *text* for a person."""
    if json_output:
        print_json(value)
    else:
        sys.stdout.write(f"{text}\n")


@contextlib.contextmanager
def refusals(*, json_output: bool) -> Iterator[None]:
    """Print a refusal within as JSON when that is wanted, and exit with 1."""
    from ven_twin.operations.aggregator.protocol import RefusedError

    try:
        yield
    except RefusedError as error:
        if not json_output:
            raise
        print_json(error.refused)
        raise typer.Exit(1) from None
