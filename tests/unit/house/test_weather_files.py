"""Weather of one's own: EPW, TMY3 and tables with times, and how each is refused."""

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from tests.support.tmy3 import write_tmy3
from tests.support.weather_tables import epw_lines, timed_lines, tmy3_lines
from ven_twin.house.errors import PhysicsError, ProfileError
from ven_twin.house.library import load_environment, load_profile
from ven_twin.house.weather import read_period, read_weather

START = datetime(2026, 1, 5, 5, tzinfo=UTC).timestamp()
"""Midnight in Greensboro."""
DAY_S = 86_400.0
SUNDAY = datetime(2026, 1, 4)  # noqa: DTZ001 - local standard time
Lines = Callable[[], list[str]]


def written(tmp_path: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    """A file of *lines*."""
    path = tmp_path / "year.txt"
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
    return path


@pytest.mark.parametrize("lines", [epw_lines, tmy3_lines], ids=["EPW", "TMY3"])
def test_a_year_of_ones_own_is_the_packaged_one(tmp_path: Path, lines: Lines) -> None:
    """The packaged year, written in another form, comes back with every hour in its place."""
    ours, packaged = read_weather(written(tmp_path, lines())), read_weather()
    assert ours.hours == packaged.hours
    assert (ours.utc_offset_h, ours.latitude_deg, ours.longitude_deg) == (-5.0, 36.1, -79.95)


def test_gridlabds_file_is_a_tmy3_file(tmp_path: Path) -> None:
    """The house reads the files that the tests write for GridLAB-D."""
    path = tmp_path / "year.tmy3"
    write_tmy3(path)
    assert read_weather(path).hours == read_weather().hours


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_a_place_may_have_any_letters(tmp_path: Path, encoding: str) -> None:
    """Old files write a place's name in Latin-1, spreadsheets begin with a byte order mark."""
    lines = epw_lines()
    lines[0] = lines[0].replace("GREENSBORO", "GÖTEBORG")
    assert read_weather(written(tmp_path, lines, encoding)).place.startswith("GÖTEBORG")


def test_a_leap_year_leaves_its_leap_day_out(tmp_path: Path) -> None:
    """8,784 rows are a year; 1 March is where it is in any other."""
    lines = epw_lines(year=2028, leap_c=33.0)
    weather = read_weather(written(tmp_path, lines))
    assert weather.hours == read_weather().hours


def test_a_year_may_begin_in_july(tmp_path: Path) -> None:
    """Measured years need not begin in January; each hour goes to its place."""
    lines = epw_lines()
    hours = lines[8:]
    turned = lines[:8] + hours[4344:] + [line.replace("2026,", "2027,", 1) for line in hours[:4344]]
    assert read_weather(written(tmp_path, turned)).hours == read_weather().hours


def _cell(lines: list[str], line: int, column: int, text: str) -> list[str]:
    cells = lines[line - 1].split(",")
    cells[column] = text
    return [*lines[: line - 1], ",".join(cells), *lines[line:]]


@pytest.mark.parametrize(
    ("column", "text", "named"),
    [
        (6, "99.9", r"line 100: dry bulb \(N6\) = 99.9 is the code for a missing value"),
        (8, "999", r"line 100: relative humidity \(N8\) = 999.0 is the code for a missing value"),
        (13, "9999", r"line 100: global \(N13\) = 9999.0 is the code for a missing value"),
        (14, "sunny", r"line 100: direct \(N14\) = 'sunny' is no number"),
        (15, "nan", r"line 100: diffuse \(N15\) = nan is not within 0 and 1200"),
        (3, "25", "line 100: 25:00; allowed are full hours from 01:00 to 24:00"),
        (3, "x", "line 100: date and hour"),
        (4, "30", "line 100: minute = 30; allowed are hourly rows"),
        (2, "31", "line 100: the hour that ends"),
        (1, "13", "line 100: there is no day 2026-13"),
    ],
)
def test_a_wrong_cell_of_an_epw_file_is_named(tmp_path: Path, column: int, text: str, named: str) -> None:
    """Line, column, value, and what is allowed."""
    with pytest.raises(PhysicsError, match=named):
        read_weather(written(tmp_path, _cell(epw_lines(), 100, column, text)))


@pytest.mark.parametrize(
    ("column", "text", "named"),
    [
        (31, "-9900", r"line 100: Dry-bulb \(C\) = -9900.0 is the code for a missing value"),
        (37, "180", r"line 100: RHum \(%\) = 180.0 is not within 0 and 100"),
        (0, "2001-01-05", r"line 100: Date \(MM/DD/YYYY\) = '2001-01-05' is not of the form MM/DD/YYYY"),
        (1, "12:30", "line 100: 12:30; allowed are full hours"),
        (70, "0,0", "line 100: 72 cells, not 71 as in line 2"),
    ],
)
def test_a_wrong_cell_of_a_tmy3_file_is_named(tmp_path: Path, column: int, text: str, named: str) -> None:
    """Line, column, value, and what is allowed."""
    with pytest.raises(PhysicsError, match=named):
        read_weather(written(tmp_path, _cell(tmy3_lines(), 100, column, text)))


@pytest.mark.parametrize("lines", [epw_lines, tmy3_lines], ids=["EPW", "TMY3"])
def test_a_missing_hour_is_named(tmp_path: Path, lines: Lines) -> None:
    """The row after the gap, and both hours."""
    whole = lines()
    with pytest.raises(
        PhysicsError, match=r"line 5000: the hour that ends .* follows that of .*one row an hour"
    ):
        read_weather(written(tmp_path, whole[:4999] + whole[5000:]))


def test_an_hour_that_is_there_twice_is_named(tmp_path: Path) -> None:
    """As after the end of summer time."""
    whole = epw_lines()
    with pytest.raises(PhysicsError, match="line 5001: the hour that ends"):
        read_weather(written(tmp_path, whole[:5000] + whole[4999:]))


def test_half_a_year_is_no_year(tmp_path: Path) -> None:
    """The error counts the columns that are there."""
    with pytest.raises(PhysicsError, match="4992 hours of weather, not 8760"):
        read_weather(written(tmp_path, epw_lines()[:5000]))


def test_half_hours_are_refused_by_the_header(tmp_path: Path) -> None:
    """EPW says how many records an hour has."""
    lines = epw_lines()
    lines[7] = lines[7].replace("DATA PERIODS,1,1", "DATA PERIODS,1,2")
    with pytest.raises(PhysicsError, match=r"line 8: .*one record an hour"):
        read_weather(written(tmp_path, lines))


@pytest.mark.parametrize("lines", [epw_lines, tmy3_lines], ids=["EPW", "TMY3"])
def test_swapped_columns_are_seen_by_the_sun(tmp_path: Path, lines: Lines) -> None:
    """Global and direct irradiance, swapped, do not go with the sun's height."""
    header = 8 if lines is epw_lines else 2
    one, other = (13, 14) if lines is epw_lines else (4, 7)
    whole = lines()
    swapped = whole[:header]
    for line in whole[header:]:
        cells = line.split(",")
        cells[one], cells[other] = cells[other], cells[one]
        swapped.append(",".join(cells))
    with pytest.raises(PhysicsError, match="columns swapped"):
        read_weather(written(tmp_path, swapped))


def test_temperature_and_humidity_swapped_are_out_of_range(tmp_path: Path) -> None:
    """77 °C is no weather."""
    lines = epw_lines()
    cells = lines[8].split(",")
    swapped = _cell(_cell(lines, 9, 6, cells[8]), 9, 8, cells[6])
    with pytest.raises(PhysicsError, match=r"line 9: dry bulb \(N6\) = 77.0 is not within -60 and 60"):
        read_weather(written(tmp_path, swapped))


def test_a_wrong_offset_is_seen_by_the_sun(tmp_path: Path) -> None:
    """With five hours of difference the sun would shine at night."""
    lines = epw_lines()
    lines[0] = lines[0].replace(",-5.0,", ",5.0,")
    with pytest.raises(PhysicsError, match="UTC offset"):
        read_weather(written(tmp_path, lines))


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        ("LOCATION,a".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04\0\0", "no text"),
        (b"time,temperature\n2026,1\n", "LOCATION"),
        (b"LOCATION,a,b\n", "line 1: 3 cells"),
    ],
)
def test_a_file_that_is_no_weather_is_refused(tmp_path: Path, raw: bytes, named: str) -> None:
    """The forms that there are, are named."""
    path = tmp_path / "year.epw"
    path.write_bytes(raw)
    with pytest.raises(PhysicsError, match=named):
        read_weather(path)


