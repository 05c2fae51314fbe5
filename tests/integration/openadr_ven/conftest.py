"""A VTN on loopback, and a VEN that is impatient."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.loopback_vtn import LoopbackVtn
from tests.support.oadr_ven_stand import VenOnStand
from ven_twin.ven.mqtt.backoff import Backoff


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between attempts are short."""
    monkeypatch.setattr(Backoff, "next_delay_s", lambda _: 0.1)


@pytest.fixture
def vtn() -> LoopbackVtn:
    """A VTN with a program."""
    vtn = LoopbackVtn()
    vtn.add("programs", programName="summer")
    return vtn


@pytest.fixture
def stand(tmp_path: Path, vtn: LoopbackVtn) -> VenOnStand:
    """A VEN that can be started."""
    return VenOnStand(tmp_path, vtn)
