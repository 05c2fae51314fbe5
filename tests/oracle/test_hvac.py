"""Heating and cooling against GridLAB-D's house, on its own weather and gains."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import sqrt
from pathlib import Path
from statistics import fmean

import msgspec
import pytest

from contracts.units import fahrenheit_span_c
from tests.oracle import gridlab
from tests.oracle.gridlab import BTU_H_PER_KW, MINUTE_S, Setting, Span, celsius
from ven_twin.devices.control import Control
from ven_twin.devices.environment import Environment
from ven_twin.devices.hvac import Hvac, HvacSpec
from ven_twin.io.houses import load_profile

GAINS_KW = 0.5
RELAX_F = 4.0
EVENT_H = (17, 19)
RECOVERED_H = 24
DAYS = 3
HOUSE = """
object house {{
  weather sky; floor_area 2000 sf; thermal_integrity_level ABOVE_NORMAL;
  heating_system_type HEAT_PUMP; auxiliary_system_type NONE; cooling_system_type HEAT_PUMP;
  cooling_setpoint {cooling}; heating_setpoint {heating}; air_temperature {start}; mass_temperature {start};
  object ZIPload {{ base_power {gains}; power_fraction 1; power_pf 1; heat_fraction 1; is_240 TRUE; }};
  object player {{ property {relaxed}; file "setpoint.player"; }};
  object recorder {{ file "recorded.csv"; interval 60;
    property "air_temperature,outdoor_temperature,outdoor_rh,solar_gain,energy.real"; }};
}}
"""


@dataclass(frozen=True)
class Season:
    """Three days and the setpoints that matter in them, °F."""

    start: datetime
    cooling_f: float
    heating_f: float
    relaxed: str

    @property
    def setpoint_f(self) -> float:
        """The setpoint that the event relaxes."""
        return self.cooling_f if self.relaxed == "cooling_setpoint" else self.heating_f

    @property
    def relaxed_f(self) -> float:
        """Where the event relaxes it to."""
        return self.setpoint_f + (RELAX_F if self.relaxed == "cooling_setpoint" else -RELAX_F)


SEASONS = {
    "summer": Season(datetime(2009, 7, 14), 75.0, 60.0, "cooling_setpoint"),  # noqa: DTZ001
    "winter": Season(datetime(2009, 1, 20), 85.0, 68.0, "heating_setpoint"),  # noqa: DTZ001
}


@dataclass(frozen=True)
class Trace:
    """Air temperature at each minute's end, and energy by each, from both."""

    ours_c: list[float]
    theirs_c: list[float]
    ours_kwh: list[float]
    theirs_kwh: list[float]

    def rmse_c(self) -> float:
        """Of the means over 15 minutes."""
        off_c = [fmean(part) for part in _quarters(self.ours_c, self.theirs_c)]
        return sqrt(fmean(error * error for error in off_c))

    def used_kwh(self, day: int, from_h: float = 0, until_h: float = 24) -> tuple[float, float]:
        """Ours and theirs between two hours of a day."""
        first, last = (int((day * 24 + hour) * 60) for hour in (from_h, until_h))
        return self.ours_kwh[last] - self.ours_kwh[first], self.theirs_kwh[last] - self.theirs_kwh[first]


def _quarters(ours: list[float], theirs: list[float]) -> list[list[float]]:
    errors = [our - their for our, their in zip(ours, theirs, strict=True)]
    return [errors[at : at + 15] for at in range(0, len(errors), 15)]


@pytest.fixture(scope="session")
def trace(weather_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, bool], Trace]:
    """What both houses do in a season, with or without an event each day."""
    known: dict[tuple[str, bool], Trace] = {}

    def compare(season: str, event: bool) -> Trace:
        if (season, event) not in known:
            folder = tmp_path_factory.mktemp(season)
            known[season, event] = _compare(SEASONS[season], folder, weather_file, event=event)
        return known[season, event]

    return compare


