"""The packaged weather in the form that GridLAB-D reads: 71 columns, of which it needs five."""

from datetime import datetime, timedelta
from pathlib import Path

from ven_twin.house.weather import read_weather

COLUMNS = 71
GLOBAL, DIRECT, DIFFUSE, DRY_BULB, HUMIDITY = 4, 7, 10, 31, 37
NAMES = {
    GLOBAL: "GHI (W/m^2)",
    DIRECT: "DNI (W/m^2)",
    DIFFUSE: "DHI (W/m^2)",
    DRY_BULB: "Dry-bulb (C)",
    HUMIDITY: "RHum (%)",
}
ANY_YEAR = datetime(2001, 1, 1)  # noqa: DTZ001 - local standard time, as everywhere in TMY3


def write_tmy3(path: Path) -> None:
    """Write the packaged year to *path*, whose name has to end in ``.tmy3`` to be understood.

    GridLAB-D 6.0.0 reads lines in pieces of 499 characters and takes the rest of a longer header, such as
    that of NREL's files, for an hour of weather on a day that is not set: one run in ten ends in a crash.
    """
    path.write_text("\n".join(tmy3_lines()) + "\n", encoding="ascii")


def tmy3_lines() -> list[str]:
    """The lines of the file."""
    weather = read_weather()
    station = f"{weather.utc_offset_h},{weather.latitude_deg},{weather.longitude_deg},273"
    lines = [f"723170,GREENSBORO,NC,{station}"]
    names = ["Date (MM/DD/YYYY)", "Time (HH:MM)", *(f"c{n}" for n in range(2, COLUMNS))]
    for column, name in NAMES.items():
        names[column] = name
    lines.append(",".join(names))
    for hour, row in enumerate(weather.hours):
        at = ANY_YEAR + timedelta(hours=hour)
        cells = ["0"] * COLUMNS
        cells[0], cells[1] = f"{at:%m/%d/%Y}", f"{at.hour + 1:02d}:00"
        cells[GLOBAL], cells[DIRECT] = f"{row.global_w_m2:g}", f"{row.direct_w_m2:g}"
        cells[DIFFUSE], cells[DRY_BULB] = f"{row.diffuse_w_m2:g}", f"{row.outdoor_c:g}"
        cells[HUMIDITY] = f"{row.humidity * 100:.0f}"
        lines.append(",".join(cells))
    return lines
