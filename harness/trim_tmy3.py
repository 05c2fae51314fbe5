"""Trim a TMY3 file to the columns the twin reads: ``python harness/trim_tmy3.py 723170TYA.CSV out.csv``.

Keeps the station line, then one row an hour of a 365-day year (row n ends at hour n + 1, local standard
time): dry bulb °C, relative humidity %, and global, direct-normal and diffuse irradiance W/m².
"""

import csv
import sys
from pathlib import Path

COLUMNS = {
    "outdoor_c": "Dry-bulb (C)",
    "humidity_percent": "RHum (%)",
    "ghi_w_m2": "GHI (W/m^2)",
    "dni_w_m2": "DNI (W/m^2)",
    "dhi_w_m2": "DHI (W/m^2)",
}


def trim(source: Path, target: Path) -> None:
    """Write the trimmed copy of *source* to *target*."""
    with source.open(newline="") as tmy3, target.open("w", newline="") as trimmed:
        trimmed.write(tmy3.readline().replace('"', "").strip() + "\n")
        writer = csv.writer(trimmed, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in csv.DictReader(tmy3):
            writer.writerow([row[column] for column in COLUMNS.values()])


if __name__ == "__main__":
    trim(Path(sys.argv[1]), Path(sys.argv[2]))
