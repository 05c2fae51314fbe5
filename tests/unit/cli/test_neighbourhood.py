"""``ven-twin fleet run``: many twins in one process."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.unit.twin.stand import Stand
from ven_twin.cli import neighbourhood, run
from ven_twin.errors import VenTwinError
from ven_twin.twin import Twin


def test_a_fleet_that_cannot_be_set_up_closes_the_vens_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the identity of the second VEN cannot be fetched, the first one's outbox is free again."""
    stand = Stand(tmp_path / "ven-1")

    def begin(_cloud: object, ven_id: str, _stage: str, **_: Any) -> Twin:
        if ven_id == "ven-1":
            return stand.start()
        raise VenTwinError("there is no secret")

    monkeypatch.setattr(neighbourhood, "connect", lambda *_: None)
    monkeypatch.setattr(neighbourhood, "_twin", begin)
    monkeypatch.setattr(run, "log_to_stderr", lambda **_: None)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    with pytest.raises(VenTwinError, match="there is no secret"):
        neighbourhood.run_fleet(vens="ven-1,ven-2")
    with stand.start():
        pass
