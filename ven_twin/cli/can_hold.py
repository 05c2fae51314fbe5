"""``ven-twin can-hold``: answer before promising."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.api.event_text import parse_duration, parse_power, parse_start_ts
from contracts.errors import FieldError
from contracts.wire.units import S_PER_MIN
from ven_twin.cli.connection import HouseOption, JsonOption, house_errors
from ven_twin.cli.console import echo, print_json
from ven_twin.cli.exit_codes import ExitCode
from ven_twin.webkit.formatting import percent, power

if TYPE_CHECKING:
    from ven_twin.control.holding import Hold

MOST_KW = 10_000.0
MOST_MINUTES = 24 * 60.0
WIDTH = 40
ROWS = 12


def can_hold(
    *,
    duration: Annotated[str, typer.Option("--for", help="For so long in house time: 90m, 1h30m, 2h30.")],
    shed_kw: Annotated[str | None, typer.Option("--shed-kw", help="Draw so much less: 3kW or 3.")] = None,
    load_up_kw: Annotated[
        str | None, typer.Option("--load-up-kw", help="Draw so much more, in place of --shed-kw.")
    ] = None,
    mean: Annotated[
        str,
        typer.Option("--mean", help="Judged by means over this time: 5m, or 15m as a meter has."),
    ] = "5m",
    house: HouseOption = "standard",
    house_start: Annotated[
        str | None, typer.Option("--house-start", help="House time, with its zone; now when left out.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Can the house hold X kW for Y minutes? Tried in what may come, offline; exit 3 when it cannot.

    Examples:
        ven-twin can-hold --shed-kw 3kW --for 1h
        ven-twin can-hold --load-up-kw 2kW --for 30m --house-start 2026-07-15T22:30:00Z
    """
    from contracts.wire.ids import VenId
    from ven_twin.control.ven_state import VenState
    from ven_twin.ven.clock import now_ts
    from ven_twin.ven.house_clock import HouseClock
    from ven_twin.ven.startup import warm_house

    requested_kw = _requested_kw(shed_kw, load_up_kw)
    length_min, window_s = _minutes(duration), _window_s(mean)
    from_ts = parse_start_ts(house_start, "--house-start") if house_start else now_ts()
    with house_errors("--house"):
        runtime = warm_house(house, HouseClock(from_ts, 0.0))
    state = VenState(VenId("house"), runtime.load_ids)
    loads_up = load_up_kw is not None
    hold = runtime.can_hold(state, requested_kw, length_min, from_ts, window_s, loads_up=loads_up)
    if json_output:
        print_json(hold)
    else:
        _show(hold, loads_up=loads_up)
    if not hold.holds:
        raise typer.Exit(ExitCode.NOTHING_TO_GIVE)


def _requested_kw(shed_kw: str | None, load_up_kw: str | None) -> float:
    """The kW of the one option of the two that is there."""
    option, text = ("--shed-kw", shed_kw) if load_up_kw is None else ("--load-up-kw", load_up_kw)
    if text is None or (shed_kw is not None and load_up_kw is not None):
        reason = "give this to draw less or --load-up-kw to draw more, such as --shed-kw 3kW"
        raise FieldError("--shed-kw", reason)
    requested_kw = parse_power(text, option)
    if not 0 < requested_kw <= MOST_KW:
        raise FieldError(option, f"write more than 0 and at most {MOST_KW:.0f} kW, not {text}")
    return requested_kw


def _minutes(duration: str) -> float:
    """The length of the hold, min."""
    length_min = parse_duration(duration, "--for") / S_PER_MIN
    if not 1 <= length_min <= MOST_MINUTES:
        raise FieldError("--for", f"write 1m to {MOST_MINUTES / 60:.0f}h, not {duration}")
    return length_min


def _window_s(mean: str) -> float:
    """The length of the windows whose means are held, s."""
    from ven_twin.control.offers import WINDOWS_S

    window_s = float(parse_duration(mean, "--mean"))
    if window_s not in WINDOWS_S:
        allowed = " or ".join(f"{window_s / S_PER_MIN:.0f}m" for window_s in WINDOWS_S)
        raise FieldError("--mean", f"write {allowed}, not {mean}")
    return window_s


def _show(hold: Hold, *, loads_up: bool) -> None:
    """The answer, the curve and the cost, for a person's eyes."""
    requested = f"{power(hold.requested_kw)}{' more' if loads_up else ''}"
    length = f"{hold.minutes:g} min"
    tries = f"in {hold.successes} of {hold.tried} courses that the hours ahead may take"
    if hold.holds:
        echo(f"Yes: {requested} can be held for {length}: {tries}.")
    else:
        echo(f"No: {requested} can be held for {hold.sustained_min:g} of {length}; for all of it {tries}.")
    echo(f"Mean {power(hold.mean_kw)}, at least {power(hold.least_kw)}:")
    every = max(1, math.ceil(len(hold.curve) / ROWS))
    for after_min, delivered_kw in hold.curve[every - 1 :: every]:
        bar = "█" * round(WIDTH * min(max(delivered_kw / hold.requested_kw, 0.0), 1.0))
        echo(f"  {after_min:5.0f} min  {power(delivered_kw):>9}  {bar}")
    comfort = hold.comfort
    echo(
        f"At worst: air {comfort.beyond_setpoint_c:.1f} °C beyond the setpoint, "
        f"{comfort.alone_c:.1f} °C if left alone."
    )
    for what, soc in (("Car", comfort.ev_soc_forgone), ("Battery", comfort.battery_soc_used)):
        if soc:
            echo(f"{what}: {percent(soc)} less charge at the end.")
    for circuit, off_min in sorted(comfort.curtailed_min.items(), key=lambda item: -item[1]):
        echo(f"  {circuit:10}  curtailed for {off_min:g} min")
