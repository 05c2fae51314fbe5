"""Draws a home: its building, people and machines from distributions, by a seed and a climate. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ven_twin.house.chance import unit
from ven_twin.house.devices.heat_pump import HeatPump
from ven_twin.house.occupancy import OccupantType, household
from ven_twin.house.weather import Weather
from ven_twin.simulation.homes import circuits
from ven_twin.simulation.homes import distributions as of
from ven_twin.simulation.homes.distributions import CLIMATES, LEVELS, Climate, Table, ValueT
from ven_twin.simulation.homes.home_file import house_file
from ven_twin.simulation.homes.machines import envelope, machine, most_kw

HOME = 700
"""Number of the first stream of chance of a home's draws."""
F_TO_C, FREEZING_F = 5.0 / 9.0, 32.0
LEAST_APART_C = 2.2
COMFORT_C, COOLEST_C, WARMEST_C = 3.0, 16.7, 27.8
"""The critical limits: 62 and 82 °F, or so far beyond the setpoints of who lives close to them."""
Hours = tuple[float, float]
LITRES_A_PERSON = (42.0, 72.0)
LARGEST_DRAW_L = {40.0: 30.0, 50.0: 38.0, 80.0: 45.0}
"""By the tank's gallons: 50 gal give a shower of 57 L at the tap twice in a row, 40 gal a shorter one."""


@dataclass(frozen=True, slots=True)
class Draws:
    """The draws of one home: a value by the draw's number, so that a new draw changes no other."""

    seed: int

    def share(self, number: int) -> float:
        """A number in [0, 1)."""
        return unit(self.seed, HOME + number)

    def between(self, number: int, least: float, most: float) -> float:
        """A number between two, uniform."""
        return least + (most - least) * self.share(number)

    def pick(self, number: int, table: Table[ValueT]) -> ValueT:
        """A value of a table, by its shares."""
        left = self.share(number) * sum(share for _, share in table)
        for value, share in table:
            left -= share
            if left < 0.0:
                return value
        return table[-1][0]


@dataclass(frozen=True, slots=True)
class Building:
    """A home's building and the machine that heats and cools it."""

    built: str
    area_sf: float
    level: int
    envelope: dict[str, float]
    machine: HeatPump
    between_c: tuple[float, float]


def home_text(
    seed: int, climate_name: str, weather: Weather, name: str | None = None, path: str | None = None
) -> str:
    """The house file of the home of *seed* in a climate; the same for the same arguments.

    Its machines are sized for the climate and for *weather*, which it stands under: that of *path*, or the
    packaged one.
    """
    draws, climate = Draws(seed), CLIMATES[climate_name]
    setpoints_c = _setpoints_c(draws)
    building = _building(draws, climate, weather, setpoints_c)
    people = _people(draws, building.area_sf)
    large = building.area_sf >= of.FLAT_SF
    car = large and draws.share(20) < of.HAS_CAR
    pv = large and draws.share(21) < of.HAS_PV
    battery = pv and draws.share(22) < of.PV_HAS_BATTERY
    gallons = draws.pick(30, of.TANKS_GAL if len(people) <= 2 else of.FAMILY_TANKS_GAL)
    hvac = circuits.hvac(
        building.machine,
        building.envelope,
        setpoints_c,
        _limits_c(setpoints_c),
        most_kw(building.machine, *building.between_c),
    )
    habits = _habits(draws, people, building.area_sf, gallons, large=large)
    if schedule := _schedule(draws, climate, setpoints_c, habits):
        hvac["schedule"] = schedule
    table: dict[str, Any] = {"name": name or f"home-{seed}", "seed": seed}
    if path is not None:
        table["weather"] = path
    table |= {
        "panel": {
            "rating_amps": 200 if car or building.area_sf >= 1_500 else 150 if large else 100,
            "voltage_v": 240,
        },
        "habits": habits,
        "circuits": {
            "hvac1": hvac,
            "heater1": circuits.water_heater(gallons, LARGEST_DRAW_L[gallons], climate.inlet_c),
            **({"ev1": _car(draws)} if car else {}),
            **({"batt1": circuits.battery()} if battery else {}),
            "dryer1": circuits.dryer(condensing=not large),
            **({"range1": circuits.cooker()} if large else {}),
            "lights1": circuits.lights(building.area_sf),
            "fridge1": circuits.fridge(draws.between(31, 0.12, 0.2)),
            "misc1": circuits.outlets(),
            **({"pv1": circuits.pv(draws.between(23, 3.5, 9.0))} if pv else {}),
        },
    }
    return house_file(table, _comment(seed, climate, building, people))


