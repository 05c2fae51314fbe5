"""Weather and sun between the hours, against GridLAB-D's reading of the same year."""

from datetime import datetime
from pathlib import Path
from statistics import fmean

import pytest

from tests.support import gridlabd
from tests.support.gridlabd import MINUTE_S, Span, celsius
from ven_twin.house.library import load_environment, load_profile

SF_PER_M2 = 10.7639
BTU_H_PER_W = 3.4121416
SKY = """
object house {
  weather sky; floor_area 2000 sf;
  object recorder { file "recorded.csv"; interval 60;
    property "outdoor_temperature,incident_solar_radiation"; };
}
"""


@pytest.mark.parametrize(
    ("start", "start_s"),
    [(datetime(2009, 7, 14), 1_247_547_600.0), (datetime(2009, 1, 20), 1_232_427_600.0)],  # noqa: DTZ001
    ids=["summer", "winter"],
)
def test_outdoors_is_what_it_is_in_gridlabd(
    weather_file: Path, tmp_path: Path, start: datetime, start_s: float
) -> None:
    """Over three days the air outdoors is within 0.4 °C, and the light on the walls within 8 %."""
    rows = gridlabd.run(tmp_path, weather_file, Span(start, 3), SKY)[: 3 * 1440]
    environment = load_environment(load_profile())
    ours = [environment.environment(start_s + minute * MINUTE_S, MINUTE_S) for minute in range(3 * 1440)]
    apart_c = [
        abs(env.outdoor_c - celsius(row["outdoor_temperature"])) for env, row in zip(ours, rows, strict=True)
    ]
    assert fmean(apart_c) < 0.4
    theirs_w_m2 = [row["incident_solar_radiation"] * SF_PER_M2 / BTU_H_PER_W for row in rows]
    assert fmean(env.walls_w_m2 for env in ours) == pytest.approx(fmean(theirs_w_m2), rel=0.08)
