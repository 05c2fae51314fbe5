"""Reads what a meter and a thermometer recorded, and refuses what cannot be a house's.

A file is CSV with a header. ``time`` is when an interval starts, ISO 8601, with its offset from UTC: local
times
with summer time have an hour twice a year that nobody can tell apart. One more column is read, whose name
has the
unit; others are left alone.
"""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from math import isfinite, nan
from types import MappingProxyType

import numpy as np

from contracts.wire.units import S_PER_DAY, S_PER_H
from ven_twin.house.errors import PhysicsError
from ven_twin.house.weather import HOURS_A_DAY
from ven_twin.house.weather_files import parse_time
from ven_twin.simulation.fitting.hours import Hours
from ven_twin.simulation.fitting.thermal import Floats

STEPS_S = (300, 600, 900, 1200, 1800, 3600)
LEAST_DAYS, MOST_DAYS = 14, 366
MOST_MISSING = 0.1
"""Of a file's intervals."""
MOST_KW, MOST_QUIET_KW = 60.0, 8.0
"""More than a 200 A panel draws, and a power that no house is always above."""
INDOOR_C, INDOOR_MEAN_C = (0.0, 45.0), (10.0, 35.0)
LEAST_SENSED = 0.8
"""Of the meter's hours that the thermometer has to have."""
METER_COLUMNS: Mapping[str, float] = MappingProxyType({"kwh": 1.0, "wh": 0.001, "kw": 0.0, "w": 0.0})
"""kWh to the unit of an energy; a power has none."""
LOCAL_TIMES = (
    ", into each row, or give --utc-offset -5 where times are standard time all year; local times with "
    "summer time are ambiguous"
)
INDOOR_COLUMNS = ("indoor_c", "indoor_f")


@dataclass(frozen=True, slots=True)
class Readings:
    """Values of equal intervals from *start_s* (UTC s); NaN where there is none. *source* is for errors."""

    source: str
    start_s: float
    step_s: int
    values: Floats


def read_meter(text: str, source: str, utc_offset_h: float | None = None) -> Readings:
    """The mean power of each interval, kW, of a meter that counts kWh, Wh, kW or W.

    Raises:
        PhysicsError: the file is not of that form or has a value that no house's meter shows; the error names
            line, column, value and what is allowed.
    """
    rows, column = _rows(text, source, METER_COLUMNS, utc_offset_h)
    readings = _spaced(rows, source, utc_offset_h)
    hours = readings.step_s / S_PER_H
    to_kw = METER_COLUMNS[column] / hours if METER_COLUMNS[column] else {"kw": 1.0, "w": 0.001}[column]
    for line, _, value in rows:
        power_kw = value * to_kw
        if power_kw < 0.0:
            raise PhysicsError(
                f"{source}, line {line}: {column} = {value:g} is below 0; allowed 0 to "
                f"{MOST_KW / to_kw:g}: the meter of "
                "a house that exports, or with another sign, cannot be fitted"
            )
        if power_kw > MOST_KW:
            raise PhysicsError(
                f"{source}, line {line}: {column} = {value:g} is {power_kw:,.0f} kW; allowed 0 to "
                f"{MOST_KW:g} kW: is the "
                "column's unit right? There are kwh, wh, kw and w"
            )
    powers_kw = readings.values * to_kw
    least_kw, most_kw = np.nanpercentile(powers_kw, (2, 98))
    if least_kw > MOST_QUIET_KW or most_kw - least_kw < 0.01:
        raise PhysicsError(
            f"{source}: {column} is nearly always {least_kw:.3g} to {most_kw:.3g} kW; allowed is a house's "
            "power, which "
            f"changes and is below {MOST_QUIET_KW:g} kW at times: is it another channel?"
        )
    return Readings(source, readings.start_s, readings.step_s, powers_kw)


def read_indoor(text: str, source: str, utc_offset_h: float | None = None) -> Readings:
    """The indoor temperature of each interval, °C, of ``indoor_c`` or ``indoor_f``.

    Raises:
        PhysicsError: the file is not of that form or has a temperature that no room has; the error names
        line,
            column, value and what is allowed.
    """
    rows, column = _rows(text, source, INDOOR_COLUMNS, utc_offset_h)
    readings = _spaced(rows, source, utc_offset_h)
    fahrenheit = column == "indoor_f"
    least_c, most_c = INDOOR_C
    for line, _, value in rows:
        if not least_c <= (_celsius(value) if fahrenheit else value) <= most_c and isfinite(value):
            allowed = (
                "32 to 113 °F" if fahrenheit else f"{least_c:g} to {most_c:g} °C; a column in °F is indoor_f"
            )
            raise PhysicsError(f"{source}, line {line}: {column} = {value:g}; allowed {allowed}")
    values = _celsius(readings.values) if fahrenheit else readings.values
    mean_c = float(np.nanmean(values))
    if not INDOOR_MEAN_C[0] <= mean_c <= INDOOR_MEAN_C[1]:
        raise PhysicsError(
            f"{source}: {column} is {mean_c:.1f} °C on average; allowed {INDOOR_MEAN_C[0]:g} to "
            f"{INDOOR_MEAN_C[1]:g}: is "
            "it another channel?"
        )
    return Readings(source, readings.start_s, readings.step_s, values)