def test_a_period_has_its_weather(tmp_path: Path) -> None:
    """A table with times has the hours of its days, each in its place, whatever the offset of the row."""
    path = written(tmp_path, timed_lines(SUNDAY, 20))
    weather, packaged = read_period(path, START, START + 14 * DAY_S), read_weather()
    assert weather.hours[4 * 24 : 18 * 24] == packaged.hours[4 * 24 : 18 * 24]


def test_an_epw_file_of_the_periods_year_has_its_weather(tmp_path: Path) -> None:
    """An actual year, by its dates."""
    weather = read_period(written(tmp_path, epw_lines(year=2026)), START, START + 14 * DAY_S)
    assert weather.hours[4 * 24 : 18 * 24] == read_weather().hours[4 * 24 : 18 * 24]


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (lambda: epw_lines(year=2019), "does not cover the hour that ends 2026-01-05 01:00:00; it has 2019"),
        (lambda: timed_lines(SUNDAY, 3), "does not cover the hour that ends 2026-01-19"),
        (lambda: _cell(timed_lines(SUNDAY, 20), 50, 0, "2026-01-05T23:00"), "line 50: .*no offset"),
        (lambda: _cell(timed_lines(SUNDAY, 20), 50, 0, "noon"), "line 50: time = 'noon'"),
    ],
)
def test_weather_of_another_time_is_refused(tmp_path: Path, lines: Lines, named: str) -> None:
    """The error names the columns that are there, and those that are missing."""
    with pytest.raises(PhysicsError, match=named):
        read_period(written(tmp_path, lines()), START, START + 14 * DAY_S)


