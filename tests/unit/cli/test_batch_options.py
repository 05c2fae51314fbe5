"""The wait of rows, and their way to rules: by the options, and as is usual at the stage."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from contracts.errors import FieldError
from contracts.wire.ids import VenId
from ven_twin.cli.connection import batch_seconds, rules_of
from ven_twin.cli.fleet_members import _twin
from ven_twin.ven.identity import identity_files
from ven_twin.ven.mqtt.connect_gate import ConnectGate
from ven_twin.ven.runtime import Twin
from ven_twin.ven.settings import TwinSettings


@pytest.mark.parametrize(
    ("option", "stage", "seconds"),
    [
        (None, "dev", 240.0),
        (None, "local", 0.0),
        ("0", "dev", 0.0),
        ("4m", "local", 240.0),
        ("90s", "prod", 90.0),
    ],
)
def test_rows_wait_as_the_option_says_or_as_is_usual(option: str | None, stage: str, seconds: float) -> None:
    """On AWS each message costs, at the local cloud none does."""
    assert batch_seconds(option, stage) == seconds


@pytest.mark.parametrize("option", ["5m", "241", "-1", "soon", ""])
def test_a_wait_that_cannot_be_is_refused_by_the_options_name(option: str) -> None:
    """The cloud would take a VEN for silent that said nothing for long."""
    with pytest.raises(FieldError, match="--batch"):
        batch_seconds(option, "dev")


@pytest.mark.parametrize(
    ("stage", "wanted", "secret", "rules"),
    [
        ("dev", None, "ven_twin_dev", "ven_twin_dev"),
        ("dev", None, None, None),
        ("dev", None, "no rules", None),
        ("dev", False, "ven_twin_dev", None),
        ("dev", True, None, "ven_twin_dev"),
        ("local", None, "ven_twin_local", None),
        ("local", True, None, "ven_twin_local"),
    ],
)
def test_rules_are_used_when_the_secret_names_them_or_the_option_says_so(
    stage: str, wanted: bool | None, secret: object, rules: str | None
) -> None:
    """A stack of an earlier release, whose policy has no right to them, names none."""
    assert rules_of(stage, wanted, secret) == rules


@pytest.mark.parametrize("output", ["ven_twin_dev", None])
def test_a_fleet_by_claim_goes_by_the_stacks_output(
    output: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its VENs have no secrets; a stack of an earlier release says nothing, and has no right to its rules."""
    opened: list[TwinSettings] = []
    monkeypatch.setattr(identity_files, "load", lambda _: None)
    monkeypatch.setattr(Twin, "open", lambda settings, *_, **__: opened.append(settings))
    cloud: Any = SimpleNamespace(mqtt=lambda: ("mqtt.example", 8883), optional_output=lambda _: output)
    members: Any = SimpleNamespace(claimed=True, stage="dev", basic_ingest=None)
    settings = TwinSettings(ven_id=VenId("ven-1"), endpoint="", state_dir=tmp_path)
    _twin(cloud, settings, ConnectGate(), None, members)
    assert [(twin.rules, twin.endpoint) for twin in opened] == [(output, "mqtt.example")]


@pytest.mark.parametrize(("field", "value"), [("batch_s", 241.0), ("batch_s", -1.0), ("rules", "a/b")])
def test_settings_that_cannot_be_are_refused(field: str, value: object, tmp_path: object) -> None:
    """Before anything is started."""
    with pytest.raises(FieldError):
        TwinSettings(ven_id=VenId("ven-1"), endpoint="", state_dir=tmp_path, **{field: value})