def _building(draws: Draws, climate: Climate, weather: Weather, setpoints_c: tuple[float, float]) -> Building:
    """The building of its time; better insulated than that where no electric machine would heat it."""
    vintage = draws.pick(0, of.VINTAGES)
    low, high = draws.pick(1, of.AREAS_SF)
    area_sf = round(draws.between(2, low, high), -1)
    level = min(max(draws.pick(3, vintage.levels) + climate.better, 0), len(LEVELS) - 1)
    pump = draws.share(4) < climate.heat_pumps
    cops = draws.between(5, 2.9, 4.2), draws.between(6, 2.3, 3.2)
    outdoors_c = [hour.outdoor_c for hour in weather.hours]
    between_c = min(climate.coldest_c, *outdoors_c), max(climate.hottest_c, *outdoors_c)
    heating_c, cooling_c = setpoints_c
    while True:
        shell = envelope(area_sf, level)
        made = machine(
            shell,
            pump=pump,
            cops=cops,
            coolest_c=_limits_c((heating_c, cooling_c))[0],
            cooling_c=cooling_c,
            between_c=between_c,
        )
        if made is not None:
            return Building(vintage.name, area_sf, level, shell, made, between_c)
        level, area_sf = (level + 1, area_sf) if level + 1 < len(LEVELS) else (level, area_sf * 0.9)


def _setpoints_c(draws: Draws) -> tuple[float, float]:
    """Heating and cooling when someone is at home."""
    heating_c = (draws.pick(10, of.HEATING_F) - FREEZING_F) * F_TO_C
    cooling_c = (draws.pick(11, of.COOLING_F) - FREEZING_F) * F_TO_C
    return round(heating_c, 1), round(max(cooling_c, heating_c + LEAST_APART_C), 1)


def _limits_c(setpoints_c: tuple[float, float]) -> tuple[float, float]:
    heating_c, cooling_c = setpoints_c
    return round(min(COOLEST_C, heating_c - COMFORT_C), 1), round(max(WARMEST_C, cooling_c + COMFORT_C), 1)