def whole_hours(meter: Readings, indoor: Readings | None, utc_offset_h: float) -> Hours:
    """Both by whole hours, from the first to the last midnight of local standard time.

    Raises:
        PhysicsError: it is too short or too long, has too many holes, or the thermometer has too little of
        it.
    """
    offset_s = utc_offset_h * S_PER_H
    end_s = meter.start_s + meter.step_s * len(meter.values)
    first_day = int(-(-(meter.start_s + offset_s) // S_PER_DAY))
    last_day = int((end_s + offset_s) // S_PER_DAY)
    days = last_day - first_day
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise PhysicsError(f"{meter.source}: {max(days, 0)} whole days; allowed {LEAST_DAYS} to {MOST_DAYS}")
    start_s, hours = first_day * S_PER_DAY - offset_s, days * HOURS_A_DAY
    meter_kw = _by_hour(meter, start_s, hours, whole=True)
    if indoor is None:
        return Hours(first_day * HOURS_A_DAY, meter_kw, None)
    indoor_c = _by_hour(indoor, start_s, hours, whole=False)
    sensed = float(np.isfinite(indoor_c).mean())
    if sensed < LEAST_SENSED:
        raise PhysicsError(
            f"{indoor.source}: has {sensed:.0%} of the meter's hours; allowed at least {LEAST_SENSED:.0%}: "
            "are both of "
            "the same time?"
        )
    return Hours(first_day * HOURS_A_DAY, meter_kw, indoor_c)


def _celsius(value: "float | Floats") -> "Floats":
    return (np.asarray(value) - 32.0) / 1.8


def _rows(
    text: str, source: str, columns: "Sequence[str] | Mapping[str, float]", utc_offset_h: float | None
) -> tuple[list[tuple[int, float, float]], str]:
    """Line, UTC seconds and value of each row, and the column's name."""
    lines = csv.reader(text.splitlines())
    header = [name.strip().lower() for name in next(lines, [])]
    present = [name for name in columns if name in header]
    if header.count("time") != 1 or len(present) != 1 or header.count(present[0]) != 1:
        raise PhysicsError(
            f"{source}, line 1: columns {', '.join(header) or 'none'}; allowed: time, and one of "
            f"{', '.join(columns)}"
        )
    at, of, column = header.index("time"), header.index(present[0]), present[0]
    rows = []
    for line, cells in enumerate(lines, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise PhysicsError(f"{source}, line {line}: {len(cells)} cells, not {len(header)} as in line 1")
        rows.append(
            (
                line,
                _time_s(cells[at], f"{source}, line {line}", utc_offset_h),
                _value(cells[of], source, line, column),
            )
        )
    if len(rows) < 2:
        raise PhysicsError(f"{source}: {len(rows)} rows; allowed at least {LEAST_DAYS} days of them")
    return rows, column


def _value(cell: str, source: str, line: int, column: str) -> float:
    """A cell's number; NaN of an empty one."""
    if not cell.strip():
        return nan
    try:
        value = float(cell)
    except ValueError:
        value = nan
    if not isfinite(value):
        raise PhysicsError(
            f"{source}, line {line}: {column} = {cell!r} is no number; allowed a number, or nothing in a hole"
        )
    return value


def _time_s(cell: str, label: str, utc_offset_h: float | None) -> float:
    zone = None if utc_offset_h is None else timezone(timedelta(hours=utc_offset_h))
    return parse_time(cell, label, zone, hint=LOCAL_TIMES).timestamp()


def _spaced(rows: Sequence[tuple[int, float, float]], source: str, utc_offset_h: float | None) -> Readings:
    """Values in equal steps; holes are NaN."""
    gaps = Counter(after[1] - row[1] for row, after in pairwise(rows))
    step_s = gaps.most_common(1)[0][0]
    if step_s not in STEPS_S:
        minutes = ", ".join(str(step // 60) for step in STEPS_S)
        raise PhysicsError(f"{source}: a row each {step_s / 60:g} min; allowed {minutes}")
    summer = (
        ""
        if utc_offset_h is None
        else ": with --utc-offset, times are standard time all year, without summer time"
    )
    for row, after in pairwise(rows):
        gap_s = after[1] - row[1]
        if gap_s <= 0 or gap_s % step_s:
            raise PhysicsError(
                f"{source}, line {after[0]}: time is {gap_s / 60:g} min after the row before; allowed is a "
                "row each "
                f"{step_s / 60:g} min, in order{summer}"
            )
    if rows[0][1] % step_s:
        raise PhysicsError(f"{source}, line {rows[0][0]}: time has to be at a full {step_s / 60:g} min")
    count = round((rows[-1][1] - rows[0][1]) / step_s) + 1
    values = np.full(count, nan)
    for _, at_s, value in rows:
        values[round((at_s - rows[0][1]) / step_s)] = value
    missing = np.flatnonzero(~np.isfinite(values))
    if len(missing) > MOST_MISSING * count:
        first = datetime.fromtimestamp(rows[0][1] + missing[0] * step_s, UTC)
        raise PhysicsError(
            f"{source}: {len(missing)} of {count} intervals are missing, the first at "
            f"{first:%Y-%m-%d %H:%M} UTC; allowed "
            f"at most {MOST_MISSING:.0%}"
        )
    return Readings(source, rows[0][1], int(step_s), values)


def _by_hour(readings: Readings, start_s: float, hours: int, *, whole: bool) -> Floats:
    """Means over hours; with *whole*, NaN for an hour of which anything is missing."""
    in_hour = round(S_PER_H / readings.step_s)
    series = np.full(hours * in_hour, nan)
    shift = round((start_s - readings.start_s) / readings.step_s)
    for index in range(len(series)):
        if 0 <= index + shift < len(readings.values):
            series[index] = readings.values[index + shift]
    by_hour = series.reshape(hours, in_hour)
    present = np.isfinite(by_hour)
    counted = present.all(axis=1) if whole else present.any(axis=1)
    means = np.where(present, by_hour, 0.0).sum(axis=1) / np.maximum(present.sum(axis=1), 1)
    return np.where(counted, means, nan)
