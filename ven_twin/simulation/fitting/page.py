"""The page of a fit: its goodness, its parameters and how sure they are, measured beside modelled."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from types import MappingProxyType

import numpy as np

from contracts.wire.units import S_PER_DAY, S_PER_H
from ven_twin.house.weather import HOURS_A_DAY
from ven_twin.simulation.fitting.fit import Estimate, Fit
from ven_twin.simulation.fitting.forecast import by_day
from ven_twin.simulation.fitting.goodness import Goodness, daily_kwh
from ven_twin.simulation.fitting.thermal import Floats
from ven_twin.simulation.plot import PAGE, Plot, Point
from ven_twin.simulation.report import tiles_html

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "ua_kw_c": "Heat loss",
        "air_kwh_c": "Heat capacity of the air",
        "mass_kwh_c": "Heat capacity of the mass",
        "coupling_kw_c": "Coupling of air and mass",
        "aperture_m2": "Solar aperture",
        "mass_gain_fraction": "Share of gains that warms the mass",
        "sky_view": "Share of the walls' view that is sky",
        "heating_c": "Heating setpoint",
        "cooling_c": "Cooling setpoint",
        "heating_kw": "Heating capacity",
        "cooling_kw": "Cooling capacity",
        "heating_cop": "COP of heating",
        "cooling_cop": "COP of cooling",
        "aux_kw": "Strip",
        "people_kw": "Heat of people",
        "heat_fraction": "Share of the base load that heats the house",
    }
)
WITHOUT_THERMOMETER = (
    "There was no thermometer. The setpoints rest on a default of ±1.5 °C, and the indoor temperature of "
    "this house "
    "is no better known than that; its energy is."
)


def html(fit: Fit, name: str, *, place: str, utc_offset_h: float, checks: Sequence[Goodness]) -> str:
    """The page; *checks* are of the days that were fitted on and, if there are, of those that were not."""
    hours = len(fit.hours.meter_kw)
    start_s = fit.hours.first_hour * S_PER_H - utc_offset_h * S_PER_H
    sections = [tiles_html(_tiles(checks))]
    sections += [f"<p class=note>{escape(note)}</p>" for note in notes(fit)]
    sections += ["<h2>Parameters</h2>", _table(fit.estimates)]
    sections += [
        "<h2>Measured and modelled</h2>",
        *_plots(fit, start_s, start_s + hours * S_PER_H, utc_offset_h),
    ]
    sections += ["<h2>The rest of the house</h2>", _base(fit)]
    below = f"{hours // HOURS_A_DAY} days, weather of {place}"
    return PAGE.format(title=f"Fit of “{escape(name)}”", subtitle=escape(below), body="\n".join(sections))


def notes(fit: Fit) -> list[str]:
    """Notes on all that the readings could not tell."""
    texts = [] if fit.hours.indoor_c is not None else [WITHOUT_THERMOMETER]
    for there, what in ((fit.heats, "heating"), (fit.cools, "cooling")):
        if not there:
            texts.append(f"The period has no {what}: what belongs to it is at its default.")
    unsure = [_in_a_sentence(NAMES[one.name]) for one in fit.estimates if not one.identified]
    if unsure:
        texts.append(f"At or near their defaults, with the interval of a default: {', '.join(unsure)}.")
    return texts


def _in_a_sentence(name: str) -> str:
    return name if name[1].isupper() else name[0].lower() + name[1:]


def _tiles(checks: Iterable[Goodness]) -> list[tuple[str, str, str]]:
    tiles = []
    for check in checks:
        if check.indoor_rmse_c is not None:
            tiles.append((f"Indoors, {check.title}", f"{check.indoor_rmse_c:.2f}", "°C RMSE of an hour"))
        tiles.append(
            (f"Energy, {check.title}", f"{100 * check.daily_error:.1f} %", "mean error of a day, house")
        )
        tiles.append((f"In all, {check.title}", f"{100 * check.total_error:+.1f} %", f"of {check.days} days"))
    return tiles


def _table(estimates: Sequence[Estimate]) -> str:
    head = "<th>Parameter<th>Key<th>Value<th>95 % interval<th>Unit<th>From"
    rows = "".join(
        f"<tr><th>{escape(NAMES[one.name])}<td>{one.name}<td>{one.value:.3g}<td>{one.low:.3g} to "
        f"{one.high:.3g}"
        f"<td>{escape(one.unit)}<td>{'the readings' if one.identified else 'default'}"
        for one in estimates
    )
    return f'<div class="wide"><table><thead><tr>{head}</thead>{rows}</table></div>'


def _plots(fit: Fit, start_s: float, end_s: float, utc_offset_h: float) -> Iterable[str]:
    metered, modelled = daily_kwh(fit.hours.meter_kw, fit.modelled_kw)
    hvac = by_day(fit.modelled.hvac_kw[:, 0], S_PER_H).sum(axis=1)
    most = float(max(np.nanmax(metered), modelled.max()))
    plot = Plot("Energy of a day", "kWh", start_s, end_s, 0.0, most, utc_offset_h)
    day_s = [start_s + day * S_PER_DAY for day in range(len(metered))]
    path = plot.area(day_s, [0.0] * len(day_s), [float(kwh) for kwh in hvac], S_PER_DAY)
    plot.fill(path, "var(--hvac)", "HVAC, modelled")
    plot.line(_points(day_s, modelled), "var(--limit)", "house, modelled", width_s=S_PER_DAY)
    plot.line(_points(day_s, metered), "var(--ink)", "house, metered", dashed=True, width_s=S_PER_DAY)
    yield plot.html("A day with a hole in the meter is counted by the hours that it has.")
    indoor = fit.hours.indoor_c
    hour_s = [start_s + hour * S_PER_H for hour in range(len(fit.hours.meter_kw))]
    air = fit.modelled.air_c[:, 0]
    low, high = float(air.min()), float(air.max())
    if indoor is not None:
        low, high = min(low, float(np.nanmin(indoor))), max(high, float(np.nanmax(indoor)))
    plot = Plot("Air indoors", "°C", start_s, end_s, low, high, utc_offset_h)
    if indoor is not None:
        plot.line(_points(hour_s, indoor), "var(--muted)", "measured")
    plot.line(_points(hour_s, air), "var(--hvac)", "modelled")
    yield plot.html()


def _base(fit: Fit) -> str:
    most = max(*fit.weekday_kw, *fit.weekend_kw, 0.1)
    plot = Plot("Base load by hour of the day", "kW", 0.0, S_PER_DAY, 0.0, most)
    hour_s = [hour * S_PER_H for hour in range(HOURS_A_DAY)]
    for powers_kw, colour, words in (
        (fit.weekday_kw, "var(--ink)", "weekdays"),
        (fit.weekend_kw, "var(--water_heater)", "weekends"),
    ):
        plot.line(list(zip(hour_s, powers_kw, strict=True)), colour, words, width_s=S_PER_H)
    return plot.html("Local standard time. All that the meter has and the HVAC does not explain.")


def _points(at_s: Sequence[float], values: Floats) -> list[Point]:
    return [
        (at, float(value) if np.isfinite(value) else None) for at, value in zip(at_s, values, strict=True)
    ]
