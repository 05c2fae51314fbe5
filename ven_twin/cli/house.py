"""``ven-twin house``: a house of one's own, drawn, or from what its meter measured."""

from __future__ import annotations

import math
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import FieldError
from ven_twin.cli.connection import JsonOption
from ven_twin.cli.console import echo, print_json
from ven_twin.cli.tree import CommandGroup
from ven_twin.installation import home

if TYPE_CHECKING:
    from collections.abc import Callable

    from ven_twin.house.weather import Weather
    from ven_twin.simulation.fitting.house_fit import HouseFit
    from ven_twin.simulation.fitting.readings import Readings

    Reader = Callable[[str, str, float | None], Readings]

app = CommandGroup("A house of your own: drawn, or fitted to its meter.")
HEATINGS = ("heat-pump", "furnace")
MOST_CHECK_DAYS = 180
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}")

MeterOption = Annotated[
    Path, typer.Option("--meter", help="The meter: time with offset, and kwh, wh, kw or w; 5 to 60 min.")
]
IndoorOption = Annotated[
    Path | None, typer.Option("--indoor", help="The thermometer: time and indoor_c or indoor_f.")
]
WeatherOption = Annotated[
    Path, typer.Option("--weather", help="Hourly weather of the same time: CSV with time, EPW or TMY3.")
]
OffsetOption = Annotated[
    float | None,
    typer.Option("--utc-offset", help="Of times without one, h: standard time all year, such as -5."),
]
HeatingOption = Annotated[str, typer.Option("--heating", help="heat-pump or furnace, an electric one.")]
CheckOption = Annotated[
    int, typer.Option("--check-days", help="The last days, to check on.", min=0, max=MOST_CHECK_DAYS)
]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="The house file; in .ven-twin/houses when left out.")
]
ReportOption = Annotated[Path | None, typer.Option("--report", help="The page; beside the house file.")]


