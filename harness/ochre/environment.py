"""OCHRE's environment, which the first use makes from PyPI, and scripts that run in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ENVIRONMENT = Path(__file__).parents[2] / ".cache" / "ochre"
PACKAGES = ("ochre-nrel==0.9.2", "pyarrow<21")
"""The pyarrow that goes with the numpy 1 that OCHRE requires."""
READY = ".ready"


def answer(script: Path, question: object) -> Any:
    """The JSON that *script* writes in OCHRE's environment when it reads *question* as JSON.

    Raises:
        subprocess.CalledProcessError: OCHRE could not be installed, or did not run.
    """
    run = subprocess.run(
        [str(_python()), str(script)],
        input=json.dumps(question),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(run.stdout)


def _python() -> Path:
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / READY).exists():
        sys.stderr.write(f"Installing {' '.join(PACKAGES)} into {ENVIRONMENT}\n")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES], check=True)
        (ENVIRONMENT / READY).touch()
    return python
