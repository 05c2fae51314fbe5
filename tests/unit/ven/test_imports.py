"""A running VEN loads neither boto3 nor the operator's code: it runs beside a site's other programs."""

from __future__ import annotations

import subprocess
import sys

import pytest

ABSENT = ("boto3", "botocore", "cdk", "lambdas", "local_cloud", "numpy", "ven_twin.operations")
RUN = (
    "from ven_twin.cli import app",  # every command, as `ven-twin run` starts
    "from ven_twin.cli.run import run",
    "from ven_twin.ven.runtime import Twin",
    "from ven_twin.ven.page.app import serving",
    "from ven_twin.ven.identity import identity_files",
)


def loaded(*imports: str) -> set[str]:
    """The modules that a child process has loaded after *imports*."""
    program = "\n".join([*imports, "import sys", "print('\\n'.join(sys.modules))"])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ABSENT)
def test_a_running_ven_has_not_loaded(module: str, modules: set[str]) -> None:
    """Its identity is fetched by a child process; everything else comes by MQTT."""
    assert "ven_twin.ven.engine" in modules
    assert [name for name in modules if name == module or name.startswith(f"{module}.")] == []


@pytest.fixture(scope="module")
def modules() -> set[str]:
    """The modules of a process that has imported all that ``ven-twin run`` runs."""
    return loaded(*RUN)