def _compare(season: Season, folder: Path, weather: Path, *, event: bool) -> Trace:
    span = Span(season.start, DAYS)
    settings = [Setting(season.start, season.setpoint_f)]
    for day in range(DAYS if event else 0):
        for hour, value in zip(EVENT_H, (season.relaxed_f, season.setpoint_f), strict=True):
            settings.append(Setting(season.start + timedelta(days=day, hours=hour), value))
    gridlab.write_player(folder / "setpoint.player", settings)
    model = HOUSE.format(
        cooling=season.cooling_f,
        heating=season.heating_f,
        start=season.setpoint_f,
        gains=GAINS_KW,
        relaxed=season.relaxed,
    )
    rows = gridlab.run(folder, weather, span, model)[: DAYS * 1440 + 1]
    assert len(rows) == DAYS * 1440 + 1
    return _ours(_twin(season), rows, event=event)


def _twin(season: Season) -> Hvac:
    """The packaged house's HVAC at the oracle's setpoints."""
    spec = next(spec for spec in load_profile().circuits if isinstance(spec, HvacSpec))
    spec = msgspec.structs.replace(
        spec,
        cooling_c=celsius(season.cooling_f),
        heating_c=celsius(season.heating_f),
        coolest_c=5.0,
        warmest_c=35.0,
        machine=msgspec.structs.replace(spec.machine, aux_kw=0.0),
    )
    start_c = celsius(season.setpoint_f)
    return Hvac(spec, start_c, start_c)


def _ours(hvac: Hvac, rows: list[dict[str, float]], *, event: bool) -> Trace:
    aperture_m2 = hvac.spec.envelope.aperture_m2
    ours_c, ours_kwh = [], [0.0]
    for minute, (now, _) in enumerate(pairwise(rows)):
        relaxed = event and EVENT_H[0] * 60 <= minute % 1440 < EVENT_H[1] * 60
        env = Environment(
            outdoor_c=celsius(now["outdoor_temperature"]),
            humidity=now["outdoor_rh"] / 100.0,
            walls_w_m2=now["solar_gain"] / BTU_H_PER_KW * 1000.0 / aperture_m2,
        )
        control = Control(setpoint_offset_c=fahrenheit_span_c(RELAX_F) if relaxed else 0.0)
        hvac, power_kw = hvac.step(control, env, MINUTE_S, GAINS_KW)
        ours_c.append(hvac.air_c)
        ours_kwh.append(ours_kwh[-1] + power_kw / 60.0)
    return Trace(
        ours_c,
        [celsius(row["air_temperature"]) for row in rows[1:]],
        ours_kwh,
        [row["energy.real"] for row in rows],
    )


@pytest.mark.parametrize("event", [False, True], ids=["as usual", "with events"])
@pytest.mark.parametrize("season", SEASONS)
def test_the_air_is_as_warm_as_in_gridlabd(
    trace: Callable[[str, bool], Trace], season: str, event: bool
) -> None:
    """Over three days the air's quarter-hour means are within 0.15 °C RMSE."""
    assert trace(season, event).rmse_c() <= 0.15


@pytest.mark.parametrize("event", [False, True], ids=["as usual", "with events"])
@pytest.mark.parametrize("season", SEASONS)
def test_each_day_uses_the_energy_that_gridlabd_uses(
    trace: Callable[[str, bool], Trace], season: str, event: bool
) -> None:
    """The HVAC's energy of each day is within 3 %."""
    for day in range(DAYS):
        ours_kwh, theirs_kwh = trace(season, event).used_kwh(day)
        assert ours_kwh == pytest.approx(theirs_kwh, rel=0.03)


@pytest.mark.parametrize("season", SEASONS)
def test_the_rebound_is_what_it_is_in_gridlabd(trace: Callable[[str, bool], Trace], season: str) -> None:
    """The energy drawn after the event on top of what is usual is within 10 %, over the three days."""
    usual, curtailed = trace(season, False), trace(season, True)
    rebound_kwh = [
        [
            curtailed.used_kwh(day, EVENT_H[1], RECOVERED_H)[which]
            - usual.used_kwh(day, EVENT_H[1], RECOVERED_H)[which]
            for day in range(DAYS)
        ]
        for which in (0, 1)
    ]
    assert sum(rebound_kwh[0]) == pytest.approx(sum(rebound_kwh[1]), rel=0.10)
