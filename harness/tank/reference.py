"""OCHRE's tank of twelve nodes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.ochre.environment import answer

SCRIPT = Path(__file__).parent / "ochre_tank.py"


def powers_kw(courses: Sequence[dict[str, Any]]) -> list[list[float]]:
    """The kW of each minute of each course, of OCHRE's tank of twelve nodes.

    Raises:
        subprocess.CalledProcessError: OCHRE could not be installed, or did not run.
    """
    powers: list[list[float]] = answer(SCRIPT, list(courses))
    return powers
