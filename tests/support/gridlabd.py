"""Runs a GridLAB-D model and reads what it recorded, minute by minute, in our units."""

import csv
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from contracts.wire.units import celsius_to_fahrenheit
from tests.support.waiting import GIVE_UP_S

BTU_H_PER_KW = 3412.1416
MINUTE_S = 60.0

MODEL = "model.glm"
PROGRAM = f"""
import sys, gridlabd
simulator = gridlabd.GridLabD()
simulator.load_glm({MODEL!r})
status = simulator.run()
simulator.finalize()
sys.exit(status)
"""
"""A process of its own: GridLAB-D leaves its pipes open, and a warning is an error here."""

PREAMBLE = """
clock {{ timezone EST5; starttime '{start}'; stoptime '{stop}'; }}
module residential {{ implicit_enduses NONE; }}
module climate;
module tape;
object climate {{ name sky; tmyfile "{weather}"; interpolate LINEAR; }}
"""


class Span(NamedTuple):
    """Whole days, local standard time."""

    start: datetime
    days: int

    @property
    def stop(self) -> datetime:
        """Where it ends."""
        return self.start + timedelta(days=self.days)


class Setting(NamedTuple):
    """A property that is set to *value* at *at*."""

    at: datetime
    value: float


def run(folder: Path, weather: Path, span: Span, model: str) -> list[dict[str, float]]:
    """Run *model* over *span* in *folder*; it has a recorder that writes ``recorded.csv`` there.

    `run` goes by events, a second apart at least: driven by ``step_to`` every minute, GridLAB-D 6.0.0
    gives temperatures that no house has.
    """
    text = PREAMBLE.format(start=span.start, stop=span.stop + timedelta(minutes=2), weather=weather) + model
    (folder / MODEL).write_text(text, encoding="ascii")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=GIVE_UP_S,
    )
    if done.returncode != 0:
        raise RuntimeError(f"GridLAB-D ended with {done.returncode} on:\n{text}\n{done.stderr}")
    return _rows(folder / "recorded.csv")


def write_player(path: Path, settings: list[Setting]) -> None:
    """Write what a player object sets, and when."""
    path.write_text("".join(f"{at},{value:.6f}\n" for at, value in settings), encoding="ascii")


def fahrenheit(celsius: float) -> float:
    """As a setpoint in a model."""
    return round(celsius_to_fahrenheit(celsius), 3)


def celsius(degrees_f: float) -> float:
    """As a temperature of ours."""
    return (degrees_f - 32.0) / 1.8


def _rows(path: Path) -> list[dict[str, float]]:
    lines = path.read_text(encoding="ascii").splitlines()
    header = [line for line in lines if line.startswith("#")][-1]
    names = header.removeprefix("# ").split(",")[1:]
    return [
        {name: float(cell) for name, cell in zip(names, row[1:], strict=True)}
        for row in csv.reader(line for line in lines if not line.startswith("#"))
    ]
