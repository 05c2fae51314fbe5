"""The options of an event, as `contracts.api.event_text` writes durations, powers and signals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, cast, get_args

import msgspec
import typer

from contracts.api.event_text import (
    duration_text,
    interval_text,
    parse_duration,
    parse_interval,
    parse_level,
    parse_power,
    parse_start_ts,
)
from contracts.api.requests import Allocation
from contracts.api.resources import EventBody
from contracts.errors import FieldError
from contracts.wire.events import RANDOMIZE_MAX_S, Interval, Signal
from contracts.wire.telemetry import EARLIEST_TS, LATEST_TS
from ven_twin.cli.connection import with_options

DurationOption = Annotated[
    str | None, typer.Option("--duration", help="The event's length: 10m, 1h30m, 2h30, 45s.")
]
ShedOption = Annotated[
    str | None, typer.Option("--shed-kw", help="Draw so much less, over all targets: 3kW or 3.")
]
LoadUpOption = Annotated[
    str | None, typer.Option("--load-up-kw", help="Draw so much more, over all targets: 3kW or 3.")
]
ImportLimitOption = Annotated[
    str | None, typer.Option("--import-limit-kw", help="Import no more than this, each VEN: 5kW or 5.")
]
LevelOption = Annotated[str | None, typer.Option("--level", help="0 normal to 3 emergency.")]
IntervalOption = Annotated[
    list[str] | None,
    typer.Option(
        "--interval", help="Such as 10m/3kW or 2h/limit=5kW; repeat for what follows. In place of the above."
    ),
]
StartOption = Annotated[
    str | None,
    typer.Option("--start", help="With its zone, such as 2026-07-14T17:00+02:00; now when left out."),
]
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
    str | None,
    typer.Option(
        "--allocation", help="merit (who has most, in turn), proportional, or each (the same for every VEN)."
    ),
]
ALLOCATIONS = get_args(Allocation)
OPTIONS: Mapping[str, object] = {
    "duration": DurationOption,
    "shed_kw": ShedOption,
    "load_up_kw": LoadUpOption,
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


def with_event(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* the options of an event; its parameter `body` is called for the event."""
    return with_options(command, "body", {name: (kind, None) for name, kind in OPTIONS.items()}, event_body)


def event_body(before: EventBody | None = None, **options: Any) -> EventBody:
    """The event that the options describe; of a revision, *before* with what the options change.

    Args:
        before: the event as it is, when it is to be revised.
        options: by the names of `OPTIONS`.

    Raises:
        FieldError: too little, too much, or something that cannot be read; names the option.
    """
    start, randomize = options["start"], options["randomize_start"]
    program = options["program"] if options["program"] is not None else options["programme"]
    changes = {
        "intervals": _intervals(options, () if before is None else before.intervals),
        "start_ts": None if start is None else _start_ts(start),
        "targets": tuple(options["target"]) if options["target"] else None,
        "priority": options["priority"],
        "randomize_start_s": None if randomize is None else _spread_s(randomize),
        "program": program,
        "allocation": _allocation(options["allocation"]),
    }
    written = {name: value for name, value in changes.items() if value is not None}
    if not written:
        raise FieldError("--shed-kw", "give what is to change: ven-twin event revise --help")
    return msgspec.structs.replace(EventBody(intervals=()) if before is None else before, **written)


def _start_ts(text: str) -> int:
    """A start that an event may have, UTC s."""
    start_ts = parse_start_ts(text, "--start")
    if not EARLIEST_TS <= start_ts <= LATEST_TS:
        raise FieldError("--start", f"{text!r} is not from the year 2000 to 2099")
    return start_ts


def _spread_s(text: str) -> int:
    spread_s = parse_duration(text, "--randomize-start")
    if spread_s > RANDOMIZE_MAX_S:
        raise FieldError("--randomize-start", f"{text!r} is longer than {duration_text(RANDOMIZE_MAX_S)}")
    return spread_s


def _allocation(text: str | None) -> Allocation | None:
    if text is None or text in ALLOCATIONS:
        return cast("Allocation | None", text)
    raise FieldError("--allocation", f"{text!r} is none of {', '.join(ALLOCATIONS)}")


def _intervals(options: Mapping[str, Any], before: Sequence[Interval]) -> tuple[Interval, ...] | None:
    """The intervals that the options describe; None when *before* stays as it is."""
    duration, signals = options["duration"], _signals(options)
    if options["interval"]:
        if signals or duration is not None:
            raise FieldError("--interval", "says it all: leave out --duration, --shed-kw and the like")
        return tuple(parse_interval(text, "--interval") for text in options["interval"])
    if before and not signals and duration is None:
        return None
    if len(signals) > 1 or not (signals or before):
        raise FieldError("--shed-kw", "give one of --shed-kw, --load-up-kw, --import-limit-kw, --level")
    if duration is None and not before:
        raise FieldError("--duration", "is required: 10m, 1h30m, 45s")
    if len(before) > 1:
        there_are = " ".join(f"--interval {interval_text(interval)}" for interval in before)
        raise FieldError("--interval", f"the event has {len(before)} intervals: write all: {there_are}")
    duration_s = before[0].duration_s if duration is None else parse_duration(duration, "--duration")
    signal, value = signals[0] if signals else (before[0].signal, before[0].value)
    return (Interval(duration_s=duration_s, signal=signal, value=value),)


def _signals(options: Mapping[str, Any]) -> list[tuple[Signal, float]]:
    """The signals that the options name."""
    signals = []
    if options["shed_kw"] is not None:
        signals.append((Signal.SHED_KW, parse_power(options["shed_kw"], "--shed-kw")))
    if options["load_up_kw"] is not None:
        signals.append((Signal.LOAD_UP_KW, parse_power(options["load_up_kw"], "--load-up-kw")))
    if options["import_limit_kw"] is not None:
        limit_kw = parse_power(options["import_limit_kw"], "--import-limit-kw")
        signals.append((Signal.IMPORT_LIMIT_KW, limit_kw))
    if options["level"] is not None:
        signals.append((Signal.LEVEL, parse_level(options["level"], "--level")))
    return signals
