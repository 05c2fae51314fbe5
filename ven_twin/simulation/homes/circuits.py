"""The circuits of drawn homes, as tables of a house file; what is not drawn is the standard house's."""

from typing import Any

import msgspec
from msgspec.structs import asdict

from ven_twin.house.devices.heat_pump import HeatPump
from ven_twin.house.devices.water_heater import WaterHeaterSpec, is_undersized
from ven_twin.simulation.homes.machines import breaker_amps

GALLON_KWH_C = 0.0044
"""Heat that warms a gallon by one degree: 50 gal have 0.220 kWh/°C."""
MOST_RATED_KW = 25.0
SETPOINT_C, SETPOINT_STEP_C, SETPOINTS = 51.7, 0.6, 16
"""125 °F, or a degree Fahrenheit more, up to 140."""


def _circuit(
    kind: str, name: str, kw: float, amps: int, priority: int, *, heat: float = 0.0
) -> dict[str, Any]:
    return {
        "type": kind,
        "name": name,
        "breaker_amps": amps,
        "rated_kw": round(min(kw, MOST_RATED_KW), 2),
        "priority": priority,
        "critical": False,
        "heat_fraction": heat,
        "least_off_s": 120,
    }


def hvac(
    made: HeatPump,
    envelope: dict[str, float],
    setpoints_c: tuple[float, float],
    limits_c: tuple[float, float],
    kw: float,
) -> dict[str, Any]:
    """Heating and cooling that draw at most *kw*."""
    pump = made.heating_kw > 0.0
    name = "Heat pump" if pump else "Electric furnace and air conditioner"
    return {
        **_circuit("hvac", name, kw, breaker_amps(kw), 2),
        "least_off_s": 180,
        "least_on_s": 180 if pump else 60,
        "cooling_c": setpoints_c[1],
        "heating_c": setpoints_c[0],
        "deadband_c": 1.11,
        "cycle_s": 180,
        "coolest_c": limits_c[0],
        "warmest_c": limits_c[1],
        "shed_offset_c": 2.2,
        "envelope": dict(envelope),
        "machine": {**asdict(made), "most_kw": min(round(kw + 0.05, 1), 40.0)},
    }


def water_heater(gallons: float, draw_l: float, inlet_c: float) -> dict[str, Any]:
    """A tank of *gallons*, set so hot that it gives its largest draw twice in a row."""
    for step in range(SETPOINTS):
        tank = _tank(gallons, draw_l, inlet_c, round(SETPOINT_C + step * SETPOINT_STEP_C, 1))
        spec = msgspec.convert({"id": "heater1", **tank}, WaterHeaterSpec)
        if not is_undersized(spec):
            break
    return {"type": WaterHeaterSpec.type, **tank}


def _tank(gallons: float, draw_l: float, inlet_c: float, setpoint_c: float) -> dict[str, Any]:
    element_kw = 5.5 if gallons > 66.0 else 4.5
    circuit = _circuit(WaterHeaterSpec.type, "Water heater", element_kw, 30, 6)
    del circuit["type"]
    return {
        **circuit,
        "least_on_s": 120,
        "element_kw": element_kw,
        "tank_kwh_c": gallons * GALLON_KWH_C,
        "loss_kw_c": round(0.00106 * (gallons / 50.0) ** (2.0 / 3.0), 5),
        "setpoint_c": setpoint_c,
        "deadband_c": 5.56,
        "least_c": 43.3,
        "reserve_l": draw_l,
        "shed_offset_c": 5.56,
        "level_offsets_c": (2.2, 5.56, 22.2),
        "inlet_c": inlet_c,
        "ambient_c": 19.0,
    }


def car(*, charger_kw: float, battery_kwh: float, kwh_per_mile: float, full_soc: float) -> dict[str, Any]:
    """A car and its charger."""
    return {
        **_circuit("ev", "Car charger", charger_kw, breaker_amps(charger_kw * 1.25), 8),
        "charger_kw": charger_kw,
        "least_kw": 1.44,
        "battery_kwh": battery_kwh,
        "efficiency": 0.9,
        "kwh_per_mile": kwh_per_mile,
        "empty_soc": 0.05,
        "need_soc": round(full_soc - 0.3, 2),
        "full_soc": full_soc,
        "start_soc": full_soc,
    }


def battery() -> dict[str, Any]:
    """A home battery, the standard house's."""
    return {
        **_circuit("battery", "Battery", 5.0, 30, 9),
        "battery_kwh": 13.5,
        "charge_kw": 5.0,
        "discharge_kw": 5.0,
        "round_trip": 0.9,
        "least_soc": 0.15,
        "full_soc": 0.95,
        "refill_kw": 1.0,
        "refill_from_h": 1.0,
        "refill_until_h": 6.0,
        "start_soc": 0.95,
    }


def dryer(*, condensing: bool) -> dict[str, Any]:
    """A dryer; a flat's is slow and keeps its heat inside."""
    if condensing:
        return {**_circuit("dryer", "Washer-dryer", 1.2, 15, 7, heat=0.9), "run_kw": 1.2}
    return {**_circuit("dryer", "Dryer", 4.5, 30, 7, heat=0.15), "run_kw": 4.5}


def cooker() -> dict[str, Any]:
    """A range."""
    return {**_circuit("range", "Range", 2.4, 40, 3, heat=0.8), "run_kw": 2.4}


def lights(area_sf: float) -> dict[str, Any]:
    """Lights, by floor area."""
    return {**_circuit("lights", "Lights", 0.25 + area_sf / 5_000.0, 15, 5, heat=0.9), "floor_fraction": 0.5}


def outlets() -> dict[str, Any]:
    """Outlets."""
    return {**_circuit("outlets", "Outlets", 1.8, 20, 4, heat=0.9), "floor_fraction": 0.3}


def fridge(compressor_kw: float) -> dict[str, Any]:
    """A fridge."""
    kw = round(compressor_kw, 2)
    return {
        **_circuit("fridge", "Refrigerator", kw, 15, 1, heat=1.0),
        "critical": True,
        "compressor_kw": kw,
        "cycle_s": 480,
        "warm_s": 14_400,
    }


def pv(array_kw: float) -> dict[str, Any]:
    """An array on the roof and its inverter."""
    inverter_kw = round(array_kw / 1.2, 1)
    return {
        **_circuit("pv", "Solar panels", inverter_kw, breaker_amps(inverter_kw * 1.25), 10),
        "array_kw": round(array_kw, 1),
        "inverter_kw": inverter_kw,
        "system_efficiency": 0.86,
        "temperature_per_c": -0.0035,
    }
