"""OCHRE in an environment of its own, which the first use makes from PyPI."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parents[1] / ".cache" / "ochre"
PACKAGES = ("ochre-nrel==0.9.2", "pyarrow<21")
"""The pyarrow that goes with the numpy 1 that OCHRE requires."""


def powers_kw(courses: Sequence[dict[str, Any]]) -> list[list[float]]:
    """The kW of each minute of each course, of OCHRE's tank of twelve nodes.

    Raises:
        subprocess.CalledProcessError: OCHRE could not be installed, or did not run.
    """
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / ".ready").exists():
        sys.stderr.write(f"Installing {' '.join(PACKAGES)} into {ENVIRONMENT}\n")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES], check=True)
        (ENVIRONMENT / ".ready").touch()
    run = subprocess.run(
        [str(python), str(HERE / "ochre_tank.py")],
        input=json.dumps(list(courses)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    powers: list[list[float]] = json.loads(run.stdout)
    return powers
