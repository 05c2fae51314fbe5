"""Reads tables of hourly weather: the packaged form, EPW and TMY3, told apart by their content.

| form | begins with | time of a row |
|---|---|---|
| packaged | a station line, then ``outdoor_c,...`` | its place in the year |
| packaged with times | a station line, then ``time,outdoor_c,...`` | ISO 8601 with an offset, the hour's end
|
| EPW | ``LOCATION,`` | year, month, day, hour 1 to 24 |
| TMY3 | a station line, then ``Date (MM/DD/YYYY),...`` | date, 01:00 to 24:00 |

Every row is the air at the hour's end and the mean irradiance over the hour.

Interpretation: a relative humidity above 100 %, which EPW allows to 110 %, is 100 %.
"""

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from math import isfinite
from typing import NamedTuple

from ven_twin.house.errors import PhysicsError

PERCENT = 100.0
RANGES = {
    "outdoor_c": (-60.0, 60.0),
    "humidity": (0.0, 1.0),
    "global_w_m2": (0.0, 1600.0),
    "direct_w_m2": (0.0, 1400.0),
    "diffuse_w_m2": (0.0, 1200.0),
}
"""The range of weather on the ground. A gap in a table, written as -9900 or as NaN, is outside of it."""
MOST_HUMIDITY_PERCENT = 110.0
HUMIDITY = 1
"""The column of relative humidity among the five."""
PACKAGED = ("outdoor_c", "humidity_percent", "ghi_w_m2", "dni_w_m2", "dhi_w_m2")
TMY3 = ("Dry-bulb (C)", "RHum (%)", "GHI (W/m^2)", "DNI (W/m^2)", "DHI (W/m^2)")
TMY3_DATE, TMY3_TIME = "Date (MM/DD/YYYY)", "Time (HH:MM)"
EPW = ("dry bulb (N6)", "relative humidity (N8)", "global (N13)", "direct (N14)", "diffuse (N15)")
EPW_COLUMNS = (6, 8, 13, 14, 15)
EPW_MISSING = (99.9, 999.0, 9999.0, 9999.0, 9999.0)
"""Source: EnergyPlus, Auxiliary Programs, EnergyPlus weather file: fields and their codes for missing."""
EPW_HEADER_LINES = 8
MISSING = -9900.0
FORMS = (
    "an EPW file (its first line is LOCATION,...), a TMY3 file (its second line is Date (MM/DD/YYYY),...) "
    "or a "
    f"table with a station line and the header {','.join(PACKAGED)}, perhaps with time before them"
)


class Station(NamedTuple):
    """The place of a table."""

    place: str
    utc_offset_h: float
    latitude_deg: float
    longitude_deg: float


class TableRow(NamedTuple):
    """One hour. *ends* is local standard time, None where the table has no times; *values* as `RANGES`."""

    label: str
    ends: datetime | None
    values: tuple[float, ...]


class WeatherTable(NamedTuple):
    """A table as it was read; *source* is what errors call it."""

    source: str
    station: Station
    rows: tuple[TableRow, ...]