@app.command()
def new(
    *,
    seed: Annotated[
        int, typer.Option("--seed", help="The seed of the home; the same draws the same.", min=0)
    ],
    climate: Annotated[
        str | None,
        typer.Option("--climate", help="mixed, cold, hot-humid, hot-dry or marine; mixed when left out."),
    ] = None,
    weather: Annotated[
        Path | None,
        typer.Option("--weather", help="A year of weather, EPW or TMY3; Greensboro's when left out."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The house's name; home-SEED when left out.")
    ] = None,
    out: OutOption = None,
    json_output: JsonOption = False,
) -> None:
    """Draw a home from distributions, its building, people and machines, into a file for --house.

    Examples:
        ven-twin house new --seed 8 --climate cold
    """
    from ven_twin.house.profile import decode_profile
    from ven_twin.house.sizing import undersized
    from ven_twin.simulation.homes.drawn_home import home_text

    house_name = _checked_name(f"home-{seed}" if name is None else name)
    climate_name, year = climate_and_weather(climate, weather)
    path = None if weather is None else str(weather.absolute())
    text = home_text(seed, climate_name, year, house_name, path)
    target = out or home() / "houses" / f"{house_name}.toml"
    _write(target, text, "--out")
    words = undersized(decode_profile(text, house_name), year)
    about = [line.removeprefix("# ") for line in text.splitlines()[1:3]]
    if json_output:
        print_json(
            {"house": house_name, "file": str(target), "climate": climate_name, "seed": seed, "notes": words}
        )
    else:
        echo("\n".join([*about, *(f"{one}." for one in words), f"House   {target}"]))


def climate_and_weather(climate: str | None, weather: Path | None) -> tuple[str, Weather]:
    """The climate's name and the year of weather that drawn homes are sized for and stand under.

    Raises:
        FieldError: there is no such climate, or the file cannot be read or has no year of weather.
    """
    from ven_twin.house.errors import PhysicsError
    from ven_twin.house.weather import read_weather
    from ven_twin.simulation.homes.distributions import CLIMATES, MIXED

    climate_name = MIXED if climate is None else climate
    if climate_name not in CLIMATES:
        raise FieldError("--climate", f"{climate_name!r} is none of {', '.join(CLIMATES)}")
    try:
        return climate_name, read_weather(weather)
    except OSError as error:
        raise FieldError("--weather", f"{weather} cannot be read: {error.strerror or error}") from None
    except PhysicsError as error:
        raise FieldError("--weather", str(error)) from None


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise FieldError("--name", f"{name!r}: write letters, digits, spaces, '_', '.' and '-', at most 64")
    return name


@app.command()
def fit(
    *,
    meter: MeterOption,
    weather: WeatherOption,
    indoor: IndoorOption = None,
    utc_offset: OffsetOption = None,
    heating: HeatingOption = HEATINGS[0],
    check_days: CheckOption = 0,
    name: Annotated[
        str | None, typer.Option("--name", help="The house's name; --meter's when left out.")
    ] = None,
    out: OutOption = None,
    report: ReportOption = None,
    json_output: JsonOption = False,
) -> None:
    """Identify a house from its meter, thermometer and weather: a house file for --house, and a page.

    Without a thermometer energy is less sure, and the indoor temperature is a guess. Needs scipy.

    Examples:
        ven-twin house fit --meter meter.csv --indoor indoor.csv --weather weather.csv
    """
    _check_scipy()
    if heating not in HEATINGS:
        raise FieldError("--heating", f"{heating!r} is none of {', '.join(HEATINGS)}")
    if utc_offset is not None and not (math.isfinite(utc_offset) and -14 <= utc_offset <= 14):
        raise FieldError("--utc-offset", f"{utc_offset:g} is not within -14 and 14 h, such as -5")
    house_name = _checked_name(meter.stem if name is None else name)
    fitted = _fit(
        meter, indoor, weather, utc_offset, house_name, furnace=heating == "furnace", check_days=check_days
    )
    target = out or home() / "houses" / f"{house_name}.toml"
    page = report or target.with_suffix(".html")
    _write(target, fitted.text, "--out")
    _write(page, fitted.page, "--report")
    if json_output:
        print_json(_summary(fitted, house_name, target, page))
    else:
        echo("\n".join([*_lines(fitted), f"House   {target}", f"Report  {page}"]))


def _check_scipy() -> None:
    try:
        import_module("scipy.optimize")  # by name: an extra, which a host that runs twins has not
    except ImportError:
        reason = "needs numpy and scipy: pip install 'ven-twin[fit]', or pip install numpy scipy"
        raise FieldError("house fit", reason) from None


def _fit(
    meter_file: Path,
    indoor: Path | None,
    weather: Path,
    utc_offset: float | None,
    name: str,
    *,
    furnace: bool,
    check_days: int,
) -> HouseFit:
    from ven_twin.house.errors import PhysicsError, ProfileError
    from ven_twin.simulation.fitting.house_fit import fit_house
    from ven_twin.simulation.fitting.readings import read_indoor, read_meter

    meter = _read(meter_file, "--meter", read_meter, utc_offset)
    thermometer = None if indoor is None else _read(indoor, "--indoor", read_indoor, utc_offset)
    try:
        return fit_house(meter, thermometer, weather, name=name, furnace=furnace, check_days=check_days)
    except OSError as error:
        raise FieldError("--weather", f"{weather} cannot be read: {error.strerror or error}") from None
    except ProfileError as error:
        raise FieldError("--meter", f"what was identified is no house: {error}") from None
    except PhysicsError as error:
        text = str(error)
        option = "--meter" if text.startswith(str(meter_file)) else "--weather"
        option = "--indoor" if indoor is not None and text.startswith(str(indoor)) else option
        raise FieldError(option, text) from None


def _read(path: Path, option: str, reader: Reader, utc_offset: float | None) -> Readings:
    from ven_twin.house.errors import PhysicsError
    from ven_twin.house.weather_files import decode_text

    try:
        return reader(decode_text(path.read_bytes(), str(path)), str(path), utc_offset)
    except OSError as error:
        raise FieldError(option, f"{path} cannot be read: {error.strerror or error}") from None
    except PhysicsError as error:
        raise FieldError(option, str(error)) from None


def _write(path: Path, text: str, option: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FieldError(option, f"{path} cannot be written to: {error.strerror or error}") from None


def _lines(fitted: HouseFit) -> list[str]:
    from ven_twin.simulation.fitting.page import NAMES, notes

    lines = [f"{len(fitted.fit.hours.meter_kw) // 24} days from {fitted.first}."]
    for check in fitted.checks:
        indoor = "" if check.indoor_rmse_c is None else f", indoors {check.indoor_rmse_c:.2f} °C RMSE"
        lines.append(
            f"Days {check.title} ({check.days}): energy of a day {100 * check.daily_error:.1f} % off "
            f"on average, {100 * check.total_error:+.1f} % in all{indoor}."
        )
    for one in fitted.fit.estimates:
        sure = "" if one.identified else "  default"
        lines.append(
            f"  {NAMES[one.name]:44}{one.value:8.3g} {one.unit:7} {one.low:.3g} to {one.high:.3g}{sure}"
        )
    return lines + notes(fitted.fit)


def _summary(fitted: HouseFit, name: str, target: Path, page: Path) -> dict[str, object]:
    from ven_twin.simulation.fitting.page import notes

    return {
        "house": name,
        "file": str(target),
        "report": str(page),
        "parameters": {
            one.name: {"value": one.value, "low": one.low, "high": one.high, "identified": one.identified}
            for one in fitted.fit.estimates
        },
        "checks": [
            {
                "days": check.days,
                "title": check.title,
                "indoorRmseC": check.indoor_rmse_c,
                "dailyError": check.daily_error,
                "totalError": check.total_error,
            }
            for check in fitted.checks
        ],
        "notes": notes(fitted.fit),
    }
