"""What ``ven-twin up`` refuses before it starts anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.errors import VenTwinError
from contracts.wire.ids import VenId
from ven_twin.cli import up
from ven_twin.cli.app import app
from ven_twin.cli.connection import LOCAL, ven_folder
from ven_twin.folder_lock import one_at_a_time


def test_a_second_up_of_a_ven_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would have the VEN's store, end the first by that, and lose the first one's cloud itself."""
    monkeypatch.setenv("VEN_TWIN_HOME", str(tmp_path))
    folder = ven_folder(LOCAL, VenId("ven-1"))
    folder.mkdir(parents=True)
    with one_at_a_time(folder):
        result = CliRunner().invoke(app, ["up", "--once", "--no-web"])
    assert isinstance(result.exception, VenTwinError)
    assert f"ven-twin up runs ven-1 already from {tmp_path}" in str(result.exception)
    assert not (tmp_path / "cloud").exists()


def test_another_ven_of_the_same_home_is_not_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each VEN has its own."""
    monkeypatch.setenv("VEN_TWIN_HOME", str(tmp_path))
    with up._only_up(VenId("ven-1")), up._only_up(VenId("ven-2")):
        pass
    with up._only_up(VenId("ven-1")):
        pass
