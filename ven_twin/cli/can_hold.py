"""``ven-twin can-hold``: answer before promising."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from contracts.errors import FieldError
from ven_twin.cli.connection import JsonOption
from ven_twin.cli.console import print_json, start_ts
from ven_twin.webkit.formatting import power

if TYPE_CHECKING:
    from ven_twin.control.offers import Hold

MOST_KW = 10_000.0
MOST_MINUTES = 24 * 60.0
WIDTH = 40
ROWS = 12


def can_hold(
    kw: Annotated[float, typer.Option("--kw", help="Draw so many kW less.")],
    minutes: Annotated[float, typer.Option("--minutes", help="For so many minutes of house time.")],
    *,
    house: Annotated[
        str, typer.Option("--house", help="A packaged house, or a profile's path.")
    ] = "standard",
    house_start: Annotated[
        str | None, typer.Option("--house-start", help="House time, ISO 8601; now when left out.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Can the house hold X kW for Y minutes? Tried on the model, offline; exit 1 when it cannot."""
    from ven_twin.ven.clock import HouseClock, now_ts
    from ven_twin.ven.house_runtime import HouseRuntime

    if not 0 < kw <= MOST_KW:
        raise FieldError("--kw", f"above 0 to {MOST_KW:.0f}, got {kw:g}")
    if not (math.isfinite(minutes) and 1 <= minutes <= MOST_MINUTES):
        raise FieldError("--minutes", f"1 to {MOST_MINUTES:.0f}, got {minutes:g}")
    from_ts = start_ts(house_start, "--house-start") if house_start else now_ts()
    held = HouseRuntime(house, HouseClock(from_ts, 0.0)).can_hold(kw, minutes)
    if json_output:
        print_json(msgspec.to_builtins(held))
    else:
        _show(held)
    if not held.holds:
        raise typer.Exit(1)


def _show(held: Hold) -> None:
    """The answer, the curve and the cost, for a person's eyes."""
    asked, length = power(held.requested_kw), f"{held.minutes:g} min"
    if held.holds:
        typer.echo(f"Yes: {asked} can be held for {length}.")
    else:
        typer.echo(f"No: {asked} can be held for {held.held_min:g} of {length}.")
    typer.echo(f"Mean {power(held.mean_kw)}, at least {power(held.least_kw)}:")
    every = max(1, math.ceil(len(held.curve) / ROWS))
    for after_min, delivered_kw in held.curve[every - 1 :: every]:
        bar = "█" * round(WIDTH * min(max(delivered_kw / held.requested_kw, 0.0), 1.0))
        typer.echo(f"  {after_min:5.0f} min  {power(delivered_kw):>9}  {bar}")
    comfort = held.comfort
    typer.echo(
        f"Air {comfort.beyond_setpoint_c:.1f} °C beyond the setpoint at worst, "
        f"{comfort.alone_c:.1f} °C if left alone."
    )
    for what, soc in (("Car", comfort.ev_soc_given_up), ("Battery", comfort.battery_soc_used)):
        if soc:
            typer.echo(f"{what}: {soc:.0%} less charge at the end.")
    for circuit, off_min in sorted(comfort.curtailed_min.items(), key=lambda item: -item[1]):
        typer.echo(f"  {circuit:10}  curtailed for {off_min:g} min")
