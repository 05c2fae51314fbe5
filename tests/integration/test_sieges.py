"""``make visitors`` in short: the same sieges of a twin's page, for seconds, with some hundred visitors."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_socket import enable_socket

from harness.visitors.twin_page import run_twin_siege
from tests.support.mosquitto import binary


@pytest.fixture(autouse=True)
def _sockets() -> None:
    enable_socket()
    binary()  # skips, and says how to get it, where there is no mosquitto


@pytest.mark.parametrize("name", ["128 descriptors", "disk full"])
async def test_a_besieged_twin_keeps_its_event(tmp_path: Path, name: str) -> None:
    """MQTT comes back from each cut, the event starts and ends in time, and the page's health answers."""
    visit = await run_twin_siege(name, tmp_path, seconds=7.0, visitors=300, seed=1)
    assert visit.objections == []
    assert visit.rows > 5
