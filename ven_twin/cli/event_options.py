"""What an event asks for, as the command line writes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
import typer

from contracts.errors import FieldError
from contracts.wire.events import Interval, Signal
from ven_twin.cli.connection import with_options
from ven_twin.cli.console import duration_s, start_ts

DurationOption = Annotated[str | None, typer.Option("--duration", help="10m, 1h30m, 45s.")]
ShedOption = Annotated[
    float | None, typer.Option("--shed-kw", help="Draw so many kW less, over all targets.")
]
ImportLimitOption = Annotated[
    float | None, typer.Option("--import-limit-kw", help="Import no more than this, each VEN.")
]
LevelOption = Annotated[int | None, typer.Option("--level", help="0 normal to 3 emergency.")]
IntervalOption = Annotated[
    list[str] | None,
    typer.Option("--interval", help="Such as 10m:shedKw=5; repeat for what follows. In place of the above."),
]
StartOption = Annotated[str | None, typer.Option("--start", help="ISO 8601; now when left out.")]
TargetOption = Annotated[
    list[str] | None, typer.Option("--target", help="A VEN or a group; repeat for more; all when left out.")
]
PriorityOption = Annotated[int | None, typer.Option("--priority", help="0 is the highest.")]
RandomizeOption = Annotated[
    str | None, typer.Option("--randomize-start", help="Spread the starts by up to ± this.")
]
ProgramOption = Annotated[
    str | None, typer.Option("--program", help="Names the baseline that it is settled by.")
]
ProgrammeOption = Annotated[str | None, typer.Option("--programme", hidden=True)]
"""The British spelling of ``--program``."""
AllocationOption = Annotated[
    str | None, typer.Option("--allocation", help="merit (who has most, in turn) or proportional.")
]
OPTIONS: Mapping[str, Any] = {
    "duration": DurationOption,
    "shed_kw": ShedOption,
    "import_limit_kw": ImportLimitOption,
    "level": LevelOption,
    "interval": IntervalOption,
    "start": StartOption,
    "target": TargetOption,
    "priority": PriorityOption,
    "randomize_start": RandomizeOption,
    "program": ProgramOption,
    "programme": ProgrammeOption,
    "allocation": AllocationOption,
}
_SIGNALS = {"shed_kw": "shedKw", "import_limit_kw": "importLimitKw", "level": "level"}
_WRITTEN = re.compile(r"(?P<duration>[^:]+):(?P<signal>\w+)=(?P<value>.+)")


def with_event(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* the options that say what an event asks for; its parameter `asked` is called for it."""
    return with_options(command, "asked", {name: (kind, None) for name, kind in OPTIONS.items()}, event_asked)


def event_asked(*, stays: Sequence[Interval] = (), **given: Any) -> dict[str, Any]:
    """What the options ask for, as the wire has it; what was not given is not in it.

    Args:
        stays: the intervals that there are, when the event is to be revised.
        given: the options, by the names of `OPTIONS`.

    Raises:
        FieldError: too little, too much, or something that cannot be read; names the option.
    """
    randomize = given["randomize_start"]
    asked = {
        "intervals": _intervals(given, stays),
        "startTs": start_ts(given["start"], "--start") if given["start"] else None,
        "targets": given["target"] or None,
        "priority": given["priority"],
        "randomizeStartS": duration_s(randomize, "--randomize-start") if randomize else None,
        "program": given["program"] if given["program"] is not None else given["programme"],
        "allocation": given["allocation"],
    }
    return {name: value for name, value in asked.items() if value is not None}


def _intervals(given: Mapping[str, Any], stays: Sequence[Interval]) -> list[dict[str, Any]] | None:
    """The intervals that are asked for; None when they stay as they are."""
    duration = given["duration"]
    signals = {name: given[name] for name in _SIGNALS if given[name] is not None}
    if given["interval"]:
        if signals or duration is not None:
            raise FieldError("--interval", "says it all: leave out --duration, --shed-kw and the like")
        return [_read(text) for text in given["interval"]]
    if stays and not signals and duration is None:
        return None
    if len(signals) > 1 or not (signals or stays):
        raise FieldError("--shed-kw", "give one of --shed-kw, --import-limit-kw, --level")
    if duration is None and not stays:
        raise FieldError("--duration", "is required: 10m, 1h30m, 45s")
    if len(stays) > 1:
        raise FieldError("--interval", f"the event has {len(stays)} intervals: give all of them anew")
    one: dict[str, Any] = msgspec.to_builtins(stays[0]) if stays else {}
    for name, value in signals.items():
        one |= {"signal": _SIGNALS[name], "value": value}
    return [one | ({"durationS": duration_s(duration, "--duration")} if duration is not None else {})]


def _read(text: str) -> dict[str, Any]:
    """``10m:shedKw=5`` as an interval. Raises FieldError."""
    match = _WRITTEN.fullmatch(text.strip())
    if match is None or match["signal"] not in set(Signal):
        signals = ", ".join(Signal)
        raise FieldError("--interval", f"{text!r} is none: write 10m:shedKw=5; signals are {signals}")
    try:
        value = float(match["value"])
    except ValueError:
        raise FieldError("--interval", f"{match['value']!r} is no number") from None
    seconds = duration_s(match["duration"], "--interval")
    return {"durationS": seconds, "signal": match["signal"], "value": value}
