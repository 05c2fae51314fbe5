"""``ven-twin ven quarantine``: one command leaves a VEN out, and one lets it in again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from contracts.api.requests import VenQuarantined
from contracts.errors import FieldError
from contracts.wire.ids import VenId
from ven_twin.cli import ven


class FakeAggregator:
    """Notes what is set."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, bool]] = []

    def quarantine(self, ven_id: VenId, *, quarantined: bool) -> VenQuarantined:
        """Set it."""
        self.calls.append((ven_id, quarantined))
        return VenQuarantined(ven_id=ven_id, quarantined_ts=1.5 if quarantined else None)


def run(aggregator: FakeAggregator, ven_id: str, *, release: bool = False, json_output: bool = False) -> None:
    """Run the command over *aggregator*."""
    command = cast("Callable[..., None]", cast("Any", ven.quarantine).__wrapped__)
    command(ven_id, release=release, json_output=json_output, aggregator=lambda: aggregator)


def test_a_ven_is_quarantined_and_let_in_again(capsys: pytest.CaptureFixture[str]) -> None:
    """The cloud is called once for each, and the operator reads how to undo it."""
    aggregator = FakeAggregator()
    run(aggregator, "ven-1")
    assert "ven-twin ven quarantine ven-1 --release" in capsys.readouterr().out
    run(aggregator, "ven-1", release=True)
    assert "let in again" in capsys.readouterr().out
    assert aggregator.calls == [("ven-1", True), ("ven-1", False)]


def test_a_program_reads_since_when(capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON, with the time."""
    run(FakeAggregator(), "ven-1", json_output=True)
    assert json.loads(capsys.readouterr().out) == {"ok": True, "venId": "ven-1", "quarantinedTs": 1.5}


def test_what_is_no_vens_name_is_refused_before_any_cloud_is_reached() -> None:
    """The argument is named."""
    aggregator = FakeAggregator()
    with pytest.raises(FieldError, match="VEN"):
        run(aggregator, "no such/name")
    assert aggregator.calls == []
