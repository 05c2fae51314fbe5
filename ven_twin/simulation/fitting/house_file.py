"""Writes a fitted house as a profile that `ven-twin` runs."""

from collections.abc import Sequence

from ven_twin.house.devices.heat_pump import HeatPump, Mode, output
from ven_twin.simulation.fitting.fit import Estimate, Fit
from ven_twin.simulation.fitting.parameters import MASS_GAIN_FRACTION
from ven_twin.simulation.fitting.thermal import (
    DEADBAND_C,
    FAN_SHARE,
    LATENT_FRACTION,
    ThermalHouse,
)

BREAKERS_A = (15, 20, 30, 40, 50, 60, 80, 100, 125, 150, 200)
VOLTAGE_V = 240.0
DIGITS = 4
COMFORT_C = 3.9
"""The critical limits, beyond the setpoints: 7 °F, as in the packaged houses."""
OUTDOORS_C = (-15.0, -5.0, 5.0, 15.0, 35.0, 42.0)
"""The temperatures outdoors that a circuit is sized for."""
DRY = 0.5
MOST_KW, MOST_RATED_KW = 40.0, 25.0
"""Source: the ranges of `HeatPump` and `Circuit`."""

HOUSE = """\
# {name}: a house as ven-twin house fit identified it from its meter{thermometer}.
# {days} days from {first}, weather of {place}.
# A value's comment has its 95 % interval; "default" is what the readings did not tell.
name = {name_text}
seed = 1
{weather}
[panel]
rating_amps = 200
voltage_v = 240

[habits]                        # what the meter has beside the HVAC is base1's; nobody starts anything
people_kw = {people_kw}
lights_kwh_d = 0.0
outlets_kwh_d = 0.0
fridge_kwh_d = 0.0
hot_water_l_d = 0.0
dryer_runs_d = 0.0
dryer_run_s = 60
range_runs_d = 0.0
range_run_s = 60
ev_leaves_h = 7.5
ev_returns_h = 17.0
ev_miles_d = 0.0
spread = 0.0
array_tilt_deg = 0.0
array_azimuth_deg = 180.0

[circuits.hvac1]
type = "hvac"
name = "{hvac_name}"
breaker_amps = {hvac_amps}
rated_kw = {hvac_kw}
priority = 2
critical = false
heat_fraction = 0.0             # its heat is in the machine's curves
least_off_s = 180
least_on_s = {least_on_s}
cooling_c = {cooling_c}
heating_c = {heating_c}
deadband_c = {deadband_c}                # default: GridLAB-D, 2 F
cycle_s = 120                   # default: GridLAB-D
coolest_c = {coolest_c}
warmest_c = {warmest_c}
shed_offset_c = 2.2             # default: 4 F

[circuits.hvac1.envelope]
air_kwh_c = {air_kwh_c}
mass_kwh_c = {mass_kwh_c}
ua_kw_c = {ua_kw_c}
coupling_kw_c = {coupling_kw_c}
aperture_m2 = {aperture_m2}
sky_view = {sky_view}
mass_gain_fraction = {mass_gain_fraction}

[circuits.hvac1.machine]
cooling_kw = {cooling_kw}
cooling_cop = {cooling_cop}
heating_kw = {heating_kw}
heating_cop = {heating_cop}
aux_kw = {aux_kw}
most_kw = {most_kw}
fan_kw = {fan_kw}
latent_fraction = {latent_fraction}           # default: GridLAB-D

[circuits.base1]
type = "base_load"
name = "Everything else"
breaker_amps = {base_amps}
rated_kw = {base_kw}
priority = 1
critical = true
heat_fraction = {heat_fraction}
weekday_kw = [{weekday_kw}]
weekend_kw = [{weekend_kw}]
"""

FURNACE = {
    "heating_kw": "0.0                # an electric furnace: the strip alone heats",
    "heating_cop": "1.0",
}


def house_text(fit: Fit, name: str, *, place: str, first: str, weather: str | None = None) -> str:
    """The profile's text. *first* is the first day; *weather* a file that the house stands under."""
    house = fit.house
    shown = {estimate.name: _value(estimate) for estimate in fit.estimates}
    most_kw = min(_most_kw(house), MOST_KW)
    hvac_kw, hvac_amps = _circuit(most_kw)
    base_kw, base_amps = _circuit(max(*fit.weekday_kw, *fit.weekend_kw, 0.1))
    furnace = FURNACE | {"aux_kw": shown["heating_kw"]}
    return HOUSE.format_map(
        {
            "mass_gain_fraction": f"{MASS_GAIN_FRACTION}        # default: GridLAB-D",
            **shown,
            **(furnace if house.furnace else {}),
            "name": name,
            "name_text": toml_text(name),
            "thermometer": "" if fit.hours.indoor_c is None else " and thermometer",
            "days": len(fit.hours.meter_kw) // 24,
            "first": first,
            "place": place,
            "weather": f"weather = {toml_text(weather)}\n" if weather else "",
            "hvac_name": "Electric furnace and air conditioner" if house.furnace else "Heat pump",
            "hvac_amps": hvac_amps,
            "hvac_kw": hvac_kw,
            "least_on_s": 60 if house.furnace else 180,
            "deadband_c": DEADBAND_C,
            "coolest_c": round(house.heating_c - COMFORT_C, 1),
            "warmest_c": round(house.cooling_c + COMFORT_C, 1),
            "cooling_c": shown["cooling_c"]
            if house.cooling_c > house.heating_c + 1.3
            else round(house.cooling_c, 2),
            "most_kw": round(most_kw, 2),
            "fan_kw": round(FAN_SHARE * max(house.heating_kw, house.cooling_kw), DIGITS),
            "latent_fraction": LATENT_FRACTION,
            "base_amps": base_amps,
            "base_kw": base_kw,
            "weekday_kw": _series(fit.weekday_kw),
            "weekend_kw": _series(fit.weekend_kw),
        }
    )


def toml_text(text: str) -> str:
    """*text* as a basic string of TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in escaped) + '"'


def _value(estimate: Estimate) -> str:
    """A value with its interval as a comment."""
    kind = "" if estimate.identified else "default; "
    value = f"{estimate.value:.{DIGITS}g}"
    value = value if "." in value or "e" in value else f"{value}.0"
    return f"{value:8}  # {kind}{estimate.low:.3g} to {estimate.high:.3g} {estimate.unit}".rstrip()


def _most_kw(house: ThermalHouse) -> float:
    """The most that compressor or strip, with the fan, may draw."""
    machine = HeatPump(
        cooling_kw=house.cooling_kw,
        cooling_cop=house.cooling_cop,
        heating_kw=0.0 if house.furnace else house.heating_kw,
        heating_cop=house.heating_cop,
        aux_kw=house.heating_kw if house.furnace else house.aux_kw,
        most_kw=MOST_KW,
        fan_kw=FAN_SHARE * max(house.heating_kw, house.cooling_kw),
        latent_fraction=LATENT_FRACTION,
    )
    modes = (Mode.COOL, Mode.AUX)
    return max(output(machine, mode, outdoor_c, DRY).power_kw for mode in modes for outdoor_c in OUTDOORS_C)


def _circuit(power_kw: float) -> tuple[float, int]:
    """The rating of a circuit that draws *power_kw*, and its breaker."""
    amps = next((one for one in BREAKERS_A if one * VOLTAGE_V / 1000.0 >= power_kw), BREAKERS_A[-1])
    return round(min(power_kw, MOST_RATED_KW), 2), amps


def _series(powers_kw: Sequence[float]) -> str:
    return ", ".join(f"{power_kw:.3f}" for power_kw in powers_kw)
