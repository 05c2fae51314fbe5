"""Meters and thermometers as they come: what is read, and how bad input is named."""

import numpy as np
import pytest

from tests.support.measured_houses import JANUARY, meter_csv, midnight_s
from ven_twin.house.errors import PhysicsError
from ven_twin.simulation.fitting.readings import read_indoor, read_meter, whole_hours

HOURS = 14 * 24
MIDNIGHT_S = midnight_s(JANUARY)


def powers(count: int = HOURS) -> np.ndarray:
    """A house's power by hour, kW."""
    return 1.0 + 0.5 * np.sin(np.arange(count) / 4.0)


def replaced(text: str, line: int, new: str | None) -> str:
    """*text* with a line replaced, or left out."""
    lines = text.splitlines()
    return "\n".join([*lines[: line - 1], *([] if new is None else [new]), *lines[line:]]) + "\n"


@pytest.mark.parametrize(
    ("column", "factor", "step_min"),
    [
        ("kwh", 0.25, 15),
        ("wh", 250.0, 15),
        ("kw", 1.0, 15),
        ("w", 1000.0, 15),
        ("kwh", 1.0, 60),
        ("kwh", 0.5, 30),
    ],
)
def test_a_meter_counts_energy_or_power(column: str, factor: float, step_min: int) -> None:
    """Whatever its unit and step, the mean power of each hour is the same."""
    series = np.repeat(powers(), 60 // step_min) * factor
    meter = read_meter(meter_csv(JANUARY, series, step_min=step_min, column=column), "m.csv")
    hours = whole_hours(meter, None, -5.0)
    assert meter.start_s == MIDNIGHT_S
    assert hours.meter_kw == pytest.approx(powers(), abs=1e-3)
    assert hours.first_hour * 3600 == MIDNIGHT_S - 5 * 3600


def test_a_thermometer_may_be_in_fahrenheit_and_of_another_step() -> None:
    """68 °F is 20 °C, and a mean of the samples in the hour."""
    meter = read_meter(meter_csv(JANUARY, powers()), "m.csv")
    indoor = read_indoor(
        meter_csv(JANUARY, np.tile([67.0, 69.0], HOURS), step_min=30, column="indoor_f"), "i.csv"
    )
    indoor_c = whole_hours(meter, indoor, -5.0).indoor_c
    assert indoor_c == pytest.approx(np.full(HOURS, 20.0))


def test_times_without_an_offset_need_one() -> None:
    """Read as standard time when it is given, refused with an example when not."""
    text = meter_csv(JANUARY, powers()).replace("-05:00,", ",")
    assert read_meter(text, "m.csv", -5.0).start_s == MIDNIGHT_S
    with pytest.raises(PhysicsError, match=r"m.csv, line 2: time = .*--utc-offset"):
        read_meter(text, "m.csv")


@pytest.mark.parametrize(("line", "new"), [(10, None), (10, "2026-01-05T07:00:00-05:00,1.0")])
def test_the_hour_of_a_change_of_summer_time_is_refused(line: int, new: str | None) -> None:
    """Local times without an offset jump by an hour, or have one twice; a doubled hour names its line."""
    text = replaced(meter_csv(JANUARY, powers()), line, new)
    if new is None:  # a hole of an hour is a hole
        assert np.isnan(read_meter(text, "m.csv").values[8])
        return
    with pytest.raises(PhysicsError, match=r"m.csv, line 10: time is 0 min after the row before"):
        read_meter(text, "m.csv")


@pytest.mark.parametrize(
    ("line", "new", "named"),
    [
        (1, "time,power", "m.csv, line 1: columns time, power; allowed: time, and one of kwh, wh, kw, w"),
        (1, "time,kwh,kw", "m.csv, line 1: columns"),
        (9, "2026-01-05T07:00:00-05:00,-0.5", "m.csv, line 9: kwh = -0.5 is below 0"),
        (9, "2026-01-05T07:00:00-05:00,812", "m.csv, line 9: kwh = 812 is 812 kW; allowed 0 to 60 kW"),
        (9, "2026-01-05T07:00:00-05:00,much", "m.csv, line 9: kwh = 'much' is no number"),
        (9, "2026-01-05T07:00:00-05:00,nan", "m.csv, line 9: kwh = 'nan' is no number"),
        (9, "2026-01-05T07:00:00-05:00", "m.csv, line 9: 1 cells, not 2"),
        (9, "yesterday,1.0", "m.csv, line 9: time = 'yesterday' is no ISO 8601 time"),
        (
            9,
            "2026-01-05T07:20:00-05:00,1.0",
            "m.csv, line 9: time is 80 min after the row before; allowed is a row",
        ),
        (9, "2026-01-05T05:00:00-05:00,1.0", "m.csv, line 9: time is -60 min after the row before"),
    ],
)
def test_a_wrong_row_is_named(line: int, new: str, named: str) -> None:
    """File, line, column, value, and what is allowed."""
    with pytest.raises(PhysicsError) as refused:
        read_meter(replaced(meter_csv(JANUARY, powers()), line, new), "m.csv")
    assert str(refused.value).startswith(named)


def test_a_meter_of_another_channel_is_refused() -> None:
    """A temperature in the place of a power, and a channel that never changes."""
    for series in (np.full(HOURS, 20.0) + powers(), np.full(HOURS, 1.0)):
        with pytest.raises(PhysicsError, match="another channel"):
            read_meter(meter_csv(JANUARY, series), "m.csv")


@pytest.mark.parametrize(
    ("series", "column", "named"),
    [
        (70.0, "indoor_c", "i.csv, line 2: indoor_c = 70; allowed 0 to 45 °C; a column in °F is indoor_f"),
        (20.0, "indoor_f", "i.csv, line 2: indoor_f = 20; allowed 32 to 113 °F"),
        (1.0, "indoor_c", "i.csv: indoor_c is 1.0 °C on average; allowed 10 to 35"),
    ],
)
def test_a_thermometer_of_another_unit_or_channel_is_refused(series: float, column: str, named: str) -> None:
    """The unit or the channel is asked after."""
    with pytest.raises(PhysicsError) as refused:
        read_indoor(meter_csv(JANUARY, np.full(HOURS, series), column=column), "i.csv")
    assert str(refused.value).startswith(named)


def test_a_step_of_a_day_is_refused() -> None:
    """The steps that there are, are named."""
    with pytest.raises(PhysicsError, match=r"m.csv: a row each 1440 min; allowed 5, 10, 15, 20, 30, 60"):
        read_meter(meter_csv(JANUARY, powers(), step_min=1440), "m.csv")


def test_a_few_holes_are_left_open_and_many_refused() -> None:
    """An empty cell and a missing row are holes; above a tenth of all the file is refused."""
    text = meter_csv(JANUARY, powers())
    holes = replaced(replaced(text, 20, "2026-01-05T18:00:00-05:00,"), 30, None)
    hours = whole_hours(read_meter(holes, "m.csv"), None, -5.0)
    assert list(np.flatnonzero(np.isnan(hours.meter_kw))) == [18, 28]
    lines = text.splitlines()
    with pytest.raises(
        PhysicsError, match=r"m.csv: 50 of 336 intervals are missing, the first at 2026-01-09 08:00 UTC"
    ):
        read_meter("\n".join(lines[:100] + lines[150:]), "m.csv")


def test_an_hour_with_a_missing_quarter_is_no_hour() -> None:
    """Three quarters of an hour's energy are not its power."""
    text = meter_csv(JANUARY, np.repeat(powers(), 4) / 4, step_min=15)
    hours = whole_hours(read_meter(replaced(text, 20, None), "m.csv"), None, -5.0)
    assert list(np.flatnonzero(np.isnan(hours.meter_kw))) == [4]


def test_too_short_a_period_is_refused() -> None:
    """Whole days count, from midnight to midnight."""
    meter = read_meter(meter_csv(JANUARY, powers(14 * 24 - 1)), "m.csv")
    with pytest.raises(PhysicsError, match=r"m.csv: 13 whole days; allowed 14 to 366"):
        whole_hours(meter, None, -5.0)


def test_a_thermometer_of_another_time_is_refused() -> None:
    """Both have to be of the same days."""
    meter = read_meter(meter_csv(JANUARY, powers()), "m.csv")
    indoor = read_indoor(meter_csv(JANUARY, np.full(48, 20.0), column="indoor_c"), "i.csv")
    with pytest.raises(PhysicsError, match=r"i.csv: has 14% of the meter's hours; allowed at least 80%"):
        whole_hours(meter, indoor, -5.0)
