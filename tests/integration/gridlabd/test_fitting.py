"""A house of GridLAB-D, fitted from its meter and thermometer, foretells the two weeks after."""

from pathlib import Path

from harness.fitting.scores import MOST_DAILY_ERROR, MOST_RMSE_C, score
from harness.fitting.truths import HOUSES, run
from ven_twin.house.weather import read_weather


def test_a_fitted_house_foretells_two_weeks(weather_file: Path, tmp_path: Path) -> None:
    """Fitted on four weeks: indoors within 0.5 °C RMSE, a day's HVAC energy within 5 % on average."""
    name = "heat pump, 2,000 sf, summer"
    truth = run(HOUSES[name], tmp_path, weather_file)
    scored = score(name, truth, read_weather(), furnace=False, thermometer=True)
    assert scored.rmse_c <= MOST_RMSE_C
    assert scored.daily_error <= MOST_DAILY_ERROR
