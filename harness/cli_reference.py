"""Write the reference of the command line: ``python -m harness.cli_reference``.

`docs/reference/cli.md` is made of the commands' definitions: sections, help texts, arguments,
options with their bounds and defaults, examples. `ven-twin` itself never loads this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer.main

from ven_twin.cli.app import COMMANDS, app
from ven_twin.cli.tree import EXAMPLES, LaterCommand, examples_in

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"
PROGRAM = "ven-twin"
HEAD = f"""\
# Command line

Every command of `{PROGRAM}`. `make references` makes this page of the program itself, and
`{PROGRAM} COMMAND --help` prints the same.

- How durations, times and powers are written: [the tutorial](../tutorial.md#times-durations-and-powers).
- How a command ends: [exit codes](exit-codes.md). A command with another code than 0, 1 and 2 says so below.
- `VEN_TWIN_HOME` is the folder of all state; without it that is `.ven-twin` in the current folder.
- In a checkout the program is `.venv/bin/{PROGRAM}`.
"""
PIPE = r"\|"
"""A pipe within a cell of a table."""
_EXTRA = re.compile(r"  \[([^\[\]]+)\]$")
_DOMAIN = re.compile(r"(-?[\d.]+)?(<=|<)?x(?:(<=|<)(-?[\d.]+)|>=(-?[\d.]+))?")


def page() -> str:
    """The whole page."""
    root = typer.main.get_command(app)
    texts = [HEAD, _contents()]
    for title, commands in COMMANDS.items():
        texts.append(f"## {title}\n")
        for name in commands:
            texts += _command(f"{PROGRAM} {name}", root.commands[name], None)  # type: ignore[attr-defined]
    return "\n".join(texts)


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def _contents() -> str:
    rows = [
        f"| [`{name}`](#{PROGRAM}-{name}) | {text} |"
        for commands in COMMANDS.values()
        for name, (_, text) in commands.items()
    ]
    return "\n".join(["| command | does |", "|---|---|", *rows, ""])


def _command(words: str, command: Any, parent: Any) -> Iterator[str]:
    """A command with what it takes, or a group and each of its commands."""
    command = command.command if isinstance(command, LaterCommand) else command
    level = "###" if parent is None else "####"
    context = command.make_context(words.rpartition(" ")[2], [], parent=parent, resilient_parsing=True)
    yield f"{level} {words}\n"
    if hasattr(command, "commands"):
        yield f"{command.help}\n"
        for name, sub in command.commands.items():
            yield from _command(f"{words} {name}", sub, context)
        return
    yield from _details(words, command, context)


def _details(words: str, command: Any, context: Any) -> Iterator[str]:
    text = (command.help or "").partition(EXAMPLES)[0].strip()
    yield f"{_escaped(text)}\n"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{words} {usage}\n```\n"
    shown = [one for one in command.params if not getattr(one, "hidden", False)]
    for title, kind in (("argument", "argument"), ("option", "option")):
        rows = [_row(one, context) for one in shown if one.param_type_name == kind]
        if rows:
            yield "\n".join([f"| {title} | meaning | default |", "|---|---|---|", *rows, ""])
    examples = examples_in(command.help or "")
    if examples:
        yield "\n".join(["```sh", *examples, "```", ""])


def _row(parameter: Any, context: Any) -> str:
    """A parameter's row: its spelling, its text with choices, bounds and variable, and its default."""
    spelling, text = parameter.get_help_record(context)
    spelling = re.sub(r" <.*>$", "", spelling)
    extra = _EXTRA.search(text)
    words = [_escaped(text[: extra.start()] if extra else text)]
    choices = _choices(parameter.type_descriptor.annotation)
    if any(choice not in text for choice in choices):
        words.append(f"One of {', '.join(f'`{choice}`' for choice in choices)}.")
    default = ""
    for note in extra[1].split("; ") if extra else ():
        name, _, value = note.partition(": ")
        if name == "default":
            default = f"`{value}`"
        else:
            words.append(_note(name, value))
    return f"| `{spelling.replace('|', PIPE)}` | {' '.join(words)} | {default} |"


def _choices(annotation: Any) -> tuple[str, ...]:
    """The words that an option takes where its type has them, also of an option that may be left out."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return tuple(choice for inner in get_args(annotation) for choice in _choices(inner))


def _note(name: str, value: str) -> str:
    if name == "env var":
        return f"Also by `{value}`."
    if name == "required":
        return "**Required.**"
    return f"({_bounds(name)})"


def _bounds(domain: str) -> str:
    """A range as people write it: ``1<=x<=65535`` is 1 to 65535."""
    match = _DOMAIN.fullmatch(domain)
    if not match:
        return domain
    least, _, _, most, at_least = match.groups()
    if least and most:
        return f"{least} to {most}"
    return f"at least {at_least or least}" if at_least or least else f"at most {most}"


def _escaped(text: str) -> str:
    """A help text as Markdown: options are code, stars and pipes are themselves."""
    lines = "\n".join(line.strip() for line in text.splitlines())
    options = re.sub(r"(?<![\w`-])(--[a-z][\w-]*)", r"`\1`", lines)
    return options.replace("*", r"\*").replace("|", PIPE)


if __name__ == "__main__":
    write()
