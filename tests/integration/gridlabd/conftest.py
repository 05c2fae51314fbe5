"""GridLAB-D, when it is there, and the weather that it reads."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.tmy3 import write_tmy3

HOW_TO_GET_IT = "GridLAB-D is not installed; get it with: pip install gridlabd==6.0.0"


@pytest.fixture(scope="session", autouse=True)
def _gridlabd() -> None:
    if find_spec("gridlabd") is None:
        pytest.skip(HOW_TO_GET_IT)


@pytest.fixture(scope="session")
def weather_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packaged year as a TMY3 file."""
    path = tmp_path_factory.mktemp("weather") / "greensboro.tmy3"
    write_tmy3(path)
    return path
