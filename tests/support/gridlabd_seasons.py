"""Three days of a packaged house's HVAC beside the same house in GridLAB-D, on its weather and gains."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import sqrt
from pathlib import Path
from statistics import fmean

import msgspec

from tests.support import gridlabd
from tests.support.gridlabd import BTU_H_PER_KW, MINUTE_S, Setting, Span, celsius
from ven_twin.house.control import Control
from ven_twin.house.devices.hvac import Hvac, HvacSpec
from ven_twin.house.environment import Environment
from ven_twin.house.library import load_profile

GAINS_KW = 0.5
RELAX_F = 4.0
EVENT_H = (17, 19)
DAYS = 3
MINUTES_A_DAY = 1440
HOUSE = """
object house {{
  weather sky; auxiliary_system_type NONE; {building}
  cooling_setpoint {cooling}; heating_setpoint {heating}; air_temperature {start}; mass_temperature {start};
  object ZIPload {{ base_power {gains}; power_fraction 1; power_pf 1; heat_fraction 1; is_240 TRUE; }};
  object player {{ property {relaxed}; file "setpoint.player"; }};
  object recorder {{ file "recorded.csv"; interval 60;
    property "air_temperature,outdoor_temperature,outdoor_rh,solar_gain,energy.real"; }};
}}
"""
ABOVE_NORMAL = "floor_area 2000 sf; thermal_integrity_level ABOVE_NORMAL; heating_system_type HEAT_PUMP;"
LITTLE = """floor_area 1200 sf; thermal_integrity_level LITTLE; heating_system_type RESISTANCE;
  design_heating_capacity 51182; fan_design_power 500;"""


@dataclass(frozen=True)
class Season:
    """A packaged house, what GridLAB-D calls it, and three days with setpoints, °F."""

    house: str
    building: str
    start: datetime
    cooling_f: float
    heating_f: float
    relaxed: str

    @property
    def setpoint_f(self) -> float:
        """The setpoint that an event relaxes."""
        return self.cooling_f if self.relaxed == "cooling_setpoint" else self.heating_f

    @property
    def relaxed_f(self) -> float:
        """Where an event relaxes it to."""
        return self.setpoint_f + (RELAX_F if self.relaxed == "cooling_setpoint" else -RELAX_F)


JULY, JANUARY = datetime(2009, 7, 14), datetime(2009, 1, 20)  # noqa: DTZ001 - local standard time
SEASONS = {
    "summer": Season("standard", ABOVE_NORMAL, JULY, 75.0, 60.0, "cooling_setpoint"),
    "winter": Season("standard", ABOVE_NORMAL, JANUARY, 85.0, 68.0, "heating_setpoint"),
    "winter, electric furnace": Season("leaky", LITTLE, JANUARY, 85.0, 68.0, "heating_setpoint"),
}


@dataclass(frozen=True)
class Trace:
    """Air temperature at each minute's end, and energy from the start at each minute, in both houses."""

    ours_c: list[float]
    theirs_c: list[float]
    ours_kwh: list[float]
    theirs_kwh: list[float]

    def rmse_c(self) -> float:
        """Of the means over a quarter of an hour."""
        errors = [our - their for our, their in zip(self.ours_c, self.theirs_c, strict=True)]
        means = [fmean(errors[at : at + 15]) for at in range(0, len(errors), 15)]
        return sqrt(fmean(error * error for error in means))

    def used_kwh(self, day: int, from_h: float = 0.0, until_h: float = 24.0) -> tuple[float, float]:
        """What ours and theirs used between two hours of a day."""
        first, last = (int((day * 24 + hour) * 60) for hour in (from_h, until_h))
        return self.ours_kwh[last] - self.ours_kwh[first], self.theirs_kwh[last] - self.theirs_kwh[first]


def compare(season: Season, folder: Path, weather: Path, *, event: bool) -> Trace:
    """Both houses over the season's days, with an event on each of them or without."""
    settings = [Setting(season.start, season.setpoint_f)]
    for day in range(DAYS if event else 0):
        for hour, value in zip(EVENT_H, (season.relaxed_f, season.setpoint_f), strict=True):
            settings.append(Setting(season.start + timedelta(days=day, hours=hour), value))
    gridlabd.write_player(folder / "setpoint.player", settings)
    model = HOUSE.format(
        building=season.building,
        cooling=season.cooling_f,
        heating=season.heating_f,
        start=season.setpoint_f,
        gains=GAINS_KW,
        relaxed=season.relaxed,
    )
    rows = gridlabd.run(folder, weather, Span(season.start, DAYS), model)[: DAYS * MINUTES_A_DAY + 1]
    return _ours(_twin(season), rows, event=event)


def _twin(season: Season) -> Hvac:
    """The packaged house's HVAC at the oracle's setpoints, its strip off where it only helps a compressor."""
    spec = next(spec for spec in load_profile(season.house).circuits if isinstance(spec, HvacSpec))
    helps = spec.machine.heating_kw > 0.0
    spec = msgspec.structs.replace(
        spec,
        cooling_c=celsius(season.cooling_f),
        heating_c=celsius(season.heating_f),
        coolest_c=5.0,
        warmest_c=35.0,
        machine=msgspec.structs.replace(spec.machine, aux_kw=0.0 if helps else spec.machine.aux_kw),
    )
    return Hvac(spec, celsius(season.setpoint_f), celsius(season.setpoint_f))


def _ours(hvac: Hvac, rows: list[dict[str, float]], *, event: bool) -> Trace:
    aperture_m2 = hvac.spec.envelope.aperture_m2
    ours_c, ours_kwh = [], [0.0]
    for minute, (now, _) in enumerate(pairwise(rows)):
        relaxed = event and EVENT_H[0] * 60 <= minute % MINUTES_A_DAY < EVENT_H[1] * 60
        env = Environment(
            outdoor_c=celsius(now["outdoor_temperature"]),
            humidity=now["outdoor_rh"] / 100.0,
            walls_w_m2=now["solar_gain"] / BTU_H_PER_KW * 1000.0 / aperture_m2,
        )
        control = Control(setpoint_offset_c=RELAX_F * 5.0 / 9.0 if relaxed else 0.0)
        hvac, power_kw = hvac.step(control, env, MINUTE_S, GAINS_KW)
        ours_c.append(hvac.air_c)
        ours_kwh.append(ours_kwh[-1] + power_kw / 60.0)
    theirs_c = [celsius(row["air_temperature"]) for row in rows[1:]]
    return Trace(ours_c, theirs_c, ours_kwh, [row["energy.real"] for row in rows])