def _schedule(
    draws: Draws, climate: Climate, setpoints_c: tuple[float, float], habits: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The periods of a thermostat that is set back; by day only where the household is out."""
    heating_c, cooling_c = setpoints_c
    coolest_c, warmest_c = _limits_c(setpoints_c)
    depth_c = draws.pick(12, climate.setbacks_f) * F_TO_C
    back_c = depth_c if draws.share(13) < climate.sets_heating_back else 0.0
    up_c = depth_c if draws.share(14) < climate.sets_cooling_back else 0.0
    low_c, high_c = max(heating_c - back_c, coolest_c + 1.0), min(cooling_c + up_c, warmest_c - 1.0)
    heats, cools = draws.pick(24, of.HEATING_PERIODS), draws.pick(15, of.COOLING_PERIODS)
    hours = _hours(draws, habits)
    if hours[1] is None:
        heats = cools = (True, False)
    periods: list[dict[str, Any]] = []
    for span, lower, higher, days in zip(hours, heats, cools, ("all", "working"), strict=True):
        low = low_c if lower else heating_c
        high = high_c if higher else cooling_c
        if span is not None and (low, high) != (heating_c, cooling_c):
            from_h, until_h = (round(hour % 24.0, 1) for hour in span)
            set_back = {"heating_c": round(low, 1), "cooling_c": round(high, 1)}
            periods.append({"from_h": from_h, "until_h": until_h, **set_back, "days": days})
    return periods


def _hours(draws: Draws, habits: Mapping[str, Any]) -> tuple[Hours, Hours | None]:
    """The hours in which all sleep, and in which all are out on a working day, as a program has them."""
    driver_h = habits["ev_leaves_h"], habits["ev_returns_h"]
    routines = household(habits["people"], habits["people_later_h"], driver_h, 0.0).routines
    off_h = [draws.between(number, -of.PROGRAM_WITHIN_H, of.PROGRAM_WITHIN_H) for number in range(16, 20)]
    night = max(one.sleeps_h for one in routines) + off_h[0], min(one.wakes_h for one in routines) + off_h[1]
    leaves_h = max(one.leaves_h for one in routines) + off_h[2]
    back_h = min(one.back_h for one in routines) + off_h[3]
    out = all(one.works for one in routines) and leaves_h < back_h
    return night, (leaves_h, back_h) if out else None


def _people(draws: Draws, area_sf: float) -> tuple[OccupantType, ...]:
    count = draws.pick(40, of.PEOPLE)
    count = min(count, 2) if area_sf < of.FLAT_SF else count
    if count == 1:
        return draws.pick(41, of.ALONE)
    first = draws.pick(42, of.COUPLES if count == 2 else of.FAMILIES)
    pupil: OccupantType = "at_school"
    return first + (pupil,) * (count - 2)


def _habits(
    draws: Draws, people: Sequence[OccupantType], area_sf: float, gallons: float, *, large: bool
) -> dict[str, Any]:
    """The household's use on the mean day: NEEA RBSA 2014's by people and area, from half to twice of it."""
    many = len(people) ** 0.6 / 1.7
    return {
        "people_kw": round(0.075 * len(people), 3),
        "people": tuple(people),
        "people_later_h": round(draws.between(50, -1.5, 1.5), 1),
        "away_weeks_y": round(draws.between(51, 0.0, 4.0), 1),
        "lights_kwh_d": round(2.4 * (area_sf / 2_000.0) ** 0.7 * draws.between(52, 0.5, 1.5), 2),
        "outlets_kwh_d": round((2.5 * many + (0.0 if large else 0.8)) * draws.between(53, 0.5, 1.9), 2),
        "fridge_kwh_d": round(draws.between(54, 1.1, 2.1), 2),
        "hot_water_l_d": round(len(people) ** 0.85 * draws.between(55, *LITRES_A_PERSON), 0),
        "hot_water_draw_l": LARGEST_DRAW_L[gallons],
        "dryer_runs_d": round(0.667 * many * draws.between(56, 0.4, 1.6), 3),
        "dryer_run_s": round(draws.between(57, 2_100.0, 3_300.0) * (1.0 if large else 1.9), 0),
        "range_runs_d": round(0.8 * many * draws.between(58, 0.5, 1.5), 3) if large else 0.0,
        "range_run_s": round(draws.between(59, 1_000.0, 2_200.0), 0),
        "ev_leaves_h": round(draws.between(60, 6.2, 9.0), 1),
        "ev_returns_h": round(draws.between(61, 15.5, 18.5), 1),
        "ev_miles_d": round(8.0 + 34.0 * draws.share(62) ** 1.5, 1),
        "ev_late_share": round(draws.between(63, 0.0, 0.5), 2),
        "spread": 0.3,
        "array_tilt_deg": round(draws.between(64, 15.0, 35.0), 0),
        "array_azimuth_deg": round(draws.between(65, 110.0, 250.0), 0),
    }


def _car(draws: Draws) -> dict[str, Any]:
    return circuits.car(
        charger_kw=draws.pick(70, of.CHARGERS_KW),
        battery_kwh=round(draws.between(71, 40.0, 85.0), 0),
        kwh_per_mile=round(draws.between(72, 0.26, 0.38), 3),
        full_soc=draws.pick(73, of.CHARGED_TO),
    )


def _comment(seed: int, climate: Climate, building: Building, people: Sequence[OccupantType]) -> str:
    heated = "a heat pump" if building.machine.heating_kw else "an electric furnace"
    many = "1 person" if len(people) == 1 else f"{len(people)} people"
    tons = building.machine.cooling_kw / 3.517
    return (
        f"The home of seed {seed} in a {climate.name} climate, drawn by ven-twin house new.\n"
        f"Built {building.built}, {building.area_sf:,.0f} sf, thermal integrity {LEVELS[building.level]}; "
        f"{heated}, {tons:g} tons, sized for {building.between_c[0]:g} to {building.between_c[1]:g} C.\n"
        f"{many}: {', '.join(kind.replace('_', ' ') for kind in people)}.\n"
        "Distributions and sources: docs/reference/house.md, homes."
    )
