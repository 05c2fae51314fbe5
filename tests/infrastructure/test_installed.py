"""The packages as they are installed, away from the checkout's folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("cdk", "contracts", "lambdas", "local_cloud", "ven_twin")
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if path.name not in {"__init__.py", "__main__.py"}
)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_is_found_from_any_folder(package: str, tmp_path: Path) -> None:
    """`ven-twin` is a script: unlike a test it does not have the checkout on its path."""
    names = [name for name in MODULES if name.split(".")[0] == package]
    program = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    done = subprocess.run(
        [sys.executable, "-c", program, *names], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-1500:]