def decode_text(raw: bytes, source: str) -> str:
    """The text of a file: UTF-8, or Latin-1 where a place's name is so written.

    Raises:
        PhysicsError: it is empty, UTF-16, or no text at all.
    """
    if not raw.strip():
        raise PhysicsError(f"{source} is empty")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in raw:
        raise PhysicsError(f"{source} is UTF-16 or no text; save it as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def parse_table(text: str, source: str) -> WeatherTable:
    """Read *text*, whichever of the forms it has.

    Raises:
        PhysicsError: it has none of them, or a row or value that cannot be; the error names both.
    """
    lines = text.splitlines()
    second = lines[1] if len(lines) > 1 else ""
    if lines and lines[0].upper().startswith("LOCATION,"):
        return _epw(lines, source)
    if second.replace('"', "").startswith(TMY3_DATE):
        return _tmy3(lines, source)
    return _packaged(lines, source)


def gap_text(row: TableRow, after: TableRow) -> str:
    """The error of a row that does not follow the one before."""
    return (
        f"{after.label}: the hour that ends {after.ends} follows that of {row.ends}; allowed: one row an "
        "hour, "
        "in order, without gaps or summer time, and of one year where a period is concerned"
    )


def _packaged(lines: Sequence[str], source: str) -> WeatherTable:
    station = _station(lines, source)
    header = tuple(name.strip() for name in lines[1].split(",")) if len(lines) > 1 else ()
    if header == ("time", *PACKAGED):
        zone = timezone(timedelta(hours=station.utc_offset_h))
        return WeatherTable(source, station, tuple(_timed_rows(lines, source, zone)))
    if set(header) == set(PACKAGED) and header != PACKAGED:
        raise PhysicsError(f"{source}, line 2: columns {','.join(header)}; allowed {','.join(PACKAGED)}")
    rows = []
    for number, cells in enumerate(csv.reader(lines[2:]), start=1):
        label = f"{source}, row {number}"
        if len(cells) != len(PACKAGED):
            raise PhysicsError(
                f"{label}: {len(cells)} cells, not {len(PACKAGED)}; {source} has to be {FORMS}"
            )
        rows.append(TableRow(label, None, _values(label, tuple(RANGES), cells)))
    return WeatherTable(source, station, tuple(rows))


def _timed_rows(lines: Sequence[str], source: str, zone: timezone) -> Iterator[TableRow]:
    for number, cells in enumerate(csv.reader(lines[2:]), start=3):
        label = f"{source}, line {number}"
        if len(cells) != len(PACKAGED) + 1:
            raise PhysicsError(f"{label}: {len(cells)} cells, not {len(PACKAGED) + 1}")
        ends = parse_time(cells[0], label).astimezone(zone).replace(tzinfo=None)
        yield TableRow(label, ends, _values(label, PACKAGED, cells[1:]))


def parse_time(text: str, label: str, zone: tzinfo | None = None, *, hint: str = "") -> datetime:
    """A time with its offset from UTC, which is *zone*'s where the text has none; *hint* ends the error.

    Raises:
        PhysicsError: it is no ISO 8601 time, or has no offset, so that it may mean two instants.
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise PhysicsError(
            f"{label}: time = {text!r} is no ISO 8601 time, such as 2026-01-05T13:15:00-05:00"
        ) from None
    if at.tzinfo is not None:
        return at
    if zone is None:
        raise PhysicsError(
            f"{label}: time = {text!r} has no offset; write it as {text.strip()}-05:00 or with Z{hint}"
        )
    return at.replace(tzinfo=zone)


def _tmy3(lines: Sequence[str], source: str) -> WeatherTable:
    station = _station(lines, source)
    header = [name.strip() for name in next(csv.reader(lines[1:2]))]
    wanted = (TMY3_DATE, TMY3_TIME, *TMY3)
    for name in wanted:
        if header.count(name) != 1:
            raise PhysicsError(
                f"{source}, line 2: no column {name!r}, or more than one; a TMY3 file has {wanted}"
            )
    columns = [header.index(name) for name in wanted]
    rows = []
    for number, cells in enumerate(csv.reader(lines[2:]), start=3):
        label = f"{source}, line {number}"
        if len(cells) != len(header):
            raise PhysicsError(f"{label}: {len(cells)} cells, not {len(header)} as in line 2")
        date, clock, *values = (cells[column] for column in columns)
        month, day, year = _integers(label, TMY3_DATE, date.split("/"), 3, "MM/DD/YYYY")
        hour, minute = _integers(label, TMY3_TIME, clock.split(":"), 2, "HH:MM")
        ends = _ends(label, (year, month, day, hour), minute)
        rows.append(TableRow(label, ends, _values(label, TMY3, values)))
    return WeatherTable(source, station, tuple(rows))


def _epw(lines: Sequence[str], source: str) -> WeatherTable:
    _, city, state, *_, latitude, longitude, offset_h, _ = _cells(lines[0], source, 1, 10)
    numbers = _floats(
        f"{source}, line 1", ("latitude", "longitude", "time zone"), (latitude, longitude, offset_h)
    )
    station = _checked(Station(f"{city}, {state}", numbers[2], numbers[0], numbers[1]), source)
    if len(lines) <= EPW_HEADER_LINES:
        raise PhysicsError(
            f"{source}: {len(lines)} lines; an EPW file has {EPW_HEADER_LINES} before its hours"
        )
    periods = lines[EPW_HEADER_LINES - 1].split(",")
    if len(periods) < 3 or periods[0].upper() != "DATA PERIODS" or periods[2].strip() != "1":
        raise PhysicsError(
            f"{source}, line {EPW_HEADER_LINES}: {lines[EPW_HEADER_LINES - 1]!r}; allowed: DATA PERIODS "
            "with one "
            "record an hour, as DATA PERIODS,1,1,..."
        )
    rows = []
    for number, line in enumerate(lines[EPW_HEADER_LINES:], start=EPW_HEADER_LINES + 1):
        label = f"{source}, line {number}"
        cells = line.split(",")
        if len(cells) <= EPW_COLUMNS[-1]:
            raise PhysicsError(f"{label}: {len(cells)} cells; an EPW hour has 35")
        year, month, day, hour, minute = _integers(
            label, "date and hour", cells[:5], 5, "year,month,day,hour,minute"
        )
        if 0 < minute < 60:
            raise PhysicsError(f"{label}: minute = {minute}; allowed are hourly rows, with minute 0 or 60")
        ends = _ends(label, (year, month, day, hour), 0)
        values = _values(label, EPW, [cells[column] for column in EPW_COLUMNS], EPW_MISSING)
        rows.append(TableRow(label, ends, values))
    return WeatherTable(source, station, tuple(rows))


def _station(lines: Sequence[str], source: str) -> Station:
    """The station line: number, place, state, offset, latitude, longitude, elevation."""
    _, place, state, offset_h, latitude, longitude, _ = _cells(lines[0], source, 1, 7)
    columns = ("UTC offset", "latitude", "longitude")
    return _checked(
        Station(f"{place}, {state}", *_floats(f"{source}, line 1", columns, (offset_h, latitude, longitude))),
        source,
    )


def _checked(station: Station, source: str) -> Station:
    limits = (("UTC offset", station.utc_offset_h, 14.0), ("latitude", station.latitude_deg, 90.0))
    for name, value, most in (*limits, ("longitude", station.longitude_deg, 180.0)):
        if not -most <= value <= most:
            raise PhysicsError(f"{source}, line 1: {name} = {value:g} is not within {-most:g} and {most:g}")
    return station


def _cells(line: str, source: str, number: int, count: int) -> list[str]:
    cells = [cell.strip() for cell in next(csv.reader([line]), [])]
    if len(cells) != count:
        raise PhysicsError(f"{source}, line {number}: {len(cells)} cells, not {count}; allowed: {FORMS}")
    return cells


def _ends(label: str, ends: tuple[int, int, int, int], minute: int) -> datetime:
    year, month, day, hour = ends
    if minute or not 1 <= hour <= 24:
        raise PhysicsError(f"{label}: {hour:02d}:{minute:02d}; allowed are full hours from 01:00 to 24:00")
    try:
        return datetime(year, month, day) + timedelta(hours=hour)  # noqa: DTZ001 - local standard time
    except (ValueError, OverflowError):
        raise PhysicsError(f"{label}: there is no day {year}-{month:02d}-{day:02d}") from None


def _integers(label: str, column: str, cells: Sequence[str], count: int, form: str) -> list[int]:
    try:
        numbers = [int(cell) for cell in cells]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise PhysicsError(f"{label}: {column} = {','.join(cells)!r} is not of the form {form}")
    return numbers


def _floats(label: str, columns: Sequence[str], cells: Sequence[str]) -> list[float]:
    numbers = []
    for column, cell in zip(columns, cells, strict=True):
        try:
            numbers.append(float(cell))
        except ValueError:
            raise PhysicsError(f"{label}: {column} = {cell!r} is no number") from None
    return numbers


def _values(
    label: str, columns: Sequence[str], cells: Sequence[str], missing: Sequence[float] = (MISSING,) * 5
) -> tuple[float, ...]:
    """The five values of an hour in our units, each within its range."""
    values = _floats(label, columns, cells)
    limits = zip(columns, values, missing, RANGES.values(), strict=True)
    for place, (column, value, code, (least, most)) in enumerate(limits):
        scale = PERCENT if place == HUMIDITY else 1.0
        limit = MOST_HUMIDITY_PERCENT if place == HUMIDITY and columns != tuple(RANGES) else most * scale
        if not least <= value <= limit or not isfinite(value):
            gap = "the code for a missing value; " if value in (code, MISSING) else ""
            raise PhysicsError(
                f"{label}: {column} = {value!r} is {gap}not within {least:g} and {most * scale:g}"
            )
        values[place] = min(value / scale, most)
    return tuple(values)
