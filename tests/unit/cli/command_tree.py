"""The whole tree of commands, and a command line parsed by it without being carried out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import typer.main

from ven_twin.cli.app import app
from ven_twin.cli.tree import LaterCommand

Named = tuple[str, Any]
"""A command by the words that run it."""


def commands() -> Iterator[Named]:
    """Every command that does something, by the words that run it."""
    yield from _leaves("", typer.main.get_command(app))


def _leaves(words: str, command: Any) -> Iterator[Named]:
    command = command.command if isinstance(command, LaterCommand) else command
    if not hasattr(command, "commands"):
        yield words.strip(), command
        return
    for name, sub in command.commands.items():
        yield from _leaves(f"{words} {name}", sub)


def parse(line: str) -> dict[str, Any]:
    """The values of a command line, which starts with ``ven-twin``.

    Raises:
        typer.TyperException: the parser refuses it.
    """
    context: Any = None
    command: Any = typer.main.get_command(app)
    name, *words = shlex.split(line, comments=True)
    while True:
        context = command.make_context(name, words, parent=context)
        if not hasattr(context.command, "commands"):
            return dict(context.params)
        with context:
            name, command, words = context.command.resolve_command(
                context, [*context._protected_args, *context.args]
            )


def options(command: Any) -> Iterator[Any]:
    """The options of a command that its help shows."""
    yield from (one for one in command.params if one.param_type_name == "option" and not one.hidden)
