"""The guide that adds a device, followed in a copy of the project."""

from __future__ import annotations

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.unit.docs.markdown import ROOT

PAGE = (ROOT / "docs/guides/add-a-device.md").read_text(encoding="utf-8")
DEVICES = "ven_twin/house/devices"


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def copied(folder: Path) -> Path:
    """A copy of what a house needs of the project."""
    for name in ("ven_twin", "contracts"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def with_pump(folder: Path) -> None:
    """Do the guide's three steps."""
    module, registration = blocks("python")
    (circuit,) = blocks("toml")
    (folder / module.splitlines()[0].removeprefix("# ")).write_text(module)
    registry = folder / DEVICES / "__init__.py"
    name = re.search(r"^    (\w+),$", registration, re.MULTILINE)
    assert name
    text = registry.read_text().replace("\n)\n", f"\n    {name[1]},\n)\n")
    registry.write_text(f"{registration.splitlines()[0]}\n{text}")
    house = folder / "ven_twin/house/profiles/leaky.toml"
    (folder / "mine.toml").write_text(f"{house.read_text()}\n{circuit}")


def simulated(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the guide's command."""
    command = next(line for line in blocks("sh")[0].splitlines() if "simulate" in line)
    return subprocess.run(
        [sys.executable, "-P", "-m", "ven_twin.cli", *shlex.split(command)[1:]],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_device_is_a_file_a_line_and_a_circuit(tmp_path: Path) -> None:
    """As the guide says: the pump alone delivers the event, and runs the same energy later."""
    with_pump(copied(tmp_path))
    done = simulated(tmp_path)
    assert "delivered 1.10 kW (2.200 kWh)" in done.stdout, done.stderr
    assert "payback 2.200 kWh" in done.stdout
    with (tmp_path / "pool/trace.csv").open() as trace:
        rows = [row for row in csv.DictReader(trace) if row["event"]]
    assert {float(row["pool1_kw"]) for row in rows} == {0.0}
    assert {row["curtailed"] for row in rows} == {"pool1"}


def test_without_its_line_the_device_is_refused(tmp_path: Path) -> None:
    """The registration is needed: a house file with a kind of circuit that nobody registered is refused."""
    with_pump(copied(tmp_path))
    shutil.copy(ROOT / DEVICES / "__init__.py", tmp_path / DEVICES / "__init__.py")
    done = simulated(tmp_path)
    assert done.returncode == 2
    assert "circuits.pool1" in done.stderr
