"""``ven-twin fleet run``: many twins in one process."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.ven_stand import Stand
from ven_twin.cli import fleet_choice, fleet_members, fleet_run, logs
from ven_twin.cli.vtn_options import VTN_LINK
from ven_twin.ven.errors import VenTwinError
from ven_twin.ven.runtime import Twin
from ven_twin.ven.settings import TwinSettings

WHICH: dict[str, Any] = {
    "vens": "ven-1,ven-2",
    "count": None,
    "shard": None,
    "shards": None,
    "claims_per_s": None,
    "processes": 1,
    "houses": fleet_choice.HOUSES,
    "seed": 0,
    **{name: default for name, (_, default) in VTN_LINK.items()},
}


def test_a_fleet_that_cannot_be_set_up_closes_the_vens_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the identity of the second VEN cannot be fetched, the first one's outbox is free again."""
    stand = Stand(tmp_path / "ven-1")

    def begin(_cloud: object, settings: TwinSettings, *_: object) -> Twin:
        if settings.ven_id == "ven-1":
            return stand.start()
        raise VenTwinError("there is no secret")

    for module in (fleet_run, fleet_members):
        monkeypatch.setattr(module, "connect", lambda *_: None)
    monkeypatch.setattr(fleet_members, "_twin", begin)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(logs, "log_to_stderr", lambda **_: None)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    with pytest.raises(VenTwinError, match="there is no secret"):
        fleet_run.run_fleet(**WHICH)
    with stand.start():
        pass
