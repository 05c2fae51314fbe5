"""The commands of the CLI as a tree: loaded when they run, with examples in their help, in plain text.

    CommandGroup          what a module declares its commands with
      ├ Command           one command; takes old spellings of its options as well
      ├ Group             commands in sections
      └ LaterCommand      a command or group whose module is imported when it runs

A docstring's ``Examples:`` are the help's, line by line. A value's name in the help is the one of `METAVARS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup
from typer.models import CommandInfo

from ven_twin.cli.spellings import METAVARS, modern
from ven_twin.cli.values import quicken

if TYPE_CHECKING:
    from typer._click import Command as AnyCommand
    from typer._click import Context, HelpFormatter

Function = TypeVar("Function", bound=Callable[..., Any])
EXAMPLES = "Examples:"


class Command(TyperCommand):
    """A command whose help ends with its examples."""

    def __init__(self, name: str | None, **attributes: Any) -> None:
        super().__init__(name, **attributes)
        for parameter in self.params:
            options = getattr(parameter, "opts", ())
            if parameter.metavar is None and options and not getattr(parameter, "is_flag", False):
                parameter.metavar = METAVARS.get(options[0])

    @property
    def examples(self) -> list[str]:
        """The examples of its help, a command line each."""
        return examples_in(self.help or "")

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Parse *args*, old spellings too."""
        quicken(self.get_params(ctx))
        takes_ven = any(parameter.name in {"ven_id", "ven_ids"} for parameter in self.params)
        return super().parse_args(ctx, modern(self.name or "", args, takes_ven=takes_ven))

    def get_short_help_str(self, limit: int = 0) -> str:  # noqa: ARG002 - as the class above
        """The first line of its help, whole."""
        return (self.short_help or self.help or "").strip().partition("\n\n")[0].replace("\n", " ")

    def format_help_text(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 - as above
        """Write the help without its examples."""
        text = (self.help or "").partition(EXAMPLES)[0].strip()
        if text:
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(text)

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 - as above
        """Write the examples, each as it is typed."""
        if self.examples:
            with formatter.section(EXAMPLES.removesuffix(":")):
                formatter.write("".join(f"  {line}\n" for line in self.examples))


class Group(TyperGroup):
    """Commands, in sections where it has any."""

    sections: Mapping[str, Sequence[str]] = {}
    """The names of commands by the section's title; without sections all stand in one."""

    get_short_help_str = Command.get_short_help_str

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Parse *args*."""
        quicken(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 - as above
        """Write each command with the first line of its help."""
        for title, names in (self.sections or {"Commands": list(self.commands)}).items():
            rows = [(name, self.commands[name].get_short_help_str()) for name in names]
            with formatter.section(title):
                formatter.write_dl(rows)


class LaterCommand(TyperCommand):
    """A command or group that is imported when it runs; until then it has a name and a line of help."""

    def __init__(self, name: str, where: str, text: str) -> None:
        super().__init__(name, help=text)
        self.where = where

    @property
    def command(self) -> AnyCommand:
        """The command itself, imported."""
        module, _, name = self.where.partition(":")
        target = getattr(import_module(module), name)
        if isinstance(target, typer.Typer):
            group = typer.main.get_group(target)  # also of a group with one command
            group.name = self.name
            return group
        info = CommandInfo(name=self.name, callback=target, cls=Command)
        return typer.main.get_command_from_info(info, pretty_exceptions_short=True, rich_markup_mode=None)

    get_short_help_str = Command.get_short_help_str

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context of the command itself, which runs from there."""
        return self.command.make_context(info_name, args, parent, **extra)


class CommandGroup(typer.Typer):
    """A group of commands as a module declares it."""

    def __init__(self, text: str, cls: type[Group] = Group, *, completion: bool = False, **more: Any) -> None:
        super().__init__(
            cls=cls,
            help=text,
            no_args_is_help=True,
            add_completion=completion,
            pretty_exceptions_enable=False,
            rich_markup_mode=None,
            **more,
        )

    def command(self, name: str | None = None, **more: Any) -> Callable[[Function], Function]:
        """Declare a command, as `typer.Typer.command` does."""
        return super().command(name, cls=Command, **more)


def examples_in(text: str) -> list[str]:
    """The examples of a docstring, a command line each."""
    _, marker, after = text.partition(EXAMPLES)
    return [line.strip() for line in after.strip().splitlines() if line.strip()] if marker else []
