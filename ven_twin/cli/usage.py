"""Mistakes as one line each: the option that was typed, what is wrong, what is allowed."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from contracts.errors import FieldError, VenTwinError, WireError

if TYPE_CHECKING:
    import typer

PROGRAM = "ven-twin"
_OPTIONS = {
    "eventId": "EVENT",
    "venId": "VEN",
    "op": "--op",
    "startTs": "--start",
    "priority": "--priority",
    "randomizeStartS": "--randomize-start",
    "program": "--program",
    "allocation": "--allocation",
    "targets": "--target",
    "vens": "VEN",
    "add": "VEN",
    "holidays": "--holidays",
    "durationS": "--duration",
}
"""The option that is typed for a field of a request, where the cloud refuses that field."""
_PLACE = re.compile(r"(?:intervals\[\d+\]\.)?([A-Za-z]+)(?:\[\d+\])?")


def usage_line(error: typer.TyperException) -> str:
    """A mistake that the parser finds, in one line; the whole help where a command was typed alone."""
    context: Any = getattr(error, "ctx", None)
    message = error.format_message()
    if context is not None and message == context.get_help():
        return message
    words = _words(error)
    more = f" (help: {context.command_path} --help)" if context is not None else ""
    return f"{PROGRAM}: {' '.join(words.split())}{more}"


def _words(error: typer.TyperException) -> str:
    option, parameter = getattr(error, "option_name", None), getattr(error, "param", None)
    if possibilities := getattr(error, "possibilities", None):
        return f"{option}: no such option; did you mean {' or '.join(sorted(possibilities))}?"
    if parameter is None:
        text = str(error.message).removesuffix(".")
        return f"{option}: {text}" if option and option not in text else f"{text[:1].lower()}{text[1:]}"
    name = (
        parameter.opts[-1] if parameter.param_type_name == "option" else parameter.metavar or parameter.name
    )
    if error.message:
        reason = error.message.partition(", unable to")[0].replace("Input should be", "must be")
        reason = reason.removeprefix("Value error, ")
        return f"{name}: {reason.removesuffix('.')}"
    purpose = (getattr(parameter, "help", None) or "").removesuffix(".")
    return f"{name}: is required" + (f": {purpose}" if purpose else "")


def error_line(error: VenTwinError) -> str:
    """An error in one line, by the option that was typed."""
    if isinstance(error, FieldError) and (match := _PLACE.fullmatch(error.field)):
        return f"{PROGRAM}: {_OPTIONS.get(match[1], error.field)}: {error.reason}"
    return f"{PROGRAM}: {error}"


def file_line(error: OSError) -> str:
    """A file or a folder that cannot be read or written, in one line."""
    reason = error.strerror or str(error) or type(error).__name__
    place = "" if error.filename is None else f"{error.filename}: "
    return f"{PROGRAM}: {place}{reason[:1].lower()}{reason[1:]}"


@contextlib.contextmanager
def naming(field: str, argument: str) -> Iterator[None]:
    """Call a refused *field* of a request by the *argument* that was typed; and tell who was faster."""
    from ven_twin.operations.aggregator.protocol import RefusedError

    try:
        yield
    except RefusedError as error:
        if error.code == "preconditionFailed":
            reason = "somebody else has changed it meanwhile, and nothing is done: look at it again"
            raise RefusedError(argument, reason, error.code) from None
        name = argument if error.field == field else error.field
        raise RefusedError(name, error.reason, error.code) from None


def is_usage(error: VenTwinError) -> bool:
    """True where what was typed is at fault, rather than a cloud, a network or a file."""
    return isinstance(error, WireError)
