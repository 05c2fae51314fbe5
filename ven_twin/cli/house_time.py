"""The time in a house: when it starts, how fast it passes, and whether the same hours come again."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf
from typing import Annotated, NamedTuple

import typer

from contracts.errors import FieldError

HouseSpeedOption = Annotated[
    float | None, typer.Option("--house-speed", help="House seconds to a wall second; 1 when left out.")
]
HouseStartOption = Annotated[
    str | None,
    typer.Option("--house-start", help="House time at the start, with its zone; now when left out."),
]
HouseSpanOption = Annotated[
    str | None,
    typer.Option("--house-span", help="Live so much house time, then the same again; none: on and on."),
]
AfternoonOption = Annotated[
    bool,
    typer.Option(
        "--afternoon", help="A hot afternoon in July, five times as fast as yours, that comes again."
    ),
]
NO_SPAN = "none"
SPAN_S = (900.0, 86_400.0)
"""The shortest and the longest stretch of house time that comes again: a quarter hour, and a day."""


class HouseTime(NamedTuple):
    """The start of the house's time (UTC s; the wall's time when None), its speed, and its hours, s."""

    start_ts: float | None = None
    speed: float = 1.0
    span_s: float = inf

    @property
    def options(self) -> list[str]:
        """The same as options of a command line."""
        span = NO_SPAN if self.span_s == inf else f"{self.span_s:.0f}s"
        at = None if self.start_ts is None else datetime.fromtimestamp(self.start_ts, UTC)
        start = [] if at is None else ["--house-start", at.isoformat()]
        return [*start, "--house-speed", f"{self.speed:g}", "--house-span", span]


AFTERNOON = HouseTime(datetime(2026, 7, 15, 22, 30, tzinfo=UTC).timestamp(), 5.0, 2.5 * 3600.0)
"""A working day in July, half past five by local standard time: it is hot, the car charges until eight."""


def house_time(
    start: str | None, speed: float | None, span: str | None, *, afternoon: bool = False
) -> HouseTime:
    """The time that the options describe, of the afternoon as far as they leave something out.

    Raises:
        FieldError: a start without a zone, a speed or a span that cannot be.
    """
    from contracts.api.event_text import parse_start_ts
    from ven_twin.ven.clock import HOUSE_SPEED_MAX

    time = AFTERNOON if afternoon else HouseTime()
    if start is not None:
        time = time._replace(start_ts=parse_start_ts(start, "--house-start"))
    if speed is not None:
        if not 0 < speed <= HOUSE_SPEED_MAX:
            raise FieldError("--house-speed", f"from above 0 to {HOUSE_SPEED_MAX:.0f}, not {speed:g}")
        time = time._replace(speed=speed)
    if span is not None:
        time = time._replace(span_s=_span_s(span))
    return time


def _span_s(text: str) -> float:
    from contracts.api.event_text import parse_duration

    if text == NO_SPAN:
        return inf
    span_s, (least_s, most_s) = float(parse_duration(text, "--house-span")), SPAN_S
    if not least_s <= span_s <= most_s:
        raise FieldError("--house-span", f"write 15m to 24h, or {NO_SPAN}, not {text}")
    return span_s