def test_a_table_without_times_is_no_weather_of_a_period() -> None:
    """The packaged typical year has no dates."""
    path = Path(str(files("ven_twin.house.data"))) / "weather_greensboro_nc.csv"
    with pytest.raises(PhysicsError, match="has no times"):
        read_period(path, START, START + DAY_S)


def test_a_house_file_names_its_weather(tmp_path: Path) -> None:
    """The path goes from the house file's folder, so that both can be moved."""
    written(tmp_path, [line.replace("GREENSBORO", "ELSEWHERE") for line in epw_lines()])
    text = (files("ven_twin.house.profiles") / "flat.toml").read_text()
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace("seed = 2", 'weather = "year.txt"\nseed = 2', 1))
    assert load_environment(load_profile(mine)).weather.place.startswith("ELSEWHERE")
    mine.write_text(text.replace("seed = 2", 'weather = "lost.epw"\nseed = 2', 1))
    with pytest.raises(ProfileError, match=r"weather = .*lost.epw"):
        load_environment(load_profile(mine))


def test_an_offset_of_the_row_is_its_own(tmp_path: Path) -> None:
    """The same instants in UTC are the same weather."""
    lines = timed_lines(SUNDAY, 20)
    in_utc = lines[:2]
    for line in lines[2:]:
        time, _, rest = line.partition(",")
        in_utc.append(f"{datetime.fromisoformat(time).astimezone(UTC).isoformat()},{rest}")
    here = read_period(written(tmp_path, lines), START, START + DAY_S).hours
    assert read_period(written(tmp_path, in_utc), START, START + DAY_S).hours == here
